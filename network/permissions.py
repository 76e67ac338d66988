"""May this person? One table for who does what with a network; whether it fits now is for states and the database."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied

from network.models import Network, Service, Staff, TeamMember, User

Predicate = Callable[[User, Any], bool]


def is_staff(user: User, network: Network) -> bool:
    """Works for the network's service."""
    return bool(user.staff and user.staff.service_id == network.service_id)


def oversees(user: User, network: Network) -> bool:
    """Coordinator or lead of the network's service."""
    return is_staff(user, network) and user.staff.oversees  # type: ignore[union-attr]


def oversees_service(user: User, service: Service) -> bool:
    """Coordinator or lead of `service`."""
    return bool(user.staff and user.staff.oversees and user.staff.service_id == service.pk)


def leads(user: User, service: Service) -> bool:
    """A lead of `service`."""
    return bool(user.staff and user.staff.is_lead and user.staff.service_id == service.pk)


def in_team(user: User, network: Network) -> bool:
    """A clinician of the network's team as it is now."""
    return bool(user.staff) and TeamMember.objects.current().filter(network=network, staff=user.staff).exists()


def is_person(user: User, network: Network) -> bool:
    """The person at the centre."""
    return network.members.persons().filter(user=user).exists()


def is_member(user: User, network: Network) -> bool:
    """A member of the network, the person among them."""
    return network.members.current().filter(user=user).exists()


def any_of(*predicates: Predicate) -> Predicate:
    """One of the predicates holds."""
    return lambda user, thing: any(predicate(user, thing) for predicate in predicates)


def require(table: dict[str, Predicate], permission: str, user: User, thing: Any) -> None:
    """Raises PermissionDenied unless `table` lets `user` do `permission` with `thing`, which is what its predicates take."""
    if not (user.is_authenticated and table[permission](user, thing)):
        raise PermissionDenied


def staff_of(user: User) -> Staff:
    """The staff row of `user`. Raises PermissionDenied when there is none."""
    if not user.staff:
        raise PermissionDenied
    return user.staff


NETWORK: dict[str, Predicate] = {
    "member.change": any_of(oversees, in_team, is_person),
    "consent.give": is_person,
    "consent.write_down": in_team,
    "consent.withdraw": any_of(is_person, in_team),
    "reader.pause": any_of(is_person, in_team),
    "duty.change": oversees_service,
    "service.change": leads,
    "staff.change": leads,
}
