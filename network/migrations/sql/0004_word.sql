-- Whose word opens the record, more closely than 0002: who heard it, when it was taken back, and who turned out to be somebody else.

-- Writing down the person's word is for those who heard it. Owning a case is the coordinator's work, and not being of the team.
CREATE FUNCTION od.team_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL $$;

DROP POLICY add ON network_consent;
CREATE POLICY add ON network_consent FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.uid()) AND withdrawn_at IS NULL AND (
    how = 'own_page' AND network_id = ANY (ARRAY(SELECT od.person_network_ids()))
    OR how <> 'own_page' AND network_id = ANY (ARRAY(SELECT od.team_network_ids()))));
DROP POLICY change ON network_consent;
CREATE POLICY change ON network_consent FOR UPDATE TO od_app USING (
    network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR network_id = ANY (ARRAY(SELECT od.team_network_ids())))
  WITH CHECK (withdrawn_by_id = (SELECT od.uid()));

-- Withdrawn once, by one, at the database's time: who took it back is as much a part of it as when.
CREATE OR REPLACE FUNCTION od.withdrawn_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_at, NEW.withdrawn_by_id) IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_by_id) THEN
    PERFORM od.refuse('withdrawn_stays');
  END IF;
  IF OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND current_user = 'od_app' THEN
    NEW.withdrawn_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;

-- A word said elsewhere than on the person's own page says where that was.
CREATE FUNCTION od.consent_says_where() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.how <> 'own_page' AND NEW."where" !~ '\S' THEN PERFORM od.refuse('consent_says_where'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER says_where BEFORE INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.consent_says_where();

-- The message that something waits goes no further once the word was taken back. `word:` and the uuid of the row is its key.
CREATE FUNCTION od.withdrawn_untold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_message SET cancelled_at = clock_timestamp()
  WHERE dedupe_key = 'word:' || NEW.uuid AND sent_at IS NULL AND cancelled_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER untold AFTER UPDATE ON network_consent FOR EACH ROW WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
  EXECUTE FUNCTION od.withdrawn_untold();

-- "No, that is not me": the address was somebody else's, so nothing goes to it any more, and the one on duty is told.
CREATE FUNCTION od.not_me(member uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_member;
BEGIN
  SELECT m.* INTO who FROM network_member m WHERE m.uuid = not_me.member AND m.uuid IN (SELECT w.member FROM od.waiting_memberships() w);
  IF who.id IS NULL THEN RETURN false; END IF;
  UPDATE network_membercontact SET email = '' WHERE member_id = who.id;
  PERFORM od.queue_message('not_me:' || who.uuid || ':' || od.uid(), 'staff', who.service_id, who.network_id, u.email, NULL)
  FROM network_service s JOIN network_staff d ON d.id = s.on_duty_id JOIN network_user u ON u.id = d.user_id WHERE s.id = who.service_id;
  RETURN true;
END $$;

GRANT EXECUTE ON FUNCTION od.team_network_ids(), od.not_me(uuid) TO od_app;
