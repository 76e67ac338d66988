"""For whom the database answers. Row security reads it; it lasts as long as the transaction and never longer."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


def set_identity(user_id: int | None, *, door: str = "") -> None:
    """Say who asks, and through which door somebody comes who has not signed in yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.user_id', %s, true), set_config('app.door', %s, true)",
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
