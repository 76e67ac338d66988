"""What the database is asked before anybody is served."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from opendialogue.checks import OPEN_TABLES, refuse_unguarded, role_faults, table_faults
from tests.conftest import role

pytestmark = pytest.mark.django_db


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_every_table_is_guarded():
    assert table_faults(connection) == []


def test_open_tables_exist():
    assert set(OPEN_TABLES) <= set(connection.introspection.table_names())


@pytest.mark.parametrize("name", ["od_app", "od_clock"])
def test_roles_of_the_service_hold(name):
    with role(name):
        assert role_faults(connection) == []


def test_owner_of_tables_is_refused():
    [fault] = role_faults(connection)
    assert "owns tables" in fault.msg


def test_table_without_row_security_is_refused():
    run("CREATE TABLE diary (words text)")
    assert [fault.msg for fault in table_faults(connection)] == ["The table diary has no row security."]


def test_table_without_policy_is_refused_once_somebody_may_read_it():
    run("CREATE TABLE diary (words text); ALTER TABLE diary ENABLE ROW LEVEL SECURITY")
    assert table_faults(connection) == []
    run("GRANT SELECT ON diary TO od_app")
    assert [fault.msg for fault in table_faults(connection)] == ["The table diary has no policy."]


def test_start_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction goes on
    with pytest.raises(ImproperlyConfigured, match=r"od_owner owns tables.*\n.*od_app and od_clock"):
        refuse_unguarded()
