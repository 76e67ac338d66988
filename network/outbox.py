"""The sender: takes what is due from the outbox and gives it to whoever carries it on.

The truth is in PostgreSQL. A sender may die at any moment: what it had claimed is free again when its session with the database is
over, and in any case when its lease runs out. No transport and no database commit as one, so a death between the two sends a message
twice, under the same id.
"""

import json
import logging
import time
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from network import codes
from network.channels import Busy, Carrier, Gone, Letter, NotSetUp, carrier
from network.models import Message, StaffChannel

log = logging.getLogger(__name__)

# Longer than a transport may take over one message: four answers of a mail server, each within EMAIL_TIMEOUT. No longer, because
# what a sender on a dead machine held waits for it.
LEASE = timedelta(seconds=45)
SLICE = timedelta(seconds=5)  # then the worker is free for the sweep, and the next slice says that the sender lives
SUBJECT = "You have a message"
SUBJECTS = {
    Message.Kind.STAFF: "Something waits for you",
    Message.Kind.STEP: "Something waits for you",
    Message.Kind.TRIAL: "This is a try",
    Message.Kind.CODE: "Your code",
}
# What a notification says below its subject. It is read by whoever sees the screen, and leads on by being tapped.
BELOW = {Message.Kind.TRIAL: "Nothing waits for you. It works."}
TEMPLATES = {
    Message.Kind.STAFF: "staff",
    Message.Kind.STEP: "staff",
    Message.Kind.TRIAL: "trial",
    Message.Kind.CODE: "code",
}
SIGN_IN = (
    Message.Kind.CODE,
    Message.Kind.WAY_IN,
)  # where they go is found out here, and they say more than their row does

# One at a time: whatever a message does to its sender, no other message was in the same hands. New ones go before those that failed.
# Whoever claimed one and has lost the session can no longer mark it: it is free at once. Not a third time, for it may be what kills them.
CLAIM = """
    UPDATE network_message m
    SET lease_until = now() + %s, attempts = attempts + 1, handed_at = clock_timestamp(), session = pg_backend_pid()
    WHERE id = (SELECT id FROM network_message w
                WHERE sent_at IS NULL AND cancelled_at IS NULL AND due_at <= now() AND channel = ANY (%s)
                  AND (lease_until IS NULL OR lease_until <= now() OR attempts < 3 AND handed_at < now() AND session IS NOT NULL
                    AND NOT EXISTS (SELECT FROM pg_stat_activity a
                                    WHERE a.pid = w.session AND coalesce(a.backend_start <= w.handed_at, true)))
                ORDER BY attempts, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, uuid, kind, channel, "to", path, meeting_at, (SELECT time_zone FROM network_service WHERE id = m.service_id),
      (SELECT subscription::text FROM network_staffchannel WHERE id = m.staff_channel_id), cancelled_at IS NOT NULL
"""
SENT = "UPDATE network_message SET sent_at = clock_timestamp(), lease_until = NULL, last_error = '' WHERE id = %s AND sent_at IS NULL"
LATER = """
    UPDATE network_message SET lease_until = NULL, last_error = %s,
        due_at = clock_timestamp() + greatest(make_interval(secs => %s),
            least(interval '30 seconds' * 2 ^ least(attempts - 1, 10), interval '1 hour'))
    WHERE id = %s AND sent_at IS NULL
"""
INSTEAD = "SELECT od.send_by_mail_instead(%s, %s)"
RECEIVER = "SELECT way, address, thing, known FROM od.receiver_of(%s)"
DROP = "SELECT od.drop_letter(%s)"
# What is due as this role sees it, beside a count that does not depend on what it may see.
BEAT = """
    SELECT od.beat('sender', count(*)::int, od.messages_due()::int, %s) FROM network_message
    WHERE sent_at IS NULL AND cancelled_at IS NULL AND due_at <= now()
"""


class Claimed(NamedTuple):
    """A message in this sender's hands until its lease runs out."""

    id: int
    uuid: UUID
    kind: str
    channel: str
    to: str
    path: str
    meeting_at: datetime | None
    time_zone: str | None
    subscription: str | None
    withdrawn: bool = False  # by the database, as it was claimed: what it is about holds no more
    thing: UUID | None = None  # the code or the way in that it is about
    known: bool = True


