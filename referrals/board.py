"""Reads for the board: which cases, how many, and what each row says. A poll of it is no reading."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.paginator import Page, Paginator
from django.db.models import F, IntegerField, JSONField, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, JSONObject, Left

from network.models import Member, Service, Staff, TeamMember, User
from network.permissions import staff_of
from network.prepared import OneOf, Prepared
from network.templatetags.look import when_text
from referrals.models import Case, CaseQuerySet, OnCall, Referral, ResponseTimer, Subject, Watch

PAGE = 50
MOST = 1000  # nobody reads further down; counting on would cost more than the page
ROTA_AHEAD = timedelta(days=7)
SPANS = 3  # of each kind of gap of the rota; the rota shows all
WORDS = 1000  # letters of the words, of which a row shows the first 180

# Read along with the numbers of the head: the page asks no more often for it.
GAPS = """(SELECT jsonb_agg(jsonb_build_array(role, what, starts_at, ends_at) ORDER BY what, role, starts_at)
  FROM od.on_call_gaps(%s, %s, %s::timestamptz + %s) WHERE what <> 'stands_in')"""

FILTERS = {
    "all": "All",
    "mine": "Mine",
    "nobody": "Taken by nobody yet",
    "overdue": "Overdue",
}
ABOUT = {
    Subject.WISH: "the wish to meet",
    Subject.WORDS: "the words between meetings",
    Subject.EXCEPTION: "what was decided without the person",
}

CHANNELS = dict(Referral.Channel.choices)
CONTACTS = {  # with whom, and when that is not said
    "called_back": ("called {}", "called back"),
    "no_answer": ("no answer from {}", "no answer"),
    "offered": ("offered to {}", "offered"),
    "replied": ("replied to {}", "replied"),
    "taken": ("", "taken over"),
    "wish": ("", "asked for a meeting"),
}


class Count(Subquery):
    """How many rows a query has, at most as many as it is cut to."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class Clocks(Subquery):
    """Of cases in the order of the board: how many there are, how many with a clock that runs, and with one that has run out."""

    template = "(SELECT ARRAY[count(*), count(due_at), count(*) FILTER (WHERE over)] FROM (%(subquery)s) AS counted)"
    output_field = ArrayField(IntegerField())


@dataclass
class Chip:
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Hold:
    """Who has the clock of a case that is asked for first; or, once somebody was told of it (`asked`), that nobody has it."""

    uuid: str
    about: str
    name: str
    since: datetime | None
    next_at: datetime
    asked: bool


@dataclass(frozen=True)
class RotaGap:
    """The hours to come in which one duty reaches nobody, or by e-mail only: its spans, of which the board shows the first."""

    duty: str
    nobody: bool
    spans: list[tuple[datetime, datetime]]

    @property
    def more(self) -> int:
        """How many spans are left for the page of the rota."""
        return max(0, len(self.spans) - SPANS)

    @property
    def first(self) -> list[tuple[datetime, datetime]]:
        return self.spans[:SPANS]


@dataclass
class Row:
    """One case as the board shows it."""

    case: Any
    name: str
    heard: Any
    clock: str
    caller: str
    chips: list[Chip] = field(default_factory=list)
    contact: str = ""
    hold: Hold | None = None

    @property
    def emergency(self) -> bool:
        return self.clock == "emergency"


@dataclass(frozen=True)
class Unsaid:
    """A closed case with decisions made without the person that no meeting has taken up."""

    uuid: str
    name: str
    number: int
    closed_at: datetime


@dataclass
class Board:
    rows: list[Row]
    page: Page[Any]
    show: str
    filters: list[dict[str, Any]]
    running: int
    gaps: list[RotaGap]
    unsaid: list[Unsaid]
    cut: bool


def cases_of(reader: User, few: Any) -> CaseQuerySet:
    """Open cases that are the business of staff: the service's (coordinator, lead), or their team's and their own (`few`)."""
    staff = staff_of(reader)
    if staff.oversees:
        return Case.objects.open().filter(service=staff.service_id)
    return Case.objects.open().filter(OneOf("pk", few))


