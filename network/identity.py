"""For whom the database answers. Row security reads it; it lasts as long as the transaction and never longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction


def set_identity(user_id: int | None, *, door: str = "") -> None:
    """Say who asks, and through which door somebody comes who has not signed in yet.

    And keep plans: what is asked for is found by its keys, whosever they are, and planning it anew costs more than reading it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.user_id', %s, true), set_config('app.door', %s, true),"
            " set_config('plan_cache_mode', 'force_generic_plan', true)",
            ["" if user_id is None else str(user_id), door],
        )


@contextmanager
def acting_as(user_id: int | None) -> Iterator[None]:
    """A transaction in the name of somebody, for work outside a request."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.user_id', true), current_setting('app.door', true)")
            before, door = cursor.fetchone()
        set_identity(user_id)
        yield  # after an error the rollback brings back what was set before
        set_identity(int(before) if before else None, door=door or "")


@dataclass(frozen=True)
class Eyes:
    """A member as whom somebody else looks. Takes the place of the account where a page asks whose it is; is none, and nobody's staff."""

    member_id: int
    pk: None = None
    staff: None = None
    is_authenticated: bool = False


@contextmanager
def eyes_of(member_id: int) -> Iterator[Eyes]:
    """As long as it lasts the database answers as it would this member, if it lends their eyes (od.eyes_of). Nothing can be written."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SELECT set_config('app.eyes_of', %s, true)", [str(member_id)])
        yield Eyes(member_id)
        transaction.set_rollback(True)  # the savepoint goes, and with it the eyes and the read-only state
