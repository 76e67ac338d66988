"""How members get in: the team makes a link or a note, whoever has an address asks for a code."""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import connection

from network import codes
from network.models import Member, SignInCode, User, WayIn
from network.rules import one_transaction, one_write


def make_way_in(*, member: Member, kind: str, by: User) -> UUID:
    """A link that is sent to them, or a note to print; the one before it is revoked, a note with all it opened. Returns its uuid."""
    way = uuid4()
    secret = codes.note_of(way) if kind == WayIn.Kind.PAPER else codes.link_of(way)
    with one_write("made a way in") as written:
        written.thing = member
        _done("SELECT od.make_way_in(%s, %s, %s, %s)", member.uuid, kind, way, codes.hashed(secret))
    return way


def revoke_way_in(*, way: WayIn, by: User) -> None:
    """It opens nothing any more. Whoever signed in with it, if it is a note, is signed out, and their account is the member's no more."""
    with one_write("revoked a way in") as written:
        written.thing = way
        _done("SELECT od.revoke_way_in(%s)", way.uuid)


def hand_over_note(*, way: WayIn, to: str, told: str, by: User) -> None:
    """`by` gave the note to `to`. From here on it works; `told` is what else stood on it."""
    with one_write("handed a note over") as written:
        written.thing = way
        _done("SELECT od.hand_over_way_in(%s, %s, %s)", way.uuid, to, told)


def ask_for_code(*, by: SignInCode.By, asked: str) -> UUID:
    """Write down that a code was asked for, whether anybody is known by that or not. Returns what the browser remembers."""
    row = uuid4()
    with one_transaction():
        _value("SELECT od.ask_for_code(%s, %s, %s)", by, asked, row)
    return row


def try_code(*, row: UUID, typed: str) -> int | None:
    """The account that the code opens, or nothing. Five tries."""
    with one_transaction():
        account: int | None = _value("SELECT od.try_code(%s, %s)", row, codes.is_code_of(row, typed))
    return account


def use_note(*, typed: str) -> int | None:
    """The account that the note opens, once."""
    with one_transaction():
        account: int | None = _value("SELECT od.use_note(%s)", codes.hashed(typed))
    return account


def _value(question: str, *values: Any) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        found: int | None = cursor.fetchone()[0]
    return found


def _done(question: str, *values: Any) -> None:
    if not _value(question, *values):
        raise PermissionDenied
