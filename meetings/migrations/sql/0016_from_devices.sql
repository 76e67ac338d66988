-- What devices without signal bring back: two phones that wrote in the same room, a meeting that was closed while one of them was away.
-- Nothing of it is dropped. What the record cannot take in any more stands beside it: told later, not read back, unshared until the
-- person has seen it.

ALTER TABLE meetings_line DROP CONSTRAINT one_of_the_answers_line;
ALTER TABLE meetings_line ADD CONSTRAINT one_of_the_answers_line CHECK (
  kind IN ('use', 'voice', 'reflection', 'decision', 'action', 'understanding', 'told', 'left', 'answered')
  AND state IN ('kept', 'accepted', 'to_be_confirmed', 'confirmed', 'refused'));

-- A line that the read back did not hear of is marked so when the meeting closes: nothing else ever changes `late`, and it never goes back.
DROP TRIGGER stays ON meetings_line;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'state', 'replaced_by_id', 'contested_at', 'contested_why', 'confirmed_in_id', 'confirmed_at', 'seen_by_person_at', 'late');
CREATE FUNCTION od.late_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.late OR (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id) <> 'started' THEN PERFORM od.refuse('stays_as_written'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER late BEFORE UPDATE ON meetings_line FOR EACH ROW WHEN (OLD.late <> NEW.late) EXECUTE FUNCTION od.late_stays();

-- What stood on the page that was read aloud was read back, and what another phone brought meanwhile was not. The device says which.
CREATE FUNCTION od.leave_unread(of_meeting bigint, heard uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE meetings_line l SET late = true FROM meetings_meeting m
  WHERE m.id = of_meeting AND m.status = 'started' AND m.network_id IN (SELECT od.recording_network_ids())
    AND l.meeting_id = m.id AND NOT l.late AND l.replaced_by_id IS NULL AND l.kind NOT IN ('told', 'answered') AND l.uuid <> ALL (heard) $$;
GRANT EXECUTE ON FUNCTION od.leave_unread(bigint, uuid[]) TO od_app;

CREATE OR REPLACE FUNCTION od.read_back_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' AND EXISTS (SELECT 1 FROM meetings_line l WHERE l.meeting_id = NEW.id AND NOT l.late
      AND l.kind NOT IN ('told', 'answered') AND l.recorded_at > (
      SELECT min(r.at) FROM meetings_readback r WHERE r.meeting_id = NEW.id AND r.answer <> 'left_before')) THEN
    PERFORM od.refuse('close_reads_back_all');
  END IF;
  RETURN NEW;
END $$;

-- Whose hand wrote an answer down: an answer from another hand that says otherwise is kept beside, not written over.
CREATE FUNCTION od.heard_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' THEN NEW.recorded_by_id := (SELECT od.my_staff_id()); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER heard_by BEFORE INSERT OR UPDATE ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.heard_by();
DROP TRIGGER stays ON meetings_readback;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_readback FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('answer', 'words', 'at', 'recorded_by_id', 'entry');
GRANT UPDATE (entry) ON meetings_readback TO od_app;

-- A change of a line that comes after the close, and was made before it, stands beside that line: nothing takes the place of what was read
-- back. The network's choice among versions is a line of its own, in the same words, while the meeting goes on. A departure is a line
-- only where the meeting is closed: before, it is the end of a presence.
CREATE OR REPLACE FUNCTION od.line_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
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
  IF NEW.kind = 'left' AND (NOT NEW.late OR NEW.said_at >= m.closed_at) THEN PERFORM od.refuse('left_is_told_after_the_close'); END IF;
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

-- The first to replace a line stands in its place; another stands beside, until the network chooses. A choice ends the other versions; a
-- second choice, made on another phone, finds its line replaced and stands beside the first: the network chooses again.
CREATE OR REPLACE FUNCTION od.line_replaced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.late THEN RETURN NULL; END IF;
  UPDATE meetings_line SET replaced_by_id = NEW.id WHERE id = NEW.replaces_id AND replaced_by_id IS NULL;
  IF FOUND AND NEW.chosen THEN
    WITH RECURSIVE before AS (
      SELECT id, replaces_id FROM meetings_line WHERE id = NEW.id
      UNION ALL SELECT l.id, l.replaces_id FROM meetings_line l JOIN before b ON l.id = b.replaces_id
    ), version AS (
      SELECT id FROM before WHERE replaces_id IS NULL
      UNION ALL SELECT l.id FROM meetings_line l JOIN version v ON l.replaces_id = v.id WHERE l.state <> 'refused'
    )
    UPDATE meetings_line SET replaced_by_id = NEW.id
    WHERE id IN (SELECT id FROM version) AND id <> NEW.id AND replaced_by_id IS NULL;
  END IF;
  RETURN NULL;
END $$;

-- The person's going out that was told after the close counts as well: decisions said while they were out are contested.
CREATE OR REPLACE FUNCTION od.person_present(meeting bigint, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM meetings_presence p JOIN network_member m ON m.id = p.member_id AND m.is_person
    WHERE p.meeting_id = meeting AND p.mistaken_at IS NULL AND p.arrived_at <= moment AND coalesce(p.left_at, 'infinity') > moment
      AND NOT EXISTS (SELECT 1 FROM meetings_line l WHERE l.meeting_id = meeting AND l.kind = 'left' AND l.member_id = p.member_id
        AND l.said_at >= p.arrived_at AND l.said_at <= moment)) $$;
CREATE FUNCTION od.left_tells() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_line SET contested_at = clock_timestamp(), contested_why = 'decision_with_the_person'
  WHERE meeting_id = NEW.meeting_id AND kind = 'decision' AND state = 'accepted' AND contested_at IS NULL
    AND said_at >= NEW.said_at AND NOT od.person_present(meeting_id, said_at)
    AND said_at IS DISTINCT FROM (SELECT closed_at FROM meetings_meeting WHERE id = NEW.meeting_id);
  RETURN NULL;
END $$;
CREATE TRIGGER left_tells AFTER INSERT ON meetings_line FOR EACH ROW WHEN (NEW.kind = 'left') EXECUTE FUNCTION od.left_tells();

-- Somebody was there whom only the other phone had noted: the clock and the decisions need to know, also after the close. Members do not
-- read it here; the line that tells of it is shared once the person has seen it.
CREATE OR REPLACE FUNCTION od.presence_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  IF TG_OP = 'INSERT' THEN
    NEW.late := m.status = 'closed' AND NEW.arrived_at < m.closed_at;
    IF NEW.late THEN
      NEW.arrived_at := greatest(NEW.arrived_at, m.started_at);
      NEW.left_at := greatest(NEW.arrived_at, least(NEW.left_at, m.closed_at));
    ELSIF m.status <> 'started' THEN
      PERFORM od.refuse('meeting_is_going_on');
    END IF;
    IF NEW.left_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('leaves_not_in_future'); END IF;
  ELSE
    IF OLD.left_at IS NOT NULL AND (NEW.left_at, NEW.left_uuid) IS DISTINCT FROM (OLD.left_at, OLD.left_uuid) OR OLD.mistaken_at IS NOT NULL AND NEW.mistaken_at IS DISTINCT FROM OLD.mistaken_at THEN
      PERFORM od.refuse('stays_as_written');
    END IF;
    IF NEW.left_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('leaves_not_in_future'); END IF;
  END IF;
  RETURN NEW;
END $$;
DROP POLICY shared ON meetings_presence;
CREATE POLICY shared ON meetings_presence FOR SELECT TO od_app USING (meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())) AND NOT late);

