-- A meeting that was held can be entered afterwards, whatever the calendar says: who came was perhaps booked somewhere else at that
-- hour, and such a row is not active (the exclusion constraint holds for the others). That somebody came, the presences say.
CREATE OR REPLACE FUNCTION od.somebody_comes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM meetings_meeting WHERE id = NEW.meeting_id AND status IN ('booked', 'started') AND NOT entered_afterwards)
      AND NOT EXISTS (SELECT 1 FROM meetings_meetingstaff WHERE meeting_id = NEW.meeting_id AND active) THEN
    PERFORM od.refuse('somebody_comes');
  END IF;
  RETURN NULL;
END $$;
