-- A line is saved with one question to the database; and what is saved, and by whom, when the record has gone on meanwhile.

-- The meeting into whose record somebody writes, as much of it as writing needs: for the team, and for who comes to this one meeting.
-- Whoever came to it sees no more of it after the close, but may still send, for as long as the time of a device is believed, the lines
-- that were said in it (`late_only`): they get the ids that their device has anyway, and not a word of what was written.
CREATE FUNCTION od.to_record(of_meeting uuid) RETURNS TABLE (id bigint, uuid uuid, service_id bigint, network_id bigint, case_id bigint,
  status text, started_at timestamptz, closed_at timestamptz, entered_afterwards boolean, case_uuid uuid, late_only boolean)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = public, pg_temp AS $$
  SELECT m.id, m.uuid, m.service_id, m.network_id, m.case_id, m.status::text, m.started_at, m.closed_at, m.entered_afterwards, c.uuid, NOT t.own AND m.status = 'closed'
  FROM meetings_meeting m JOIN referrals_case c ON c.id = m.case_id
  CROSS JOIN LATERAL (SELECT m.network_id IN (SELECT od.team_network_ids()) AS own) t
  WHERE m.uuid = of_meeting AND (t.own OR (m.status IN ('booked', 'started') OR m.status = 'closed' AND m.closed_at > now() - interval '14 days')
    AND EXISTS (SELECT FROM meetings_meetingstaff s WHERE s.meeting_id = m.id AND s.staff_id = (SELECT od.my_staff_id()) AND s.active)) $$;

-- Keeps a line as it was said; `said` has the columns of the table. The same id again gives the line that was kept, also when both come at
-- once: the second waits for the meeting in od.line_fits and then finds the first. Words that break one of the rules below are not lost: they
-- stay as a refused line, for the team and the person to see. All other rules refuse. This runs with the rights of who asks, so that
-- every policy and trigger of the table says its word.
CREATE FUNCTION od.keep_line(said jsonb) RETURNS meetings_line LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE l meetings_line := jsonb_populate_record(NULL::meetings_line, said); kept meetings_line; rule text; came_at_once boolean := false;
BEGIN
  l.state := 'kept';
  IF l.kind = 'decision' THEN
    l.state := CASE WHEN (SELECT entered_afterwards FROM meetings_meeting WHERE id = l.meeting_id) THEN 'to_be_confirmed' ELSE 'accepted' END;
  END IF;
  LOOP
    SELECT * INTO kept FROM meetings_line WHERE uuid = l.uuid AND meeting_id = l.meeting_id AND out_of_sight_at IS NULL;
    IF FOUND THEN RETURN kept; END IF;
    BEGIN
      INSERT INTO meetings_line (uuid, meeting_id, kind, state, member_id, staff_id, voice, text, replaces_id, chosen, said_at, device_said_at,
        offset_ms, offline, recorded_by_id, refused_why, contested_why, action_who, action_by, action_looked_after_by)
      VALUES (l.uuid, l.meeting_id, l.kind, l.state, l.member_id, l.staff_id, coalesce(l.voice, ''), l.text, l.replaces_id,
        coalesce(l.chosen, false), l.said_at, l.device_said_at, l.offset_ms, coalesce(l.offline, false), l.recorded_by_id,
        coalesce(rule, ''), '', coalesce(l.action_who, ''), l.action_by, coalesce(l.action_looked_after_by, ''))
      RETURNING * INTO kept;
      RETURN kept;
    EXCEPTION
      WHEN unique_violation THEN
        IF came_at_once THEN RAISE; END IF;
        came_at_once := true;
      WHEN check_violation THEN
        IF rule IS NOT NULL THEN RAISE; END IF;
        GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
        IF rule NOT IN ('decision_with_the_person', 'decision_in_a_meeting', 'said_not_in_future', 'replaced_before_the_close', 'stays_as_written') THEN
          RAISE;
        END IF;
        l.state := 'refused'; l.replaces_id := NULL; l.chosen := false; l.said_at := least(l.said_at, clock_timestamp());
    END;
  END LOOP;
END $$;

-- The same as a whole write: with its row of the audit log, and with what the deferred rules say.
CREATE FUNCTION od.save_line(said jsonb) RETURNS meetings_line LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE kept meetings_line := od.keep_line(said);
BEGIN
  PERFORM od.log_audit('kept a line', 'line', kept.uuid);
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN kept;
END $$;

-- A late line of whoever came to one meeting and is of the team no more, or never was. What else their device holds, arrivals and answers and
-- other words for a line, is not taken. Whose words they are is found here (`who`: as a tap names somebody), because they may read no name.
-- An hour is left on both sides: clocks differ, and the phone that was without signal did not hear of the close.
CREATE FUNCTION od.keep_late_line(of_meeting uuid, who text, said jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m record; voice record;
BEGIN
  SELECT * INTO m FROM od.to_record(of_meeting) r WHERE r.late_only;
  IF NOT FOUND THEN RAISE EXCEPTION 'not of those who came' USING ERRCODE = 'insufficient_privilege'; END IF;
  IF coalesce(said ->> 'kind', '') NOT IN ('use', 'voice', 'reflection', 'decision', 'action', 'understanding')
      OR (said ->> 'said_at')::timestamptz NOT BETWEEN m.started_at - interval '1 hour' AND m.closed_at + interval '1 hour' THEN
    PERFORM od.refuse('only_lines_of_the_meeting');
  END IF;
  SELECT * INTO voice FROM (
    SELECT w.id AS member_id, NULL::bigint AS staff_id, w.name FROM network_member w WHERE w.network_id = m.network_id AND 'member:' || w.uuid = who
    UNION ALL SELECT NULL, s.id, s.name FROM network_staff s WHERE s.service_id = m.service_id AND 'staff:' || s.uuid = who) named;
  IF NOT FOUND AND who <> '' THEN PERFORM od.refuse('of_the_same_network'); END IF;
  RETURN (od.keep_line(said || jsonb_build_object('meeting_id', m.id, 'recorded_by_id', od.my_staff_id(), 'member_id', voice.member_id,
    'staff_id', voice.staff_id, 'voice', coalesce(voice.name, said ->> 'voice'), 'replaces_id', NULL, 'chosen', false))).state;
END $$;

-- Has this come already, from a device of whoever asks, into this meeting? Yes or no, and for lines that are out of sight, too: the device
-- may let go of what the service has. Of lines of others it says no.
CREATE FUNCTION od.line_came(entry uuid, of_meeting bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM meetings_line WHERE uuid = entry AND meeting_id = of_meeting AND recorded_by_id = (SELECT od.my_staff_id())) $$;

INSERT INTO od.audit_verb (verb) VALUES ('kept a late line');
GRANT EXECUTE ON FUNCTION od.to_record(uuid), od.keep_line(jsonb), od.save_line(jsonb), od.keep_late_line(uuid, text, jsonb), od.line_came(uuid, bigint) TO od_app;
