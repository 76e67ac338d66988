-- The work: nobody in two places, nothing decided without the person, what is written stays, nobody reads without the person's word.

CREATE TRIGGER scope BEFORE INSERT ON meetings_meeting FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('referrals_case', 'case_id', 'booked_by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_meetingstaff FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id', 'staff_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_invitation FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id', 'member_id', 'network_member');
CREATE TRIGGER scope BEFORE INSERT ON meetings_presence FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'meetings_meeting', 'meeting_id', 'member_id', 'network_member', 'staff_id', 'network_staff', 'recorded_by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id',
  'member_id', 'network_member', 'staff_id', 'network_staff', 'recorded_by_id', 'network_staff', 'replaces_id', 'meetings_line');
CREATE TRIGGER scope BEFORE INSERT ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.copy_scope('referrals_case', 'case_id',
  'bring_to_id', 'meetings_meeting', 'brought_by_id', 'network_staff', 'recorded_by_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'meetings_meeting', 'meeting_id', 'member_id', 'network_member', 'staff_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.copy_scope(
  'meetings_meeting', 'meeting_id', 'line_id', 'meetings_line', 'member_id', 'network_member', 'staff_id', 'network_staff');
CREATE TRIGGER scope BEFORE INSERT ON meetings_noteshare FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id', 'member_id', 'network_member');
CREATE TRIGGER scope BEFORE INSERT ON meetings_teamchange FOR EACH ROW EXECUTE FUNCTION od.copy_scope('network_network', 'network_id',
  'meeting_id', 'meetings_meeting', 'joined_id', 'network_teammember', 'left_id', 'network_teammember', 'by_id', 'network_staff');

CREATE TRIGGER stamp BEFORE INSERT ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.stamp('booked_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_invitation FOR EACH ROW EXECUTE FUNCTION od.stamp('asked_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_presence FOR EACH ROW EXECUTE FUNCTION od.stamp('recorded_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.stamp('recorded_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.stamp('recorded_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.stamp('given_at');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_teamchange FOR EACH ROW EXECUTE FUNCTION od.stamp('at');

CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'status', 'starts_at', 'ends_at', 'travel_minutes', 'place', 'address', 'moves', 'cancelled_at', 'cancelled_reason', 'started_at',
  'entered_afterwards', 'entered_why', 'closed_at', 'closed_by_id', 'next_meeting_id', 'no_next_decided_by', 'who_comes', 'night_number');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_meetingstaff FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('busy', 'active');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_invitation FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('answer', 'reason', 'answered_at', 'answered_by_id', 'withdrawn_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_presence FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('left_at', 'left_uuid', 'mistaken_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.stays_as_written(
  'state', 'replaced_by_id', 'contested_at', 'contested_why', 'confirmed_in_id', 'confirmed_at', 'seen_by_person_at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_decidedwithout FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('bring_to_id', 'taken_up_in_id', 'taken_up_at', 'taken_up_words');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('answer', 'words', 'at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_noteshare FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('withdrawn_at', 'withdrawn_by_id');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_teamchange FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();
CREATE TRIGGER withdrawn BEFORE UPDATE ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.withdrawn_stays();
CREATE TRIGGER others BEFORE INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.consent_is_for_others();
CREATE TRIGGER case_open BEFORE INSERT ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.case_is_open();

-- No clinician in two places: travel is part of the time. Also for two bookings in the same second.
ALTER TABLE meetings_meetingstaff ADD CONSTRAINT staff_not_in_two_places
  EXCLUDE USING gist (int8range(staff_id, staff_id, '[]') WITH &&, busy WITH &&) WHERE (active);

CREATE FUNCTION od.staff_busy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id;
  NEW.busy := tstzrange(m.starts_at - m.travel_minutes * interval '1 minute', m.ends_at + m.travel_minutes * interval '1 minute');
  IF m.status = 'cancelled' THEN NEW.active := false; END IF;
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.staff_id AND is_clinician AND left_at IS NULL) THEN
      PERFORM od.refuse('team_of_clinicians');
    END IF;
    NEW.cover := NOT EXISTS (SELECT 1 FROM network_teammember WHERE network_id = m.network_id AND staff_id = NEW.staff_id AND left_at IS NULL);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER unavailable BEFORE INSERT OR UPDATE ON meetings_meetingstaff FOR EACH ROW EXECUTE FUNCTION od.staff_busy();

CREATE FUNCTION od.meeting_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_meetingstaff SET active = active AND NEW.status <> 'cancelled' WHERE meeting_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER moved AFTER UPDATE OF starts_at, ends_at, travel_minutes, status ON meetings_meeting FOR EACH ROW
  WHEN ((OLD.starts_at, OLD.ends_at, OLD.travel_minutes, OLD.status) IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.travel_minutes, NEW.status))
  EXECUTE FUNCTION od.meeting_moved();

-- Busy times of colleagues: intervals and nothing else, so that a slot can be proposed without opening anybody's case.
CREATE FUNCTION od.busy_times(staff bigint[], first timestamptz, last timestamptz) RETURNS TABLE (staff_id bigint, starts timestamptz, ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT ms.staff_id, lower(ms.busy), upper(ms.busy) FROM meetings_meetingstaff ms
  WHERE ms.active AND ms.staff_id = ANY (staff) AND ms.service_id IN (SELECT od.staff_service_ids()) AND ms.busy && tstzrange(first, last)
  ORDER BY 2 $$;

-- A meeting: booked, started, closed; or booked and cancelled. Closed and cancelled are the end.
CREATE FUNCTION od.meeting_goes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.status IN ('closed', 'cancelled') THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF (OLD.status, NEW.status) NOT IN (('booked', 'booked'), ('booked', 'started'), ('booked', 'cancelled'), ('started', 'started'), ('started', 'closed')) THEN
    PERFORM od.refuse('meeting_goes_forward');
  END IF;
  IF OLD.status = 'started' AND (to_jsonb(NEW) - '{status,closed_at,closed_by_id,next_meeting_id,no_next_decided_by,who_comes,night_number}'::text[])
      IS DISTINCT FROM (to_jsonb(OLD) - '{status,closed_at,closed_by_id,next_meeting_id,no_next_decided_by,who_comes,night_number}'::text[]) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF NEW.started_at > clock_timestamp() + interval '1 minute' OR NEW.closed_at > clock_timestamp() + interval '1 minute' THEN
    PERFORM od.refuse('meeting_not_in_future');
  END IF;
  IF OLD.status = 'started' AND NEW.status = 'closed' THEN
    IF NOT EXISTS (SELECT 1 FROM meetings_presence WHERE meeting_id = NEW.id AND mistaken_at IS NULL AND staff_id IS NOT NULL) THEN
      PERFORM od.refuse('close_says_who_was_there');
    END IF;
    IF EXISTS (SELECT 1 FROM meetings_presence p WHERE p.meeting_id = NEW.id AND p.mistaken_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM meetings_readback r WHERE r.meeting_id = NEW.id
        AND (r.member_id, r.staff_id) IS NOT DISTINCT FROM (p.member_id, p.staff_id))) THEN
      PERFORM od.refuse('close_reads_back');
    END IF;
    IF NEW.next_meeting_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings_meeting n WHERE n.id = NEW.next_meeting_id
        AND n.network_id = NEW.network_id AND n.status = 'booked') THEN
      PERFORM od.refuse('next_meeting_is_booked');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE UPDATE ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.meeting_goes_on();

-- Everybody leaves when a meeting ends.
CREATE FUNCTION od.everybody_leaves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_presence SET left_at = greatest(arrived_at, NEW.closed_at) WHERE meeting_id = NEW.id AND left_at IS NULL AND mistaken_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER ends AFTER UPDATE OF status ON meetings_meeting FOR EACH ROW WHEN (OLD.status = 'started' AND NEW.status = 'closed')
  EXECUTE FUNCTION od.everybody_leaves();

-- Invited by the person's word. The person is always asked.
CREATE FUNCTION od.invitation_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_member; at_meeting text := (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id);
BEGIN
  IF at_meeting IN ('closed', 'cancelled') THEN PERFORM od.refuse('answer_before_the_meeting'); END IF;
  IF TG_OP = 'INSERT' THEN
    SELECT * INTO who FROM network_member WHERE id = NEW.member_id;
    IF who.left_at IS NOT NULL OR NOT (who.is_person OR coalesce(who.wanted, false)) THEN
      PERFORM od.refuse('invited_by_the_persons_word');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT OR UPDATE ON meetings_invitation FOR EACH ROW EXECUTE FUNCTION od.invitation_fits();

-- Was the person in the room at this moment, while the meeting was going on?
CREATE FUNCTION od.person_present(meeting bigint, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM meetings_presence p JOIN network_member m ON m.id = p.member_id AND m.is_person
    WHERE p.meeting_id = meeting AND p.mistaken_at IS NULL AND p.arrived_at <= moment AND coalesce(p.left_at, 'infinity') > moment) $$;

-- A line belongs to a meeting that has started. Decisions are tested at the moment they were said, never at now(): lines from a
-- kitchen come hours later. The meeting is locked first, so that a departure and a decision cannot pass each other.
CREATE FUNCTION od.line_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  IF m.status NOT IN ('started', 'closed') THEN PERFORM od.refuse('meeting_has_started'); END IF;
  NEW.late := m.status = 'closed';
  IF NEW.seen_by_person_at IS NOT NULL OR NEW.contested_at IS NOT NULL OR NEW.replaced_by_id IS NOT NULL THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF NEW.said_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('said_not_in_future'); END IF;
  IF NEW.replaces_id IS NOT NULL AND (m.status = 'closed' OR NOT EXISTS (SELECT 1 FROM meetings_line l WHERE l.id = NEW.replaces_id
      AND l.meeting_id = NEW.meeting_id AND l.kind = NEW.kind)) THEN
    PERFORM od.refuse('replaced_before_the_close');
  END IF;
  IF NEW.kind = 'decision' AND NEW.state = 'accepted' THEN
    IF m.entered_afterwards THEN PERFORM od.refuse('entered_afterwards_waits'); END IF;
    IF NEW.said_at < m.started_at OR NEW.said_at > coalesce(m.closed_at, 'infinity') THEN PERFORM od.refuse('decision_in_a_meeting'); END IF;
    IF NOT od.person_present(m.id, NEW.said_at) THEN PERFORM od.refuse('decision_with_the_person'); END IF;
  ELSIF NEW.state = 'to_be_confirmed' THEN
    IF NOT m.entered_afterwards THEN PERFORM od.refuse('only_afterwards_waits'); END IF;
  ELSIF NEW.state = 'confirmed' THEN
    PERFORM od.refuse('confirmed_in_a_later_meeting');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.line_fits();

-- The first to replace a line is the one that stands in its place; another stands beside.
CREATE FUNCTION od.line_replaced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_line SET replaced_by_id = NEW.id WHERE id = NEW.replaces_id AND replaced_by_id IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER replaced AFTER INSERT ON meetings_line FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL AND NEW.state <> 'refused')
  EXECUTE FUNCTION od.line_replaced();

-- What waits is confirmed by the person, in a meeting that goes on with the person in the room. Nothing else changes a line's state.
CREATE FUNCTION od.line_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  IF NEW.state <> OLD.state THEN
    SELECT * INTO m FROM meetings_meeting WHERE id = NEW.confirmed_in_id FOR NO KEY UPDATE;
    IF OLD.state <> 'to_be_confirmed' OR NEW.state <> 'confirmed' OR m.network_id IS DISTINCT FROM OLD.network_id
        OR m.status <> 'started' OR m.entered_afterwards OR m.id = OLD.meeting_id OR NEW.confirmed_at < m.started_at
        OR NEW.confirmed_at > clock_timestamp() + interval '1 minute' OR NOT od.person_present(m.id, NEW.confirmed_at) THEN
      PERFORM od.refuse('confirmed_by_the_person_in_a_meeting');
    END IF;
  ELSIF (NEW.confirmed_in_id, NEW.confirmed_at) IS DISTINCT FROM (OLD.confirmed_in_id, OLD.confirmed_at) THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  IF OLD.contested_at IS NOT NULL AND NEW.contested_at IS NULL OR OLD.replaced_by_id IS NOT NULL AND NEW.replaced_by_id IS DISTINCT FROM OLD.replaced_by_id
      OR OLD.seen_by_person_at IS NOT NULL AND NEW.seen_by_person_at IS DISTINCT FROM OLD.seen_by_person_at THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE UPDATE ON meetings_line FOR EACH ROW EXECUTE FUNCTION od.line_changes();

-- Presence: in a meeting that goes on. Leaving is said once.
CREATE FUNCTION od.presence_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  IF TG_OP = 'INSERT' THEN
    IF m.status <> 'started' THEN PERFORM od.refuse('meeting_is_going_on'); END IF;
    IF NEW.left_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('leaves_not_in_future'); END IF;
  ELSE
    IF OLD.left_at IS NOT NULL AND (NEW.left_at, NEW.left_uuid) IS DISTINCT FROM (OLD.left_at, OLD.left_uuid) OR OLD.mistaken_at IS NOT NULL AND NEW.mistaken_at IS DISTINCT FROM OLD.mistaken_at THEN
      PERFORM od.refuse('stays_as_written');
    END IF;
    IF NEW.left_at > clock_timestamp() + interval '1 minute' THEN PERFORM od.refuse('leaves_not_in_future'); END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT OR UPDATE ON meetings_presence FOR EACH ROW EXECUTE FUNCTION od.presence_fits();

-- The clock: from first heard to the first moment of a started meeting with the person and a clinician who came for it, both in the
-- room. Reckoned anew whenever a presence changes, so that a mistaken tap lets the clock run again; and whenever a call comes or first heard
-- is corrected: a clock that begins while they sit together is met as it begins, never before. The service learns of it no sooner than of
-- the call. A clock for a reply is met by a meeting too.
CREATE FUNCTION od.reckon_clocks(of_case bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE clock referrals_responsetimer; met record; known timestamptz;
BEGIN
  FOR clock IN SELECT * FROM referrals_responsetimer WHERE case_id = of_case AND outcome IN ('running', 'met') ORDER BY id FOR UPDATE LOOP
    SELECT greatest(p.arrived_at, s.arrived_at, m.started_at, clock.first_heard_at) AS at,
        greatest(p.recorded_at, s.recorded_at) AS known, p.offline OR s.offline AS offline INTO met
      FROM meetings_meeting m
      JOIN meetings_presence p ON p.meeting_id = m.id AND p.mistaken_at IS NULL
      JOIN network_member person ON person.id = p.member_id AND person.is_person
      JOIN meetings_presence s ON s.meeting_id = m.id AND s.mistaken_at IS NULL
      JOIN meetings_meetingstaff ms ON ms.meeting_id = m.id AND ms.staff_id = s.staff_id
      WHERE m.case_id = of_case AND m.started_at IS NOT NULL
        AND greatest(p.arrived_at, s.arrived_at, m.started_at, clock.first_heard_at)
          < least(coalesce(p.left_at, 'infinity'), coalesce(s.left_at, 'infinity'), coalesce(m.closed_at, 'infinity'))
      ORDER BY 1, 2, 3 LIMIT 1;
    IF met.at IS NOT NULL THEN
      known := greatest(met.known, met.at, (SELECT min(recorded_at) FROM referrals_referral WHERE timer_id = clock.id));
      UPDATE referrals_responsetimer SET outcome = 'met', met_at = met.at, known_at = known, recorded_offline = met.offline,
        ended_at = coalesce(ended_at, known)
      WHERE id = clock.id AND (outcome, met_at) IS DISTINCT FROM ('met', met.at);
    ELSIF clock.outcome = 'met' THEN
      IF (SELECT closed_at FROM referrals_case WHERE id = of_case) IS NOT NULL THEN
        PERFORM od.refuse('closed_stays_closed');
      END IF;
      UPDATE referrals_responsetimer SET outcome = 'running', met_at = NULL, known_at = NULL, recorded_offline = false, ended_at = NULL
      WHERE id = clock.id;
    END IF;
  END LOOP;
END $$;

-- After a presence: the clocks, and decisions that the person turns out not to have been present for. Those stay, marked contested.
CREATE FUNCTION od.presence_tells() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.reckon_clocks((SELECT case_id FROM meetings_meeting WHERE id = NEW.meeting_id));
  IF TG_OP = 'UPDATE' THEN
    UPDATE meetings_line SET contested_at = clock_timestamp(), contested_why = 'decision_with_the_person'
    WHERE meeting_id = NEW.meeting_id AND kind = 'decision' AND state = 'accepted' AND contested_at IS NULL
      AND NOT od.person_present(meeting_id, said_at) AND said_at >= NEW.arrived_at
      AND NOT (said_at = (SELECT closed_at FROM meetings_meeting WHERE id = NEW.meeting_id));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tells AFTER INSERT OR UPDATE ON meetings_presence FOR EACH ROW EXECUTE FUNCTION od.presence_tells();

-- Read back while the meeting goes on.
CREATE FUNCTION od.read_back_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id) <> 'started' THEN PERFORM od.refuse('meeting_is_going_on'); END IF;
  IF NOT EXISTS (SELECT 1 FROM meetings_presence p WHERE p.meeting_id = NEW.meeting_id AND p.mistaken_at IS NULL
      AND (p.member_id, p.staff_id) IS NOT DISTINCT FROM (NEW.member_id, NEW.staff_id)) THEN
    PERFORM od.refuse('read_back_to_those_present');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT OR UPDATE ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.read_back_fits();

-- Addenda stand beside what was closed.
CREATE FUNCTION od.addendum_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id) <> 'closed' THEN PERFORM od.refuse('addendum_after_the_close'); END IF;
  IF NEW.line_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings_line WHERE id = NEW.line_id AND meeting_id = NEW.meeting_id) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION od.addendum_fits();

