"""The rights matrix a second time, by SQL under the app's role: who sees, adds and changes rows of our network, table by table.

The tables come from the catalogue: a new one fails until somebody has said here who does what with it. Triggers are off, so that a cell
says what rights and row security alone allow. What rules refuse besides is in tests/meetings/breaks.py; nobody deletes (test_tables.py).
"""

import pytest
from django.db import IntegrityError, connection
from django.db.utils import DataError, ProgrammingError
from django.utils import timezone
from psycopg.types.json import Jsonb

from network.models import ReaderPause
from referrals.models import UrgencyChange
from tests.conftest import acting_as, role
from tests.factories import make_staff
from tests.meetings.test_promises_sql import everything_written
from tests.standing import standing, taken_back

__all__ = ["standing"]  # a fixture

ROLES = {
    "nobody": None, "person": "person", "mother": "mother", "friend": "friend", "uncle": "uncle", "team": "clinician1",
    "outside": "outside", "former": "former", "in_need": "clinician3", "coordinator": "coordinator", "lead": "lead",
    "elsewhere": "coordinator2",
}  # fmt: skip
# Tables that are about no network: who sees what in them is said and tested elsewhere.
ELSEWHERE = {
    "account_emailaddress": "tests/network/test_row_security.py: an account's own",
    "mfa_authenticator": "tests/network/test_row_security.py: an account's own",
    "usersessions_usersession": "tests/network/test_row_security.py: an account's own",
    "account_emailconfirmation": "not used: accounts have one address",
    "django_session": "found by its unguessable key",
    "django_content_type": "names of tables",
    "django_migrations": "names of migrations",
    "auth_group": "not used: who may do what stands in permissions.py",
    "auth_group_permissions": "not used",
    "auth_permission": "not used",
    "referrals_doorknock": "closed to every role",
    "meetings_setaside": "closed to every role: tests/meetings/test_out_of_sight.py",
    "meetings_takenentry": "closed to every role: tests/meetings/test_whatever_comes_first.py",
    "network_signincode": "closed to every role: tests/opendialogue/test_letting_in.py",
    "network_user": "tests/network/test_row_security.py: an account's own",
    "network_heartbeat": "when each part last ran; nothing about people",
    "network_service": "the service itself",
}
WORKS = "team coordinator lead"
READS = f"person in_need {WORKS}"
DESK = "coordinator lead"
KNOWN = f"{READS} mother friend"  # asked or shared with
MEMBERS = "person mother friend uncle"
STAFF = "team outside former in_need coordinator lead"
# Who sees, adds, changes. The mother reads by the person's word, the friend by a share of one meeting; the uncle's word was taken back.
TABLE: dict[str, tuple[str, str, str]] = {
    "meetings_addendum": (KNOWN, f"person mother friend {WORKS}", ""),
    "meetings_decidedwithout": (READS, WORKS, "team"),
    "meetings_invitation": (KNOWN, f"person {WORKS}", f"person mother friend {WORKS}"),
    "meetings_keptback": (READS, f"person {WORKS}", "person"),
    "meetings_line": (KNOWN, "team", "person team"),
    "meetings_meeting": (KNOWN, WORKS, WORKS),
    "meetings_meetingstaff": (KNOWN, WORKS, WORKS),
    "meetings_noteshare": (f"{READS} friend", "person team", "person team"),
    "meetings_ontheway": (READS, "team", ""),
    "meetings_outofsight": (
        READS,
        WORKS,
        "",
    ),  # whoever confirms writes their own name: tests/meetings/test_out_of_sight.py
    "meetings_presence": (KNOWN, "team", "team"),
    "meetings_readback": (KNOWN, "team", "team"),
    "meetings_teamchange": (READS, WORKS, ""),
    "meetings_told": (READS, WORKS, ""),
    "meetings_tobring": (READS, MEMBERS, "team"),
    "network_auditentry": ("lead", "", ""),
    "network_consent": (f"{READS} mother", "person team", "person team"),
    "network_inquiry": ("person lead", "lead", ""),
    "network_member": (f"{READS} {MEMBERS}", f"person {WORKS}", f"person {WORKS}"),
    "network_membercontact": (f"{READS} {MEMBERS}", f"person {WORKS}", f"{MEMBERS} {WORKS}"),
    "network_message": (DESK, "", ""),
    "network_network": (f"{READS} {MEMBERS}", "", ""),
    "network_opening": (READS, "", READS),  # in need: their own, to end it
    "network_reading": ("person lead", "", ""),
    "network_readerpause": (READS, "", "person team"),
    "network_servicechange": ("lead", "", ""),
    "network_staff": (f"{STAFF} {MEMBERS}", "", ""),
    "network_staffchannel": (
        WORKS,
        f"{STAFF} elsewhere",
        "team",
    ),  # each their own; the service is filled in by a trigger
    "network_wayin": (READS, "", ""),
    "network_teammember": (f"{READS} {MEMBERS}", WORKS, WORKS),
    "referrals_acknowledgement": (DESK, DESK, ""),
    "referrals_case": (READS, "", ""),
    "referrals_caseclosure": (READS, WORKS, ""),
    "referrals_casehandover": (READS, WORKS, ""),
    "referrals_contact": (READS, f"person {WORKS}", ""),
    "referrals_escalationplan": (STAFF, "", ""),
    "referrals_firstheardcorrection": (READS, WORKS, ""),
    "referrals_oncall": (STAFF, DESK, ""),
    "referrals_planstep": (STAFF, "", ""),
    "referrals_referral": (READS, "", WORKS),
    "referrals_responsetimer": (READS, "", ""),
    "referrals_urgencychange": (READS, WORKS, ""),
    "referrals_watch": (READS, "", ""),
    "referrals_watchstep": (READS, "", ""),
}
# What is different in a new row from one that has been there for a while.
NEW = {
    "meetings_meeting": {"status": "booked"},
    "meetings_noteshare": {"how": "in_the_room", "withdrawn_at": None},
    "meetings_outofsight": {"second_id": None, "done_at": None},
    "network_consent": {"how": "in_the_room", "withdrawn_at": None},
    "network_member": {"is_person": False, "user_id": None},
}


