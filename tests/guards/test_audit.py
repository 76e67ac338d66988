"""What the audit log may say is a closed list in the database: all that is done stands on it, and nothing else."""

import ast
import re

import pytest
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connection, transaction

from network.models import AuditEntry
from network.rules import Refusal, one_write
from tests.conftest import acting_as, role
from tests.factories import make_service, make_staff

pytestmark = pytest.mark.django_db
APPS = ("network", "referrals", "meetings", "opendialogue")


def column(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


def spoken(source):
    """(line, verb) of each audit row that `source` writes; None for a verb that is not said where it is used."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("one_write", "log_audit"):
            verb = node.args[0]
            for one in [verb.body, verb.orelse] if isinstance(verb, ast.IfExp) else [verb]:
                yield node.lineno, one.value if isinstance(one, ast.Constant) else None


def in_code():
    """(place, verb) over all that is not the audit log itself."""
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR)
            if "migrations" not in name.parts and str(name) != "network/rules.py":
                yield from ((f"{name}:{line}", verb) for line, verb in spoken(path.read_text()))


def in_sql():
    """Verbs in the functions of the database as they are now."""
    calls = re.findall(
        r"od\.log_audit\(([^,]*),",
        "\n".join(column("SELECT prosrc FROM pg_proc WHERE pronamespace = 'od'::regnamespace")),
    )
    return {verb for call in calls for verb in re.findall("'([^']+)'", call)}


def test_every_verb_is_said_where_it_is_used():
    assert [place for place, verb in in_code() if verb is None] == []


def test_what_is_done_is_on_the_list_and_what_is_on_the_list_is_done():
    used = {verb for _, verb in in_code()} | in_sql()
    assert {"took a call", "kept a line", "said: this is me", "left the service"} <= used
    assert sorted(used) == sorted(column("SELECT verb FROM od.audit_verb"))


def test_planted_verbs_are_found():
    source = "with one_write('sang'): pass\nlog_audit('hummed' if low else 'cried', None)\none_write(verb)"
    assert set(spoken(source)) == {(1, "sang"), (2, "hummed"), (2, "cried"), (3, None)}


@pytest.mark.parametrize("verb", ["sang a song", "Kept a line", "kept a line ", "took Elina to hospital"])
def test_a_verb_that_nobody_knows_is_refused(verb):
    aino = make_staff(make_service(), "Aino", "coordinator").user
    with role("od_app"), acting_as(aino.pk):
        with pytest.raises(Refusal) as refused, one_write(verb):
            pass
        assert refused.value.rule == "audit_verb_is_known"
    with (
        pytest.raises(DatabaseError, match="audit_verb_is_known"),
        transaction.atomic(),
    ):  # not by the owner's hand either
        AuditEntry.objects.create(verb=verb, thing="")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("who", ["od_app", "od_clock"])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO od.audit_verb VALUES ('sang')",
        "DELETE FROM od.audit_verb",
        "ALTER TABLE network_auditentry DISABLE TRIGGER known",
    ],
)
def test_the_list_is_not_the_services_to_change(who, sql):
    with role(who), connection.cursor() as cursor, pytest.raises(ProgrammingError), transaction.atomic():
        cursor.execute(sql)
