"""Codes, links and notes that let somebody in. Each follows from the uuid of its row and the secret of the service, and is kept nowhere:
the sender and the page that takes it work it out anew. Of links and notes, which live long, the database holds a hash."""

import base64
import hashlib
import re
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # none that is taken for another, and no words come of them


def code_of(row: UUID) -> str:
    """XXXX-XXXX: a code to type within fifteen minutes."""
    number = int.from_bytes(_digest("code", row))
    letters = "".join(LETTERS[number // 20**place % 20] for place in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def is_code_of(row: UUID, typed: str) -> bool:
    """Whether that was typed: in any case, with or without its dash."""
    return constant_time_compare(_plain(typed), _plain(code_of(row)))


def link_of(row: UUID) -> UUID:
    """The end of a link."""
    return UUID(bytes=_digest("link", row)[:16])


def note_of(row: UUID) -> str:
    """XXXX-XXXX-XXXX-XXXX: what stands on a note on paper, to be typed."""
    letters = base64.b32encode(_digest("note", row)[:10]).decode()
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def hashed(secret: object) -> str:
    """What the database keeps of a link or a note, and looks it up by, however it was typed."""
    return hashlib.sha256(_plain(str(secret)).encode()).hexdigest()


def _digest(what: str, row: UUID) -> bytes:
    return salted_hmac(f"network.codes.{what}", str(row), algorithm="sha256").digest()


def _plain(typed: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", typed.upper())
