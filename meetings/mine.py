"""What somebody finds on their own page: one part for each network they belong to."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.formats import date_format

from meetings.gather import gathered, unfold
from meetings.models import (
    Addendum,
    DecidedWithout,
    Invitation,
    Line,
    Meeting,
    MeetingStaff,
    NoteShare,
    OutOfSight,
    ToBring,
)
from meetings.note import place_words, short_place
from meetings.reading import may_read_words
from network.models import SINCE, Consent, Member, Opening, ReaderPause, Reading, TeamMember
from network.prepared import OneOf, Prepared
from network.templatetags.look import listed
from referrals.models import Case, Referral

FEW_READINGS = 4
OPENINGS_SHOWN = 7  # days; all of them stand in the order of time
MANY_NOTES = 100
MANY_BROUGHT = 20


@dataclass
class Part:
    """One network, as one of its members sees it."""

    member: Member
    person: SimpleNamespace
    others: list[SimpleNamespace]
    team: list[SimpleNamespace]
    exceptions: list[SimpleNamespace]
    waiting: list[SimpleNamespace]
    late: list[SimpleNamespace]
    brought: list[SimpleNamespace]
    gone: list[SimpleNamespace]
    began: list[SimpleNamespace]
    case: SimpleNamespace | None
    readings: list[SimpleNamespace]
    openings: list[SimpleNamespace]
    upcoming: list[Any] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)
    number: int = 1

    @property
    def for_person(self) -> bool:
        return self.member.is_person

    @property
    def next(self) -> Any:
        return self.upcoming[0] if self.upcoming else None

    @property
    def clock(self) -> SimpleNamespace | None:
        """The clock that runs out first, from the call that began it."""
        running = [one for one in self.began if one.outcome == "running"]
        return min(running, key=lambda one: one.due_at) if running else None


def greeting() -> str:
    """By the clock of the service. At night it is nobody's morning yet."""
    hour = timezone.localtime().hour
    if 5 <= hour < 12:
        return "Good morning"
    if 12 <= hour < 18:
        return "Good afternoon"
    return "Good evening" if 18 <= hour < 23 else "Hello"


def parts_of(user: Any) -> list[Part]:
    """The networks of `user`: their own first. Two queries, however many members and meetings."""
    rows = _memberships(user)
    parts = [_part(row) for row in rows]
    for meeting in _meetings(user, rows):
        part = next(part for part in parts if part.member.network_id == meeting.network_id)
        _describe(meeting, part)
        (part.notes if meeting.status == Meeting.Status.CLOSED else part.upcoming).append(meeting)
    for number, part in enumerate(parts, 1):
        part.number = number
        part.upcoming.sort(key=lambda meeting: meeting.starts_at)
        _say_what_was_read(part)
    return parts


def readers_of(network: OuterRef | Any) -> Any:
    """Members of a network with what each may read: standing consent, how many single meetings, and whether they are paused.

    Each with its end. Of single meetings the first and the last; no last one where a word has no end, for that is longer than any.
    """
    consent = Consent.objects.active().filter(member=OuterRef("pk"))
    singles = NoteShare.objects.active().filter(member=OuterRef("pk")).order_by().values("member")
    singles = singles.annotate(n=Count("pk"), ending=Count("until"), first=Min("until"), last=Max("until"))
    pause = ReaderPause.objects.open().filter(member=OuterRef("pk"))
    return Member.objects.current().filter(network=network).annotate(
        covers=Subquery(consent.values("covers")[:1]),
        given_at=Subquery(consent.values(begins=SINCE)[:1]),
        until_at=Subquery(consent.values("until")[:1]),
        singles=Subquery(singles.values("n")),
        singles_first_at=Subquery(singles.values("first")),
        singles_last_at=Subquery(singles.filter(n=F("ending")).values("last")),
        paused_at=Subquery(pause.values("began_at")[:1]),
        paused_by=Subquery(pause.values("name")[:1]),
        paused_how=Subquery(pause.values("how")[:1]),
        paused_where=Subquery(pause.values("where")[:1]),
        paused_witness=Subquery(pause.values("witness")[:1]),
    )  # fmt: skip


