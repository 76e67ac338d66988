-- Each one's own word on single lines: to keep one back while the rest is shared, to take one out of sight by two, and what people would
-- like to bring, written between meetings.

-- KEPT BACK. A line is kept back by the person, whose record it is, or by the one whose words it is; each takes back only their own word
-- (docs/adr/0019). The line itself carries the sum of it, so that a policy has one column to ask.

CREATE TRIGGER scope BEFORE INSERT ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'meetings_line', 'line_id', 'member_id', 'network_member', 'staff_id', 'network_staff');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER name BEFORE INSERT ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.addendum_name();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('ended_at');

-- The meeting is locked first, as for a line: whoever changes the words at the same moment goes before or after.
CREATE FUNCTION od.kept_back_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE l meetings_line;
BEGIN
  SELECT meeting_id INTO NEW.meeting_id FROM meetings_line WHERE id = NEW.line_id;
  PERFORM 1 FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  SELECT * INTO l FROM meetings_line WHERE id = NEW.line_id;
  IF l.replaced_by_id IS NOT NULL THEN PERFORM od.refuse('kept_back_as_it_stands'); END IF;
  IF NEW.staff_id IS DISTINCT FROM l.staff_id AND NEW.staff_id IS NOT NULL OR NEW.member_id IS NOT NULL
      AND NEW.member_id IS DISTINCT FROM l.member_id AND NOT (SELECT is_person FROM network_member WHERE id = NEW.member_id) THEN
    PERFORM od.refuse('kept_back_by_whose_words');
  END IF;
  IF NEW.ended_at IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.kept_back_fits();

CREATE FUNCTION od.kept_back_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  IF current_user = 'od_app' THEN NEW.ended_at := clock_timestamp(); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ends BEFORE UPDATE ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.kept_back_ends();

CREATE FUNCTION od.line_is_kept_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM meetings_line WHERE id = NEW.line_id FOR NO KEY UPDATE;
  UPDATE meetings_line SET kept_back = EXISTS (SELECT 1 FROM meetings_keptback WHERE line_id = NEW.line_id AND ended_at IS NULL) WHERE id = NEW.line_id;
  RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER INSERT OR UPDATE ON meetings_keptback FOR EACH ROW EXECUTE FUNCTION od.line_is_kept_back();

-- Other words for a line that is kept back are kept back as it was, whichever of its versions the word was about.
CREATE FUNCTION od.kept_back_in_other_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO meetings_keptback (uuid, service_id, network_id, meeting_id, line_id, member_id, staff_id, at)
  WITH RECURSIVE version AS (
    SELECT id, replaces_id FROM meetings_line WHERE id = NEW.replaces_id
    UNION SELECT l.id, l.replaces_id FROM meetings_line l JOIN version v ON l.id = v.replaces_id OR l.replaces_id = v.id)
  SELECT gen_random_uuid(), NEW.service_id, NEW.network_id, NEW.meeting_id, NEW.id, k.member_id, k.staff_id, min(k.at)
  FROM meetings_keptback k JOIN version v ON v.id = k.line_id WHERE k.ended_at IS NULL AND k.line_id <> NEW.id GROUP BY k.member_id, k.staff_id;
  RETURN NULL;
END $$;
CREATE TRIGGER z_kept AFTER INSERT ON meetings_line FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL AND NEW.state <> 'refused')
  EXECUTE FUNCTION od.kept_back_in_other_words();

-- What the database fills in nobody brings along.
CREATE FUNCTION od.nothing_filled_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'od_app' THEN NEW := jsonb_populate_record(NEW, (SELECT jsonb_object_agg(c, CASE c WHEN 'kept_back' THEN to_jsonb(false) END) FROM unnest(TG_ARGV) c)); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER filled_in BEFORE INSERT ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('kept_back', 'out_of_sight_at');
CREATE TRIGGER filled_in BEFORE INSERT ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('out_of_sight_at');

DROP POLICY shared ON meetings_line;
CREATE POLICY shared ON meetings_line FOR SELECT TO od_app USING (
  meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())) AND state <> 'refused' AND replaced_by_id IS NULL
  AND (NOT late OR seen_by_person_at IS NOT NULL) AND (NOT kept_back OR member_id = ANY (ARRAY(SELECT od.my_member_ids()))));

ALTER TABLE meetings_keptback ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON meetings_keptback FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids()))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())) AND meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY add ON meetings_keptback FOR INSERT TO od_app WITH CHECK (
  EXISTS (SELECT 1 FROM meetings_line l WHERE l.id = line_id) AND (
    member_id = ANY (ARRAY(SELECT od.my_member_ids())) OR staff_id = (SELECT od.my_staff_id()) AND (
      service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))));
CREATE POLICY change ON meetings_keptback FOR UPDATE TO od_app USING (
    member_id = ANY (ARRAY(SELECT od.my_member_ids())) OR staff_id = (SELECT od.my_staff_id()))
  WITH CHECK (member_id = ANY (ARRAY(SELECT od.my_member_ids())) OR staff_id = (SELECT od.my_staff_id()));
