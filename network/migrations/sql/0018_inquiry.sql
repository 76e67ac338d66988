-- Looking into the log of readings, for an inquiry: only the lead, with the purpose, and on record with everybody whose log it was.

-- Of the lead's own service, whatever else is said.
CREATE FUNCTION od.inquiry_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT service_id INTO NEW.service_id FROM network_staff WHERE id = NEW.by_id;
  IF NEW.network_id IS NOT NULL AND NEW.service_id IS DISTINCT FROM (SELECT service_id FROM network_network WHERE id = NEW.network_id)
      OR NEW.reader_id IS NOT NULL AND NEW.service_id IS DISTINCT FROM (SELECT service_id FROM network_staff WHERE id = NEW.reader_id) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON network_inquiry FOR EACH ROW EXECUTE FUNCTION od.inquiry_fits();
CREATE TRIGGER stamp BEFORE INSERT ON network_inquiry FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_inquiry FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

ALTER TABLE network_inquiry ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON network_inquiry FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.led_service_ids())) OR network_id = ANY (ARRAY(SELECT od.person_network_ids())));
CREATE POLICY add ON network_inquiry FOR INSERT TO od_app WITH CHECK (
  by_id = (SELECT od.my_staff_id()) AND service_id = ANY (ARRAY(SELECT od.led_service_ids())));
GRANT SELECT, INSERT ON network_inquiry TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