-- Sharing is of a note that was closed.
CREATE FUNCTION od.share_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT status FROM meetings_meeting WHERE id = NEW.meeting_id) NOT IN ('started', 'closed') THEN PERFORM od.refuse('meeting_has_started'); END IF;
  IF (SELECT left_at FROM network_member WHERE id = NEW.member_id) IS NOT NULL THEN PERFORM od.refuse('of_the_same_network'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_noteshare FOR EACH ROW EXECUTE FUNCTION od.share_fits();

-- An exception is taken up in a meeting that goes on, with the person in the room, and then stays as it is.
CREATE FUNCTION od.exception_taken_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  IF OLD.taken_up_in_id IS NOT NULL THEN PERFORM od.refuse('stays_as_written'); END IF;
  IF NEW.taken_up_in_id IS NOT NULL THEN
    SELECT * INTO m FROM meetings_meeting WHERE id = NEW.taken_up_in_id FOR NO KEY UPDATE;
    IF m.network_id <> NEW.network_id OR m.status <> 'started' OR m.entered_afterwards OR NEW.taken_up_at < m.started_at
        OR NEW.taken_up_at > clock_timestamp() + interval '1 minute' OR NOT od.person_present(m.id, NEW.taken_up_at) THEN
      PERFORM od.refuse('taken_up_with_the_person');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER taken_up BEFORE UPDATE ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.exception_taken_up();

-- An exception without a meeting is brought to the next one booked; when a meeting is cancelled, to the one after.
CREATE FUNCTION od.exceptions_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE meetings_decidedwithout e SET bring_to_id = (SELECT m.id FROM meetings_meeting m WHERE m.network_id = e.network_id
      AND m.status IN ('booked', 'started') ORDER BY m.starts_at, m.id LIMIT 1)
  WHERE e.network_id = NEW.network_id AND e.taken_up_in_id IS NULL
    AND (e.bring_to_id IS NULL OR EXISTS (SELECT 1 FROM meetings_meeting m WHERE m.id = e.bring_to_id AND m.status IN ('cancelled', 'closed')));
  RETURN NULL;
END $$;
CREATE TRIGGER exceptions AFTER INSERT OR UPDATE OF status ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.exceptions_follow();

-- The same clinicians: whoever joins after the first meeting has started, and whoever leaves, does so by a change that says why.
CREATE FUNCTION od.team_changes_say_why() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.founding AND (EXISTS (SELECT 1 FROM meetings_meeting WHERE network_id = NEW.network_id AND started_at IS NOT NULL
          AND started_at < NEW.joined_at) OR EXISTS (SELECT 1 FROM meetings_teamchange WHERE network_id = NEW.network_id AND at < NEW.joined_at)) THEN
      PERFORM od.refuse('team_change_says_why');
    END IF;
    IF NOT NEW.founding AND NOT EXISTS (SELECT 1 FROM meetings_teamchange WHERE joined_id = NEW.id) THEN
      PERFORM od.refuse('team_change_says_why');
    END IF;
  ELSIF NEW.left_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM meetings_teamchange WHERE left_id = NEW.id) THEN
    PERFORM od.refuse('team_change_says_why');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER says_why AFTER INSERT OR UPDATE ON network_teammember DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION od.team_changes_say_why();

