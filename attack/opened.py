"""A plugin of pytest: the hole in the database of a test run, opened as soon as the database is there."""

import os

import pytest
from django.db import connection

HOLE = "HOLE_IN_THE_DATABASE"  # an environment variable with its SQL
NOT_OPENED = 3  # what pytest ends with then


@pytest.fixture(scope="session", autouse=True)
def _hole(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        try:
            with connection.cursor() as cursor:
                cursor.execute(os.environ[HOLE])
        except Exception as error:
            pytest.exit(f"The hole cannot be opened: {error}", NOT_OPENED)
