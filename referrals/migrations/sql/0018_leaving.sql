-- Somebody leaves the service: no clock is left without somebody who works here, also not one that begins in the same second.

-- Cases, the duty, and turns of the rota still to come are handed over before. A minute is nobody's turn: the clock of whoever asks may differ.
CREATE OR REPLACE FUNCTION od.nothing_left_behind() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM referrals_case WHERE owner_id = NEW.id AND closed_at IS NULL)
      OR EXISTS (SELECT FROM network_service WHERE on_duty_id = NEW.id)
      OR EXISTS (SELECT FROM referrals_oncall WHERE staff_id = NEW.id AND replaced_at IS NULL AND upper(period) > od.clock() + interval '1 minute') THEN
    PERFORM od.refuse('hands_over_before_leaving');
  END IF;
  RETURN NEW;
END $$;

-- Whoever leaves is waited for, and so is whoever gives them a case: the second of the two sees what the first one did. A call that nobody
-- has taken yet goes to somebody who is there.
CREATE FUNCTION od.owner_is_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM network_staff WHERE id = NEW.owner_id AND left_at IS NULL FOR SHARE;
  IF FOUND THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' OR NEW.taken_at IS NOT NULL THEN PERFORM od.refuse('owner_works_here'); END IF;
  NEW.owner_id := (SELECT min(staff) FROM od.on_call(NEW.service_id, 'coordinator_on_duty', od.clock()) staff);
  RETURN NEW;
END $$;
CREATE TRIGGER works_here BEFORE INSERT ON referrals_case FOR EACH ROW EXECUTE FUNCTION od.owner_is_there();
CREATE TRIGGER works_here_still BEFORE UPDATE OF owner_id ON referrals_case FOR EACH ROW
  WHEN (NEW.owner_id <> OLD.owner_id) EXECUTE FUNCTION od.owner_is_there();

CREATE OR REPLACE FUNCTION od.turn_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who network_staff;
BEGIN
  SELECT * INTO who FROM network_staff WHERE id = NEW.staff_id FOR SHARE;
  NEW.service_id := who.service_id;
  IF who.left_at IS NOT NULL OR NEW.role = 'clinician' AND NOT who.is_clinician
      OR NEW.role = 'coordinator' AND NOT (who.is_coordinator OR who.is_lead) THEN
    PERFORM od.refuse('turn_of_somebody_who_may');
  END IF;
  IF NEW.made_by_id IS NOT NULL AND NEW.service_id <> (SELECT service_id FROM network_staff WHERE id = NEW.made_by_id)
      OR NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT FROM referrals_oncall o WHERE o.id = NEW.replaces_id
        AND o.service_id = NEW.service_id AND o.role = NEW.role AND o.replaced_at IS NOT NULL AND o.period @> NEW.period) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;

-- "I have it" holds as long as there is somebody who has it: whatever a leaver said it of begins anew, at once.
CREATE FUNCTION od.leaver_has_nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE held bigint[];
BEGIN
  SELECT array_agg(w.id) INTO held FROM (SELECT id FROM referrals_watch WHERE held_by_id = NEW.id AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE) w;
  IF held IS NOT NULL THEN PERFORM od.plan_rounds(held, 'again', od.clock()); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER has_nothing AFTER UPDATE OF left_at ON network_staff FOR EACH ROW
  WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL) EXECUTE FUNCTION od.leaver_has_nothing();

-- A role is not taken from somebody while it is needed of them: for the duty, a turn to come. meetings adds teams and meetings.
CREATE FUNCTION od.role_not_needed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT (NEW.is_coordinator OR NEW.is_lead) AND EXISTS (SELECT FROM network_service WHERE on_duty_id = NEW.id)
      OR EXISTS (SELECT FROM referrals_oncall WHERE staff_id = NEW.id AND replaced_at IS NULL AND upper(period) > od.clock()
        AND NOT CASE role WHEN 'clinician' THEN NEW.is_clinician ELSE NEW.is_coordinator OR NEW.is_lead END) THEN
    PERFORM od.refuse('role_is_needed');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER role_needed BEFORE UPDATE OF is_coordinator, is_lead, is_clinician ON network_staff FOR EACH ROW
  WHEN (NEW.left_at IS NULL AND (OLD.is_coordinator OR OLD.is_lead, OLD.is_clinician) IS DISTINCT FROM (NEW.is_coordinator OR NEW.is_lead, NEW.is_clinician))
  EXECUTE FUNCTION od.role_not_needed();
