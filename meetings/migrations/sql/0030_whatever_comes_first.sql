-- What two phones bring is one record, whichever of them has signal first; and what a device sends again is taken once, also where it left no
-- row of its own the first time.

-- What has been taken from a device, by the id that was made there. Lines have that id themselves. Nobody reads here: two functions ask.
ALTER TABLE meetings_takenentry ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER scope BEFORE INSERT ON meetings_takenentry FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id', 'taken_from_id', 'network_staff');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_takenentry FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_takenentry FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- True the first time, false when it has come before from the same hand. Two that come at once wait for each other here.
CREATE FUNCTION od.take_entry(entry uuid, of_meeting bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM meetings_meeting WHERE id = of_meeting AND network_id IN (SELECT od.recording_network_ids())) THEN
    PERFORM od.refuse('recorded_by_those_who_came');
  END IF;
  INSERT INTO meetings_takenentry (uuid, meeting_id, taken_from_id) VALUES (entry, of_meeting, od.my_staff_id()) ON CONFLICT (uuid) DO NOTHING;
  IF FOUND THEN RETURN true; END IF;
  IF NOT od.line_came(entry, of_meeting) THEN PERFORM od.refuse('meetings_presence_uuid_key'); END IF;
  RETURN false;
END $$;
CREATE OR REPLACE FUNCTION od.line_came(entry uuid, of_meeting bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM meetings_line WHERE uuid = entry AND meeting_id = of_meeting AND recorded_by_id = (SELECT od.my_staff_id()))
    OR EXISTS (SELECT FROM meetings_takenentry WHERE uuid = entry AND meeting_id = of_meeting AND taken_from_id = (SELECT od.my_staff_id())) $$;
GRANT EXECUTE ON FUNCTION od.take_entry(uuid, bigint) TO od_app;

-- A meeting: booked, started, closed; or booked and cancelled. Closed is the end. One that was cancelled at the desk while the team sat in a
-- kitchen without signal was held all the same: it starts, and the reason of the desk stays. A phone that was there earlier than the one
-- which started it moves its beginning back; nothing moves it on.
CREATE OR REPLACE FUNCTION od.meeting_goes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE may_change text[] := '{status,closed_at,closed_by_id,next_meeting_id,no_next_decided_by,who_comes,night_number}';
BEGIN
  IF OLD.status = 'closed' OR OLD.status = 'cancelled' AND NEW.status <> 'started' THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF NEW.cancelled_reason <> OLD.cancelled_reason AND NEW.status <> 'cancelled' THEN PERFORM od.refuse('stays_as_written'); END IF;
  IF (OLD.status, NEW.status) NOT IN (('booked', 'booked'), ('booked', 'started'), ('booked', 'cancelled'), ('cancelled', 'started'),
      ('started', 'started'), ('started', 'closed')) THEN
    PERFORM od.refuse('meeting_goes_forward');
  END IF;
  IF OLD.status = 'cancelled' THEN
    may_change := '{status,started_at,cancelled_at}';
  ELSIF (OLD.status, NEW.status) = ('started', 'started') AND NEW.started_at < OLD.started_at AND NOT OLD.entered_afterwards THEN
    may_change := '{started_at}';
  END IF;
  IF OLD.status IN ('started', 'cancelled') AND (to_jsonb(NEW) - may_change) IS DISTINCT FROM (to_jsonb(OLD) - may_change) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF NEW.started_at > clock_timestamp() + interval '1 minute' OR NEW.closed_at > clock_timestamp() + interval '1 minute' THEN
    PERFORM od.refuse('meeting_not_in_future');
  END IF;
  IF OLD.status = 'started' AND NEW.status = 'closed' THEN
    IF NOT EXISTS (SELECT 1 FROM meetings_presence WHERE meeting_id = NEW.id AND mistaken_at IS NULL AND staff_id IS NOT NULL) THEN
      PERFORM od.refuse('close_says_who_was_there');
    END IF;
    IF EXISTS (SELECT 1 FROM meetings_presence p WHERE p.meeting_id = NEW.id AND p.mistaken_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM meetings_readback r WHERE r.meeting_id = NEW.id
        AND (r.member_id, r.staff_id) IS NOT DISTINCT FROM (p.member_id, p.staff_id))) THEN
      PERFORM od.refuse('close_reads_back');
    END IF;
    IF NEW.next_meeting_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings_meeting n WHERE n.id = NEW.next_meeting_id
        AND n.network_id = NEW.network_id AND n.status = 'booked') THEN
      PERFORM od.refuse('next_meeting_is_booked');
    END IF;
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER begins ON meetings_meeting;
CREATE TRIGGER begins BEFORE UPDATE ON meetings_meeting FOR EACH ROW WHEN (NEW.status = 'started' AND NOT NEW.entered_afterwards
  AND (OLD.status <> 'started' OR NEW.started_at < OLD.started_at)) EXECUTE FUNCTION od.begins_after_booking();
