"""Who watches the watchman: what is wrong with the clock, as the database sees it. Pages, /readyz and check_clock all ask here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from network.models import Service

SENTENCES = {
    "sweep_silent": "Nobody is looking at the deadlines: the sweep has stopped.",
    "sender_silent": "No message goes out: the sender has stopped.",
    "beat_silent": "The scheduler has stopped.",
    "sweep_blind": "The sweep does not see all that is due.",
    "sender_blind": "The sender does not see all that waits to be sent.",
    "beat_blind": "The scheduler does not see what it should.",
    "clocks_differ": "The clocks of the machines differ.",
    "steps_unfired": "Somebody should have been told of a clock and was not.",
    "steps_failing": "The sweep fails on a clock.",
    "messages_unsent": "A message about a clock has not gone out.",
    "messages_failing": "A message has been refused for more than a day.",
    "clocks_unwatched": "A clock runs that nobody watches over.",
    "nobody_reachable": "In this service nobody can be told.",
    "guards_blind": "The database hides its own rows from the sweep.",
}


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong: its code, since when (None: never was right), and how many."""

    code: str
    since: datetime | None
    number: int

    @property
    def sentence(self) -> str:
        """What staff read. What to do is always the same: watch the board, and tell whoever runs the service."""
        return SENTENCES[self.code]

    def __str__(self) -> str:
        since = f" since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{self.code.replace('_', ' ')} ({self.number}){since}"


def troubles(service: Service | None = None) -> list[Trouble]:
    """All that is wrong now, with one query; empty means that nothing is. Signed-in staff hear of their own service only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, since, number FROM od.clock_trouble(%s)", [service.pk if service else None])
        return [Trouble(*row) for row in cursor.fetchall()]


def sentences(found: Iterable[Trouble]) -> list[str]:
    """What staff read of it: each sentence once."""
    return list(dict.fromkeys(trouble.sentence for trouble in found))
