-- What is opened in need, and how it is found.

-- Networks that may be read whole. od.open_network_ids() stays what lets somebody write: what is opened in need is read and nothing else,
-- and a policy that nobody thought of lets nobody in. Only policies for reading are set anew, each with its own words but for the function.
CREATE FUNCTION od.readable_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT od.clinician_network_ids() UNION SELECT od.person_network_ids() UNION SELECT od.in_need_network_ids() $$;
GRANT EXECUTE ON FUNCTION od.readable_network_ids() TO od_app;

DO $$
DECLARE p record;
BEGIN
  FOR p IN SELECT tablename, policyname, qual FROM pg_policies WHERE schemaname = 'public' AND cmd = 'SELECT' AND qual LIKE '%open_network_ids%' LOOP
    EXECUTE format('ALTER POLICY %I ON %I USING (%s)', p.policyname, p.tablename, replace(p.qual, 'open_network_ids', 'readable_network_ids'));
  END LOOP;
END $$;

-- Somebody rings at night whose team is not there. They say their name, and a number or an address of theirs, or of somebody close, stands
-- in the record: both have to fit, so that nobody leafs through names. What was found is opened in the same breath, with the reason, and the
-- person and the team are told; there is no way to find without opening. What would be refused is refused before anything is looked for,
-- for a refusal leaves no trace. Whoever may open the record anyway is shown the way there (opened: false).
CREATE FUNCTION od.open_in_need(person text, back text, why text, for_hours int) RETURNS TABLE (of_case uuid, opened boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me network_staff; found referrals_case; made boolean := false;
BEGIN
  SELECT * INTO me FROM network_staff WHERE id = od.my_staff_id();
  IF me.id IS NULL THEN PERFORM od.refuse('opening_is_for_staff'); END IF;
  IF coalesce(why, '') !~ '\S' THEN PERFORM od.refuse('opening_says_why'); END IF;
  IF length(why) > 500 THEN PERFORM od.refuse('does_not_fit'); END IF;
  IF for_hours IS NULL OR for_hours NOT IN (1, 4, 24) THEN PERFORM od.refuse('opening_for_some_hours'); END IF;
  SELECT c.* INTO found FROM referrals_case c WHERE c.service_id = me.service_id AND c.network_id IN (
      SELECT m.network_id FROM network_member m WHERE m.is_person AND m.service_id = me.service_id AND od.name_key(m.name) = od.name_key(person)
      UNION SELECT r.network_id FROM referrals_referral r WHERE r.service_id = me.service_id AND od.name_key(r.person_name) = od.name_key(person))
    AND c.network_id IN (
      SELECT k.network_id FROM network_membercontact k WHERE k.service_id = me.service_id AND k.phone <> '' AND od.contact_key(k.phone) = od.contact_key(back)
      UNION SELECT k.network_id FROM network_membercontact k WHERE k.service_id = me.service_id AND k.email <> '' AND k.email = lower(btrim(back))
      UNION SELECT r.network_id FROM referrals_referral r WHERE r.service_id = me.service_id AND od.contact_key(r.call_back) = od.contact_key(back))
  ORDER BY c.closed_at IS NULL DESC, c.opened_at DESC, c.id DESC LIMIT 1;
  IF found.id IS NULL THEN RETURN; END IF;
  IF NOT (me.is_coordinator OR me.is_lead) AND found.network_id NOT IN (SELECT od.readable_network_ids()) THEN
    INSERT INTO network_opening (uuid, service_id, network_id, staff_id, name, reason, hours, opened_at, ends_at)
    VALUES (gen_random_uuid(), me.service_id, found.network_id, me.id, me.name, btrim(why), for_hours, od.clock(), od.clock());
    made := true;
  END IF;
  RETURN QUERY SELECT found.uuid, made;
END $$;
GRANT EXECUTE ON FUNCTION od.open_in_need(text, text, text, int) TO od_app;

-- The person and the team hear at once that something waits for them; what it is, they read when they have signed in.
CREATE FUNCTION od.opening_tells() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.queue_message('opening:' || NEW.id || ':person', 'message', NEW.service_id, NEW.network_id, c.email, NULL)
  FROM network_member m JOIN network_membercontact c ON c.member_id = m.id WHERE m.network_id = NEW.network_id AND m.is_person;
  PERFORM od.queue_message('opening:' || NEW.id || ':' || s.id, 'staff', NEW.service_id, NEW.network_id, u.email, NULL)
  FROM network_staff s JOIN network_user u ON u.id = s.user_id WHERE s.left_at IS NULL AND s.id IN (
    SELECT staff_id FROM network_teammember WHERE network_id = NEW.network_id AND left_at IS NULL
    UNION SELECT owner_id FROM referrals_case WHERE network_id = NEW.network_id AND closed_at IS NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER tells AFTER INSERT ON network_opening FOR EACH ROW EXECUTE FUNCTION od.opening_tells();

-- What members wrote waits for somebody who works with them: read in need, it still waits.
DROP TRIGGER words_read ON network_reading;
CREATE TRIGGER words_read AFTER INSERT ON network_reading FOR EACH ROW
  WHEN (NEW.what IN ('note', 'pdf') AND NEW.reader_role IN ('team', 'coordinator', 'lead', 'clinician') AND NOT NEW.in_need)
  EXECUTE FUNCTION od.words_read();
