-- What stands beside the record, more closely than 0002: in whose name, beside which line, and on whose word it is read.

-- A member sees what stands beside a line only where the line itself is shared: an answer to a refused or a late line tells of it.
-- The policies of meetings_line apply within, so this asks "the lines I can see". The same for standing beside one.
DROP POLICY shared ON meetings_addendum;
CREATE POLICY shared ON meetings_addendum FOR SELECT TO od_app USING (
  meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids()))
  AND (line_id IS NULL OR EXISTS (SELECT 1 FROM meetings_line l WHERE l.id = line_id)));
DROP POLICY add ON meetings_addendum;
CREATE POLICY add ON meetings_addendum FOR INSERT TO od_app WITH CHECK (
  (line_id IS NULL OR EXISTS (SELECT 1 FROM meetings_line l WHERE l.id = line_id))
  AND (staff_id = (SELECT od.my_staff_id()) AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())) AND (
    network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())))));

-- Nobody speaks under another's name: it is taken from the one who writes.
CREATE FUNCTION od.addendum_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.name := coalesce((SELECT name FROM network_member WHERE id = NEW.member_id), (SELECT name FROM network_staff WHERE id = NEW.staff_id));
  RETURN NEW;
END $$;
CREATE TRIGGER name BEFORE INSERT ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.addendum_name();

-- Only the person says that they have seen a late line. The clock is the database's.
CREATE FUNCTION od.seen_by_the_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' THEN
    IF NOT NEW.late OR NOT NEW.network_id = ANY (ARRAY(SELECT od.person_network_ids())) THEN
      PERFORM od.refuse('late_line_seen_by_the_person');
    END IF;
    NEW.seen_by_person_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER seen BEFORE UPDATE ON meetings_line FOR EACH ROW
  WHEN (OLD.seen_by_person_at IS NULL AND NEW.seen_by_person_at IS NOT NULL) EXECUTE FUNCTION od.seen_by_the_person();

-- Sharing one meeting: the person on their own page, or who was in the room with them wrote their word down: the team, or who covers it.
CREATE FUNCTION od.covered_meeting_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 5 SET search_path = public, pg_temp AS $$
  SELECT m.id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
  WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status = 'started' $$;

DROP POLICY add ON meetings_noteshare;
CREATE POLICY add ON meetings_noteshare FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.uid()) AND withdrawn_at IS NULL AND (
    how = 'own_page' AND network_id = ANY (ARRAY(SELECT od.person_network_ids()))
    OR how <> 'own_page' AND (network_id = ANY (ARRAY(SELECT od.team_network_ids())) OR meeting_id = ANY (ARRAY(SELECT od.covered_meeting_ids())))));
DROP POLICY change ON meetings_noteshare;
CREATE POLICY change ON meetings_noteshare FOR UPDATE TO od_app USING (
    network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR network_id = ANY (ARRAY(SELECT od.team_network_ids())))
  WITH CHECK (withdrawn_by_id = (SELECT od.uid()));
CREATE TRIGGER says_where BEFORE INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.consent_says_where();
CREATE TRIGGER untold AFTER UPDATE ON meetings_noteshare FOR EACH ROW WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
  EXECUTE FUNCTION od.withdrawn_untold();

-- Nobody writes into the void: a wish, and what the person or a member adds to a note, reaches the owner of the case by a message
-- that says nothing but that something waits. The person and the members cannot see that address, so the database sends it.
CREATE FUNCTION od.tell_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.queue_message(TG_ARGV[0] || ':' || NEW.uuid, 'staff', NEW.service_id, NEW.network_id, u.email, NULL)
  FROM (SELECT * FROM referrals_case c WHERE c.network_id = NEW.network_id ORDER BY c.closed_at DESC NULLS FIRST, c.id DESC LIMIT 1) c
  JOIN network_staff s ON s.id = c.owner_id JOIN network_user u ON u.id = s.user_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tells AFTER INSERT ON referrals_contact FOR EACH ROW WHEN (NEW.kind = 'wish' AND current_user = 'od_app') EXECUTE FUNCTION od.tell_owner('wish');
CREATE TRIGGER tells AFTER INSERT ON meetings_addendum FOR EACH ROW
  WHEN (NEW.member_id IS NOT NULL AND current_user = 'od_app') EXECUTE FUNCTION od.tell_owner('addendum');

-- Whom the person lets read can sign in and say who they are, also when they were never invited to a meeting.
CREATE FUNCTION od.reader_can_sign_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_user (email, password, is_active, created_at)
  SELECT c.email, '!' || gen_random_uuid(), true, clock_timestamp() FROM network_membercontact c WHERE c.member_id = NEW.member_id AND c.email <> ''
  ON CONFLICT (email) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER sign_in AFTER INSERT ON network_consent FOR EACH ROW EXECUTE FUNCTION od.reader_can_sign_in();
CREATE TRIGGER sign_in AFTER INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.reader_can_sign_in();

CREATE OR REPLACE FUNCTION od.waiting_memberships() RETURNS TABLE (member uuid, member_name text, service_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.uuid, m.name::text, s.name::text
  FROM network_user u JOIN network_membercontact c ON c.email = u.email JOIN network_member m ON m.id = c.member_id
  JOIN network_service s ON s.id = m.service_id
  WHERE u.id = (SELECT od.uid()) AND u.is_active AND m.user_id IS NULL AND m.left_at IS NULL AND (m.is_person OR m.wanted
    OR EXISTS (SELECT 1 FROM network_consent g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL)
    OR EXISTS (SELECT 1 FROM meetings_noteshare g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL)) $$;

GRANT EXECUTE ON FUNCTION od.covered_meeting_ids() TO od_app;
