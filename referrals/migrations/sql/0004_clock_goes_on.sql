-- What may follow what, whoever writes: a clock that was replied to or ended as not met never runs again. Functions of the owner
-- move the clock, and a mistake in one of them must not move it back.
CREATE FUNCTION od.clock_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.outcome, NEW.outcome) NOT IN (('running', 'met'), ('running', 'replied'), ('running', 'not_met'), ('met', 'running')) THEN
    PERFORM od.refuse('clock_goes_forward');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE UPDATE ON referrals_responsetimer FOR EACH ROW WHEN (OLD.outcome <> NEW.outcome)
  EXECUTE FUNCTION od.clock_goes_on();
