-- A service with %(cases)s open cases: a person and two relatives each, a referral and its clock (the first %(running)s run and are watched
-- over, the others met), one contact, and one closed meeting with its record: twelve lines in the first %(whole)s, two in the others. Nothing
-- is due yet. The person of case 7 can sign in; one relative in each network has an e-mail address, and no two have the same number. The
-- coordinator who looks has taken 25 cases, at each size; all the others are shared by forty clinicians. Triggers are off while it is
-- filled: they are not what is measured here.

INSERT INTO network_user (id, password, email, is_active) SELECT n, '!', 'staff' || n || '@example.org', true FROM generate_series(1, 42) n;
INSERT INTO network_service (id, uuid, slug, name, time_zone, languages, emergency_number, emergency_advice, night_number)
VALUES (1, gen_random_uuid(), 'bench', 'Bench team', 'Europe/Helsinki', 'English', '112', 'Call 112.', '016 555 0100');
SELECT od.default_plans(1);
INSERT INTO network_staff (id, uuid, service_id, user_id, name, profession, training, is_coordinator, is_clinician)
SELECT n, gen_random_uuid(), 1, n, 'Staff ' || n, 'nurse', 'full', n = 1, n > 1 FROM generate_series(1, 41) n;

INSERT INTO network_network (id, uuid, service_id) SELECT n, gen_random_uuid(), 1 FROM generate_series(1, %(cases)s) n;
INSERT INTO network_member (id, uuid, service_id, network_id, user_id, joined_at, name, is_person, relation, circle, named_by, wanted_word, left_reason)
SELECT 3 * n + k, gen_random_uuid(), 1, n, CASE WHEN n = 7 AND k = 0 THEN 42 END, CASE WHEN n = 7 AND k = 0 THEN now() END,
  'Somebody ' || n || '/' || k, k = 0, CASE k WHEN 0 THEN '' ELSE 'her mother' END, 'family', '', '', ''
FROM generate_series(1, %(cases)s) n, generate_series(0, 2) k;
INSERT INTO network_membercontact (service_id, network_id, member_id, email, phone, home_address, language, interpreter)
SELECT 1, network_id, id, CASE id %% 3 WHEN 1 THEN 'somebody' || id || '@example.com' ELSE '' END,
  CASE id %% 3 WHEN 2 THEN '' ELSE '040 ' || lpad(id::text, 7, '0') END, '', '', '' FROM network_member;
INSERT INTO network_teammember (service_id, network_id, staff_id, founding, joined_at)
SELECT 1, n, 2 + (n * 2 + k) %% 40, true, now() - interval '40 days' FROM generate_series(1, %(cases)s) n, generate_series(0, 1) k;

INSERT INTO referrals_case (id, uuid, service_id, network_id, owner_id, opened_at, taken_at, due_at, team_size, last_contact_id)
SELECT n, gen_random_uuid(), 1, n, CASE WHEN n %% 40 = 39 AND n < 1000 THEN 1 ELSE 2 + n %% 40 END, now() - n * interval '1 second', now(),
  CASE WHEN n <= %(running)s THEN now() + interval '24 hours' - n * interval '11 hours' / %(running)s END, 2, n FROM generate_series(1, %(cases)s) n;
INSERT INTO referrals_responsetimer (id, uuid, service_id, network_id, case_id, kind, urgency, hours, first_heard_at, due_at, outcome, met_at,
  known_at, ended_at, coded_exception)
SELECT n, gen_random_uuid(), 1, n, n, 'meeting', 'urgent', 24, heard, heard + interval '24 hours',
  CASE WHEN n <= %(running)s THEN 'running' ELSE 'met' END, CASE WHEN n > %(running)s THEN now() END, CASE WHEN n > %(running)s THEN now() END,
  CASE WHEN n > %(running)s THEN now() END, ''
FROM generate_series(1, %(cases)s) n, LATERAL (SELECT now() - least(n, %(running)s) * interval '11 hours' / %(running)s AS heard) h;
INSERT INTO referrals_referral (uuid, service_id, network_id, case_id, timer_id, person_name, caller_name, caller_relation, caller_id, call_back,
  words, safety, told, channel, urgency, place_words, language, interpreter, first_heard_at, late_reason, taken_by_id)
