"""Somebody says yes in the second in which somebody else moves the meeting: the yes never stands for a time that they did not see."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from meetings.actions.booking import Appointment, answer_invitation, move_meeting
from meetings.models import Invitation, Meeting
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast
from tests.meetings.test_contested import as_app, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast():
    with transaction.atomic():
        return make_cast()


def stands(cast, user, moves):
    with role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT od.meeting_stands(%s, %s)", [cast.booked.pk, moves])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("who", "said"), [("mother", True), ("person", True), ("coordinator", True), ("uncle", None),
                                           ("clinician3", None), ("coordinator2", None), ("person2", None)])  # fmt: skip
def test_it_is_said_to_whom_it_concerns(cast, who, said):
    assert stands(cast, getattr(cast, who).user, 0) is said
    assert stands(cast, getattr(cast, who).user, 10**30) is (said and False)


@pytest.mark.parametrize("turn", range(4))
def test_a_yes_and_a_move_at_once(cast, turn):
    invitation = cast.booked.invitations.get(member=cast.mother)
    later = Appointment(starts_at=timezone.now() + hours(40))

    def say_yes():
        try:
            as_app(cast.mother.user, answer_invitation, invitation=invitation, answer="yes", seen_moves=0)()
        except Refusal as refusal:
            assert refusal.rule == "moved_meanwhile"  # noqa: PT017  both may win

    move = as_app(cast.coordinator.user, move_meeting, meeting=cast.booked, appointment=later, seen_moves=0)
    at_once(*([say_yes, move] if turn % 2 else [move, say_yes]))
    assert Meeting.objects.get(pk=cast.booked.pk).moves == 1
    assert Invitation.objects.get(pk=invitation.pk).answer == ""
