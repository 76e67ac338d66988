"""Reads for the rota: who is meant, and the hours in which that reaches nobody."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from network.models import Service, Staff


@dataclass(frozen=True)
class Gap:
    """A span of the rota with something wrong.

    `what`: stands_in (nobody's turn, so `staff` is told instead), nobody (nobody can be told), not_set_up (`staff` is told by e-mail
    only, though the plans want to wake them).
    """

    role: str
    starts_at: datetime
    ends_at: datetime
    what: str
    staff: Staff | None


def on_call(service: Service, whom: str, at: datetime | None = None) -> list[Staff]:
    """Who is told when a step says `whom` (a Whom, but for the owner): the rota, else whoever stands in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.on_call(%s, %s, %s)", [service.pk, whom, at or timezone.now()])
        found = [pk for (pk,) in cursor.fetchall()]
    return list(Staff.objects.filter(pk__in=found))


def gaps(service: Service, begin: datetime, end: datetime) -> list[Gap]:
    """The gaps between two moments, in order; for staff of the service only. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, starts_at, ends_at, what, staff FROM od.on_call_gaps(%s, %s, %s)", [service.pk, begin, end]
        )
        found = cursor.fetchall()
    staff = Staff.objects.in_bulk({row[4] for row in found if row[4]})
    return [Gap(role, starts_at, ends_at, what, staff.get(pk)) for role, starts_at, ends_at, what, pk in found]