def few_of(staff: Staff) -> list[int]:
    """What a clinician's board holds. Asked apart: as one condition with "or" the database would walk through all open cases."""
    if staff.oversees:
        return []
    teams = TeamMember.objects.current().filter(staff=staff).values("network")
    of_team = Case.objects.open().filter(network__in=teams).order_by().values_list("pk", flat=True)
    own = Case.objects.open().filter(owner=staff).order_by().values_list("pk", flat=True)
    return list(own.union(of_team))


def shown(cases: CaseQuerySet, show: str, staff: Staff, now: datetime) -> CaseQuerySet:
    """The cases behind one of FILTERS."""
    if show == "mine":
        return cases.filter(owner=staff)
    if show == "nobody":
        return cases.filter(taken_at=None)
    if show == "overdue":
        return cases.filter(due_at__lt=now)
    return cases


def read_board(user: Any, *, show: str, page: str, now: datetime) -> Board:
    """One page of the board: in three queries, and one more for clinicians."""
    show = show if show in FILTERS else "all"
    few = few_of(user.staff)
    counts = _counts(user, now=now, few=few)[0]
    counts["all"], counts["running"], counts["overdue"] = counts["clocks"]
    paginator = Paginator(range(counts[show]), PAGE)
    this_page = paginator.get_page(page)
    listed = _listed(user, show, PAGE * (this_page.number - 1), now=now, few=few)
    return Board(
        rows=rows_of(user, listed),
        page=this_page,
        show=show,
        filters=[
            {"label": label, "count": _most(counts[key]), "url": f"/board/?show={key}", "current": key == show}
            for key, label in FILTERS.items()
        ],
        running=_most(counts["running"]),
        gaps=_gaps(counts["gaps"] or []),
        unsaid=[Unsaid(**row | {"closed_at": datetime.fromisoformat(row["closed_at"])}) for row in counts["unsaid"]],
        cut=counts[show] >= MOST,
    )


def rows_of(user: Any, cases: Iterable[Any]) -> list[Row]:
    """What the rows of `cases` say: each with the clock that runs out first, or the last one that ran."""
    heard = defaultdict(list)
    for referral in _heard(user, cases=[case.pk for case in cases]):
        heard[referral.case_id].append(referral)
    return [_row(case, heard[case.pk]) for case in cases]


def clock_state(timer: Any) -> str:
    """The state that the clock tag shows."""
    if timer.outcome != ResponseTimer.Outcome.RUNNING:
        return timer.outcome
    if timer.urgency == "emergency":
        return "emergency"
    return "reply" if timer.kind == ResponseTimer.Kind.REPLY else "running"


def running_first(timers: Iterable[Any]) -> Any:
    """Of several clocks the one that counts now: running and due first, else the one heard last."""
    timers = list(timers)
    running = [timer for timer in timers if timer.outcome == ResponseTimer.Outcome.RUNNING]
    if running:
        return min(running, key=lambda timer: timer.due_at)
    return max(timers, key=lambda timer: timer.first_heard_at, default=None)


def caller_line(referral: Any) -> str:
    """Her mother Marja, by phone."""
    if referral.told == Referral.Told.SELF:
        who = f"{referral.person_name} called" if referral.channel == Referral.Channel.PHONE else referral.person_name
    else:
        who = " ".join(filter(None, [referral.caller_relation, referral.caller_name])) or "Somebody"
    return f"{who[:1].upper()}{who[1:]}, {CHANNELS[referral.channel]}"


def contact_line(case: Any) -> str:
    """called Helmi 07:40"""
    whom, kind = case.contact_whom, case.contact_kind
    if kind == "declined":
        said = f"{case.contact_by} declined"
    else:
        with_whom, alone = CONTACTS[kind]
        said = with_whom.format(whom) if whom and with_whom else alone
    return f"{said} {when_text(case.contact_at)}"


