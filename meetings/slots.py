"""When a whole team is free: pure reckoning over busy times, in elapsed time, so that a clock change moves nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

QUARTER = timedelta(minutes=15)
FIRST_HOUR, LAST_HOUR = time(8), time(20)
Busy = tuple[datetime, datetime]


@dataclass(frozen=True)
class Slot:
    """A proposal: `in_time` when it starts before the clock is due, `night` outside the hours of the day."""

    starts_at: datetime
    ends_at: datetime
    in_time: bool = False
    night: bool = False


def propose(
    busy: Iterable[Busy],
    *,
    after: datetime,
    zone: tzinfo,
    due_at: datetime | None = None,
    minutes: int = 90,
    travel_minutes: int = 0,
    count: int = 6,
    apart: timedelta = timedelta(hours=2),
    days: int = 14,
) -> list[Slot]:
    """The next slots of the day in which nobody is busy, at least `apart`; the first one allows for the way there.

    When none of them is inside the running clock, slots of the night that are come first.
    """
    travel, length = timedelta(minutes=travel_minutes), timedelta(minutes=minutes)
    taken = _merged(busy)
    first, last = _quarter(after + travel), after + timedelta(days=days)
    free = list(_first_of(_free(taken, first, last, length, travel, zone, day=True), count, apart, due_at))
    if due_at and due_at > first and not any(slot.in_time for slot in free):
        at_night = _free(taken, first, min(due_at, last), length, travel, zone, day=False)
        free = [*_first_of(at_night, 2, apart, due_at, night=True), *free][:count]
    return free


def clashes(busy: Iterable[Busy], starts_at: datetime, ends_at: datetime, travel_minutes: int) -> list[Busy]:
    """The busy times that a meeting with its way there and back would run into."""
    travel = timedelta(minutes=travel_minutes)
    return [(start, end) for start, end in busy if start < ends_at + travel and starts_at - travel < end]


def _free(
    taken: list[Busy], first: datetime, last: datetime, length: timedelta, travel: timedelta, zone: tzinfo, *, day: bool
) -> Iterator[tuple[datetime, datetime]]:
    start, place = first, 0
    while start <= last:
        while place < len(taken) and taken[place][1] <= start - travel:
            place += 1
        end = start + length
        if place < len(taken) and taken[place][0] < end + travel:
            start = max(start + QUARTER, _quarter(taken[place][1] + travel))
        else:
            if _by_day(start, end, zone) == day:
                yield start, end
            start += QUARTER


def _first_of(
    free: Iterable[tuple[datetime, datetime]],
    count: int,
    apart: timedelta,
    due_at: datetime | None,
    *,
    night: bool = False,
) -> Iterator[Slot]:
    before: datetime | None = None
    for start, end in free:
        if not count:
            return
        if before is None or start - before >= apart:
            yield Slot(start, end, in_time=bool(due_at and start <= due_at), night=night)
            before, count = start, count - 1


def _by_day(start: datetime, end: datetime, zone: tzinfo) -> bool:
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    return begins.time() >= FIRST_HOUR and ends.time() <= LAST_HOUR and begins.date() == ends.date()


def _quarter(moment: datetime) -> datetime:
    """Rounded up to the next quarter of an hour. Every zone is whole quarters from UTC."""
    moment = moment.astimezone(UTC)
    whole = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    return whole if whole == moment else whole + QUARTER


def _merged(busy: Iterable[Busy]) -> list[Busy]:
    merged: list[Busy] = []
    for start, end in sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in busy):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