CREATE TRIGGER case_open_still BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status = 'cancelled' AND NEW.status = 'started') EXECUTE FUNCTION od.case_is_open();
-- By those who came, as every start is; for a beginning that moves there was no such rule, because it never did.
CREATE TRIGGER came_earlier BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status = 'started' AND NEW.started_at IS DISTINCT FROM OLD.started_at) EXECUTE FUNCTION od.those_who_came();
-- What a booking asks for is asked of one that was cancelled in the same breath, too: it may be held all the same.
CREATE OR REPLACE FUNCTION od.booking_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m meetings_meeting;
BEGIN
  IF current_user <> 'od_app' THEN RETURN NULL; END IF;
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.id;
  IF m.entered_afterwards THEN RETURN NULL; END IF;
  IF m.starts_at < m.booked_at - interval '15 minutes' THEN PERFORM od.refuse('booked_ahead'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = m.id AND (active OR m.status = 'cancelled')) THEN
    PERFORM od.refuse('somebody_comes');
  END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_invitation i JOIN network_member w ON w.id = i.member_id AND w.is_person
      WHERE i.meeting_id = m.id AND i.withdrawn_at IS NULL) THEN
    PERFORM od.refuse('person_is_always_asked');
  END IF;
  RETURN NULL;
END $$;
-- Who was booked for it may be booked elsewhere by now: as with a meeting entered afterwards, the presences say who came.
CREATE OR REPLACE FUNCTION od.somebody_comes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM meetings_meeting WHERE id = NEW.meeting_id AND status IN ('booked', 'started') AND NOT entered_afterwards
        AND (status = 'booked' OR cancelled_reason = '')) AND NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = NEW.meeting_id AND active) THEN
    PERFORM od.refuse('somebody_comes');
  END IF;
  RETURN NULL;
END $$;

-- A departure that one phone noted is a line as well where another phone, which had signal first, has it that they stayed longer: the row of
-- their presence has its end already, and decisions said in between are contested.
CREATE OR REPLACE FUNCTION od.line_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  IF m.status = 'cancelled' THEN PERFORM od.refuse('meeting_was_cancelled'); END IF;
  IF m.status NOT IN ('started', 'closed') THEN PERFORM od.refuse('meeting_has_started'); END IF;
  NEW.late := m.status = 'closed';
  IF NEW.seen_by_person_at IS NOT NULL OR NEW.contested_at IS NOT NULL OR NEW.replaced_by_id IS NOT NULL THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF NEW.said_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('said_not_in_future'); END IF;
  IF NEW.replaces_id IS NOT NULL AND (NEW.said_at > m.closed_at OR NEW.late AND NEW.chosen OR NOT EXISTS (SELECT 1 FROM meetings_line l
      WHERE l.id = NEW.replaces_id AND l.meeting_id = NEW.meeting_id AND l.kind = NEW.kind)) THEN
    PERFORM od.refuse('replaced_before_the_close');
  END IF;
  IF NEW.chosen AND NOT EXISTS (SELECT 1 FROM meetings_line l WHERE l.id = NEW.replaces_id AND l.text = NEW.text) THEN
    PERFORM od.refuse('choice_keeps_the_words');
  END IF;
  IF NEW.kind = 'left' AND (NEW.said_at >= m.closed_at OR NOT NEW.late AND NOT EXISTS (SELECT 1 FROM meetings_presence p
      WHERE p.meeting_id = NEW.meeting_id AND (p.member_id, p.staff_id) IS NOT DISTINCT FROM (NEW.member_id, NEW.staff_id)
        AND p.mistaken_at IS NULL AND p.arrived_at <= NEW.said_at AND p.left_at > NEW.said_at)) THEN
    PERFORM od.refuse('left_is_told_after_the_close');
  END IF;
  IF NEW.kind = 'decision' AND NEW.state = 'accepted' THEN
    IF m.entered_afterwards THEN PERFORM od.refuse('entered_afterwards_waits'); END IF;
    IF NEW.said_at < m.started_at OR NEW.said_at > coalesce(m.closed_at, 'infinity') THEN PERFORM od.refuse('decision_in_a_meeting'); END IF;
    IF NOT od.person_present(m.id, NEW.said_at) THEN PERFORM od.refuse('decision_with_the_person'); END IF;
  ELSIF NEW.state = 'to_be_confirmed' THEN
    IF NOT m.entered_afterwards THEN PERFORM od.refuse('only_afterwards_waits'); END IF;
  ELSIF NEW.state = 'confirmed' THEN
    PERFORM od.refuse('confirmed_in_a_later_meeting');
  END IF;
  RETURN NEW;
