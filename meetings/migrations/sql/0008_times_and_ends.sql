-- Times that the app's role could choose, ends that left something open, and who stands on both sides.

-- Cover: see referrals 0006. Who comes to a meeting, and why a team changes, is for those who work with the network.
DROP POLICY add ON meetings_teamchange;
CREATE POLICY add ON meetings_teamchange FOR INSERT TO od_app WITH CHECK (by_id = (SELECT od.my_staff_id()) AND (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids()))));
DROP POLICY add ON meetings_decidedwithout;
CREATE POLICY add ON meetings_decidedwithout FOR INSERT TO od_app WITH CHECK (
  taken_up_in_id IS NULL AND recorded_by_id = (SELECT od.my_staff_id()) AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids()))));
DROP POLICY change ON meetings_meetingstaff;
CREATE POLICY change ON meetings_meetingstaff FOR UPDATE TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids())));

-- Booked and started in one breath was a way around what a booking asks for, and with it a meeting of last week that nobody had booked
-- and that was not marked as entered afterwards.
CREATE OR REPLACE FUNCTION od.booking_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m meetings_meeting;
BEGIN
  IF current_user <> 'od_app' THEN RETURN NULL; END IF;
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.id;
  IF m.entered_afterwards OR m.status = 'cancelled' THEN RETURN NULL; END IF;
  IF m.starts_at < m.booked_at - interval '15 minutes' THEN PERFORM od.refuse('booked_ahead'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = m.id AND active) THEN PERFORM od.refuse('somebody_comes'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_invitation i JOIN network_member w ON w.id = i.member_id AND w.is_person
      WHERE i.meeting_id = m.id AND i.withdrawn_at IS NULL) THEN
    PERFORM od.refuse('person_is_always_asked');
  END IF;
  RETURN NULL;
END $$;

-- A meeting that was not entered afterwards begins no earlier than it was booked, whatever a device's clock says; two hours are left for
-- a team that went out at once and was booked from the desk. Nothing is refused for it: what was said stays, and the clock and the
-- decisions go by this time.
CREATE FUNCTION od.begins_after_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' THEN NEW.started_at := greatest(NEW.started_at, OLD.booked_at - interval '2 hours'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status = 'booked' AND NEW.status = 'started' AND NOT NEW.entered_afterwards) EXECUTE FUNCTION od.begins_after_booking();

-- The person confirms, and what was decided without them is talked about, now, with them in the room: not at a moment chosen later.
CREATE TRIGGER at_once BEFORE UPDATE ON meetings_line FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state = 'confirmed')
  EXECUTE FUNCTION od.stamp('confirmed_at');
CREATE TRIGGER at_once BEFORE UPDATE ON meetings_decidedwithout FOR EACH ROW
  WHEN (OLD.taken_up_in_id IS NULL AND NEW.taken_up_in_id IS NOT NULL) EXECUTE FUNCTION od.stamp('taken_up_at');

-- Closing together leaves nothing behind that was decided without the person and never talked about: closed, it would be on no board.
CREATE FUNCTION od.closed_with_nothing_unsaid() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM meetings_decidedwithout WHERE case_id = NEW.case_id AND taken_up_in_id IS NULL) THEN
    PERFORM od.refuse('closed_with_nothing_unsaid');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER unsaid BEFORE INSERT ON referrals_caseclosure FOR EACH ROW WHEN (NEW.kind = 'together')
  EXECUTE FUNCTION od.closed_with_nothing_unsaid();

-- A yes to the old time is no yes to the new one, also in the second in which somebody moves the meeting: whoever answers holds it still,
-- and hears whether it is the meeting that they saw. Empty: not theirs to answer.
CREATE FUNCTION od.meeting_stands(meeting bigint, seen_moves numeric) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.moves = seen_moves FROM meetings_meeting m WHERE m.id = meeting AND (
    m.id IN (SELECT od.invited_meeting_ids()) OR m.service_id IN (SELECT od.overseen_service_ids()) OR m.network_id IN (SELECT od.open_network_ids()))
  FOR SHARE OF m $$;
GRANT EXECUTE ON FUNCTION od.meeting_stands(bigint, numeric) TO od_app;

-- Nobody works with a network and is of it, too: by an address that staff wrote down themselves they would give the person's word.
CREATE OR REPLACE FUNCTION od.waiting_memberships() RETURNS TABLE (member uuid, member_name text, service_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.uuid, m.name::text, s.name::text
  FROM network_user u JOIN network_membercontact c ON c.email = u.email JOIN network_member m ON m.id = c.member_id
  JOIN network_service s ON s.id = m.service_id
  WHERE u.id = (SELECT od.uid()) AND u.is_active AND m.user_id IS NULL AND m.left_at IS NULL AND (m.is_person OR m.wanted
    OR EXISTS (SELECT 1 FROM network_consent g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL)
    OR EXISTS (SELECT 1 FROM meetings_noteshare g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL))
    AND m.service_id NOT IN (SELECT od.overseen_service_ids()) AND m.network_id NOT IN (SELECT od.clinician_network_ids()) $$;
