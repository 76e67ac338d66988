-- First contact: what a referral starts, what moves or stops a clock, and what is only recorded beside it.

CREATE TRIGGER scope BEFORE INSERT ON referrals_case FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('network_network', 'network_id', 'owner_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'referrals_case', 'case_id', 'timer_id', 'referrals_responsetimer', 'caller_id', 'network_member', 'taken_by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.copy_scope('referrals_case', 'case_id');
CREATE TRIGGER scope BEFORE INSERT ON referrals_firstheardcorrection FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('referrals_responsetimer', 'timer_id', 'by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON referrals_urgencychange FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('referrals_responsetimer', 'timer_id', 'by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON referrals_contact FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('referrals_case', 'case_id', 'by_staff_id', 'network_staff', 'by_member_id', 'network_member');
CREATE TRIGGER scope BEFORE INSERT ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'referrals_case', 'case_id', 'first_staff_id', 'network_staff', 'second_staff_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'referrals_case', 'case_id', 'before_id', 'network_staff', 'after_id', 'network_staff', 'by_id', 'network_staff');

CREATE TRIGGER stamp BEFORE INSERT ON referrals_firstheardcorrection FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stamp BEFORE INSERT ON referrals_urgencychange FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stamp BEFORE INSERT ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.stamp('recorded_at');
CREATE TRIGGER stamp BEFORE INSERT ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stamp BEFORE INSERT ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.stamp('at');

CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_case FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'owner_id', 'taken_at', 'closed_at', 'due_at', 'to_be_told', 'last_contact_id', 'team_size', 'next_meeting_at', 'meeting_fell_through',
  'unanswered', 'open_exceptions', 'wish_waiting_since');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_referral FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('told', 'told_at', 'words', 'safety');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'urgency', 'hours', 'kind', 'first_heard_at', 'due_at', 'outcome', 'met_at', 'known_at', 'recorded_offline', 'ended_at', 'coded_exception');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_firstheardcorrection FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_urgencychange FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- What a caller said is written once: later only words that were left out may be added, once the caller has been told.
CREATE FUNCTION od.told_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.told NOT IN ('not_yet', 'refused') OR OLD.words <> '' OR NEW.told NOT IN ('yes', 'refused') THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  NEW.told_at := CASE NEW.told WHEN 'yes' THEN clock_timestamp() END;
  RETURN NEW;
END $$;
CREATE TRIGGER told BEFORE UPDATE ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.told_later();

-- Elapsed hours: an interval of hours knows no clock change.
CREATE FUNCTION od.timer_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.due_at := NEW.first_heard_at + NEW.hours * interval '1 hour';
  RETURN NEW;
END $$;
CREATE TRIGGER due BEFORE INSERT OR UPDATE ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.timer_due();

-- A clock that runs is joined: no second one of its kind begins beside it. Two that were met together run again together when the presence
-- turns out to be a mistake.
CREATE FUNCTION od.one_running_clock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM referrals_responsetimer WHERE case_id = NEW.case_id AND kind = NEW.kind AND outcome = 'running' AND id <> NEW.id) THEN
    PERFORM od.refuse('one_running_clock_of_a_kind');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER one_begins BEFORE INSERT ON referrals_responsetimer FOR EACH ROW WHEN (NEW.outcome = 'running') EXECUTE FUNCTION od.one_running_clock();
CREATE TRIGGER one_becomes BEFORE UPDATE ON referrals_responsetimer FOR EACH ROW
  WHEN (NEW.outcome = 'running' AND NEW.kind <> OLD.kind) EXECUTE FUNCTION od.one_running_clock();

CREATE FUNCTION od.timer_hours(service bigint, urgency text) RETURNS smallint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE urgency WHEN 'urgent' THEN hours_urgent WHEN 'not_crisis' THEN hours_reply ELSE hours_very_urgent END::smallint
  FROM network_service WHERE id = service $$;

