-- A referral on the public page is nobody's by identity: its audit row is of the service it came to, so that the lead sees it.
CREATE OR REPLACE FUNCTION od.log_audit(verb text, thing text, thing_uuid uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO network_auditentry (at, user_id, service_id, verb, thing, thing_uuid)
  VALUES (clock_timestamp(), od.uid(),
    coalesce((SELECT od.staff_service_ids() LIMIT 1), (SELECT od.member_service_ids() LIMIT 1),
      (SELECT r.service_id FROM referrals_referral r WHERE thing = 'referral' AND r.uuid = thing_uuid)), verb, thing, thing_uuid) $$;
