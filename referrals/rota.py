"""Reads for the rota: who is meant, and the hours in which that reaches nobody."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from network.models import Service, Staff

GAPS = """
    SELECT g.role, g.starts_at, g.ends_at, g.what, g.staff, coalesce(s.name, '') FROM od.on_call_gaps(%s, %s, %s) g
    LEFT JOIN network_staff s ON s.id = g.staff ORDER BY g.starts_at, g.role, g.what
"""


@dataclass(frozen=True)
class Gap:
    """A span of the rota with something wrong.

    `what`: stands_in (nobody's turn, so `name` is told instead), nobody (nobody can be told), not_set_up (`name` is told by e-mail
    only, though the plans want to wake them).
    """

    role: str
    starts_at: datetime
    ends_at: datetime
    what: str
    staff: int | None
    name: str


def on_call(service: Service, whom: str, at: datetime | None = None) -> list[Staff]:
    """Who is told when a step says `whom` (a Whom, but for the owner): the rota, else whoever stands in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.on_call(%s, %s, %s)", [service.pk, whom, at or timezone.now()])
        found = [pk for (pk,) in cursor.fetchall()]
    return list(Staff.objects.filter(pk__in=found))


def gaps(service: Service, begin: datetime, end: datetime) -> list[Gap]:
    """The gaps between two moments, in order; for staff of the service only. One query."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS, [service.pk, begin, end])
        return [Gap(*row) for row in cursor.fetchall()]
