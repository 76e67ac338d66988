-- Out of sight, for whatever words there are: what somebody said when the record was read back, a call, a contact, what was decided without
-- the person, and what people bring. By the same two people, recorded, and told to the person.
--
-- A line, what stands beside one, and what people bring are words and nothing else: the row goes out of sight. A call has its clock, a contact
-- and a read back have their answer, and an exception is counted: there the row stays, says in their place that the words were taken out of
-- sight, and the words are set aside whole, where no role of the service reads. Where a member reads along (a read back), nothing stands in
-- their place.

ALTER TABLE meetings_setaside ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_setaside FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- Whose network, which case and which meeting follows from the words.
CREATE FUNCTION od.out_of_sight_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE given bigint := NEW.meeting_id;
BEGIN
  SELECT w.service_id, w.network_id, w.case_id, w.meeting_id INTO NEW.service_id, NEW.network_id, NEW.case_id, NEW.meeting_id FROM (
    SELECT m.service_id, m.network_id, m.case_id, m.id AS meeting_id FROM meetings_meeting m WHERE m.id IN (
      SELECT meeting_id FROM meetings_line WHERE id = NEW.line_id
      UNION ALL SELECT meeting_id FROM meetings_addendum WHERE id = NEW.addendum_id
      UNION ALL SELECT meeting_id FROM meetings_readback WHERE id = NEW.read_back_id)
    UNION ALL SELECT service_id, network_id, case_id, NULL FROM meetings_decidedwithout WHERE id = NEW.exception_id
    UNION ALL SELECT service_id, network_id, case_id, NULL FROM referrals_referral WHERE id = NEW.referral_id
    UNION ALL SELECT service_id, network_id, case_id, NULL FROM referrals_contact WHERE id = NEW.contact_id
    UNION ALL SELECT b.service_id, b.network_id, (SELECT max(c.id) FROM referrals_case c WHERE c.network_id = b.network_id AND c.opened_at <= b.at), NULL
      FROM meetings_tobring b WHERE b.id = NEW.brought_id) w;
  IF NOT FOUND OR given IS DISTINCT FROM NEW.meeting_id AND given IS NOT NULL
      OR NEW.service_id IS DISTINCT FROM (SELECT service_id FROM network_staff WHERE id = NEW.asked_by_id) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER scope ON meetings_outofsight;
CREATE TRIGGER scope BEFORE INSERT ON meetings_outofsight FOR EACH ROW EXECUTE FUNCTION od.out_of_sight_scope();

ALTER TABLE meetings_outofsight DISABLE TRIGGER USER;
UPDATE meetings_outofsight o SET case_id = m.case_id FROM meetings_meeting m WHERE m.id = o.meeting_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE meetings_outofsight ENABLE TRIGGER USER;
SET CONSTRAINTS ALL DEFERRED;

-- The words that are meant, as long as they can be seen.
CREATE FUNCTION od.words_meant(o meetings_outofsight) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT text FROM meetings_line WHERE id = o.line_id AND out_of_sight_at IS NULL
  UNION ALL SELECT text FROM meetings_addendum WHERE id = o.addendum_id AND out_of_sight_at IS NULL
  UNION ALL SELECT words FROM meetings_readback WHERE id = o.read_back_id AND out_of_sight_at IS NULL AND words <> ''
  UNION ALL SELECT unnest(ARRAY[text, why, taken_up_words]) FROM meetings_decidedwithout WHERE id = o.exception_id AND out_of_sight_at IS NULL
  UNION ALL SELECT text FROM meetings_tobring WHERE id = o.brought_id AND out_of_sight_at IS NULL
  UNION ALL SELECT unnest(ARRAY[words, safety]) FROM referrals_referral WHERE id = o.referral_id AND out_of_sight_at IS NULL
  UNION ALL SELECT unnest(ARRAY[words, offered, next_contact]) FROM referrals_contact WHERE id = o.contact_id AND out_of_sight_at IS NULL $$;

