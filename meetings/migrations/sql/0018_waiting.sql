-- Who waits to say "this is me": whoever has the address that was written down, as before, and whoever was let in by a link or a note that
-- still holds. A note that was used has let them in: it goes on saying for whom it was.
CREATE OR REPLACE FUNCTION od.waiting_memberships() RETURNS TABLE (member uuid, member_name text, service_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.uuid, m.name::text, s.name::text
  FROM network_user u JOIN network_member m ON m.user_id IS NULL AND m.left_at IS NULL AND m.id IN (
      SELECT c.member_id FROM network_membercontact c WHERE c.email = u.email
      UNION SELECT w.member_id FROM network_wayin w WHERE w.user_id = u.id AND (od.way_in_stands(w) OR w.used_at IS NOT NULL AND w.revoked_at IS NULL))
  JOIN network_service s ON s.id = m.service_id
  WHERE u.id = (SELECT od.uid()) AND u.is_active AND (m.is_person OR m.wanted
    OR NOT EXISTS (SELECT 1 FROM network_readerpause p WHERE p.member_id = m.id AND p.ended_at IS NULL) AND (
      EXISTS (SELECT 1 FROM network_consent g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL AND (g.until IS NULL OR g.until > statement_timestamp()))
      OR EXISTS (SELECT 1 FROM meetings_noteshare g WHERE g.member_id = m.id AND g.withdrawn_at IS NULL
        AND (g.until IS NULL OR g.until > statement_timestamp()))))
    AND m.service_id NOT IN (SELECT od.overseen_service_ids()) AND m.network_id NOT IN (SELECT od.clinician_network_ids()) $$;

-- The team, whoever oversees, and the person see who was let in, by whom and how. Nobody writes there but by functions (network, 0021).
CREATE POLICY see ON network_wayin FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.readable_network_ids())));
GRANT SELECT ON network_wayin TO od_app;
