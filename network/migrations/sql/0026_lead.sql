-- What the lead of a service does by pages that was done by commands: who works here, and what people read of the service.
--
-- The app inserts and changes neither staff nor services by itself. It asks functions that do it for a lead of that very service, and for
-- nobody else; commands of the owner go the same way. What changed, from what and by whom is written by triggers: no way leads past them.

CREATE FUNCTION od.only_the_lead(of_service bigint) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF (of_service IN (SELECT od.led_service_ids()) OR od.uid() IS NULL AND 'od_app' NOT IN (session_user, current_setting('role'))) IS NOT TRUE THEN
    RAISE EXCEPTION 'this is for the lead of the service' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;


INSERT INTO od.audit_verb (verb) VALUES ('asked for an address that is taken'), ('sent an invitation to work here again'),
  ('changed what somebody does here'), ('came back to work here'), ('changed the service');


-- THE TRAIL. One row for each column that changed, with what stood there before. Whose turn the duty is, stands elsewhere.

CREATE FUNCTION od.service_trail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_servicechange (service_id, by_id, at, what, before, after)
  SELECT NEW.id, od.my_staff_id(), od.clock(), o.key, coalesce(o.value, ''), coalesce(n.value, '')
  FROM jsonb_each_text(to_jsonb(OLD)) o JOIN jsonb_each_text(to_jsonb(NEW)) n USING (key)
  WHERE o.value IS DISTINCT FROM n.value AND o.key <> 'on_duty_id' ORDER BY o.key;
  RETURN NULL;
END $$;
CREATE TRIGGER trail AFTER UPDATE ON network_service FOR EACH ROW EXECUTE FUNCTION od.service_trail();

CREATE FUNCTION od.staff_trail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_servicechange (service_id, by_id, staff_id, at, what, before, after)
  SELECT NEW.service_id, od.my_staff_id(), NEW.id, od.clock(), o.key, coalesce(o.value, ''), coalesce(n.value, '')
  FROM jsonb_each_text(to_jsonb(OLD)) o JOIN jsonb_each_text(to_jsonb(NEW)) n USING (key)
  WHERE o.value IS DISTINCT FROM n.value ORDER BY o.key;
  RETURN NULL;
END $$;
CREATE TRIGGER trail AFTER UPDATE ON network_staff FOR EACH ROW EXECUTE FUNCTION od.staff_trail();

CREATE FUNCTION od.staff_began() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_servicechange (service_id, by_id, staff_id, at, what, before, after)
  VALUES (NEW.service_id, od.my_staff_id(), NEW.id, od.clock(), 'joined_at', '', NEW.joined_at::text);
  RETURN NULL;
END $$;
CREATE TRIGGER began AFTER INSERT ON network_staff FOR EACH ROW EXECUTE FUNCTION od.staff_began();

CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_servicechange FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
ALTER TABLE network_servicechange ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON network_servicechange FOR SELECT TO od_app USING (service_id = ANY (ARRAY(SELECT od.led_service_ids())));
GRANT SELECT ON network_servicechange TO od_app;


-- WHO WORKS HERE.

-- A service without a lead could never get one again by its pages. Two who end each other in the same second wait for each other here.
CREATE FUNCTION od.service_keeps_a_lead() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM network_service WHERE id = NEW.service_id FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM network_staff s JOIN network_user u ON u.id = s.user_id AND u.is_active
      WHERE s.service_id = NEW.service_id AND s.id <> NEW.id AND s.is_lead AND s.left_at IS NULL) THEN
    PERFORM od.refuse('service_keeps_a_lead');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keeps_a_lead BEFORE UPDATE OF is_lead, left_at ON network_staff FOR EACH ROW
  WHEN (OLD.is_lead AND OLD.left_at IS NULL AND NOT (NEW.is_lead AND NEW.left_at IS NULL)) EXECUTE FUNCTION od.service_keeps_a_lead();

-- Whoever is put on duty cannot leave in the same second: one of the two waits, and hears of the other.
CREATE OR REPLACE FUNCTION od.on_duty_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.on_duty_id IS NOT NULL THEN
    PERFORM FROM network_staff s WHERE s.id = NEW.on_duty_id AND s.service_id = NEW.id AND s.left_at IS NULL
      AND (s.is_coordinator OR s.is_lead) FOR SHARE;
    IF NOT FOUND THEN PERFORM od.refuse('on_duty_is_a_coordinator'); END IF;
  END IF;
  RETURN NEW;
END $$;

