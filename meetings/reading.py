"""What a member may read, what they would read after a change, and how to say that in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from meetings.models import Meeting
from network.actions.consent import Span
from network.models import Consent, Member
from network.templatetags.look import listed


@dataclass(frozen=True)
class Change:
    """From what a member may read now to what they would. `covers` is empty without a standing word."""

    member: Member
    covers: str
    was: str
    span: Span
    until_was: datetime | None
    paused: bool
    meetings: frozenset[int]
    gains: tuple[Meeting, ...]
    losses: tuple[Meeting, ...]
    longer: bool
    shorter: bool

    @property
    def opens(self) -> bool:
        """They would read something they do not read now, today or later."""
        return bool(self.gains) or self.longer or bool(self.covers and (self.paused or not self.was))

    @property
    def nothing_new(self) -> bool:
        return not (self.gains or self.losses or self.longer or self.shorter or self.paused) and self.covers == self.was

    def sentences(self) -> list[str]:
        """What it means, before it is done."""
        name, said = self.member.name, []
        before = "" if self.paused else self.was
        if self.gains:
            said.append(
                f"{name} will be able to read all that was written on {days(one.started_at or one.starts_at for one in self.gains)}."
            )
        if self.covers and not before:
            said.append(f"{name} will be able to read what will be written in meetings from now on.")
        if self.losses:
            said.append(
                f"{name} will no longer be able to read what was written on {days(one.started_at or one.starts_at for one in self.losses)}."
            )
        if before and not self.covers:
            said.append(f"{name} will read nothing of what will be written from now on.")
        if (self.covers or self.meetings) and (self.opens or self.shorter):
            said.append(self._until())
        if self.losses or self.shorter or (before and not self.covers):
            said.append(untold(name))
        return said

    def _until(self) -> str:
        until, name = self.span.until, self.member.name
        if not until:
            return "This has no end, until you take it back."
        return f"This lasts to the end of {last_day(until)}. After that {name} reads nothing, and is not told."


def untold(name: str) -> str:
    """What withdrawing can do and what it cannot (promise 8)."""
    return f"{name} will not be told, but may notice, and may keep what has been read or saved."


def change_of(
    member: Member, held: Iterable[Any], *, covers: str, meetings: Iterable[str], until: datetime | None = None
) -> Change:
    """What changes when `member` is to read by `covers` (empty: no standing word) and, beside that, single `meetings` (uuids)."""
    held = list(held)
    standing = member.consents.active().first()
    shared = dict(member.shares.active().values_list("meeting_id", "until"))
    paused = member.pauses.open().exists()
    was = standing.covers if standing else ""
    since = standing.since or standing.given_at if standing else None
    chosen = {one.pk for one in held if str(one.uuid) in set(meetings)}
    singles = set(shared) if covers == Consent.Covers.ALL else chosen
    before = set() if paused else _covered(held, was, since) | set(shared)
    after = _covered(held, covers, since if covers == was else None) | singles
    kept = [shared[one] for one in singles & set(shared)] + ([standing.until] if standing and covers else [])
    return Change(
        member=member,
        covers=covers,
        was=was,
        span=Span(until, since if covers == was == Consent.Covers.FROM_NOW else None),
        until_was=standing.until if standing else None,
        paused=paused,
        meetings=frozenset(singles),
        gains=tuple(one for one in held if one.pk in after - before),
        losses=tuple(one for one in held if one.pk in before - after),
        longer=any(_later(until, one) for one in kept),
        shorter=any(_later(one, until) for one in kept),
    )


def _later(one: datetime | None, other: datetime | None) -> bool:
    """Empty is never."""
    return other is not None and (one is None or one > other)


def _covered(held: list[Any], covers: str, since: datetime | None) -> set[int]:
    if covers == Consent.Covers.ALL:
        return {one.pk for one in held}
    if covers == Consent.Covers.FROM_NOW and since:
        return {one.pk for one in held if one.started_at >= since}
    return set()


def day_after(last: date) -> datetime:
    """A word that holds to the end of a day ends here."""
    return datetime.combine(last + timedelta(days=1), time(), timezone.get_current_timezone())


def last_date(until: datetime) -> date:
    return timezone.localtime(until - timedelta(seconds=1)).date()


def last_day(until: datetime) -> str:
    """31 March."""
    return days([until - timedelta(seconds=1)])


def paused_words(one: Any) -> str:
    """Since when somebody is paused, and by whose writing; empty when they are not."""
    if not one.paused_at:
        return ""
    said = f"{'On paper' if one.paused_how == Consent.How.ON_PAPER else 'Said'}: {one.paused_where}. There was: {one.paused_witness}"
    by = "" if one.paused_how == Consent.How.OWN_PAGE else f", written down by {one.paused_by}. {said}"
    return f"Paused since {days([one.paused_at])}{by}"


def may_read_words(one: Any) -> str:
    """What a member may read now, of those whom `mine.readers_of` brought: each word with its own end."""
    if one.paused_at:
        return "paused: reads nothing now"
    singles = f"{one.singles} meeting{'' if one.singles == 1 else 's'}" if one.singles else ""
    if not one.covers:
        return f"{singles}{_ends(one)}" if singles else "nothing"
    if (
        one.covers == Consent.Covers.FROM_NOW
        and singles
        and one.until_at == one.singles_first_at == one.singles_last_at
    ):
        return f"{_standing(one)}, and {one.singles} before{_until(one.until_at)}"
    apart = one.covers == Consent.Covers.FROM_NOW or _later(one.singles_last_at, one.until_at)
    beside = f"; {singles}{_ends(one) or ' without end'}" if singles and apart else ""
    return f"{_standing(one)}{_until(one.until_at)}{beside}"


def may_read_this_words(one: Any) -> str:
    """What lets a member read one meeting, of those whom a note brought: the standing word if it holds there, and the single one."""
    if not one.standing:
        return f"this meeting{_until(one.share_until_at)}"
    longer = one.shared and _later(one.share_until_at, one.until_at)
    beside = f"; this meeting{_until(one.share_until_at) or ' without end'}" if longer else ""
    return f"{_standing(one)}{_until(one.until_at)}{beside}"


def _standing(one: Any) -> str:
    return "everything" if one.covers == Consent.Covers.ALL else f"meetings since {days([one.given_at])}"


def _ends(one: Any) -> str:
    """Until when somebody may read single meetings, which need not end together."""
    if not one.singles_first_at:
        return ""
    if not one.singles_last_at:
        return ", some of them without end"
    alike = one.singles_first_at == one.singles_last_at
    return _until(one.singles_last_at) if alike else f", the last until {last_day(one.singles_last_at)}"


def _until(end: datetime | None) -> str:
    return f", until {last_day(end)}" if end else ""


def days(moments: Iterable[datetime]) -> str:
    """3 and 10 March, 2 April and 5 January 2025."""
    dates = sorted({timezone.localtime(moment).date() for moment in moments})
    months = [list(group) for _, group in groupby(dates, key=lambda one: (one.year, one.month))]
    return listed(_month(month) for month in months)


def _month(dates: list[date]) -> str:
    year = "" if dates[0].year == timezone.localdate().year else " Y"
    return f"{listed(str(one.day) for one in dates)} {date_format(dates[0], f'F{year}')}"
