"""A gateway for text messages that fails in each way that gateways fail: a real server on this machine, asked as the service asks.

A message is sent only when the gateway says so; until then it stays due, with a growing pause and the same id, and whoever looks is told.
"""

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.test import Client
from django.utils import timezone

from network import channels, outbox
from network.models import Heartbeat, Message, StaffChannel
from referrals.watchman import troubles
from tests.conftest import role
from tests.factories import flush_constraints, make_case, make_member, make_network, make_service, make_staff

from .loopback import listening
from .shown import delivery

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-operator"
TAKEN = json.dumps({"status": "accepted"})


@pytest.fixture
def gateway(settings):
    with listening() as server:
        settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN = f"{server.url}/send", TOKEN
        yield server


@pytest.fixture
def message(gateway):
    """A text about a clock, due for two minutes, with all else as it should be."""
    service = make_service()
    owner = make_staff(service, "Leena", "coordinator")
    service.on_duty = owner
    service.save()
    network = make_network(service)
    make_member(network, "Elina", is_person=True)
    step = make_case(network, owner).watches.get().steps.first()
    flush_constraints()
    number = StaffChannel.objects.create(staff=owner, service=service, kind="sms", address="+358405550134")
    queued = timezone.now() - timedelta(minutes=2)
    return Message.objects.create(
        service=service, network=network, kind="step", channel="sms", to=number.address, staff=owner, staff_channel=number,
        step=step.pk, path="/waiting/", dedupe_key="step:1", queued_at=queued, due_at=queued,
    )  # fmt: skip


def send():
    with role("od_clock"):
        return outbox.send_due()


def make_due(message):
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now() - timedelta(minutes=1))


def waits(message, seconds):
    """Whether it comes up again after so long; a slow machine may take its time over one answer."""
    return seconds <= (message.due_at - message.handed_at).total_seconds() < seconds + 25


def assert_not_sent(message, attempts=1):
    """Neither marked nor shown as sent, and said by /readyz."""
    message.refresh_from_db()
    assert (message.sent_at, message.cancelled_at, message.attempts) == (None, None, attempts)
    assert message.last_error
    assert delivery(message).state == "failing"
    for name in ("sweep", "sender", "beat"):
        Heartbeat.objects.update_or_create(
            name=name, defaults={"at": timezone.now(), "saw": 0, "expected": 0, "drift": 0}
        )
    assert [trouble.code for trouble in troubles()] == ["messages_unsent"]
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (503, "messages_unsent")


@pytest.mark.parametrize("answer", [TAKEN, "OK", '{"ok": true}', '{"result": "queued", "id": 7}'])
def test_taken_is_sent(gateway, message, answer):
    gateway.says(200, answer)
    assert (send(), send()) == (1, 0)
    message.refresh_from_db()
    assert message.sent_at
    assert delivery(message).state == "sent"
    (asked,) = gateway.asked
    assert (asked.method, asked.path, asked.headers["Authorization"]) == ("POST", "/send", f"Bearer {TOKEN}")
    assert json.loads(asked.body)["to"] == "+358405550134"
    assert asked.headers["Idempotency-Key"] == json.loads(asked.body)["id"] == str(message.uuid)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"status": "error", "reason": "no credit"}'), (200, '{"status": "accepted", "error": "no such number"}'),
        (200, '{"accepted": []}'), (200, '{"ok": "false"}'), (200, ""), (200, "ERROR 17"), (200, "<html>OK</html>"),
        (200, b"\xff\xfe\x00OK"),
        (200, "[" * 19_000), (200, b"OK" + b" " * 5_000_000), (200, TAKEN + " " * 30_000), (204, ""),
        (400, TAKEN), (401, TAKEN), (404, TAKEN), (500, TAKEN), (503, "OK"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_whatever_is_no_yes_is_a_no(gateway, message, status, body):
    gateway.says(status, body)
    assert send() == 0
    assert_not_sent(message)
    assert len(gateway.asked) == 1


def test_an_answer_in_the_operators_own_words(gateway, message, settings):
    settings.SMS_GATEWAY_ACCEPTED = r"^id=\d+$"
    gateway.says(200, "OK")
    assert send() == 0
    assert_not_sent(message)
    gateway.says(200, "id=4711")
    make_due(message)
    assert send() == 1


@pytest.mark.parametrize(
    "fault", ["says_nothing", "breaks_off", "breaks_off_after_ok", "hangs_up", "drips", "drips_headers"]
)
def test_a_connection_that_fails(gateway, message, monkeypatch, fault):
    monkeypatch.setattr(channels, "TIMEOUT", 0.5)
    {
        "says_nothing": gateway.says_nothing,
        "breaks_off": gateway.breaks_off,
        "breaks_off_after_ok": lambda: gateway.breaks_off(TAKEN.encode()),
        "hangs_up": gateway.hangs_up,
        "drips": lambda: gateway.drips(b" "),
        "drips_headers": gateway.drips_headers,
    }[fault]()
    assert send() == 0
    assert_not_sent(message)
    assert gateway.asked_once()


def test_nobody_listens(gateway, message, settings):
    with listening() as gone:
        settings.SMS_GATEWAY_URL = gone.url
    assert send() == 0
    assert_not_sent(message)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(gateway, message, status):
    """Neither the number nor the token goes to whom the operator did not name."""
    with listening() as elsewhere:
        elsewhere.says(200, TAKEN)
        gateway.says(status, TAKEN, Location=f"{elsewhere.url}/send")
        assert send() == 0
        assert elsewhere.asked == []
    assert_not_sent(message)


def test_the_pause_grows_and_the_id_stays(gateway, message):
    gateway.says(500)
    for attempt, seconds in enumerate((30, 60, 120, 240, 480), 1):
        make_due(message)
        assert send() == 0
        assert_not_sent(message, attempt)
        assert waits(message, seconds)
    gateway.says(200, TAKEN)
    make_due(message)
    assert (send(), send()) == (1, 0)
    assert {asked.headers["Idempotency-Key"] for asked in gateway.asked} == {str(message.uuid)}
    assert {json.loads(asked.body)["id"] for asked in gateway.asked} == {str(message.uuid)}
    assert len({asked.body for asked in gateway.asked}) == 1


@pytest.mark.parametrize(
    ("after", "seconds"), [("600", 600), ("5", 30), ("999999", 3600), ("-5", 30), ("soon", 30), ("²", 30), ("", 30)]
)
def test_a_gateway_that_asks_for_time_gets_it(gateway, message, after, seconds):
    """An hour at most, and never less than its own turn."""
    gateway.says(429, Retry_After=after)
    assert send() == 0
    assert_not_sent(message)
    assert waits(message, seconds)


def test_a_time_to_come_back_at(gateway, message):
    gateway.says(503, Retry_After=format_datetime(timezone.now() + timedelta(minutes=20), usegmt=True))
    assert send() == 0
    assert_not_sent(message)
    assert 1100 <= (message.due_at - message.handed_at).total_seconds() <= 1225


def test_one_that_is_refused_delays_no_other(gateway, message):
    other = Message.objects.create(
        service=message.service, kind="message", to="a@example.org", dedupe_key="a", due_at=message.due_at
    )
    gateway.says(429, Retry_After="3600")
    assert send() == 1
    other.refresh_from_db()
    assert other.sent_at
