"""Somebody who signed in says who they are in a network, or that they are not. Nothing is linked by an address alone."""

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection

from network.models import User
from network.rules import one_write


@dataclass(frozen=True)
class Waiting:
    """A member somebody wrote down with this account's address, who has not said yet that it is them."""

    member: UUID
    name: str
    service: str


def waiting_memberships() -> list[Waiting]:
    """What waits for the signed-in account to say "this is me"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT member, member_name, service_name FROM od.waiting_memberships() ORDER BY 3, 2")
        return [Waiting(*row) for row in cursor.fetchall()]


def join(*, member: UUID, by: User) -> None:
    """`by` says: this is me. Raises PermissionDenied when nothing waits for them under that id."""
    _answer("SELECT od.join_network(%s)", member, "said: this is me", by)


def decline(*, member: UUID, by: User) -> None:
    """`by` says: that is not me. The address is taken out of the network, and the one on duty is told."""
    _answer("SELECT od.not_me(%s)", member, "said: this is not me", by)


def _answer(question: str, member: UUID, verb: str, by: User) -> None:
    if not by.is_authenticated:
        raise PermissionDenied
    with one_write(verb), connection.cursor() as cursor:
        cursor.execute(question, [member])
        (known,) = cursor.fetchone()
        if not known:
            raise PermissionDenied