CREATE OR REPLACE FUNCTION od.out_of_sight_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE meant text[]; said text := lower(regexp_replace(NEW.words, '\s+', ' ', 'g'));
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE) <> 'closed' THEN
    PERFORM od.refuse('out_of_sight_after_the_close');
  END IF;
  SELECT array_agg(lower(regexp_replace(btrim(w), '\s+', ' ', 'g'))) INTO meant FROM od.words_meant(NEW) w;
  IF meant IS NULL THEN PERFORM od.refuse('of_the_same_network'); END IF;
  IF EXISTS (SELECT 1 FROM unnest(meant) w WHERE w <> '' AND position(w IN said) > 0) THEN PERFORM od.refuse('out_of_sight_repeats_nothing'); END IF;
  NEW.until := NEW.asked_at + interval '72 hours';
  NEW.asked_name := (SELECT name FROM network_staff WHERE id = NEW.asked_by_id);
  NEW.second_name := '';
  IF EXISTS (SELECT 1 FROM meetings_outofsight o WHERE o.network_id = NEW.network_id AND o.done_at IS NULL AND o.until > clock_timestamp()
      AND (o.line_id, o.addendum_id, o.read_back_id, o.exception_id, o.brought_id, o.referral_id, o.contact_id) IS NOT DISTINCT FROM
        (NEW.line_id, NEW.addendum_id, NEW.read_back_id, NEW.exception_id, NEW.brought_id, NEW.referral_id, NEW.contact_id)) THEN
    PERFORM od.refuse('out_of_sight_asked_once');
  END IF;
  RETURN NEW;
END $$;

-- The words before and after a change go with the line; answers beside it stay, each with its author. Of a call in the wrong case also goes who
-- called, and whom it was about; where the law forbids words, the number to call back stays. The person hears of it.
CREATE OR REPLACE FUNCTION od.goes_out_of_sight() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone constant text := 'Taken out of sight.'; wrong_case constant boolean := NEW.why = 'wrong_case';
BEGIN
  IF NEW.line_id IS NOT NULL THEN
    WITH RECURSIVE words AS (
      SELECT id, replaces_id, replaced_by_id FROM meetings_line WHERE id = NEW.line_id
      UNION SELECT l.id, l.replaces_id, l.replaced_by_id FROM meetings_line l JOIN words w ON l.id IN (w.replaces_id, w.replaced_by_id) OR l.replaces_id = w.id)
    UPDATE meetings_line SET out_of_sight_at = NEW.done_at WHERE id IN (SELECT id FROM words) AND out_of_sight_at IS NULL;
  ELSIF NEW.addendum_id IS NOT NULL THEN
    UPDATE meetings_addendum SET out_of_sight_at = NEW.done_at WHERE id = NEW.addendum_id AND out_of_sight_at IS NULL;
  ELSIF NEW.brought_id IS NOT NULL THEN
    UPDATE meetings_tobring SET out_of_sight_at = NEW.done_at WHERE id = NEW.brought_id AND out_of_sight_at IS NULL;
    PERFORM od.end_watch(w.id, 'read') FROM (SELECT w.id FROM referrals_watch w JOIN meetings_tobring b ON b.uuid = w.thing
      WHERE b.id = NEW.brought_id AND w.ended_at IS NULL ORDER BY w.id FOR NO KEY UPDATE OF w) w;
  ELSIF NEW.read_back_id IS NOT NULL THEN
    INSERT INTO meetings_setaside (asked_id, service_id, network_id, words) SELECT NEW.id, service_id, network_id, jsonb_build_object('words', words)
    FROM meetings_readback WHERE id = NEW.read_back_id AND out_of_sight_at IS NULL;
    UPDATE meetings_readback SET words = '', out_of_sight_at = NEW.done_at WHERE id = NEW.read_back_id AND out_of_sight_at IS NULL;
  ELSIF NEW.exception_id IS NOT NULL THEN
    INSERT INTO meetings_setaside (asked_id, service_id, network_id, words) SELECT NEW.id, service_id, network_id, jsonb_build_object('text', text, 'why', why, 'taken_up_words', taken_up_words)
    FROM meetings_decidedwithout WHERE id = NEW.exception_id AND out_of_sight_at IS NULL;
    UPDATE meetings_decidedwithout SET text = gone, why = gone, taken_up_words = CASE taken_up_words WHEN '' THEN '' ELSE gone END,
      out_of_sight_at = NEW.done_at WHERE id = NEW.exception_id AND out_of_sight_at IS NULL;
  ELSIF NEW.referral_id IS NOT NULL THEN
    INSERT INTO meetings_setaside (asked_id, service_id, network_id, words) SELECT NEW.id, service_id, network_id, jsonb_build_object('words', words, 'safety', safety, 'person_name', person_name,
      'caller_name', caller_name, 'caller_relation', caller_relation, 'call_back', call_back, 'place_words', place_words)
    FROM referrals_referral WHERE id = NEW.referral_id AND out_of_sight_at IS NULL;
    UPDATE referrals_referral r SET words = CASE words WHEN '' THEN '' ELSE gone END, safety = '', out_of_sight_at = NEW.done_at,
      caller_name = CASE WHEN wrong_case THEN '' ELSE caller_name END, caller_relation = CASE WHEN wrong_case THEN '' ELSE caller_relation END,
      call_back = CASE WHEN wrong_case THEN gone ELSE call_back END, place_words = CASE WHEN wrong_case THEN '' ELSE place_words END,
      person_name = CASE WHEN wrong_case THEN (SELECT name FROM network_member m WHERE m.network_id = r.network_id AND m.is_person) ELSE person_name END
    WHERE id = NEW.referral_id AND out_of_sight_at IS NULL;
  ELSIF NEW.contact_id IS NOT NULL THEN
    INSERT INTO meetings_setaside (asked_id, service_id, network_id, words) SELECT NEW.id, service_id, network_id, jsonb_build_object('whom', whom, 'words', words, 'declined_by', declined_by,
      'offered', offered, 'next_contact', next_contact)
    FROM referrals_contact WHERE id = NEW.contact_id AND out_of_sight_at IS NULL;
    UPDATE referrals_contact SET whom = '', words = CASE words WHEN '' THEN '' ELSE gone END, declined_by = CASE declined_by WHEN '' THEN '' ELSE 'Somebody' END,
      offered = CASE offered WHEN '' THEN '' ELSE gone END, next_contact = CASE next_contact WHEN '' THEN '' ELSE gone END, out_of_sight_at = NEW.done_at
    WHERE id = NEW.contact_id AND out_of_sight_at IS NULL;
  END IF;
  PERFORM od.queue_message('out_of_sight:' || NEW.uuid, 'message', NEW.service_id, NEW.network_id, c.email, NULL)
  FROM network_membercontact c JOIN network_member m ON m.id = c.member_id WHERE m.network_id = NEW.network_id AND m.is_person;
  RETURN NULL;
