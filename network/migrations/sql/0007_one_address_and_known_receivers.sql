-- An account is one address, and that address is the way in. A second one, typed by somebody who is signed in, would be another's: the
-- code for it would open the wrong account, and whoever asked for it would read what is not theirs.
CREATE FUNCTION od.account_has_one_address() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF lower(NEW.email) IS DISTINCT FROM (SELECT email FROM network_user WHERE id = NEW.user_id) THEN
    PERFORM od.refuse('account_has_one_address');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER one_address BEFORE INSERT OR UPDATE OF email, user_id ON account_emailaddress
  FOR EACH ROW EXECUTE FUNCTION od.account_has_one_address();

-- A message goes to those whom it concerns: staff of the service, or a member of the network at the address written down for them; and it
-- is sent by somebody who works for the service or belongs to the network. That something waits for staff, anybody may bring about: the
-- public page does.
CREATE OR REPLACE FUNCTION od.queue_message(key text, kind text, service bigint, network bigint, address text, meeting_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(address, '') = '' THEN RETURN; END IF;
  IF network IS NOT NULL AND NOT EXISTS (SELECT 1 FROM network_network n WHERE n.id = queue_message.network AND n.service_id = service)
      OR NOT (CASE queue_message.kind
        WHEN 'staff' THEN EXISTS (SELECT 1 FROM network_staff s JOIN network_user u ON u.id = s.user_id
          WHERE s.service_id = service AND u.email = address)
        ELSE queue_message.kind IN ('message', 'meeting', 'moved', 'cancelled')
          AND EXISTS (SELECT 1 FROM network_membercontact c WHERE c.network_id = queue_message.network AND c.email = address)
          AND (od.uid() IS NULL AND session_user <> 'od_app' OR service IN (SELECT od.staff_service_ids())
            OR queue_message.network IN (SELECT od.member_network_ids())) END) THEN
    PERFORM od.refuse('message_to_those_concerned');
  END IF;
  INSERT INTO network_message (uuid, service_id, network_id, kind, "to", meeting_at, dedupe_key, last_error)
  VALUES (gen_random_uuid(), service, network, queue_message.kind, address, queue_message.meeting_at, key, '')
  ON CONFLICT (dedupe_key) DO NOTHING;
END $$;

-- The person's word on who reads is about those who are there. Kept for somebody who has left, it would hold as soon as they come back.
CREATE FUNCTION od.consent_for_those_who_are_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT left_at FROM network_member WHERE id = NEW.member_id) IS NOT NULL THEN PERFORM od.refuse('of_the_same_network'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER there BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.consent_for_those_who_are_there();
