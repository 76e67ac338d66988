-- What somebody would like to bring stands on the page of the case, and on that of a meeting to come or going on, where the team looks who
-- comes and what there is to talk about. Whoever of the staff has opened either has read it, and nobody is called for it any more. A
-- meeting shows what was written since the last one closed; what is older has been read on the page of the case alone.
CREATE OR REPLACE FUNCTION od.what_is_brought_was_read() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.what = 'meeting' AND NOT EXISTS (SELECT FROM meetings_meeting
      WHERE uuid = NEW.thing AND network_id = NEW.network_id AND status IN ('booked', 'started')) THEN
    RETURN NULL;
  END IF;
  PERFORM od.end_watch(w.id, 'read') FROM (SELECT w.id FROM referrals_watch w JOIN meetings_tobring b ON b.uuid = w.thing
    WHERE b.network_id = NEW.network_id AND w.ended_at IS NULL AND (NEW.what = 'case' OR NOT EXISTS (SELECT FROM meetings_meeting m
      WHERE m.network_id = NEW.network_id AND m.status = 'closed' AND m.closed_at >= b.at))
    ORDER BY w.id FOR NO KEY UPDATE OF w) w;
  RETURN NULL;
END $$;
DROP TRIGGER brought_was_read ON network_reading;
CREATE TRIGGER brought_was_read AFTER INSERT ON network_reading FOR EACH ROW
  WHEN (NEW.what IN ('case', 'meeting') AND NEW.reader_role IN ('team', 'coordinator', 'lead', 'clinician') AND NOT NEW.in_need)
  EXECUTE FUNCTION od.what_is_brought_was_read();