GRANT SELECT, INSERT ON meetings_keptback TO od_app;
GRANT UPDATE (ended_at) ON meetings_keptback TO od_app;


-- OUT OF SIGHT. The row stays as it was written, whole, and a restrictive policy keeps it from the app's role: no other policy, present or
-- to come, can open what a restrictive one closes. Only two different people bring it there, and nothing brings it back.

CREATE TRIGGER scope BEFORE INSERT ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id',
  'line_id', 'meetings_line', 'addendum_id', 'meetings_addendum', 'asked_by_id', 'network_staff');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.stamp('asked_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_outofsight FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('second_id', 'second_name', 'done_at');

CREATE FUNCTION od.out_of_sight_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found_text text;
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE) <> 'closed' THEN
    PERFORM od.refuse('out_of_sight_after_the_close');
  END IF;
  SELECT text INTO found_text FROM meetings_line WHERE id = NEW.line_id AND meeting_id = NEW.meeting_id AND out_of_sight_at IS NULL
  UNION ALL SELECT text FROM meetings_addendum WHERE id = NEW.addendum_id AND meeting_id = NEW.meeting_id AND out_of_sight_at IS NULL;
  IF found_text IS NULL THEN PERFORM od.refuse('of_the_same_network'); END IF;
  found_text := lower(regexp_replace(btrim(found_text), '\s+', ' ', 'g'));
  IF position(found_text IN lower(regexp_replace(NEW.words, '\s+', ' ', 'g'))) > 0 THEN PERFORM od.refuse('out_of_sight_repeats_nothing'); END IF;
  NEW.until := NEW.asked_at + interval '72 hours';
  NEW.asked_name := (SELECT name FROM network_staff WHERE id = NEW.asked_by_id);
  NEW.second_name := '';
  IF EXISTS (SELECT 1 FROM meetings_outofsight o WHERE (o.line_id = NEW.line_id OR o.addendum_id = NEW.addendum_id)
      AND o.done_at IS NULL AND o.until > clock_timestamp()) THEN
    PERFORM od.refuse('out_of_sight_asked_once');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER z_fits BEFORE INSERT ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.out_of_sight_fits();

CREATE FUNCTION od.out_of_sight_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.done_at IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  NEW.done_at := clock_timestamp();
  IF od.uid() IS NOT NULL AND NEW.second_id IS DISTINCT FROM od.my_staff_id() THEN PERFORM od.refuse('out_of_sight_in_own_name'); END IF;
  IF NEW.done_at > OLD.until THEN PERFORM od.refuse('out_of_sight_within_three_days'); END IF;
  IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.second_id AND service_id = NEW.service_id AND left_at IS NULL) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  IF NOT EXISTS (SELECT 1 FROM network_staff s WHERE s.id IN (NEW.asked_by_id, NEW.second_id) AND s.left_at IS NULL AND (s.is_lead
      OR EXISTS (SELECT 1 FROM network_teammember t WHERE t.staff_id = s.id AND t.network_id = NEW.network_id AND t.left_at IS NULL))) THEN
    PERFORM od.refuse('out_of_sight_with_the_team');
  END IF;
  NEW.second_name := (SELECT name FROM network_staff WHERE id = NEW.second_id);
  RETURN NEW;
END $$;
CREATE TRIGGER z_two BEFORE UPDATE ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.out_of_sight_by_two();

-- The words before and after a change go with the line; answers beside it stay, each with its author. The person hears of it.
CREATE FUNCTION od.goes_out_of_sight() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  WITH RECURSIVE words AS (
    SELECT id, replaces_id, replaced_by_id FROM meetings_line WHERE id = NEW.line_id
    UNION SELECT l.id, l.replaces_id, l.replaced_by_id FROM meetings_line l JOIN words w ON l.id IN (w.replaces_id, w.replaced_by_id) OR l.replaces_id = w.id)
  UPDATE meetings_line SET out_of_sight_at = NEW.done_at WHERE id IN (SELECT id FROM words) AND out_of_sight_at IS NULL;
  UPDATE meetings_addendum SET out_of_sight_at = NEW.done_at WHERE id = NEW.addendum_id AND out_of_sight_at IS NULL;
  PERFORM od.queue_message('out_of_sight:' || NEW.uuid, 'message', NEW.service_id, NEW.network_id, c.email, NULL)
  FROM network_membercontact c JOIN network_member m ON m.id = c.member_id WHERE m.network_id = NEW.network_id AND m.is_person;
  RETURN NULL;
END $$;
CREATE TRIGGER goes AFTER UPDATE ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.goes_out_of_sight();

-- Whoever may be the second hears that something waits, and finds it where the message leads.
CREATE FUNCTION od.second_is_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_message (uuid, service_id, network_id, kind, "to", path, dedupe_key, last_error)
  SELECT gen_random_uuid(), NEW.service_id, NEW.network_id, 'staff', u.email, '/notes/' || m.uuid || '/', 'out_of_sight:' || NEW.uuid || ':' || s.uuid, ''
  FROM meetings_meeting m, network_staff s JOIN network_user u ON u.id = s.user_id
  WHERE m.id = NEW.meeting_id AND s.service_id = NEW.service_id AND s.left_at IS NULL AND s.id <> NEW.asked_by_id AND u.email <> ''
    AND (s.is_lead OR EXISTS (SELECT 1 FROM network_teammember t WHERE t.staff_id = s.id AND t.network_id = NEW.network_id AND t.left_at IS NULL));
  RETURN NULL;