-- A neutral mail: something waits, sign in. Only until they have signed in once, and once a minute at most.
CREATE FUNCTION od.invite_staff(of_staff uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE uuid = of_staff;
  PERFORM od.only_the_lead(who.service_id);
  INSERT INTO network_message (uuid, service_id, kind, "to", staff_id, dedupe_key, last_error)
  SELECT gen_random_uuid(), who.service_id, 'staff', u.email, who.id, format('invited:%s:%s', who.uuid, date_trunc('minute', od.clock())), ''
  FROM network_user u WHERE u.id = who.user_id AND u.last_login IS NULL AND who.left_at IS NULL
  ON CONFLICT (dedupe_key) DO NOTHING;
END $$;

-- No account is taken over by an address alone: one that is there belongs to whoever reads that mail, and perhaps to a network. Whose it is
-- is told to nobody, and that somebody asked stands in the trail, so that nobody tries addresses unseen.
CREATE FUNCTION od.add_staff(of_service bigint, new_uuid uuid, called text, address text, does text, trained text, coordinates boolean,
  meets boolean, leads boolean) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE account bigint;
BEGIN
  PERFORM od.only_the_lead(of_service);
  INSERT INTO network_user (email, password, is_active, created_at) VALUES (lower(address), '!' || gen_random_uuid(), true, od.clock())
  ON CONFLICT (email) DO NOTHING RETURNING id INTO account;
  IF account IS NULL THEN
    INSERT INTO network_servicechange (service_id, by_id, at, what, before, after)
    VALUES (of_service, od.my_staff_id(), od.clock(), 'address_taken', '', '');
    RETURN false;
  END IF;
  INSERT INTO network_staff (uuid, service_id, user_id, name, profession, training, is_coordinator, is_clinician, is_lead, joined_at)
  VALUES (new_uuid, of_service, account, called, does, trained, coordinates, meets, leads, od.clock());
  PERFORM od.invite_staff(new_uuid);
  RETURN true;
END $$;

-- Nobody takes the lead, or their work here, from themselves: another lead does, who is still there to hear of it.
CREATE FUNCTION od.change_staff(of_staff uuid, called text, does text, trained text, coordinates boolean, meets boolean, leads boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE uuid = of_staff AND left_at IS NULL FOR NO KEY UPDATE;
  PERFORM od.only_the_lead(who.service_id);
  IF who.id = od.my_staff_id() AND NOT leads THEN PERFORM od.refuse('another_lead_does_this'); END IF;
  UPDATE network_staff SET name = called, profession = does, training = trained, is_coordinator = coordinates, is_clinician = meets,
    is_lead = leads WHERE id = who.id;
END $$;

CREATE FUNCTION od.end_staff(of_staff uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE uuid = of_staff AND left_at IS NULL FOR NO KEY UPDATE;
  PERFORM od.only_the_lead(who.service_id);
  IF who.id = od.my_staff_id() THEN PERFORM od.refuse('another_lead_does_this'); END IF;
  UPDATE network_staff SET left_at = od.clock() WHERE id = who.id;
END $$;

-- Somebody comes back. What they did before stands in the trail.
CREATE FUNCTION od.take_back_staff(of_staff uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE uuid = of_staff AND left_at IS NOT NULL FOR NO KEY UPDATE;
  PERFORM od.only_the_lead(who.service_id);
  UPDATE network_staff SET left_at = NULL WHERE id = who.id;
END $$;

-- What was queued for somebody at the address of their account goes unsent, too, when they leave.
CREATE OR REPLACE FUNCTION od.leaver_is_told_no_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_staffchannel SET active = false, put_away_why = 'left' WHERE staff_id = NEW.id AND active;
  UPDATE network_message SET cancelled_at = od.clock() WHERE sent_at IS NULL AND cancelled_at IS NULL
    AND (staff_id = NEW.id OR kind = 'staff' AND "to" = (SELECT email FROM network_user WHERE id = NEW.user_id));
  RETURN NULL;
END $$;

-- For the lead: the address of each account, whether anybody has signed in with it, and the second steps it has. No key, no date.
CREATE FUNCTION od.staff_accounts() RETURNS TABLE (staff bigint, email text, signed_in boolean, passkey boolean, app boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, u.email, u.last_login IS NOT NULL, coalesce(bool_or(a.type = 'webauthn'), false), coalesce(bool_or(a.type = 'totp'), false)
  FROM network_staff s JOIN network_user u ON u.id = s.user_id LEFT JOIN mfa_authenticator a ON a.user_id = u.id
  WHERE s.service_id IN (SELECT od.led_service_ids()) GROUP BY s.id, u.email, u.last_login $$;


-- WHAT PEOPLE READ OF THE SERVICE. `seen` is the last change that whoever writes had in sight: two who write at once hear of each other.
CREATE FUNCTION od.change_service(of_service bigint, seen bigint, called text, spoken text, zone text, emergency text, advice text, night text,
  reply_within int, public_page boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.only_the_lead(of_service);
  PERFORM FROM network_service WHERE id = of_service FOR NO KEY UPDATE;
  IF seen IS DISTINCT FROM (SELECT coalesce(max(id), 0) FROM network_servicechange WHERE service_id = of_service AND staff_id IS NULL
      AND what <> 'address_taken') THEN
    PERFORM od.refuse('service_changed_meanwhile');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = zone) THEN PERFORM od.refuse('service_time_zone_known'); END IF;
  UPDATE network_service SET name = called, languages = spoken, time_zone = zone, emergency_number = emergency, emergency_advice = advice,
    night_number = night, hours_reply = reply_within, takes_public_referrals = public_page WHERE id = of_service;
END $$;

GRANT EXECUTE ON FUNCTION od.invite_staff(uuid), od.end_staff(uuid), od.take_back_staff(uuid), od.staff_accounts(),
  od.add_staff(bigint, uuid, text, text, text, text, boolean, boolean, boolean),
  od.change_staff(uuid, text, text, text, boolean, boolean, boolean),
  od.change_service(bigint, bigint, text, text, text, text, text, text, int, boolean) TO od_app;