-- A meeting that was closed in the kitchen ended then, whatever another phone had written since: what was decided after is contested.
CREATE OR REPLACE FUNCTION od.everybody_leaves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_line SET contested_at = clock_timestamp(), contested_why = 'decision_in_a_meeting'
  WHERE meeting_id = NEW.id AND kind = 'decision' AND state = 'accepted' AND contested_at IS NULL AND said_at > NEW.closed_at;
  UPDATE meetings_presence SET left_at = greatest(arrived_at, NEW.closed_at) WHERE meeting_id = NEW.id AND left_at IS NULL AND mistaken_at IS NULL;
  RETURN NULL;
END $$;

-- The person's word in a kitchen is given at that moment, though the service hears of it later: as with a decision, the moment is tested
-- against who was in the room, in a meeting that goes on. 0008 took the moment of arrival instead, and so refused what had been said with
-- the person there. An exception is not talked about before it was decided.
DROP TRIGGER at_once ON meetings_line;
DROP TRIGGER at_once ON meetings_decidedwithout;
CREATE OR REPLACE FUNCTION od.exception_taken_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  IF OLD.taken_up_in_id IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  IF NEW.taken_up_in_id IS NOT NULL THEN
    SELECT * INTO m FROM meetings_meeting WHERE id = NEW.taken_up_in_id FOR NO KEY UPDATE;
    IF m.network_id <> NEW.network_id OR m.status <> 'started' OR m.entered_afterwards OR NEW.taken_up_at < greatest(m.started_at, NEW.decided_at)
        OR NEW.taken_up_at > clock_timestamp() + interval '1 minute' OR NOT od.person_present(m.id, NEW.taken_up_at) THEN
      PERFORM od.refuse('taken_up_with_the_person');
    END IF;
  END IF;
  RETURN NEW;
END $$;
