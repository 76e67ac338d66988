"""The ways out: e-mail, text message, push notification. Each takes one neutral message or says why not.

A carrier returns only when the other side has taken the message. What it raises otherwise is kept by its kind, never by its text.
"""

import http.client
import io
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Container
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from network import push

TIMEOUT = 10  # seconds for a whole exchange with a gateway, from the first word to the last letter of its answer
LONGEST_ANSWER = 20_000  # bytes; what is longer is no answer to a message
ENDPOINT = r"[!-~]{1,1500}"  # what can be one; channel_push_over_tls says the same


class Refused(Exception):
    """The other side did not take it. Tried again later."""


class Busy(Refused):
    """Not now: the other side says after how many seconds."""

    def __init__(self, after: int) -> None:
        self.after = after
        super().__init__(after)


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
            answer = _whole(response)
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
        endpoint = subscription.get("endpoint", "")
        # Whatever was set up with another key of ours is refused by its push service for ever.
        if not known_push_host(endpoint) or subscription.get("ours") != push_public_key():
            raise Gone
        payload = {"title": letter.subject, "body": letter.text, "path": urlsplit(letter.address).path}
        headers = push.headers(endpoint, settings.VAPID_PRIVATE_KEY, _contact())
        headers |= {"TTL": str(4 * 60 * 60), "Urgency": "high"}
        headers["Topic"] = letter.id.hex  # a repeat replaces what still waits
        body = push.encrypt(json.dumps(payload).encode(), subscription["keys"])
        request = urllib.request.Request(endpoint, body, headers, method="POST")  # noqa: S310  of a known host
        _open(request, gone={404, 410}).close()

    def close(self) -> None:
        """Nothing is open."""


class OnThisMachine:
    """For local use: text messages that lie beside the mail, to be read at /local/mail/."""

    def open(self) -> None:
        """Nothing to keep open."""

    def carry(self, letter: Letter) -> None:
        Mail().carry(letter._replace(to=f"{letter.to.lstrip('+')}@sms.local", text=f"{letter.text}\n"))

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
    if channel == "sms" and settings.LOCAL:
        return OnThisMachine()
    if channel == "push" and settings.VAPID_PRIVATE_KEY:
        return Push()
    return Nowhere()


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
    known = any(host == one or host.endswith(f".{one}") for one in settings.PUSH_HOSTS)
    return known and (parts.scheme, parts.netloc) == ("https", host)  # no port and no name before an @


class NotASubscription(Exception):
    """What a browser gave is not what notifications need. `host`: all but its push service is as it should be."""

    def __init__(self, *, host: bool = False) -> None:
        self.host = host
        super().__init__(host)


def subscription_of(given: Any) -> dict[str, Any]:
    """What is kept of what a browser's PushManager gave: where to, its keys, and the key of ours it was made for."""
    if not isinstance(given, dict) or not isinstance(given.get("keys"), dict):
        raise NotASubscription
    endpoint, keys = given.get("endpoint"), {name: given["keys"].get(name) for name in ("p256dh", "auth")}
    if not isinstance(endpoint, str) or not re.fullmatch(ENDPOINT, endpoint):
        raise NotASubscription
    if not push.are_keys(keys):
        raise NotASubscription
    try:
        known = known_push_host(endpoint)
    except ValueError:
        raise NotASubscription from None
    if not known:
        raise NotASubscription(host=True)
    return {"endpoint": endpoint, "keys": keys, "ours": push_public_key()}


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


def _contact() -> str:
    """Whom a push service can turn to."""
    return settings.SITE_URL if settings.SITE_URL.startswith("https:") else f"mailto:messages@{host()}"


def _open(request: urllib.request.Request, gone: Container[int] = ()) -> Any:
    try:
        return _opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in gone:
            raise Gone from None
        if after := _seconds(error.headers.get("Retry-After", "")):
            raise Busy(after) from None
        raise Refused from None


def _whole(response: Any) -> str:
    """The answer to its end. One that breaks off, drags on or does not end says nothing."""
    expected, answer = response.length, b""
    while expected is None or len(answer) < expected:
        part = response.read1(LONGEST_ANSWER)
        answer += part
        if not part:
            break
        if len(answer) > LONGEST_ANSWER:
            raise Refused
    if expected is not None and len(answer) < expected:
        raise Refused
    return answer.decode(errors="replace")


def _seconds(retry_after: str) -> int:
    """What a Retry-After asks for, in seconds, an hour at most; 0 where it asks for nothing that can be read."""
    try:
        wanted = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else _until(retry_after)
    except (ValueError, TypeError):
        return 0
    return int(min(max(wanted, 0), 60 * 60))


def _until(date: str) -> float:
    return (parsedate_to_datetime(date) - timezone.now()).total_seconds()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A message is given to whom the operator named, and nobody further."""


class _Part(io.RawIOBase):
    """What comes from a connection until `end`. A timeout of the connection itself begins anew with every letter that drips from it."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self.connection, self.end = connection, end
        self.raw = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.raw.readinto(buffer)

    def close(self) -> None:
        self.raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is there by `end`, its headers too."""

    def __init__(self, sock: socket.socket, *args: Any, end: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Part(sock, end))


def _in_time(kind: type[http.client.HTTPConnection]) -> Any:
    def connection(*args: Any, **kwargs: Any) -> http.client.HTTPConnection:
        made = kind(*args, **kwargs)
        made.response_class = partial(_Answer, end=time.monotonic() + TIMEOUT)  # type: ignore[assignment]
        return made

    return connection


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_in_time(http.client.HTTPConnection), request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_in_time(http.client.HTTPSConnection), request)


_opener = urllib.request.build_opener(_NoRedirects, _Http, _Https)
