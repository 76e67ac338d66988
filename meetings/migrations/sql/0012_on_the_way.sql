-- A team that expects no signal says beforehand that it is on the way: who, and when. It is a word and nothing else: it stops no clock and
-- withdraws no step. It is about one time and place, stands until the meeting starts, is moved or cancelled, and can be taken back, by
-- another row: nothing is changed.

CREATE TRIGGER scope BEFORE INSERT ON meetings_ontheway FOR EACH ROW
  EXECUTE FUNCTION od.copy_scope('meetings_meeting', 'meeting_id', 'by_id', 'network_staff');
CREATE TRIGGER stamp BEFORE INSERT ON meetings_ontheway FOR EACH ROW EXECUTE FUNCTION od.stamp('at');
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON meetings_ontheway FOR EACH ROW EXECUTE FUNCTION od.stays_as_written();

-- The last word about the meeting as it is now.
CREATE FUNCTION od.on_the_way(of_meeting bigint) RETURNS meetings_ontheway LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.* FROM meetings_ontheway w JOIN meetings_meeting m ON m.id = w.meeting_id AND m.moves = w.moves
  WHERE w.meeting_id = of_meeting AND m.status = 'booked' ORDER BY w.id DESC LIMIT 1 $$;

-- The meeting is locked, so that two phones do not say it at once, and nobody says it of a time that is just being moved.
CREATE FUNCTION od.on_the_way_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m meetings_meeting;
BEGIN
  SELECT * INTO m FROM meetings_meeting WHERE id = NEW.meeting_id FOR NO KEY UPDATE;
  IF m.status <> 'booked' THEN PERFORM od.refuse('on_the_way_before_it_starts'); END IF;
  IF NEW.moves IS DISTINCT FROM m.moves THEN PERFORM od.refuse('moved_meanwhile'); END IF;
  IF NEW.going AND clock_timestamp() NOT BETWEEN m.starts_at - interval '6 hours' AND m.starts_at + interval '6 hours' THEN
    PERFORM od.refuse('on_the_way_within_hours');
  END IF;
  IF NEW.going = coalesce((od.on_the_way(m.id)).going, false) THEN PERFORM od.refuse('on_the_way_said_once'); END IF;
  NEW.name := (SELECT name FROM network_staff WHERE id = NEW.by_id);
  RETURN NEW;
END $$;
CREATE TRIGGER fits BEFORE INSERT ON meetings_ontheway FOR EACH ROW EXECUTE FUNCTION od.on_the_way_fits();

-- On the case, where the board reads it.
CREATE FUNCTION od.on_the_way_shows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE of_case bigint;
BEGIN
  IF TG_TABLE_NAME = 'meetings_meeting' THEN of_case := NEW.case_id;
  ELSE of_case := (SELECT case_id FROM meetings_meeting WHERE id = NEW.meeting_id); END IF;
  UPDATE referrals_case SET on_the_way_since = (SELECT min(w.at) FROM meetings_meeting m, od.on_the_way(m.id) w
    WHERE m.case_id = of_case AND m.status = 'booked' AND w.going) WHERE id = of_case;
  RETURN NULL;
END $$;
CREATE TRIGGER shows AFTER INSERT ON meetings_ontheway FOR EACH ROW EXECUTE FUNCTION od.on_the_way_shows();
CREATE TRIGGER way AFTER UPDATE OF status, moves ON meetings_meeting FOR EACH ROW
  WHEN ((OLD.status, OLD.moves) IS DISTINCT FROM (NEW.status, NEW.moves)) EXECUTE FUNCTION od.on_the_way_shows();

ALTER TABLE meetings_ontheway ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON meetings_ontheway FOR SELECT TO od_app USING (
  service_id = ANY (ARRAY(SELECT od.overseen_service_ids())) OR network_id = ANY (ARRAY(SELECT od.open_network_ids())));
CREATE POLICY add ON meetings_ontheway FOR INSERT TO od_app WITH CHECK (
  by_id = (SELECT od.my_staff_id()) AND network_id = ANY (ARRAY(SELECT od.recording_network_ids())));
GRANT SELECT, INSERT ON meetings_ontheway TO od_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app;
