-- Somebody leaves the service: no meeting is left without somebody who comes. They stay in the teams they were of until the networks change
-- those in a meeting (promise 5): that is theirs to talk about, and the lead's page lists it.
CREATE FUNCTION od.meeting_not_left_alone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.lock_staff(ARRAY[NEW.id]);  -- as whoever books them does
  IF EXISTS (SELECT FROM meetings_meetingstaff mine JOIN meetings_meeting m ON m.id = mine.meeting_id
      AND (m.status = 'started' OR m.status = 'booked' AND m.ends_at > od.clock())
      WHERE mine.staff_id = NEW.id AND mine.active AND NOT EXISTS (SELECT FROM meetings_meetingstaff o JOIN network_staff s ON s.id = o.staff_id
        WHERE o.meeting_id = m.id AND o.active AND o.staff_id <> NEW.id AND s.left_at IS NULL)) THEN
    PERFORM od.refuse('meeting_keeps_somebody');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER leaves_no_meeting BEFORE UPDATE OF left_at ON network_staff FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION od.meeting_not_left_alone();

-- Whoever has left does not come to what is still booked: people read the names of those who do.
CREATE FUNCTION od.leaver_comes_no_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_meetingstaff SET active = false WHERE staff_id = NEW.id AND active
    AND meeting_id IN (SELECT id FROM meetings_meeting WHERE status = 'booked' AND ends_at > od.clock());
  RETURN NULL;
END $$;
CREATE TRIGGER comes_no_more AFTER UPDATE OF left_at ON network_staff FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION od.leaver_comes_no_more();

-- Nor does anybody stay of a team, or come to a meeting, who is no clinician any more.
CREATE FUNCTION od.clinician_not_needed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.lock_staff(ARRAY[NEW.id]);
  IF EXISTS (SELECT FROM network_teammember WHERE staff_id = NEW.id AND left_at IS NULL)
      OR EXISTS (SELECT FROM meetings_meetingstaff c JOIN meetings_meeting m ON m.id = c.meeting_id
        AND (m.status = 'started' OR m.status = 'booked' AND m.ends_at > od.clock()) WHERE c.staff_id = NEW.id AND c.active) THEN
    PERFORM od.refuse('role_is_needed');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clinician_needed BEFORE UPDATE OF is_clinician ON network_staff FOR EACH ROW
  WHEN (OLD.is_clinician AND NOT NEW.is_clinician AND NEW.left_at IS NULL) EXECUTE FUNCTION od.clinician_not_needed();
