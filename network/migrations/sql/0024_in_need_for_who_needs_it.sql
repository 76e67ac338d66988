-- A reading under an opening in need says so only as long as it is the opening that lets somebody read: whoever has come to work with the
-- network since, owns the case, covers a meeting or oversees the service reads for their work. It would tell the person of a need that is
-- over, and leave waiting what those who work with them have read.
CREATE OR REPLACE FUNCTION od.log_reading(what text, thing uuid, network bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me network_staff; of_network network_network; own network_member; in_team boolean; by_opening boolean;
BEGIN
  SELECT * INTO of_network FROM network_network n WHERE n.id = network;
  SELECT * INTO me FROM network_staff WHERE id = od.my_staff_id() AND service_id = of_network.service_id;
  SELECT * INTO own FROM network_member m WHERE m.network_id = network AND m.id IN (SELECT od.my_member_ids());
  in_team := EXISTS (SELECT 1 FROM network_teammember t WHERE t.network_id = network AND t.staff_id = me.id AND t.left_at IS NULL);
  IF me.id IS NULL AND own.id IS NULL THEN
    PERFORM od.refuse('reader_is_known');
  END IF;
  by_opening := own.id IS NULL AND NOT (me.is_coordinator OR me.is_lead) AND network IN (SELECT od.in_need_network_ids())
    AND network NOT IN (SELECT od.clinician_network_ids());
  INSERT INTO network_reading (service_id, network_id, reader_id, reader_name, reader_role, outside_team, in_need, what, thing, at)
  VALUES (of_network.service_id, network, od.uid(), coalesce(own.name, me.name),
    CASE WHEN own.is_person THEN 'person' WHEN own.id IS NOT NULL THEN 'member' WHEN in_team THEN 'team'
         WHEN me.is_coordinator THEN 'coordinator' WHEN me.is_lead THEN 'lead' ELSE 'clinician' END,
    own.id IS NULL AND NOT in_team, by_opening, what, thing, clock_timestamp());
END $$;
