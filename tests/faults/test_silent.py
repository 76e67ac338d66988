"""Ways in which the clock could fail without a word. Each is told by the watchman, by /readyz and by check_clock.

The states are made as they would be found in the database, a moment after the failure, with everything else as it should be.
"""

import io
import urllib.error
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from network import channels, outbox
from network.models import Heartbeat, Message, StaffChannel, User
from opendialogue import health
from referrals import sweeping
from referrals.models import ResponseTimer, Watch, WatchStep
from referrals.watchman import SENTENCES, troubles
from tests.conftest import role
from tests.factories import flush_constraints, make_case, make_member, make_network, make_service, make_staff
from tests.faults.test_outbox import Transport

pytestmark = pytest.mark.django_db


def ago(**span):
    return timezone.now() - timedelta(**span)


def beats():
    for name in ("sweep", "sender", "beat"):
        Heartbeat.objects.update_or_create(
            name=name, defaults={"at": timezone.now(), "saw": 0, "expected": 0, "drift": 0}
        )


@pytest.fixture
def scene(settings):
    """A service with one clock that runs, and all parts alive."""
    settings.EMAIL_BACKEND = "tests.faults.test_outbox.Transport"
    Transport.taken, Transport.refuses, Transport.out_of_reach = [], frozenset(), False
    Transport.taking = staticmethod(lambda message: None)

    class Scene:
        service = make_service()
        owner = make_staff(service, "Leena", "coordinator")
        network = make_network(service)

    Scene.service.on_duty = Scene.owner
    Scene.service.save()
    make_member(Scene.network, "Elina", is_person=True)
    Scene.case = make_case(Scene.network, Scene.owner)
    Scene.watch = Scene.case.watches.get()
    flush_constraints()
    beats()
    assert troubles() == []
    return Scene


def told(code):
    """Whether each of those who watch is told, and nothing else is wrong."""
    assert [trouble.code for trouble in troubles()] == [code]
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (503, code)
    with pytest.raises(CommandError) as stopped:
        call_command("check_clock")
    assert stopped.value.returncode == 2
    assert code.replace("_", " ") in str(stopped.value)
    assert SENTENCES[code]


def due(scene, **extra):
    """The first step of the clock is due since an hour."""
    WatchStep.objects.filter(watch=scene.watch, position=1).update(due_at=ago(hours=1))
    Watch.objects.filter(pk=scene.watch.pk).update(next_at=ago(hours=1), **extra)


def step_message(scene, **extra):
    step = scene.watch.steps.first()
    values = {"queued_at": ago(minutes=2), "due_at": ago(minutes=2)} | extra
    return Message.objects.create(
        service=scene.service, network=scene.network, kind="step", channel=values.pop("channel", "email"),
        to=values.pop("to", "leena@example.org"), staff=scene.owner, step=step.pk, dedupe_key=f"step:{step.pk}", **values,
    )  # fmt: skip


def send():
    with role("od_clock"):
        return outbox.send_due()


@pytest.mark.parametrize("part", ["sweep", "sender", "beat"])
def test_a_part_that_is_stuck(scene, part):
    Heartbeat.objects.filter(name=part).update(at=ago(seconds=31))
    told(f"{part}_silent")


@pytest.mark.parametrize("part", ["sweep", "sender", "beat"])
def test_a_part_that_was_never_started(scene, part):
    Heartbeat.objects.filter(name=part).delete()
    told(f"{part}_silent")


@pytest.mark.parametrize("part", ["sweep", "sender", "beat"])
def test_a_part_that_sees_less_than_an_independent_count(scene, part):
    Heartbeat.objects.filter(name=part).update(saw=0, expected=7)
    told(f"{part}_blind")


def test_a_sweep_without_its_rights(scene):
    """It fails each time, says nothing of itself, and is silent before a minute is over."""
    with connection.cursor() as cursor:
        cursor.execute("REVOKE EXECUTE ON FUNCTION od.sweep(int) FROM od_clock")
    Heartbeat.objects.filter(name="sweep").update(at=ago(seconds=31))
    denied = pytest.raises(DatabaseError, match="permission denied")
    with role("od_clock"), denied, transaction.atomic():
        sweeping.sweep()
    told("sweep_silent")


def test_a_sweep_that_believes_that_nothing_is_due(scene):
    """The moments of watches and steps do not fit: it looks at watches, and the count at steps."""
    WatchStep.objects.filter(watch=scene.watch, position=1).update(due_at=ago(seconds=20))
    with role("od_clock"):
        assert sweeping.sweep() == 0
    told("sweep_blind")


def test_a_step_due_and_not_fired(scene):
    due(scene)
    told("steps_unfired")


def test_a_step_due_for_a_year_is_told_like_one_of_a_minute(scene):
    WatchStep.objects.filter(watch=scene.watch, position=1).update(due_at=ago(days=365))
    told("steps_unfired")


def test_rows_that_somebody_else_holds(scene):
    """A long transaction keeps the watch: the sweep passes it over. What is due stays due, and is told."""
    due(scene)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION od.sweep(most int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 0'"
        )
    with role("od_clock"):
        assert sweeping.sweep() == 0
    assert {trouble.code for trouble in troubles()} == {"sweep_blind", "steps_unfired"}