-- What the board shows of a case, written again whenever something it tells has changed. meetings replaces it with the whole of it.
CREATE FUNCTION od.refresh_case(changed bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE referrals_case c SET
    due_at = (SELECT min(due_at) FROM referrals_responsetimer WHERE case_id = c.id AND outcome = 'running'),
    to_be_told = EXISTS (SELECT 1 FROM referrals_referral WHERE case_id = c.id AND told IN ('not_yet', 'refused')),
    last_contact_id = (SELECT id FROM referrals_contact WHERE case_id = c.id ORDER BY at DESC, id DESC LIMIT 1),
    team_size = (SELECT count(*) FROM network_teammember WHERE network_id = c.network_id AND left_at IS NULL)
  WHERE c.id = changed $$;

CREATE FUNCTION od.refresh_case_of_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.refresh_case(NEW.case_id);
  RETURN NULL;
END $$;
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.refresh_case_of_row();
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.refresh_case_of_row();
CREATE TRIGGER refresh AFTER INSERT ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.refresh_case_of_row();

CREATE FUNCTION od.refresh_cases_of_network() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.refresh_case(id) FROM referrals_case WHERE network_id = NEW.network_id AND closed_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON network_teammember FOR EACH ROW EXECUTE FUNCTION od.refresh_cases_of_network();

-- A correction moves the clock and keeps the original; a change of urgency sets its hours anew.
CREATE FUNCTION od.correct_first_heard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT first_heard_at INTO NEW.original FROM referrals_responsetimer WHERE id = NEW.timer_id FOR UPDATE;
  UPDATE referrals_responsetimer SET first_heard_at = NEW.corrected WHERE id = NEW.timer_id;
  RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE INSERT ON referrals_firstheardcorrection FOR EACH ROW EXECUTE FUNCTION od.correct_first_heard();

-- urgency as a number: the less, the sooner.
CREATE FUNCTION od.urgency_rank(urgency text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT array_position(ARRAY['emergency', 'very_urgent', 'urgent', 'not_crisis'], urgency) $$;

CREATE FUNCTION od.change_urgency() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE clock referrals_responsetimer;
BEGIN
  SELECT * INTO clock FROM referrals_responsetimer WHERE id = NEW.timer_id FOR UPDATE;
  IF clock.outcome <> 'running' THEN
    PERFORM od.refuse('urgency_of_a_running_clock');
  END IF;
  IF clock.urgency = NEW.after THEN
    PERFORM od.refuse('urgency_is_the_same');
  END IF;
  NEW.before := clock.urgency;
  NEW.lowered := od.urgency_rank(NEW.after) > od.urgency_rank(clock.urgency);
  UPDATE referrals_responsetimer SET urgency = NEW.after, hours = od.timer_hours(service_id, NEW.after),
    kind = CASE NEW.after WHEN 'not_crisis' THEN 'reply' ELSE 'meeting' END WHERE id = NEW.timer_id;
  RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE INSERT ON referrals_urgencychange FOR EACH ROW EXECUTE FUNCTION od.change_urgency();

-- A reply ends the clock for the first reply, and no other.
CREATE FUNCTION od.reply_given() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE referrals_responsetimer SET outcome = 'replied', met_at = NEW.at, known_at = greatest(NEW.recorded_at, NEW.at),
    ended_at = NEW.recorded_at
  WHERE case_id = NEW.case_id AND kind = 'reply' AND outcome = 'running' AND first_heard_at <= NEW.at;
  RETURN NULL;
END $$;
CREATE TRIGGER replied AFTER INSERT ON referrals_contact FOR EACH ROW WHEN (NEW.kind = 'replied') EXECUTE FUNCTION od.reply_given();

-- Two who take or give a case at once wait for each other here, and the second one hears of the first: a case changes hands only from
-- whoever is known to have it, and since when.
CREATE FUNCTION od.hand_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k referrals_case;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.after_id AND left_at IS NULL) THEN
    PERFORM od.refuse('owner_works_here');
  END IF;
  SELECT * INTO k FROM referrals_case WHERE id = NEW.case_id FOR UPDATE;
  IF od.uid() IS NOT NULL AND (NEW.before_id, NEW.before_since) IS DISTINCT FROM (k.owner_id, k.taken_at) THEN
    PERFORM od.refuse('case_changed_hands');
  END IF;
  NEW.before_id := k.owner_id;
  NEW.before_since := k.taken_at;
  -- Given to somebody else, it counts as taken only when they say so.
  UPDATE referrals_case SET owner_id = NEW.after_id, taken_at = CASE WHEN NEW.after_id = NEW.by_id THEN NEW.at END WHERE id = NEW.case_id;
  RETURN NEW;
END $$;
CREATE TRIGGER hands_over BEFORE INSERT ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.hand_over();

-- Closing. Without a meeting the clock ends as not met; a case decided together may leave no clock behind that still runs.
CREATE FUNCTION od.close_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM referrals_case WHERE id = NEW.case_id FOR UPDATE;
  IF NEW.kind = 'together' AND EXISTS (SELECT 1 FROM referrals_responsetimer WHERE case_id = NEW.case_id AND outcome = 'running') THEN
    PERFORM od.refuse('running_clock_is_not_closed_together');
  END IF;
  UPDATE referrals_responsetimer SET outcome = 'not_met', ended_at = NEW.at, coded_exception = NEW.code
  WHERE case_id = NEW.case_id AND outcome = 'running';
  UPDATE referrals_case SET closed_at = NEW.at WHERE id = NEW.case_id;
  RETURN NULL;
END $$;
CREATE TRIGGER closes AFTER INSERT ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.close_case();

CREATE FUNCTION od.closed_with_closure() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.closed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM referrals_caseclosure WHERE case_id = NEW.id) THEN
    PERFORM od.refuse('case_closes_with_its_reason');
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at THEN
    PERFORM od.refuse('closed_stays_closed');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER closure AFTER INSERT OR UPDATE ON referrals_case DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.closed_with_closure();

