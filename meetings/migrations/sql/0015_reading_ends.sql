-- Which meetings a member may read, now that a word may come to an end and a reader may be paused (network 0015). The database's clock decides.

CREATE OR REPLACE FUNCTION od.readable_meeting_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = public, pg_temp AS $$
  SELECT m.id FROM network_consent c JOIN meetings_meeting m ON m.network_id = c.network_id AND m.status = 'closed'
  WHERE c.member_id IN (SELECT od.reading_member_ids()) AND c.withdrawn_at IS NULL AND (c.until IS NULL OR c.until > statement_timestamp())
    AND (c.covers = 'all' OR m.started_at >= coalesce(c.since, c.given_at))
  UNION SELECT m.id FROM meetings_noteshare s JOIN meetings_meeting m ON m.id = s.meeting_id AND m.status = 'closed'
  WHERE s.member_id IN (SELECT od.reading_member_ids()) AND s.withdrawn_at IS NULL AND (s.until IS NULL OR s.until > statement_timestamp()) $$;

DROP POLICY shared ON meetings_noteshare;
CREATE POLICY shared ON meetings_noteshare FOR SELECT TO od_app USING (
  withdrawn_at IS NULL AND (until IS NULL OR until > statement_timestamp()) AND member_id = ANY (ARRAY(SELECT od.reading_member_ids())));
CREATE TRIGGER not_paused BEFORE INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.reader_is_not_paused();

-- Somebody who never signed in and may no longer read finds the same as somebody who never might.
CREATE OR REPLACE FUNCTION od.waiting_memberships() RETURNS TABLE (member uuid, member_name text, service_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.uuid, m.name::text, s.name::text
  FROM network_user u JOIN network_membercontact c ON c.email = u.email JOIN network_member m ON m.id = c.member_id
  JOIN network_service s ON s.id = m.service_id
  WHERE u.id = (SELECT od.uid()) AND u.is_active AND m.user_id IS NULL AND m.left_at IS NULL AND (m.is_person OR m.wanted
    OR NOT EXISTS (SELECT 1 FROM network_readerpause p WHERE p.member_id = m.id AND p.ended_at IS NULL) AND (
      EXISTS (SELECT 1 FROM network_consent g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL AND (g.until IS NULL OR g.until > statement_timestamp()))
      OR EXISTS (SELECT 1 FROM meetings_noteshare g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL
        AND (g.until IS NULL OR g.until > statement_timestamp()))))
    AND m.service_id NOT IN (SELECT od.overseen_service_ids()) AND m.network_id NOT IN (SELECT od.clinician_network_ids()) $$;

-- Who has left reads no more, and should they come back, reads by a new word only; a pause has nothing left to pause.
CREATE OR REPLACE FUNCTION od.leaving_ends_reading() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_consent SET withdrawn_at = clock_timestamp(), withdrawn_by_id = od.uid() WHERE member_id = NEW.id AND withdrawn_at IS NULL;
  UPDATE meetings_noteshare SET withdrawn_at = clock_timestamp(), withdrawn_by_id = od.uid() WHERE member_id = NEW.id AND withdrawn_at IS NULL;
  UPDATE network_readerpause SET ended_at = clock_timestamp(), ended_by_id = od.uid() WHERE member_id = NEW.id AND ended_at IS NULL;
  RETURN NULL;
END $$;

-- A reader sees that they may read, never that they no longer may: whether it was taken back, paused, or has come to its end.
DROP POLICY see ON network_consent;
CREATE POLICY see ON network_consent FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids()))
  OR withdrawn_at IS NULL AND (until IS NULL OR until > statement_timestamp()) AND member_id = ANY (ARRAY(SELECT od.reading_member_ids())));


-- A pause is seen by those who may read the record whole, and never by a reader.
CREATE POLICY see ON network_readerpause FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids())));
