-- Booking, inviting, answering, moving: what 0002 left to the app.

-- Two people booking in the same second wait for each other, clinician by clinician and always in the same order: without this, both
-- would find the other's row in the exclusion constraint and PostgreSQL would end one of them as a deadlock.
CREATE FUNCTION od.lock_staff(staff bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE one bigint;
BEGIN
  FOR one IN SELECT DISTINCT s FROM unnest(staff) s ORDER BY s LOOP
    PERFORM pg_advisory_xact_lock(20, one::int);
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION od.staff_busy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  PERFORM od.lock_staff(ARRAY[NEW.staff_id]);
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id;
  NEW.busy := tstzrange(m.starts_at - m.travel_minutes * interval '1 minute', m.ends_at + m.travel_minutes * interval '1 minute');
  IF m.status = 'cancelled' THEN
    IF TG_OP = 'INSERT' THEN PERFORM od.refuse('meeting_is_not_over'); END IF;
    NEW.active := false;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.staff_id AND is_clinician AND left_at IS NULL) THEN
      PERFORM od.refuse('team_of_clinicians');
    END IF;
    NEW.cover := NOT EXISTS (SELECT 1 FROM network_teammember WHERE network_id = m.network_id AND staff_id = NEW.staff_id AND left_at IS NULL);
  END IF;
  RETURN NEW;
END $$;

-- Somebody comes to a meeting that is booked. Tested at the end, so that one may come instead of the other.
CREATE FUNCTION od.somebody_comes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM meetings_meeting WHERE id = NEW.meeting_id AND status IN ('booked', 'started'))
      AND NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = NEW.meeting_id AND active) THEN
    PERFORM od.refuse('somebody_comes');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER somebody_comes AFTER UPDATE ON meetings_meetingstaff DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.somebody_comes();

-- What the app books is still to come, has somebody who comes, and asks the person.
CREATE FUNCTION od.booking_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE m meetings_meeting;
BEGIN
  IF current_user <> 'od_app' THEN RETURN NULL; END IF;
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.id;
  IF m.status <> 'booked' THEN RETURN NULL; END IF;
  IF m.starts_at < m.booked_at - interval '15 minutes' THEN PERFORM od.refuse('booked_ahead'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = m.id AND active) THEN PERFORM od.refuse('somebody_comes'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_invitation i JOIN network_member w ON w.id = i.member_id AND w.is_person
      WHERE i.meeting_id = m.id AND i.withdrawn_at IS NULL) THEN
    PERFORM od.refuse('person_is_always_asked');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER booking AFTER INSERT ON meetings_meeting DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.booking_fits();

-- A move is counted, one by one: two people who move the same meeting at once are told of each other. It goes to a time still to come.
CREATE FUNCTION od.move_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.moves - OLD.moves <> ((OLD.starts_at, OLD.ends_at, OLD.place, OLD.address)
      IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.place, NEW.address))::int THEN
    PERFORM od.refuse('moved_meanwhile');
  END IF;
  IF NEW.starts_at <> OLD.starts_at AND NEW.starts_at < clock_timestamp() - interval '15 minutes' AND current_user = 'od_app' THEN
    PERFORM od.refuse('booked_ahead');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER counted BEFORE UPDATE OF starts_at, ends_at, place, address, moves ON meetings_meeting FOR EACH ROW
  WHEN (OLD.status = 'booked') EXECUTE FUNCTION od.move_is_counted();

-- A yes to the old time is no yes to the new one: answers are asked anew. What was queued about the old time and not sent stays unsent.
CREATE OR REPLACE FUNCTION od.meeting_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.lock_staff(ARRAY(SELECT staff_id FROM meetings_meetingstaff WHERE meeting_id = NEW.id));
  UPDATE meetings_meetingstaff SET active = active AND NEW.status <> 'cancelled' WHERE meeting_id = NEW.id;
  IF NEW.moves > OLD.moves THEN
    UPDATE meetings_invitation SET answer = '', answered_at = NULL, answered_by_id = NULL, reason = '' WHERE meeting_id = NEW.id AND answer <> '';
  END IF;
  IF NEW.moves > OLD.moves OR NEW.status = 'cancelled' THEN
    UPDATE network_message SET cancelled_at = clock_timestamp() WHERE dedupe_key >= 'meeting:' || NEW.uuid || ':'
      AND dedupe_key < 'meeting:' || NEW.uuid || ';' AND dedupe_key NOT LIKE '%:cancelled:%' AND sent_at IS NULL AND cancelled_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER moved ON meetings_meeting;
CREATE TRIGGER moved AFTER UPDATE OF starts_at, ends_at, travel_minutes, place, address, moves, status ON meetings_meeting FOR EACH ROW
  WHEN ((OLD.starts_at, OLD.ends_at, OLD.travel_minutes, OLD.moves, OLD.status)
    IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.travel_minutes, NEW.moves, NEW.status))
  EXECUTE FUNCTION od.meeting_moved();