CREATE FUNCTION od.case_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT closed_at FROM referrals_case WHERE id = NEW.case_id) IS NOT NULL THEN
    PERFORM od.refuse('case_is_open');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER case_open BEFORE INSERT ON referrals_responsetimer FOR EACH ROW EXECUTE FUNCTION od.case_is_open();
CREATE TRIGGER case_open BEFORE INSERT ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.case_is_open();
CREATE TRIGGER case_open BEFORE INSERT ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.case_is_open();

-- The owner of a case works with its network.
CREATE OR REPLACE FUNCTION od.clinician_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL $$;
CREATE INDEX case_open_owner ON referrals_case (owner_id) WHERE closed_at IS NULL;

-- A call is taken here and nowhere else: network, case, clock and referral come into being together, whoever calls and whatever is
-- missing. `p` is the form as typed; `public` is the public page, where nobody is signed in and nothing can be joined.
-- The same p.uuid twice makes one referral. Returns the uuid of the case.
CREATE FUNCTION od.take_referral(p jsonb, public boolean) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  me network_staff; svc network_service; of_case referrals_case; clock referrals_responsetimer; earlier referrals_referral;
  net bigint; person bigint; caller bigint; row_id bigint; somebody jsonb; owner bigint;
  heard timestamptz := coalesce((p ->> 'first_heard_at')::timestamptz, clock_timestamp());
  told text := p ->> 'told';
  said boolean := p ->> 'told' IN ('self', 'yes');
  back text := btrim(coalesce(p ->> 'call_back', ''));
  mail text := CASE WHEN btrim(coalesce(p ->> 'call_back', '')) ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'
    AND length(btrim(p ->> 'call_back')) <= 254 THEN lower(btrim(p ->> 'call_back')) ELSE '' END;
  call text := CASE WHEN btrim(coalesce(p ->> 'call_back', '')) ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' THEN ''
    ELSE left(btrim(coalesce(p ->> 'call_back', '')), 60) END;
  named_by text;
