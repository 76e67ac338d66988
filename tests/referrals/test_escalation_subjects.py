"""Promise 14: nobody writes into the void. A wish, words beside a note, an exception: each has an owner, a plan and an end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from meetings.actions import record, sharing
from meetings.actions.exceptions import record_exception
from meetings.models import DecidedWithout
from network.models import Message
from network.rules import log_reading
from referrals import actions
from referrals.models import Case, Watch
from tests.conftest import acting_as, role
from tests.factories import arrive, close, hours, make_case, make_cast, make_meeting, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def wish(cast):
    with role("od_app"), acting_as(cast.person.user_id):
        return sharing.wish_for_meeting(network=cast.network, words="Could we meet?", once=uuid4(), by=cast.person.user)


def watch_of(thing):
    return Watch.objects.get(thing=thing.uuid)


def told_after(watch, **span):
    """Who is told of `watch` until then, with nobody answering."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION od.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
            " $$ SELECT clock_timestamp() + current_setting('test.ahead')::interval $$"
        )
        for part in range(1, 41):
            cursor.execute("SELECT set_config('test.ahead', %s, false)", [str(timedelta(**span) * part / 40)])
            cursor.execute("SELECT od.sweep(100)")
        cursor.execute("SELECT set_config('test.ahead', '0', false)")
    steps = watch.steps.values("pk")
    return list(Message.objects.filter(step__in=steps).order_by("queued_at").values_list("staff__name", flat=True))


def test_a_wish_is_watched_until_somebody_calls(cast):
    watch = watch_of(wish(cast))
    assert (watch.subject, watch.case, watch.due_at - watch.started_at) == ("wish", cast.case, hours(24))
    assert told_after(watch, hours=23, minutes=30) == [cast.case.owner.name, cast.coordinator.name, cast.lead.name]
    with role("od_app"), acting_as(cast.coordinator.user_id):
        actions.log_contact(case=cast.case, kind="no_answer", whom="her", by=cast.coordinator.user)
    watch.refresh_from_db()
    assert watch.ended_at is None
    with role("od_app"), acting_as(cast.coordinator.user_id):
        actions.log_contact(case=cast.case, kind="called_back", whom="her", by=cast.coordinator.user)
    watch.refresh_from_db()
    assert watch.ended_why == "answered"


def test_a_booked_meeting_answers_a_wish(cast):
    watch = watch_of(wish(cast))
    make_meeting(
        cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() + hours(40), invited=[cast.person]
    )
    watch.refresh_from_db()
    assert watch.ended_why == "answered"


def add_words(cast, who, text="I see it like this"):
    with role("od_app"), acting_as(who.user_id):
        return sharing.add_to_note(meeting=cast.held, line=None, kind="added", text=text, once=uuid4(), by=who.user)


@pytest.mark.parametrize("who", ["person", "mother"])
def test_words_between_meetings_are_watched_until_staff_have_read_them(cast, who):
    watch = watch_of(add_words(cast, getattr(cast, who)))
    assert (watch.subject, watch.case) == ("words_between", cast.case)
    for reader in (cast.person, cast.mother):
        with role("od_app"), acting_as(reader.user_id):
            log_reading("note", cast.held.uuid, cast.network)
    with role("od_app"), acting_as(cast.clinician1.user_id):
        log_reading("case", cast.case.uuid, cast.network)
    watch.refresh_from_db()
    assert watch.ended_at is None
    with role("od_app"), acting_as(cast.clinician1.user_id):
        log_reading("note", cast.held.uuid, cast.network)
    watch.refresh_from_db()
    assert watch.ended_why == "read"


def test_what_staff_add_is_not_watched(cast):
    words = add_words(cast, cast.clinician1)
    assert not Watch.objects.filter(thing=words.uuid).exists()


def test_words_are_still_to_be_read_when_the_case_is_closed(cast):
    cast.booked.status, cast.booked.cancelled_at, cast.booked.cancelled_reason = "cancelled", timezone.now(), "no need"
    cast.booked.save()
    words, asked = watch_of(add_words(cast, cast.mother)), watch_of(wish(cast))
    with role("od_app"), acting_as(cast.coordinator.user_id):
        actions.close_case(
            case=cast.case, kind="together", reason="Well again", decided_in=cast.held.uuid, by=cast.coordinator.user
        )
    words.refresh_from_db()
    asked.refresh_from_db()
    assert (words.ended_at, asked.ended_why) == (None, "closed")
    assert watch_of(add_words(cast, cast.mother, "And this")).case == cast.case


def taken_to_hospital(cast):
    with role("od_app"), acting_as(cast.clinician1.user_id):
        return record_exception(
            case=cast.case, text="Taken to hospital", decided_by="Dr. Aalto", decided_at=timezone.now(), why="Danger to life",
            brought_by=cast.clinician1, by=cast.clinician1.user,
        )  # fmt: skip


def close_without_meeting(cast, code):
    cast.booked.status, cast.booked.cancelled_at, cast.booked.cancelled_reason = "cancelled", timezone.now(), "no need"
    cast.booked.save()
    with role("od_app"), acting_as(cast.coordinator.user_id):
        actions.close_case(
            case=cast.case, kind="without_meeting", reason="She moved", code=code, offers="At home", second_staff=cast.lead,
            word_to_person="By letter", word_to_caller="The same", by=cast.coordinator.user,
        )  # fmt: skip


