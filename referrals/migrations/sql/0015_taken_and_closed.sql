-- Taking a case says "I have it"; and closing a case does not silence what was decided without the person.

-- Two buttons for one thing confused: who had pressed "Take it" still read that nobody had said "I have it". Now whoever takes a case, or
-- takes it over, has with it all that somebody was asked about. A case given to a colleague is asked about until they take it.
CREATE OR REPLACE FUNCTION od.hand_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k referrals_case;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM network_staff WHERE id = NEW.after_id AND left_at IS NULL) THEN
    PERFORM od.refuse('owner_works_here');
  END IF;
  SELECT * INTO k FROM referrals_case WHERE id = NEW.case_id FOR UPDATE;
  IF od.uid() IS NOT NULL AND (NEW.before_id, NEW.before_since) IS DISTINCT FROM (k.owner_id, k.taken_at) THEN
    PERFORM od.refuse('case_changed_hands');
  END IF;
  NEW.before_id := k.owner_id;
  NEW.before_since := k.taken_at;
  -- Given to somebody else, it counts as taken only when they say so.
  UPDATE referrals_case SET owner_id = NEW.after_id, taken_at = CASE WHEN NEW.after_id = NEW.by_id THEN NEW.at END WHERE id = NEW.case_id;
  IF NEW.after_id = NEW.by_id THEN
    INSERT INTO referrals_acknowledgement (uuid, service_id, network_id, watch_id, staff_id)
    SELECT gen_random_uuid(), w.service_id, w.network_id, w.id, NEW.after_id
    FROM (SELECT * FROM referrals_watch WHERE case_id = NEW.case_id AND ended_at IS NULL AND check_since IS NOT NULL
      AND held_by_id IS DISTINCT FROM NEW.after_id ORDER BY id FOR NO KEY UPDATE) w;
  END IF;
  RETURN NEW;
END $$;

-- A closed case has no wish that waits. What somebody wrote is still to be read, and what was decided without the person is still to be
-- taken up in a meeting (promise 6), for which its owner is told as before; unless the person has died, and nobody can talk with them.
CREATE OR REPLACE FUNCTION od.closed_is_unwatched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM od.end_watches(NEW.id, 'wish', 'closed');
  IF EXISTS (SELECT FROM referrals_caseclosure WHERE case_id = NEW.id AND code = 'died') THEN
    PERFORM od.end_watches(NEW.id, 'exception', 'closed');
  END IF;
  RETURN NULL;
END $$;