BEGIN
  IF public THEN
    SELECT * INTO svc FROM network_service s WHERE s.slug = p ->> 'service' AND s.takes_public_referrals;
    IF svc.id IS NULL THEN PERFORM od.refuse('service_takes_no_public_referrals'); END IF;
    heard := clock_timestamp();
    INSERT INTO referrals_doorknock (sender) VALUES (p ->> 'sender');
    IF (SELECT count(*) FROM referrals_doorknock k WHERE k.sender = p ->> 'sender' AND k.at > now() - interval '1 hour') > 10 THEN
      PERFORM od.refuse('too_many_from_one_address');
    END IF;
  ELSE
    SELECT * INTO me FROM network_staff WHERE id = od.my_staff_id();
    IF me.id IS NULL THEN PERFORM od.refuse('staff_take_calls'); END IF;
    SELECT * INTO svc FROM network_service s WHERE s.id = me.service_id;
  END IF;

  -- Two clicks, one referral.
  PERFORM pg_advisory_xact_lock(hashtextextended(p ->> 'uuid', 0));
  SELECT * INTO earlier FROM referrals_referral r WHERE r.uuid = (p ->> 'uuid')::uuid;
  IF earlier.id IS NOT NULL THEN
    IF earlier.service_id <> svc.id OR earlier.taken_by_id IS DISTINCT FROM me.id THEN PERFORM od.refuse('referral_is_new'); END IF;
    RETURN (SELECT c.uuid FROM referrals_case c WHERE c.id = earlier.case_id);
  END IF;

  owner := coalesce(me.id, (SELECT s.id FROM network_staff s WHERE s.service_id = svc.id AND s.left_at IS NULL
    ORDER BY s.id = svc.on_duty_id DESC NULLS LAST, s.is_coordinator DESC, s.is_lead DESC, s.id LIMIT 1));
  IF owner IS NULL THEN PERFORM od.refuse('somebody_is_on_duty'); END IF;

  IF NOT public AND coalesce(p ->> 'join_case', '') <> '' THEN
    SELECT c.* INTO of_case FROM referrals_case c WHERE c.uuid = (p ->> 'join_case')::uuid AND c.service_id = svc.id
      AND (me.is_coordinator OR me.is_lead OR c.network_id IN (SELECT od.clinician_network_ids())) FOR UPDATE;
    IF of_case.id IS NULL THEN PERFORM od.refuse('case_to_join_is_known'); END IF;
    net := of_case.network_id;
    IF of_case.closed_at IS NOT NULL THEN  -- a later crisis: the network stays, and its team
      SELECT c.* INTO of_case FROM referrals_case c WHERE c.network_id = net AND c.closed_at IS NULL FOR UPDATE;
    END IF;
    SELECT m.id INTO person FROM network_member m WHERE m.network_id = net AND m.is_person;
  ELSE
    INSERT INTO network_network (uuid, service_id) VALUES (gen_random_uuid(), svc.id) RETURNING id INTO net;
    INSERT INTO network_member (uuid, service_id, network_id, name, is_person, relation, circle, named_by, wanted_word, left_reason)
    VALUES (gen_random_uuid(), svc.id, net, btrim(p ->> 'person_name'), true, '', 'other', '', '', '') RETURNING id INTO person;
    INSERT INTO network_membercontact (service_id, network_id, member_id, email, phone, home_address, language, interpreter)
    VALUES (svc.id, net, person, CASE told WHEN 'self' THEN mail ELSE '' END, CASE told WHEN 'self' THEN call ELSE '' END,
      CASE p ->> 'place' WHEN 'home' THEN coalesce(p ->> 'place_words', '') ELSE '' END,
      coalesce(p ->> 'language', ''), coalesce(p ->> 'interpreter', ''));
  END IF;

  named_by := CASE told WHEN 'self' THEN 'the person' ELSE coalesce(nullif(btrim(p ->> 'caller_name'), ''), 'a caller') END;
  IF told <> 'self' AND coalesce(p ->> 'caller_member', '') <> '' THEN
    SELECT m.id INTO caller FROM network_member m WHERE m.uuid = (p ->> 'caller_member')::uuid AND m.network_id = net;
  ELSIF told <> 'self' AND btrim(coalesce(p ->> 'caller_name', '')) <> '' THEN
    INSERT INTO network_member (uuid, service_id, network_id, name, relation, circle, named_by, wanted_word, left_reason)
    VALUES (gen_random_uuid(), svc.id, net, btrim(p ->> 'caller_name'), coalesce(p ->> 'caller_relation', ''),
      coalesce(nullif(p ->> 'caller_circle', ''), 'other'), named_by, '', '') RETURNING id INTO caller;
    INSERT INTO network_membercontact (service_id, network_id, member_id, email, phone, home_address, language, interpreter)
    VALUES (svc.id, net, caller,
      CASE WHEN EXISTS (SELECT 1 FROM network_membercontact c WHERE c.network_id = net AND c.email = mail) THEN '' ELSE mail END,
      call, '', '', '');
  END IF;
  FOR somebody IN SELECT value FROM jsonb_array_elements(coalesce(p -> 'named', '[]')) LOOP
    CONTINUE WHEN btrim(coalesce(somebody ->> 'name', '')) = '';
    INSERT INTO network_member (uuid, service_id, network_id, name, relation, circle, named_by, wanted_word, left_reason)
    VALUES (gen_random_uuid(), svc.id, net, btrim(somebody ->> 'name'), coalesce(somebody ->> 'relation', ''),
      coalesce(nullif(somebody ->> 'circle', ''), 'other'), named_by, '', '') RETURNING id INTO row_id;
    INSERT INTO network_membercontact (service_id, network_id, member_id, email, phone, home_address, language, interpreter)
    VALUES (svc.id, net, row_id, '', coalesce(somebody ->> 'phone', ''), '', '', '');
  END LOOP;

  IF of_case.id IS NULL THEN
    INSERT INTO referrals_case (uuid, service_id, network_id, owner_id, taken_at, opened_at)
    VALUES (gen_random_uuid(), svc.id, net, owner, CASE WHEN NOT public THEN clock_timestamp() END, clock_timestamp())
    RETURNING * INTO of_case;
  END IF;

  -- A clock that runs is joined and not moved. A new crisis in an open case starts a new one beside a clock for a reply.
  SELECT t.* INTO clock FROM referrals_responsetimer t WHERE t.case_id = of_case.id AND t.outcome = 'running'
    AND (t.kind = 'meeting' OR p ->> 'urgency' = 'not_crisis') ORDER BY t.due_at, t.id LIMIT 1 FOR UPDATE;
  IF clock.id IS NULL THEN
    INSERT INTO referrals_responsetimer (uuid, service_id, network_id, case_id, kind, urgency, hours, first_heard_at, due_at, coded_exception)
    VALUES (gen_random_uuid(), svc.id, net, of_case.id, CASE p ->> 'urgency' WHEN 'not_crisis' THEN 'reply' ELSE 'meeting' END,
      p ->> 'urgency', od.timer_hours(svc.id, p ->> 'urgency'), heard, heard, '') RETURNING * INTO clock;
  END IF;

  INSERT INTO referrals_referral (uuid, service_id, network_id, case_id, timer_id, person_name, caller_name, caller_relation, caller_id,
    call_back, words, safety, told, channel, pathway, urgency, place, place_words, language, interpreter, first_heard_at, late_reason,
    taken_by_id, recorded_at)
  VALUES ((p ->> 'uuid')::uuid, svc.id, net, of_case.id, clock.id, btrim(p ->> 'person_name'), coalesce(p ->> 'caller_name', ''),
    coalesce(p ->> 'caller_relation', ''), caller, back, CASE WHEN said THEN coalesce(p ->> 'words', '') ELSE '' END,
    CASE WHEN said THEN coalesce(p ->> 'safety', '') ELSE '' END, told, CASE WHEN public THEN 'public_page' ELSE p ->> 'channel' END,
    coalesce(nullif(p ->> 'pathway', ''), 'crisis'), p ->> 'urgency', coalesce(nullif(p ->> 'place', ''), 'not_said'),
    coalesce(p ->> 'place_words', ''), coalesce(p ->> 'language', ''), coalesce(p ->> 'interpreter', ''), heard,
    coalesce(p ->> 'late_reason', ''), me.id, clock_timestamp());

  IF public THEN
    PERFORM od.queue_message('referral:' || (p ->> 'uuid'), 'staff', svc.id, net,
      (SELECT u.email FROM network_user u JOIN network_staff s ON s.user_id = u.id WHERE s.id = of_case.owner_id), NULL);
  END IF;
  PERFORM od.log_audit(CASE WHEN public THEN 'referred on the public page' ELSE 'took a call' END, 'referral', (p ->> 'uuid')::uuid);
  RETURN of_case.uuid;
