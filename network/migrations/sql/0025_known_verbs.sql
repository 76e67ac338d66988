-- What can be done to a record is a closed list, and the audit log says nothing else: whoever searches it finds what they look for by the
-- words that stand here, and no name or word of people's gets in by a slip. A new verb is a row here, in a migration beside its action.
CREATE TABLE od.audit_verb (verb varchar(60) PRIMARY KEY);
INSERT INTO od.audit_verb (verb) VALUES
  ('added a member'), ('added somebody in the room'), ('added to a note'), ('answered an invitation'), ('asked for a meeting'),
  ('asked to take words out of sight'), ('began to work here'), ('booked a meeting'), ('cancelled a meeting'), ('changed a member'),
  ('changed a team'), ('changed the urgency'), ('changed who comes to a meeting'), ('changed who is invited'), ('changed who is on duty'),
  ('chose a team'), ('chose what messages say'), ('closed a case'), ('closed a meeting'), ('closed a meeting again'),
  ('confirmed a decision with the person'), ('corrected first heard'), ('ended a pause'), ('ended an opening in need'),
  ('entered a meeting afterwards'), ('gave a consent'), ('handed a case over'), ('handed a note over'), ('kept a line'),
  ('kept a line back'), ('left the service'), ('loaded the demo network'), ('logged a contact'), ('looked for what they may open'),
  ('looked in need, found nobody'), ('looked in need, into their own network'), ('looked into the log of readings'), ('made a service'),
  ('made a way in'), ('made an escalation plan'), ('moved a meeting'), ('opened in need'), ('paused a reader'), ('planned the rota'),
  ('put a channel away'), ('read a late line'), ('read the record back'), ('recorded a departure'), ('recorded an arrival'),
  ('recorded an exception'), ('recorded whether the caller knows'), ('referred on the public page'), ('revoked a way in'),
  ('said that the team is on the way'), ('said: this is me'), ('said: this is not me'), ('set a channel'),
  ('shared a line with the rest'), ('shared a note'), ('started a meeting'), ('swapped a turn'), ('told somebody of a meeting'),
  ('took a call'), ('took a case'), ('took a case over'), ('took a clock in hand'), ('took a turn out'), ('took back a presence'),
  ('took back that the team is on the way'), ('took up an exception'), ('took words out of sight'), ('tried a channel'),
  ('withdrew a consent'), ('withdrew a share'), ('wrote down a choice among versions'), ('wrote down that a member came back'),
  ('wrote down that a member left'), ('wrote down the person''s word'), ('wrote what to bring');

CREATE FUNCTION od.audit_verb_is_known() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM od.audit_verb v WHERE v.verb = NEW.verb) THEN PERFORM od.refuse('audit_verb_is_known'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER known BEFORE INSERT ON network_auditentry FOR EACH ROW EXECUTE FUNCTION od.audit_verb_is_known();
