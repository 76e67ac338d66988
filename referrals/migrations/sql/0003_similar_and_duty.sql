-- A call about somebody who is known already, and what changes hands with the duty.

-- Only the answers that the forms offer: a typing error in an urgency would give a clock the wrong hours.
ALTER TABLE referrals_responsetimer ADD CONSTRAINT one_of_the_answers_timer
  CHECK (kind IN ('meeting', 'reply') AND urgency IN ('emergency', 'very_urgent', 'urgent', 'not_crisis'));
ALTER TABLE referrals_referral ADD CONSTRAINT one_of_the_answers_referral CHECK (
  urgency IN ('emergency', 'very_urgent', 'urgent', 'not_crisis') AND told IN ('self', 'yes', 'not_yet', 'refused')
  AND channel IN ('phone', 'in_person', 'letter', 'colleague', 'public_page') AND pathway IN ('crisis', 'non_crisis')
  AND place IN ('home', 'other_home', 'elsewhere', 'remote', 'not_said'));
ALTER TABLE referrals_contact ADD CONSTRAINT one_of_the_answers_contact CHECK (
  kind IN ('called_back', 'no_answer', 'offered', 'declined', 'replied', 'taken', 'wish')
  AND declined_what IN ('', 'meeting', 'home', 'member', 'other'));
ALTER TABLE referrals_caseclosure ADD CONSTRAINT one_of_the_answers_closure CHECK (
  code IN ('', 'person_declined', 'not_found', 'other_service', 'moved_away', 'died'));

