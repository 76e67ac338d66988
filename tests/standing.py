"""One cast for many tests that each take back what they did: making it takes longer than most of them.

A module that uses it marks none of these tests with django_db, which would close the connection between two; but one other of its tests,
so that there is a database when the module runs alone.
"""

from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from tests.factories import make_cast


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    """The fixed cast, for a module whose tests write only within `taken_back`."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_cast()
        transaction.set_rollback(True)
    with django_db_blocker.unblock():
        connection.close()


@contextmanager
def taken_back():
    """What happens in here has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
