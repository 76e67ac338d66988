"""What the figures are counted from: four queries over a service's records, each one row, however many cases there are.

They name the service themselves and run as whoever asks: row security holds for them as for every query.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace

from django.db import connection

JSONB = 3802  # Django leaves it as text

# Clocks that began as a crisis, also those later called “not a crisis”: otherwise a lower urgency would be a way out of the figure.
# `waits` is not known yet; `coded` is what may be left out, and then is left out of numerator and denominator.
CLOCKS = """
WITH clock AS (
  SELECT t.case_id, t.recorded_offline AS offline, t.coded_exception AS code, t.kind = 'reply' AS not_a_crisis,
    t.coded_exception <> '' OR t.kind = 'reply' AS coded,
    t.known_at > t.met_at + interval '1 hour' AND NOT t.recorded_offline AS known_later,
    CASE WHEN t.outcome = 'met' THEN extract(epoch FROM t.met_at - t.first_heard_at) / 3600 END AS hours,
    CASE WHEN t.outcome <> 'running' THEN t.outcome
      WHEN t.first_heard_at >= %(now)s - interval '24 hours' THEN 'waits' ELSE 'late' END AS state,
    EXISTS (SELECT 1 FROM referrals_urgencychange u WHERE u.timer_id = t.id AND u.lowered) AS lowered,
    EXISTS (SELECT 1 FROM referrals_firstheardcorrection c WHERE c.timer_id = t.id AND c.corrected > c.original) AS moved
  FROM referrals_responsetimer t
  WHERE t.service_id = %(service)s AND t.first_heard_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND (t.kind = 'meeting' OR EXISTS (
      SELECT 1 FROM referrals_urgencychange u WHERE u.timer_id = t.id AND u.lowered AND u.after = 'not_crisis'))
), known AS (
  SELECT *, coalesce(hours <= 24, false) AS within,
    CASE WHEN state <> 'met' THEN state WHEN hours > 48 THEN 'over'
      ELSE (greatest(ceil(hours / 6), 1) - 1)::text END AS bar
  FROM clock WHERE state <> 'waits'
)
SELECT count(*) AS clocks, count(DISTINCT case_id) AS cases, count(*) FILTER (WHERE within) AS within,
  count(*) FILTER (WHERE NOT coded) AS plain, count(DISTINCT case_id) FILTER (WHERE NOT coded) AS plain_cases,
  count(*) FILTER (WHERE NOT coded AND within) AS plain_within,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY coalesce(hours, 'Infinity'))::float8 AS median,
  count(*) FILTER (WHERE offline) AS offline, count(*) FILTER (WHERE known_later) AS known_later,
  count(*) FILTER (WHERE state = 'not_met') AS not_met, count(*) FILTER (WHERE state = 'late') AS late,
  (SELECT count(*) FROM clock WHERE state = 'waits') AS waits,
  (SELECT count(*) FROM clock WHERE state = 'waits' AND NOT coded) AS plain_waits,
  (SELECT count(*) FROM clock) AS all_clocks, (SELECT count(DISTINCT case_id) FROM clock) AS all_cases,
  (SELECT count(*) FROM clock WHERE lowered) AS lowered, (SELECT count(*) FROM clock WHERE moved) AS moved,
  count(*) FILTER (WHERE not_a_crisis) AS not_a_crisis,
  (SELECT jsonb_object_agg(code, n) FROM (SELECT code, count(*) AS n FROM known WHERE code <> '' GROUP BY 1) one) AS codes,
  (SELECT jsonb_object_agg(bar, jsonb_build_array(n, off)) FROM (
    SELECT bar, count(*) AS n, count(*) FILTER (WHERE offline) AS off FROM known GROUP BY 1) one) AS bars
