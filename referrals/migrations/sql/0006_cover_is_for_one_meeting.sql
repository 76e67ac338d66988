-- Whoever covers a meeting reads its network and writes that meeting's record, until it is closed. The case is not theirs: they hand it
-- to nobody, close it never, move no clock, and do not make themselves part of the team. Otherwise one meeting would last for ever.
CREATE FUNCTION od.working_network_ids() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = public, pg_temp AS $$
  SELECT network_id FROM network_teammember WHERE staff_id = (SELECT od.my_staff_id()) AND left_at IS NULL
  UNION SELECT network_id FROM referrals_case WHERE owner_id = (SELECT od.my_staff_id()) AND closed_at IS NULL $$;
GRANT EXECUTE ON FUNCTION od.working_network_ids() TO od_app;

DO $$
DECLARE t text;
  works text := '(service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.working_network_ids())))';
BEGIN
  FOREACH t IN ARRAY ARRAY['firstheardcorrection', 'urgencychange', 'casehandover'] LOOP
    EXECUTE format('DROP POLICY add ON referrals_%s', t);
    EXECUTE format('CREATE POLICY add ON referrals_%s FOR INSERT TO od_app WITH CHECK (by_id = (SELECT od.my_staff_id()) AND %s)', t, works);
  END LOOP;
  DROP POLICY add ON referrals_caseclosure;
  EXECUTE 'CREATE POLICY add ON referrals_caseclosure FOR INSERT TO od_app WITH CHECK (first_staff_id = (SELECT od.my_staff_id()) AND ' || works || ')';
  DROP POLICY add ON referrals_contact;
  EXECUTE 'CREATE POLICY add ON referrals_contact FOR INSERT TO od_app WITH CHECK (by_staff_id = (SELECT od.my_staff_id()) AND ' || works
    || ' OR by_member_id = ANY (ARRAY(SELECT od.my_member_ids())) AND network_id = ANY (ARRAY(SELECT od.person_network_ids())))';
  DROP POLICY change ON referrals_referral;
  EXECUTE 'CREATE POLICY change ON referrals_referral FOR UPDATE TO od_app USING ' || works;
  DROP POLICY add ON network_teammember;
  EXECUTE 'CREATE POLICY add ON network_teammember FOR INSERT TO od_app WITH CHECK ' || works;
  DROP POLICY change ON network_teammember;
  EXECUTE 'CREATE POLICY change ON network_teammember FOR UPDATE TO od_app USING ' || works
    || ' WITH CHECK (service_id = ANY (ARRAY(SELECT od.staff_service_ids())))';
  -- A guest in the room is added by who covers; who somebody is, and what the person said of them, is not theirs to change.
  DROP POLICY change ON network_member;
  EXECUTE 'CREATE POLICY change ON network_member FOR UPDATE TO od_app USING (' || works || ' OR network_id = ANY (ARRAY(SELECT od.person_network_ids())))';
  DROP POLICY change ON network_membercontact;
  EXECUTE 'CREATE POLICY change ON network_membercontact FOR UPDATE TO od_app USING (' || works
    || ' OR network_id = ANY (ARRAY(SELECT od.person_network_ids())) OR member_id = ANY (ARRAY(SELECT od.my_member_ids())))';
END $$;

-- A clock has somebody who looks after it, always: whoever stops working here has handed over before, cases and duty.
CREATE FUNCTION od.nothing_left_behind() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM referrals_case WHERE owner_id = NEW.id AND closed_at IS NULL)
      OR EXISTS (SELECT 1 FROM network_service WHERE on_duty_id = NEW.id) THEN
    PERFORM od.refuse('hands_over_before_leaving');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER leaves BEFORE UPDATE OF left_at ON network_staff FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION od.nothing_left_behind();
