"""The same matrix as the owner of the tables, for whom row security does not hold: what the pages filter by themselves.

Two locks on one door: with both on, a test cannot see that one of them is open.
"""

import pytest
from django.db import connection

from meetings.models import Line
from tests.conftest import Client, acting_as
from tests.guards import test_matrix
from tests.guards.test_matrix import NESTED, ROUTES, TABLE
from tests.guards.world import ROLES, standing, world

__all__ = ["standing", "world"]  # fixtures


@pytest.fixture(scope="module")
def bare(world):
    """The world, asked as the owner."""
    kept, world.clients = world.clients, {}
    for name, browser in kept.items():
        world.clients[name] = Client(raise_request_exception=True)
        world.clients[name].cookies = browser.cookies
    yield world
    world.clients = kept


@pytest.mark.django_db
def test_the_second_lock_is_off_here():
    """And there is a database when this module runs alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_security_active('meetings_line'), row_security_active('network_member')")
        assert cursor.fetchone() == (False, False)


@pytest.mark.parametrize("pattern", sorted(set(ROUTES) & set(TABLE)))
def test_who_gets_what(bare, pattern):
    test_matrix.test_who_gets_what(bare, pattern)


@pytest.mark.parametrize("pattern", sorted(set(NESTED) & set(TABLE)))
def test_a_part_of_another_parent_is_missing(bare, pattern):
    test_matrix.test_a_part_of_another_parent_is_missing(bare, pattern)


def test_row_security_is_off_here(bare):
    assert set(bare.clients) == set(ROLES)
    with acting_as(None):
        assert Line.objects.exists()