FROM known
"""

# Meetings that were held and closed. Who was there is counted once, however often they came and went.
MEETINGS = """
WITH meeting AS MATERIALIZED (
  SELECT id, place, entered_afterwards FROM meetings_meeting
  WHERE service_id = %(service)s AND status = 'closed' AND started_at >= coalesce(%(since)s::timestamptz, '-infinity')
), came AS MATERIALIZED (
  SELECT DISTINCT p.meeting_id, coalesce(w.same_as_id, p.member_id) AS member_id, p.staff_id FROM meeting m
  JOIN meetings_presence p ON p.meeting_id = m.id AND p.mistaken_at IS NULL LEFT JOIN network_member w ON w.id = p.member_id
), there AS (
  SELECT c.meeting_id, count(c.staff_id) AS team, count(c.member_id) AS members, bool_or(b.is_person) AS person,
    bool_or(NOT b.is_person AND b.circle <> 'professional') AS network
  FROM came c LEFT JOIN network_member b ON b.id = c.member_id GROUP BY 1
), said AS (
  SELECT l.meeting_id, bool_or(l.kind = 'reflection' AND (l.offline OR NOT l.late)) AS reflection,
    count(*) FILTER (WHERE l.kind = 'decision' AND l.state IN ('accepted', 'confirmed') AND l.contested_at IS NULL) AS decided,
    count(*) FILTER (WHERE l.kind = 'decision' AND l.state IN ('accepted', 'confirmed') AND l.contested_at IS NOT NULL) AS contested,
    count(*) FILTER (WHERE l.state = 'to_be_confirmed') AS unconfirmed
  FROM meeting m JOIN meetings_line l ON l.meeting_id = m.id AND l.replaced_by_id IS NULL AND l.state <> 'refused' GROUP BY 1
), heard AS (
  SELECT r.meeting_id, bool_or(r.member_id IS NOT NULL AND r.answer <> 'left_before') AS heard, bool_or(r.answer = 'differs') AS differs
  FROM meeting m JOIN meetings_readback r ON r.meeting_id = m.id GROUP BY 1
), asked AS (
  SELECT i.meeting_id, count(*) AS asked, count(*) FILTER (WHERE c.member_id IS NULL) AS away,
    count(*) FILTER (WHERE c.member_id IS NULL AND i.answer = 'no') AS said_no
  FROM meeting m JOIN meetings_invitation i ON i.meeting_id = m.id AND i.withdrawn_at IS NULL
  JOIN network_member b ON b.id = i.member_id AND NOT b.is_person
  LEFT JOIN came c ON c.meeting_id = i.meeting_id AND c.member_id = i.member_id GROUP BY 1
)
SELECT count(*) AS meetings, count(*) FILTER (WHERE m.entered_afterwards) AS afterwards,
  count(*) FILTER (WHERE there.person) AS person, count(*) FILTER (WHERE there.network) AS network,
  count(*) FILTER (WHERE there.team >= 2) AS two, coalesce(sum(there.team), 0)::int AS team,
  coalesce(sum(there.members), 0)::int AS members,
  count(said.meeting_id) AS written, count(*) FILTER (WHERE said.reflection) AS reflection,
  coalesce(sum(said.decided), 0)::int AS decided, coalesce(sum(said.contested), 0)::int AS contested,
  coalesce(sum(said.unconfirmed), 0)::int AS unconfirmed,
  count(*) FILTER (WHERE heard.heard) AS heard, count(*) FILTER (WHERE heard.differs) AS differs,
  coalesce(sum(asked.asked), 0)::int AS asked, coalesce(sum(asked.away), 0)::int AS away,
  coalesce(sum(asked.said_no), 0)::int AS said_no, count(asked.meeting_id) AS meetings_with_asked,
  count(*) FILTER (WHERE m.place = 'home') AS home, count(*) FILTER (WHERE m.place = 'other_home') AS other_home,
  count(*) FILTER (WHERE m.place = 'elsewhere') AS elsewhere, count(*) FILTER (WHERE m.place = 'remote') AS remote
