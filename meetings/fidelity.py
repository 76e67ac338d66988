"""Are we doing Open Dialogue, and not only saying so: figures counted from a service's records. Pure: counts in, figures out.

Each figure is a numerator over a denominator, with what is missing beside it. What is not known is never taken as zero, and
what was closed with a code stays in the first figure: the one without it stands beside, so that no code can flatter.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from types import SimpleNamespace

from meetings.counts import read_counts
from network.models import Service
from network.templatetags.look import hours_minutes
from referrals.models import CaseClosure

MEETINGS, CASES = 3, 5  # fewer than these say more about single people than about the service

PERIODS = {"3": ("Last 3 months", 3), "12": ("Last 12 months", 12), "all": ("All", None)}
USUAL = "12"


def several(count: int, one: str) -> str:
    """1 meeting, 1,200 meetings."""
    return f"{count:,} {one if count == 1 else one + 's'}"


@dataclass(frozen=True)
class Figure:
    """One figure. `basis` is how many of `unit` it rests on; below `least` it is not shown. `of` names the denominator."""

    name: str
    says: str
    numerator: float
    denominator: int
    of: str
    basis: int
    unit: str = "meeting"
    is_mean: bool = False
    places: int = 2
    missing: int = 0
    missing_says: str = ""
    notes: tuple[str, ...] = ()

    @property
    def least(self) -> int:
        return CASES if self.unit == "case" else MEETINGS

    @property
    def shown(self) -> bool:
        return self.basis >= self.least and self.denominator > 0

    @property
    def value(self) -> float | None:
        """The share or the mean; None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def percent(self) -> int:
        """Rounded, but 100 only when it is all and 0 only when it is none."""
        share = self.value or 0
        return int(100 * share) if share in (0, 1) else min(99, max(1, int(100 * share + 0.5)))

    @property
    def text(self) -> str:
        """What stands large: 83 %, 0.67, or why there is nothing to show."""
        if self.basis < self.least:
            return "too few to show"
        if self.value is None:
            return "nothing to count yet"
        return f"{self.value:,.{self.places}f}" if self.is_mean else f"{self.percent} %"

    @property
    def counted(self) -> str:
        """5 of 6 meetings; for a mean: 4.67 over 7 pairs."""
        if not self.shown:
            return (
                f"{several(self.basis, self.unit)} so far; shown from {self.least}" if self.basis < self.least else ""
            )
        if self.is_mean:
            sum_ = f"{self.numerator:,.{0 if float(self.numerator).is_integer() else 2}f}"
            return f"{sum_} over {self.denominator:,} {self.of}"
        return f"{self.numerator:,.0f} of {self.denominator:,} {self.of}"


@dataclass(frozen=True)
class Bar:
    """A column or row of a chart; `marked` of `count` are drawn apart. Sizes are in units of the drawing."""

    label: str
    count: int
    kind: str = ""
    marked: int = 0
    x: int = 0
    width: int = 0
    height: str = "0"
    marked_height: str = "0"
    short: str = ""

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Chart:
    """Columns with a table behind them."""

    key: str
    title: str
    by: str
    of: str
    bars: list[Bar]
    ticks: list[tuple[int, str]] = field(default_factory=list)
    line: int = 0  # where the line of 24 hours stands
    marks: str = ""  # what the marked part of a bar is

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def said(self) -> str:
        return "; ".join(f"{bar.label}: {bar.count:,}" for bar in self.bars if bar.count)

    @property
    def total_marked(self) -> int:
        return sum(bar.marked for bar in self.bars)


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    figures: list[Figure]
    chart: Chart | None = None
    beside: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fidelity:
    """The whole page. `since` empty: everything."""

    period: str
    since: datetime | None
    sections: list[Section]
    empty: bool
    unrecorded: int
    afterwards: int

    @property
    def figures(self) -> Iterator[Figure]:
        return (figure for section in self.sections for figure in section.figures)

    def figure(self, name: str) -> Figure:
        """The figure of that name."""
        return next(figure for figure in self.figures if figure.name == name)


def read_fidelity(service: Service, *, period: str = USUAL, now: datetime, zone: tzinfo) -> Fidelity:
    """All figures of `service` for one of PERIODS (anything else is the usual one), in four queries."""
    period = period if period in PERIODS else USUAL
    since = start_of(period, now, zone)
    counts = read_counts(service.pk, since=since, now=now, meetings=MEETINGS)
    clocks, met, same, without = counts.clocks, counts.meetings, counts.continuity, counts.without
    return Fidelity(
        period=period,
        since=since,
        sections=[
            _first_meeting(clocks),
            _same_clinicians(same),
            _network(met),
            _person(met, without),
            _place(met),
            _in_the_room(met),
            _intervals(same),
        ],
        empty=not (clocks.all_clocks or met.meetings or without.exceptions or without.open or without.unrecorded),
        unrecorded=without.unrecorded,
        afterwards=met.afterwards,
    )


