-- Opening in need: staff who are not of the team open somebody's record for a while, for reading. What it opens is said in
-- meetings/migrations/sql/0014_in_need.sql, when all tables are there; here it says when it holds, and what stays of it.

CREATE TRIGGER scope BEFORE INSERT ON network_opening FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('network_network', 'network_id', 'staff_id', 'network_staff');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_opening FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('ended_at', 'ended_by_id');

-- The name and the end are not for anybody to choose. Whoever belongs to a network is of it and not of its staff: what the person does not
-- share with them stays closed, whatever their work is.
CREATE FUNCTION od.opening_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT name INTO NEW.name FROM network_staff WHERE id = NEW.staff_id;
  NEW.ends_at := NEW.opened_at + NEW.hours * interval '1 hour';
  IF EXISTS (SELECT FROM network_member m JOIN network_staff s ON s.user_id = m.user_id WHERE s.id = NEW.staff_id AND m.network_id = NEW.network_id) THEN
    PERFORM od.refuse('opening_is_for_staff');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON network_opening FOR EACH ROW EXECUTE FUNCTION od.opening_fits();

-- Sent twice, or in the same second, it is one.
ALTER TABLE network_opening ADD CONSTRAINT opening_one_at_a_time EXCLUDE USING gist (int8range(staff_id, staff_id, '[]') WITH &&,
  int8range(network_id, network_id, '[]') WITH &&, tstzrange(opened_at, coalesce(ended_at, ends_at)) WITH &&);

-- Ended once, by somebody, at the database's time, and for good.
CREATE FUNCTION od.opening_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR OLD.ends_at <= od.clock() THEN PERFORM od.refuse('opening_is_over'); END IF;
  NEW.ended_at := greatest(od.clock(), OLD.opened_at);
  RETURN NEW;
END $$;
CREATE TRIGGER until BEFORE UPDATE ON network_opening FOR EACH ROW EXECUTE FUNCTION od.opening_ends();

-- What the signed-in account has open in need.
CREATE FUNCTION od.in_need_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_opening WHERE staff_id = (SELECT od.my_staff_id()) AND ended_at IS NULL AND ends_at > now() $$;

-- A reading under it says so.
CREATE OR REPLACE FUNCTION od.log_reading(what text, thing uuid, network bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me network_staff; of_network network_network; own network_member; in_team boolean;
BEGIN
  SELECT * INTO of_network FROM network_network n WHERE n.id = network;
  SELECT * INTO me FROM network_staff WHERE id = od.my_staff_id() AND service_id = of_network.service_id;
  SELECT * INTO own FROM network_member m WHERE m.network_id = network AND m.id IN (SELECT od.my_member_ids());
  in_team := EXISTS (SELECT 1 FROM network_teammember t WHERE t.network_id = network AND t.staff_id = me.id AND t.left_at IS NULL);
  IF me.id IS NULL AND own.id IS NULL THEN
    PERFORM od.refuse('reader_is_known');
  END IF;
  INSERT INTO network_reading (service_id, network_id, reader_id, reader_name, reader_role, outside_team, in_need, what, thing, at)
  VALUES (of_network.service_id, network, od.uid(), coalesce(own.name, me.name),
    CASE WHEN own.is_person THEN 'person' WHEN own.id IS NOT NULL THEN 'member' WHEN in_team THEN 'team'
         WHEN me.is_coordinator THEN 'coordinator' WHEN me.is_lead THEN 'lead' ELSE 'clinician' END,
    own.id IS NULL AND NOT in_team, own.id IS NULL AND NOT in_team AND network IN (SELECT od.in_need_network_ids()),
    what, thing, clock_timestamp());
END $$;

ALTER TABLE network_opening ENABLE ROW LEVEL SECURITY;
-- Whoever may open the record sees who else did. It is ended by whoever opened it, the person, those who work with them, and the overseers.
CREATE POLICY see ON network_opening FOR SELECT TO od_app USING (staff_id = (SELECT od.my_staff_id())
  OR service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())));
CREATE POLICY change ON network_opening FOR UPDATE TO od_app USING (staff_id = (SELECT od.my_staff_id())
    OR service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())))
  WITH CHECK (ended_by_id = (SELECT od.uid()));
GRANT SELECT ON network_opening TO od_app;
GRANT UPDATE (ended_at, ended_by_id) ON network_opening TO od_app;
GRANT EXECUTE ON FUNCTION od.in_need_network_ids() TO od_app;