END $$;

-- Every referral hangs on a clock of its own case: started by it, or running when it came.
CREATE FUNCTION od.referral_has_a_clock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM referrals_responsetimer WHERE id = NEW.timer_id AND case_id = NEW.case_id
      AND (ended_at IS NULL OR ended_at > NEW.recorded_at)) THEN
    PERFORM od.refuse('referral_has_a_clock');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clock BEFORE INSERT ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.referral_has_a_clock();

ALTER TABLE referrals_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_referral ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_responsetimer ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_firstheardcorrection ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_urgencychange ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_caseclosure ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_casehandover ENABLE ROW LEVEL SECURITY;
ALTER TABLE referrals_doorknock ENABLE ROW LEVEL SECURITY;  -- no policy: only od.take_referral reads and writes it

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['case', 'referral', 'responsetimer', 'firstheardcorrection', 'urgencychange', 'contact', 'caseclosure', 'casehandover'] LOOP
    EXECUTE format($p$CREATE POLICY see ON referrals_%s FOR SELECT TO od_app USING (
      service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())))$p$, t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['firstheardcorrection', 'urgencychange', 'casehandover'] LOOP
    EXECUTE format($p$CREATE POLICY add ON referrals_%s FOR INSERT TO od_app WITH CHECK (by_id = (SELECT od.my_staff_id()) AND (
      service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids()))))$p$, t);
  END LOOP;
END $$;
CREATE POLICY add ON referrals_caseclosure FOR INSERT TO od_app WITH CHECK (first_staff_id = (SELECT od.my_staff_id()) AND (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids()))));
CREATE POLICY add ON referrals_contact FOR INSERT TO od_app WITH CHECK (
  by_staff_id = (SELECT od.my_staff_id()) AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))
  OR by_member_id = ANY (ARRAY(SELECT od.my_member_ids())) AND network_id = ANY (ARRAY(SELECT od.person_network_ids())));
CREATE POLICY change ON referrals_referral FOR UPDATE TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));

GRANT SELECT ON referrals_case, referrals_referral, referrals_responsetimer, referrals_firstheardcorrection, referrals_urgencychange,
  referrals_contact, referrals_caseclosure, referrals_casehandover TO od_app;
GRANT INSERT ON referrals_firstheardcorrection, referrals_urgencychange, referrals_contact, referrals_caseclosure, referrals_casehandover TO od_app;
GRANT UPDATE (told, words, safety) ON referrals_referral TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
GRANT EXECUTE ON FUNCTION od.take_referral(jsonb, boolean) TO od_app;
