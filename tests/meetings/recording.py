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


def read_back_by_page(client, meeting, said="agreed"):
    """The page is read aloud as it stands, and everybody says the same to it."""
    page = record(meeting, "read-back/")
    heard = client.get(page).context["heard"]
    return client.post(page, {f"answer_{one.uuid}": said for one in meeting.presences.all()} | {"heard": heard})


def record(meeting, page=""):
    return f"/meetings/{meeting.uuid}/record/{page}"