FROM meeting m LEFT JOIN there ON there.meeting_id = m.id LEFT JOIN said ON said.meeting_id = m.id
LEFT JOIN heard ON heard.meeting_id = m.id LEFT JOIN asked ON asked.meeting_id = m.id
"""

# Teams as sets: who of the clinicians was there, against the founding team of the network and against the meeting before.
CONTINUITY = """
WITH meeting AS MATERIALIZED (
  SELECT id, case_id, network_id, started_at FROM meetings_meeting
  WHERE service_id = %(service)s AND status = 'closed' AND started_at >= coalesce(%(since)s::timestamptz, '-infinity')
), came AS (
  SELECT DISTINCT m.id, p.staff_id FROM meeting m
  JOIN meetings_presence p ON p.meeting_id = m.id AND p.mistaken_at IS NULL AND p.staff_id IS NOT NULL
), team AS (
  SELECT id, array_agg(staff_id) AS staff FROM came GROUP BY 1
), founders AS (
  SELECT network_id, array_agg(DISTINCT staff_id) AS staff FROM network_teammember
  WHERE service_id = %(service)s AND founding GROUP BY 1
), step AS (
  SELECT m.case_id, coalesce(team.staff, '{}') AS team, founders.staff AS founders,
    lag(coalesce(team.staff, '{}')) OVER one AS before, extract(epoch FROM m.started_at - lag(m.started_at) OVER one) / 86400 AS days
  FROM meeting m LEFT JOIN team ON team.id = m.id LEFT JOIN founders ON founders.network_id = m.network_id
  WINDOW one AS (PARTITION BY m.case_id ORDER BY m.started_at, m.id)
), by_case AS (
  SELECT s.case_id, count(*) AS held, bool_and(s.founders IS NOT NULL) AS founded,
    count(*) FILTER (WHERE s.team && s.founders) AS one, count(*) FILTER (WHERE s.team @> s.founders) AS pair,
    coalesce(sum(shared.n::float8 / nullif(cardinality(s.team) + cardinality(s.before) - shared.n, 0)), 0) AS same,
    count(nullif(cardinality(s.team) + cardinality(s.before) - shared.n, 0)) AS steps,
    stddev_pop(s.days) / nullif(avg(s.days), 0) AS spread
  FROM step s CROSS JOIN LATERAL (SELECT count(*) AS n FROM unnest(s.team) of_team WHERE of_team = ANY (s.before)) shared GROUP BY 1
), people AS (
  SELECT m.case_id, count(DISTINCT came.staff_id) AS clinicians FROM meeting m JOIN came ON came.id = m.id GROUP BY 1
), counted AS (
  SELECT b.*, coalesce(p.clinicians, 0) AS clinicians FROM by_case b LEFT JOIN people p USING (case_id) WHERE b.held >= %(meetings)s
)
SELECT count(*) AS cases, (SELECT count(*) FROM by_case WHERE held < %(meetings)s) AS short,
  count(*) FILTER (WHERE founded) AS founded, coalesce(sum(held) FILTER (WHERE founded), 0)::int AS held,
  coalesce(sum(one), 0)::int AS one, coalesce(sum(pair), 0)::int AS pair,
  coalesce(sum(same), 0)::float8 AS same, coalesce(sum(steps), 0)::int AS steps,
  coalesce(sum(clinicians), 0)::int AS clinicians,
  coalesce(sum(spread), 0)::float8 AS spread, count(spread) AS spreads,
  (SELECT jsonb_object_agg(clinicians, n) FROM (
    SELECT least(clinicians, 6) AS clinicians, count(*) AS n FROM counted GROUP BY 1) one) AS by_clinicians,
  (SELECT jsonb_object_agg(bar, n) FROM (SELECT width_bucket(days, ARRAY[2, 4, 8, 15, 29]::numeric[]) AS bar, count(*) AS n
    FROM step WHERE days IS NOT NULL GROUP BY 1) one) AS by_days,
  (SELECT count(DISTINCT case_id) FROM step WHERE days IS NOT NULL) AS cases_with_days,
  (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FROM step WHERE days IS NOT NULL)::float8 AS median_days
FROM counted
"""

# What was decided without the person, and what has no record yet. An open one stands here until it is taken up, whenever it was.
WITHOUT = """
SELECT count(*) FILTER (WHERE recent) AS exceptions, count(DISTINCT case_id) FILTER (WHERE recent) AS cases,
  count(*) FILTER (WHERE recent AND lasted > interval '7 days') AS long,
  count(*) FILTER (WHERE recent AND open AND lasted <= interval '7 days') AS young,
  count(*) FILTER (WHERE open) AS open, count(*) FILTER (WHERE open AND lasted > interval '7 days') AS open_long,
  (SELECT count(*) FROM meetings_meeting WHERE service_id = %(service)s
    AND starts_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND (status = 'started' OR status = 'booked' AND ends_at < %(now)s)) AS unrecorded
FROM (
  SELECT case_id, decided_at >= coalesce(%(since)s::timestamptz, '-infinity') AS recent, taken_up_at IS NULL AS open,
    coalesce(taken_up_at, %(now)s) - decided_at AS lasted
  FROM meetings_decidedwithout WHERE service_id = %(service)s
) one
"""


def read_counts(service: int, *, since: datetime | None, now: datetime, meetings: int) -> SimpleNamespace:
    """The four rows. `since` empty: everything; `meetings`: how many a case needs to be counted for continuity."""
    of = {"service": service, "since": since, "now": now, "meetings": meetings}
    return SimpleNamespace(
        clocks=_row(CLOCKS, of), meetings=_row(MEETINGS, of), continuity=_row(CONTINUITY, of), without=_row(WITHOUT, of)
    )


def _row(sql: str, of: Mapping[str, int | datetime | None]) -> SimpleNamespace:
    with connection.cursor() as cursor:
        cursor.execute(sql, of)
        found = zip(cursor.description, cursor.fetchone(), strict=True)
    return SimpleNamespace(
        **{column.name: json.loads(value or "{}") if column.type_code == JSONB else value for column, value in found}
    )
