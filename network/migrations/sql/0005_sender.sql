-- The sender marks what it did with a message, and nothing else: it cannot change to whom a message goes, or what it says.
REVOKE UPDATE ON network_message FROM od_clock;
GRANT UPDATE (lease_until, attempts, last_error, due_at, sent_at) ON network_message TO od_clock;

-- The time of a meeting is written as people there would say it.
GRANT SELECT (id, time_zone) ON network_service TO od_clock;
CREATE POLICY zone ON network_service FOR SELECT TO od_clock USING (true);

-- What was sent stays sent.
CREATE FUNCTION od.message_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at OR NEW.attempts < OLD.attempts THEN
    PERFORM od.refuse('stays_as_written');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE UPDATE ON network_message FOR EACH ROW EXECUTE FUNCTION od.message_goes_on();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON network_message FOR EACH ROW
  EXECUTE FUNCTION od.stays_as_written('lease_until', 'attempts', 'last_error', 'due_at', 'sent_at', 'cancelled_at');
GRANT EXECUTE ON FUNCTION od.refuse(text), od.message_goes_on(), od.stays_as_written() TO od_clock;
