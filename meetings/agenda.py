"""Who is free when. Of colleagues' time only the intervals are known, never what fills them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from meetings.models import Meeting
from meetings.slots import Busy, Slot, clashes, propose
from network.models import Staff
from network.templatetags.look import when_text

AHEAD = timedelta(days=16)


def busy_times(
    staff: Iterable[Staff], first: datetime, last: datetime, *, but: Meeting | None = None
) -> dict[int, list[Busy]]:
    """Busy intervals of `staff`, the way there and back included; without those of the meeting `but`, which may move."""
    found: dict[int, list[Busy]] = {one.pk: [] for one in staff}
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_id, starts, ends FROM od.busy_times(%s, %s, %s)", [list(found), first, last])
        for pk, starts, ends in cursor.fetchall():
            found[pk].append((starts, ends))
    if but:
        own = _with_travel(but)
        found = {pk: [one for one in busy if one != own] for pk, busy in found.items()}
    return found


def free_slots(
    staff: Iterable[Staff],
    *,
    minutes: int,
    travel_minutes: int,
    due_at: datetime | None = None,
    but: Meeting | None = None,
) -> list[Slot]:
    """The next slots at which all of `staff` are free, inside the clock first."""
    now = timezone.now()
    busy = busy_times(staff, now - AHEAD, now + AHEAD, but=but)
    return propose(
        (one for times in busy.values() for one in times),
        after=now,
        zone=timezone.get_current_timezone(),
        due_at=due_at,
        minutes=minutes,
        travel_minutes=travel_minutes,
    )


def why_not(
    staff: Iterable[Staff], starts_at: datetime, ends_at: datetime, travel_minutes: int, *, but: Meeting | None = None
) -> str:
    """Who has something else at that time, and from when to when. Empty when nobody has."""
    staff = list(staff)
    busy = busy_times(staff, starts_at - timedelta(hours=24), ends_at + timedelta(hours=24), but=but)
    return " ".join(
        f"{one.name} is not free {when_text(start)} to {_minute(end)}."
        for one in staff
        for start, end in clashes(busy[one.pk], starts_at, ends_at, travel_minutes)
    )


def _with_travel(meeting: Meeting) -> Busy:
    travel = timedelta(minutes=meeting.travel_minutes)
    return meeting.starts_at - travel, meeting.ends_at + travel


def _minute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M")
