-- Until when a word holds, and a pause: two more ways in which reading ends without a word to anybody.
--
-- A word may last until a moment. The database's own clock ends it: nothing has to run then, and nothing is sent. A change of the end is a
-- new word, as every change is; one that covers meetings "from now on" carries from when that was (since).
--
-- By the person's word a member may be paused: they read nothing, what they were given stands, and holds again when the pause ends. The
-- person pauses and ends it on their own page; the team writes down that the person said so, and where, and who was there. Ending it
-- opens the record again, so the team needs the person's word for that, too.

CREATE TRIGGER scope BEFORE INSERT ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_member', 'member_id');
CREATE TRIGGER stamp BEFORE INSERT ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.stamp('began_at');
CREATE TRIGGER others BEFORE INSERT ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.consent_is_for_others();
CREATE TRIGGER says_where BEFORE INSERT ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.consent_says_where();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_readerpause FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('ended_at', 'ended_by_id', 'ended_where', 'ended_witness');

-- The one who writes it down is named by the database; what was queued for the member and has not gone out stays unsent.
CREATE FUNCTION od.pause_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.name := coalesce((SELECT name FROM network_staff WHERE user_id = NEW.recorded_by_id AND service_id = NEW.service_id),
    (SELECT name FROM network_member WHERE user_id = NEW.recorded_by_id AND network_id = NEW.network_id), '');
  UPDATE network_message SET cancelled_at = clock_timestamp() WHERE network_id = NEW.network_id AND dedupe_key LIKE 'word:%'
    AND "to" = (SELECT email FROM network_membercontact WHERE member_id = NEW.member_id) AND sent_at IS NULL AND cancelled_at IS NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER z_begins BEFORE INSERT ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.pause_begins();

CREATE FUNCTION od.pause_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  IF current_user = 'od_app' THEN
    NEW.ended_at := clock_timestamp();
    IF NEW.network_id NOT IN (SELECT od.person_network_ids()) AND (NEW.ended_where !~ '\S' OR NEW.ended_witness !~ '\S') THEN
      PERFORM od.refuse('pause_ends_by_the_persons_word');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ends BEFORE UPDATE ON network_readerpause FOR EACH ROW EXECUTE FUNCTION od.pause_ends();

-- Whoever is paused is given nothing new: it would look as if it held.
CREATE FUNCTION od.reader_is_not_paused() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM network_readerpause WHERE member_id = NEW.member_id AND ended_at IS NULL) THEN
    PERFORM od.refuse('reader_is_not_paused');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER not_paused BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.reader_is_not_paused();

-- Members of the reader who read now.
CREATE FUNCTION od.reading_member_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = public, pg_temp AS $$
  SELECT m FROM od.my_member_ids() m WHERE NOT EXISTS (SELECT 1 FROM network_readerpause p WHERE p.member_id = m AND p.ended_at IS NULL) $$;

ALTER TABLE network_readerpause ENABLE ROW LEVEL SECURITY;
-- Who sees that there is a pause is said in meetings 0015, where all that lets somebody read is known.
CREATE POLICY add ON network_readerpause FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.uid()) AND ended_at IS NULL AND (
    how = 'own_page' AND network_id = ANY (ARRAY(SELECT od.person_network_ids()))
    OR how <> 'own_page' AND network_id = ANY (ARRAY(SELECT od.team_network_ids()))));
CREATE POLICY change ON network_readerpause FOR UPDATE TO od_app USING (
    network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR network_id = ANY (ARRAY(SELECT od.team_network_ids())))
  WITH CHECK (ended_by_id = (SELECT od.uid()));
GRANT SELECT, INSERT ON network_readerpause TO od_app;
GRANT UPDATE (ended_at, ended_by_id, ended_where, ended_witness) ON network_readerpause TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
GRANT EXECUTE ON FUNCTION od.reading_member_ids() TO od_app;
