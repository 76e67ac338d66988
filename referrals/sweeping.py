"""The sweep: what is due becomes fired and queued, by one function of the database. The truth is there; this may die at any moment."""

import contextlib
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from network.tasks import send_messages

BATCH = 500
SLICE = timedelta(seconds=5)  # then the worker is free for the sender, and the next sweep says that it lives
# What it saw, beside a count by step that does not go its way. A few seconds are given to what came due meanwhile.
BEAT = "SELECT od.beat('sweep', %s, (%s + od.steps_due('10 seconds'))::int, %s)"


def sweep() -> int:
    """Sweep until nothing is due, for a slice of time at most. Returns how many watches were due."""
    end = time.monotonic() + SLICE.total_seconds()
    saw = batch = _run("SELECT od.sweep(%s)", BATCH)
    while batch == BATCH and time.monotonic() < end:
        batch = _run("SELECT od.sweep(%s)", BATCH)
        saw += batch
    _run(BEAT, saw, saw, timezone.now())
    return saw


def sweep_and_wake() -> None:
    """Sweep, and wake the sender at once if there may be something to send. The next turn of beat wakes it in any case."""
    if sweep():
        with contextlib.suppress(OperationalError):  # the broker is out of reach, and beat runs the sender itself
            send_messages.apply_async(expires=2, retry=False)


def _run(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0] or 0)
