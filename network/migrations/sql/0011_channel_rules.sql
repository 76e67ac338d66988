-- Channels to staff, what the outbox says of a message's way, and heartbeats.

-- The clock of the database, asked in one place: whatever is due, is due by it. Tests put another in its stead in their own transaction.
CREATE FUNCTION od.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;

CREATE FUNCTION od.channel_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT service_id INTO NEW.service_id FROM network_staff WHERE id = NEW.staff_id;
  NEW.tried_at := NULL;
  NEW.put_away_at := NULL;
  NEW.put_away_why := '';
  RETURN NEW;
END $$;
CREATE TRIGGER scope BEFORE INSERT ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.channel_scope();
CREATE TRIGGER stamp BEFORE INSERT ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.stamp('made_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('active', 'put_away_at', 'put_away_why', 'tried_at');

-- A channel once put away stays so: a number that was given back to the telephone company may be somebody else's by now.
CREATE FUNCTION od.channel_put_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.active AND NOT OLD.active THEN PERFORM od.refuse('channel_set_anew'); END IF;
  NEW.put_away_at := CASE WHEN OLD.active AND NOT NEW.active THEN od.clock() ELSE OLD.put_away_at END;
  NEW.put_away_why := CASE WHEN OLD.active AND NOT NEW.active THEN coalesce(nullif(NEW.put_away_why, ''), 'own') ELSE OLD.put_away_why END;
  RETURN NEW;
END $$;
CREATE TRIGGER put_away BEFORE UPDATE ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.channel_put_away();

-- What still waited to go there goes by e-mail: at the end of the transaction, in which another address may have come in its place.
CREATE FUNCTION od.waiting_goes_elsewhere() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.send_by_mail_instead(id, 'PutAway') FROM network_message
  WHERE staff_channel_id = NEW.id AND sent_at IS NULL AND cancelled_at IS NULL ORDER BY id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER elsewhere AFTER UPDATE OF active ON network_staffchannel DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION od.waiting_goes_elsewhere();

-- Where a push goes is an address on the internet that a browser gave: over TLS, at no port of its own, of a length that is one. Which
-- hosts, the app says (PUSH_HOSTS). The keys are a point of 65 bytes and a secret of 16, as RFC 8291 has them.
ALTER TABLE network_staffchannel
  ADD CONSTRAINT channel_push_over_tls CHECK (kind <> 'push' OR (
    subscription ->> 'endpoint' ~ '^https://[A-Za-z0-9.-]+/[!-~]*$' AND length(subscription ->> 'endpoint') <= 1500) IS TRUE),
  ADD CONSTRAINT channel_push_has_its_keys CHECK (kind <> 'push' OR (
    subscription #>> '{keys,p256dh}' ~ '^[A-Za-z0-9_-]{87}=?$' AND subscription #>> '{keys,auth}' ~ '^[A-Za-z0-9_-]{22}(==)?$') IS TRUE),
  ADD CONSTRAINT channel_browser_has_a_name CHECK (kind <> 'push' OR device ~ '\S');

-- One browser, one person: whoever sets it up last has it. That of somebody else is put away, and they read so on their page.
CREATE FUNCTION od.browser_has_one() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_staffchannel SET active = false, put_away_why = 'other'
  WHERE kind = 'push' AND active AND staff_id <> NEW.staff_id AND subscription ->> 'endpoint' = NEW.subscription ->> 'endpoint';
  RETURN NEW;
END $$;
CREATE TRIGGER one_person BEFORE INSERT ON network_staffchannel FOR EACH ROW WHEN (NEW.kind = 'push') EXECUTE FUNCTION od.browser_has_one();

-- Somebody signs out in a browser (`signing_out`), or signs in there: it hears no more of what is for them, or was for somebody else.
-- `of_channel` is what the browser's own signed cookie says it is.
CREATE FUNCTION od.leave_browser(of_channel uuid, signing_out boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_staffchannel SET active = false, put_away_why = CASE WHEN staff_id = od.my_staff_id() THEN 'signed_out' ELSE 'other' END
  WHERE uuid = of_channel AND kind = 'push' AND active AND od.uid() IS NOT NULL AND (signing_out OR staff_id IS DISTINCT FROM od.my_staff_id());
  RETURN FOUND;
END $$;

-- A browser was given a new subscription by its maker and takes it in place of the old one; nobody need be signed in. `of_channel` as above.
CREATE FUNCTION od.renew_browser(of_channel uuid, new_subscription jsonb) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE old network_staffchannel; made uuid;
BEGIN
  UPDATE network_staffchannel SET active = false, put_away_why = 'renewed' WHERE uuid = of_channel AND kind = 'push' AND active RETURNING * INTO old;
  IF old.id IS NULL THEN RETURN NULL; END IF;
  INSERT INTO network_staffchannel (uuid, service_id, staff_id, kind, address, subscription, device, put_away_why)
  VALUES (gen_random_uuid(), old.service_id, old.staff_id, 'push', '', new_subscription, old.device, '') RETURNING uuid INTO made;
  RETURN made;
END $$;

-- Whoever works here no more is told nothing more, by no way.
CREATE FUNCTION od.leaver_is_told_no_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_staffchannel SET active = false, put_away_why = 'left' WHERE staff_id = NEW.id AND active;
  UPDATE network_message SET cancelled_at = od.clock() WHERE staff_id = NEW.id AND sent_at IS NULL AND cancelled_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER told_no_more AFTER UPDATE OF left_at ON network_staff FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION od.leaver_is_told_no_more();

-- By which ways `wanted` reaches somebody. E-mail is the ground under the others: it goes to the address set for it, else to the
-- account's own, whenever it is wanted and whenever nothing else that is wanted is set up. It can be moved and never put away, so that
-- there is one way to everybody, always. What was put away counts for nothing.
CREATE FUNCTION od.channels_of(of_staff bigint, wanted text[]) RETURNS TABLE (channel text, address text, staff_channel bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  WITH own AS (SELECT c.kind, c.address, c.id FROM network_staffchannel c WHERE c.staff_id = of_staff AND c.active),
  wakes AS (SELECT * FROM own WHERE kind <> 'email' AND kind = ANY (wanted))
  SELECT kind, address, id FROM wakes
  UNION ALL
  SELECT 'email', coalesce(own.address, u.email), own.id FROM network_staff s JOIN network_user u ON u.id = s.user_id
  LEFT JOIN own ON own.kind = 'email'
  WHERE s.id = of_staff AND ('email' = ANY (wanted) OR NOT EXISTS (SELECT FROM wakes)) $$;

-- A try of one's own channel: a message as it would come at night.
CREATE FUNCTION od.try_channel(of_channel uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_message (uuid, service_id, kind, channel, "to", staff_id, staff_channel_id, path, dedupe_key, last_error)
  SELECT gen_random_uuid(), service_id, 'trial', kind, address, staff_id, id, '/channels/', format('trial:%s:%s', id, date_trunc('minute', od.clock())), ''
  FROM network_staffchannel WHERE uuid = of_channel AND staff_id = od.my_staff_id() AND active
  ON CONFLICT (dedupe_key) DO NOTHING;
END $$;

CREATE FUNCTION od.channel_tried() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_staffchannel SET tried_at = NEW.sent_at WHERE id = NEW.staff_channel_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tried AFTER UPDATE OF sent_at ON network_message FOR EACH ROW
  WHEN (OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL AND NEW.kind = 'trial') EXECUTE FUNCTION od.channel_tried();

-- A way that leads nowhere (`why`: NotSetUp, PutAway, Gone): what was meant to go there goes by e-mail, unless it does so anyway. A
-- browser that is gone will never take a message again: its channel is put away, its owner reads so, and the rota counts it as not set up.
CREATE FUNCTION od.send_by_mail_instead(of_message bigint, why text) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m network_message;
BEGIN
  UPDATE network_message SET cancelled_at = od.clock(), lease_until = NULL, last_error = why
  WHERE id = of_message AND (channel <> 'email' OR why = 'PutAway') AND sent_at IS NULL AND cancelled_at IS NULL RETURNING * INTO m;
  IF m.id IS NULL THEN RETURN; END IF;
  UPDATE network_staffchannel SET active = false, put_away_why = 'gone' WHERE why = 'Gone' AND id = m.staff_channel_id AND active;
  INSERT INTO network_message (uuid, service_id, network_id, kind, channel, "to", staff_id, staff_channel_id, step, path, dedupe_key, queued_at, due_at, last_error)
  SELECT gen_random_uuid(), m.service_id, m.network_id, m.kind, c.channel, c.address, m.staff_id, c.staff_channel, m.step, m.path,
    'step:' || m.step || ':' || m.staff_id || ':' || coalesce(c.staff_channel::text, c.channel), od.clock(), od.clock(), ''
  FROM od.channels_of(m.staff_id, ARRAY['email']) c WHERE m.step IS NOT NULL
  ON CONFLICT (dedupe_key) DO NOTHING;
END $$;

DROP TRIGGER IF EXISTS stays ON network_message;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_message FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'lease_until', 'attempts', 'last_error', 'due_at', 'handed_at', 'session', 'sent_at', 'acknowledged_at', 'cancelled_at');

-- "I am here", from sweep, sender and beat: when, what it saw and should have seen, and its own clock beside the database's.
CREATE FUNCTION od.beat(part text, saw int, expected int, own_clock timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO network_heartbeat (name, at, saw, expected, drift)
  VALUES (part, od.clock(), saw, expected, coalesce(extract(epoch FROM own_clock - od.clock()), 0))
  ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, saw = EXCLUDED.saw, expected = EXCLUDED.expected, drift = EXCLUDED.drift $$;

ALTER TABLE network_staffchannel ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON network_staffchannel FOR SELECT TO od_app USING (
  staff_id = (SELECT od.my_staff_id()) OR service_id = ANY (ARRAY(SELECT od.overseen_service_ids())));
CREATE POLICY add ON network_staffchannel FOR INSERT TO od_app WITH CHECK (staff_id = (SELECT od.my_staff_id()) AND active);
CREATE POLICY change ON network_staffchannel FOR UPDATE TO od_app USING (staff_id = (SELECT od.my_staff_id()));
CREATE POLICY address ON network_staffchannel FOR SELECT TO od_clock USING (true);
-- Whoever was told may see that they were.
CREATE POLICY told ON network_message FOR SELECT TO od_app USING (staff_id = (SELECT od.my_staff_id()));

GRANT SELECT, INSERT ON network_staffchannel TO od_app;
GRANT UPDATE (active) ON network_staffchannel TO od_app;
GRANT SELECT (id, subscription) ON network_staffchannel TO od_clock;
GRANT UPDATE (handed_at, session) ON network_message TO od_clock;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
GRANT EXECUTE ON FUNCTION od.clock(), od.beat(text, int, int, timestamptz), od.send_by_mail_instead(bigint, text) TO od_clock;
GRANT EXECUTE ON FUNCTION od.clock(), od.try_channel(uuid), od.leave_browser(uuid, boolean), od.renew_browser(uuid, jsonb) TO od_app;