def start_of(period: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Midnight of the same day so many months ago; the last day of a shorter month."""
    months = PERIODS[period][1]
    if months is None:
        return None
    today = now.astimezone(zone).date()
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    day = min(today.day, calendar.monthrange(year, month + 1)[1])
    return datetime.combine(date(year, month + 1, day), time.min, zone)


def _first_meeting(c: SimpleNamespace) -> Section:
    codes = dict(CaseClosure.Code.choices)
    left_out = [f"{codes.get(code, code)}: {count:,}" for code, count in sorted(c.codes.items())]
    if c.not_a_crisis:
        left_out.append(f"called “not a crisis” later: {c.not_a_crisis:,}")
    marks = []
    if c.offline:
        marks.append(
            f"{several(c.offline, 'clock')} stopped by what was recorded offline: the time is the device’s, corrected."
        )
    if c.known_later:
        marks.append(f"{several(c.known_later, 'meeting')} the service learned of more than an hour later.")
    if c.not_met or c.late:
        marks.append(
            f"Counted as not within 24 hours: {c.not_met:,} closed without a meeting, {c.late:,} over 24 hours and still waiting."
        )
    figures = [
        Figure(
            name="Met within 24 hours",
            says="Clocks of a crisis, from first heard to the first moment that the person and a clinician were together. "
            "All of them count, also those closed without a meeting, with whatever reason.",
            numerator=c.within, denominator=c.clocks, of="clocks", basis=c.cases, unit="case",
            missing=c.waits, missing_says=f"{several(c.waits, 'clock')} still inside the first 24 hours",
            notes=tuple(marks),
        ),
        Figure(
            name="Met within 24 hours, coded exceptions left out",
            says="The same without clocks closed with a code (the person did not want to meet, could not be found, …) and "
            "without those called “not a crisis” later. It never stands alone.",
            numerator=c.plain_within, denominator=c.plain, of="clocks", basis=c.plain_cases, unit="case",
            missing=c.plain_waits, missing_says=f"{several(c.plain_waits, 'clock')} still inside the first 24 hours",
            notes=(f"Left out: {'; '.join(left_out)}.",) if left_out else (),
        ),
        Figure(
            name="Urgency lowered",
            says="Clocks of a crisis whose urgency somebody lowered, with a reason. Raising it does not count.",
            numerator=c.lowered, denominator=c.all_clocks, of="clocks", basis=c.all_cases, unit="case",
            notes=(f"First heard was corrected to a later time on {several(c.moved, 'clock')}.",) if c.moved else (),
        ),
    ]  # fmt: skip
    beside = []
    if c.cases >= CASES and c.median is not None:
        beside.append(
            "More than half were not met."
            if c.median == float("inf")
            else f"Half of all were met within {hours_minutes(timedelta(hours=c.median))}; who was not met counts as never."
        )
    chart = _hours_chart(c.bars) if c.cases >= CASES else None
    return Section("first", "First meeting", figures, chart, beside)


def _hours_chart(found: dict[str, list[int]]) -> Chart:
    """Six hours a column up to 48, then what took longer or did not come."""
    columns = [(str(n), f"{6 * n} to {6 * n + 6} hours", "" if n < 4 else "late") for n in range(8)]
    columns += [("over", "over 48 hours", "late"), ("late", "still waiting, over 24 hours", "none")]
    columns += [("replied", "called “not a crisis” and replied to", "none")] if "replied" in found else []
    columns += [("not_met", "closed without a meeting", "none")]
    words = {"over": "more", "late": "waits", "replied": "replied", "not_met": "not met"}
    most = max((one[0] for one in found.values()), default=1)
    bars, ticks, x = [], [(26 * n + 4, str(6 * n)) for n in range(9)], 4
    for key, label, kind in columns:
        wide = 26 if key.isdigit() else 38 if key == "over" else 46
        count, marked = found.get(key, [0, 0])
        bars.append(_bar(label, count, kind, x, wide, most, marked))
        if not key.isdigit():
            ticks.append((x + wide // 2 + (6 if key == "over" else 0), words[key]))
        x += wide
    title = "Clocks, by hours from first heard to the first meeting"
    return Chart("hours", title, "Time", "clocks", bars, ticks, line=4 + 4 * 26, marks="recorded offline")


def _same_clinicians(c: SimpleNamespace) -> Section:
    short = f"{several(c.short, 'case')} with fewer than {MEETINGS} meetings"
    unfounded = c.cases - c.founded
    unknown = f"{short}, {unfounded:,} without a founding team" if unfounded else short
    of_cases = f"Cases with {MEETINGS} or more meetings"
    figures = [
        Figure(
            name="One of the founding team was there",
            says=f"{of_cases}: meetings at which at least one clinician was present who was chosen for the network’s team "
            "before its first meeting.",
            numerator=c.one, denominator=c.held, of="meetings", basis=c.founded, unit="case",
            missing=c.short + unfounded, missing_says=unknown,
        ),
        Figure(
            name="The whole founding team was there",
            says=f"{of_cases}: meetings at which all of the founding pair (or three) were present. Cover does not count for them.",
            numerator=c.pair, denominator=c.held, of="meetings", basis=c.founded, unit="case",
            missing=c.short + unfounded, missing_says=unknown,
        ),
        Figure(
            name="The same team as the time before",
            says=f"{of_cases}: for each meeting and the one before it, clinicians at both out of clinicians at either. "
            "1 is always the same, 0 never.",
            numerator=c.same, denominator=c.steps, of="pairs of meetings", basis=c.cases, unit="case", is_mean=True,
            missing=c.short, missing_says=short,
        ),
        Figure(
            name="Different clinicians a case",
            says=f"{of_cases}: how many different clinicians were present, all meetings of the case together.",
            numerator=c.clinicians, denominator=c.cases, of="cases", basis=c.cases, unit="case", is_mean=True, places=1,
            missing=c.short, missing_says=short,
        ),
    ]  # fmt: skip
    chart = None
    if c.cases >= CASES:
        labels = {"0": "none", "1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "6": "6 or more"}
        shown = {key: label for key, label in labels.items() if key != "0" or "0" in c.by_clinicians}
        rows = [(f"{label} clinicians" if label != "1" else "1 clinician", label, c.by_clinicians.get(key, 0))
                for key, label in shown.items()]  # fmt: skip
        chart = _columns(
            "clinicians", "Cases, by how many different clinicians were present", "Clinicians", "cases", rows
        )
    return Section("team", "The same clinicians", figures, chart)


def _network(c: SimpleNamespace) -> Section:
    none_asked = c.meetings - c.meetings_with_asked
    people = c.team + c.members
    each = f"{c.members / (c.meetings or 1):.1f} of the network, the person among them, and {c.team / (c.meetings or 1):.1f} of the team"
    figures = [
        Figure(
            name="Somebody of the network was there",
            says="Meetings with at least one network member who is not a professional, besides the person.",
            numerator=c.network, denominator=c.meetings, of="meetings", basis=c.meetings,
        ),
        Figure(
            name="People at a meeting",
            says="Everybody who was marked as here: the person, network members, clinicians. Each counts once a meeting.",
            numerator=people, denominator=c.meetings, of="meetings", basis=c.meetings, is_mean=True, places=1, notes=(f"Of them {each}.",),
        ),
        Figure(
            name="Invited but did not come",
            says="Network members who were asked to a meeting that was held and were not there. The person is not among them.",
            numerator=c.away, denominator=c.asked, of="invitations", basis=c.meetings_with_asked,
            missing=none_asked, missing_says=f"{several(none_asked, 'meeting')} to which nobody but the person was asked",
            notes=(f"{c.said_no:,} of them had said no.",) if c.said_no else (),
        ),
    ]  # fmt: skip
    return Section("network", "The network", figures)


def _person(c: SimpleNamespace, w: SimpleNamespace) -> Section:
    decisions = c.decided + c.contested + w.exceptions
    apart = f"{several(w.exceptions, 'exception')} decided without the person, {several(c.contested, 'decision')} contested."
    figures = [
        Figure(
            name="The person was there",
            says="Meetings at which the person was marked as here, however long.",
            numerator=c.person, denominator=c.meetings, of="meetings", basis=c.meetings,
        ),
        Figure(
            name="Decided with the person",
            says="Decisions made in a meeting with the person in the room, out of these, the contested ones and the exceptions. "
            "What the record did not accept is no decision.",
            numerator=c.decided, denominator=decisions, of="decisions and exceptions", basis=c.meetings,
            missing=c.unconfirmed, missing_says=f"{several(c.unconfirmed, 'decision')} to be confirmed by the person",
            notes=(apart,) if decisions > c.decided else (),
        ),
        Figure(
            name="Exceptions open longer than 7 days",
            says="What had to be decided without the person: how often it took more than 7 days until a meeting talked about it.",
            numerator=w.long, denominator=w.exceptions - w.young, of="exceptions", basis=w.cases, unit="case",
            missing=w.young, missing_says=f"{several(w.young, 'exception')} open for 7 days or less",
        ),
    ]  # fmt: skip
    beside = []
    if w.open:  # nothing that waits for the person is hidden behind a threshold
        beside.append(
            f"Open now, whenever they were made: {several(w.open, 'exception')}, {w.open_long:,} longer than 7 days."
        )
    return Section("person", "The person is there", figures, beside=beside)


def _place(c: SimpleNamespace) -> Section:
    places = [("At the person’s home", c.home), ("At another home", c.other_home), ("Elsewhere", c.elsewhere)]
    places.append(("By video or phone", c.remote))
    figures = [
        Figure(name=name, says="", numerator=count, denominator=c.meetings, of="meetings", basis=c.meetings)
        for name, count in places
    ]
    return Section("place", "Place", figures)


def _in_the_room(c: SimpleNamespace) -> Section:
    empty = c.meetings - c.written
    seen = f"In {several(c.differs, 'meeting')} somebody saw it differently: that is what reading back is for."
    figures = [
        Figure(
            name="Two or more clinicians",
            says="Meetings with at least two of the team or of those who covered. A second one who was only booked does not count.",
            numerator=c.two, denominator=c.meetings, of="meetings", basis=c.meetings,
        ),
        Figure(
            name="Reflection held",
            says="Meetings in whose record a reflection of the team stands. Written after the close it counts only from a device "
            "that was without signal.",
            numerator=c.reflection, denominator=c.written, of="meetings", basis=c.written,
            missing=empty, missing_says=f"{several(empty, 'meeting')} in which nothing at all was written down",
        ),
        Figure(
            name="Read back",
            says="Meetings whose record was read back to at least one of the network, the person among them, who said “agreed” or "
            "“differs”. Who left before does not count.",
            numerator=c.heard, denominator=c.meetings, of="meetings", basis=c.meetings,
            notes=(seen,) if c.differs else (),
        ),
    ]  # fmt: skip
    return Section("room", "In the room", figures)


def _intervals(c: SimpleNamespace) -> Section:
    uncounted = c.cases - c.spreads + c.short
    figure = Figure(
        name="Spread of intervals",
        says=f"Cases with {MEETINGS} or more meetings: how much the days between meetings differ within a case (standard deviation "
        "over mean). 0 is a rota, always the same number of days; the more meetings come when they are needed, the more it is.",
        numerator=c.spread, denominator=c.spreads, of="cases", basis=c.spreads, unit="case", is_mean=True,
        missing=uncounted, missing_says=f"{several(c.short, 'case')} with fewer than {MEETINGS} meetings",
    )  # fmt: skip
    if c.cases_with_days < CASES:
        return Section("intervals", "Spread of intervals", [figure])
    labels = ["under 2", "2–3", "4–7", "8–14", "15–28", "29 or more"]
    rows = [(f"{label} days", label.removesuffix(" or more") + ("+" if "more" in label else ""), c.by_days.get(str(n), 0))
            for n, label in enumerate(labels)]  # fmt: skip
    chart = _columns("days", "Intervals, by days from one meeting to the next", "Days", "intervals", rows)
    return Section(
        "intervals", "Spread of intervals", [figure], chart, [f"Half were {c.median_days:.1f} days or less."]
    )


WIDTH, HEIGHT = 360, 100


def _columns(key: str, title: str, by: str, of: str, rows: Iterable[tuple[str, str, int]]) -> Chart:
    rows = list(rows)
    wide = (WIDTH - 8) // len(rows)
    most = max(count for _, _, count in rows)
    bars = [_bar(label, count, "", 4 + n * wide, wide, most) for n, (label, _, count) in enumerate(rows)]
    ticks = [(4 + n * wide + wide // 2, short) for n, (_, short, _) in enumerate(rows)]
    return Chart(key, title, by, of, bars, ticks)


def _bar(label: str, count: int, kind: str, x: int, wide: int, most: int, marked: int = 0) -> Bar:
    height, part = (HEIGHT * n / (most or 1) for n in (count, marked))
    short = f"{count / 1000:.1f}k" if count >= 1000 else str(count) if count else ""
    return Bar(label, count, kind, marked, x + 2, wide - 4, f"{height:.1f}", f"{part:.1f}", short)
