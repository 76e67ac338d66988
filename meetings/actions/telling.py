"""Neutral words to those whom a meeting concerns, and what those who go there say beforehand.

The words are part of a larger write; the same key is told once. Keys begin with `meeting:` and the meeting's uuid and end with the
uuid of whom it is for: by that the database finds what is not to be sent any more (migrations/sql/0005_booking.sql).
"""

from collections.abc import Iterable
from uuid import uuid4

from django.db import connection

from meetings.models import Invitation, Meeting, OnTheWay, Told
from meetings.permissions import MEETINGS
from network.models import Member, Message, Staff, User
from network.permissions import require, staff_of
from network.rules import one_write, queue_message


def tell_invited(meeting: Meeting, about: str, kind: str, invitations: Iterable[Invitation]) -> None:
    """One message to each member with an e-mail address. The time stands in it only where the member chose so."""
    told = Invitation.objects.filter(pk__in=[one.pk for one in invitations])
    rows = told.values_list("member__uuid", "member__contact__email", "member__contact__time_in_messages")
    for uuid, email, with_time in rows:
        queue_message(
            f"meeting:{meeting.uuid}:{about}:{uuid}",
            kind=kind,
            to=email or "",
            network=meeting.network,
            meeting_at=meeting.starts_at if with_time else None,
        )
    open_accounts(meeting)


def tell_new_address(member: Member) -> None:
    """An address that was added or corrected: what its owner is asked to is told there, too."""
    asked = Invitation.objects.filter(member=member, withdrawn_at=None, meeting__status=Meeting.Status.BOOKED)
    for invitation in asked.select_related("meeting"):
        tell_invited(invitation.meeting, f"address:{uuid4()}", Message.Kind.MEETING, [invitation])


def write_down_told(*, invitation: Invitation, how: str, seen_moves: int, by: User) -> Told:
    """`by` has told somebody whom no e-mail reaches: of the meeting as they saw it, after `seen_moves` moves."""
    require(MEETINGS, "meeting.told", by, invitation.network)
    with one_write("told somebody of a meeting") as written:
        written.thing = told = Told.objects.create(
            invitation=invitation, network=invitation.network, service_id=invitation.service_id, moves=seen_moves, how=how,
            by=staff_of(by),
        )  # fmt: skip
    return told


def say_on_the_way(*, meeting: Meeting, seen_moves: int, by: User, going: bool = True) -> OnTheWay:
    """The team is on the way to where there is no signal, or takes that back. It stops no clock and withdraws no step."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("said that the team is on the way" if going else "took back that the team is on the way") as written:
        written.thing = word = OnTheWay.objects.create(
            meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, moves=seen_moves, going=going,
            by=staff_of(by),
        )  # fmt: skip
    return word


def tell_staff(meeting: Meeting, about: str, staff: Iterable[Staff]) -> None:
    """Something waits for the clinicians of a meeting; whoever acts knows already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.tell_staff_of(%s, %s, %s)", [meeting.pk, about, [one.pk for one in staff]])


def open_accounts(meeting: Meeting) -> None:
    """A code can be mailed to each one who is asked to the meeting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.accounts_for_invited(%s)", [meeting.pk])
