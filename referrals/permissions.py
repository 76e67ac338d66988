"""Who does what with a referral and its case."""

from network.models import Network, User
from network.permissions import (
    Predicate,
    any_of,
    in_team,
    is_member,
    is_person,
    is_staff,
    leads,
    oversees,
    oversees_service,
)
from referrals.models import Case, OnCall, Watch


def owns_case(user: User, network: Network) -> bool:
    """Owner of the network's open case."""
    return bool(user.staff) and Case.objects.open().filter(network=network, owner=user.staff).exists()


def was_told(user: User, network: Network) -> bool:
    """Was told of an open clock of this network: whoever is on call has to be able to help."""
    return bool(user.staff and Watch.objects.open().filter(network=network).told_to(user.staff).exists())


def may_swap(user: User, turn: OnCall) -> bool:
    """Whose turn it is, and whoever oversees the service."""
    return oversees_service(user, turn.service) or (bool(user.staff) and turn.staff == user.staff)


works_with = any_of(oversees, in_team, owns_case, was_told)

REFERRALS: dict[str, Predicate] = {
    "contact.log": works_with,
    "first_heard.correct": works_with,
    "urgency.change": works_with,
    "caller.told": works_with,
    "case.take": works_with,
    "case.hand_over": works_with,
    "case.close": works_with,
    "meeting.wish": is_person,
    "watch.acknowledge": works_with,
    "plan.make": leads,
}

ROTA: dict[str, Predicate] = {
    "rota.plan": oversees_service,
    "turn.swap": may_swap,
}

__all__ = ["REFERRALS", "ROTA", "is_member", "is_staff", "owns_case", "works_with"]
