"""Somebody who signed in says who they are in a network, or that they are not. Nothing is linked by an address alone."""

import re
import unicodedata
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


def called(name: str, typed: str) -> bool:
    """Whether somebody who says they are called `typed` may be who was written down as `name`: one holds every word of the other."""
    ours, theirs = (set(re.findall(r"\w+", unicodedata.normalize("NFKC", words).casefold())) for words in (name, typed))
    return bool(ours and theirs) and (ours <= theirs or theirs <= ours)


def join(*, member: UUID, by: User) -> None:
    """`by` says: this is me. Raises PermissionDenied when nothing waits for them under that id."""
    with one_write("said: this is me"):
        _answer("SELECT od.join_network(%s)", member, by)


def decline(*, member: UUID, by: User) -> None:
    """`by` says: that is not me. The address is taken out of the network, and the one on duty is told."""
    with one_write("said: this is not me"):
        _answer("SELECT od.not_me(%s)", member, by)


def _answer(question: str, member: UUID, by: User) -> None:
    if not by.is_authenticated:
        raise PermissionDenied
    with connection.cursor() as cursor:
        cursor.execute(question, [member])
        (known,) = cursor.fetchone()
        if not known:
            raise PermissionDenied
