-- What was opened with a note on paper ends with the note. Whoever has a note in hand gets in with it: it may have been somebody else than
-- the one it was written for. So each note opens an account of its own, and nothing that anybody else has used before; and it can be
-- revoked after it was used, or is by whatever is made for the member next: its account closes, whoever is signed in with it is nobody on
-- the next request, and it is the member's no more. Whoever is let in anew says once more: this is me.
CREATE FUNCTION od.note_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_member SET user_id = NULL, joined_at = NULL WHERE user_id = NEW.user_id;
  UPDATE network_user SET is_active = false WHERE id = NEW.user_id;
  RETURN NULL;
END $$;
CREATE TRIGGER ends AFTER UPDATE ON network_wayin FOR EACH ROW
  WHEN (NEW.kind = 'paper' AND NEW.used_at IS NOT NULL AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
  EXECUTE FUNCTION od.note_ends();

-- Used and revoked before there was this rule: it ends now what was meant to end then.
UPDATE network_member SET user_id = NULL, joined_at = NULL
WHERE user_id IN (SELECT user_id FROM network_wayin WHERE kind = 'paper' AND used_at IS NOT NULL AND revoked_at IS NOT NULL);
UPDATE network_user SET is_active = false
WHERE id IN (SELECT user_id FROM network_wayin WHERE kind = 'paper' AND used_at IS NOT NULL AND revoked_at IS NOT NULL);

CREATE OR REPLACE FUNCTION od.make_way_in(of_member uuid, of_kind text, new_uuid uuid, hashed text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m network_member; c network_membercontact; where_to text := ''; account bigint;
BEGIN
  SELECT * INTO m FROM network_member WHERE uuid = of_member FOR UPDATE;
  IF m.id IS NULL OR NOT od.lets_in(m.service_id, m.network_id) THEN RETURN false; END IF;
  SELECT * INTO c FROM network_membercontact WHERE member_id = m.id;
  IF m.left_at IS NOT NULL OR NOT (m.is_person OR coalesce(m.wanted, false)) THEN PERFORM od.refuse('way_in_for_those_wanted'); END IF;
  UPDATE network_wayin SET revoked_at = od.clock(), revoked_by_id = od.my_staff_id() WHERE member_id = m.id AND revoked_at IS NULL;
  SELECT * INTO m FROM network_member WHERE id = m.id;
  IF of_kind = 'email' THEN
    IF coalesce(c.email, '') = '' THEN PERFORM od.refuse('way_in_needs_an_address'); END IF;
    where_to := c.email;
    PERFORM od.account_for(where_to);
    SELECT id INTO account FROM network_user WHERE email = where_to;
  ELSIF of_kind = 'sms' THEN
    where_to := od.number_of(coalesce(c.phone, ''));
    IF where_to IS NULL THEN PERFORM od.refuse('way_in_needs_a_number'); END IF;
    INSERT INTO network_user (phone, password, is_active, created_at) VALUES (where_to, '!' || gen_random_uuid(), true, od.clock())
    ON CONFLICT (phone) DO NOTHING;
    SELECT id INTO account FROM network_user WHERE phone = where_to;
  ELSIF of_kind = 'paper' THEN
    IF coalesce(c.email, '') <> '' OR od.number_of(coalesce(c.phone, '')) IS NOT NULL OR m.user_id IS NOT NULL THEN
      PERFORM od.refuse('paper_for_those_without');
    END IF;
    INSERT INTO network_user (password, is_active, created_at) VALUES ('!' || gen_random_uuid(), true, od.clock()) RETURNING id INTO account;
  ELSE
    PERFORM od.refuse('one_of_the_answers_way_in');
  END IF;
  IF m.user_id <> account THEN PERFORM od.refuse('way_in_to_their_account'); END IF;
  INSERT INTO network_wayin (uuid, service_id, network_id, member_id, user_id, kind, address, secret, made_at, made_by_id, handed_to, told)
  VALUES (new_uuid, m.service_id, m.network_id, m.id, account, of_kind, where_to, hashed, od.clock(), od.my_staff_id(), '', '');
  IF of_kind <> 'paper' THEN
    INSERT INTO network_message (uuid, service_id, network_id, kind, channel, "to", dedupe_key, last_error)
    VALUES (gen_random_uuid(), m.service_id, m.network_id, 'way_in', of_kind, '', 'way_in:' || new_uuid, '');
  END IF;
  RETURN true;
END $$;

-- The member is locked first, here as when somebody joins: whoever says "this is me" at the same moment says it before or after.
CREATE OR REPLACE FUNCTION od.revoke_way_in(of_way uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM network_member m JOIN network_wayin w ON w.member_id = m.id
  WHERE w.uuid = of_way AND od.lets_in(w.service_id, w.network_id) FOR UPDATE OF m;
  UPDATE network_wayin SET revoked_at = od.clock(), revoked_by_id = od.my_staff_id()
  WHERE uuid = of_way AND revoked_at IS NULL AND od.lets_in(service_id, network_id);
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION od.join_network(member uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM network_member m WHERE m.uuid = join_network.member FOR UPDATE;
  UPDATE network_member m SET user_id = od.uid(), joined_at = clock_timestamp()
  WHERE m.uuid = join_network.member AND m.uuid IN (SELECT w.member FROM od.waiting_memberships() w);
  RETURN FOUND;
END $$;
