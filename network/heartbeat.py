"""How a part that works in the background says that it lives, and who has not been heard of."""

from django.db import connection
from django.utils import timezone


def beat(part: str) -> None:
    """`part` is here, and this is its own clock beside the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.beat(%s, 0, 0, %s)", [part, timezone.now()])


def silent(seconds: int) -> set[str]:
    """Which of the parts that have ever been here have not been for so long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM network_heartbeat WHERE at < od.clock() - make_interval(secs => %s)", [seconds]
        )
        return {name for (name,) in cursor.fetchall()}