def send_due() -> int:
    """Send what is due, for a slice of time at most. Returns how many messages were taken."""
    _run(BEAT, timezone.now())
    carriers = {channel: carrier(channel) for channel in StaffChannel.Kind.values}
    sent = 0
    try:
        for message in _claims(carriers):
            sent += _deliver(message, carriers)
    finally:
        for one in carriers.values():
            one.close()
    return sent


def _claims(carriers: dict[str, Carrier] | None = None) -> Iterator[Claimed]:
    """Claim one message after the other, each for a way that is open now: what is out of reach claims nothing, and all stays due."""
    ways = dict(carriers or {channel: carrier(channel) for channel in StaffChannel.Kind.values})
    end = time.monotonic() + SLICE.total_seconds()
    while time.monotonic() < end:
        for channel, one in list(ways.items()):
            if not _opens(channel, one):
                del ways[channel]
        row = _run(CLAIM, LEASE, list(ways))
        if row is None:
            return
        message = Claimed(*row)
        if not message.withdrawn:
            yield message


def _opens(channel: str, one: Carrier) -> bool:
    try:
        one.open()
    except OSError as error:  # SMTPException among them
        log.warning("The transport for %s is out of reach: %s", channel, type(error).__name__)
        return False
    return True


def _addressed(message: Claimed) -> Claimed:
    """Where it goes; a code that nobody is to have, or that came too late, goes nowhere."""
    if message.kind not in SIGN_IN:
        return message
    if (row := _run(RECEIVER, message.id)) is None:
        raise Gone
    way, address, thing, known = row
    return message._replace(channel=way, to=address, thing=thing, known=known)


def _deliver(message: Claimed, carriers: dict[str, Carrier]) -> bool:
    """Whether it was taken; if not it is due again, later each time and for ever, or goes by e-mail if this way leads nowhere."""
    by = carriers[message.channel]
    try:
        found = _addressed(message)
        by = carriers[found.channel]
        by.carry(compose(found))
    except (Gone, NotSetUp) as error:
        if message.kind in SIGN_IN:
            _run(DROP, message.id)
        else:
            _run(INSTEAD, message.id, type(error).__name__)
        return False
    except Exception as error:  # whatever is wrong with one message, the others go out
        log.warning("Message %s was not taken: %s", message.uuid, type(error).__name__)
        _run(LATER, type(error).__name__[:60], error.after if isinstance(error, Busy) else 0, message.id)
        by.close()  # what the error left of a conversation is of no use to the next message
        return False
    _run(SENT, message.id)
    return True


def compose(message: Claimed) -> Letter:
    """Neutral words, to one address, under an id that stays the same however often it is sent."""
    kind = Message.Kind(message.kind)
    path = f"/in/{codes.link_of(message.thing)}/" if message.thing and kind == Message.Kind.WAY_IN else message.path
    address = f"{settings.SITE_URL}{path}"
    if message.channel == StaffChannel.Kind.PUSH:
        text = BELOW.get(kind, "Sign in to see it.")
    else:
        with timezone.override(zoneinfo.ZoneInfo(message.time_zone or "UTC")):
            words = {"kind": kind, "meeting_at": message.meeting_at, "address": address, "channel": message.channel}
            if message.thing and kind == Message.Kind.CODE:
                words["code"] = codes.code_of(message.thing) if message.known else ""
            text = render_to_string(f"mail/{TEMPLATES.get(kind, 'message')}.txt", words)
    return Letter(
        id=message.uuid,
        to=message.to,
        subject=SUBJECTS.get(kind, SUBJECT),
        text=text if message.channel == StaffChannel.Kind.EMAIL else text.strip(),
        address=address,
        subscription=json.loads(message.subscription) if message.subscription else None,
    )


def _run(sql: str, *values: Any) -> tuple[Any, ...] | None:
    """One statement in a transaction of its own; the first row it gives back."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone() if cursor.description else None
