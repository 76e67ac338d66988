"""A push service that answers in each way that they do: a real server on this machine, in the place of the browsers' makers."""

import base64
import json
import urllib.request
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.utils import timezone

from network import channels, outbox, push
from network.models import Message, StaffChannel
from tests.conftest import role
from tests.factories import make_browser, make_case, make_member, make_network, make_service, make_staff

from .loopback import ByWayOf, listening
from .shown import delivery

pytestmark = pytest.mark.django_db


class Browser:
    """The receiving end of RFC 8291, written from the standard and not from network/push.py."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.secret = b"sixteen byte key"
        self.keys = {"p256dh": encode(self.point), "auth": encode(self.secret)}

    def read(self, body):
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        first = HKDF(hashes.SHA256(), 32, self.secret, b"WebPush: info\0" + self.point + sender).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(first)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(first)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\x02"  # the last record
        return json.loads(padded[:-1])


def encode(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.fixture
def service(monkeypatch, settings):
    """The push service of every browser."""
    settings.VAPID_PRIVATE_KEY = push.new_private_key()
    settings.SITE_URL = "https://post.example"
    with listening() as server:
        opener = urllib.request.build_opener(channels._NoRedirects, ByWayOf(server.port))
        monkeypatch.setattr(channels, "_opener", opener)
        server.says(201)
        yield server


@pytest.fixture
def scene(service):
    class Scene:
        browser = Browser()

    with transaction.atomic():
        Scene.place = make_service()
        Scene.owner = make_staff(Scene.place, "Leena", "coordinator")
        Scene.network = make_network(Scene.place)
        make_member(Scene.network, "Elina", is_person=True)
        Scene.step = make_case(Scene.network, Scene.owner).watches.get().steps.first()
        Scene.channel = make_browser(Scene.owner, keys=Scene.browser.keys)
    return Scene


def queue(scene, kind="step", **extra):
    due = timezone.now() - timedelta(minutes=1)
    step = {"network": scene.network, "step": scene.step.pk} if kind == "step" else {}
    return Message.objects.create(
        **{"service": scene.place, "kind": kind, "channel": "push", "staff": scene.owner, "staff_channel": scene.channel, **step,
           "path": "/waiting/5f1b/", "dedupe_key": f"{kind}:push", "queued_at": due, "due_at": due} | extra
    )  # fmt: skip


def send():
    with role("od_clock"):
        return outbox.send_due()


def mails():
    return list(Message.objects.filter(channel="email", step__isnull=False).values_list("to", flat=True))


def test_what_is_taken_can_be_read_by_that_browser_alone(scene, service):
    message = queue(scene)
    assert (send(), send()) == (1, 0)
    message.refresh_from_db()
    assert message.sent_at
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/send/a")
    assert asked.headers["Host"] == "fcm.googleapis.com"
    assert asked.headers["Content-Encoding"] == "aes128gcm"
    assert asked.headers["Authorization"].startswith("vapid t=")
    assert (asked.headers["TTL"], asked.headers["Urgency"]) == ("14400", "high")
    assert asked.headers["Topic"] == message.uuid.hex
    assert scene.browser.read(asked.body) == {
        "title": "Something waits for you", "body": "Sign in to see it.", "path": "/waiting/5f1b/",
    }  # fmt: skip
    assert b"waits" not in asked.body
    other = Browser()
    with pytest.raises(InvalidTag):
        other.read(asked.body)


# A code and the word of a way in go by mail or text alone: what they say is made for one address.
@pytest.mark.parametrize("kind", sorted({*Message.Kind.values} - {"code", "way_in"}))
def test_no_name_no_place_no_reason(scene, service, kind):
    queue(scene, kind, meeting_at=timezone.now(), path="/")
    assert send() == 1
    words = scene.browser.read(service.asked[0].body)
    assert words["title"] in {"You have a message", "Something waits for you", "This is a try"}
    assert words["body"] in {"Sign in to see it.", "Nothing waits for you. It works."}
    assert set(words) == {"title", "body", "path"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_over_is_put_away_and_the_word_goes_by_mail(scene, service, status):
    service.says(status)
    message = queue(scene)
    assert send() == 1  # by mail, in the same go
    message.refresh_from_db()
    scene.channel.refresh_from_db()
    assert (message.sent_at, message.last_error, bool(message.cancelled_at)) == (None, "Gone", True)
    assert (scene.channel.active, scene.channel.put_away_why) == (False, "gone")
    assert scene.channel.put_away_at
    assert delivery(message).words == "not possible any more, went by e-mail instead"
    assert mails() == [scene.owner.user.email]
    assert send() == 0
    assert len(service.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_others_that_wait_for_it_go_by_mail_as_well(scene, service):
    """Each step once, and a try that nobody waits for not at all."""
    service.says(410)
    steps = scene.step.watch.steps.order_by("position")[:2]
    queue(scene, dedupe_key="one", step=steps[0].pk)
    queue(scene, dedupe_key="two", step=steps[1].pk)
    queue(scene, "trial")
    send()
    assert len(service.asked) == 1
    assert not Message.objects.waiting().filter(channel="push").exists()
    assert mails() == [scene.owner.user.email] * 2
    assert not Message.objects.filter(kind="trial", channel="email").exists()


@pytest.mark.parametrize("status", [400, 401, 403, 413, 429, 500, 502, 503, 301, 307])
def test_a_refusal_is_tried_again(scene, service, status):
    with listening() as elsewhere:
        service.says(status, Location=f"{elsewhere.url}/")
        message = queue(scene)
        assert send() == 0
        assert elsewhere.asked == []
    message.refresh_from_db()
    scene.channel.refresh_from_db()
    assert (message.sent_at, message.cancelled_at, message.attempts, message.last_error) == (None, None, 1, "Refused")
    assert scene.channel.active
    assert mails() == []
    service.says(201)
    Message.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert send() == 1
    assert len({asked.headers["Topic"] for asked in service.asked}) == 1


def test_too_many_at_once_come_later(scene, service):
    service.says(429, Retry_After="900")
    message = queue(scene)
    assert send() == 0
    message.refresh_from_db()
    assert message.last_error == "Busy"
    assert 900 <= (message.due_at - message.handed_at).total_seconds() < 925


@pytest.mark.parametrize("fault", ["says_nothing", "hangs_up"])
def test_a_service_that_does_not_answer(scene, service, monkeypatch, fault):
    monkeypatch.setattr(channels, "TIMEOUT", 0.5)
    getattr(service, fault)()
    message = queue(scene)
    assert send() == 0
    message.refresh_from_db()
    scene.channel.refresh_from_db()
    assert (message.sent_at, message.attempts, scene.channel.active) == (None, 1, True)


def test_made_for_another_key_of_ours(scene, service, settings):
    """After a new VAPID_PRIVATE_KEY each push service refuses what was set up before: nothing waits for that."""
    settings.VAPID_PRIVATE_KEY = push.new_private_key()
    queue(scene)
    send()
    scene.channel.refresh_from_db()
    assert (service.asked, scene.channel.put_away_why, mails()) == ([], "gone", [scene.owner.user.email])


def test_without_a_key_it_goes_by_mail_and_the_device_stays(scene, service, settings):
    settings.VAPID_PRIVATE_KEY = ""
    queue(scene)
    send()
    scene.channel.refresh_from_db()
    assert (service.asked, scene.channel.active, mails()) == ([], True, [scene.owner.user.email])


def test_an_address_inside_is_never_called(scene, service):
    """Nor one that got into the table by another way than the page."""
    StaffChannel.objects.filter(pk=scene.channel.pk).update(active=False)
    scene.channel = make_browser(scene.owner, "Other", endpoint="https://metadata.internal/latest")
    queue(scene)
    send()
    scene.channel.refresh_from_db()
    assert (service.asked, scene.channel.put_away_why) == ([], "gone")


def test_a_trial_says_when_it_arrived(scene, service):
    queue(scene, "trial")
    assert send() == 1
    scene.channel.refresh_from_db()
    assert scene.channel.tried_at