END $$;

-- Whoever may be the second finds it where the message leads: on the note, or in the case.
CREATE OR REPLACE FUNCTION od.second_is_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_message (uuid, service_id, network_id, kind, "to", path, dedupe_key, last_error)
  SELECT gen_random_uuid(), NEW.service_id, NEW.network_id, 'staff', u.email,
    coalesce((SELECT '/notes/' || m.uuid || '/' FROM meetings_meeting m WHERE m.id = NEW.meeting_id),
      (SELECT '/cases/' || c.uuid || '/' FROM referrals_case c WHERE c.id = NEW.case_id), '/'), 'out_of_sight:' || NEW.uuid || ':' || s.uuid, ''
  FROM network_staff s JOIN network_user u ON u.id = s.user_id
  WHERE s.service_id = NEW.service_id AND s.left_at IS NULL AND s.id <> NEW.asked_by_id AND u.email <> ''
    AND (s.is_lead OR EXISTS (SELECT 1 FROM network_teammember t WHERE t.staff_id = s.id AND t.network_id = NEW.network_id AND t.left_at IS NULL));
  RETURN NULL;
END $$;

-- Nothing else takes words out of sight, nothing puts them back, and what then may change for it changes for nothing else (args: columns).
CREATE FUNCTION od.words_go_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.out_of_sight_at IS NOT DISTINCT FROM OLD.out_of_sight_at THEN
    IF EXISTS (SELECT 1 FROM unnest(TG_ARGV) c WHERE to_jsonb(NEW) -> c IS DISTINCT FROM to_jsonb(OLD) -> c) THEN
      PERFORM od.refuse('stays_as_written');
    END IF;
  ELSIF OLD.out_of_sight_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM meetings_outofsight
      WHERE network_id = NEW.network_id AND done_at = NEW.out_of_sight_at) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER through_two BEFORE UPDATE ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.words_go_by_two();
