"""Who does what with meetings, their record, and the right to read it."""

from meetings.models import Meeting, MeetingStaff
from network.models import Network, User
from network.permissions import Predicate, any_of, in_team, is_person
from referrals.permissions import owns_case, works_with


def covers(user: User, network: Network) -> bool:
    """Comes to a meeting of the network that is booked or going on, for instance as cover."""
    return (
        bool(user.staff)
        and MeetingStaff.objects.filter(
            staff=user.staff, active=True, meeting__network=network, meeting__status__in=["booked", "started"]
        ).exists()
    )


def reads(user: User, network: Network) -> bool:
    """May read at least one note of the network. Which one is for `Meeting.objects.readable_by`."""
    return Meeting.objects.readable_by(user).filter(network=network).exists()


in_the_room = any_of(in_team, covers, owns_case)
came = any_of(in_team, covers)

MEETINGS: dict[str, Predicate] = {
    "team.choose": works_with,
    "team.change": works_with,
    "member.add": any_of(works_with, is_person),
    "member.change": any_of(works_with, is_person),
    "meeting.book": works_with,
    "meeting.move": works_with,
    "meeting.cancel": works_with,
    "meeting.staff": works_with,
    "meeting.invite": any_of(works_with, is_person),
    "meeting.answer_for": works_with,
    "meeting.told": works_with,
    "exception.record": works_with,
    "record.write": came,
    "record.close": came,
    "note.add": any_of(works_with, covers, reads),
    "member.see_as": any_of(is_person, in_team),
    "share.give": is_person,
    "share.write_down": came,
    "share.withdraw": any_of(is_person, in_team),
    "late_line.see": is_person,
}
