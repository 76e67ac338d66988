-- Rules that straight SQL could walk around.

-- The words that give a row its meaning are known ones. A decision in a state that nobody has heard of was neither accepted, and so tested
-- for the person's presence, nor waiting; and a line of an unheard-of kind would be a field for what the record must not hold.
ALTER TABLE meetings_line ADD CONSTRAINT one_of_the_answers_line CHECK (
  kind IN ('use', 'voice', 'reflection', 'decision', 'action', 'understanding')
  AND state IN ('kept', 'accepted', 'to_be_confirmed', 'confirmed', 'refused'));
ALTER TABLE meetings_meeting ADD CONSTRAINT one_of_the_answers_meeting CHECK (place IN ('home', 'other_home', 'elsewhere', 'remote'));
ALTER TABLE meetings_invitation ADD CONSTRAINT one_of_the_answers_invitation CHECK (answer IN ('', 'yes', 'no', 'not_sure'));
ALTER TABLE meetings_readback ADD CONSTRAINT one_of_the_answers_read_back CHECK (answer IN ('agreed', 'differs', 'left_before'));
ALTER TABLE meetings_addendum ADD CONSTRAINT one_of_the_answers_addendum CHECK (kind IN ('added', 'differs'));
ALTER TABLE meetings_noteshare ADD CONSTRAINT one_of_the_answers_share CHECK (how IN ('own_page', 'in_the_room', 'on_paper'));
ALTER TABLE network_consent ADD CONSTRAINT one_of_the_answers_consent CHECK (
  covers IN ('all', 'from_now') AND how IN ('own_page', 'in_the_room', 'on_paper'));
ALTER TABLE network_member ADD CONSTRAINT one_of_the_answers_member CHECK (circle IN ('family', 'friend', 'professional', 'other'));
ALTER TABLE network_reading ADD CONSTRAINT one_of_the_answers_reading CHECK (
  what IN ('case', 'meeting', 'record', 'note', 'pdf', 'person_page', 'readings', 'as_member', 'export'));

-- Who left a team has left it. Coming back is a change of its own, with its reason: an emptied left_at would be one without.
CREATE FUNCTION od.left_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM od.refuse('team_change_says_why');
  RETURN NEW;
END $$;
CREATE TRIGGER left_stays BEFORE UPDATE ON network_teammember FOR EACH ROW
  WHEN (OLD.left_at IS NOT NULL AND NEW.left_at IS DISTINCT FROM OLD.left_at) EXECUTE FUNCTION od.left_stays();

-- An exception is brought to a meeting of its own network, also when that is changed later.
CREATE FUNCTION od.exception_stays_in_network() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM meetings_meeting WHERE id = NEW.bring_to_id AND network_id = NEW.network_id) THEN
    PERFORM od.refuse('of_the_same_network');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER brought BEFORE UPDATE OF bring_to_id ON meetings_decidedwithout FOR EACH ROW
  WHEN (NEW.bring_to_id IS NOT NULL) EXECUTE FUNCTION od.exception_stays_in_network();

-- Nobody is present, or agrees, under another's name: it is taken from the one it belongs to.
CREATE TRIGGER name BEFORE INSERT ON meetings_presence FOR EACH ROW EXECUTE FUNCTION od.addendum_name();
CREATE TRIGGER name BEFORE INSERT ON meetings_readback FOR EACH ROW EXECUTE FUNCTION od.addendum_name();

-- The second name under a closure is somebody who works here.
CREATE FUNCTION od.second_works_here() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.second_staff_id AND left_at IS NOT NULL) THEN
    PERFORM od.refuse('owner_works_here');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER second BEFORE INSERT ON referrals_caseclosure FOR EACH ROW EXECUTE FUNCTION od.second_works_here();

-- A departure that is told after a decision contests it, also while the meeting still goes on: without an end to compare with, the
-- comparison in 0002 knew no answer, and marked nothing.
CREATE OR REPLACE FUNCTION od.presence_tells() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.reckon_clocks((SELECT case_id FROM meetings_meeting WHERE id = NEW.meeting_id));
  IF TG_OP = 'UPDATE' THEN
    UPDATE meetings_line SET contested_at = clock_timestamp(), contested_why = 'decision_with_the_person'
    WHERE meeting_id = NEW.meeting_id AND kind = 'decision' AND state = 'accepted' AND contested_at IS NULL
      AND NOT od.person_present(meeting_id, said_at) AND said_at >= NEW.arrived_at
      AND said_at IS DISTINCT FROM (SELECT closed_at FROM meetings_meeting WHERE id = NEW.meeting_id);
  END IF;
  RETURN NULL;
END $$;
