"""What each of the cast sees with straight SQL, as the app's own role. An empty scope shows nothing, never everything."""

import pytest
from django.db import DatabaseError, connection, transaction

from network.models import AuditEntry
from tests.conftest import acting_as, role
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def rows(user, table):
    with role("od_app"), acting_as(user.pk if user else None), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # a fixed name of this test
        return cursor.fetchone()[0]


def test_nobody_sees_nothing():
    make_cast()
    tables = [
        t for t in connection.introspection.table_names() if t.startswith(("network_", "referrals_", "meetings_"))
    ]
    assert len(tables) > 25
    closed = (
        "network_heartbeat",
        "referrals_doorknock",
        "network_signincode",
        "meetings_setaside",
        "meetings_takenentry",
    )  # a beat is nobody's; the others are closed to the role
    seen = {t: rows(None, t) for t in tables if t not in closed}
    assert not any(seen.values()), seen


def test_each_sees_their_own():
    c = make_cast()
    see = {
        name: [
            rows(getattr(c, name).user, t)
            for t in ("referrals_case", "meetings_meeting", "meetings_line", "network_member")
        ]
        for name in (
            "coordinator",
            "lead",
            "clinician1",
            "clinician3",
            "former",
            "person",
            "mother",
            "friend",
            "uncle",
            "coordinator2",
            "person2",
        )
    }
    assert see == {
        "coordinator": [1, 2, 4, 4],
        "lead": [1, 2, 4, 4],
        "clinician1": [1, 2, 4, 4],
        "clinician3": [0, 0, 0, 0],
        "former": [0, 0, 0, 0],
        "person": [1, 2, 4, 4],
        "mother": [0, 2, 4, 2],
        "friend": [0, 1, 0, 2],
        "uncle": [0, 0, 0, 2],
        "coordinator2": [1, 1, 0, 1],
        "person2": [1, 1, 0, 1],
    }


def test_nobody_puts_a_change_on_record_without_having_signed_in():
    """Not even as a referral of the public page, of which there is none."""
    for verb, thing in (("took a call", "case"), ("referred on the public page", "referral")):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            role("od_app"),
            acting_as(None),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT od.log_audit(%s, %s, gen_random_uuid())", [verb, thing])
    assert not AuditEntry.objects.exists()
