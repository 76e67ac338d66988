-- What people bring stands on the record page, too, which everybody in the room sees: only where its author lets it, and while the person is
-- there. In the room it is ticked as taken up; that is all that may change of it, once.

DROP TRIGGER stays ON meetings_tobring;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_tobring FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('taken_up_in_id', 'taken_up_at');
CREATE TRIGGER filled_in BEFORE INSERT ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('taken_up_in_id', 'taken_up_at');

-- The moment is tested, never now(): a device without signal tells of it later, also when another phone has closed the meeting since.
CREATE FUNCTION od.brought_is_taken_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  IF OLD.taken_up_in_id IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.taken_up_in_id FOR NO KEY UPDATE;
  IF m.id IS NULL OR m.network_id <> NEW.network_id OR m.status NOT IN ('started', 'closed') OR m.entered_afterwards
      OR NEW.taken_up_at < greatest(m.started_at, NEW.at) OR NEW.taken_up_at > coalesce(m.closed_at, clock_timestamp() + interval '1 minute')
      OR NOT od.person_present(m.id, NEW.taken_up_at) THEN
    PERFORM od.refuse('taken_up_with_the_person');
  END IF;
  PERFORM od.end_watch(w.id, 'read') FROM (
    SELECT id FROM referrals_watch WHERE thing = NEW.uuid AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE) w;
  RETURN NEW;
END $$;
CREATE TRIGGER taken_up BEFORE UPDATE ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.brought_is_taken_up();

-- By those who came, as all that is recorded in a meeting.
CREATE POLICY change ON meetings_tobring FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
INSERT INTO od.audit_verb (verb) VALUES ('took up what was brought');
GRANT UPDATE (taken_up_in_id, taken_up_at) ON meetings_tobring TO od_app;