def test_an_exception_is_watched_on_when_its_case_is_closed(cast):
    watch = watch_of(taken_to_hospital(cast))
    close_without_meeting(cast, "moved_away")
    watch.refresh_from_db()
    assert watch.ended_at is None
    assert told_after(watch, days=6, hours=23, minutes=30) == [
        cast.case.owner.name,
        cast.coordinator.name,
        cast.lead.name,
    ]
    with role("od_app"), acting_as(cast.lead.user_id):
        actions.acknowledge(watch=Watch.objects.get(pk=watch.pk), by=cast.lead.user)
    watch.refresh_from_db()
    assert watch.held_by == cast.lead


def test_a_later_case_of_the_network_follows_for_an_exception_of_a_closed_one(cast):
    exception = taken_to_hospital(cast)
    close_without_meeting(cast, "moved_away")
    since = timezone.now()

    def follows():
        with connection.cursor() as cursor:
            cursor.execute("SELECT od.follow_up(%s, %s, '1 hour') IS NOT NULL", [exception.case_id, since])
            return cursor.fetchone()[0]

    assert not follows()
    make_meeting(make_case(cast.network, cast.coordinator), cast.clinician1, starts_at=timezone.now() + hours(5))
    assert follows()


def test_an_exception_ends_with_the_life_of_the_person(cast):
    """Nobody can talk about it with them any more. It stands on the board all the same."""
    watch = watch_of(taken_to_hospital(cast))
    close_without_meeting(cast, "died")
    watch.refresh_from_db()
    assert watch.ended_why == "closed"
    assert Case.objects.closed_unsaid().get() == cast.case


def test_an_exception_is_watched_until_a_meeting_takes_it_up(cast):
    exception = taken_to_hospital(cast)
    watch = watch_of(exception)
    assert (watch.subject, watch.due_at - watch.started_at) == ("exception", hours(168))
    assert told_after(watch, days=6, hours=23, minutes=30) == [
        cast.case.owner.name,
        cast.coordinator.name,
        cast.lead.name,
    ]
    meeting = start(cast.booked, at=timezone.now())
    arrive(meeting, cast.person)
    arrive(meeting, cast.clinician1)
    with role("od_app"), acting_as(cast.clinician1.user_id):
        record.take_up(
            exception=DecidedWithout.objects.get(pk=exception.pk),
            meeting=meeting,
            words="She was angry",
            by=cast.clinician1.user,
        )
    watch.refresh_from_db()
    assert watch.ended_why == "taken_up"


def test_a_clock_from_the_first_call_to_the_meeting(cast):
    """The journey by its actions: joined, acknowledged, booked, met, tapped by mistake, met again, closed."""
    by = cast.coordinator.user
    with role("od_app"), acting_as(by.pk):
        case = actions.take_call(
            person_name="Aino",
            call_back="040 555 0134",
            words="Help",
            told="yes",
            first_heard_at=timezone.now() - hours(3),
            by=by,
        )
        watch = case.watches.get()
        actions.take_call(
            person_name="Aino", call_back="040 555 0134", words="Again", told="yes", join_case=case.uuid, by=by
        )
        assert case.watches.get() == watch
        actions.acknowledge(watch=watch, by=by)
        actions.change_urgency(timer=case.timers.get(), after="very_urgent", by=by)
    watch.refresh_from_db()
    assert (watch.subject, watch.held_by, watch.due_at - watch.started_at) == (
        "first_meeting_very_urgent",
        None,
        hours(4),
    )
    with role("od_app"), acting_as(by.pk):
        actions.correct_first_heard(
            timer=case.timers.get(), corrected=timezone.now() - hours(2), reason="A slip", by=by
        )
    watch.refresh_from_db()
    assert timezone.now() - watch.started_at < hours(2.1)
    person = case.network.person
    meeting = start(
        make_meeting(case, cast.clinician3, starts_at=timezone.now() + hours(1)), at=timezone.now() - hours(1)
    )
    arrive(meeting, person, at=timezone.now() - hours(1))
    arrive(meeting, cast.clinician3, at=timezone.now() - hours(1))
    watch.refresh_from_db()
    assert watch.ended_why == "met"
    meeting.presences.filter(member=person).update(mistaken_at=timezone.now())
    watch.refresh_from_db()
    assert (watch.ended_at, watch.steps.planned().count() > 0) == (None, True)
    arrive(meeting, person)
    watch.refresh_from_db()
    assert watch.ended_why == "met"
    close(meeting)


def test_closing_without_a_meeting_stops_escalating_and_stays_not_met(cast):
    by = cast.coordinator.user
    with role("od_app"), acting_as(by.pk):
        case = actions.take_call(person_name="Aino", call_back="040 555 0134", words="Help", told="yes", by=by)
        watch = case.watches.get()
        actions.log_contact(case=case, kind="declined", declined_by="Aino", declined_what="meeting", offered="At home, today",
                            next_contact="We call on Monday", by=by)  # fmt: skip
        watch.refresh_from_db()
        assert watch.ended_at is None  # a refusal is not a closure
        actions.close_case(case=case, kind="without_meeting", reason="She does not want to", code="person_declined", offers="At home",
                           second_staff=cast.lead, word_to_person="By letter", word_to_caller="The same", by=by)  # fmt: skip
    watch.refresh_from_db()
    assert (watch.ended_why, watch.next_at, watch.timer.coded_exception) == ("not_met", None, "person_declined")
