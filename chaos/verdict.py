"""What came out: by the sink's own list and the load's own reckoning first, and only then by what the database believes."""

import collections
import statistics
from typing import NamedTuple

BARS = {"quiet_p99": 10.0, "caught_up": 60.0}
SETTLED = 10.0  # seconds since everything was up again: then it is quiet

STEPS = """
    SELECT k.uuid::text, w.uuid::text, s.id, extract(epoch FROM s.due_at)::float8, s.fired_at IS NOT NULL
    FROM referrals_watchstep s JOIN referrals_watch w ON w.id = s.watch_id JOIN referrals_case k ON k.id = w.case_id
    WHERE s.dropped_at IS NULL AND s.due_at <= to_timestamp(%s)"""
MESSAGES = """
    SELECT m.uuid::text, m."to", extract(epoch FROM m.sent_at)::float8, m.attempts, s.watch_id, s.id
    FROM network_message m JOIN referrals_watchstep s ON s.id = m.step"""
CALLS = "SELECT substr(person_name, 8), count(*) FROM referrals_referral WHERE person_name LIKE 'Caller %' GROUP BY 1"
OPEN = """
    SELECT (SELECT count(*) FROM referrals_watchstep WHERE fired_at IS NULL AND dropped_at IS NULL AND due_at <= now())
      + (SELECT count(*) FROM network_message WHERE sent_at IS NULL AND cancelled_at IS NULL AND due_at <= now())"""


class Late(NamedTuple):
    due: float
    at: float

    @property
    def seconds(self):
        return self.at - self.due


def percentile(values, share):
    """The smallest value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else 0.0


def summary(values):
    return {
        "n": len(values),
        "p50": percentile(values, 50),
        "p99": percentile(values, 99),
        "max": max(values, default=0.0),
    }


def judge(connection, *, due, taken, kills, spans, served_at, outages, caller, until, moment):
    """All figures of a run. `wrong` holds what must not be, by kind; empty is what we want."""
    wrong = collections.defaultdict(list)
    steps = connection.execute(STEPS, [until]).fetchall()
    messages = {row[0]: row for row in connection.execute(MESSAGES).fetchall()}
    watch_of = {}
    for case, watch, step, at, fired in steps:
        if case in watch_of:
            wrong["one clock, two steps"].append(case)
        watch_of[case] = (watch, at)
        if not fired:
            wrong["due and not fired"].append(step)

    first, ids = {}, collections.defaultdict(set)
    for one in taken:
        first.setdefault(one.id, one)
        ids[one.watch, one.to].add(one.id)
        if one.id not in messages:
            wrong["sent, and unknown to the database"].append(one.id)
    for key, found in ids.items():
        if len(found) > 1:
            wrong["doubled"].append(key)

    late = []
    for one in due:
        watch, at = watch_of.get(one.case, ("", 0))
        if abs(at - one.at) > 0.001:
            wrong["not planned as reckoned"].append(one.case)
        for to in one.to:
            found = ids.pop((watch, to), None)
            if not found:
                wrong["lost"].append((one.case, to))
            else:
                late.append(Late(one.at, min(first[name].at for name in found)))
    if ids:
        wrong["sent to somebody who was not meant"].extend(ids)

    for name, _to, sent_at, _attempts, _watch, step in messages.values():
        if sent_at is None:
            if name in first:
                wrong["taken and not marked"].append(name)
        elif name not in first:
            wrong["marked, and never taken"].append((name, step))
        elif sent_at < first[name].at - 0.001:
            wrong["marked before it was taken"].append(name)
    if early := [one for one in late if one.seconds < -0.001]:
        wrong["sent before it was due"].extend(early)

    repeats = repeated(taken, kills, spans, moment)
    wrong["repeated, and nobody was killed"] += [one for one in repeats if not one.why]

    rows = dict(connection.execute(CALLS).fetchall())
    wrong["call acknowledged and lost"] += [token for token in caller.acknowledged if token not in rows]
    wrong["call doubled"] += [token for token, number in rows.items() if number != 1]
    wrong["call given up"] += caller.given_up

    return {
        "wrong": {kind: found for kind, found in wrong.items() if found},
        "due": len(due), "wanted": sum(len(one.to) for one in due), "taken": len(taken), "messages": len(first),
        "repeats": len(repeats), "reasons": dict(collections.Counter(one.why for one in repeats)),
        "kills": dict(sorted(collections.Counter(kill.part for kill in kills).items())),
        "ways": dict(sorted(collections.Counter(kill.how for kill in kills).items())),
        "calls": len(caller.acknowledged), "posts": caller.posts, "failed_posts": caller.failed,
        "all": summary([one.seconds for one in late]), "quiet": summary([one.seconds for one in late if quiet(one, served_at, outages)]),
        "outages": len(outages), "longest_outage": max((end - begin for begin, end in outages), default=0.0),
        "outage_median": statistics.median([end - begin for begin, end in outages]) if outages else 0.0,
        "caught_up": summary(catching_up(late, outages)),
    }  # fmt: skip


def quiet(one, served_at, outages):
    """Whether everything was up from some seconds before it was due until it was sent."""
    return one.due - SETTLED >= served_at and not any(
        begin <= one.at and end >= one.due - SETTLED for begin, end in outages
    )


def catching_up(late, outages):
    """For each outage: how long after everything was up again the last message came that had been due by then."""
    return [max((one.at - end for one in late if one.due <= end < one.at), default=0.0) for _, end in outages]


class Repeat(NamedTuple):
    id: str
    why: str


def repeated(taken, kills, spans, moment):
    """Each further copy of a message, and which kill between its acceptance and our commit is the reason."""
    by_id, found = collections.defaultdict(list), []
    for one in taken:
        by_id[one.id].append(one)
    for name, copies in by_id.items():
        found += [Repeat(name, reason(before, kills, spans, moment)) for before in copies[:-1]]
    return found


def reason(copy, kills, spans, moment):
    """Whoever brought this copy had from then until a moment after our answer to mark it: what was killed meanwhile, or down."""
    until = copy.answered + moment
    kind = copy.owner.partition("-")[0]
    pid = int(copy.owner.partition(":")[2] or 0)
    if any(pid in kill.pids and copy.begun <= kill.at <= until for kill in kills):
        return f"its {kind} was killed before it could mark it"
    if any(begin <= until and end >= copy.begun for begin, end, _ in spans["postgres"]):
        return "PostgreSQL was killed before it could be marked"
    return ""
