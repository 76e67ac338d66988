"""Ways in which the clock could fail without a word. Each is told by the watchman, by /readyz and by check_clock within 60 seconds.

The scene stands a second before somebody has to be told. Then something breaks, and what still lives works on: the sweep, the sender and
the beat take their turns as their own role, by a clock of the database that the test moves.
"""

import io
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from network import outbox
from network.heartbeat import beat
from network.models import Heartbeat, Message, Staff, StaffChannel, User
from opendialogue import health
from referrals import sweeping
from referrals.models import Watch, WatchStep
from referrals.watchman import SENTENCES, troubles
from tests.clock import Clock
from tests.conftest import role
from tests.factories import flush_constraints, hours, make_case, make_member, make_network, make_service, make_staff
from tests.faults.loopback import listening
from tests.faults.test_outbox import Transport

WITHIN = 60  # seconds
TURN = 5  # seconds between two turns of the parts, and between two looks at the watchman
PARTS = {"sweep": sweeping.sweep, "sender": outbox.send_due, "beat": lambda: beat("beat")}


def sql(statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def each_alone(execute, statement, values, many, context):
    """A part works without a transaction around its statements; within that of a test each gets a savepoint."""
    if not connection.in_atomic_block or statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET")):
        return execute(statement, values, many, context)
    with transaction.atomic():
        return execute(statement, values, many, context)


class Scene:
    """A service with one clock that runs, a second before its owner is to be told; all parts alive, and nothing wrong."""

    def __init__(self, clock):
        self.clock = clock
        self.service = make_service()
        self.owner = make_staff(self.service, "Leena", "coordinator")
        self.service.on_duty = self.owner
        self.service.save()
        self.case = self.new_case()
        self.watch = self.case.watches.get()
        flush_constraints()
        self.go_to(self.watch.next_at - timedelta(seconds=1))
        self.turn()
        assert troubles() == []
        self.clock.go(seconds=1)

    def new_case(self):
        network = make_network(self.service)
        make_member(network, "Elina", is_person=True)
        return make_case(network, self.owner, first_heard_at=self.clock.now)

    def go_to(self, moment):
        """All was well until then."""
        self.clock.go_to(moment)
        self.turn()

    def turn(self, alive=tuple(PARTS)):
        """One turn of the parts that are alive, in the order of the beat."""
        for part in alive:
            # A part that fails is woken again, and says nothing.
            with role("od_clock"), connection.execute_wrapper(each_alone), suppress(DatabaseError):
                PARTS[part]()

    def told(self, code, *also, without=()):
        """That `code` (or together with it one of `also`) is the first that is told, in time, and everywhere."""
        alive = [part for part in PARTS if part not in without]
        end = self.clock.now + timedelta(seconds=WITHIN)
        self.turn(alive)
        while not troubles() and self.clock.now < end:
            self.clock.go(seconds=TURN)
            self.turn(alive)
        found = {trouble.code for trouble in troubles()}
        assert code in found <= {code, *also}
        answer = Client().get("/readyz")
        assert answer.status_code == 503
        assert set(answer.json()["clock"].split(", ")) == found
        with pytest.raises(CommandError) as stopped:
            call_command("check_clock")
        assert stopped.value.returncode == 2
        assert code.replace("_", " ") in str(stopped.value)
        page = Client()
        for staff in Staff.objects.filter(user__is_active=True):
            page.force_login(staff.user)
            assert SENTENCES[code] in page.get("/meetings/").content.decode()

    def calm(self):
        """That nothing is told for as long as that."""
        for _ in range(WITHIN // TURN):
            self.turn()
            assert troubles() == []
            self.clock.go(seconds=TURN)


@pytest.fixture
def carried(settings, monkeypatch):
    monkeypatch.setattr(outbox, "SLICE", timedelta(minutes=5))  # what a busy machine has no time for is another matter
    settings.EMAIL_BACKEND = "tests.faults.test_outbox.Transport"
    Transport.taken, Transport.refuses, Transport.out_of_reach = [], frozenset(), False
    Transport.taking = staticmethod(lambda message: None)


@pytest.fixture
def scene(carried, clock, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: clock.now)  # the machines agree
    return Scene(clock)


def other_message(scene, **extra):
    """A message that is about no clock, due now."""
    values = {"kind": "message", "to": "a@example.org", "queued_at": scene.clock.now, "due_at": scene.clock.now}
    return Message.objects.create(service=scene.service, dedupe_key="other", **values | extra)


def raises(table, when, sqlstate="P0001"):
    """What a table says from now on."""
    sql(
        f"""CREATE OR REPLACE FUNCTION od.says_{sqlstate}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$;
        CREATE TRIGGER a_fault BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION od.says_{sqlstate}()"""
    )


@pytest.mark.django_db
def test_while_all_is_well_nothing_is_told(scene):
    scene.calm()
    assert [message.to for message in Transport.taken] == [[scene.owner.user.email]]


# PARTS THAT ARE NOT THERE


@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_stuck(scene, part):
    scene.told(f"{part}_silent", "steps_unfired", "messages_unsent", without=[part])


@pytest.mark.django_db
def test_all_of_them_are_stuck(scene):
    """As when the broker loses what it is given, or the machine of the workers is gone."""
    scene.told("sweep_silent", "sender_silent", "beat_silent", "steps_unfired", without=PARTS)


@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_was_never_started(scene, part):
    Heartbeat.objects.filter(name=part).delete()
    scene.told(f"{part}_silent", without=[part])


@pytest.mark.django_db
def test_a_worker_alive_without_a_database(scene, monkeypatch):
    def out_of_reach(*args):
        raise DatabaseError("connection refused")

    monkeypatch.setattr(sweeping, "_run", out_of_reach)
    monkeypatch.setattr(outbox, "_run", out_of_reach)
    scene.told("sweep_silent", "sender_silent", "steps_unfired")


@pytest.mark.django_db
def test_a_sweep_without_the_rights_of_its_role(scene):
    sql("REVOKE EXECUTE ON FUNCTION od.sweep(int) FROM od_clock")
    scene.told("sweep_silent", "steps_unfired")


@pytest.mark.django_db
def test_a_sender_without_the_rights_of_its_role(scene):
    """It says that it lives, sees what is there, and may not take it."""
    sql("REVOKE UPDATE ON network_message FROM od_clock")
    sql("REVOKE UPDATE (lease_until, attempts, handed_at) ON network_message FROM od_clock")
    scene.told("messages_unsent")


# PARTS THAT DO NOT SEE WHAT IS THERE


@pytest.mark.django_db
def test_a_sweep_that_believes_that_nothing_is_due(scene):
    """The moments of watches and steps do not fit: it looks at watches, and the count at steps."""
    Watch.objects.filter(pk=scene.watch.pk).update(next_at=scene.clock.now + hours(24))
    scene.told("sweep_blind")


@pytest.mark.django_db
def test_a_sweep_that_does_nothing(scene):
    sql("CREATE OR REPLACE FUNCTION od.sweep(most int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 0'")
    scene.told("sweep_blind")


@pytest.mark.django_db
def test_a_step_due_for_a_year(scene):
    """Told like one of a minute."""
    WatchStep.objects.filter(watch=scene.watch, position=1).update(due_at=scene.clock.now - timedelta(days=365))
    Watch.objects.filter(pk=scene.watch.pk).update(next_at=scene.clock.now + hours(24))
    scene.told("steps_unfired", "sweep_blind")


@pytest.mark.django_db
def test_a_sender_to_whom_row_security_shows_nothing(scene):
    sql("DROP POLICY send ON network_message")
    scene.told("sender_blind")


@pytest.mark.django_db
def test_row_security_that_binds_its_own_guards(scene):
    sql("ALTER TABLE referrals_watchstep FORCE ROW LEVEL SECURITY")
    scene.told("guards_blind")


@pytest.mark.django_db
def test_clocks_that_nobody_begins_to_watch(scene):
    """Told of the first of them, not when its time is over."""
    sql("DROP TRIGGER watched ON referrals_responsetimer")
    scene.new_case()
    scene.told("clocks_unwatched")


@pytest.mark.django_db
def test_a_clock_that_nobody_watches_any_longer(scene):
    sql("SELECT od.end_watch(%s, 'met')", [scene.watch.pk])
    for _ in range(60):
        scene.new_case()
    flush_constraints()
    Watch.objects.exclude(pk=scene.watch.pk).update(next_at=scene.clock.now + hours(48))
    WatchStep.objects.exclude(watch=scene.watch).update(due_at=scene.clock.now + hours(48))
    assert troubles() == []
    scene.go_to(scene.case.timers.get().due_at)
    scene.told("clocks_unwatched")


@pytest.mark.django_db
def test_nobody_can_be_told(scene):
    User.objects.filter(pk=scene.owner.user_id).update(is_active=False)
    scene.told("nobody_reachable", "steps_failing")


# ROWS THAT CANNOT BE WRITTEN


@pytest.mark.django_db
def test_a_poisoned_row(scene):
    raises("network_message", "INSERT")
    scene.told("steps_failing")


@pytest.mark.django_db
def test_messages_that_vanish_on_the_way_into_the_outbox(scene):
    sql(
        """CREATE FUNCTION od.vanish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER a_fault BEFORE INSERT ON network_message FOR EACH ROW EXECUTE FUNCTION od.vanish()"""
    )
    scene.told("steps_failing")


@pytest.mark.django_db
def test_a_disk_that_is_full_where_the_outbox_lies(scene):
    raises("network_message", "INSERT", "53100")
    scene.told("steps_failing")


@pytest.mark.django_db
def test_a_disk_that_is_full(scene):
    """Nothing can be written any more, nor that anybody lives. Reading, and with it the warning, still works."""
    for table in ("network_message", "network_heartbeat", "referrals_watch", "referrals_watchstep"):
        raises(table, "INSERT OR UPDATE", "53100")
    scene.told("sweep_silent", "sender_silent", "beat_silent", "steps_unfired")


@pytest.mark.django_db
def test_a_database_that_takes_no_writes(scene, monkeypatch):
    """As a standby does that nobody has promoted."""

    def only_reading(run):
        def part(*values):
            with transaction.atomic():
                sql("SET TRANSACTION READ ONLY")
                return run(*values)

        return part

    monkeypatch.setattr(sweeping, "_run", only_reading(sweeping._run))
    monkeypatch.setattr(outbox, "_run", only_reading(outbox._run))
    scene.told("sweep_silent", "sender_silent", "steps_unfired")


# MESSAGES THAT DO NOT GO OUT


@pytest.mark.django_db
def test_a_lease_held_for_ever(scene):
    scene.turn(["sweep"])
    Message.objects.update(lease_until=timezone.now() + timedelta(days=365), attempts=1, handed_at=scene.clock.now)
    scene.told("messages_unsent")
    assert Transport.taken == []


@pytest.mark.django_db
def test_a_sender_that_dies_between_claim_and_sending(scene):
    """Told while the lease runs. Whoever comes next sends it, and all is well again."""
    scene.turn(["sweep"])
    with role("od_clock"):
        next(outbox._claims())
    scene.told("messages_unsent")
    assert Transport.taken == []
    Message.objects.update(lease_until=scene.clock.now)
    scene.turn()
    assert [message.to for message in Transport.taken] == [[scene.owner.user.email]]
    assert troubles() == []


@pytest.mark.django_db
def test_a_message_about_no_clock_that_nobody_takes_up(scene):
    other_message(scene, lease_until=timezone.now() + timedelta(days=365))
    scene.told("messages_unsent")


@pytest.mark.django_db
def test_a_message_refused_for_a_day(scene):
    """The first hours of a refusal are between the mail server and the sender: it tries again."""
    Transport.refuses = {"a@example.org"}
    other_message(scene)
    scene.calm()
    for _ in range(23):
        scene.go_to(scene.clock.now + hours(1))
        assert troubles() == []
    scene.go_to(scene.clock.now + timedelta(minutes=58, seconds=30))
    assert troubles() == []
    scene.told("messages_failing")


@pytest.mark.django_db
def test_mail_refused_for_one_of_many(scene):
    other_message(scene)
    Transport.refuses = {scene.owner.user.email}
    scene.told("messages_unsent")
    assert [message.to for message in Transport.taken] == [["a@example.org"]]


@pytest.mark.django_db
def test_a_mail_server_out_of_reach(scene):
    Transport.out_of_reach = True
    scene.told("messages_unsent")


@pytest.mark.django_db
def test_a_mail_server_that_takes_nothing_and_does_not_say_so(scene, monkeypatch):
    monkeypatch.setattr(Transport, "send_messages", lambda self, messages: 0)
    scene.told("messages_unsent")


@pytest.fixture
def gateway(settings):
    """A gateway for text messages on this machine (tests/faults/test_gateway.py has all that it can do)."""
    with listening() as server:
        settings.SMS_GATEWAY_URL = server.url
        yield server


@pytest.fixture
def text_message(scene, gateway):
    """The owner is to be told by text message, too."""
    channel = StaffChannel.objects.create(staff=scene.owner, service=scene.service, kind="sms", address="+358405550134")
    step = scene.watch.steps.first()
    return Message.objects.create(
        service=scene.service, network=scene.case.network, kind="step", channel="sms", to=channel.address, staff=scene.owner,
        staff_channel=channel, step=step.pk, dedupe_key="text", queued_at=scene.clock.now, due_at=scene.clock.now,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    ['{"status": "error", "reason": "no credit"}', "", "ERROR 17", "<html>maintenance</html>", '{"accepted": []}'],
)
def test_a_gateway_that_answers_200_with_an_error(scene, gateway, text_message, answer):
    gateway.says(200, answer)
    scene.told("messages_unsent")
    message = Message.objects.get(pk=text_message.pk)
    assert (message.sent_at, message.attempts, message.last_error) == (None, len(gateway.asked), "Refused")


@pytest.mark.django_db
def test_a_gateway_out_of_reach(scene, gateway, text_message):
    gateway.hangs_up()
    scene.told("messages_unsent")
    assert Message.objects.get(pk=text_message.pk).sent_at is None


# CLOCKS THAT ARE WRONG


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [31, -31, 86_400])
def test_the_clock_of_a_worker_is_wrong(scene, monkeypatch, wrong):
    monkeypatch.setattr(timezone, "now", lambda: scene.clock.now + timedelta(seconds=wrong))
    scene.told("clocks_differ")


@pytest.mark.django_db
def test_the_clock_of_the_database_was_set_back(scene):
    """The last sign of life lies in the future: without this it would count as fresh for as long."""
    scene.clock.go(hours=-1)
    scene.told("clocks_differ", without=PARTS)


# ROWS THAT SOMEBODY ELSE HOLDS: a long transaction on a connection of its own


@contextmanager
def held(statement, *values):
    """For two minutes at most: who waits for ever should fail, and not stand still with everybody."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        assert other.execute(statement, values).rowcount == 1
        lets_go = threading.Timer(120, other.close)
        lets_go.start()
        try:
            yield
        finally:
            lets_go.cancel()
        assert not other.closed, "somebody waited for it"
        other.rollback()


@pytest.fixture
def shared_scene(carried, transactional_db, monkeypatch):
    """The same, and everybody sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('od.clock()'::regprocedure)")
        (own_clock,) = cursor.fetchone()
    clock = Clock(timedelta(days=20))
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    yield Scene(clock)
    sql("SELECT set_config('test.clock', '', false)")
    sql(own_clock)


def test_a_long_transaction_that_holds_the_clock(shared_scene):
    """The sweep passes it over. What is due stays due, and is told."""
    other = shared_scene.new_case().watches.get()
    Watch.objects.filter(pk=other.pk).update(next_at=shared_scene.watch.next_at)
    WatchStep.objects.filter(watch=other, position=1).update(due_at=shared_scene.watch.next_at)
    with held("SELECT FROM referrals_watch WHERE id = %s FOR UPDATE", shared_scene.watch.pk):
        shared_scene.told("sweep_blind")
        assert other.steps.fired().count() == 1
    shared_scene.turn()
    assert troubles() == []
    assert len(Transport.taken) == 2


def test_a_long_transaction_that_holds_a_step(shared_scene):
    """The sweep does not wait for it long, and the others do not wait for it at all."""
    other = shared_scene.new_case().watches.get()
    Watch.objects.filter(pk=other.pk).update(next_at=shared_scene.watch.next_at)
    WatchStep.objects.filter(watch=other, position=1).update(due_at=shared_scene.watch.next_at)
    with held("SELECT FROM referrals_watchstep WHERE watch_id = %s AND position = 1 FOR UPDATE", shared_scene.watch.pk):
        shared_scene.told("steps_failing")
        assert other.steps.fired().count() == 1


def test_a_long_transaction_that_holds_a_message(shared_scene):
    shared_scene.turn(["sweep"])
    with held("SELECT FROM network_message WHERE sent_at IS NULL FOR UPDATE"):
        shared_scene.told("messages_unsent")
        assert Transport.taken == []
    shared_scene.turn()
    assert troubles() == []
    assert len(Transport.taken) == 1


# WHOEVER WATCHES


@pytest.mark.django_db
def test_a_database_that_does_not_answer(scene, monkeypatch):
    def fails():
        raise DatabaseError

    monkeypatch.setattr(health, "_troubles", fails)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (503, "unknown")
    with pytest.raises(CommandError, match="does not answer"):
        call_command("check_clock")


@pytest.mark.django_db
def test_the_dead_man_is_told_only_while_all_is_well(scene, settings, monkeypatch):
    called = []
    settings.DEADMAN_URL = "https://deadman.example/abc"
    monkeypatch.setattr(health.urllib.request, "urlopen", lambda url, timeout: called.append(url) or io.BytesIO())
    scene.turn()
    health.ping()
    assert len(called) == 1
    scene.told("sweep_silent", without=["sweep"])
    health.ping()
    assert len(called) == 1
