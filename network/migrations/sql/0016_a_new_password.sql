-- Signing out everywhere else, or a new password, ends notifications to every browser but this one (`here`, by its own signed cookie): a
-- phone that was stolen hears no more that something waits. For one's own account, or on the pages for signing in, where whoever has a link
-- to a new password is not known yet. What waited to go there goes by e-mail.
CREATE FUNCTION od.end_other_browsers(of_user bigint, here uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF of_user IS DISTINCT FROM od.uid() AND NOT (od.uid() IS NULL AND od.door() = 'accounts') THEN
    RAISE EXCEPTION 'notifications are ended by whom they are for' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE network_staffchannel SET active = false, put_away_why = 'signed_out'
  WHERE staff_id IN (SELECT id FROM network_staff WHERE user_id = of_user) AND kind = 'push' AND active AND uuid IS DISTINCT FROM here;
END $$;
GRANT EXECUTE ON FUNCTION od.end_other_browsers(bigint, uuid) TO od_app;
