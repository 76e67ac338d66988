"""Who works for a service or did, as its lead sees it: whether they have signed in, have a second step, and how they are reached."""

from dataclasses import dataclass

from django.db import connection

from network.models import Service, Staff, StaffChannel


@dataclass(frozen=True)
class Colleague:
    """`wakes`: the ways beside e-mail, which reaches everybody."""

    staff: Staff
    email: str
    signed_in: bool
    passkey: bool
    app: bool
    wakes: tuple[str, ...]

    @property
    def second_step(self) -> bool:
        return self.passkey or self.app

    @property
    def ready(self) -> bool:
        """Can get in, and be woken."""
        return self.signed_in and self.second_step and bool(self.wakes)


def colleagues(service: Service, only: Staff | None = None) -> list[Colleague]:
    """By name; for a lead of the service. Three queries."""
    staff = Staff.objects.of_service(service).select_related("service")
    channels = StaffChannel.objects.filter(service=service, active=True).exclude(kind=StaffChannel.Kind.EMAIL)
    if only:
        staff, channels = staff.filter(pk=only.pk), channels.filter(staff=only)
    wakes: dict[int, list[str]] = {}
    for channel in channels:
        wakes.setdefault(channel.staff_id, []).append(channel.get_kind_display())
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff, email, signed_in, passkey, app FROM od.staff_accounts()")
        accounts = {pk: account for pk, *account in cursor.fetchall()}
    found = []
    for one in staff:
        email, signed_in, passkey, app = accounts[one.pk]
        ways = tuple(dict.fromkeys(wakes.get(one.pk, [])))
        found.append(Colleague(one, email, signed_in, passkey, app, ways))
    return found
