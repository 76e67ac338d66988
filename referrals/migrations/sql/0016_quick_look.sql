-- The look at the clock that every page of the staff takes, as quick at a million clocks as at a thousand. Each part of it is found by an
-- index of its own, however much the planner would rather read a table whole: it cannot know that hardly anything is ever overdue. The
-- newest clocks are taken from the end of the table, and each clock is asked for its watch by itself.
CREATE OR REPLACE FUNCTION od.clock_trouble(of_service bigint DEFAULT NULL) RETURNS TABLE (code text, since timestamptz, number bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET max_parallel_workers_per_gather = 0 SET jit = off AS $$
DECLARE moment timestamptz := od.clock(); scope bigint := CASE WHEN od.uid() IS NULL THEN of_service ELSE coalesce(
  (SELECT od.staff_service_ids() LIMIT 1), -1) END;
BEGIN
  RETURN QUERY
  SELECT p.name || '_silent', h.at, 1::bigint FROM (VALUES ('sweep'), ('sender'), ('beat')) p (name) LEFT JOIN network_heartbeat h USING (name)
    WHERE h.at IS NULL OR h.at < moment - interval '30 seconds'
  UNION ALL SELECT h.name || '_blind', h.at, (h.expected - h.saw)::bigint FROM network_heartbeat h WHERE h.saw < h.expected
  UNION ALL SELECT 'clocks_differ', h.at, abs(h.drift)::bigint FROM network_heartbeat h WHERE abs(h.drift) > 30 OR h.at > moment + interval '5 seconds'
  UNION ALL SELECT 'steps_unfired', min(s.due_at), count(*) FROM referrals_watchstep s WHERE s.fired_at IS NULL AND s.dropped_at IS NULL
    AND s.due_at <= moment - interval '30 seconds' AND (scope IS NULL OR s.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'steps_failing', min(w.next_at), count(*) FROM referrals_watch w WHERE w.ended_at IS NULL AND w.failures > 0
    AND (scope IS NULL OR w.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'messages_unsent', min(m.queued_at), count(*) FROM network_message m WHERE m.sent_at IS NULL AND m.cancelled_at IS NULL
    AND CASE WHEN m.step IS NOT NULL THEN m.queued_at <= moment - interval '30 seconds' ELSE m.attempts = 0 AND m.due_at <= moment - interval '60 seconds' END
    AND (scope IS NULL OR m.service_id = scope) HAVING count(*) > 0
  UNION ALL SELECT 'messages_failing', min(m.queued_at), count(*) FROM network_message m WHERE m.sent_at IS NULL AND m.cancelled_at IS NULL
    AND m.attempts > 0 AND m.queued_at <= moment - interval '1 day' AND (scope IS NULL OR m.service_id = scope) HAVING count(*) > 0
  -- Those whose time is over, and the newest: whatever keeps clocks from being watched is told of the first of them.
  UNION ALL SELECT 'clocks_unwatched', min(t.due_at), count(*) FROM (
      SELECT r.id, r.due_at, r.service_id FROM referrals_responsetimer r WHERE r.outcome = 'running' AND r.due_at <= moment
      UNION SELECT n.id, n.due_at, n.service_id FROM (SELECT * FROM referrals_responsetimer ORDER BY id DESC LIMIT 50) n WHERE n.outcome = 'running') t
    WHERE (scope IS NULL OR t.service_id = scope)
    AND (SELECT count(*) FROM referrals_watch w WHERE w.timer_id = t.id AND w.ended_at IS NULL) = 0 HAVING count(*) > 0
  UNION ALL SELECT 'nobody_reachable', moment, count(*) FROM network_service v WHERE (scope IS NULL OR v.id = scope)
    AND NOT EXISTS (SELECT FROM network_staff s JOIN network_user u ON u.id = s.user_id WHERE s.service_id = v.id AND s.left_at IS NULL AND u.is_active)
    HAVING count(*) > 0
  -- The functions here see all rows only because row security does not bind the owner of the tables.
  UNION ALL SELECT 'guards_blind', moment, count(*) FROM pg_class c WHERE c.relforcerowsecurity AND c.oid = ANY (ARRAY['network_message',
    'network_heartbeat', 'network_staff', 'referrals_watch', 'referrals_watchstep', 'referrals_responsetimer', 'referrals_case']::regclass[]::oid[])
    HAVING count(*) > 0
  ORDER BY 1, 2;
END $$;
