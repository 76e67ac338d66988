-- With whom staff work, in the order of what is known and without a table to find doubles in: the planner sizes that table by the whole
-- service, and making it, for each table of a page, took longer than all that was read. A network that stands twice changes no answer.
CREATE OR REPLACE FUNCTION od.clinician_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION ALL SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL
  UNION ALL SELECT m.network_id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
    WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status IN ('booked', 'started')
  UNION ALL SELECT od.told_network_ids() $$;
CREATE OR REPLACE FUNCTION od.working_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION ALL SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL
  UNION ALL SELECT od.told_network_ids() $$;
CREATE OR REPLACE FUNCTION od.recording_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION ALL SELECT m.network_id FROM meetings_meetingstaff ms JOIN meetings_meeting m ON m.id = ms.meeting_id
    WHERE ms.staff_id = (SELECT od.my_staff_id()) AND ms.active AND m.status IN ('booked', 'started') $$;
