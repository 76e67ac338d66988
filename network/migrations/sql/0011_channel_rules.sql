-- Channels to staff, what the outbox says of a message's way, and heartbeats.

-- The clock of the database, asked in one place: whatever is due, is due by it. Tests put another in its stead in their own transaction.
CREATE FUNCTION od.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;

CREATE FUNCTION od.channel_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT service_id INTO NEW.service_id FROM network_staff WHERE id = NEW.staff_id;
  NEW.tried_at := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER scope BEFORE INSERT ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.channel_scope();
CREATE TRIGGER stamp BEFORE INSERT ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.stamp('made_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('active', 'tried_at');

-- A channel once put away stays so: a number that was given back to the telephone company may be somebody else's by now.
CREATE FUNCTION od.channel_put_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.active AND NOT OLD.active THEN PERFORM od.refuse('channel_set_anew'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER put_away BEFORE UPDATE ON network_staffchannel FOR EACH ROW EXECUTE FUNCTION od.channel_put_away();

-- Where a push goes is an address on the internet that a browser gave: only over TLS. Which hosts, the app says (PUSH_HOSTS).
ALTER TABLE network_staffchannel ADD CONSTRAINT channel_push_over_tls
  CHECK (kind <> 'push' OR subscription ->> 'endpoint' ~ '^https://[^/@:]+/' AND subscription #>> '{keys,p256dh}' <> '' AND subscription #>> '{keys,auth}' <> '');

-- By which ways `wanted` reaches somebody, as set up; the account's own address where nothing else is. Never no way at all.
CREATE FUNCTION od.channels_of(of_staff bigint, wanted text[]) RETURNS TABLE (channel text, address text, staff_channel bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  WITH own AS (SELECT c.kind, c.address, c.id, c.active FROM network_staffchannel c WHERE c.staff_id = of_staff AND c.kind = ANY (wanted))
  SELECT kind, address, id FROM own WHERE active
  UNION ALL
  SELECT 'email', u.email, NULL FROM network_staff s JOIN network_user u ON u.id = s.user_id
  WHERE s.id = of_staff AND ('email' = ANY (wanted) AND NOT EXISTS (SELECT FROM own WHERE kind = 'email')
    OR NOT EXISTS (SELECT FROM own WHERE active)) $$;

-- A try of one's own channel: a message as it would come at night.
CREATE FUNCTION od.try_channel(of_channel uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_message (uuid, service_id, kind, channel, "to", staff_id, staff_channel_id, dedupe_key, last_error)
  SELECT gen_random_uuid(), service_id, 'trial', kind, address, staff_id, id, format('trial:%s:%s', id, date_trunc('minute', od.clock())), ''
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

-- A way that leads nowhere: what was meant to go there goes by e-mail, unless it does so anyway. A browser that took its word back
-- (`gone`) will never take a message again, and its channel is put away.
CREATE FUNCTION od.send_by_mail_instead(of_message bigint, gone boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m network_message;
BEGIN
  UPDATE network_message SET cancelled_at = od.clock(), lease_until = NULL, last_error = CASE WHEN gone THEN 'Gone' ELSE 'NotSetUp' END
  WHERE id = of_message AND channel <> 'email' AND sent_at IS NULL AND cancelled_at IS NULL RETURNING * INTO m;
  IF m.id IS NULL THEN RETURN; END IF;
  UPDATE network_staffchannel SET active = false WHERE gone AND id = m.staff_channel_id AND active;
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
GRANT EXECUTE ON FUNCTION od.clock(), od.beat(text, int, int, timestamptz), od.send_by_mail_instead(bigint, boolean) TO od_clock;
GRANT EXECUTE ON FUNCTION od.clock(), od.try_channel(uuid) TO od_app;
