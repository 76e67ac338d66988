"""The ways out: e-mail, text message, push notification. Each takes one neutral message or says why not.

A carrier returns only when the other side has taken the message. What it raises otherwise is kept by its kind, never by its text.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Container
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from network import push

TIMEOUT = 10  # seconds for one answer of a gateway


class Refused(Exception):
    """The other side did not take it. Tried again later."""


class NotSetUp(Refused):
    """This installation has no such way out."""


class Gone(Refused):
    """Whoever is behind this address will never take a message again."""


class Letter(NamedTuple):
    """One message, worded and ready to go. `id` stays the same however often it is sent."""

    id: UUID
    to: str
    subject: str
    text: str
    address: str
    subscription: dict[str, Any] | None = None


class Carrier(Protocol):
    def open(self) -> None:
        """Get ready. Raises OSError when the other side is out of reach: then nothing is claimed for this way."""

    def carry(self, letter: Letter) -> None:
        """Return once it is taken, raise otherwise."""

    def close(self) -> None:
        """Let go of whatever conversation is open."""


class Mail:
    """E-mail by Django's backend. Its Message-ID tells a mail server, and whoever reads, that a repeat is one."""

    def __init__(self) -> None:
        self.connection = get_connection()

    def open(self) -> None:
        self.connection.open()

    def carry(self, letter: Letter) -> None:
        if not self.connection.send_messages([mail_of(letter)]):
            raise Refused

    def close(self) -> None:
        self.connection.close()


class Gateway:
    """Text messages by a plain HTTP gateway: POST of JSON with `to`, `text` and `id`, and a bearer token.

    Taken is only what the answer says is taken: many gateways answer 200 to what they will never send.
    """

    def open(self) -> None:
        """Nothing to keep open."""

    def carry(self, letter: Letter) -> None:
        body = json.dumps({"to": letter.to, "text": letter.text, "id": str(letter.id)}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(letter.id)}
        if settings.SMS_GATEWAY_TOKEN:
            headers["Authorization"] = f"Bearer {settings.SMS_GATEWAY_TOKEN}"
        request = urllib.request.Request(settings.SMS_GATEWAY_URL, body, headers, method="POST")  # noqa: S310  set by the operator
        with _open(request) as response:
            answer = response.read(20_000).decode(errors="replace")
        if not says_taken(answer):
            raise Refused

    def close(self) -> None:
        """Nothing is open."""


class Push:
    """Notifications to a browser, readable by it alone (network/push.py)."""

    def open(self) -> None:
        """Nothing to keep open."""

    def carry(self, letter: Letter) -> None:
        subscription = letter.subscription or {}
        if not known_push_host(subscription.get("endpoint", "")):
            raise Gone
        payload = {"title": letter.subject, "body": letter.text, "url": letter.address, "tag": str(letter.id)}
        headers = push.headers(subscription["endpoint"], settings.VAPID_PRIVATE_KEY, settings.SITE_URL)
        headers |= {
            "TTL": str(4 * 60 * 60),
            "Urgency": "high",
            "Topic": letter.id.hex,
        }  # a repeat replaces what still waits
        body = push.encrypt(json.dumps(payload).encode(), subscription["keys"])
        request = urllib.request.Request(subscription["endpoint"], body, headers, method="POST")  # noqa: S310  of a known host
        _open(request, gone={404, 410}).close()

    def close(self) -> None:
        """Nothing is open."""


class OnThisMachine:
    """For local use: text messages and notifications that lie beside the mail, to be read at /local/mail/."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def open(self) -> None:
        """Nothing to keep open."""

    def carry(self, letter: Letter) -> None:
        to = f"{letter.to.lstrip('+') or 'browser'}@{self.kind}.local"
        Mail().carry(letter._replace(to=to, text=f"{letter.text}\n"))

    def close(self) -> None:
        """Nothing is open."""


class Nowhere:
    """A way that is not set up here."""

    def open(self) -> None:
        """Nothing to keep open."""

    def carry(self, letter: Letter) -> None:
        raise NotSetUp

    def close(self) -> None:
        """Nothing is open."""


def carrier(channel: str) -> Carrier:
    """Who carries messages of this channel (a StaffChannel.Kind)."""
    if channel == "email":
        return Mail()
    if channel == "sms" and settings.SMS_GATEWAY_URL:
        return Gateway()
    if channel == "push" and settings.VAPID_PRIVATE_KEY:
        return Push()
    return OnThisMachine(channel) if settings.LOCAL else Nowhere()


def set_up(channel: str) -> bool:
    """Whether this installation can send by that channel."""
    return not isinstance(carrier(channel), Nowhere)


def push_public_key() -> str:
    """What a browser needs to subscribe (applicationServerKey), or nothing when notifications are not set up."""
    return push.public_key(settings.VAPID_PRIVATE_KEY) if settings.VAPID_PRIVATE_KEY else ""


def known_push_host(endpoint: str) -> bool:
    """Whether an address that a browser gave is one of a push service, and not somewhere inside our own network."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(host == known or host.endswith(f".{known}") for known in settings.PUSH_HOSTS)


def says_taken(answer: str) -> bool:
    """Whether a gateway's answer says in words that it took the message. Silence, and anything unknown, is a no."""
    if settings.SMS_GATEWAY_ACCEPTED:
        return re.search(settings.SMS_GATEWAY_ACCEPTED, answer) is not None
    if answer.strip() in {"OK", "ok", "accepted", "queued"}:
        return True
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    if not isinstance(found, dict) or found.get("error") or found.get("errors"):
        return False
    words = {str(found.get(name, "")).lower() for name in ("status", "state", "result", "success", "ok", "accepted")}
    return bool(words & {"ok", "accepted", "queued", "sent", "success", "delivered", "true"}) and "false" not in words


def mail_of(letter: Letter) -> EmailMessage:
    """The mail: neutral, to one address."""
    return EmailMessage(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers={"Message-ID": f"<{letter.id}@{host()}>", "Auto-Submitted": "auto-generated"},
    )


def host() -> str:
    """The host in the sender's address, which whoever runs the service has chosen to say nothing."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")


def _open(request: urllib.request.Request, gone: Container[int] = ()) -> Any:
    try:
        return _opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise (Gone if error.code in gone else Refused) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A message is given to whom the operator named, and nobody further."""


_opener = urllib.request.build_opener(_NoRedirects)
