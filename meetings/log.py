"""Who has read, as people say it: what one reader opened on one day is one entry, with its times."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import Count, F, Max, Min
from django.db.models.functions import JSONObject, TruncDay
from django.utils import timezone

from meetings import mine
from meetings.gather import unfold
from meetings.models import Meeting
from meetings.reading import days
from network.models import Inquiry, Member, Reading

NUMBERS = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}
OPENED = JSONObject(what="what", thing="thing", read_at="at")


def folded(readings: Any) -> Any:
    """Of `readings` one row for each reader and day, the latest first; `opened` holds the single ones."""
    who = ("reader", "reader_name", "reader_role", "outside_team", "in_need")
    return (
        readings.annotate(day=TruncDay("at"))
        .order_by()
        .values(*who, "day")
        .annotate(
            number=Count("pk"),
            first_at=Min("at"),
            last_at=Max("at"),
            opened=JSONBAgg(OPENED, order_by=[F("at").desc(), F("pk").desc()]),
        )
        .order_by("-last_at", "-reader")
    )


def described(rows: Any, networks: list[int]) -> list[SimpleNamespace]:
    """The rows of `folded` with what was read, in words."""
    found = [SimpleNamespace(**row | {"opened": unfold(row["opened"])}) for row in rows]
    things = {one.thing for row in found for one in row.opened}
    held = Meeting.objects.filter(network__in=networks, uuid__in=things)
    dates = {str(one.uuid): days([one.started_at or one.starts_at]) for one in held}
    names = {str(uuid): name for uuid, name in Member.objects.filter(network__in=networks).values_list("uuid", "name")}
    why = purposes(networks) if any(one.what == Reading.What.INQUIRY for row in found for one in row.opened) else {}
    for row in found:
        for one in row.opened:
            one.words = mine.reading_words(one, dates.get(one.thing, ""), names.get(one.thing, "")) + why.get(
                one.thing, ""
            )
        row.words = _in_short(row.opened)
        row.times = _times(row.number, row.first_at, row.last_at)
    return found


def purposes(networks: list[int]) -> dict[str, str]:
    """What a lead looked into these logs for, by the inquiry: said to whom it was about."""
    rows = Inquiry.objects.filter(network__in=networks)
    return {str(uuid): f", for: “{purpose}”" for uuid, purpose in rows.values_list("uuid", "purpose")}


def _in_short(opened: list[SimpleNamespace]) -> str:
    """What it was, in the order in which it was first opened; of many things only how many."""
    different = list(dict.fromkeys(one.words for one in reversed(opened)))
    return " and ".join(different) if len(different) < 3 else f"opened {len(different)} things"


def _times(number: int, first: datetime, last: datetime) -> str:
    """Four times, between 09:02 and 11:30."""
    start, end = (f"{timezone.localtime(at):%H:%M}" for at in (first, last))
    often = NUMBERS.get(number, f"{number} times")
    return f"{often}, at {start}" if start == end else f"{often}, between {start} and {end}"
