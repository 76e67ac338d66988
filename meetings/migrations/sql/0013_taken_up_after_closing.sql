-- What was decided without the person is taken up in a meeting, in a closed case as well: in one of the case that was opened later in the
-- same network. So whatever happens in that one follows, too.
CREATE OR REPLACE FUNCTION od.follow_up(of_case bigint, since timestamptz, hold interval) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH cases AS MATERIALIZED (
    SELECT o.id FROM referrals_case c JOIN referrals_case o ON o.network_id = c.network_id AND (o.id = c.id OR o.closed_at IS NULL) WHERE c.id = of_case)
  SELECT max(until) FROM (
    SELECT od.clock() + hold AS until WHERE EXISTS (SELECT FROM cases JOIN referrals_contact t ON t.case_id = cases.id
      WHERE t.by_staff_id IS NOT NULL AND t.recorded_at > since)
    UNION ALL SELECT od.clock() + hold WHERE EXISTS (SELECT FROM cases JOIN meetings_meeting m ON m.case_id = cases.id
      WHERE m.booked_at > since AND m.status <> 'cancelled')
    UNION ALL SELECT min(starts_at) + interval '30 minutes' FROM cases JOIN meetings_meeting m ON m.case_id = cases.id
      WHERE m.status = 'booked' AND m.starts_at + interval '30 minutes' > od.clock()) f $$;

-- Those that were silenced by closing are watched again, from now.
UPDATE referrals_watch w SET ended_at = NULL, ended_why = '', next_at = w.due_at
FROM meetings_decidedwithout e JOIN referrals_caseclosure c ON c.case_id = e.case_id
WHERE w.thing = e.uuid AND w.subject = 'exception' AND w.ended_why = 'closed' AND e.taken_up_in_id IS NULL AND c.code <> 'died';
SELECT od.plan_round(id, 'again', od.clock()) FROM referrals_watch WHERE subject = 'exception' AND ended_at IS NULL AND NOT EXISTS (
  SELECT FROM referrals_watchstep s WHERE s.watch_id = referrals_watch.id AND s.fired_at IS NULL AND s.dropped_at IS NULL) AND check_at IS NULL;