END $$;

-- Read back is what was heard. What was told by a device was on no page either, unless it was there when the page was read. And words that
-- nobody heard take the place of none that were: what was read aloud stands again, and the other words stand beside it, late.
CREATE OR REPLACE FUNCTION od.leave_unread(of_meeting bigint, heard uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH RECURSIVE ahead AS (
    SELECT l.id AS line, l.uuid, l.replaced_by_id FROM meetings_line l WHERE l.meeting_id = of_meeting
    UNION SELECT a.line, l.uuid, l.replaced_by_id FROM ahead a JOIN meetings_line l ON l.id = a.replaced_by_id)
  UPDATE meetings_line l SET late = true FROM meetings_meeting m
  WHERE m.id = of_meeting AND m.status = 'started' AND m.network_id IN (SELECT od.recording_network_ids())
    AND l.meeting_id = m.id AND NOT l.late AND l.kind <> 'answered'
    AND NOT EXISTS (SELECT FROM ahead a WHERE a.line = l.id AND a.uuid = ANY (heard)); -- neither it nor what stands in its place
  UPDATE meetings_line l SET replaced_by_id = NULL FROM meetings_line unheard, meetings_meeting m
  WHERE m.id = of_meeting AND m.status = 'started' AND m.network_id IN (SELECT od.recording_network_ids())
    AND l.meeting_id = m.id AND unheard.id = l.replaced_by_id AND unheard.late AND l.uuid = ANY (heard) $$;
CREATE OR REPLACE FUNCTION od.read_back_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' AND EXISTS (SELECT 1 FROM meetings_line l WHERE l.meeting_id = NEW.id AND NOT l.late
      AND l.kind <> 'answered' AND l.recorded_at > (
      SELECT min(r.at) FROM meetings_readback r WHERE r.meeting_id = NEW.id AND r.answer <> 'left_before')) THEN
    PERFORM od.refuse('close_reads_back_all');
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION od.line_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  IF NEW.state <> OLD.state THEN
    SELECT * INTO m FROM meetings_meeting WHERE id = NEW.confirmed_in_id FOR NO KEY UPDATE;
    IF OLD.state <> 'to_be_confirmed' OR NEW.state <> 'confirmed' OR m.network_id IS DISTINCT FROM OLD.network_id
        OR m.status <> 'started' OR m.entered_afterwards OR m.id = OLD.meeting_id OR NEW.confirmed_at < m.started_at
        OR NEW.confirmed_at > clock_timestamp() + interval '1 minute' OR NOT od.person_present(m.id, NEW.confirmed_at) THEN
      PERFORM od.refuse('confirmed_by_the_person_in_a_meeting');
    END IF;
  ELSIF (NEW.confirmed_in_id, NEW.confirmed_at) IS DISTINCT FROM (OLD.confirmed_in_id, OLD.confirmed_at) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF OLD.contested_at IS NOT NULL AND NEW.contested_at IS NULL
      OR OLD.replaced_by_id IS NOT NULL AND NEW.replaced_by_id IS DISTINCT FROM OLD.replaced_by_id
        AND (NEW.replaced_by_id IS NOT NULL OR NOT (SELECT late FROM meetings_line WHERE id = OLD.replaced_by_id))
      OR OLD.seen_by_person_at IS NOT NULL AND NEW.seen_by_person_at IS DISTINCT FROM OLD.seen_by_person_at THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;