CREATE TRIGGER through_two BEFORE UPDATE ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.words_go_by_two('text', 'why');
CREATE TRIGGER through_two BEFORE UPDATE ON meetings_tobring FOR EACH ROW EXECUTE FUNCTION od.words_go_by_two();
CREATE TRIGGER through_two BEFORE UPDATE ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.words_go_by_two(
  'person_name', 'caller_name', 'caller_relation', 'call_back', 'place_words');
CREATE TRIGGER through_two BEFORE UPDATE ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.words_go_by_two(
  'whom', 'words', 'declined_by', 'offered', 'next_contact');

DROP TRIGGER stays ON meetings_readback;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_readback FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('answer', 'words', 'at', 'recorded_by_id', 'entry', 'out_of_sight_at');
DROP TRIGGER stays ON meetings_decidedwithout;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'bring_to_id', 'taken_up_in_id', 'taken_up_at', 'taken_up_words', 'text', 'why', 'out_of_sight_at');
DROP TRIGGER stays ON meetings_tobring;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_tobring FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('taken_up_in_id', 'taken_up_at', 'out_of_sight_at');
DROP TRIGGER stays ON referrals_referral;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'told', 'told_at', 'words', 'safety', 'person_name', 'caller_name', 'caller_relation', 'call_back', 'place_words', 'out_of_sight_at');
DROP TRIGGER stays ON referrals_contact;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'whom', 'words', 'declined_by', 'offered', 'next_contact', 'out_of_sight_at');

-- What else is asked when one of these rows changes is asked of other changes than this one.
DROP TRIGGER fits ON meetings_readback;
CREATE TRIGGER fits BEFORE INSERT ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.read_back_fits();
CREATE TRIGGER fits_again BEFORE UPDATE ON meetings_readback FOR EACH ROW
  WHEN (OLD.out_of_sight_at IS NOT DISTINCT FROM NEW.out_of_sight_at) EXECUTE FUNCTION od.read_back_fits();
DROP TRIGGER taken_up ON meetings_decidedwithout;
CREATE TRIGGER taken_up BEFORE UPDATE ON meetings_decidedwithout FOR EACH ROW
  WHEN (OLD.out_of_sight_at IS NOT DISTINCT FROM NEW.out_of_sight_at) EXECUTE FUNCTION od.exception_taken_up();
DROP TRIGGER taken_up ON meetings_tobring;
CREATE TRIGGER taken_up BEFORE UPDATE ON meetings_tobring FOR EACH ROW
  WHEN (OLD.out_of_sight_at IS NOT DISTINCT FROM NEW.out_of_sight_at) EXECUTE FUNCTION od.brought_is_taken_up();
DROP TRIGGER told ON referrals_referral;
CREATE TRIGGER told BEFORE UPDATE ON referrals_referral FOR EACH ROW
  WHEN (OLD.out_of_sight_at IS NOT DISTINCT FROM NEW.out_of_sight_at) EXECUTE FUNCTION od.told_later();

CREATE TRIGGER filled_in BEFORE INSERT ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('out_of_sight_at');
CREATE TRIGGER filled_in BEFORE INSERT ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('out_of_sight_at');
CREATE TRIGGER filled_in BEFORE INSERT ON referrals_contact FOR EACH ROW EXECUTE FUNCTION od.nothing_filled_in('out_of_sight_at');
DROP TRIGGER filled_in ON meetings_tobring;
CREATE TRIGGER filled_in BEFORE INSERT ON meetings_tobring FOR EACH ROW
  EXECUTE FUNCTION od.nothing_filled_in('taken_up_in_id', 'taken_up_at', 'out_of_sight_at');

CREATE POLICY out_of_sight ON meetings_tobring AS RESTRICTIVE FOR SELECT TO od_app USING (out_of_sight_at IS NULL);
