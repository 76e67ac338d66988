-- Whom no e-mail reaches is told by somebody, and that is written down: of which time and place, how, by whom and when.

CREATE TRIGGER scope BEFORE INSERT ON meetings_told FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_invitation', 'invitation_id', 'by_id', 'network_staff');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_told FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_told FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- Told is what was seen: whoever told the old time while somebody moved the meeting hears of it. The name is taken from the one who writes.
CREATE FUNCTION od.told_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT x.* INTO m FROM meetings_meeting x JOIN meetings_invitation i ON i.meeting_id = x.id AND i.withdrawn_at IS NULL
    WHERE i.id = NEW.invitation_id FOR SHARE OF x;
  IF m.id IS NULL OR m.status = 'closed' THEN PERFORM od.refuse('no_longer_asked'); END IF;
  IF NEW.moves IS DISTINCT FROM m.moves THEN PERFORM od.refuse('moved_meanwhile'); END IF;
  NEW.cancelled := m.status = 'cancelled';
  NEW.name := (SELECT name FROM network_staff WHERE id = NEW.by_id);
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_told FOR EACH ROW EXECUTE FUNCTION od.told_fits();

ALTER TABLE meetings_told ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON meetings_told FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())));
CREATE POLICY add ON meetings_told FOR INSERT TO od_app WITH CHECK (by_id = (SELECT od.my_staff_id()) AND (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids()))));
GRANT SELECT, INSERT ON meetings_told TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