-- Who was to come and was exchanged for somebody else, or covers a meeting that was cancelled meanwhile, while their phone had no signal: what
-- they wrote is opened for them and given back with the reason, which is all (od.keep_late_line). Without it their own words were lost to them.
CREATE OR REPLACE FUNCTION od.to_record(of_meeting uuid) RETURNS TABLE (id bigint, uuid uuid, service_id bigint, network_id bigint, case_id bigint,
  status text, started_at timestamptz, closed_at timestamptz, entered_afterwards boolean, case_uuid uuid, late_only boolean)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT m.id, m.uuid, m.service_id, m.network_id, m.case_id, m.status::text, m.started_at, m.closed_at, m.entered_afterwards, c.uuid,
    NOT t.own AND (m.status = 'closed' OR NOT t.comes)
  FROM meetings_meeting m JOIN referrals_case c ON c.id = m.case_id
  CROSS JOIN LATERAL (SELECT m.network_id IN (SELECT od.team_network_ids()) AS own, EXISTS (SELECT FROM meetings_meetingstaff s
    WHERE s.meeting_id = m.id AND s.staff_id = (SELECT od.my_staff_id()) AND s.active) AS comes) t
  WHERE m.uuid = of_meeting AND (t.own OR t.comes AND m.status IN ('booked', 'started') OR greatest(m.closed_at, m.ends_at) > now() - interval '14 days'
    AND EXISTS (SELECT FROM meetings_meetingstaff s WHERE s.meeting_id = m.id AND s.staff_id = (SELECT od.my_staff_id()))) $$;
CREATE OR REPLACE FUNCTION od.keep_late_line(of_meeting uuid, who text, said jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m record; voice record;
BEGIN
  SELECT * INTO m FROM od.to_record(of_meeting) r WHERE r.late_only;
  IF NOT FOUND THEN RAISE EXCEPTION 'not of those who came' USING ERRCODE = 'insufficient_privilege'; END IF;
  IF m.status <> 'closed' OR NOT EXISTS (SELECT FROM meetings_meetingstaff WHERE meeting_id = m.id AND staff_id = od.my_staff_id() AND active) THEN
    PERFORM od.refuse('who_comes_has_changed');
  END IF;
  IF coalesce(said ->> 'kind', '') NOT IN ('use', 'voice', 'reflection', 'decision', 'action', 'understanding')
      OR (said ->> 'said_at')::timestamptz NOT BETWEEN m.started_at - interval '1 hour' AND m.closed_at + interval '1 hour' THEN
    PERFORM od.refuse('only_lines_of_the_meeting');
  END IF;
  SELECT * INTO voice FROM (
    SELECT w.id AS member_id, NULL::bigint AS staff_id, w.name FROM network_member w WHERE w.network_id = m.network_id AND 'member:' || w.uuid = who
    UNION ALL SELECT NULL, s.id, s.name FROM network_staff s WHERE s.service_id = m.service_id AND 'staff:' || s.uuid = who) named;
  IF NOT FOUND AND who <> '' THEN PERFORM od.refuse('of_the_same_network'); END IF;
  RETURN (od.keep_line(said || jsonb_build_object('meeting_id', m.id, 'recorded_by_id', od.my_staff_id(), 'member_id', voice.member_id,
    'staff_id', voice.staff_id, 'voice', coalesce(voice.name, said ->> 'voice'), 'replaces_id', NULL, 'chosen', false))).state;
END $$;