def reading_words(reading: Any, meeting_day: str, member: str = "") -> str:
    """What was read, as somebody would say it: the meeting of 22 November, as PDF; or what `member` sees."""
    meeting = f"the meeting of {meeting_day}" if meeting_day else "a meeting"
    return {
        Reading.What.CASE: "read the case",
        Reading.What.MEETING: f"opened the page about {meeting}",
        Reading.What.RECORD: f"had the record of {meeting} open",
        Reading.What.NOTE: f"read {meeting}",
        Reading.What.PDF: f"read {meeting} as PDF",
        Reading.What.PERSON_PAGE: "opened your page",
        Reading.What.READINGS: "looked at the list of who has read",
        Reading.What.INQUIRY: "looked into who has read",
        Reading.What.EXPORT: "took everything along",
        Reading.What.PREPARED: f"had the page and the record of {meeting} put on a device, locked, to open them without signal",
        Reading.What.AS_MEMBER: f"looked at what {member or 'a member'} sees",
    }.get(reading.what, "read")


def _met_since() -> Any:
    """Meetings of the network that were closed after something was written."""
    return Meeting.objects.filter(
        network=OuterRef("network"), status=Meeting.Status.CLOSED, closed_at__gte=OuterRef("at")
    )


@Prepared
def _memberships(user: Any) -> Any:
    here = {"network": OuterRef("network")}
    late = Line.objects.standing().filter(**here, late=True, seen_by_person_at=None)
    return (
        Member.objects.of(user)
        .select_related("network", "service")
        .order_by("-is_person", "pk")
        .annotate(
            people=gathered(
                readers_of(OuterRef("network")), "id", "uuid", "name", "relation", "is_person", "covers", "given_at", "singles",
                "singles_first_at", "singles_last_at", "until_at", "paused_at",
            ),
            team=gathered(TeamMember.objects.current().filter(**here), name=F("staff__name"), profession=F("staff__profession")),
            exceptions=gathered(
                DecidedWithout.objects.filter(**here, taken_up_in=None), "text", "decided_by", "decided_at", "why",
                brought_by=F("brought_by__name"), brought_at=F("bring_to__starts_at"),
            ),
            waiting=gathered(
                Line.objects.standing().filter(**here, state=Line.State.TO_BE_CONFIRMED), "text",
                meeting=F("meeting__uuid"), said_at=F("meeting__started_at"),
            ),
            brought=gathered(
                ToBring.objects.in_sight().filter(**here).filter(
                    Q(member=OuterRef("pk")) | Q(Exists(Member.objects.persons().filter(pk=OuterRef(OuterRef("pk")))))
                ).filter(~Exists(_met_since()) | Q(member=OuterRef("pk"))).order_by("-at", "-pk"),
                "text", "name", "member_id", "in_the_room", "taken_up_at", most=MANY_BROUGHT, written_at=F("at"),
            ),
            gone=gathered(
                OutOfSight.objects.filter(**here, done_at__isnull=False), "asked_name", "second_name", "why", "words", "done_at",
                meeting=F("meeting__uuid"), met_at=F("meeting__started_at"),
            ),
            late=gathered(late, "text", "voice", meeting=F("meeting__uuid"), came_at=F("recorded_at")),
            began=gathered(
                Referral.objects.filter(**here), "words", "told", "caller_name", "caller_relation", "channel", "first_heard_at",
                met_at=F("timer__met_at"), kind=F("timer__kind"), outcome=F("timer__outcome"), due_at=F("timer__due_at"),
            ),
            cases=gathered(
                Case.objects.filter(**here).order_by(F("closed_at").desc(nulls_first=True), "-pk"), "uuid", "closed_at", most=1,
                owner=F("owner__name"), wished_at=F("wish_waiting_since"),
            ),
            openings=gathered(
                Opening.objects.filter(**here, ends_at__gt=Now() - timedelta(days=OPENINGS_SHOWN)), "uuid", "name", "reason",
                "opened_at", "ends_at", "ended_at", to_come=GreaterThan(F("ends_at"), Now()),
            ),
            readings=gathered(
                Reading.objects.filter(**here).exclude(reader=user.pk), "reader_name", "reader_role", "outside_team", "in_need", "what",
                "thing", most=FEW_READINGS, read_at=F("at"),
            ),
        )
    )  # fmt: skip


