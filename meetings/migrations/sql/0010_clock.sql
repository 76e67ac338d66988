-- What meetings add to the clock: bookings that follow, words written beside a note, exceptions, and who was told of what.

-- A booking follows as well as a contact; one that is still to come is good until half an hour after it should have begun.
CREATE OR REPLACE FUNCTION od.follow_up(of_case bigint, since timestamptz, hold interval) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT max(until) FROM (
    SELECT od.clock() + hold AS until WHERE EXISTS (SELECT FROM referrals_contact WHERE case_id = of_case AND by_staff_id IS NOT NULL AND recorded_at > since)
    UNION ALL SELECT od.clock() + hold WHERE EXISTS (SELECT FROM meetings_meeting WHERE case_id = of_case AND booked_at > since AND status <> 'cancelled')
    UNION ALL SELECT min(starts_at) + interval '30 minutes' FROM meetings_meeting WHERE case_id = of_case AND status = 'booked'
      AND starts_at + interval '30 minutes' > od.clock()) f $$;

-- A call while they sit together: the person and a clinician are both present after it was first heard, now.
CREATE FUNCTION od.call_reckons() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.reckon_clocks(case_id) FROM referrals_responsetimer WHERE id = NEW.timer_id;
  RETURN NULL;
END $$;
CREATE TRIGGER reckons AFTER INSERT ON referrals_referral FOR EACH ROW EXECUTE FUNCTION od.call_reckons();
CREATE TRIGGER reckons AFTER INSERT ON referrals_firstheardcorrection FOR EACH ROW EXECUTE FUNCTION od.call_reckons();

-- A booked meeting answers a wish.
CREATE FUNCTION od.booking_answers_wish() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watches(NEW.case_id, 'wish', 'answered');
  RETURN NULL;
END $$;
CREATE TRIGGER answers_wish AFTER INSERT ON meetings_meeting FOR EACH ROW EXECUTE FUNCTION od.booking_answers_wish();

-- Words that the person or a member wrote beside a note are watched until somebody of the staff has read that note since.
CREATE FUNCTION od.words_watched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.start_watch(c.id, 'words_between', NULL, NEW.uuid, NEW.at, NULL)
  FROM (SELECT id FROM referrals_case WHERE network_id = NEW.network_id ORDER BY closed_at DESC NULLS FIRST, id DESC LIMIT 1) c;
  RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT ON meetings_addendum FOR EACH ROW WHEN (NEW.member_id IS NOT NULL) EXECUTE FUNCTION od.words_watched();

CREATE FUNCTION od.words_read() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watch(w.id, 'read') FROM (SELECT w.id FROM meetings_meeting m JOIN meetings_addendum a ON a.meeting_id = m.id
      JOIN referrals_watch w ON w.thing = a.uuid AND w.ended_at IS NULL
    WHERE m.uuid = NEW.thing AND m.network_id = NEW.network_id ORDER BY w.id FOR NO KEY UPDATE OF w) w;
  RETURN NULL;
END $$;
CREATE TRIGGER words_read AFTER INSERT ON network_reading FOR EACH ROW
  WHEN (NEW.what IN ('note', 'pdf') AND NEW.reader_role IN ('team', 'coordinator', 'lead', 'clinician')) EXECUTE FUNCTION od.words_read();
CREATE INDEX addendum_of_members ON meetings_addendum (meeting_id) WHERE member_id IS NOT NULL;

-- An exception is watched until a meeting with the person has taken it up.
CREATE FUNCTION od.exception_watched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.taken_up_in_id IS NULL THEN
    PERFORM od.start_watch(NEW.case_id, 'exception', NULL, NEW.uuid, NEW.recorded_at, NULL);
  ELSIF NEW.taken_up_in_id IS NOT NULL THEN
    PERFORM od.end_watch(w.id, 'taken_up') FROM (SELECT id FROM referrals_watch WHERE thing = NEW.uuid AND ended_at IS NULL FOR NO KEY UPDATE) w;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON meetings_decidedwithout FOR EACH ROW EXECUTE FUNCTION od.exception_watched();

-- Whoever was told of an open clock works with its network until it has ended.
CREATE OR REPLACE FUNCTION od.clinician_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL
  UNION SELECT m.network_id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
    WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status IN ('booked', 'started')
  UNION SELECT od.told_network_ids() $$;
CREATE OR REPLACE FUNCTION od.working_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL
  UNION SELECT od.told_network_ids() $$;

-- What was there before.
SELECT od.start_watch(w.case_id, 'wish', NULL, w.uuid, w.recorded_at, NULL) FROM referrals_contact w JOIN referrals_case c ON c.id = w.case_id
WHERE w.kind = 'wish' AND c.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM referrals_contact a WHERE a.case_id = w.case_id AND a.kind IN ('called_back', 'offered', 'declined') AND a.at > w.at)
  AND NOT EXISTS (SELECT FROM meetings_meeting b WHERE b.case_id = w.case_id AND b.booked_at > w.at);
SELECT od.start_watch(e.case_id, 'exception', NULL, e.uuid, e.recorded_at, NULL) FROM meetings_decidedwithout e JOIN referrals_case c ON c.id = e.case_id
WHERE e.taken_up_in_id IS NULL AND c.closed_at IS NULL;
SELECT od.start_watch(c.id, 'words_between', NULL, a.uuid, a.at, NULL) FROM meetings_addendum a JOIN meetings_meeting m ON m.id = a.meeting_id
  CROSS JOIN LATERAL (SELECT id FROM referrals_case WHERE network_id = a.network_id ORDER BY closed_at DESC NULLS FIRST, id DESC LIMIT 1) c
WHERE a.member_id IS NOT NULL AND NOT EXISTS (SELECT FROM network_reading r WHERE r.thing = m.uuid AND r.network_id = a.network_id AND r.at > a.at
  AND r.what IN ('note', 'pdf') AND r.reader_role IN ('team', 'coordinator', 'lead', 'clinician'));
