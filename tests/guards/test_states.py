"""What may follow what: the dictionaries, the page written from them, and the database agree."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from meetings.states import DECISION, MEETING
from opendialogue.states import PAGE, page
from referrals.models import CaseClosure
from referrals.states import CASE, TIMER
from tests.factories import close, flush_constraints, hours, make_cast, make_meeting, say, start

BEFORE_AND_AFTER = {
    name: [(before, after) for before in machine for after in machine]
    for name, machine in {"meeting": MEETING, "decision": DECISION, "timer": TIMER, "case": CASE}.items()
}


def test_the_page_is_what_the_dictionaries_say():
    assert PAGE.read_text() == page(), "Write it anew: python -m opendialogue.states"


@pytest.fixture
def cast(db):
    return make_cast()


def allowed(sql, *values):
    """Whether the database lets this happen, to the end of the transaction."""
    try:
        with transaction.atomic():
            connection.cursor().execute(sql, values)
            flush_constraints()
    except IntegrityError as error:
        return not error.__cause__.diag.constraint_name
    return True


def in_state(cast, status):
    meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - hours(4))
    if status == "cancelled":
        meeting.status, meeting.cancelled_at, meeting.cancelled_reason = "cancelled", timezone.now(), "snow"
        meeting.save()
    elif status != "booked":
        start(meeting, cast.person, cast.clinician1, at=timezone.now() - hours(3))
        if status == "closed":
            close(meeting)
    return meeting


@pytest.mark.parametrize(("before", "after"), BEFORE_AND_AFTER["meeting"])
def test_meeting(cast, before, after):
    meeting = in_state(cast, before)
    close_fields = ", no_next_decided_by = 'all of us', night_number = '1', closed_at = now()"
    if before == "started" and after == "closed":
        meeting.refresh_from_db()
        close(meeting)  # with everybody's word on what was read back
        assert after in MEETING[before]
        return
    with_it = {
        "booked": ", started_at = NULL, closed_at = NULL, cancelled_at = NULL",
        "started": ", started_at = coalesce(started_at, now() - interval '1 hour'), closed_at = NULL, cancelled_at = NULL",
        "closed": f", started_at = coalesce(started_at, now() - interval '1 hour'), cancelled_at = NULL{close_fields}",
        "cancelled": ", started_at = NULL, closed_at = NULL, cancelled_at = now(), cancelled_reason = 'snow'",
    }[after]
    done = allowed(f"UPDATE meetings_meeting SET status = %s{with_it} WHERE id = %s", after, meeting.pk)
    assert done == (after in MEETING[before])


@pytest.mark.parametrize(("before", "after"), [pair for pair in BEFORE_AND_AFTER["decision"] if pair[0] != pair[1]])
def test_decision(cast, before, after):
    line = decision_in_state(cast, before)
    later = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - hours(1))
    start(later, cast.person, cast.clinician1, at=timezone.now() - timedelta(minutes=20))
    with_it = {
        "confirmed": (", confirmed_in_id = %s, confirmed_at = now()", [later.pk]),
        "refused": (", confirmed_in_id = NULL, confirmed_at = NULL", []),
    }.get(after, (", confirmed_in_id = NULL, confirmed_at = NULL", []))
    done = allowed(f"UPDATE meetings_line SET state = %s{with_it[0]} WHERE id = %s", after, *with_it[1], line.pk)
    assert done == (after in DECISION[before])


def decision_in_state(cast, state):
    afterwards = state in ("to_be_confirmed", "confirmed")
    extra = {"entered_afterwards": True, "entered_why": "the phone was dead"} if afterwards else {}
    meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - hours(6), **extra)
    start(meeting, cast.person, cast.clinician1, at=timezone.now() - hours(5))
    if state == "refused":
        return say(meeting, "We part.", kind="decision", state="refused", refused_why="decision_with_the_person")
    line = say(meeting, "We part.", kind="decision", state="to_be_confirmed" if afterwards else "accepted")
    if state == "confirmed":
        confirming = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - hours(3))
        start(confirming, cast.person, cast.clinician1, at=timezone.now() - hours(2))
        line.state, line.confirmed_in, line.confirmed_at = "confirmed", confirming, timezone.now() - hours(1)
        line.save()
    return line


@pytest.mark.parametrize(("before", "after"), [pair for pair in BEFORE_AND_AFTER["timer"] if pair[0] != pair[1]])
def test_timer(cast, before, after):
    times = {
        "running": "met_at = NULL, known_at = NULL, ended_at = NULL",
        "met": "met_at = now(), known_at = now(), ended_at = now()",
        "replied": "met_at = now(), known_at = now(), ended_at = now()",
        "not_met": "met_at = NULL, known_at = NULL, ended_at = now()",
    }
    timer = cast.case2.timers.get()
    if before != "running":
        assert allowed(
            f"UPDATE referrals_responsetimer SET outcome = %s, {times[before]} WHERE id = %s", before, timer.pk
        )
    done = allowed(f"UPDATE referrals_responsetimer SET outcome = %s, {times[after]} WHERE id = %s", after, timer.pk)
    assert done == (after in TIMER[before])


@pytest.mark.parametrize(("before", "after"), [pair for pair in BEFORE_AND_AFTER["case"] if pair[0] != pair[1]])
def test_case(cast, before, after):
    booked = cast.booked
    booked.status, booked.cancelled_at, booked.cancelled_reason = "cancelled", timezone.now(), "We have come far."
    booked.save()
    CaseClosure.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="together", reason="We have come far.",
        first_staff=cast.clinician1, decided_in=cast.held.uuid,
    )  # fmt: skip
    cast.case.refresh_from_db()
    assert cast.case.closed_at is not None
    flush_constraints()
    if before == "open":
        assert after in CASE[before]
    else:
        assert allowed("UPDATE referrals_case SET closed_at = NULL WHERE id = %s", cast.case.pk) == (
            after in CASE[before]
        )
