-- A reading of one more kind: pages put on a clinician's device, to be opened without signal. The rule of 0006 and 0017 is widened in one statement,
-- so that there is no moment without it. Every row fits it that fitted the old one: the migration looks through them afterwards, in a
-- statement of its own, while the table is in use.
ALTER TABLE network_reading DROP CONSTRAINT one_of_the_answers_reading, ADD CONSTRAINT one_of_the_answers_reading CHECK (
  what IN ('case', 'meeting', 'record', 'note', 'pdf', 'person_page', 'readings', 'as_member', 'export', 'inquiry',
  'prepared')) NOT VALID;