def _part(row: Any) -> Part:
    people = unfold(row.people)
    for one in people:
        one.may_read = may_read_words(one)
    return Part(
        member=row,
        person=next(one for one in people if one.is_person),
        others=[one for one in people if not one.is_person],
        team=unfold(row.team),
        exceptions=unfold(row.exceptions),
        waiting=unfold(row.waiting),
        late=unfold(row.late),
        brought=unfold(row.brought),
        gone=_gone(row),
        began=unfold(row.began),
        case=next(iter(unfold(row.cases)), None),
        readings=unfold(row.readings),
        openings=[_opening(one) for one in unfold(row.openings)],
    )


def _opening(one: SimpleNamespace) -> SimpleNamespace:
    one.over_at = one.ended_at or one.ends_at
    one.holds = one.to_come and not one.ended_at
    return one


def _gone(row: Any) -> list[SimpleNamespace]:
    found = unfold(row.gone)
    for one in found:
        one.reason = OutOfSight.Why(one.why).label
    return found


def _meetings(user: Any, rows: list[Member]) -> list[Any]:
    return _met(
        user,
        networks=[row.network_id for row in rows],
        own=[row.network_id for row in rows if row.is_person],
        members=[row.pk for row in rows],
    )


@Prepared
def _met(user: Any, *, networks: Any, own: Any, members: Any) -> Any:
    asked = Invitation.objects.filter(meeting=OuterRef("pk"), withdrawn_at=None)
    mine = asked.filter(OneOf("member_id", members))
    in_own = Q(OneOf("network_id", own))
    shared = Meeting.objects.filter(pk=OuterRef("pk")).shared_with(user)
    to_come = Q(status__in=[Meeting.Status.BOOKED, Meeting.Status.STARTED]) & (in_own | Exists(mine))
    to_read = Q(status=Meeting.Status.CLOSED) & (in_own | Exists(shared))
    of_others = Q(member=None) | ~Q(OneOf("member_id", members))
    beside = Addendum.objects.in_sight().filter(of_others, meeting=OuterRef("pk")).order_by("-at", "-pk")
    return (
        Meeting.objects.filter(OneOf("network_id", networks))
        .filter(to_come | to_read)
        .annotate(
            mine=gathered(mine, "uuid", "answer"),
            asked=gathered(asked.exclude(OneOf("member_id", members)), "answer", name=F("member__name")),
            coming=gathered(MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True), name=F("staff__name")),
            added=gathered(beside, "name", "kind", most=1, added_at=F("at")),
        )
        .order_by("-starts_at", "-pk")[:MANY_NOTES]
    )  # fmt: skip


def _describe(meeting: Any, part: Part) -> None:
    person = "" if part.for_person else part.person.name
    place = place_words(meeting, person)
    meeting.where = place[:1].lower() + place[1:]
    meeting.short_place = short_place(meeting, person)
    meeting.invitation = next(iter(unfold(meeting.mine)), None)
    meeting.staff_names = [one.name for one in unfold(meeting.coming)]
    meeting.staff_words = come(meeting.staff_names)
    meeting.answer_words = _answer_words(unfold(meeting.asked))
    meeting.last_added = next(iter(unfold(meeting.added)), None)


def come(names: list[str]) -> str:
    """Leena and Mikko come."""
    return f"{listed(names)} come{'s' if len(names) == 1 else ''}." if names else ""


def _answer_words(asked: list[SimpleNamespace]) -> str:
    """Marja comes; Jussi has not answered."""
    said = {"yes": "comes", "no": "cannot come", "not_sure": "is not sure", "": "has not answered"}
    words = "; ".join(f"{one.name} {said[one.answer]}" for one in asked)
    return f"{words}." if words else ""


def _say_what_was_read(part: Part) -> None:
    days = {str(meeting.uuid): _day(meeting.started_at or meeting.starts_at) for meeting in part.notes + part.upcoming}
    names = {str(one.uuid): one.name for one in part.others}
    for reading in part.readings:
        thing = str(reading.thing)
        reading.words = reading_words(reading, days.get(thing, ""), names.get(thing, ""))


def _day(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "j F")