@Prepared
def _counts(reader: User, *, now: Any, few: Any) -> Any:
    """All numbers of the head, the gaps of the rota, and what was left unsaid in closed cases, in one query."""
    staff, cases = staff_of(reader), cases_of(reader, few)
    counted: dict[str, Any] = {
        show: Coalesce(Count(shown(cases, show, staff, now).order_by().values("pk")[: MOST + 1]), 0)
        for show in ("mine", "nobody")
    }
    counted["clocks"] = Clocks(cases.by_time_left().values("due_at", over=Q(due_at__lt=now))[: MOST + 1])
    counted["gaps"] = RawSQL(GAPS, [staff.service_id, now, now, ROTA_AHEAD], output_field=JSONField())  # noqa: S611
    counted["unsaid"] = ArraySubquery(_unsaid(staff))
    return Service.objects.filter(pk=staff.service_id).annotate(**counted).values(*counted)


@Prepared
def _listed(reader: User, show: str, start: int, *, now: Any, few: Any) -> Any:
    """One page of cases, and what a row says of each."""
    person = Member.objects.persons().filter(network=OuterRef("network")).order_by().values("name")[:1]
    cases = shown(cases_of(reader, few), show, staff_of(reader), now).by_time_left()
    return cases.annotate(
        person_name=Subquery(person), held=ArraySubquery(_held()), owner_name=F("owner__name"), contact_kind=F("last_contact__kind"),
        contact_whom=F("last_contact__whom"), contact_by=F("last_contact__declined_by"), contact_at=F("last_contact__at"),
    ).values_list(
        "pk", "uuid", "taken_at", "due_at", "to_be_told", "team_size", "next_meeting_at", "meeting_fell_through", "unanswered",
        "on_the_way_since", "open_exceptions", "wish_waiting_since", "owner_name", "person_name", "held", "contact_kind", "contact_whom",
        "contact_by", "contact_at", named=True,
    )[start : start + PAGE]  # fmt: skip


@Prepared
def _heard(reader: User, *, cases: Any) -> Any:
    """The clocks of some cases, each beside every referral that started or joined it, in the order in which they were heard."""
    said = ("person_name", "caller_name", "caller_relation", "call_back", "told", "channel")
    return (
        ResponseTimer.objects.filter(OneOf("case_id", cases))
        .annotate(words=Left("referrals__words", WORDS), **{name: F(f"referrals__{name}") for name in said})
        .order_by("referrals__first_heard_at", "referrals__pk")
        .values_list("case_id", "pk", "kind", "urgency", "outcome", "first_heard_at", "due_at", "met_at", "known_at",
                     "recorded_offline", "words", *said, named=True)
    )  # fmt: skip


def _unsaid(staff: Staff) -> Any:
    """Closed cases of the service, or of their teams, that still stand on the board; those closed first on top."""
    cases = Case.objects.closed_unsaid().filter(service=staff.service_id)
    if not staff.oversees:
        cases = cases.filter(network__in=TeamMember.objects.current().filter(staff=staff).values("network"))
    person = Member.objects.persons().filter(network=OuterRef("network")).order_by().values("name")[:1]
    row = JSONObject(uuid="uuid", name=Subquery(person), number="open_exceptions", closed_at="closed_at")
    return cases.order_by("closed_at", "pk").values(row=row)[:PAGE]


def _held() -> Any:
    """The open clocks of a case: first those somebody was told of and nobody has, then what is due first. Names stand in the same query."""
    fields = ("uuid", "subject", "held_since", "check_since", "next_at")
    watches = Watch.objects.open().filter(case=OuterRef("pk"))
    unheld_first = watches.order_by(
        F("held_since").asc(nulls_first=True), F("check_since").asc(nulls_last=True), "due_at", "pk"
    )
    # Asked for by the row: joined, the database would read all of the staff for each case.
    name = Subquery(Staff.objects.filter(pk=OuterRef("held_by")).order_by().values("name"))
    return unheld_first.values(row=JSONObject(name=name, **{field: field for field in fields}))[:1]


