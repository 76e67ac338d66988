-- Who may see and change what in network, and what may never change.
--
-- The app connects as od_app, the background work as od_clock; both own nothing and have no BYPASSRLS. Tables belong to the role that
-- migrates, and the functions marked SECURITY DEFINER run as that owner, so policies never refer to each other (they would recurse).
-- Policies compare with `= ANY (ARRAY(SELECT od.…()))`: the function runs once a statement and the comparison can use an index.

CREATE SCHEMA IF NOT EXISTS od;
REVOKE ALL ON SCHEMA od FROM PUBLIC;
GRANT USAGE ON SCHEMA od, public TO od_app, od_clock;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Identity: what the middleware set for this transaction. Empty means nobody, and so does looking with somebody else's eyes (below).
CREATE FUNCTION od.uid() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN coalesce(current_setting('app.eyes_of', true), '') = '' THEN nullif(current_setting('app.user_id', true), '')::bigint END $$;
CREATE FUNCTION od.door() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('app.door', true), '') $$;

CREATE FUNCTION od.my_staff_id() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id FROM network_staff s JOIN network_user u ON u.id = s.user_id
  WHERE s.user_id = (SELECT od.uid()) AND s.left_at IS NULL AND u.is_active $$;

CREATE FUNCTION od.staff_service_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT service_id FROM network_staff WHERE id = (SELECT od.my_staff_id()) $$;

-- Coordinators and leads see all cases of their service.
CREATE FUNCTION od.overseen_service_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT service_id FROM network_staff WHERE id = (SELECT od.my_staff_id()) AND (is_coordinator OR is_lead) $$;

CREATE FUNCTION od.led_service_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT service_id FROM network_staff WHERE id = (SELECT od.my_staff_id()) AND is_lead $$;

-- The eyes of a member: who shares sees what that member would see (promise 8). app.eyes_of names a member of family and friends, not an
-- account: what that account is elsewhere, in another network or on the staff, is nobody's business here, and a member without an account
-- has eyes, too. Whatever a connection sets, it is asked anew at each statement that the account behind it is the person of that network or
-- of its team now, who may read all that the member may; nothing is seen that the account could not see by itself. And the eyes open in a
-- read-only transaction alone, so that PostgreSQL itself refuses whatever would be written in the member's name.
CREATE FUNCTION od.eyes_of() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT m.id FROM network_member m JOIN network_user u ON u.id = nullif(current_setting('app.user_id', true), '')::bigint AND u.is_active
  WHERE m.id = nullif(current_setting('app.eyes_of', true), '')::bigint AND NOT m.is_person AND m.left_at IS NULL
    AND current_setting('transaction_read_only') = 'on' AND (
      EXISTS (SELECT FROM network_member p WHERE p.network_id = m.network_id AND p.is_person AND p.user_id = u.id)
      OR EXISTS (SELECT FROM network_teammember t JOIN network_staff s ON s.id = t.staff_id
        WHERE t.network_id = m.network_id AND t.left_at IS NULL AND s.user_id = u.id AND s.left_at IS NULL)) $$;

CREATE FUNCTION od.my_member_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  SELECT m.id FROM network_member m JOIN network_user u ON u.id = m.user_id
  WHERE m.user_id = (SELECT od.uid()) AND m.left_at IS NULL AND u.is_active
  UNION ALL SELECT od.eyes_of() WHERE current_setting('app.eyes_of', true) <> '' $$;

CREATE FUNCTION od.member_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_member WHERE id IN (SELECT od.my_member_ids()) $$;

CREATE FUNCTION od.person_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_member WHERE id IN (SELECT od.my_member_ids()) AND is_person $$;

CREATE FUNCTION od.member_service_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT service_id FROM network_member WHERE id IN (SELECT od.my_member_ids()) $$;

-- Networks a clinician works with. referrals and meetings add the cases they own and the meetings they cover.
CREATE FUNCTION od.clinician_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL $$;

-- Networks that may be opened whole: the clinician's, and one's own as the person.
CREATE FUNCTION od.open_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT od.clinician_network_ids() UNION SELECT od.person_network_ids() $$;

-- Staff whose names a member may know: the teams of their networks. meetings adds who comes to a meeting.
CREATE FUNCTION od.member_staff_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
  SELECT staff_id FROM network_teammember WHERE network_id IN (SELECT od.member_network_ids()) $$;

