"""Times that somebody under the app's role would like to choose: the database takes its own, or the earliest that can be true."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from meetings.actions.moments import When
from meetings.actions.record import arrive
from meetings.models import DecidedWithout
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast, make_meeting, say, start
from tests.meetings import breaks as b
from tests.meetings.recording import straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def test_a_meeting_begins_no_earlier_than_about_when_it_was_booked(cast):
    """By the action, from a device whose clock says yesterday: the clock of the case goes by when it can have been."""
    by, long_ago = cast.clinician1.user, timezone.now() - hours(30)
    with role("od_app"), acting_as(by.pk):
        arrive(meeting=cast.booked, who=cast.person, by=by, when=When(long_ago, 0))
    cast.booked.refresh_from_db()
    assert cast.booked.started_at == cast.booked.booked_at - hours(2)


def test_straight_sql_begins_no_earlier_either(cast):
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        straight("UPDATE meetings_meeting SET status = 'started', started_at = now() - interval '30 hours' WHERE id = %s",
                 cast.booked.pk)  # fmt: skip
    cast.booked.refresh_from_db()
    assert timezone.now() - cast.booked.started_at < hours(2.1)


def test_what_is_entered_afterwards_begins_when_it_did(cast):
    began = timezone.now() - hours(30)
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        straight(
            "UPDATE meetings_meeting SET status = 'started', started_at = %s, entered_afterwards = true, entered_why = 'no battery'"
            " WHERE id = %s", began, cast.booked.pk,
        )  # fmt: skip
    cast.booked.refresh_from_db()
    assert cast.booked.started_at == began


def test_the_persons_word_counts_from_when_it_was_given_in_the_room(cast):
    """In a kitchen without signal it comes to the service later. As with a decision, the moment is tested, not the arrival."""
    entered = make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() - hours(9), entered_afterwards=True,
                           entered_why="no battery")  # fmt: skip
    start(entered, cast.person, cast.clinician1, at=timezone.now() - hours(9))
    waits = say(
        entered, "We meet at the library.", kind="decision", state="to_be_confirmed", at=timezone.now() - hours(8)
    )
    start(cast.booked, cast.person, cast.clinician1, at=timezone.now() - hours(1))
    cast.booked.presences.filter(member=cast.person).update(left_at=timezone.now() - timedelta(minutes=30))
    sql = "UPDATE meetings_line SET state = 'confirmed', confirmed_in_id = %s, confirmed_at = %s WHERE id = %s"
    for minutes in (20, 70, -2):  # when she had left, before it began, and still to come
        refused = pytest.raises(IntegrityError, match="confirmed_by_the_person_in_a_meeting")
        with refused, transaction.atomic(), role("od_app"), acting_as(cast.clinician1.user.pk):
            straight(sql, cast.booked.pk, timezone.now() - timedelta(minutes=minutes), waits.pk)
    was_there = timezone.now() - timedelta(minutes=50)
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        straight(sql, cast.booked.pk, was_there, waits.pk)
    waits.refresh_from_db()
    assert waits.confirmed_at == was_there


def test_nothing_is_talked_about_once_the_person_has_left_or_before_it_was_decided(cast):
    exception = b.exception(cast)  # an hour ago
    start(cast.booked, cast.person, cast.clinician1, at=timezone.now() - hours(2))
    cast.booked.presences.filter(member=cast.person).update(left_at=timezone.now() - timedelta(minutes=30))
    sql = (
        "UPDATE meetings_decidedwithout SET taken_up_in_id = %s, taken_up_at = %s, taken_up_words = 'Yes' WHERE id = %s"
    )
    for minutes in (20, 90):
        refused = pytest.raises(IntegrityError, match="taken_up_with_the_person")
        with refused, transaction.atomic(), role("od_app"), acting_as(cast.clinician1.user.pk):
            straight(sql, cast.booked.pk, timezone.now() - timedelta(minutes=minutes), exception.pk)
    assert DecidedWithout.objects.get(pk=exception.pk).taken_up_at is None