-- A name and a way to call back as two people would say that they are the same. "Not known yet" is nobody's name. Of a telephone number
-- the last eight digits count: 040 555 0134 and +358 40 555 0134 ring in the same place.
CREATE FUNCTION od.name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT nullif(nullif(lower(btrim(regexp_replace(name, '\s+', ' ', 'g'))), ''), 'not known yet') $$;
CREATE FUNCTION od.contact_key(back text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN position('@' IN back) > 0 THEN lower(btrim(back))
    WHEN length(regexp_replace(back, '\D', '', 'g')) >= 5 THEN right(regexp_replace(back, '\D', '', 'g'), 8) END $$;
CREATE INDEX member_person_name_key ON network_member (service_id, od.name_key(name)) WHERE is_person;
CREATE INDEX contact_phone_key ON network_membercontact (service_id, od.contact_key(phone)) WHERE phone <> '';
CREATE INDEX contact_email_key ON network_membercontact (service_id, email) WHERE email <> '';
CREATE INDEX referral_name_key ON referrals_referral (service_id, od.name_key(person_name));
CREATE INDEX referral_back_key ON referrals_referral (service_id, od.contact_key(call_back));

-- Cases that a call might be about, open ones first: offered for joining, never joined by themselves. Only those the caller of this
-- function may open, which is also what od.take_referral lets them join. `caller` is the member whom that telephone or address belongs to.
CREATE FUNCTION od.similar_cases(name text, back text) RETURNS TABLE (case_id bigint, caller bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH me AS (SELECT * FROM network_staff WHERE id = (SELECT od.my_staff_id())),
  found AS (
    SELECT m.network_id, NULL::bigint AS member_id FROM network_member m, me
      WHERE m.is_person AND m.service_id = me.service_id AND od.name_key(m.name) = od.name_key($1)
    UNION ALL SELECT r.network_id, NULL FROM referrals_referral r, me
      WHERE r.service_id = me.service_id AND od.name_key(r.person_name) = od.name_key($1)
    UNION ALL SELECT r.network_id, NULL FROM referrals_referral r, me
      WHERE r.service_id = me.service_id AND od.contact_key(r.call_back) = od.contact_key($2)
    UNION ALL SELECT c.network_id, c.member_id FROM network_membercontact c, me
      WHERE c.service_id = me.service_id AND c.phone <> '' AND od.contact_key(c.phone) = od.contact_key($2)
    UNION ALL SELECT c.network_id, c.member_id FROM network_membercontact c, me
      WHERE c.service_id = me.service_id AND c.email <> '' AND c.email = lower(btrim($2))),
  mine AS (
    SELECT f.network_id, max(m.id) AS member_id FROM found f
    LEFT JOIN network_member m ON m.id = f.member_id AND NOT m.is_person AND m.left_at IS NULL
    WHERE EXISTS (SELECT 1 FROM me WHERE is_coordinator OR is_lead) OR f.network_id IN (SELECT od.clinician_network_ids())
    GROUP BY 1)
  SELECT c.id, mine.member_id FROM mine CROSS JOIN LATERAL (
    SELECT * FROM referrals_case WHERE network_id = mine.network_id ORDER BY closed_at IS NULL DESC, opened_at DESC, id DESC LIMIT 1) c
  ORDER BY c.closed_at IS NULL DESC, mine.member_id IS NOT NULL DESC, c.opened_at DESC, c.id DESC LIMIT 6 $$;

-- A reply ends a clock only if it came after the clock began. Without this it would be kept and the clock would run on in silence.
CREATE FUNCTION od.reply_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM referrals_responsetimer WHERE case_id = NEW.case_id AND kind = 'reply' AND outcome = 'running'
      AND first_heard_at > NEW.at) THEN
    PERFORM od.refuse('reply_after_first_heard');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON referrals_contact FOR EACH ROW WHEN (NEW.kind = 'replied') EXECUTE FUNCTION od.reply_fits();

-- Whoever is given a case by somebody else is told so, and so is whoever had it.
CREATE FUNCTION od.handover_tells() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.queue_message('handover:' || NEW.id, 'staff', NEW.service_id, NEW.network_id,
    (SELECT u.email FROM network_user u JOIN network_staff s ON s.user_id = u.id WHERE s.id = NEW.after_id AND s.id <> NEW.by_id), NULL);
  PERFORM od.queue_message('handover:' || NEW.id || ':before', 'staff', NEW.service_id, NEW.network_id, (SELECT u.email FROM network_user u
    JOIN network_staff s ON s.user_id = u.id WHERE s.id = NEW.before_id AND s.id NOT IN (NEW.by_id, NEW.after_id) AND s.left_at IS NULL
      AND NEW.before_since IS NOT NULL), NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER tells AFTER INSERT ON referrals_casehandover FOR EACH ROW EXECUTE FUNCTION od.handover_tells();

-- What nobody has taken goes with the duty: whoever goes home leaves no waiting case behind.
CREATE FUNCTION od.duty_passes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE waiting bigint[]; me bigint := od.my_staff_id();
BEGIN
  SELECT array_agg(c.id) INTO waiting FROM (SELECT id FROM referrals_case WHERE service_id = NEW.id AND closed_at IS NULL
    AND taken_at IS NULL AND owner_id = OLD.on_duty_id FOR UPDATE) c;
  IF me IS NOT NULL THEN
    INSERT INTO referrals_casehandover (service_id, network_id, case_id, before_id, after_id, by_id, at)
    SELECT service_id, network_id, id, owner_id, NEW.on_duty_id, me, clock_timestamp() FROM referrals_case WHERE id = ANY (waiting);
  END IF;
  -- Given by the duty, not taken by anybody: also when one puts oneself on duty.
  UPDATE referrals_case SET owner_id = NEW.on_duty_id, taken_at = NULL WHERE id = ANY (waiting);
  RETURN NULL;
END $$;
CREATE TRIGGER passes_on AFTER UPDATE OF on_duty_id ON network_service FOR EACH ROW
  WHEN (OLD.on_duty_id IS NOT NULL AND NEW.on_duty_id IS NOT NULL AND OLD.on_duty_id <> NEW.on_duty_id)
  EXECUTE FUNCTION od.duty_passes_on();

-- The public page also says by when somebody answers.
DROP FUNCTION od.public_services();
CREATE FUNCTION od.public_services() RETURNS TABLE (slug text, name text, time_zone text, languages text, emergency_number text,
  emergency_advice text, night_number text, hours_urgent int, hours_reply int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT slug, name, time_zone, languages, emergency_number, emergency_advice, night_number, hours_urgent, hours_reply
  FROM network_service WHERE takes_public_referrals ORDER BY name, slug $$;

GRANT EXECUTE ON FUNCTION od.name_key(text), od.contact_key(text) TO od_app, od_clock;
GRANT EXECUTE ON FUNCTION od.similar_cases(text, text), od.public_services() TO od_app;