-- An invitation taken back stays so; asking again is a new row, with its own word. The person is always asked.
CREATE OR REPLACE FUNCTION od.invitation_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_member; at_meeting text := (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id);
BEGIN
  IF at_meeting IN ('closed', 'cancelled') THEN PERFORM od.refuse('answer_before_the_meeting'); END IF;
  SELECT * INTO who FROM network_member WHERE id = NEW.member_id;
  IF TG_OP = 'INSERT' THEN
    IF who.left_at IS NOT NULL OR NOT (who.is_person OR coalesce(who.wanted, false)) THEN
      PERFORM od.refuse('invited_by_the_persons_word');
    END IF;
  ELSE
    IF OLD.withdrawn_at IS NOT NULL THEN PERFORM od.refuse('no_longer_asked'); END IF;
    IF NEW.withdrawn_at IS NOT NULL AND who.is_person THEN PERFORM od.refuse('person_is_always_asked'); END IF;
    IF NEW.withdrawn_at IS NOT NULL THEN
      UPDATE network_message SET cancelled_at = clock_timestamp() WHERE sent_at IS NULL AND cancelled_at IS NULL
        AND dedupe_key LIKE 'meeting:' || (SELECT uuid FROM meetings_meeting WHERE id = NEW.meeting_id) || ':%' || who.uuid;
    END IF;
  END IF;
  RETURN NEW;
END $$;

-- Each one answers for themselves; staff may write down what somebody said on the phone. The database says who and when.
CREATE FUNCTION od.answer_is_ones_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'od_app' OR (NEW.answer, NEW.reason) IS NOT DISTINCT FROM (OLD.answer, OLD.reason) THEN RETURN NEW; END IF;
  IF od.my_staff_id() IS NULL AND NEW.member_id NOT IN (SELECT od.my_member_ids()) THEN
    PERFORM od.refuse('answers_for_themselves');
  END IF;
  NEW.answered_by_id := CASE WHEN NEW.answer <> '' THEN od.uid() END;
  NEW.answered_at := CASE WHEN NEW.answer <> '' THEN clock_timestamp() END;
  RETURN NEW;
END $$;
CREATE TRIGGER answers BEFORE UPDATE ON meetings_invitation FOR EACH ROW EXECUTE FUNCTION od.answer_is_ones_own();

-- Whom the person no longer wants, and who has left, is no longer asked to what is still to come.
CREATE FUNCTION od.unwanted_is_not_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_invitation SET withdrawn_at = clock_timestamp() WHERE member_id = NEW.id AND withdrawn_at IS NULL
    AND meeting_id IN (SELECT id FROM meetings_meeting WHERE network_id = NEW.network_id AND status = 'booked');
  RETURN NULL;
END $$;
CREATE TRIGGER not_asked AFTER UPDATE OF wanted, left_at ON network_member FOR EACH ROW
  WHEN (NOT NEW.is_person AND (NEW.left_at IS NOT NULL OR NOT coalesce(NEW.wanted, false))) EXECUTE FUNCTION od.unwanted_is_not_asked();