END $$;
CREATE TRIGGER second_asked AFTER INSERT ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.second_is_asked();

-- Nothing else takes words out of sight, and nothing puts them back.
CREATE FUNCTION od.out_of_sight_through_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.out_of_sight_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM meetings_outofsight
      WHERE meeting_id = NEW.meeting_id AND done_at = NEW.out_of_sight_at) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER through_two BEFORE UPDATE ON meetings_line FOR EACH ROW WHEN (OLD.out_of_sight_at IS DISTINCT FROM NEW.out_of_sight_at)
  EXECUTE FUNCTION od.out_of_sight_through_two();
CREATE TRIGGER through_two BEFORE UPDATE ON meetings_addendum FOR EACH ROW WHEN (OLD.out_of_sight_at IS DISTINCT FROM NEW.out_of_sight_at)
  EXECUTE FUNCTION od.out_of_sight_through_two();
DROP TRIGGER stays ON meetings_line;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'state', 'replaced_by_id', 'contested_at', 'contested_why', 'confirmed_in_id', 'confirmed_at', 'seen_by_person_at', 'late', 'kept_back', 'out_of_sight_at');
DROP TRIGGER stays ON meetings_addendum;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('out_of_sight_at');

CREATE POLICY out_of_sight ON meetings_line AS RESTRICTIVE FOR SELECT TO od_app USING (out_of_sight_at IS NULL);
CREATE POLICY out_of_sight ON meetings_addendum AS RESTRICTIVE FOR SELECT TO od_app USING (out_of_sight_at IS NULL);
-- Whether somebody may read what stands beside a line that is out of sight is asked of the line's own policies, which say no; for the
-- person and the staff their own policy on addenda has asked nothing of the line, and the answers stay.

ALTER TABLE meetings_outofsight ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON meetings_outofsight FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids())));
CREATE POLICY add ON meetings_outofsight FOR INSERT TO od_app WITH CHECK (
  asked_by_id = (SELECT od.my_staff_id()) AND second_id IS NULL AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids()))));
CREATE POLICY change ON meetings_outofsight FOR UPDATE TO od_app USING (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids())))
  WITH CHECK (second_id = (SELECT od.my_staff_id()));
GRANT SELECT, INSERT ON meetings_outofsight TO od_app;
GRANT UPDATE (second_id) ON meetings_outofsight TO od_app;


-- TO BRING. Written between meetings by the person or a member; read by the person, by who wrote it, and by the staff. Nobody writes into
-- the void: the owner of the case hears that something waits, and it is watched until somebody of the staff has opened a page that shows it.

CREATE TRIGGER scope BEFORE INSERT ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'network_network', 'network_id', 'member_id', 'network_member');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE FUNCTION od.to_bring_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM referrals_case WHERE network_id = NEW.network_id AND closed_at IS NULL) THEN PERFORM od.refuse('case_is_open'); END IF;
  NEW.name := (SELECT name FROM network_member WHERE id = NEW.member_id);
  RETURN NEW;
END $$;
CREATE TRIGGER z_fits BEFORE INSERT ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.to_bring_fits();
CREATE TRIGGER tells AFTER INSERT ON meetings_tobring FOR EACH ROW WHEN (current_user = 'od_app') EXECUTE FUNCTION od.tell_owner('to_bring');
CREATE TRIGGER watched AFTER INSERT ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.words_watched();

CREATE FUNCTION od.what_is_brought_was_read() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watch(w.id, 'read') FROM (SELECT w.id FROM referrals_watch w JOIN meetings_tobring b ON b.uuid = w.thing
    WHERE b.network_id = NEW.network_id AND w.ended_at IS NULL ORDER BY w.id FOR NO KEY UPDATE OF w) w;
  RETURN NULL;
END $$;
CREATE TRIGGER brought_was_read AFTER INSERT ON network_reading FOR EACH ROW
  WHEN (NEW.what = 'case' AND NEW.reader_role IN ('team', 'coordinator', 'lead', 'clinician') AND NOT NEW.in_need) EXECUTE FUNCTION od.what_is_brought_was_read();

ALTER TABLE meetings_tobring ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON meetings_tobring FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids()))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())));
CREATE POLICY add ON meetings_tobring FOR INSERT TO od_app WITH CHECK (member_id = ANY (ARRAY(SELECT od.my_member_ids())));
GRANT SELECT, INSERT ON meetings_tobring TO od_app;


-- What stands beside may also be a correction.
ALTER TABLE meetings_addendum DROP CONSTRAINT one_of_the_answers_addendum;
ALTER TABLE meetings_addendum ADD CONSTRAINT one_of_the_answers_addendum CHECK (kind IN ('added', 'corrects', 'differs'));
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
