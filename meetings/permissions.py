"""Who does what with meetings, their record, and the right to read it."""

from meetings.models import Meeting, MeetingStaff
from network.models import Network, Opening, User
from network.permissions import Predicate, any_of, in_team, is_person, leads
from referrals.permissions import owns_case, works_with


def covers(user: User, network: Network) -> bool:
    """Comes to a meeting of the network that is booked or going on, for instance as cover."""
    return (
        bool(user.staff)
        and MeetingStaff.objects.filter(
            staff=user.staff, active=True, meeting__network=network, meeting__status__in=["booked", "started"]
        ).exists()
    )


def came(user: User, network: Network) -> bool:
    """Of the team, or covers a meeting. A network that was found for them by this right says so by itself (room.to_record)."""
    return getattr(network, "came", None) == user.pk or in_team(user, network) or covers(user, network)


def reads(user: User, network: Network) -> bool:
    """May read at least one note of the network, otherwise than in need. Which one is for `Meeting.objects.readable_by`."""
    here = Meeting.objects.filter(network=network)
    return here.visible_to(user).exists() or here.shared_with(user).exists()


def ends(user: User, opening: Opening) -> bool:
    """Whoever opened it in need, the person, and those who work with the network."""
    return (
        bool(user.staff and opening.staff_id == user.staff.pk)
        or is_person(user, opening.network)
        or works_with(user, opening.network)
    )


in_the_room = any_of(in_team, covers, owns_case)

MEETINGS: dict[str, Predicate] = {
    "team.choose": works_with,
    "team.change": works_with,
    "member.add": any_of(works_with, is_person),
    "member.change": any_of(works_with, is_person),
    "member.let_in": works_with,
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
    "opening.end": ends,
    "log.search": leads,
    "line.keep_back": any_of(works_with, covers, reads),
    "words.out_of_sight": works_with,
}