-- Raises the refusal `rule`: the app finds it as the constraint's name.
CREATE FUNCTION od.refuse(rule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'refused: %', rule USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- BEFORE INSERT, args: parent table, foreign key to it. Copies service and network from the parent, so that scope cannot disagree.
-- Then further pairs (foreign key, table): each such row has to be of the same network, or for staff of the same service.
CREATE FUNCTION od.copy_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  own jsonb := to_jsonb(NEW); found_service bigint; found_network bigint; i int; other bigint; scope text;
BEGIN
  EXECUTE format('SELECT service_id, %s FROM %I WHERE id = $1',
    CASE TG_ARGV[0] WHEN 'network_network' THEN 'id' ELSE 'network_id' END, TG_ARGV[0])
    INTO found_service, found_network USING (own ->> TG_ARGV[1])::bigint;
  NEW.service_id := found_service;
  NEW.network_id := found_network;
  FOR i IN 2 .. TG_NARGS - 1 BY 2 LOOP
    CONTINUE WHEN own ->> TG_ARGV[i] IS NULL;
    scope := CASE TG_ARGV[i + 1] WHEN 'network_staff' THEN 'service_id' ELSE 'network_id' END;
    EXECUTE format('SELECT %I FROM %I WHERE id = $1', scope, TG_ARGV[i + 1]) INTO other USING (own ->> TG_ARGV[i])::bigint;
    IF other IS DISTINCT FROM (CASE scope WHEN 'service_id' THEN found_service ELSE found_network END) THEN
      PERFORM od.refuse('of_the_same_network');
    END IF;
  END LOOP;
  RETURN NEW;
END $$;

-- BEFORE INSERT, args: columns. What the app writes carries the database's time, whatever the worker's clock says.
CREATE FUNCTION od.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' THEN
    NEW := jsonb_populate_record(NEW, (SELECT jsonb_object_agg(c, clock_timestamp()) FROM unnest(TG_ARGV) c));
  END IF;
  RETURN NEW;
END $$;

-- BEFORE UPDATE OR DELETE, args: the columns that may change. Nothing else ever does, and nothing is deleted, for any role.
CREATE FUNCTION od.stays_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - TG_ARGV) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER scope BEFORE INSERT ON network_member FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_network', 'network_id');
CREATE TRIGGER scope BEFORE INSERT ON network_membercontact FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_member', 'member_id');
CREATE TRIGGER scope BEFORE INSERT ON network_teammember FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('network_network', 'network_id', 'staff_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_member', 'member_id');

CREATE TRIGGER stamp BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.stamp('given_at');
CREATE TRIGGER stamp BEFORE INSERT ON network_teammember FOR EACH ROW EXECUTE FUNCTION od.stamp('joined_at');

CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_network FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_member FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'user_id', 'name', 'relation', 'circle', 'wanted', 'wanted_word', 'wanted_at', 'joined_at', 'left_at', 'left_reason');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_membercontact FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'email', 'phone', 'home_address', 'language', 'interpreter', 'time_in_messages');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_teammember FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('left_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_consent FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('withdrawn_at', 'withdrawn_by_id');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_reading FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_auditentry FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- A word once withdrawn stays withdrawn: giving it again is a new row. Otherwise the history would forget.
CREATE FUNCTION od.withdrawn_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at THEN
    PERFORM od.refuse('withdrawn_stays');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER withdrawn BEFORE UPDATE ON network_consent FOR EACH ROW EXECUTE FUNCTION od.withdrawn_stays();

-- The person needs nobody's leave to read their own record.
CREATE FUNCTION od.consent_is_for_others() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT is_person FROM network_member WHERE id = NEW.member_id) THEN
    PERFORM od.refuse('consent_is_for_others');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER others BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.consent_is_for_others();

-- Only an active coordinator or lead of the same service is on duty.
CREATE FUNCTION od.on_duty_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.on_duty_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM network_staff s WHERE s.id = NEW.on_duty_id AND s.service_id = NEW.id
      AND s.left_at IS NULL AND (s.is_coordinator OR s.is_lead)) THEN
    PERFORM od.refuse('on_duty_is_a_coordinator');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER duty BEFORE INSERT OR UPDATE OF on_duty_id ON network_service FOR EACH ROW EXECUTE FUNCTION od.on_duty_fits();

-- Team: clinicians who still work here; two or more, or none yet. Checked at the end, so that a change may swap.
CREATE FUNCTION od.team_member_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.staff_id AND is_clinician AND left_at IS NULL) THEN
    PERFORM od.refuse('team_of_clinicians');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON network_teammember FOR EACH ROW EXECUTE FUNCTION od.team_member_fits();

