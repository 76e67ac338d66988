"""A lead looks into the log of readings."""

from collections.abc import Iterable
from datetime import date

from django.db import connection

from meetings.permissions import MEETINGS
from network.models import Inquiry, Network, Staff, User
from network.permissions import require, staff_of
from network.rules import one_write


def inquire(
    *,
    purpose: str,
    reader: Staff | None,
    network: Network | None,
    first_day: date | None,
    last_day: date | None,
    by: User,
) -> Inquiry:
    """Puts on record that `by` looks into the log, and what for."""
    staff = staff_of(by)
    require(MEETINGS, "log.search", by, staff.service)
    with one_write("looked into the log of readings") as written:
        written.thing = inquiry = Inquiry.objects.create(
            service=staff.service, by=staff, purpose=purpose, reader=reader, network=network, first_day=first_day, last_day=last_day
        )  # fmt: skip
    return inquiry


def log_what_was_shown(*, inquiry: Inquiry, networks: Iterable[int]) -> None:
    """In the log of each whose readings the lead saw, and of the one it was about though nothing was found, stands now that they looked."""
    looked_into = {*networks, inquiry.network_id} - {None}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT od.log_reading('inquiry', %s, n) FROM unnest(%s::bigint[]) n ORDER BY n",
            [inquiry.uuid, sorted(looked_into)],
        )
