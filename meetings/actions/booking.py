"""A meeting before it starts: booked, moved, cancelled, who comes, who is asked, and what they answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models.functions import Now

from meetings.actions.members import Word, keep_word
from meetings.actions.telling import tell_invited, tell_staff
from meetings.models import Invitation, Meeting, MeetingStaff
from meetings.permissions import MEETINGS
from network.models import Member, Message, Staff, User
from network.permissions import require, staff_of
from network.rules import Refusal, one_write
from referrals.models import Case


@dataclass(frozen=True)
class Appointment:
    """When and where. `travel_minutes` are kept free before and after."""

    starts_at: datetime
    minutes: int = 90
    travel_minutes: int = 0
    place: str = Meeting.Place.HOME
    address: str = ""

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


def book_meeting(
    *,
    case: Case,
    appointment: Appointment,
    staff: Sequence[Staff],
    members: Iterable[Member] = (),
    words: Mapping[Member, Word] | None = None,
    by: User,
    uuid: UUID | None = None,
) -> Meeting:
    """Book, and ask the person and `members`. `words` is what the person said about members in the same breath.

    The same uuid twice books once.
    """
    require(MEETINGS, "meeting.book", by, case.network)
    with one_write("booked a meeting") as written:
        _lock(staff)
        if uuid and (earlier := case.meetings.filter(uuid=uuid).first()):
            written.thing = earlier
            return earlier
        for member, word in (words or {}).items():
            keep_word(member, word)
        written.thing = meeting = Meeting.objects.create(
            uuid=uuid or uuid4(),
            case=case,
            network=case.network,
            service=case.service,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            travel_minutes=appointment.travel_minutes,
            place=appointment.place,
            address=appointment.address,
            booked_by=staff_of(by),
        )
        _come(meeting, staff)
        person = case.network.person
        asked = _ask(meeting, [person, *(one for one in members if one != person)], by)
        tell_invited(meeting, "asked", Message.Kind.MEETING, asked)
        tell_staff(meeting, "asked", staff)
    return meeting


def move_meeting(*, meeting: Meeting, appointment: Appointment, seen_moves: int, by: User) -> Meeting:
    """Another time or place. Everybody is told once and asked anew: a yes to the old time is no yes to the new one.

    `seen_moves` is how often it had been moved when `by` looked at it: two people who move it at once hear of each other.
    """
    require(MEETINGS, "meeting.move", by, meeting.network)
    comes = _comes(meeting)
    before = (meeting.starts_at, meeting.ends_at, meeting.place, meeting.address)
    after = (appointment.starts_at, appointment.ends_at, appointment.place, appointment.address)
    with one_write("moved a meeting") as written:
        written.thing = meeting
        _lock(comes)
        moves = seen_moves + (before != after)
        _update(
            meeting,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            travel_minutes=appointment.travel_minutes,
            place=appointment.place,
            address=appointment.address,
            moves=moves,
        )
        meeting.refresh_from_db()
        if before != after:
            standing = meeting.invitations.filter(withdrawn_at=None)
            tell_invited(meeting, f"moved:{moves}", Message.Kind.MEETING_MOVED, standing)
            tell_staff(meeting, f"moved:{moves}", comes)
    return meeting


def cancel_meeting(*, meeting: Meeting, reason: str, by: User) -> None:
    """Cancel, with the reason. Everybody is told once."""
    require(MEETINGS, "meeting.cancel", by, meeting.network)
    comes = _comes(meeting)
    with one_write("cancelled a meeting") as written:
        written.thing = meeting
        standing = list(meeting.invitations.filter(withdrawn_at=None))
        _update(meeting, status=Meeting.Status.CANCELLED, cancelled_at=Now(), cancelled_reason=reason)
        tell_invited(meeting, "cancelled", Message.Kind.MEETING_CANCELLED, standing)
        tell_staff(meeting, "cancelled", comes)
    meeting.refresh_from_db()


def change_who_comes(*, meeting: Meeting, staff: Sequence[Staff], by: User) -> None:
    """Exactly `staff` come. Who is not of the team covers this one meeting; the database marks it so."""
    require(MEETINGS, "meeting.staff", by, meeting.network)
    before = _comes(meeting)
    with one_write("changed who comes to a meeting") as written:
        written.thing = meeting
        _lock([*staff, *before])
        gone = [one for one in before if one not in staff]
        come = [one for one in staff if one not in before]
        meeting.staffing.filter(staff__in=gone).update(active=False)
        _come(meeting, come)
        tell_staff(meeting, f"who_comes:{uuid4()}", [*gone, *come])


def change_invitations(
    *, meeting: Meeting, members: Iterable[Member], words: Mapping[Member, Word] | None = None, by: User
) -> None:
    """Exactly the person and `members` are asked. Who is asked for the first time is told."""
    require(MEETINGS, "meeting.invite", by, meeting.network)
    with one_write("changed who is invited") as written:
        written.thing = meeting
        for member, word in (words or {}).items():
            keep_word(member, word)
        wanted = {meeting.network.person, *members}
        standing = {one.member: one for one in meeting.invitations.filter(withdrawn_at=None).select_related("member")}
        gone = [one.pk for member, one in standing.items() if member not in wanted]
        meeting.invitations.filter(pk__in=gone).update(withdrawn_at=Now())
        asked = _ask(meeting, [member for member in wanted if member not in standing], by)
        for invitation in asked:
            tell_invited(meeting, f"asked:{invitation.uuid}", Message.Kind.MEETING, [invitation])


def answer_invitation(*, invitation: Invitation, answer: str, reason: str = "", seen_moves: int, by: User) -> None:
    """Yes, no or not sure, by whoever is asked, or written down by staff for them. `seen_moves`: of the time they saw."""
    if invitation.member.user_id != by.pk:
        require(MEETINGS, "meeting.answer_for", by, invitation.network)
    with one_write("answered an invitation") as written:
        written.thing = invitation
        if not _stands(invitation.meeting_id, seen_moves):
            raise Refusal("moved_meanwhile")
        row = Invitation.objects.filter(pk=invitation.pk)
        if not row.update(answer=answer, reason=reason, answered_at=Now(), answered_by=by):
            raise PermissionDenied
    invitation.refresh_from_db()


def _comes(meeting: Meeting) -> list[Staff]:
    return [one.staff for one in meeting.staffing.filter(active=True).select_related("staff")]


def _come(meeting: Meeting, staff: Iterable[Staff]) -> None:
    for one in sorted(set(staff), key=lambda who: who.pk):
        if not meeting.staffing.filter(staff=one).update(active=True):
            MeetingStaff.objects.create(meeting=meeting, network=meeting.network, service=meeting.service, staff=one)


def _ask(meeting: Meeting, members: Iterable[Member], by: User) -> list[Invitation]:
    own = f"{by.staff}, with the person" if by.staff else "the person, on their own page"
    scope = {"network": meeting.network, "service": meeting.service}
    return [
        Invitation.objects.create(meeting=meeting, member=member, word=member.wanted_word or own, **scope)
        for member in members
    ]


def _update(meeting: Meeting, **columns: object) -> None:
    if not Meeting.objects.filter(pk=meeting.pk).update(**columns):
        raise PermissionDenied


def _stands(meeting: int, seen_moves: int) -> bool:
    """Whether it is still the meeting that somebody saw; nobody moves it before the answer is kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.meeting_stands(%s, %s)", [meeting, seen_moves])
        (stands,) = cursor.fetchone()
    return bool(stands)


def _lock(staff: Iterable[Staff]) -> None:
    """Others who book the same clinicians wait here until this is done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.lock_staff(%s)", [[one.pk for one in staff]])