CREATE FUNCTION od.team_change_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.meeting_id IS NOT NULL AND (SELECT started_at FROM meetings_meeting WHERE id = NEW.meeting_id) IS NULL THEN
    PERFORM od.refuse('meeting_has_started');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_teamchange FOR EACH ROW EXECUTE FUNCTION od.team_change_fits();

-- Closing together: in a meeting of this case that was held with the person, and with nothing booked any more.
CREATE FUNCTION od.closure_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.kind = 'together' AND NOT EXISTS (SELECT 1 FROM meetings_meeting m JOIN meetings_presence p ON p.meeting_id = m.id AND p.mistaken_at IS NULL
      JOIN network_member person ON person.id = p.member_id AND person.is_person
      WHERE m.uuid = NEW.decided_in AND m.case_id = NEW.case_id AND m.started_at IS NOT NULL) THEN
    PERFORM od.refuse('closed_together_with_the_person');
  END IF;
  IF EXISTS (SELECT 1 FROM meetings_meeting WHERE case_id = NEW.case_id AND status IN ('booked', 'started')) THEN
    PERFORM od.refuse('closed_with_no_meeting_booked');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.closure_fits();

CREATE OR REPLACE FUNCTION od.refresh_case(changed bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE referrals_case c SET
    due_at = (SELECT min(due_at) FROM referrals_responsetimer WHERE case_id = c.id AND outcome = 'running'),
    to_be_told = EXISTS (SELECT 1 FROM referrals_referral WHERE case_id = c.id AND told IN ('not_yet', 'refused')),
    last_contact_id = (SELECT id FROM referrals_contact WHERE case_id = c.id ORDER BY at DESC, id DESC LIMIT 1),
    team_size = (SELECT count(*) FROM network_teammember WHERE network_id = c.network_id AND left_at IS NULL),
    next_meeting_at = (SELECT min(starts_at) FROM meetings_meeting WHERE case_id = c.id AND status IN ('booked', 'started')),
    meeting_fell_through = EXISTS (SELECT 1 FROM meetings_meeting x WHERE x.case_id = c.id AND x.status = 'cancelled' AND NOT EXISTS (
      SELECT 1 FROM meetings_meeting y WHERE y.case_id = c.id AND (y.status IN ('booked', 'started')
        OR y.status = 'closed' AND y.started_at > x.cancelled_at))),
    unanswered = (SELECT count(*) FROM meetings_invitation i WHERE i.answer = '' AND i.withdrawn_at IS NULL AND i.meeting_id = (
      SELECT id FROM meetings_meeting WHERE case_id = c.id AND status = 'booked' ORDER BY starts_at, id LIMIT 1)),
    open_exceptions = (SELECT count(*) FROM meetings_decidedwithout WHERE case_id = c.id AND taken_up_in_id IS NULL),
    wish_waiting_since = (SELECT min(w.at) FROM referrals_contact w WHERE w.case_id = c.id AND w.kind = 'wish'
      AND NOT EXISTS (SELECT 1 FROM referrals_contact a WHERE a.case_id = c.id AND a.kind IN ('called_back', 'offered', 'declined') AND a.at > w.at)
      AND NOT EXISTS (SELECT 1 FROM meetings_meeting b WHERE b.case_id = c.id AND b.booked_at > w.at))
  WHERE c.id = changed $$;
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.refresh_case_of_row();
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.refresh_case_of_row();
CREATE TRIGGER refresh AFTER INSERT OR UPDATE ON meetings_invitation FOR EACH ROW EXECUTE FUNCTION od.refresh_cases_of_network();

-- Whoever covers a meeting works with its network until it is closed.
CREATE OR REPLACE FUNCTION od.clinician_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL
  UNION SELECT m.network_id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
    WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status IN ('booked', 'started') $$;

CREATE OR REPLACE FUNCTION od.member_staff_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp AS $$
  SELECT staff_id FROM network_teammember WHERE network_id IN (SELECT od.member_network_ids())
  UNION SELECT staff_id FROM meetings_meetingstaff WHERE network_id IN (SELECT od.member_network_ids()) AND active
  UNION SELECT owner_id FROM referrals_case WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT by_staff_id FROM referrals_contact WHERE network_id IN (SELECT od.person_network_ids()) AND by_staff_id IS NOT NULL
  UNION SELECT taken_by_id FROM referrals_referral WHERE network_id IN (SELECT od.person_network_ids()) AND taken_by_id IS NOT NULL
  UNION SELECT brought_by_id FROM meetings_decidedwithout WHERE network_id IN (SELECT od.person_network_ids())
  UNION SELECT booked_by_id FROM meetings_meeting WHERE network_id IN (SELECT od.member_network_ids()) $$;

-- Meetings a member was asked to and that are still to come: when and where.
CREATE FUNCTION od.invited_meeting_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 3 SET search_path = public, pg_temp AS $$
  SELECT i.meeting_id FROM meetings_invitation i JOIN meetings_meeting m ON m.id = i.meeting_id
  WHERE i.member_id IN (SELECT od.my_member_ids()) AND i.withdrawn_at IS NULL AND m.status IN ('booked', 'started') $$;

-- Closed meetings that a member may read by the person's word: all, from now on, or this one. Being there gives no right to read.
CREATE FUNCTION od.readable_meeting_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = public, pg_temp AS $$
  SELECT m.id FROM network_consent c JOIN meetings_meeting m ON m.network_id = c.network_id AND m.status = 'closed'
  WHERE c.member_id IN (SELECT od.my_member_ids()) AND c.withdrawn_at IS NULL AND (c.covers = 'all' OR m.started_at >= c.given_at)
  UNION SELECT m.id FROM meetings_noteshare s JOIN meetings_meeting m ON m.id = s.meeting_id AND m.status = 'closed'
  WHERE s.member_id IN (SELECT od.my_member_ids()) AND s.withdrawn_at IS NULL $$;

DO $$
DECLARE t text;
  opened text := 'service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids()))';
  staffed text := '(service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))';
BEGIN
  FOREACH t IN ARRAY ARRAY['meeting', 'meetingstaff', 'invitation', 'presence', 'line', 'decidedwithout', 'readback', 'addendum', 'noteshare', 'teamchange'] LOOP
    EXECUTE format('ALTER TABLE meetings_%s ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY see ON meetings_%s FOR SELECT TO od_app USING (%s)', t, opened);
    EXECUTE format('GRANT SELECT, INSERT ON meetings_%s TO od_app', t);
  END LOOP;
  EXECUTE 'CREATE POLICY add ON meetings_meeting FOR INSERT TO od_app WITH CHECK (status = ''booked'' AND booked_by_id = (SELECT od.my_staff_id()) AND ' || staffed || ')';
  EXECUTE 'CREATE POLICY change ON meetings_meeting FOR UPDATE TO od_app USING ' || staffed;
  EXECUTE 'CREATE POLICY add ON meetings_meetingstaff FOR INSERT TO od_app WITH CHECK ' || staffed;
  EXECUTE 'CREATE POLICY change ON meetings_meetingstaff FOR UPDATE TO od_app USING ' || staffed;
  EXECUTE 'CREATE POLICY add ON meetings_invitation FOR INSERT TO od_app WITH CHECK (answer = '''' AND (' || opened || '))';
  EXECUTE 'CREATE POLICY change ON meetings_invitation FOR UPDATE TO od_app USING (' || opened || ' OR member_id = ANY (ARRAY(SELECT od.my_member_ids())))';
  EXECUTE 'CREATE POLICY add ON meetings_decidedwithout FOR INSERT TO od_app WITH CHECK (taken_up_in_id IS NULL AND recorded_by_id = (SELECT od.my_staff_id()) AND ' || staffed || ')';
  EXECUTE 'CREATE POLICY add ON meetings_teamchange FOR INSERT TO od_app WITH CHECK (by_id = (SELECT od.my_staff_id()) AND ' || staffed || ')';
END $$;

-- The record is written by those who came: the team, or who covers. Overseeing a service is not being in the room.
CREATE POLICY add ON meetings_presence FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.my_staff_id()) AND network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
CREATE POLICY change ON meetings_presence FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
CREATE POLICY add ON meetings_line FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.my_staff_id()) AND network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
-- The team confirms what waits; the person says that a late line was seen.
CREATE POLICY change ON meetings_line FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.open_network_ids())));
CREATE POLICY change ON meetings_decidedwithout FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
CREATE POLICY add ON meetings_readback FOR INSERT TO od_app WITH CHECK (network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));
CREATE POLICY change ON meetings_readback FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.clinician_network_ids())));

-- What members see: what they are asked to, and what the person shares.
CREATE POLICY asked ON meetings_meeting FOR SELECT TO od_app USING (
  id = ANY (ARRAY(SELECT od.invited_meeting_ids())) OR id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY asked ON meetings_meetingstaff FOR SELECT TO od_app USING (
  meeting_id = ANY (ARRAY(SELECT od.invited_meeting_ids())) OR meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY asked ON meetings_invitation FOR SELECT TO od_app USING (
  withdrawn_at IS NULL AND member_id = ANY (ARRAY(SELECT od.my_member_ids())));
CREATE POLICY shared ON meetings_presence FOR SELECT TO od_app USING (meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY shared ON meetings_readback FOR SELECT TO od_app USING (meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY shared ON meetings_line FOR SELECT TO od_app USING (
  meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())) AND state <> 'refused' AND replaced_by_id IS NULL
  AND (NOT late OR seen_by_person_at IS NOT NULL));
CREATE POLICY shared ON meetings_addendum FOR SELECT TO od_app USING (meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids())));
CREATE POLICY shared ON meetings_noteshare FOR SELECT TO od_app USING (
  withdrawn_at IS NULL AND member_id = ANY (ARRAY(SELECT od.my_member_ids())));

-- Whoever may read a note may stand beside it, in their own name.
CREATE POLICY add ON meetings_addendum FOR INSERT TO od_app WITH CHECK (
  staff_id = (SELECT od.my_staff_id()) AND (
    service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.clinician_network_ids())))
  OR member_id = ANY (ARRAY(SELECT od.my_member_ids())) AND (
    network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR meeting_id = ANY (ARRAY(SELECT od.readable_meeting_ids()))));

CREATE POLICY add ON meetings_noteshare FOR INSERT TO od_app WITH CHECK (
  recorded_by_id = (SELECT od.uid()) AND withdrawn_at IS NULL AND (
    how = 'own_page' AND network_id = ANY (ARRAY(SELECT od.person_network_ids()))
    OR how <> 'own_page' AND network_id = ANY (ARRAY(SELECT od.clinician_network_ids()))));
CREATE POLICY change ON meetings_noteshare FOR UPDATE TO od_app USING (network_id = ANY (ARRAY(SELECT od.open_network_ids())))
  WITH CHECK (withdrawn_by_id = (SELECT od.uid()));

GRANT UPDATE (status, starts_at, ends_at, travel_minutes, place, address, moves, cancelled_at, cancelled_reason, started_at, entered_afterwards,
  entered_why, closed_at, closed_by_id, next_meeting_id, no_next_decided_by, who_comes, night_number) ON meetings_meeting TO od_app;
GRANT UPDATE (active) ON meetings_meetingstaff TO od_app;
GRANT UPDATE (answer, reason, answered_at, answered_by_id, withdrawn_at) ON meetings_invitation TO od_app;
GRANT UPDATE (left_at, left_uuid, mistaken_at) ON meetings_presence TO od_app;
GRANT UPDATE (state, confirmed_in_id, confirmed_at, seen_by_person_at) ON meetings_line TO od_app;
GRANT UPDATE (bring_to_id, taken_up_in_id, taken_up_at, taken_up_words) ON meetings_decidedwithout TO od_app;
GRANT UPDATE (answer, words, at) ON meetings_readback TO od_app;
GRANT UPDATE (withdrawn_at, withdrawn_by_id) ON meetings_noteshare TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
GRANT EXECUTE ON FUNCTION od.busy_times(bigint[], timestamptz, timestamptz), od.person_present(bigint, timestamptz),
  od.invited_meeting_ids(), od.readable_meeting_ids() TO od_app;
