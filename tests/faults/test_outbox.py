"""The sender, as its own role: nothing lost, nothing sent twice without need, nobody waits for somebody else's message."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from network import channels, outbox, tasks
from network.models import Heartbeat, Message
from tests.conftest import role
from tests.factories import make_service


class Transport(BaseEmailBackend):
    """A mail server that takes, refuses or keeps a message as the test says."""

    taken = []
    refuses = frozenset()
    out_of_reach = False
    taking = staticmethod(lambda message: None)

    def open(self):
        if Transport.out_of_reach:
            raise ConnectionRefusedError("no mail server at clinic.example")

    def send_messages(self, messages):
        for message in messages:
            message.message().as_bytes()
            Transport.taking(message)
            if message.to[0] in Transport.refuses:
                raise OSError("550 no such person: Marja")
            Transport.taken.append(message)
        return len(messages)


@pytest.fixture(autouse=True)
def _transport(settings, monkeypatch):
    monkeypatch.setattr(outbox, "SLICE", timedelta(minutes=5))  # a busy machine leaves nothing for later
    settings.EMAIL_BACKEND = f"{__name__}.Transport"
    Transport.taken, Transport.refuses, Transport.out_of_reach = [], frozenset(), False
    Transport.taking = staticmethod(lambda message: None)


def queue(to="marja@example.org", *, kind="message", service=None, due_at=None, **extra):
    """A message due for a minute, before the transaction of this test began."""
    return Message.objects.create(
        service=service or make_service(), kind=kind, to=to, dedupe_key=to, due_at=due_at or minutes(-1), **extra
    )


def minutes(n):
    return timezone.now() + timedelta(minutes=n)


def sweep():
    with role("od_clock"):
        return outbox.send_due()


def make_due(message):
    Message.objects.filter(pk=message.pk).update(due_at=minutes(-1))


def recipients():
    return [message.to for message in Transport.taken]


@contextmanager
def own_connection_as_clock():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE od_clock")
    try:
        yield
    finally:
        connection.close()


@pytest.mark.django_db
def test_what_is_due_goes_out_once():
    message, later = queue(), queue("later@example.org", due_at=minutes(60))
    queue("cancelled@example.org", cancelled_at=timezone.now())
    assert (sweep(), sweep()) == (1, 0)
    message.refresh_from_db()
    later.refresh_from_db()
    assert recipients() == [["marja@example.org"]]
    assert (message.sent_at is not None, message.attempts, message.lease_until) == (True, 1, None)
    assert (later.sent_at, later.attempts) == (None, 0)


@pytest.mark.django_db
def test_the_task_is_the_sweep():
    queue()
    with role("od_clock"):
        tasks.send_messages()
    assert recipients() == [["marja@example.org"]]


@pytest.mark.django_db
def test_a_lease_that_ran_out_sends_again_under_the_same_id():
    message = queue()
    with role("od_clock"):
        first = channels.mail_of(outbox.compose(next(outbox._claims())))  # a sender that dies here has perhaps sent it
    assert sweep() == 0  # still in those hands
    Message.objects.update(lease_until=minutes(-1))
    assert sweep() == 1
    again = Transport.taken[0]
    assert again.extra_headers["Message-ID"] == first.extra_headers["Message-ID"]
    assert str(message.uuid) in again.message()["Message-ID"]
    message.refresh_from_db()
    assert message.attempts == 2


@pytest.mark.django_db(transaction=True)
def test_what_a_dead_sender_held_is_free_at_once_but_not_for_ever():
    """Its session with the database is over. A message that kills each of its senders waits for the lease from the third time on."""
    message = queue()
    for attempts in (1, 2, 3):
        claim_and_die()
        message.refresh_from_db()
        assert (message.attempts, message.sent_at) == (attempts, None)
    assert sweep() == 0
    Message.objects.update(lease_until=minutes(-1))
    assert sweep() == 1


def claim_and_die():
    """As soon as the one before is seen to be dead, which takes the database a moment."""

    def die():
        with own_connection_as_clock():
            return wait_for(lambda: next(outbox._claims(), None))

    claimed = []
    thread = threading.Thread(target=lambda: claimed.append(die()))
    thread.start()
    thread.join(60)
    assert claimed[0]


def wait_for(what):
    end = time.monotonic() + 30
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


@pytest.mark.django_db
def test_a_death_before_the_mark_sends_again():
    queue()

    def die(message):
        Transport.taken.append(message)
        raise SystemExit

    Transport.taking = staticmethod(die)
    with pytest.raises(SystemExit):
        sweep()
    Transport.taking = staticmethod(lambda message: None)
    assert sweep() == 0
    Message.objects.update(lease_until=minutes(-1))
    assert sweep() == 1
    assert len({message.extra_headers["Message-ID"] for message in Transport.taken}) == 1


@pytest.mark.django_db
def test_refused_is_tried_again_later_each_time_and_for_ever(caplog):
    message, pauses = queue(), []
    Transport.refuses = {"marja@example.org"}
    for _ in range(12):
        make_due(message)
        assert sweep() == 0
        message.refresh_from_db()
        pauses.append(round((message.due_at - message.handed_at).total_seconds(), -1))
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses[-1] == 3600
    assert (message.attempts, message.sent_at, message.last_error) == (12, None, "OSError")
    assert "Marja" not in caplog.text
    assert "marja@" not in caplog.text
    Transport.refuses = frozenset()
    make_due(message)
    assert sweep() == 1


@pytest.mark.django_db
def test_a_transport_that_takes_nothing_has_not_sent(monkeypatch):
    message = queue()
    monkeypatch.setattr(Transport, "send_messages", lambda self, messages: 0)
    assert sweep() == 0
    message.refresh_from_db()
    assert (message.sent_at, message.attempts) == (None, 1)


@pytest.mark.django_db
def test_out_of_reach_leaves_all_as_it_was_and_still_lives(caplog):
    message = queue()
    Transport.out_of_reach = True
    assert sweep() == 0
    message.refresh_from_db()
    assert (message.attempts, message.sent_at) == (0, None)
    assert Heartbeat.objects.get(name="sender").saw == 1
    assert "clinic" not in caplog.text


@pytest.mark.django_db
def test_one_poison_row_delays_nobody(monkeypatch):
    """A message that kills its sender each time is claimed alone, and after those that have not been tried."""
    poison = queue("poison@example.org", due_at=minutes(-600))
    others = [queue(f"{n}@example.org") for n in range(3)]
    compose = outbox.compose

    def fails(message):
        if message.id == poison.pk:
            raise SystemExit
        return compose(message)

    monkeypatch.setattr(outbox, "compose", fails)
    with pytest.raises(SystemExit):
        sweep()
    assert sweep() == 3
    assert recipients() == [[message.to] for message in others]


@pytest.mark.django_db
def test_a_message_that_cannot_be_written_delays_nobody():
    queue("a@example.org\nBcc: b@example.org", due_at=minutes(-600))
    queue("kind@example.org", kind="unheard-of")
    queue()
    assert sweep() == 1
    assert recipients() == [["marja@example.org"]]


@pytest.mark.django_db
def test_the_heartbeat_compares_what_it_sees_with_what_is_there():
    queue()
    queue("b@example.org", due_at=minutes(60))
    sweep()
    beat = Heartbeat.objects.get(name="sender")
    assert (beat.saw, beat.expected) == (1, 1)
    sweep()
    beat.refresh_from_db()
    assert (beat.saw, beat.expected) == (0, 0)


@pytest.mark.django_db
def test_a_sender_that_sees_nothing_says_so():
    queue()
    with connection.cursor() as cursor:
        cursor.execute("DROP POLICY send ON network_message")
    sweep()
    beat = Heartbeat.objects.get(name="sender")
    assert (beat.saw, beat.expected) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE network_message SET \"to\" = 'thief@example.org'",
        "UPDATE network_message SET kind = 'staff'",
        "DELETE FROM network_message",
        "INSERT INTO network_message (uuid) VALUES (gen_random_uuid())",
        "SELECT * FROM network_member",
        "SELECT * FROM meetings_line",
        "SELECT name FROM network_service",
        "SELECT * FROM network_user",
    ],
)
def test_the_sender_may_nothing_else(sql):
    queue()
    with role("od_clock"), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(sql)


@pytest.mark.django_db
def test_sent_stays_sent():
    queue()
    sweep()
    with role("od_clock"), pytest.raises(DatabaseError, match="stays_as_written"), transaction.atomic():
        connection.cursor().execute("UPDATE network_message SET sent_at = NULL")


@pytest.mark.django_db
def test_words_and_sender_are_neutral(settings):
    settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = "https://post.example", "Messages <note@post.example>"
    service = make_service("Psychiatric crisis team", time_zone="Europe/Helsinki")
    when = timezone.datetime(2026, 12, 1, 13, 0, tzinfo=timezone.get_default_timezone())
    for n, (kind, at) in enumerate(
        [("message", None), ("meeting", None), ("moved", when), ("cancelled", when), ("meeting", when), ("staff", None)]
    ):
        queue(f"{n}@example.org", kind=kind, meeting_at=at, service=service)
    assert sweep() == 6
    texts = [m.body.strip() for m in Transport.taken]
    asked = "You have a message. Sign in: https://post.example/"
    assert texts == [
        asked,
        asked,
        f"{asked}\n\nThe new time: Tuesday 1 December 2026, 15:00",
        f"{asked}\n\nThis time is cancelled: Tuesday 1 December 2026, 15:00",
        f"{asked}\n\nThe time: Tuesday 1 December 2026, 15:00",
        "Something waits for you. Sign in: https://post.example/",
    ]
    for message in Transport.taken:
        whole = message.message().as_string()
        assert len(message.recipients()) == 1
        assert message.message()["Message-ID"].endswith("@post.example>")
        assert "crisis" not in whole.lower()
        assert message.subject in ("You have a message", "Something waits for you")


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_message_once():
    service = make_service()
    for n in range(20):
        queue(f"{n}@example.org", service=service)
    start, errors = threading.Barrier(2), []

    def send():
        try:
            with own_connection_as_clock():
                start.wait(30)
                outbox.send_due()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert sorted(recipients()) == sorted([f"{n}@example.org"] for n in range(20))
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_message_in_other_hands_is_passed_over():
    """While one sender waits for a slow mail server, another sends the rest."""
    service = make_service()
    queue("slow@example.org", service=service, due_at=minutes(-600))
    queue("fast@example.org", service=service)
    at_work, go_on = threading.Event(), threading.Event()

    def slowly(message):
        if message.to == ["slow@example.org"]:
            at_work.set()
            assert go_on.wait(30)

    Transport.taking = staticmethod(slowly)

    def send():
        with own_connection_as_clock():
            outbox.send_due()

    slow = threading.Thread(target=send)
    slow.start()
    assert at_work.wait(30)
    assert sweep() == 1
    assert recipients() == [["fast@example.org"]]
    go_on.set()
    slow.join(30)
    assert recipients() == [["fast@example.org"], ["slow@example.org"]]


@pytest.mark.django_db
def test_the_next_message_is_found_by_an_index_in_the_order_of_the_claim():
    """Whatever else waits, and however much was sent: no sorting of all that is due."""
    queue()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {outbox.CLAIM}", [outbox.LEASE, ["email"]])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using message_next" in plan
    assert "Sort" not in plan
