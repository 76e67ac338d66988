-- Letting members in: by a code that is sent to them, by a link that asks for one, by a note that somebody hands them.
--
-- The web process never asks whether an address, a number or a link is known. It writes down that a code was asked for, and the answer is
-- the same, byte for byte and query for query. Who it is for, the sender finds out, later and elsewhere. The code itself follows from the
-- row's uuid and the secret of the service: it stands in no table, no log and no cache.
ALTER TABLE network_wayin ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_signincode ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER scope BEFORE INSERT ON network_wayin FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_member', 'member_id');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_wayin FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'handed_at', 'handed_by_id', 'handed_to', 'told', 'used_at', 'revoked_at', 'revoked_by_id');

-- +358 40 555 0134 and 00358405550134 are one number; without its country it is none.
CREATE FUNCTION od.number_of(typed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT substring(regexp_replace(regexp_replace(typed, '[^0-9+]', '', 'g'), '^00', '+') FROM '^\+[0-9]{7,15}$') $$;

-- Still good: not revoked, the member there and wanted, the address still theirs; a note handed over, and not used yet.
CREATE FUNCTION od.way_in_stands(w network_wayin) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.revoked_at IS NULL AND EXISTS (SELECT FROM network_member m JOIN network_user u ON u.id = w.user_id AND u.is_active
    LEFT JOIN network_membercontact c ON c.member_id = m.id
    WHERE m.id = w.member_id AND m.left_at IS NULL AND (m.is_person OR m.wanted) AND (m.user_id IS NULL OR m.user_id = w.user_id)
      AND CASE w.kind WHEN 'email' THEN c.email = w.address WHEN 'sms' THEN od.number_of(c.phone) = w.address
        ELSE w.handed_at IS NOT NULL AND w.used_at IS NULL END) $$;

-- Who may let somebody in: whoever oversees the service, or works with the network. Not the person: whom the team lets in, it has seen.
CREATE FUNCTION od.lets_in(of_service bigint, of_network bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT od.my_staff_id() IS NOT NULL AND (of_service IN (SELECT od.overseen_service_ids()) OR of_network IN (SELECT od.clinician_network_ids())) $$;

-- A link leads to the account of the member's own address, or of their number; a note to an account without either. An account that is
-- the member's already stays theirs: no link to another address opens it.
CREATE FUNCTION od.make_way_in(of_member uuid, of_kind text, new_uuid uuid, hashed text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m network_member; c network_membercontact; where_to text := ''; account bigint;
BEGIN
  SELECT * INTO m FROM network_member WHERE uuid = of_member FOR UPDATE;
  IF m.id IS NULL OR NOT od.lets_in(m.service_id, m.network_id) THEN RETURN false; END IF;
  SELECT * INTO c FROM network_membercontact WHERE member_id = m.id;
  IF m.left_at IS NOT NULL OR NOT (m.is_person OR coalesce(m.wanted, false)) THEN PERFORM od.refuse('way_in_for_those_wanted'); END IF;
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
    IF coalesce(c.email, '') <> '' OR od.number_of(coalesce(c.phone, '')) IS NOT NULL
        OR EXISTS (SELECT FROM network_user WHERE id = m.user_id AND coalesce(email, phone) IS NOT NULL) THEN
      PERFORM od.refuse('paper_for_those_without');
    END IF;
    account := coalesce(m.user_id, (SELECT user_id FROM network_wayin WHERE member_id = m.id AND kind = 'paper' ORDER BY id DESC LIMIT 1));
    IF account IS NULL THEN
      INSERT INTO network_user (password, is_active, created_at) VALUES ('!' || gen_random_uuid(), true, od.clock()) RETURNING id INTO account;
    END IF;
  ELSE
    PERFORM od.refuse('one_of_the_answers_way_in');
  END IF;
  IF m.user_id <> account THEN PERFORM od.refuse('way_in_to_their_account'); END IF;
  UPDATE network_wayin SET revoked_at = od.clock(), revoked_by_id = od.my_staff_id()
  WHERE member_id = m.id AND revoked_at IS NULL AND used_at IS NULL;
  INSERT INTO network_wayin (uuid, service_id, network_id, member_id, user_id, kind, address, secret, made_at, made_by_id, handed_to, told)
  VALUES (new_uuid, m.service_id, m.network_id, m.id, account, of_kind, where_to, hashed, od.clock(), od.my_staff_id(), '', '');
  IF of_kind <> 'paper' THEN
    INSERT INTO network_message (uuid, service_id, network_id, kind, channel, "to", dedupe_key, last_error)
    VALUES (gen_random_uuid(), m.service_id, m.network_id, 'way_in', of_kind, '', 'way_in:' || new_uuid, '');
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION od.revoke_way_in(of_way uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_wayin SET revoked_at = od.clock(), revoked_by_id = od.my_staff_id()
  WHERE uuid = of_way AND revoked_at IS NULL AND od.lets_in(service_id, network_id);
  RETURN FOUND;
END $$;

-- Who gave the note to whom. Before that it opens nothing.
CREATE FUNCTION od.hand_over_way_in(of_way uuid, to_whom text, with_what text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_wayin SET handed_at = od.clock(), handed_by_id = od.my_staff_id(), handed_to = to_whom, told = with_what
  WHERE uuid = of_way AND kind = 'paper' AND handed_at IS NULL AND revoked_at IS NULL AND od.lets_in(service_id, network_id);
  RETURN FOUND;
END $$;

-- A note is used up by the first who signs in with it.
CREATE FUNCTION od.use_note(hashed text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE account bigint;
BEGIN
  UPDATE network_wayin w SET used_at = od.clock() WHERE secret = hashed AND kind = 'paper' AND od.way_in_stands(w) RETURNING user_id INTO account;
  RETURN account;
END $$;

-- Somebody asks for a code. What an earlier day left is cleared away, twenty at a time.
CREATE FUNCTION od.ask_for_code(asked_by text, what text, new_uuid uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE letter bigint;
BEGIN
  DELETE FROM network_signincode WHERE id IN (
    SELECT id FROM network_signincode ORDER BY id LIMIT 20) AND asked_at < od.clock() - interval '1 day';
  INSERT INTO network_message (uuid, kind, channel, "to", dedupe_key, last_error)
  VALUES (gen_random_uuid(), 'code', CASE asked_by WHEN 'sms' THEN 'sms' ELSE 'email' END, '', 'code:' || new_uuid, '') RETURNING id INTO letter;
  INSERT INTO network_signincode (uuid, kind, asked, message_id, asked_at) VALUES (new_uuid, asked_by, what, letter, od.clock());
END $$;

-- Whose account a code opens. A number may be typed without its country if it is nobody else's that way.
CREATE FUNCTION od.account_of_code(c network_signincode) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE c.kind
    WHEN 'email' THEN (SELECT id FROM network_user WHERE email = c.asked AND is_active)
    WHEN 'sms' THEN (SELECT min(id) FROM network_user WHERE is_active AND (phone = c.asked
      OR c.asked !~ '^\+' AND length(c.asked) >= 8 AND phone LIKE '%' || ltrim(c.asked, '0')) HAVING count(*) = 1)
    ELSE (SELECT w.user_id FROM network_wayin w WHERE w.secret = c.asked AND w.kind <> 'paper' AND od.way_in_stands(w)) END $$;

-- For the sender: where a letter goes that says nowhere itself. No row: to nobody.
CREATE FUNCTION od.receiver_of(of_message bigint) RETURNS TABLE (thing uuid, way text, address text, known boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m network_message; c network_signincode;
BEGIN
  SELECT * INTO m FROM network_message WHERE id = of_message;
  IF m.kind = 'way_in' THEN
    RETURN QUERY SELECT w.uuid, w.kind::text, w.address::text, true FROM network_wayin w
      WHERE w.uuid = substring(m.dedupe_key FROM '^way_in:([0-9a-f-]{36})$')::uuid AND od.way_in_stands(w);
    RETURN;
  END IF;
  SELECT * INTO c FROM network_signincode WHERE message_id = of_message AND used_at IS NULL AND asked_at > od.clock() - interval '15 minutes';
  IF c.kind = 'email' THEN
    RETURN QUERY SELECT c.uuid, 'email', c.asked::text, od.account_of_code(c) IS NOT NULL;
  ELSIF c.kind = 'sms' THEN
    RETURN QUERY SELECT c.uuid, 'sms', u.phone::text, true FROM network_user u WHERE u.id = od.account_of_code(c);
  ELSIF c.kind = 'link' THEN
    RETURN QUERY SELECT c.uuid, w.kind::text, w.address::text, true FROM network_wayin w
      WHERE w.secret = c.asked AND w.kind <> 'paper' AND od.way_in_stands(w);
  END IF;
END $$;

CREATE FUNCTION od.drop_letter(of_message bigint) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE network_message SET cancelled_at = od.clock(), lease_until = NULL
  WHERE id = of_message AND kind IN ('code', 'way_in') AND sent_at IS NULL AND cancelled_at IS NULL $$;

-- A code is typed; the app says whether it is right. Five tries within fifteen minutes, and it works once.
CREATE FUNCTION od.try_code(of_code uuid, is_right boolean) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE c network_signincode; account bigint;
BEGIN
  SELECT * INTO c FROM network_signincode WHERE uuid = of_code AND used_at IS NULL AND tries < 5
    AND asked_at > od.clock() - interval '15 minutes' FOR UPDATE;
  IF is_right THEN account := od.account_of_code(c); END IF;
  IF account IS NULL THEN UPDATE network_signincode SET tries = tries + 1 WHERE id = c.id;
  ELSE UPDATE network_signincode SET used_at = od.clock() WHERE id = c.id; END IF;
  RETURN account;
END $$;

-- Whether an account needs its second step, asked before anybody is signed in.
CREATE FUNCTION od.needs_second_step(of_account bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM network_staff WHERE user_id = of_account AND left_at IS NULL) $$;

-- "No, that is not me": neither address nor number is theirs, and no link leads there any more.
CREATE OR REPLACE FUNCTION od.not_me(member uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_member;
BEGIN
  SELECT m.* INTO who FROM network_member m WHERE m.uuid = not_me.member AND m.uuid IN (SELECT w.member FROM od.waiting_memberships() w);
  IF who.id IS NULL THEN RETURN false; END IF;
  UPDATE network_membercontact c SET email = CASE WHEN c.email = u.email THEN '' ELSE c.email END,
    phone = CASE WHEN od.number_of(c.phone) = u.phone THEN '' ELSE c.phone END
  FROM network_user u WHERE u.id = od.uid() AND c.member_id = who.id;
  UPDATE network_wayin SET revoked_at = od.clock() WHERE member_id = who.id AND user_id = od.uid() AND revoked_at IS NULL;
  PERFORM od.queue_message('not_me:' || who.uuid || ':' || od.uid(), 'staff', who.service_id, who.network_id, u.email, NULL)
  FROM network_service s JOIN network_staff d ON d.id = s.on_duty_id JOIN network_user u ON u.id = d.user_id WHERE s.id = who.service_id;
  RETURN true;
END $$;

GRANT EXECUTE ON FUNCTION od.number_of(text), od.way_in_stands(network_wayin), od.lets_in(bigint, bigint),
  od.make_way_in(uuid, text, uuid, text), od.revoke_way_in(uuid), od.hand_over_way_in(uuid, text, text), od.use_note(text),
  od.ask_for_code(text, text, uuid), od.try_code(uuid, boolean), od.needs_second_step(bigint) TO od_app;
GRANT EXECUTE ON FUNCTION od.receiver_of(bigint), od.drop_letter(bigint) TO od_clock;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app, od_clock;
