-- The message that something waits to be read goes with the word behind it, not with the address: an address changes, and may be somebody
-- else's. Its key is `word:` and the uuid of the consent or the share (network 0004, meetings 0004).

-- A pause takes back what is queued by the words it pauses, and nothing else.
CREATE OR REPLACE FUNCTION od.pause_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.name := coalesce((SELECT name FROM network_staff WHERE user_id = NEW.recorded_by_id AND service_id = NEW.service_id),
    (SELECT name FROM network_member WHERE user_id = NEW.recorded_by_id AND network_id = NEW.network_id), '');
  UPDATE network_message SET cancelled_at = clock_timestamp() WHERE sent_at IS NULL AND cancelled_at IS NULL AND dedupe_key IN (
    SELECT 'word:' || uuid FROM network_consent WHERE member_id = NEW.member_id AND withdrawn_at IS NULL
    UNION ALL SELECT 'word:' || uuid FROM meetings_noteshare WHERE member_id = NEW.member_id AND withdrawn_at IS NULL);
  RETURN NEW;
END $$;

-- A word that runs out has nobody who does it, so it is asked each time a sender takes the message into its hands: whoever may not read
-- now is not told that something waits. Such a message is withdrawn in the same statement, and the sender is given it as withdrawn.
CREATE FUNCTION od.word_still_holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
      SELECT 1 FROM (
        SELECT uuid, member_id, until FROM network_consent WHERE withdrawn_at IS NULL
        UNION ALL SELECT uuid, member_id, until FROM meetings_noteshare WHERE withdrawn_at IS NULL) w
      JOIN network_member m ON m.id = w.member_id AND m.left_at IS NULL
      WHERE w.uuid = substring(NEW.dedupe_key FROM '^word:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$')::uuid AND (w.until IS NULL OR w.until > od.clock())
        AND NOT EXISTS (SELECT 1 FROM network_readerpause p WHERE p.member_id = m.id AND p.ended_at IS NULL)) THEN
    NEW.cancelled_at := od.clock();
    NEW.lease_until := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER word_holds BEFORE UPDATE OF attempts ON network_message FOR EACH ROW
  WHEN (NEW.dedupe_key LIKE 'word:%' AND NEW.attempts > OLD.attempts AND NEW.cancelled_at IS NULL) EXECUTE FUNCTION od.word_still_holds();
