"""What the tests of the record share."""

from contextlib import contextmanager

from django.db import connection

from tests.conftest import acting_as, role

JSON = {"accept": "application/json"}


@contextmanager
def acting(user):
    """Work as the app does in a request of `user`: under its own role, in their name."""
    with role("od_app"), acting_as(user.pk):
        yield


def straight(sql, *parameters):
    """One statement of plain SQL; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def record(meeting, page=""):
    return f"/meetings/{meeting.uuid}/record/{page}"