CREATE FUNCTION od.team_of_two_or_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM network_teammember WHERE network_id = NEW.network_id AND left_at IS NULL) < 2 THEN
    PERFORM od.refuse('team_of_two_or_more');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER two_or_more AFTER INSERT OR UPDATE ON network_teammember DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.team_of_two_or_more();

-- Logs and the outbox are written through these, never by INSERT, and say by themselves who acted.
CREATE FUNCTION od.log_reading(what text, thing uuid, network bigint) RETURNS void
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
  INSERT INTO network_reading (service_id, network_id, reader_id, reader_name, reader_role, outside_team, what, thing, at)
  VALUES (of_network.service_id, network, od.uid(), coalesce(own.name, me.name),
    CASE WHEN own.is_person THEN 'person' WHEN own.id IS NOT NULL THEN 'member' WHEN in_team THEN 'team'
         WHEN me.is_coordinator THEN 'coordinator' WHEN me.is_lead THEN 'lead' ELSE 'clinician' END,
    own.id IS NULL AND NOT in_team, what, thing, clock_timestamp());
END $$;

CREATE FUNCTION od.log_audit(verb text, thing text, thing_uuid uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO network_auditentry (at, user_id, service_id, verb, thing, thing_uuid)
  VALUES (clock_timestamp(), od.uid(),
    coalesce((SELECT od.staff_service_ids() LIMIT 1), (SELECT od.member_service_ids() LIMIT 1)), verb, thing, thing_uuid) $$;

-- `key` says what the message is about and for whom: the same key is queued once.
CREATE FUNCTION od.queue_message(key text, kind text, service bigint, network bigint, address text, meeting_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO network_message (uuid, service_id, network_id, kind, "to", meeting_at, dedupe_key, last_error)
  SELECT gen_random_uuid(), service, network, kind, address, meeting_at, key, '' WHERE address <> ''
  ON CONFLICT (dedupe_key) DO NOTHING $$;

-- Makes sure that a code can be mailed to `address`. Says nothing about whether the address was known.
CREATE FUNCTION od.account_for(address text) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF od.my_staff_id() IS NULL THEN
    PERFORM od.refuse('only_staff_opens_accounts');
  END IF;
  INSERT INTO network_user (email, password, is_active, created_at) VALUES (lower(address), '!' || gen_random_uuid(), true, clock_timestamp())
  ON CONFLICT (email) DO NOTHING;
END $$;

-- Memberships that wait for the signed-in account to say "this is me". Nothing is linked by an address alone.
CREATE FUNCTION od.waiting_memberships() RETURNS TABLE (member uuid, member_name text, service_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.uuid, m.name::text, s.name::text
  FROM network_user u JOIN network_membercontact c ON c.email = u.email JOIN network_member m ON m.id = c.member_id
  JOIN network_service s ON s.id = m.service_id
  WHERE u.id = (SELECT od.uid()) AND u.is_active AND m.user_id IS NULL AND m.left_at IS NULL AND (m.is_person OR m.wanted) $$;

CREATE FUNCTION od.join_network(member uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_member m SET user_id = od.uid(), joined_at = clock_timestamp()
  WHERE m.uuid = join_network.member AND m.uuid IN (SELECT w.member FROM od.waiting_memberships() w);
  RETURN FOUND;
END $$;

-- The public page: which services take referrals, and whom to call. Nothing about people.
CREATE FUNCTION od.public_services() RETURNS TABLE (slug text, name text, time_zone text, languages text, emergency_number text,
  emergency_advice text, night_number text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT slug, name, time_zone, languages, emergency_number, emergency_advice, night_number
  FROM network_service WHERE takes_public_referrals ORDER BY name, slug $$;

-- What the sender should have sent by now, counted apart from the sender's own view of the outbox.
CREATE FUNCTION od.messages_due() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM network_message WHERE sent_at IS NULL AND cancelled_at IS NULL AND due_at <= now() $$;

-- Row security. No policy means no row.
ALTER TABLE network_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_service ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_network ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_membercontact ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_teammember ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_auditentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_message ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_heartbeat ENABLE ROW LEVEL SECURITY;

-- Sign-in looks accounts up by address: only while the request is for the sign-in pages.
CREATE POLICY see ON network_user FOR SELECT TO od_app USING (id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts');
CREATE POLICY change ON network_user FOR UPDATE TO od_app USING (id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts')
  WITH CHECK (id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts');

CREATE POLICY see ON network_service FOR SELECT TO od_app USING (
  id = ANY (ARRAY(SELECT od.staff_service_ids())) OR id = ANY (ARRAY(SELECT od.member_service_ids())));
CREATE POLICY change ON network_service FOR UPDATE TO od_app USING (id = ANY (ARRAY(SELECT od.overseen_service_ids())))
  WITH CHECK (id = ANY (ARRAY(SELECT od.overseen_service_ids())));

CREATE POLICY see ON network_staff FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.staff_service_ids())) OR id = ANY (ARRAY(SELECT od.member_staff_ids())) OR user_id = (SELECT od.uid()));

CREATE POLICY see ON network_network FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR id = ANY (ARRAY(SELECT od.member_network_ids())));

-- A member knows their own row and the person's. Others they meet in what the person shares.
CREATE POLICY see ON network_member FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR id = ANY (ARRAY(SELECT od.my_member_ids()))
  OR is_person AND network_id = ANY (ARRAY(SELECT od.member_network_ids())));
CREATE POLICY add ON network_member FOR INSERT TO od_app WITH CHECK (
  NOT is_person AND user_id IS NULL AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))));
