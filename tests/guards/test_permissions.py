"""May this person? Every permission of every table, asked of everybody in the world, as the owner of the tables.

Row security would say no to many of them as well, and so hide a permission that says yes.
"""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection

from meetings.permissions import MEETINGS
from network.permissions import NETWORK, require
from referrals.permissions import REFERRALS, ROTA
from tests.guards.world import ROLES, standing, world

__all__ = ["standing", "world"]  # fixtures

TABLES = {"NETWORK": NETWORK, "MEETINGS": MEETINGS, "REFERRALS": REFERRALS, "ROTA": ROTA}
WORKS = "team coordinator lead"  # with our network
MEMBERS = "person mother friend"  # the uncle reads nothing any more
OF_SERVICE = ("duty.change", "service.change", "staff.change", "log.search", "plan.make", "rota.plan")

# Who may; about our network, or about what `thing` says.
MAY = {
    "NETWORK": {
        "member.change": "person coordinator lead team",
        "consent.give": "person",
        "consent.write_down": "team",
        "consent.withdraw": "person team",
        "reader.pause": "person team",
        "duty.change": "coordinator lead",
        "service.change": "lead",
        "staff.change": "lead",
    },
    "MEETINGS": {
        "team.choose": WORKS,
        "team.change": WORKS,
        "member.add": f"person {WORKS}",
        "member.change": f"person {WORKS}",
        "member.let_in": WORKS,
        "meeting.book": WORKS,
        "meeting.move": WORKS,
        "meeting.cancel": WORKS,
        "meeting.staff": WORKS,
        "meeting.invite": f"person {WORKS}",
        "meeting.answer_for": WORKS,
        "meeting.told": WORKS,
        "exception.record": WORKS,
        "record.write": "team",
        "record.close": "team",
        "note.add": f"person mother {WORKS}",
        "member.see_as": "person team",
        "share.give": "person",
        "share.write_down": "team",
        "share.withdraw": "person team",
        "late_line.see": "person",
        "opening.end": f"person in_need {WORKS}",
        "log.search": "lead",
        "line.keep_back": f"person mother {WORKS}",
        "words.out_of_sight": WORKS,
    },
    "REFERRALS": {
        "contact.log": WORKS,
        "first_heard.correct": WORKS,
        "urgency.change": WORKS,
        "caller.told": WORKS,
        "case.take": WORKS,
        "case.hand_over": WORKS,
        "case.close": WORKS,
        "meeting.wish": "person",
        "watch.acknowledge": WORKS,
        "plan.make": "lead",
    },
    "ROTA": {"rota.plan": "coordinator lead", "turn.swap": WORKS},
}
ALL = [(table, permission) for table in TABLES for permission in TABLES[table]]


@pytest.mark.django_db
def test_the_second_lock_is_off_here():
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_security_active('network_member')")
        assert cursor.fetchone() == (False,)


def test_each_is_listed():
    assert {table: set(rows) for table, rows in MAY.items()} == {table: set(rows) for table, rows in TABLES.items()}


@pytest.mark.parametrize(("table", "permission"), ALL, ids=lambda one: one)
def test_each_is_asked_for(table, permission):
    asked = [
        path for app in ("network", "meetings", "referrals") for path in Path(settings.BASE_DIR / app).rglob("*.py")
    ]
    assert any(f'{table}, "{permission}"' in path.read_text() for path in asked)


@pytest.mark.parametrize(("table", "permission"), ALL, ids=lambda one: one)
def test_who_may(world, table, permission):
    assert may(world, table, permission) == set(MAY[table][permission].split())


def may(world, table, permission):
    thing = {"opening.end": world.opening, "turn.swap": world.turn}.get(
        permission, world.service if permission in OF_SERVICE else world.network
    )
    allowed = set()
    for role, name in ROLES.items():
        user = getattr(world, name).user if name else AnonymousUser()
        try:
            require(TABLES[table], permission, user, thing)
        except PermissionDenied:
            continue
        allowed.add(role)
    return allowed
