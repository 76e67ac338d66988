-- The sweep in few statements, whatever the number of watches: one looks what followed, one fires and queues, one pulls forward and sets
-- when to look again. Before, each read again what the one before had written, a round that began anew was planned watch by watch, and
-- ways to people were asked for one by one. What it does is the same. bench/results-large.md has its figures.

-- By which ways `wanted` reaches each of them; the words of od.channels_of, which is this for one.
CREATE FUNCTION od.ways_to(of_staff bigint[], wanted text[]) RETURNS TABLE (staff bigint, channel text, address text, staff_channel bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH own AS (SELECT c.staff_id, c.kind, c.address, c.id FROM network_staffchannel c WHERE c.staff_id = ANY (of_staff) AND c.active),
  wakes AS (SELECT * FROM own WHERE kind <> 'email' AND kind = ANY (wanted))
  SELECT staff_id, kind, address, id FROM wakes
  UNION ALL
  SELECT s.id, 'email', coalesce(own.address, u.email), own.id FROM network_staff s JOIN network_user u ON u.id = s.user_id
  LEFT JOIN own ON own.staff_id = s.id AND own.kind = 'email'
  WHERE s.id = ANY (of_staff) AND ('email' = ANY (wanted) OR NOT EXISTS (SELECT FROM wakes w WHERE w.staff_id = s.id)) $$;

CREATE OR REPLACE FUNCTION od.channels_of(of_staff bigint, wanted text[]) RETURNS TABLE (channel text, address text, staff_channel bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  SELECT channel, address, staff_channel FROM od.ways_to(ARRAY[of_staff], wanted) $$;

-- The moments of a plan's steps in the order of the plan: none before the one it follows. Called by functions of the owner only, so it needs
-- no rights of its own, and PostgreSQL can put its words into theirs instead of calling it once a watch.
CREATE OR REPLACE FUNCTION od.planned_steps(of_plan bigint, started timestamptz, due timestamptz)
RETURNS TABLE ("position" smallint, whom text, channels text[], wait_minutes int, planned timestamptz, waited numeric)
LANGUAGE sql STABLE AS $$
  SELECT s.position, s.whom, s.channels, s.wait_minutes,
    max(coalesce(od.part_of(started, due, s.share), due + od.minutes(s.minutes))) OVER (ORDER BY s.position),
    coalesce(sum(s.wait_minutes) OVER (ORDER BY s.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
  FROM referrals_planstep s WHERE s.plan_id = of_plan $$;

-- Rounds of steps, planned at once. `why`: start, plan (another plan holds now), reopened (only those who were not told), again (nobody
-- answered, or nothing followed: the first at once, the others as planned, or one after the other where that has passed). Where all were
-- told before, it is seen later whether anything follows. Whoever calls has locked the watches.
CREATE FUNCTION od.plan_rounds(watches bigint[], why text, moment timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE referrals_watchstep SET dropped_at = moment WHERE watch_id = ANY (watches) AND fired_at IS NULL AND dropped_at IS NULL;
  WITH planned AS (
    INSERT INTO referrals_watchstep (service_id, network_id, watch_id, round, position, whom, channels, wait_minutes, planned_at, due_at)
    SELECT w.service_id, w.network_id, w.id, w.round + 1, p.position, p.whom, p.channels, p.wait_minutes, p.planned,
      CASE WHEN why <> 'again' THEN p.planned WHEN p.position = 1 THEN moment WHEN p.planned <= moment THEN moment + od.minutes(p.waited)
        ELSE p.planned END
    FROM referrals_watch w, LATERAL od.planned_steps(w.plan_id, w.started_at, w.due_at) p
    WHERE w.id = ANY (watches) AND (why <> 'reopened' OR NOT EXISTS (SELECT FROM referrals_watchstep f WHERE f.watch_id = w.id
      AND f.round = w.round AND f.position = p.position AND f.fired_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM network_message m WHERE m.step = f.id AND m.sent_at IS NULL)))
    ORDER BY w.id, p.position RETURNING watch_id, due_at)
  UPDATE referrals_watch w SET round = w.round + 1, held_by_id = NULL, held_since = NULL, next_at = coalesce(n.at, n.later),
    check_since = CASE WHEN n.at IS NULL THEN moment END, check_at = CASE WHEN n.at IS NULL THEN n.later END
  FROM (SELECT o.id, moment + od.minutes(p.hold_minutes) AS later, f.at FROM referrals_watch o JOIN referrals_escalationplan p ON p.id = o.plan_id
    LEFT JOIN (SELECT watch_id, min(due_at) AS at FROM planned GROUP BY watch_id) f ON f.watch_id = o.id WHERE o.id = ANY (watches)) n
  WHERE w.id = n.id $$;

CREATE OR REPLACE FUNCTION od.plan_round(of_watch bigint, why text, moment timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT od.plan_rounds(ARRAY[of_watch], why, moment) $$;

-- The time of "I have it", or after the last step, is over. If nothing followed it begins anew, at once. If something did, what was held
-- back waits as long again; what is planned for later still comes when planned.
CREATE FUNCTION od.check_watches(watches bigint[], moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE silent bigint[];
BEGIN
  WITH seen AS MATERIALIZED (
    SELECT w.id, w.due_at, od.follow_up(w.case_id, w.check_since, od.minutes(p.hold_minutes)) AS good
    FROM referrals_watch w JOIN referrals_escalationplan p ON p.id = w.plan_id WHERE w.id = ANY (watches)),
  followed AS (SELECT id, least(good, moment + interval '7 days', CASE WHEN due_at > moment THEN due_at END) AS quiet FROM seen WHERE good IS NOT NULL),
  waits AS (
    UPDATE referrals_watchstep s SET due_at = f.quiet FROM followed f
    WHERE s.watch_id = f.id AND s.fired_at IS NULL AND s.dropped_at IS NULL AND s.planned_at <= moment),
  looked AS (
    UPDATE referrals_watch w SET check_since = moment, check_at = f.quiet, next_at = least(f.quiet, (SELECT min(s.due_at) FROM referrals_watchstep s
      WHERE s.watch_id = w.id AND s.fired_at IS NULL AND s.dropped_at IS NULL AND s.planned_at > moment))
    FROM followed f WHERE w.id = f.id)
  SELECT array_agg(id) INTO silent FROM seen WHERE good IS NULL;
  IF silent IS NOT NULL THEN PERFORM od.plan_rounds(silent, 'again', moment); END IF;
END $$;

CREATE OR REPLACE FUNCTION od.fire(watches bigint[], moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE over bigint[]; fired bigint[]; told int;
BEGIN
  SELECT array_agg(id) INTO over FROM referrals_watch WHERE id = ANY (watches) AND check_at <= moment;
  IF over IS NOT NULL THEN PERFORM od.check_watches(over, moment); END IF;

  WITH steps AS (
    UPDATE referrals_watchstep s SET fired_at = moment FROM referrals_watch w JOIN referrals_case k ON k.id = w.case_id
    WHERE w.id = ANY (watches) AND s.watch_id = w.id AND s.fired_at IS NULL AND s.dropped_at IS NULL AND s.due_at <= moment
    RETURNING s.id, s.due_at, s.whom, s.channels, w.service_id, w.network_id, w.uuid, k.owner_id, k.taken_at IS NULL AS untaken),
  meant AS (  -- the owner; and who is on duty as well while nobody has taken the case, or its owner has left
    SELECT s.*, o.id AS staff, NULL AS role FROM steps s LEFT JOIN (network_staff o JOIN network_user u ON u.id = o.user_id AND u.is_active)
      ON o.id = s.owner_id AND o.left_at IS NULL WHERE s.whom = 'owner'
    UNION ALL SELECT s.*, NULL, s.whom FROM steps s WHERE s.whom <> 'owner'),
  roles AS MATERIALIZED (
    SELECT r.service_id, r.role, staff FROM (SELECT DISTINCT service_id, coalesce(role, 'coordinator_on_duty') AS role FROM meant
        WHERE staff IS NULL OR untaken) r,
      LATERAL od.on_call(r.service_id, r.role, moment) staff),
  people AS (
    SELECT id, due_at, channels, service_id, network_id, uuid, staff FROM meant WHERE staff IS NOT NULL
    UNION SELECT m.id, m.due_at, m.channels, m.service_id, m.network_id, m.uuid, r.staff FROM meant m
      JOIN roles r ON r.service_id = m.service_id AND r.role = coalesce(m.role, 'coordinator_on_duty') WHERE m.staff IS NULL OR m.untaken),
  ways AS MATERIALIZED (
    SELECT g.channels, w.* FROM (SELECT channels, array_agg(DISTINCT staff) AS staff FROM people GROUP BY channels) g,
      LATERAL od.ways_to(g.staff, g.channels) w),
  letters AS (
    INSERT INTO network_message (uuid, service_id, network_id, kind, channel, "to", staff_id, staff_channel_id, step, path, dedupe_key, queued_at, due_at, last_error)
    SELECT gen_random_uuid(), p.service_id, p.network_id, 'step', w.channel, w.address, p.staff, w.staff_channel, p.id, '/waiting/' || p.uuid || '/',
      'step:' || p.id || ':' || p.staff || ':' || coalesce(w.staff_channel::text, w.channel), moment, p.due_at, ''
    FROM people p JOIN ways w ON w.staff = p.staff AND w.channels = p.channels
    ORDER BY p.due_at, p.id, p.staff, w.channel, w.staff_channel  -- what was due first is told first; the sender goes by the same
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING step)
  SELECT array_agg(id), (SELECT count(DISTINCT step) FROM letters) INTO fired, told FROM steps;
  IF fired IS NULL THEN RETURN; END IF;
  IF told < cardinality(fired) THEN
    RAISE EXCEPTION 'nobody to tell' USING ERRCODE = 'no_data_found';
  END IF;

  -- Nobody answered the one before: the next comes no later than its wait. After the last it begins anew, unless something followed.
  WITH last AS (
    SELECT DISTINCT ON (watch_id) watch_id, round, position, wait_minutes, max(wait_minutes) OVER (PARTITION BY watch_id) AS longest
    FROM referrals_watchstep WHERE id = ANY (fired) ORDER BY watch_id, position DESC),
  rest AS (
    SELECT n.id, n.watch_id, n.due_at, CASE WHEN n.round = l.round AND n.position = l.position + 1
      THEN least(n.due_at, moment + od.minutes(l.wait_minutes)) ELSE n.due_at END AS at
    FROM last l JOIN referrals_watchstep n ON n.watch_id = l.watch_id AND n.fired_at IS NULL AND n.dropped_at IS NULL),
  pulled AS (UPDATE referrals_watchstep s SET due_at = r.at FROM rest r WHERE s.id = r.id AND r.at < r.due_at)
  UPDATE referrals_watch w SET held_by_id = NULL, held_since = NULL, failures = 0, check_since = moment,
    check_at = CASE WHEN n.at IS NULL THEN moment + od.minutes(n.longest) END, next_at = coalesce(n.at, moment + od.minutes(n.longest))
  FROM (SELECT l.watch_id, l.longest, min(r.at) AS at FROM last l LEFT JOIN rest r USING (watch_id) GROUP BY l.watch_id, l.longest) n
  WHERE w.id = n.watch_id;
END $$;

DROP FUNCTION od.check_watch(bigint, timestamptz);

-- The count beside the sweep: asked for the time once, it walks down the index of the steps to what is due, and no further.
CREATE OR REPLACE FUNCTION od.steps_due(age interval) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM referrals_watchstep WHERE fired_at IS NULL AND dropped_at IS NULL AND due_at <= (SELECT od.clock() - age) $$;
