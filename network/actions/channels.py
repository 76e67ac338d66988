"""How somebody of the staff is reached. Each sets their own; what is put away stays as a row."""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q

from network import channels
from network.models import StaffChannel, User
from network.permissions import staff_of
from network.rules import one_transaction, one_write

Kind = StaffChannel.Kind


def set_channel(*, kind: str, address: str, by: User) -> StaffChannel:
    """E-mail to another address than the account's, or text messages to a number with its country (+358…), in place of the one before."""
    staff = staff_of(by)
    if not channels.set_up(kind):
        raise PermissionDenied  # the page does not offer it
    address = "".join(address.split()) if kind == Kind.SMS else address.strip().lower()
    with one_write("set a channel") as written:
        StaffChannel.objects.filter(staff=staff, kind=kind, active=True).update(active=False)
        written.thing = channel = StaffChannel.objects.create(
            staff=staff, service_id=staff.service_id, kind=kind, address=address
        )
    return channel


def set_browser(*, subscription: Any, device: str, instead_of: UUID | None = None, by: User) -> StaffChannel:
    """Notifications to this browser; `subscription` is what its PushManager gave, `device` its name in its owner's words.

    The same browser again is one channel, known by its endpoint or by the channel it was before (`instead_of`). Raises NotASubscription.
    """
    staff = staff_of(by)
    if not channels.set_up(Kind.PUSH):
        raise PermissionDenied
    kept = channels.subscription_of(subscription)
    with one_write("set a channel") as written:
        own = StaffChannel.objects.filter(staff=staff, kind=Kind.PUSH, active=True)
        own.filter(Q(subscription__endpoint=kept["endpoint"]) | Q(uuid=instead_of)).update(active=False)
        written.thing = channel = StaffChannel.objects.create(
            staff=staff, service_id=staff.service_id, kind=Kind.PUSH, subscription=kept, device=device
        )
    return channel


def renew_browser(*, channel: UUID, subscription: Any) -> UUID | None:
    """The browser that is `channel` has got another subscription from its maker. Nobody need be signed in; the browser proves itself.

    None when nothing goes there any more. Raises NotASubscription.
    """
    kept = channels.subscription_of(subscription)
    with one_transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT od.renew_browser(%s, %s)", [channel, json.dumps(kept)])
        renewed: UUID | None = cursor.fetchone()[0]
    return renewed


def leave_browser(channel: UUID, *, signing_out: bool) -> bool:
    """Somebody signs out in the browser that is `channel`, or signs in there: nothing of theirs, or of anybody else's, goes there now."""
    with one_transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT od.leave_browser(%s, %s)", [channel, signing_out])
        return bool(cursor.fetchone()[0])


def end_other_browsers(*, of: User, here: UUID | None) -> None:
    """`of` is signed in nowhere but `here` any more, or has a new password: no message goes to any other browser of theirs."""
    with one_transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT od.end_other_browsers(%s, %s)", [of.pk, here])


def put_away(*, channel: StaffChannel, by: User) -> StaffChannel:
    """No message goes this way any more. E-mail goes on, to the account's own address (od.channels_of)."""
    staff = staff_of(by)
    with one_write("put a channel away") as written:
        written.thing = channel
        StaffChannel.objects.filter(pk=channel.pk, staff=staff).update(active=False)
    channel.refresh_from_db()
    return channel


def try_channel(*, channel: StaffChannel, by: User) -> None:
    """A message as it would come at night; `tried_at` says when it went out. Once a minute at most."""
    staff_of(by)
    with one_write("tried a channel") as written, connection.cursor() as cursor:
        written.thing = channel
        cursor.execute("SELECT od.try_channel(%s)", [channel.uuid])