def hold_of(row: dict[str, Any]) -> Hold:
    """A clock as the board and the page of a case name it. What it is about is said unless it is the clock of the referral."""
    since = row["held_since"]
    return Hold(
        uuid=row["uuid"],
        about=ABOUT.get(row["subject"], ""),
        name=row["name"] or "",
        since=datetime.fromisoformat(since) if since else None,
        next_at=datetime.fromisoformat(row["next_at"]),
        asked=row["check_since"] is not None,
    )


def _gaps(found: list[tuple[str, str, str, str]]) -> list[RotaGap]:
    """By duty and by what is wrong with it; that nobody can be told comes first."""
    spans = defaultdict(list)
    for role, what, starts_at, ends_at in found:
        spans[role, what].append((datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)))
    gaps = [RotaGap(OnCall.Role(role).label, what == "nobody", those) for (role, what), those in spans.items()]
    return sorted(gaps, key=lambda gap: (not gap.nobody, gap.duty))


def _most(count: int) -> Any:
    return f"{MOST}+" if count > MOST else count


def _row(case: Any, heard: list[Any]) -> Row:
    timer = running_first(heard)
    of_it = [one for one in heard if one.pk == timer.pk]
    shown = next((one for one in reversed(of_it) if one.words), of_it[-1] if of_it else None)
    return Row(
        case=case,
        name="Name not known yet" if case.person_name == "Not known yet" else case.person_name or "",
        heard=shown,
        clock=clock_state(shown) if shown else "",
        caller=caller_line(shown) if shown else "",
        chips=_chips(case, shown),
        contact=contact_line(case) if case.contact_kind else "",
        hold=hold_of(case.held[0]) if case.held else None,
    )


def _chips(case: Any, timer: Any) -> list[Chip]:
    """What is missing next, most pressing first; then what is arranged."""
    runs = bool(timer and timer.outcome == ResponseTimer.Outcome.RUNNING)
    reply = bool(runs and timer and timer.kind == ResponseTimer.Kind.REPLY)
    chips = []
    if case.wish_waiting_since:
        chips.append(Chip(f"Asked for a meeting {when_text(case.wish_waiting_since)}", "wait"))
    if reply:
        chips.append(Chip("No reply yet", "wait"))
    elif not case.team_size:
        chips.append(Chip("No team yet", "wait"))
    if case.meeting_fell_through:
        chips.append(Chip("Meeting cancelled: no new time", "wait"))
    elif not case.next_meeting_at and not reply:
        chips.append(Chip("No meeting yet", "wait") if runs else Chip("No next meeting", "plain"))
    if case.to_be_told:
        chips.append(Chip("Still to be told", "wait"))
    if case.open_exceptions:
        chips.append(Chip(f"Decided without the person: {case.open_exceptions} open", "wait"))
    if case.next_meeting_at:
        chips.append(_meeting_chip(case, runs))
    if case.on_the_way_since:
        chips.append(Chip(f"On the way since {when_text(case.on_the_way_since)}, no signal there", "plain"))
    if timer and timer.recorded_offline:
        chips.append(Chip(f"Recorded offline, known {when_text(timer.known_at)}", "plain"))
    if case.unanswered:
        one = case.unanswered == 1
        chips.append(Chip("1 has not answered" if one else f"{case.unanswered} have not answered", "plain"))
    return chips


def _meeting_chip(case: Any, runs: bool) -> Chip:
    at = when_text(case.next_meeting_at)
    if not runs:
        return Chip(f"Next: {at}", "plain")
    if case.due_at and case.next_meeting_at and case.next_meeting_at > case.due_at:
        return Chip(f"Meeting {at}: after the clock ends", "wait")
    return Chip(f"Meeting {at}")
