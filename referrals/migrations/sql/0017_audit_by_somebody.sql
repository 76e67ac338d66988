-- A row of the audit log is written by somebody who is signed in. Nobody is on the public page: that writes the row of the referral that has
-- just come by it, and no other. Commands of the owner write as they did.
CREATE OR REPLACE FUNCTION od.log_audit(verb text, thing text, thing_uuid uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE public_referral referrals_referral;
BEGIN
  SELECT * INTO public_referral FROM referrals_referral r WHERE log_audit.thing = 'referral' AND r.uuid = log_audit.thing_uuid;
  IF od.uid() IS NULL AND 'od_app' IN (session_user, current_setting('role')) AND NOT (log_audit.verb = 'referred on the public page'
      AND public_referral.taken_by_id IS NULL AND public_referral.recorded_at > clock_timestamp() - interval '1 minute') IS TRUE THEN
    RAISE EXCEPTION 'what is done is done by somebody' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO network_auditentry (at, user_id, service_id, verb, thing, thing_uuid)
  VALUES (clock_timestamp(), od.uid(), coalesce((SELECT od.staff_service_ids() LIMIT 1), (SELECT od.member_service_ids() LIMIT 1),
    public_referral.service_id), log_audit.verb, log_audit.thing, log_audit.thing_uuid);
END $$;
