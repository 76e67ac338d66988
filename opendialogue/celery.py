"""Celery only wakes sweeps. What is due, and when, stands in PostgreSQL: a lost or doubled task changes nothing."""

import logging
import os
import threading
import time
from collections.abc import Set
from typing import ClassVar

from celery import Celery
from celery.beat import Scheduler, SchedulingError
from celery.signals import beat_init, worker_init
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendialogue.settings")
# Django's checks load every page, which no worker shows: a sixth of its memory. `make check` runs them; what a worker cannot do without is
# below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("opendialogue")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)
EACH = 3  # seconds
SILENT = 5  # seconds
PARTS = {
    "referrals.tasks.sweep": "sweep",
    "network.tasks.send_messages": "sender",
}  # and under which name they are heard of


@worker_init.connect
@beat_init.connect
def refuse_unguarded(**kwargs):
    """A worker under the wrong role would see past row security, and say nothing."""
    from . import checks

    checks.refuse_unguarded()


class StubbornScheduler(Scheduler):
    """Wakes the sweeps by the broker, and runs them itself while the broker is out of reach or no worker takes them up.

    Deadlines wait for nobody: a worker that finds no broker tries again only each half minute in the end. All entries are intervals, so
    nothing has to be remembered over a restart. Each few seconds it says that it lives.
    """

    said_at = 0.0
    asleep: Set[str] = frozenset()
    at_work: ClassVar[dict[str, threading.Thread]] = {}

    def tick(self, *args, **kwargs):
        if time.monotonic() - self.said_at > EACH:
            self.said_at = time.monotonic()
            self.asleep = _say_that_beat_lives()
        return super().tick(*args, **kwargs)

    def setup_schedule(self):
        self.update_from_dict(self.app.conf.beat_schedule)

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        try:
            super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        except (SchedulingError, OperationalError):
            log.warning("The broker is out of reach: running %s here.", entry.task)
            self.run_here(entry.task)
        else:
            if PARTS.get(entry.task) in self.asleep:
                log.warning("No worker takes it up: running %s here.", entry.task)
                self.run_here(entry.task)

    def run_here(self, task):
        """Beside the schedule, which a slow mail server must not hold up; one of each at a time."""
        if task not in self.at_work or not self.at_work[task].is_alive():
            self.at_work[task] = threading.Thread(target=_run, args=(self.app.tasks[task],), daemon=True)
            self.at_work[task].start()

    def _ensure_connected(self):
        return self.connection  # the base class would wait for the broker for ever


def _run(task):
    try:
        task.apply()
    finally:
        connections.close_all()


def _say_that_beat_lives():
    """Also who has not been heard of meanwhile; nobody, as far as we know, while the database is out of reach."""
    from network import heartbeat  # models, which are not there yet when this module loads

    close_old_connections()
    try:
        heartbeat.beat("beat")
        return heartbeat.silent(SILENT)
    except (DatabaseError, InterfaceError) as error:
        log.warning("The database is out of reach: %s", type(error).__name__)
        return frozenset()
