"""The fixed team of a network: chosen once, changed with the reason and the meeting it was decided in."""

from collections.abc import Sequence
from itertools import zip_longest

from django.db.models.functions import Now

from meetings.models import Meeting, TeamChange
from meetings.permissions import MEETINGS
from network.models import Network, Staff, TeamMember, User
from network.permissions import require, staff_of
from network.rules import one_write


def choose_team(*, network: Network, staff: Sequence[Staff], by: User) -> None:
    """The founding team: two or more, who stay to the end."""
    require(MEETINGS, "team.choose", by, network)
    with one_write("chose a team") as written:
        written.thing = network
        for one in staff:
            _join(network, one, founding=True)


def change_team(
    *,
    network: Network,
    joins: Sequence[Staff] = (),
    leaves: Sequence[TeamMember] = (),
    reason: str,
    meeting: Meeting | None = None,
    why_outside: str = "",
    by: User,
) -> list[TeamChange]:
    """Somebody joins or leaves: with the reason, and the meeting it was decided in or why it could not wait for one."""
    require(MEETINGS, "team.change", by, network)
    met = network.meetings.filter(started_at__isnull=False).exists() or network.team_changes.exists()
    with one_write("changed a team") as written:
        written.thing = network
        joined = [_join(network, one, founding=not met) for one in joins]
        # The change comes before the leaving: whoever takes leave of a team may write this down only while they are of it.
        changes = [
            TeamChange.objects.create(
                network=network,
                service=network.service,
                meeting=meeting,
                joined=new,
                left=old,
                reason=reason,
                why_outside=why_outside,
                by=staff_of(by),
            )
            for new, old in zip_longest(joined, leaves)
        ]
        TeamMember.objects.filter(pk__in=[one.pk for one in leaves]).update(left_at=Now())
    return changes


def _join(network: Network, staff: Staff, *, founding: bool) -> TeamMember:
    return TeamMember.objects.create(network=network, service=network.service, staff=staff, founding=founding)