def test_a_poisoned_row(scene):
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION od.poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
            CREATE TRIGGER poison BEFORE INSERT ON network_message FOR EACH ROW EXECUTE FUNCTION od.poison()"""
        )
    WatchStep.objects.filter(watch=scene.watch, position=1).update(due_at=ago(seconds=5))
    Watch.objects.filter(pk=scene.watch.pk).update(next_at=ago(seconds=5))
    with role("od_clock"):
        sweeping.sweep()
    told("steps_failing")


def test_nobody_can_be_told(scene):
    User.objects.filter(pk=scene.owner.user_id).update(is_active=False)
    told("nobody_reachable")


def test_a_clock_that_nobody_watches(scene):
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.end_watch(%s, 'met')", [scene.watch.pk])
        flush_constraints()
        cursor.execute("ALTER TABLE referrals_responsetimer DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE referrals_responsetimer SET first_heard_at = first_heard_at - interval '2 days', due_at = now() - interval '1 day'"
        )
    assert ResponseTimer.objects.get().outcome == "running"
    told("clocks_unwatched")


def test_a_message_of_a_clock_that_waits(scene):
    step_message(scene)
    told("messages_unsent")


def test_a_lease_held_for_ever(scene):
    step_message(scene, lease_until=timezone.now() + timedelta(days=365), attempts=1, handed_at=ago(minutes=2))
    assert send() == 0
    told("messages_unsent")


def test_another_message_that_nobody_takes_up(scene):
    Message.objects.create(
        service=scene.service, kind="message", to="a@example.org", dedupe_key="a", queued_at=ago(minutes=2), due_at=ago(minutes=2)
    )  # fmt: skip
    told("messages_unsent")


def test_a_message_refused_for_a_day(scene):
    Message.objects.create(
        service=scene.service, kind="message", to="a@example.org", dedupe_key="a", attempts=30, last_error="OSError",
        queued_at=ago(hours=25), due_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    told("messages_failing")


def test_mail_refused_for_one_of_many(scene):
    step_message(scene)
    other = Message.objects.create(
        service=scene.service, kind="message", to="b@example.org", dedupe_key="b", queued_at=ago(minutes=2), due_at=ago(minutes=2)
    )  # fmt: skip
    Transport.refuses = {"leena@example.org"}
    assert send() == 1
    other.refresh_from_db()
    assert other.sent_at
    beats()
    told("messages_unsent")


def test_a_mail_server_out_of_reach(scene):
    step_message(scene)
    Transport.out_of_reach = True
    assert send() == 0
    beats()
    told("messages_unsent")


@pytest.mark.parametrize(
    "answer",
    ['{"status": "error", "reason": "no credit"}', "", "ERROR 17", "<html>maintenance</html>", '{"accepted": []}'],
)
def test_a_gateway_that_answers_200_with_an_error(scene, settings, monkeypatch, answer):
    settings.SMS_GATEWAY_URL = "https://gateway.example/send"
    monkeypatch.setattr(channels, "_open", lambda request, **more: io.BytesIO(answer.encode()))
    channel = StaffChannel.objects.create(staff=scene.owner, service=scene.service, kind="sms", address="+358405550134")
    message = step_message(scene, channel="sms", to="+358405550134", staff_channel=channel)
    assert send() == 0
    message.refresh_from_db()
    assert (message.sent_at, message.attempts) == (None, 1)
    beats()
    told("messages_unsent")


def test_a_gateway_out_of_reach(scene, settings, monkeypatch):
    def fails(request, **more):
        raise urllib.error.URLError("no route")

    settings.SMS_GATEWAY_URL = "https://gateway.example/send"
    monkeypatch.setattr(channels, "_open", fails)
    channel = StaffChannel.objects.create(staff=scene.owner, service=scene.service, kind="sms", address="+358405550134")
    step_message(scene, channel="sms", to="+358405550134", staff_channel=channel)
    assert send() == 0
    beats()
    told("messages_unsent")


@pytest.mark.parametrize("drift", [31, -31, 86_400])
def test_the_clock_of_a_worker_is_wrong(scene, drift):
    Heartbeat.objects.filter(name="sweep").update(drift=drift)
    told("clocks_differ")


def test_the_clock_of_the_database_was_set_back(scene):
    """The last sign of life lies in the future: without this it would count as fresh for as long."""
    Heartbeat.objects.filter(name="sweep").update(at=timezone.now() + timedelta(hours=1))
    told("clocks_differ")


def test_row_security_that_binds_its_own_guards(scene):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE referrals_watchstep FORCE ROW LEVEL SECURITY")
    told("guards_blind")


def test_a_database_that_does_not_answer(scene, monkeypatch, capsys):
    def fails():
        raise DatabaseError

    monkeypatch.setattr(health, "_troubles", fails)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (503, "unknown")
    with pytest.raises(CommandError, match="does not answer"):
        call_command("check_clock")


def test_the_dead_man_is_not_told_that_all_is_well(scene, settings, monkeypatch):
    called = []
    settings.DEADMAN_URL = "https://deadman.example/abc"
    monkeypatch.setattr(health.urllib.request, "urlopen", lambda url, timeout: called.append(url) or io.BytesIO())
    due(scene)
    health.ping()
    assert called == []