@pytest.fixture(scope="module")
def written(standing):
    """The cast, with a row of ours in every table, and the triggers off."""
    c = standing
    c.outside = make_staff(c.service, "Kerttu", "clinician")
    everything_written(c)
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    ReaderPause.objects.update(ended_at=timezone.now(), ended_by=c.person.user)
    UrgencyChange.objects.create(
        service=c.service,
        network=c.network,
        timer=c.timer,
        before="urgent",
        after="very_urgent",
        lowered=False,
        by=c.lead,
    )
    return c


def tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        return sorted({name for (name,) in cursor.fetchall()} - set(ELSEWHERE))


def columns(table, right):
    """The columns that od_app has `right` on, and the table that each points to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, a.atttypid::regtype::text, (SELECT confrelid::regclass::text FROM pg_constraint k"
            " WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum])"
            " FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
            " AND has_column_privilege('od_app', a.attrelid, a.attnum, %s) ORDER BY a.attnum",
            [table, right],
        )
        return cursor.fetchall()


def allowed(c, who, statement, values):
    """Whether row security lets `who` do it. What a constraint says comes after it."""
    user = getattr(c, ROLES[who]).user.pk if ROLES[who] else None
    try:
        with taken_back(), role("od_app"), acting_as(user), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount > 0
    except (IntegrityError, DataError):
        return True
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != "42501":
            raise
        return False


def own(c, who, target, value):
    """Their own key in place of somebody else's."""
    me = getattr(c, ROLES[who]) if ROLES[who] else None
    kind = me and me._meta.db_table
    if target == "network_user":
        return me.user.pk if me else None
    return me.pk if kind == target else None


def sees(c, table, who):
    return allowed(c, who, f"SELECT 1 FROM {table} WHERE service_id = %s", [c.service.pk])


def changes(c, table, who):
    may = columns(table, "UPDATE")
    if not may:
        return False
    mine = [(name, own(c, who, target, None)) for name, _, target in may if target == "network_user"]
    sets = ", ".join(
        [f'"{name}" = %s' for name, _ in mine] + [f'"{n}" = "{n}"' for n, _, target in may if target != "network_user"]
    )
    return allowed(c, who, f"UPDATE {table} SET {sets} WHERE service_id = %s", [v for _, v in mine] + [c.service.pk])


def adds(c, table, who):
    """A copy of a row that is there, as it is or with oneself wherever somebody is named."""
    may = [one for one in columns(table, "INSERT") if one[0] != "id"]
    if not may:
        return False
    names = ", ".join(f'"{name}"' for name, _, _ in may)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {table} WHERE service_id = %s ORDER BY id LIMIT 4", [c.service.pk])
        rows = cursor.fetchall()
    assert rows, f"nothing in {table} to try with"
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(may))})"
    people = ("network_staff", "network_user", "network_member")
    for row in rows:
        as_is = [Jsonb(value) if isinstance(value, dict) else value for value in row]
        mine = [own(c, who, t, v) if t in people else v for v, (_, _, t) in zip(as_is, may, strict=True)]
        new = [NEW.get(table, {}).get(name, value) for value, (name, _, _) in zip(mine, may, strict=True)]
        for values in (as_is, mine, new):
            if allowed(c, who, statement, values):
                return True
    return False


def cells(c, table):
    return tuple(" ".join(who for who in ROLES if may(c, table, who)) for may in (sees, adds, changes))


@pytest.mark.django_db
def test_every_table_is_classified():
    assert set(tables()) - set(TABLE) == set(), "tables that nobody has said who reads and writes"
    assert set(TABLE) - set(tables()) == set(), "tables that are no more"


@pytest.mark.parametrize("table", sorted(TABLE))
def test_who_does_what(written, table):
    wanted = tuple(" ".join(who for who in ROLES if who in cell.split()) for cell in TABLE[table])
    assert dict(zip(("sees", "adds", "changes"), cells(written, table), strict=True)) == dict(
        zip(("sees", "adds", "changes"), wanted, strict=True)
    )


@pytest.mark.parametrize("table", sorted(TABLE))
def test_nobody_sees_what_is_elsewhere(written, table):
    """Not one row of the other service, for anybody of ours."""
    for who in ROLES:
        if who != "elsewhere":
            assert not allowed(written, who, f"SELECT 1 FROM {table} WHERE service_id <> %s", [written.service.pk]), who
