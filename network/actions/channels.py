"""How somebody of the staff is reached. Each sets their own; what is put away stays as a row."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection

from network import channels
from network.models import StaffChannel, User
from network.permissions import staff_of
from network.rules import one_write

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


def set_browser(*, subscription: dict[str, Any], device: str = "", by: User) -> StaffChannel:
    """Notifications to this browser; `subscription` is what its PushManager gave. The same browser again is the same channel."""
    staff = staff_of(by)
    endpoint = str(subscription.get("endpoint", ""))
    if not channels.set_up(Kind.PUSH) or not channels.known_push_host(endpoint):
        raise PermissionDenied
    keys = subscription.get("keys") or {}
    kept = {"endpoint": endpoint, "keys": {name: str(keys.get(name, "")) for name in ("p256dh", "auth")}}
    with one_write("set a channel") as written:
        StaffChannel.objects.filter(staff=staff, subscription__endpoint=endpoint, active=True).update(active=False)
        written.thing = channel = StaffChannel.objects.create(
            staff=staff, service_id=staff.service_id, kind=Kind.PUSH, subscription=kept, device=device[:60]
        )
    return channel


def put_away(*, channel: StaffChannel, by: User) -> StaffChannel:
    """No message goes this way any more. With nothing else set up, they go to the account's own address."""
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
