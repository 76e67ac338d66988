"""What the database's roles may do, read from the catalogue: a right nobody meant to give is found here."""

import pytest
from django.apps import apps
from django.db import connection

from opendialogue.checks import OPEN_TABLES, role_faults, table_faults
from tests.conftest import role

pytestmark = pytest.mark.django_db

# Closed altogether: no policy, and no right either; only functions of the owner come there.
NO_POLICY = {
    "referrals_doorknock": "counts public referrals for a sender; read and written by od.take_referral alone",
    "meetings_setaside": "words out of sight; written by od.goes_out_of_sight alone, and read by nobody",
    "meetings_takenentry": "what devices sent already; written by od.take_entry, asked by od.line_came alone",
    "network_signincode": "who asked for a code; written by od.ask_for_code, read by od.try_code and od.receiver_of alone",
}
# What happened stays as it happened: no role of the service changes a row.
APPEND_ONLY = {
    "network_reading", "network_auditentry", "network_servicechange", "network_network", "network_inquiry", "referrals_case",
    "referrals_responsetimer", "referrals_firstheardcorrection", "referrals_urgencychange", "referrals_contact", "referrals_caseclosure",
    "referrals_casehandover", "referrals_escalationplan", "referrals_planstep", "referrals_watch", "referrals_watchstep",
    "referrals_acknowledgement", "meetings_addendum", "meetings_teamchange", "meetings_told",
    "meetings_ontheway",
}  # fmt: skip
# Rows that come into being only through a function, which says who acted and keeps what belongs together together.
THROUGH_FUNCTIONS = {
    "network_reading", "network_auditentry", "network_message", "network_network", "network_user", "network_service", "network_staff",
    "network_heartbeat", "network_servicechange", "network_opening", "network_wayin", "network_signincode",
    "referrals_case", "referrals_referral", "referrals_responsetimer", "referrals_doorknock",
    "referrals_escalationplan", "referrals_planstep", "referrals_watch", "referrals_watchstep", "meetings_setaside", "meetings_takenentry",
}  # fmt: skip
OURS = sorted(m._meta.db_table for m in apps.get_models() if m._meta.app_label in ("network", "referrals", "meetings"))
ROLES = ("od_app", "od_clock")


def rows(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def holds(who, table, right):
    """Whether `who` has `right` on the table, or on any column of it."""
    function = "has_table_privilege" if right in ("DELETE", "TRUNCATE", "TRIGGER") else "has_any_column_privilege"
    return rows(f"SELECT {function}(%s, %s, %s)", who, table, right)[0][0]


def changeable(who, table):
    """The columns `who` may update."""
    return {name for (name,) in rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')", table, who)}  # fmt: skip


def test_every_table_has_row_security_and_a_policy():
    assert table_faults(connection) == []
    secured = {name for (name,) in rows("SELECT relname FROM pg_class WHERE relrowsecurity")}
    with_policy = {name for (name,) in rows("SELECT tablename FROM pg_policies")}
    assert set(OURS) - secured == set()
    assert set(OURS) - with_policy == set(NO_POLICY)
    assert not any(
        holds(who, table, right) for who in ROLES for table in NO_POLICY for right in ("SELECT", "INSERT", "UPDATE")
    )
    assert not set(OURS) & set(OPEN_TABLES)


def test_a_table_without_policy_is_found():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE network_diary (id int); GRANT SELECT ON network_diary TO od_app")
    assert [fault.msg for fault in table_faults(connection)] == ["The table network_diary has no row security."]


@pytest.mark.parametrize("who", ROLES)
def test_roles_own_nothing_and_pass_by_nothing(who):
    with role(who):
        assert role_faults(connection) == []
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s", who) == [
        (False,) * 4
    ]
    assert (
        rows("SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s", who) == []
    )
    assert rows("SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolname = %s", who) == []
    assert rows("SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %s", who) == []
    for schema in ("public", "od"):
        assert rows("SELECT has_schema_privilege(%s, %s, 'CREATE')", who, schema) == [(False,)]


@pytest.mark.parametrize("table", OURS)
def test_nobody_deletes(table):
    for who in ROLES:
        assert [right for right in ("DELETE", "TRUNCATE", "TRIGGER") if holds(who, table, right)] == []


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_what_happened_cannot_be_changed(table):
    assert {who: changeable(who, table) for who in ROLES} == {who: set() for who in ROLES}


@pytest.mark.parametrize("table", sorted(THROUGH_FUNCTIONS))
def test_what_comes_through_a_function_cannot_be_inserted(table):
    assert not holds("od_app", table, "INSERT")


@pytest.mark.parametrize("table", OURS)
def test_columns_that_may_change_are_those_the_trigger_lets_change(table):
    """Two guards keep what is written: the right to the column, and the trigger. They may not disagree."""
    allowed = rows(
        "SELECT tgargs FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE tgrelid = %s::regclass AND p.proname = 'stays_as_written'", table)  # fmt: skip
    if not allowed:
        assert table in {"network_user", "network_service", "network_staff", "network_heartbeat", "network_signincode",
                         "referrals_doorknock",
                         "referrals_watch", "referrals_watchstep"}  # fmt: skip
        return
    columns = {name.decode() for name in bytes(allowed[0][0]).split(b"\0")} - {""}
    for who in ROLES:
        assert changeable(who, table) <= columns


def test_ids_scope_and_authors_never_change():
    fixed = {
        "id",
        "uuid",
        "service_id",
        "network_id",
        "case_id",
        "meeting_id",
        "recorded_by_id",
        "recorded_at",
        "text",
        "said_at",
    }
    for table in OURS:
        assert not changeable("od_app", table) & fixed, table


def test_every_insert_and_update_has_a_policy_of_its_own():
    policies = rows(
        "SELECT tablename, cmd, qual, with_check FROM pg_policies WHERE roles && ARRAY['od_app', 'public']::name[]"
    )
    for table in OURS:
        for right, command in (("INSERT", "INSERT"), ("UPDATE", "UPDATE")):
            if holds("od_app", table, right):
                found = [check or qual for name, cmd, qual, check in policies if name == table and cmd == command]
                assert found, (table, right)
                assert "true" not in found, (table, right)
    assert [p for p in policies if p[1] == "ALL" and not p[3]] == []
    assert [p for p in policies if p[0] in OURS and p[1] in ("ALL", "DELETE")] == []


def test_security_definer_functions_fix_their_search_path():
    functions = rows("SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'od'::regnamespace")
    assert len(functions) > 40
    wrong = [name for name, config in functions if "search_path=public, pg_temp" not in (config or [])]
    assert wrong == []


def test_functions_are_not_for_everybody():
    functions = rows("SELECT p.oid, p.proname FROM pg_proc p WHERE p.pronamespace = 'od'::regnamespace")
    open_to_all = [
        name
        for oid, name in functions
        if rows("SELECT has_function_privilege('public', %s::oid, 'EXECUTE')", oid)[0][0]
    ]
    assert open_to_all == []
    elsewhere = rows(
        "SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE r.rolname = 'od_owner' AND p.pronamespace <> 'od'::regnamespace AND p.prosecdef"
    )
    assert elsewhere == []


def test_the_clock_sees_nothing_of_what_people_said():
    readable = {table for table in OURS if holds("od_clock", table, "SELECT")}
    assert readable <= {
        "network_message",
        "network_staffchannel",
        "network_heartbeat",
        "network_service",
        "referrals_responsetimer",
    }
