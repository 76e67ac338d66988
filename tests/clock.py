"""The database's clock in the hands of a test. Nothing in the app can do this: od.clock() is replaced within the test's transaction."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from referrals.models import Watch
from tests.conftest import role

STAND_IN = """
    CREATE OR REPLACE FUNCTION od.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
      SELECT coalesce(nullif(current_setting('test.clock', true), '')::timestamptz, clock_timestamp()) $$
"""


class Clock:
    """Stands still between two calls of `go`. It begins in the past, so that nothing a test does lies in the future of the other rules."""

    def __init__(self, ago):
        with connection.cursor() as cursor:
            cursor.execute(STAND_IN)
        self.go_to(timezone.now() - ago)

    def go_to(self, moment):
        self.now = moment
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('test.clock', %s, false)", [moment.isoformat()])

    def go(self, **span):
        self.go_to(self.now + timedelta(**span))
        return self.now

    def sweep(self, most=100):
        """One sweep as the clock's own role. Returns how many watches it saw."""
        with role("od_clock"), connection.cursor() as cursor:
            cursor.execute("SELECT od.sweep(%s)", [most])
            return cursor.fetchone()[0]

    def run_until(self, moment, *, every=60):
        """Sweep whenever something is due, until `moment`."""
        for _ in range(every):
            following = Watch.objects.open().order_by("next_at").first()
            if not following or following.next_at > moment:
                break
            self.go_to(max(following.next_at, self.now))
            self.sweep()
        self.go_to(moment)


@pytest.fixture
def clock(db):
    stands = Clock(timedelta(days=20))
    yield stands
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('test.clock', '', false)")
