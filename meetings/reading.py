"""What a member may read, what they would read after a change, and how to say that in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from meetings.models import Meeting
from network.models import Consent, Member


@dataclass(frozen=True)
class Change:
    """From what a member may read now to what they would. `covers` is empty without a standing word."""

    member: Member
    covers: str
    was: str
    meetings: frozenset[int]
    gains: tuple[Meeting, ...]
    losses: tuple[Meeting, ...]

    @property
    def opens(self) -> bool:
        """They would read something they do not read now, today or later."""
        return bool(self.gains) or bool(self.covers and not self.was)

    @property
    def nothing_new(self) -> bool:
        return not (self.gains or self.losses) and self.covers == self.was

    def sentences(self) -> list[str]:
        """What it means, before it is done."""
        name, said = self.member.name, []
        if self.gains:
            said.append(
                f"{name} will be able to read all that was written on {days(one.started_at or one.starts_at for one in self.gains)}."
            )
        if self.covers and not self.was:
            said.append(f"{name} will be able to read what will be written in meetings from now on.")
        if self.losses:
            said.append(
                f"{name} will no longer be able to read what was written on {days(one.started_at or one.starts_at for one in self.losses)}."
            )
        if self.was and not self.covers:
            said.append(f"{name} will read nothing of what will be written from now on.")
        if self.losses or (self.was and not self.covers):
            said.append(untold(name))
        return said


def untold(name: str) -> str:
    """What withdrawing can do and what it cannot (promise 8)."""
    return f"{name} will not be told, but may notice, and may keep what has been read or saved."


def change_of(member: Member, held: Iterable[Any], *, covers: str, meetings: Iterable[str]) -> Change:
    """What changes when `member` is to read by `covers` (empty: no standing word) and, beside that, single `meetings` (uuids)."""
    held = list(held)
    standing = member.consents.active().first()
    shared = set(member.shares.filter(withdrawn_at=None).values_list("meeting_id", flat=True))
    was = standing.covers if standing else ""
    since = standing.given_at if standing else None
    chosen = {one.pk for one in held if str(one.uuid) in set(meetings)}
    singles = shared if covers == Consent.Covers.ALL else chosen
    before = _covered(held, was, since) | shared
    after = _covered(held, covers, since if covers == was else None) | singles
    return Change(
        member=member,
        covers=covers,
        was=was,
        meetings=frozenset(singles),
        gains=tuple(one for one in held if one.pk in after - before),
        losses=tuple(one for one in held if one.pk in before - after),
    )


def _covered(held: list[Any], covers: str, since: datetime | None) -> set[int]:
    if covers == Consent.Covers.ALL:
        return {one.pk for one in held}
    if covers == Consent.Covers.FROM_NOW and since:
        return {one.pk for one in held if one.started_at >= since}
    return set()


def days(moments: Iterable[datetime]) -> str:
    """3 and 10 March, 2 April and 5 January 2025."""
    dates = sorted({timezone.localtime(moment).date() for moment in moments})
    months = [list(group) for _, group in groupby(dates, key=lambda one: (one.year, one.month))]
    return _and([_month(month) for month in months], ", ")


def _month(dates: list[date]) -> str:
    year = "" if dates[0].year == timezone.localdate().year else " Y"
    return f"{_and([str(one.day) for one in dates], ', ')} {date_format(dates[0], f'F{year}')}"


def _and(words: list[str], comma: str) -> str:
    *most, last = words
    return f"{comma.join(most)} and {last}" if most else last
