-- The record of a meeting: who may write it, and what is read back before the close.

-- The record is written by those who came: the team, and who covers a meeting until it is closed. Owning a case is not being in the
-- room: otherwise somebody at a desk could stop the clock with two taps.
CREATE FUNCTION od.recording_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT m.network_id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
    WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status IN ('booked', 'started') $$;
GRANT EXECUTE ON FUNCTION od.recording_network_ids() TO od_app;

DROP POLICY add ON meetings_presence;
CREATE POLICY add ON meetings_presence FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.my_staff_id()) AND network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
DROP POLICY change ON meetings_presence;
CREATE POLICY change ON meetings_presence FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
DROP POLICY add ON meetings_line;
CREATE POLICY add ON meetings_line FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.my_staff_id()) AND network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
DROP POLICY add ON meetings_readback;
CREATE POLICY add ON meetings_readback FOR INSERT TO od_app WITH CHECK (network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
DROP POLICY change ON meetings_readback;
CREATE POLICY change ON meetings_readback FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.recording_network_ids())));

-- The same for what is an update of a row that others may update too: start and close, a confirmation, an exception taken up.
CREATE FUNCTION od.those_who_came() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF od.uid() IS NOT NULL AND NEW.network_id NOT IN (SELECT od.recording_network_ids()) THEN
    PERFORM od.refuse('recorded_by_those_who_came');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER came BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND NEW.status IN ('started', 'closed')) EXECUTE FUNCTION od.those_who_came();
CREATE TRIGGER came BEFORE UPDATE ON meetings_line FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION od.those_who_came();
CREATE TRIGGER came BEFORE UPDATE ON meetings_decidedwithout FOR EACH ROW
  WHEN (OLD.taken_up_in_id IS DISTINCT FROM NEW.taken_up_in_id) EXECUTE FUNCTION od.those_who_came();

CREATE FUNCTION od.closed_by_oneself() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF od.uid() IS NOT NULL AND NEW.closed_by_id IS DISTINCT FROM od.my_staff_id() THEN
    PERFORM od.refuse('recorded_by_those_who_came');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closed_by BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND NEW.status = 'closed') EXECUTE FUNCTION od.closed_by_oneself();

-- What was not accepted, and what was confirmed, stays as it is: nothing takes its place.
CREATE FUNCTION od.replaces_what_may_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT state FROM meetings_line WHERE id = NEW.replaces_id) IN ('refused', 'confirmed') THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER replaces BEFORE INSERT ON meetings_line FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL)
  EXECUTE FUNCTION od.replaces_what_may_change();

-- Read back means all of it: a line written since (by a second phone, say) has to be read back too. An answer given anew has a new time.
CREATE TRIGGER stamp_again BEFORE UPDATE ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE FUNCTION od.read_back_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' AND EXISTS (SELECT 1 FROM meetings_line l WHERE l.meeting_id = NEW.id AND l.recorded_at > (
      SELECT min(r.at) FROM meetings_readback r WHERE r.meeting_id = NEW.id AND r.answer <> 'left_before')) THEN
    PERFORM od.refuse('close_reads_back_all');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER whole BEFORE UPDATE ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status = 'started' AND NEW.status = 'closed') EXECUTE FUNCTION od.read_back_whole();

-- Who came to a meeting is part of what was closed.
CREATE FUNCTION od.staffing_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id) = 'closed' AND (TG_OP = 'INSERT' OR NEW.active IS DISTINCT FROM OLD.active) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stays_closed BEFORE INSERT OR UPDATE ON meetings_meetingstaff FOR EACH ROW EXECUTE FUNCTION od.staffing_stays();