SELECT gen_random_uuid(), 1, n, n, n, 'Somebody ' || n || '/0', 'Somebody ' || n || '/1', 'her mother', 3 * n + 1,
  '040 ' || lpad((3 * n + 1)::text, 7, '0'),
  'She says the neighbours hear what she thinks, and she is so afraid of the night.', '', 'yes', 'phone', 'urgent', '', '', '',
  now() - least(n, %(running)s) * interval '11 hours' / %(running)s, 'bench', 1 FROM generate_series(1, %(cases)s) n;
INSERT INTO referrals_contact (id, uuid, service_id, network_id, case_id, kind, whom, words, declined_by, declined_what, offered, next_contact, by_staff_id, at)
SELECT n, gen_random_uuid(), 1, n, n, 'called_back', 'her mother', '', '', '', '', '', 1, now() - interval '1 hour' FROM generate_series(1, %(cases)s) n;
INSERT INTO referrals_watch (id, uuid, service_id, network_id, case_id, subject, timer_id, plan_id, opened_at, started_at, due_at, round, next_at, ended_why)
SELECT t.id, gen_random_uuid(), 1, t.network_id, t.case_id, 'first_meeting_urgent', t.id, p.id, t.first_heard_at, t.first_heard_at, t.due_at, 1,
  t.first_heard_at + interval '12 hours', ''
FROM referrals_responsetimer t JOIN referrals_escalationplan p ON p.service_id = 1 AND p.subject = 'first_meeting_urgent' WHERE t.outcome = 'running';
INSERT INTO referrals_watchstep (service_id, network_id, watch_id, round, position, whom, channels, wait_minutes, planned_at, due_at)
SELECT 1, w.network_id, w.id, 1, s.position, s.whom, s.channels, s.wait_minutes, s.planned, s.planned
FROM referrals_watch w, LATERAL od.planned_steps(w.plan_id, w.started_at, w.due_at) s (position, whom, channels, wait_minutes, planned, waited);

INSERT INTO meetings_meeting (id, uuid, service_id, network_id, case_id, status, starts_at, ends_at, place, address, booked_by_id, cancelled_reason,
  started_at, entered_why, closed_at, closed_by_id, no_next_decided_by, who_comes, night_number)
SELECT n, gen_random_uuid(), 1, n, n, 'closed', now() - interval '1 day', now() - interval '22 hours', 'home', '', 2 + (n * 2) %% 40, '',
  now() - interval '1 day', '', now() - interval '22 hours', 2 + (n * 2) %% 40, 'All of us', '', '016 555 0100' FROM generate_series(1, %(cases)s) n;
INSERT INTO meetings_meetingstaff (service_id, network_id, meeting_id, staff_id, active)
SELECT 1, n, n, 2 + (n * 2 + k) %% 40, true FROM generate_series(1, %(cases)s) n, generate_series(0, 1) k;
INSERT INTO meetings_presence (uuid, service_id, network_id, meeting_id, member_id, staff_id, name, arrived_at, left_at, recorded_by_id)
SELECT gen_random_uuid(), 1, n, n, CASE WHEN k < 2 THEN 3 * n + k END, CASE WHEN k >= 2 THEN 2 + (n * 2 + k) %% 40 END, 'Somebody',
  now() - interval '1 day', now() - interval '22 hours', 2 + (n * 2) %% 40
FROM generate_series(1, %(cases)s) n, generate_series(0, 3) k WHERE n <= %(whole)s OR k IN (0, 2);
INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, member_id, voice, text, said_at, recorded_by_id, refused_why,
  contested_why, action_who, action_looked_after_by)
SELECT gen_random_uuid(), 1, n, n, CASE k WHEN 11 THEN 'decision' WHEN 7 THEN 'reflection' ELSE 'voice' END,
  CASE k WHEN 11 THEN 'accepted' ELSE 'kept' END, CASE WHEN k NOT IN (7, 11) THEN 3 * n + k %% 2 END, 'Somebody',
  'I would like to use this to sleep again. And that mum stops whispering on the phone.',
  now() - interval '1 day' + k * interval '4 minutes', 2 + (n * 2) %% 40, '', '', '', ''
FROM generate_series(1, %(cases)s) n, generate_series(0, 11) k WHERE n <= %(whole)s OR k >= 10;