CREATE POLICY change ON network_member FOR UPDATE TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())));

CREATE POLICY see ON network_membercontact FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())));
CREATE POLICY add ON network_membercontact FOR INSERT TO od_app WITH CHECK (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())));
CREATE POLICY change ON network_membercontact FOR UPDATE TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())));

CREATE POLICY see ON network_teammember FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR network_id = ANY (ARRAY(SELECT od.member_network_ids())));
CREATE POLICY add ON network_teammember FOR INSERT TO od_app WITH CHECK (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
CREATE POLICY change ON network_teammember FOR UPDATE TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))
  WITH CHECK (service_id = ANY (ARRAY(SELECT od.staff_service_ids())));

-- A reader sees that they may read, never that they no longer may.
CREATE POLICY see ON network_consent FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))
  OR withdrawn_at IS NULL AND member_id = ANY (ARRAY(SELECT od.my_member_ids())));
-- Given by the person on their own page, or written down by the team as the person's word, with a witness.
CREATE POLICY add ON network_consent FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.uid()) AND withdrawn_at IS NULL AND (
    how = 'own_page' AND network_id = ANY (ARRAY(SELECT od.person_network_ids()))
    OR how <> 'own_page' AND network_id = ANY (ARRAY(SELECT od.clinician_network_ids()))));
CREATE POLICY change ON network_consent FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.open_network_ids())))
  WITH CHECK (withdrawn_by_id = (SELECT od.uid()));

-- The person sees every reading; the lead, for an inquiry, those of the service.
CREATE POLICY see ON network_reading FOR SELECT TO od_app USING (
  network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR service_id = ANY (ARRAY(SELECT od.led_service_ids())));
CREATE POLICY see ON network_auditentry FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.led_service_ids())));
CREATE POLICY see ON network_message FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.overseen_service_ids())));
CREATE POLICY send ON network_message FOR SELECT TO od_clock USING (true);
CREATE POLICY sent ON network_message FOR UPDATE TO od_clock USING (true) WITH CHECK (true);
CREATE POLICY see ON network_heartbeat FOR SELECT TO od_app, od_clock USING (true);
CREATE POLICY beat ON network_heartbeat FOR INSERT TO od_clock WITH CHECK (true);
CREATE POLICY change ON network_heartbeat FOR UPDATE TO od_clock USING (true) WITH CHECK (true);

-- Table rights: only what an action needs. No role of the app deletes anything about people.
GRANT SELECT ON network_user, network_service, network_staff, network_network, network_member, network_membercontact, network_teammember,
  network_consent, network_reading, network_auditentry, network_message, network_heartbeat TO od_app;
GRANT UPDATE (password, last_login) ON network_user TO od_app;
GRANT UPDATE (on_duty_id) ON network_service TO od_app;
GRANT INSERT ON network_member, network_membercontact, network_teammember, network_consent TO od_app;
GRANT UPDATE (name, relation, circle, wanted, wanted_word, wanted_at, left_at, left_reason) ON network_member TO od_app;
GRANT UPDATE (email, phone, home_address, language, interpreter, time_in_messages) ON network_membercontact TO od_app;
GRANT UPDATE (left_at) ON network_teammember TO od_app;
GRANT UPDATE (withdrawn_at, withdrawn_by_id) ON network_consent TO od_app;
GRANT SELECT, UPDATE ON network_message TO od_clock;
GRANT SELECT, INSERT, UPDATE ON network_heartbeat TO od_clock;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app, od_clock;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA od TO od_app;
GRANT EXECUTE ON FUNCTION od.messages_due(), od.uid(), od.door() TO od_clock;