-- Whoever goes, goes with the reason.
CREATE FUNCTION od.leaves_with_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.left_at IS NOT NULL AND NEW.left_reason !~ '\S' THEN PERFORM od.refuse('member_leaves_with_reason'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER leaves BEFORE INSERT OR UPDATE OF left_at, left_reason ON network_member FOR EACH ROW EXECUTE FUNCTION od.leaves_with_reason();

-- An exception is brought to the next meeting that is booked, unless another was named; and only while the case is open.
CREATE FUNCTION od.exception_goes_to() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.bring_to_id IS NULL THEN
    NEW.bring_to_id := (SELECT id FROM meetings_meeting WHERE network_id = NEW.network_id AND status IN ('booked', 'started') ORDER BY starts_at, id LIMIT 1);
  ELSIF NOT EXISTS (SELECT 1 FROM meetings_meeting WHERE id = NEW.bring_to_id AND status IN ('booked', 'started')) THEN
    PERFORM od.refuse('brought_to_a_meeting_to_come');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER to_meeting BEFORE INSERT ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.exception_goes_to();
CREATE TRIGGER case_open BEFORE INSERT ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.case_is_open();

-- The person reads the timeline as the staff do: with the names of all who did something in it.
CREATE OR REPLACE FUNCTION od.member_staff_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
  SELECT staff_id FROM network_teammember WHERE network_id IN (SELECT od.member_network_ids())
  UNION SELECT staff_id FROM meetings_meetingstaff WHERE network_id IN (SELECT od.member_network_ids()) AND active
  UNION SELECT booked_by_id FROM meetings_meeting WHERE network_id IN (SELECT od.member_network_ids())
  UNION SELECT staff_id FROM meetings_meetingstaff WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT owner_id FROM referrals_case WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT by_staff_id FROM referrals_contact WHERE network_id IN (SELECT od.person_network_ids()) AND by_staff_id IS NOT NULL
  UNION SELECT taken_by_id FROM referrals_referral WHERE network_id IN (SELECT od.person_network_ids()) AND taken_by_id IS NOT NULL
  UNION SELECT by_id FROM referrals_firstheardcorrection WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT by_id FROM referrals_urgencychange WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT unnest(ARRAY[before_id, after_id, by_id]) FROM referrals_casehandover WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT unnest(ARRAY[first_staff_id, second_staff_id]) FROM referrals_caseclosure WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT unnest(ARRAY[brought_by_id, recorded_by_id]) FROM meetings_decidedwithout WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT by_id FROM meetings_teamchange WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT recorded_by_id FROM meetings_line WHERE network_id IN (SELECT od.person_network_ids()) $$;

-- Until its hour has passed, whoever was asked reads that a meeting was cancelled.
CREATE OR REPLACE FUNCTION od.invited_meeting_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 3 SET search_path = public, pg_temp AS $$
  SELECT i.meeting_id FROM meetings_invitation i JOIN meetings_meeting m ON m.id = i.meeting_id
  WHERE i.member_id IN (SELECT od.my_member_ids()) AND i.withdrawn_at IS NULL
    AND (m.status IN ('booked', 'started') OR m.status = 'cancelled' AND m.ends_at > now()) $$;

-- Makes sure that a code can be mailed to those who are asked to `meeting`, by whoever may ask them: also by the person.
CREATE FUNCTION od.accounts_for_invited(meeting bigint) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO network_user (email, password, is_active, created_at)
  SELECT DISTINCT c.email, '!' || gen_random_uuid(), true, clock_timestamp() FROM meetings_invitation i
    JOIN network_membercontact c ON c.member_id = i.member_id AND c.email <> ''
  WHERE i.meeting_id = meeting AND i.withdrawn_at IS NULL AND (i.service_id IN (SELECT od.overseen_service_ids())
    OR i.network_id IN (SELECT od.open_network_ids()))
  ON CONFLICT (email) DO NOTHING;
END $$;

-- Tells clinicians of a meeting that something waits for them: whoever acted knows already. Their addresses are nobody else's business.
CREATE FUNCTION od.tell_staff_of(meeting bigint, about text, staff bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.queue_message(format('meeting:%s:%s:%s', m.uuid, about, s.uuid), 'staff', m.service_id, m.network_id, u.email, NULL)
  FROM meetings_meeting m JOIN meetings_meetingstaff ms ON ms.meeting_id = m.id AND ms.staff_id = ANY (staff)
    JOIN network_staff s ON s.id = ms.staff_id AND s.left_at IS NULL JOIN network_user u ON u.id = s.user_id
  WHERE m.id = meeting AND s.user_id <> od.uid()
    AND (m.service_id IN (SELECT od.overseen_service_ids()) OR m.network_id IN (SELECT od.clinician_network_ids()));
END $$;

-- A founding team is chosen together and once. Whoever comes to a team that is there already comes by a change that says why.
CREATE FUNCTION od.one_team_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(21, NEW.network_id::int);
  RETURN NEW;
END $$;
CREATE TRIGGER alone BEFORE INSERT ON network_teammember FOR EACH ROW EXECUTE FUNCTION od.one_team_at_a_time();

CREATE FUNCTION od.team_is_founded_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.founding AND od.uid() IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings_teamchange WHERE joined_id = NEW.id)
      AND EXISTS (SELECT 1 FROM network_teammember t, network_teammember own WHERE own.id = NEW.id AND t.network_id = NEW.network_id
        AND t.xmin <> own.xmin) THEN
    PERFORM od.refuse('team_change_says_why');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER founded AFTER INSERT ON network_teammember DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.team_is_founded_once();

-- Who has left reads no more, and should they come back, reads by a new word only.
CREATE FUNCTION od.leaving_ends_reading() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE network_consent SET withdrawn_at = clock_timestamp(), withdrawn_by_id = od.uid() WHERE member_id = NEW.id AND withdrawn_at IS NULL;
  UPDATE meetings_noteshare SET withdrawn_at = clock_timestamp(), withdrawn_by_id = od.uid() WHERE member_id = NEW.id AND withdrawn_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER ends_reading AFTER UPDATE OF left_at ON network_member FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL AND od.uid() IS NOT NULL) EXECUTE FUNCTION od.leaving_ends_reading();

GRANT EXECUTE ON FUNCTION od.lock_staff(bigint[]), od.accounts_for_invited(bigint), od.tell_staff_of(bigint, text, bigint[]) TO od_app;
