-- Two phones without signal name the same guest, and the service cannot know whether it is one person. It keeps both, until somebody who knows
-- them says so: one row is of the network no more, and points to the other. Nothing that was said or noted under it changes its name.

DROP TRIGGER stays ON network_member;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_member FOR EACH ROW EXECUTE FUNCTION od.stays_as_written('user_id', 'name', 'relation',
  'circle', 'wanted', 'wanted_word', 'wanted_at', 'joined_at', 'left_at', 'left_reason', 'same_as_id');
GRANT UPDATE (same_as_id) ON network_member TO od_app;
INSERT INTO od.audit_verb (verb) VALUES ('wrote down that two are one person');

-- As two people would say that it is one name, also where two keyboards write an accent in two ways.
CREATE FUNCTION od.same_name(one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
  SELECT od.name_key(normalize(one, NFKC)) = od.name_key(normalize(other, NFKC)) $$;
GRANT EXECUTE ON FUNCTION od.same_name(text, text) TO od_app;

-- Only a guest who was named in a meeting (their first presence has the id that the device made for both) goes into another row: of the same
-- network and name, present in the network, and not the person, whose presence stops a clock. Who signs in is somebody by their own word.
CREATE FUNCTION od.same_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.same_as_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.left_at IS NULL OR NEW.user_id IS NOT NULL
      OR NEW.same_as_id IS DISTINCT FROM OLD.same_as_id AND (OLD.left_at IS NOT NULL OR NEW.is_person
        OR NOT EXISTS (SELECT FROM meetings_presence p WHERE p.uuid = NEW.uuid AND p.member_id = NEW.id)
        OR NOT EXISTS (SELECT FROM network_member o WHERE o.id = NEW.same_as_id AND o.id <> NEW.id AND o.network_id = NEW.network_id
          AND o.left_at IS NULL AND NOT o.is_person AND od.same_name(o.name, NEW.name)))) THEN
    PERFORM od.refuse('same_person_of_one_name');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER same_person BEFORE INSERT OR UPDATE ON network_member FOR EACH ROW EXECUTE FUNCTION od.same_person();

-- In a meeting that goes on they are in the room once: the times that were noted under the row that goes are noted under the other, where it had
-- none, and stay on record as a tap on the wrong name. What was closed stays as it was closed.
CREATE FUNCTION od.same_person_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE p meetings_presence;
BEGIN
  FOR p IN SELECT t.* FROM meetings_presence t JOIN meetings_meeting m ON m.id = t.meeting_id AND m.status = 'started'
      WHERE t.member_id = NEW.id AND t.mistaken_at IS NULL ORDER BY t.meeting_id, t.arrived_at FOR NO KEY UPDATE OF m LOOP
    INSERT INTO meetings_presence (uuid, meeting_id, member_id, name, arrived_at, left_at, offset_ms, offline, recorded_by_id)
    SELECT gen_random_uuid(), p.meeting_id, NEW.same_as_id, p.name, p.arrived_at, least(p.left_at, min(q.arrived_at)), p.offset_ms, p.offline, p.recorded_by_id
    FROM meetings_presence q WHERE q.meeting_id = p.meeting_id AND q.member_id = NEW.same_as_id AND q.mistaken_at IS NULL
      AND coalesce(q.left_at, 'infinity') > p.arrived_at
    HAVING count(*) FILTER (WHERE q.arrived_at <= p.arrived_at) = 0;
    UPDATE meetings_presence SET mistaken_at = clock_timestamp() WHERE id = p.id;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER same_person_there AFTER UPDATE ON network_member FOR EACH ROW
  WHEN (OLD.same_as_id IS NULL AND NEW.same_as_id IS NOT NULL) EXECUTE FUNCTION od.same_person_there();
