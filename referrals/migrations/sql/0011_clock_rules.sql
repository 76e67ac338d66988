-- The clock that forgets nobody: what is watched over, who is told when, and how that goes on when nobody answers.
--
-- The unit of work is the watch. Whatever changes it (sweep, acknowledgement, correction, meeting, closure) locks its row first, so that
-- no two of them can pass each other. All that is due is due by od.clock(). The app writes neither watches nor steps: triggers and the
-- functions here do, as the owner of the tables, so that no code path can forget one. docs/adr/0010 tells why it is built like this.

CREATE FUNCTION od.subject_of(kind text, urgency text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN kind = 'reply' THEN 'first_reply' WHEN urgency = 'urgent' THEN 'first_meeting_urgent' ELSE 'first_meeting_very_urgent' END $$;

-- Elapsed time only: an interval of days would follow the clock changes of whatever zone the session has.
CREATE FUNCTION od.part_of(from_at timestamptz, to_at timestamptz, share numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT from_at + make_interval(secs => extract(epoch FROM to_at - from_at)::float8 * share::float8) $$;
CREATE FUNCTION od.minutes(n numeric) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT make_interval(secs => n::float8 * 60) $$;


-- PLANS. A service is born with one for each subject; a new one is a new row and holds for the clocks that begin after it.

CREATE FUNCTION od.default_plans(of_service bigint) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE one record; plan bigint;
BEGIN
  FOR one IN SELECT * FROM (VALUES
    ('first_meeting_urgent', NULL::int, 120, '[
      {"share": 0.5, "whom": "owner", "channels": ["push", "email"], "wait_minutes": 120},
      {"share": 0.75, "whom": "coordinator_on_duty", "channels": ["push", "sms", "email"], "wait_minutes": 60},
      {"minutes": -120, "whom": "clinician_on_call", "channels": ["push", "sms", "email"], "wait_minutes": 60},
      {"minutes": -45, "whom": "lead", "channels": ["push", "sms", "email"], "wait_minutes": 60}]'::jsonb),
    ('first_meeting_very_urgent', NULL, 30, '[
      {"share": 0.25, "whom": "owner", "channels": ["push", "sms", "email"], "wait_minutes": 20},
      {"share": 0.5, "whom": "coordinator_on_duty", "channels": ["push", "sms", "email"], "wait_minutes": 15},
      {"minutes": -75, "whom": "clinician_on_call", "channels": ["push", "sms", "email"], "wait_minutes": 15},
      {"minutes": -45, "whom": "lead", "channels": ["push", "sms", "email"], "wait_minutes": 30}]'),
    ('first_reply', NULL, 1440, '[
      {"share": 0.5, "whom": "owner", "channels": ["push", "email"], "wait_minutes": 720},
      {"share": 0.75, "whom": "coordinator_on_duty", "channels": ["push", "email"], "wait_minutes": 480},
      {"minutes": -240, "whom": "lead", "channels": ["push", "email"], "wait_minutes": 1440}]'),
    ('wish', 24, 480, '[
      {"share": 0.5, "whom": "owner", "channels": ["push", "email"], "wait_minutes": 240},
      {"share": 0.75, "whom": "coordinator_on_duty", "channels": ["push", "email"], "wait_minutes": 240},
      {"minutes": -60, "whom": "lead", "channels": ["push", "email"], "wait_minutes": 720}]'),
    ('words_between', 72, 1440, '[
      {"share": 0.334, "whom": "owner", "channels": ["push", "email"], "wait_minutes": 1440},
      {"share": 0.667, "whom": "coordinator_on_duty", "channels": ["push", "email"], "wait_minutes": 1440},
      {"minutes": -60, "whom": "lead", "channels": ["push", "email"], "wait_minutes": 1440}]'),
    ('exception', 168, 2880, '[
      {"share": 0.5, "whom": "owner", "channels": ["push", "email"], "wait_minutes": 1440},
      {"minutes": -1440, "whom": "coordinator_on_duty", "channels": ["push", "email"], "wait_minutes": 1380},
      {"minutes": -60, "whom": "lead", "channels": ["push", "email"], "wait_minutes": 2880}]')
  ) d (subject, hours, hold_minutes, steps) WHERE NOT EXISTS (SELECT FROM referrals_escalationplan p WHERE p.service_id = of_service AND p.subject = d.subject) LOOP
    INSERT INTO referrals_escalationplan (uuid, service_id, subject, hours, hold_minutes, made_at)
    VALUES (gen_random_uuid(), of_service, one.subject, one.hours, one.hold_minutes, od.clock()) RETURNING id INTO plan;
    PERFORM od.add_steps(plan, one.steps);
  END LOOP;
END $$;

CREATE FUNCTION od.add_steps(of_plan bigint, steps jsonb) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO referrals_planstep (service_id, plan_id, position, share, minutes, whom, channels, wait_minutes)
  SELECT (SELECT service_id FROM referrals_escalationplan WHERE id = of_plan), of_plan, n, (s ->> 'share')::numeric, (s ->> 'minutes')::int, coalesce(s ->> 'whom', ''),
    ARRAY(SELECT DISTINCT jsonb_array_elements_text(coalesce(s -> 'channels', '[]'))), coalesce((s ->> 'wait_minutes')::int, 0)
  FROM jsonb_array_elements(steps) WITH ORDINALITY AS e (s, n) $$;

CREATE FUNCTION od.new_service_has_plans() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.default_plans(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER plans AFTER INSERT ON network_service FOR EACH ROW EXECUTE FUNCTION od.new_service_has_plans();

-- The one way to make a plan: by a lead, whole, and with somebody told before the deadline.
CREATE FUNCTION od.make_plan(of_service bigint, of_subject text, hours int, hold_minutes int, steps jsonb) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made referrals_escalationplan;
BEGIN
  IF of_service NOT IN (SELECT od.led_service_ids()) THEN
    RAISE EXCEPTION 'plans are made by the lead' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NOT EXISTS (SELECT FROM jsonb_array_elements(steps) s WHERE (s ->> 'share')::numeric < 1 OR (s ->> 'minutes')::int < 0) THEN
    PERFORM od.refuse('plan_tells_before_the_deadline');
  END IF;
  IF jsonb_array_length(steps) > 20 THEN PERFORM od.refuse('plan_of_twenty_steps'); END IF;
  INSERT INTO referrals_escalationplan (uuid, service_id, subject, hours, hold_minutes, made_by_id, made_at)
  VALUES (gen_random_uuid(), of_service, of_subject, hours, hold_minutes, od.my_staff_id(), od.clock()) RETURNING * INTO made;
  PERFORM od.add_steps(made.id, steps);
  RETURN made.uuid;
END $$;

-- The plan that held at a moment; for what began before there was any, the first.
CREATE FUNCTION od.plan_at(of_service bigint, of_subject text, moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM referrals_escalationplan WHERE service_id = of_service AND subject = of_subject
  ORDER BY made_at <= moment DESC, abs(extract(epoch FROM made_at - moment)), id DESC LIMIT 1 $$;

CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_escalationplan FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_planstep FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();


-- THE ROTA. Two people in one turn are impossible; a swap leaves the turn it replaces as a row.

ALTER TABLE referrals_oncall ADD CONSTRAINT one_coordinator_on_duty
  EXCLUDE USING gist (int8range(service_id, service_id, '[]') WITH &&, period WITH &&) WHERE (role = 'coordinator' AND replaced_at IS NULL);
ALTER TABLE referrals_oncall ADD CONSTRAINT one_clinician_on_call
  EXCLUDE USING gist (int8range(service_id, service_id, '[]') WITH &&, period WITH &&) WHERE (role = 'clinician' AND replaced_at IS NULL);

CREATE FUNCTION od.turn_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE id = NEW.staff_id;
  NEW.service_id := who.service_id;
  IF who.left_at IS NOT NULL OR NEW.role = 'clinician' AND NOT who.is_clinician
      OR NEW.role = 'coordinator' AND NOT (who.is_coordinator OR who.is_lead) THEN
    PERFORM od.refuse('turn_of_somebody_who_may');
  END IF;
  IF NEW.made_by_id IS NOT NULL AND NEW.service_id <> (SELECT service_id FROM network_staff WHERE id = NEW.made_by_id)
      OR NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT FROM referrals_oncall o WHERE o.id = NEW.replaces_id
        AND o.service_id = NEW.service_id AND o.role = NEW.role AND o.replaced_at IS NOT NULL AND o.period @> NEW.period) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON referrals_oncall FOR EACH ROW EXECUTE FUNCTION od.turn_fits();
CREATE TRIGGER stamp BEFORE INSERT ON referrals_oncall FOR EACH ROW EXECUTE FUNCTION od.stamp('made_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_oncall FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('replaced_at', 'replaced_by_id', 'replaced_why');

-- What is over was as it was: the app plans what is still to come, and keeps the begun part of a turn that it swaps.
CREATE FUNCTION od.turn_to_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'od_app' THEN RETURN NEW; END IF;
  IF upper(NEW.period) <= od.clock() AND (TG_OP = 'UPDATE' OR NEW.replaces_id IS NULL) THEN PERFORM od.refuse('turn_still_to_come'); END IF;
  IF TG_OP = 'UPDATE' AND OLD.replaced_at IS NOT NULL THEN PERFORM od.refuse('turn_swapped_meanwhile'); END IF;
  IF TG_OP = 'UPDATE' THEN NEW.replaced_at := od.clock(); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER to_come BEFORE INSERT OR UPDATE ON referrals_oncall FOR EACH ROW EXECUTE FUNCTION od.turn_to_come();

-- Whoever swaps a turn of their own finds somebody for all of it. Leaving a hole is for those who oversee the rota.
CREATE FUNCTION od.turn_is_covered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE covered tstzmultirange;
BEGIN
  SELECT range_agg(period) INTO covered FROM referrals_oncall WHERE replaces_id = NEW.id;
  IF od.uid() IS NOT NULL AND NEW.service_id NOT IN (SELECT od.overseen_service_ids()) AND NOT coalesce(covered @> NEW.period, false) THEN
    PERFORM od.refuse('turn_is_covered');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER covered AFTER UPDATE OF replaced_at ON referrals_oncall DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.replaced_at IS NULL AND NEW.replaced_at IS NOT NULL) EXECUTE FUNCTION od.turn_is_covered();

-- Who is meant, in people who can be told now: the rota, else who is on duty, else every coordinator, else every lead, else everybody.
CREATE FUNCTION od.on_call(of_service bigint, whom text, moment timestamptz) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  WITH able AS (SELECT s.* FROM network_staff s JOIN network_user u ON u.id = s.user_id
    WHERE s.service_id = of_service AND s.left_at IS NULL AND u.is_active),
  ranked AS (
    SELECT o.staff_id, 1 AS rank FROM referrals_oncall o WHERE o.service_id = of_service AND o.replaced_at IS NULL AND o.period @> moment
      AND o.role = CASE whom WHEN 'coordinator_on_duty' THEN 'coordinator' WHEN 'clinician_on_call' THEN 'clinician' END
    UNION ALL SELECT id, 1 FROM able WHERE is_lead AND whom = 'lead'
    UNION ALL SELECT on_duty_id, 2 FROM network_service WHERE id = of_service
    UNION ALL SELECT id, CASE WHEN is_coordinator THEN 3 WHEN is_lead THEN 4 ELSE 5 END FROM able),
  found AS (SELECT r.staff_id, r.rank FROM ranked r JOIN able a ON a.id = r.staff_id)
  SELECT DISTINCT staff_id FROM found WHERE rank = (SELECT min(rank) FROM found) $$;

-- What nobody has taken belongs to whoever has the turn.
CREATE FUNCTION od.untaken_goes_to_the_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.owner_id := coalesce((SELECT o.staff_id FROM referrals_oncall o JOIN network_staff s ON s.id = o.staff_id AND s.left_at IS NULL
    WHERE o.service_id = NEW.service_id AND o.role = 'coordinator' AND o.replaced_at IS NULL AND o.period @> od.clock()), NEW.owner_id);
  RETURN NEW;
END $$;
CREATE TRIGGER turn BEFORE INSERT ON referrals_case FOR EACH ROW WHEN (NEW.taken_at IS NULL) EXECUTE FUNCTION od.untaken_goes_to_the_turn();


-- WATCHES AND STEPS.

ALTER TABLE network_message ADD CONSTRAINT message_of_a_step FOREIGN KEY (step) REFERENCES referrals_watchstep (id) DEFERRABLE INITIALLY DEFERRED;

-- Nothing of these is ever deleted, what they are about never changes, and what has fired or was dropped stays so. Tested by WHEN, which
-- keeps the sweep free of the cost of a call.
CREATE FUNCTION od.never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM od.refuse('stays_as_written');
  RETURN NULL;
END $$;
CREATE TRIGGER stays BEFORE DELETE ON referrals_watch FOR EACH STATEMENT EXECUTE FUNCTION od.never_changes();
CREATE TRIGGER stays BEFORE DELETE ON referrals_watchstep FOR EACH STATEMENT EXECUTE FUNCTION od.never_changes();
CREATE TRIGGER fixed BEFORE UPDATE ON referrals_watch FOR EACH ROW
  WHEN ((OLD.uuid, OLD.service_id, OLD.network_id, OLD.case_id, OLD.timer_id, OLD.thing, OLD.opened_at)
    IS DISTINCT FROM (NEW.uuid, NEW.service_id, NEW.network_id, NEW.case_id, NEW.timer_id, NEW.thing, NEW.opened_at))
  EXECUTE FUNCTION od.never_changes();
CREATE TRIGGER fired_once BEFORE UPDATE ON referrals_watchstep FOR EACH ROW
  WHEN (OLD.fired_at IS NOT NULL OR OLD.dropped_at IS NOT NULL
    OR (OLD.service_id, OLD.network_id, OLD.watch_id, OLD.round, OLD.position, OLD.whom, OLD.channels, OLD.wait_minutes)
    IS DISTINCT FROM (NEW.service_id, NEW.network_id, NEW.watch_id, NEW.round, NEW.position, NEW.whom, NEW.channels, NEW.wait_minutes))
  EXECUTE FUNCTION od.never_changes();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_acknowledgement FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- The moments of a plan's steps in the order of the plan: none before the one it follows.
CREATE FUNCTION od.planned_steps(of_plan bigint, started timestamptz, due timestamptz)
RETURNS TABLE ("position" smallint, whom text, channels text[], wait_minutes int, planned timestamptz, waited numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.position, s.whom, s.channels, s.wait_minutes,
    max(coalesce(od.part_of(started, due, s.share), due + od.minutes(s.minutes))) OVER (ORDER BY s.position),
    coalesce(sum(s.wait_minutes) OVER (ORDER BY s.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
  FROM referrals_planstep s WHERE s.plan_id = of_plan $$;

CREATE FUNCTION od.set_next(of_watch bigint) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE referrals_watch w SET next_at = least(w.check_at, (SELECT min(due_at) FROM referrals_watchstep s
    WHERE s.watch_id = w.id AND s.fired_at IS NULL AND s.dropped_at IS NULL))
  WHERE w.id = of_watch $$;

-- A round of steps, planned at once. `why`: start, plan (another plan holds now), reopened (only those who were not told), again
-- (nobody answered, or nothing followed: the first at once, the others as planned, or one after the other where that has passed).
CREATE FUNCTION od.plan_round(of_watch bigint, why text, moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE w referrals_watch;
BEGIN
  UPDATE referrals_watchstep SET dropped_at = moment WHERE watch_id = of_watch AND fired_at IS NULL AND dropped_at IS NULL;
  UPDATE referrals_watch SET round = round + 1, held_by_id = NULL, held_since = NULL, check_at = NULL, check_since = NULL
  WHERE id = of_watch RETURNING * INTO w;
  INSERT INTO referrals_watchstep (service_id, network_id, watch_id, round, position, whom, channels, wait_minutes, planned_at, due_at)
  SELECT w.service_id, w.network_id, w.id, w.round, p.position, p.whom, p.channels, p.wait_minutes, p.planned,
    CASE WHEN why <> 'again' THEN p.planned WHEN p.position = 1 THEN moment WHEN p.planned <= moment THEN moment + od.minutes(p.waited)
      ELSE p.planned END
  FROM od.planned_steps(w.plan_id, w.started_at, w.due_at) p
  WHERE why <> 'reopened' OR NOT EXISTS (SELECT FROM referrals_watchstep f WHERE f.watch_id = w.id AND f.round = w.round - 1
    AND f.position = p.position AND f.fired_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM network_message m WHERE m.step = f.id AND m.sent_at IS NULL))
  ORDER BY p.position;
  IF NOT FOUND THEN  -- all were told before: see later whether anything follows
    UPDATE referrals_watch SET check_since = moment,
      check_at = moment + od.minutes((SELECT hold_minutes FROM referrals_escalationplan WHERE id = w.plan_id)) WHERE id = of_watch;
  END IF;
  PERFORM od.set_next(of_watch);
END $$;

CREATE FUNCTION od.start_watch(of_case bigint, of_subject text, of_timer bigint, of_thing uuid, started timestamptz, due timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k referrals_case; plan referrals_escalationplan; watch bigint; moment timestamptz := od.clock();
BEGIN
  SELECT * INTO k FROM referrals_case WHERE id = of_case;
  IF od.plan_at(k.service_id, of_subject, moment) IS NULL THEN PERFORM od.default_plans(k.service_id); END IF;
  SELECT * INTO plan FROM referrals_escalationplan WHERE id = od.plan_at(k.service_id, of_subject, moment);
  due := coalesce(due, started + od.minutes(plan.hours * 60));
  INSERT INTO referrals_watch (uuid, service_id, network_id, case_id, subject, timer_id, thing, plan_id, opened_at, started_at, due_at, next_at, ended_why)
  VALUES (gen_random_uuid(), k.service_id, k.network_id, k.id, of_subject, of_timer, of_thing, plan.id, moment, started, due, due, '')
  ON CONFLICT DO NOTHING RETURNING id INTO watch;
  IF watch IS NOT NULL THEN PERFORM od.plan_round(watch, 'start', moment); END IF;
END $$;

-- What it waited for has come: no further step, and what is still in the outbox stays there unsent.
CREATE FUNCTION od.end_watch(of_watch bigint, why text) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moment timestamptz := od.clock();
BEGIN
  UPDATE referrals_watch SET ended_at = moment, ended_why = why, next_at = NULL, check_at = NULL, check_since = NULL, failures = 0
  WHERE id = of_watch AND ended_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE referrals_watchstep SET dropped_at = moment WHERE watch_id = of_watch AND fired_at IS NULL AND dropped_at IS NULL;
  PERFORM od.withdraw_messages(of_watch, moment);
END $$;

CREATE FUNCTION od.withdraw_messages(of_watch bigint, moment timestamptz) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE network_message SET cancelled_at = moment WHERE sent_at IS NULL AND cancelled_at IS NULL
    AND step IN (SELECT id FROM referrals_watchstep WHERE watch_id = of_watch AND fired_at IS NOT NULL) $$;

-- The deadline moved. Steps that fired stay fired; the others move with it: those that nobody's silence pulled forward, that nobody's
-- "I have it" holds back, and that do not stand in the queue of a round begun anew.
CREATE FUNCTION od.move_watch(of_watch bigint, started timestamptz, due timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE w referrals_watch; moment timestamptz := od.clock();
BEGIN
  UPDATE referrals_watch SET started_at = started, due_at = due, check_at = least(check_at, greatest(due, moment + interval '15 minutes'))
  WHERE id = of_watch RETURNING * INTO w;
  UPDATE referrals_watchstep s SET planned_at = p.planned, due_at = CASE
      WHEN w.held_by_id IS NOT NULL THEN greatest(p.planned, w.check_at)
      WHEN s.due_at < s.planned_at THEN least(p.planned, s.due_at)
      WHEN s.due_at > s.planned_at AND p.planned <= moment THEN s.due_at
      ELSE p.planned END
  FROM od.planned_steps(w.plan_id, started, due) p
  WHERE s.watch_id = w.id AND s.round = w.round AND s.position = p.position AND s.fired_at IS NULL AND s.dropped_at IS NULL;
  PERFORM od.set_next(of_watch);
END $$;

-- Every clock of a referral is watched, from the statement that starts it to the one that ends it.
CREATE FUNCTION od.timer_watched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE w referrals_watch; subject text := od.subject_of(NEW.kind, NEW.urgency); moment timestamptz := od.clock();
BEGIN
  SELECT * INTO w FROM referrals_watch WHERE timer_id = NEW.id FOR NO KEY UPDATE;
  IF w.id IS NULL THEN
    IF NEW.outcome = 'running' THEN PERFORM od.start_watch(NEW.case_id, subject, NEW.id, NULL, NEW.first_heard_at, NEW.due_at); END IF;
  ELSIF NEW.outcome <> 'running' THEN
    PERFORM od.end_watch(w.id, NEW.outcome);
    UPDATE referrals_watch SET started_at = NEW.first_heard_at, due_at = NEW.due_at
    WHERE id = w.id AND (started_at, due_at) <> (NEW.first_heard_at, NEW.due_at);
  ELSIF w.ended_at IS NOT NULL THEN
    UPDATE referrals_watch SET ended_at = NULL, ended_why = '', next_at = NEW.due_at, started_at = NEW.first_heard_at, due_at = NEW.due_at WHERE id = w.id;
    PERFORM od.plan_round(w.id, 'reopened', moment);
  ELSIF w.subject <> subject THEN
    UPDATE referrals_watch SET subject = od.subject_of(NEW.kind, NEW.urgency), started_at = NEW.first_heard_at, due_at = NEW.due_at,
      plan_id = od.plan_at(service_id, od.subject_of(NEW.kind, NEW.urgency), opened_at) WHERE id = w.id;
    PERFORM od.withdraw_messages(w.id, moment);
    PERFORM od.plan_round(w.id, 'plan', moment);
  ELSIF (w.started_at, w.due_at) <> (NEW.first_heard_at, NEW.due_at) THEN
    PERFORM od.move_watch(w.id, NEW.first_heard_at, NEW.due_at);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.timer_watched();

-- A wish waits until somebody calls, offers, or writes down a refusal with the agreed next contact; meetings adds: until one is booked.
CREATE FUNCTION od.wish_watched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.kind = 'wish' THEN
    PERFORM od.start_watch(NEW.case_id, 'wish', NULL, NEW.uuid, NEW.recorded_at, NULL);
  ELSE
    PERFORM od.end_watches(NEW.case_id, 'wish', 'answered');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT ON referrals_contact FOR EACH ROW
  WHEN (NEW.kind IN ('wish', 'called_back', 'offered', 'declined')) EXECUTE FUNCTION od.wish_watched();

CREATE FUNCTION od.end_watches(of_case bigint, of_subject text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watch(w.id, why) FROM (SELECT id FROM referrals_watch WHERE case_id = of_case AND subject = of_subject AND ended_at IS NULL
    ORDER BY id FOR NO KEY UPDATE) w;
END $$;

-- A closed case has no wish that waits, and nobody is woken for an exception in it, which stands on the board all the same. What somebody
-- wrote is still to be read.
CREATE FUNCTION od.closed_is_unwatched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watches(NEW.id, 'wish', 'closed'), od.end_watches(NEW.id, 'exception', 'closed');
  RETURN NULL;
END $$;
CREATE TRIGGER unwatched AFTER UPDATE OF closed_at ON referrals_case FOR EACH ROW
  WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL) EXECUTE FUNCTION od.closed_is_unwatched();


-- "I HAVE IT". Whoever says it has it until something has to have followed; a deadline is no later for it.

CREATE TRIGGER scope BEFORE INSERT ON referrals_acknowledgement FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('referrals_watch', 'watch_id', 'staff_id', 'network_staff');

CREATE FUNCTION od.acknowledged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE w referrals_watch; hold interval;
BEGIN
  SELECT * INTO w FROM referrals_watch WHERE id = NEW.watch_id FOR NO KEY UPDATE;
  IF w.ended_at IS NOT NULL THEN PERFORM od.refuse('watch_is_open'); END IF;
  SELECT od.minutes(hold_minutes) INTO hold FROM referrals_escalationplan WHERE id = w.plan_id;
  NEW.at := od.clock();
  NEW.good_until := NEW.at + hold;
  IF w.due_at > NEW.at THEN
    NEW.good_until := least(NEW.good_until, greatest(w.due_at, NEW.at + interval '15 minutes'));
  END IF;
  PERFORM od.withdraw_messages(w.id, NEW.at);
  UPDATE network_message SET acknowledged_at = NEW.at WHERE staff_id = NEW.staff_id AND acknowledged_at IS NULL AND sent_at IS NOT NULL
    AND step IN (SELECT id FROM referrals_watchstep WHERE watch_id = w.id AND fired_at IS NOT NULL);
  UPDATE referrals_watchstep SET due_at = greatest(planned_at, NEW.good_until) WHERE watch_id = w.id AND fired_at IS NULL AND dropped_at IS NULL;
  UPDATE referrals_watch SET held_by_id = NEW.staff_id, held_since = NEW.at, check_since = NEW.at, check_at = NEW.good_until WHERE id = w.id;
  PERFORM od.set_next(w.id);
  RETURN NEW;
END $$;
CREATE TRIGGER tells BEFORE INSERT ON referrals_acknowledgement FOR EACH ROW EXECUTE FUNCTION od.acknowledged();

-- Whether anything followed in a case, and until when that is good; NULL when nothing did. meetings replaces it and adds bookings.
CREATE FUNCTION od.follow_up(of_case bigint, since timestamptz, hold interval) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT od.clock() + hold WHERE EXISTS (SELECT FROM referrals_contact WHERE case_id = of_case AND by_staff_id IS NOT NULL AND recorded_at > since) $$;

-- The time of "I have it", or after the last step, is over. If nothing followed it begins anew, at once. If something did, what was held
-- back waits as long again; what is planned for later still comes when planned.
CREATE FUNCTION od.check_watch(of_watch bigint, moment timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE w referrals_watch; quiet timestamptz;
BEGIN
  SELECT * INTO w FROM referrals_watch WHERE id = of_watch;
  quiet := od.follow_up(w.case_id, w.check_since, od.minutes((SELECT hold_minutes FROM referrals_escalationplan WHERE id = w.plan_id)));
  IF quiet IS NULL THEN
    PERFORM od.plan_round(of_watch, 'again', moment);
    RETURN;
  END IF;
  quiet := least(quiet, moment + interval '7 days', CASE WHEN w.due_at > moment THEN w.due_at END);
  UPDATE referrals_watchstep SET due_at = quiet WHERE watch_id = of_watch AND fired_at IS NULL AND dropped_at IS NULL AND planned_at <= moment;
  UPDATE referrals_watch SET check_since = moment, check_at = quiet WHERE id = of_watch;
  PERFORM od.set_next(of_watch);
END $$;


-- THE SWEEP. What is due becomes fired and queued, in one transaction; the key of a message makes each step go once to each by each way.

CREATE FUNCTION od.fire(watches bigint[], moment timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE fired bigint[]; told int;
BEGIN
  PERFORM od.check_watch(id, moment) FROM referrals_watch WHERE id = ANY (watches) AND check_at <= moment;
  WITH now_fired AS (
    UPDATE referrals_watchstep SET fired_at = moment
    WHERE watch_id = ANY (watches) AND fired_at IS NULL AND dropped_at IS NULL AND due_at <= moment RETURNING id)
  SELECT array_agg(id) INTO fired FROM now_fired;
  IF fired IS NULL THEN RETURN; END IF;

  WITH steps AS (
    SELECT s.id, s.due_at, s.whom, s.channels, w.service_id, w.network_id, w.uuid, k.owner_id, k.taken_at IS NULL AS untaken
    FROM referrals_watchstep s JOIN referrals_watch w ON w.id = s.watch_id JOIN referrals_case k ON k.id = w.case_id WHERE s.id = ANY (fired)),
  meant AS (  -- the owner; and who is on duty as well while nobody has taken the case, or its owner has left
    SELECT s.id, s.channels, s.owner_id AS staff, NULL AS whom, s.service_id, o.id IS NOT NULL AND u.is_active AS able, s.untaken FROM steps s
      LEFT JOIN network_staff o ON o.id = s.owner_id AND o.left_at IS NULL LEFT JOIN network_user u ON u.id = o.user_id WHERE s.whom = 'owner'
    UNION ALL SELECT s.id, s.channels, NULL, s.whom, s.service_id, true, false FROM steps s WHERE s.whom <> 'owner'),
  wanted AS (
    SELECT id, channels, staff, NULL AS whom, service_id FROM meant WHERE staff IS NOT NULL AND able
    UNION ALL SELECT id, channels, NULL, coalesce(whom, 'coordinator_on_duty'), service_id FROM meant WHERE staff IS NULL OR NOT able OR untaken),
  roles AS MATERIALIZED (
    SELECT r.service_id, r.whom, staff FROM (SELECT DISTINCT service_id, whom FROM wanted WHERE whom IS NOT NULL) r,
      LATERAL od.on_call(r.service_id, r.whom, moment) staff),
  people AS (
    SELECT id, channels, staff FROM wanted WHERE staff IS NOT NULL
    UNION SELECT w.id, w.channels, r.staff FROM wanted w JOIN roles r ON r.service_id = w.service_id AND r.whom = w.whom),
  ways AS MATERIALIZED (
    SELECT p.staff, p.channels, c.* FROM (SELECT DISTINCT staff, channels FROM people) p, LATERAL od.channels_of(p.staff, p.channels) c),
  letters AS (
    INSERT INTO network_message (uuid, service_id, network_id, kind, channel, "to", staff_id, staff_channel_id, step, path, dedupe_key, queued_at, due_at, last_error)
    SELECT gen_random_uuid(), s.service_id, s.network_id, 'step', w.channel, w.address, p.staff, w.staff_channel, s.id, '/waiting/' || s.uuid || '/',
      'step:' || s.id || ':' || p.staff || ':' || coalesce(w.staff_channel::text, w.channel), moment, s.due_at, ''
    FROM people p JOIN steps s ON s.id = p.id JOIN ways w ON w.staff = p.staff AND w.channels = p.channels
    ORDER BY s.due_at, s.id, p.staff, w.channel, w.staff_channel  -- what was due first is told first; the sender goes by the same
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING step)
  SELECT count(DISTINCT step) INTO told FROM letters;
  IF told < cardinality(fired) THEN
    RAISE EXCEPTION 'nobody to tell' USING ERRCODE = 'no_data_found';
  END IF;

  -- Nobody answered the one before: the next comes no later than its wait. After the last it begins anew, unless something followed.
  UPDATE referrals_watchstep n SET due_at = least(n.due_at, moment + od.minutes(f.wait_minutes))
  FROM (SELECT DISTINCT ON (watch_id) watch_id, round, position, wait_minutes FROM referrals_watchstep WHERE id = ANY (fired) ORDER BY watch_id, position DESC) f
  WHERE n.watch_id = f.watch_id AND n.round = f.round AND n.position = f.position + 1 AND n.fired_at IS NULL AND n.dropped_at IS NULL;
  UPDATE referrals_watch w SET held_by_id = NULL, held_since = NULL, failures = 0, check_since = moment,
    check_at = CASE WHEN n.at IS NULL THEN moment + od.minutes(n.wait) END, next_at = coalesce(n.at, moment + od.minutes(n.wait))
  FROM (SELECT s.watch_id, max(s.wait_minutes) AS wait, (SELECT min(o.due_at) FROM referrals_watchstep o
      WHERE o.watch_id = s.watch_id AND o.fired_at IS NULL AND o.dropped_at IS NULL) AS at
    FROM referrals_watchstep s WHERE s.id = ANY (fired) GROUP BY s.watch_id) n
  WHERE w.id = n.watch_id;
END $$;

-- Takes what is due and free, all in one go; if anything fails, one by one, so that the one that fails delays nobody but itself. That one
-- is looked at again after a growing pause and stands in od.clock_trouble() from the first time. A row that somebody else holds is such a
-- failure after a second. Returns how many it saw.
CREATE FUNCTION od.sweep(most int) RETURNS int LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE moment timestamptz := od.clock(); watches bigint[]; one bigint;
BEGIN
  SELECT array_agg(id ORDER BY next_at, id) INTO watches FROM (SELECT id, next_at FROM referrals_watch WHERE ended_at IS NULL AND next_at <= moment
    ORDER BY next_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED) due;
  IF watches IS NULL THEN RETURN 0; END IF;
  BEGIN
    PERFORM od.fire(watches, moment);
  EXCEPTION WHEN OTHERS THEN
    FOREACH one IN ARRAY watches LOOP
      BEGIN
        PERFORM od.fire(ARRAY[one], moment);
      EXCEPTION WHEN OTHERS THEN
        UPDATE referrals_watch SET failures = failures + 1, next_at = moment + least(interval '15 seconds' * 2 ^ least(failures, 6), interval '10 minutes')
        WHERE id = one;
      END;
    END LOOP;
  END;
  RETURN cardinality(watches);
END $$;


-- WHO WATCHES THE WATCHMAN. Counts that do not go the way of the sweep: by step, not by watch, whatever the sweep believes.

CREATE FUNCTION od.steps_due(age interval) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM referrals_watchstep WHERE fired_at IS NULL AND dropped_at IS NULL AND due_at <= od.clock() - age $$;

-- All that is wrong with the clock, in words for machines; empty means that nothing is. Staff are told of their own service only.
CREATE FUNCTION od.clock_trouble(of_service bigint DEFAULT NULL) RETURNS TABLE (code text, since timestamptz, number bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moment timestamptz := od.clock(); scope bigint := CASE WHEN od.uid() IS NULL THEN of_service ELSE coalesce(
  (SELECT od.staff_service_ids() LIMIT 1), -1) END;
BEGIN
  RETURN QUERY
  SELECT p.name || '_silent', h.at, 1::bigint FROM (VALUES ('sweep'), ('sender'), ('beat')) p (name) LEFT JOIN network_heartbeat h USING (name)
    WHERE h.at IS NULL OR h.at < moment - interval '30 seconds'
  UNION ALL SELECT h.name || '_blind', h.at, (h.expected - h.saw)::bigint FROM network_heartbeat h WHERE h.saw < h.expected
  UNION ALL SELECT 'clocks_differ', h.at, abs(h.drift)::bigint FROM network_heartbeat h WHERE abs(h.drift) > 30 OR h.at > moment + interval '5 seconds'
  UNION ALL SELECT 'steps_unfired', min(s.due_at), count(*) FROM referrals_watchstep s WHERE s.fired_at IS NULL AND s.dropped_at IS NULL
    AND s.due_at <= moment - interval '30 seconds' AND (scope IS NULL OR s.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'steps_failing', min(w.next_at), count(*) FROM referrals_watch w WHERE w.ended_at IS NULL AND w.failures > 0
    AND (scope IS NULL OR w.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'messages_unsent', min(m.queued_at), count(*) FROM network_message m WHERE m.sent_at IS NULL AND m.cancelled_at IS NULL
    AND CASE WHEN m.step IS NOT NULL THEN m.queued_at <= moment - interval '30 seconds' ELSE m.attempts = 0 AND m.due_at <= moment - interval '60 seconds' END
    AND (scope IS NULL OR m.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'messages_failing', min(m.queued_at), count(*) FROM network_message m WHERE m.sent_at IS NULL AND m.cancelled_at IS NULL
    AND m.attempts > 0 AND m.queued_at <= moment - interval '1 day' AND (scope IS NULL OR m.service_id = scope) HAVING count(*) > 0
  -- Those whose time is over, and the newest: whatever keeps clocks from being watched is told of the first of them.
  UNION ALL SELECT 'clocks_unwatched', min(t.due_at), count(*) FROM (
      SELECT r.id, r.due_at, r.service_id FROM referrals_responsetimer r WHERE r.outcome = 'running' AND r.due_at <= moment
      UNION SELECT r.id, r.due_at, r.service_id FROM referrals_responsetimer r WHERE r.outcome = 'running' AND r.id > (SELECT max(n.id) - 50 FROM referrals_responsetimer n)) t
    WHERE NOT EXISTS (SELECT FROM referrals_watch w WHERE w.timer_id = t.id AND w.ended_at IS NULL)
    AND (scope IS NULL OR t.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'nobody_reachable', moment, count(*) FROM network_service v WHERE (scope IS NULL OR v.id = scope)
    AND NOT EXISTS (SELECT FROM network_staff s JOIN network_user u ON u.id = s.user_id WHERE s.service_id = v.id AND s.left_at IS NULL AND u.is_active)
    HAVING count(*) > 0
  -- The functions here see all rows only because row security does not bind the owner of the tables.
  UNION ALL SELECT 'guards_blind', moment, count(*) FROM pg_class c WHERE c.relforcerowsecurity AND c.oid = ANY (ARRAY['network_message',
    'network_heartbeat', 'network_staff', 'referrals_watch', 'referrals_watchstep', 'referrals_responsetimer', 'referrals_case']::regclass[]::oid[])
    HAVING count(*) > 0
  ORDER BY 1, 2;
END $$;

-- For which spans nobody is on the rota, so that somebody stands in (stands_in); for which nobody can be told at all (nobody); and for
-- which it is somebody whom the plans want to wake by a way they have not set up (not_set_up: e-mail alone wakes nobody). An hour can be
-- both: then it stands in both spans.
CREATE FUNCTION od.on_call_gaps(of_service bigint, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (role text, starts_at timestamptz, ends_at timestamptz, what text, staff bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH roles (role, whom) AS (VALUES ('coordinator', 'coordinator_on_duty'), ('clinician', 'clinician_on_call')),
  turns AS (SELECT o.role, o.staff_id, o.period FROM referrals_oncall o
    WHERE o.service_id = of_service AND o.replaced_at IS NULL AND o.period && tstzrange(from_at, to_at)),
  edges AS (
    SELECT role, from_at AS at FROM roles UNION SELECT role, greatest(lower(period), from_at) FROM turns
    UNION SELECT role, upper(period) FROM turns WHERE upper(period) < to_at),
  spans AS (SELECT e.role, e.at, lead(e.at, 1, to_at) OVER (PARTITION BY e.role ORDER BY e.at) AS until FROM edges e),
  wanted AS (  -- what the plans of today ask for beside e-mail
    SELECT s.whom, array_agg(DISTINCT c) AS channels FROM referrals_planstep s, unnest(s.channels) c
    WHERE c <> 'email' AND s.plan_id IN (SELECT od.plan_at(of_service, p.subject, od.clock()) FROM (SELECT DISTINCT subject FROM referrals_escalationplan
      WHERE service_id = of_service) p) GROUP BY s.whom),
  people AS (
    SELECT s.role, s.at, s.until, who.staff, who.staff IN (SELECT t.staff_id FROM turns t WHERE t.role = s.role AND t.period @> s.at) AS on_rota,
      w.channels IS NULL OR EXISTS (SELECT FROM network_staffchannel c WHERE c.staff_id = who.staff AND c.active AND c.kind = ANY (w.channels)) AS set_up
    FROM spans s JOIN roles r USING (role) LEFT JOIN wanted w ON w.whom = r.whom LEFT JOIN LATERAL od.on_call(of_service, r.whom, s.at) who (staff) ON true),
  judged AS (
    SELECT role, at, until, count(staff) = 0 AS nobody, NOT bool_or(set_up) AS not_set_up, NOT bool_or(on_rota) AS stands_in, min(staff) AS staff
    FROM people GROUP BY role, at, until),
  facts AS (
    SELECT role, at, until, what, staff FROM judged, LATERAL (VALUES ('nobody', nobody), ('not_set_up', NOT nobody AND not_set_up),
      ('stands_in', NOT nobody AND stands_in)) f (what, is_so) WHERE is_so),
  islands AS (SELECT f.*, sum(new) OVER (PARTITION BY role, what ORDER BY at) AS island FROM (
    SELECT *, ((lag(until) OVER w, lag(staff) OVER w) IS DISTINCT FROM (at, staff))::int AS new FROM facts WINDOW w AS (PARTITION BY role, what ORDER BY at)) f)
  SELECT role, min(at), max(until), what, staff FROM islands WHERE od.uid() IS NULL OR of_service IN (SELECT od.staff_service_ids())
  GROUP BY role, island, what, staff ORDER BY 2, 1, 4 $$;


-- WHO SEES AND DOES WHAT.

-- Whoever was told by night has to be able to open what they were told of: for a week, and while it is open.
CREATE FUNCTION od.told_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 3 SET search_path = public, pg_temp AS $$
  SELECT w.network_id FROM network_message m JOIN referrals_watchstep s ON s.id = m.step JOIN referrals_watch w ON w.id = s.watch_id
  WHERE m.staff_id = (SELECT od.my_staff_id()) AND m.step IS NOT NULL AND m.queued_at > now() - interval '7 days' AND w.ended_at IS NULL $$;

-- How far each message of these steps came, for whoever oversees the service or works with the network: by which kind of way to whom,
-- and never the address, which is the receiver's own.
CREATE FUNCTION od.deliveries(of_steps bigint[]) RETURNS TABLE (step bigint, name text, channel text, due_at timestamptz, queued_at timestamptz,
  handed_at timestamptz, sent_at timestamptz, acknowledged_at timestamptz, cancelled_at timestamptz, error text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.step, s.name, m.channel, m.due_at, m.queued_at, m.handed_at, m.sent_at, m.acknowledged_at, m.cancelled_at, m.last_error
  FROM network_message m LEFT JOIN network_staff s ON s.id = m.staff_id
  WHERE m.step = ANY (of_steps) AND (m.service_id IN (SELECT od.overseen_service_ids()) OR m.network_id IN (SELECT od.working_network_ids()))
  ORDER BY m.queued_at, m.id $$;

ALTER TABLE referrals_escalationplan ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_planstep ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_oncall ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_watch ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_watchstep ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_acknowledgement ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION od.my_turn_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
  SELECT id FROM referrals_oncall WHERE staff_id = (SELECT od.my_staff_id()) $$;

CREATE POLICY see ON referrals_escalationplan FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.staff_service_ids())));
CREATE POLICY see ON referrals_planstep FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.staff_service_ids())));
CREATE POLICY see ON referrals_oncall FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.staff_service_ids())));
CREATE POLICY add ON referrals_oncall FOR INSERT TO od_app WITH CHECK (made_by_id = (SELECT od.my_staff_id()) AND replaced_at IS NULL AND (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR replaces_id = ANY (ARRAY(SELECT od.my_turn_ids()))));
CREATE POLICY change ON referrals_oncall FOR UPDATE TO od_app USING (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR staff_id = (SELECT od.my_staff_id()))
  WITH CHECK (replaced_by_id = (SELECT od.my_staff_id()));
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['watch', 'watchstep', 'acknowledgement'] LOOP
    EXECUTE format($p$CREATE POLICY see ON referrals_%s FOR SELECT TO od_app USING (
      service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())))$p$, t);
  END LOOP;
END $$;
CREATE POLICY add ON referrals_acknowledgement FOR INSERT TO od_app WITH CHECK (staff_id = (SELECT od.my_staff_id()) AND (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids()))));

GRANT SELECT ON referrals_escalationplan, referrals_planstep, referrals_oncall, referrals_watch, referrals_watchstep, referrals_acknowledgement TO od_app;
GRANT INSERT ON referrals_oncall, referrals_acknowledgement TO od_app;
GRANT UPDATE (replaced_at, replaced_by_id, replaced_why) ON referrals_oncall TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
GRANT EXECUTE ON FUNCTION od.make_plan(bigint, text, int, int, jsonb), od.plan_at(bigint, text, timestamptz), od.on_call(bigint, text, timestamptz),
  od.on_call_gaps(bigint, timestamptz, timestamptz), od.clock_trouble(bigint), od.told_network_ids(), od.my_turn_ids(), od.deliveries(bigint[]) TO od_app;
GRANT EXECUTE ON FUNCTION od.sweep(int), od.steps_due(interval), od.clock_trouble(bigint) TO od_clock;


-- What was there before.
SELECT od.default_plans(id) FROM network_service;
SELECT od.start_watch(case_id, od.subject_of(kind, urgency), id, NULL, first_heard_at, due_at) FROM referrals_responsetimer WHERE outcome = 'running';
