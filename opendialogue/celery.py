"""Celery only wakes sweeps. What is due, and when, stands in PostgreSQL: a lost or doubled task changes nothing."""

import logging
import os
import time

from celery import Celery
from celery.beat import Scheduler, SchedulingError
from celery.signals import beat_init, worker_init
from django.db import DatabaseError, InterfaceError, close_old_connections
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendialogue.settings")
app = Celery("opendialogue")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)
EACH = 5  # seconds


@worker_init.connect
@beat_init.connect
def refuse_unguarded(**kwargs):
    """A worker under the wrong role would see past row security, and say nothing."""
    from . import checks

    checks.refuse_unguarded()


class StubbornScheduler(Scheduler):
    """Wakes the sweeps by the broker, and runs them itself while the broker is out of reach: deadlines wait for nobody.

    All entries are intervals, so nothing has to be remembered over a restart. Each few seconds it says that it lives.
    """

    said_at = 0.0

    def tick(self, *args, **kwargs):
        if time.monotonic() - self.said_at > EACH:
            self.said_at = time.monotonic()
            _say_that_beat_lives()
        return super().tick(*args, **kwargs)

    def setup_schedule(self):
        self.update_from_dict(self.app.conf.beat_schedule)

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        try:
            return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        except (SchedulingError, OperationalError):
            log.warning("The broker is out of reach: running %s here.", entry.task)
            close_old_connections()
            return self.app.tasks[entry.task].apply()

    def _ensure_connected(self):
        return self.connection  # the base class would wait for the broker for ever


def _say_that_beat_lives():
    from network.heartbeat import beat  # models, which are not there yet when this module loads

    close_old_connections()
    try:
        beat("beat")
    except (DatabaseError, InterfaceError) as error:
        log.warning("The database is out of reach: %s", type(error).__name__)
