"""A meeting as one reader sees it: the same for the page, for print and for the PDF."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import LessThanOrEqual
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format

from meetings.gather import gathered, unfold
from meetings.models import (
    Addendum,
    DecidedWithout,
    Invitation,
    KeptBack,
    Line,
    Meeting,
    MeetingStaff,
    NoteShare,
    OutOfSight,
    Presence,
    ReadBack,
)
from meetings.reading import may_read_this_words
from network.models import SINCE, Consent, Member, ReaderPause, Staff, TeamMember, of_reader
from network.prepared import Prepared
from network.rules import SENTENCES
from network.templatetags.look import listed
from referrals.models import Case

WHY = {
    "decision_with_the_person": "the person was not in the room",
    "decision_in_a_meeting": "it was outside the meeting",
    "entered_afterwards_waits": "it was entered afterwards",
}
VERBS = {"added": "adds", "corrects": "corrects", "differs": "sees it differently"}
PLACES = {
    "home": "At home",
    "other_home": "At another home",
    "elsewhere": "Somewhere else",
    "remote": "By video or phone",
}


def day_and_time(moment: datetime) -> str:
    """Sunday 22 November, 17:05; never "today": what is printed is read on another day."""
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localdate().year else " Y"
    return f"{date_format(local, f'l j F{year}')}, {local:%H:%M}"


@dataclass(frozen=True)
class Answer:
    """What somebody put beside a line, or beside the whole."""

    by: str
    verb: str
    words: str
    thing: uuid.UUID | None = None  # what stands beside, which can be taken out of sight


@dataclass(frozen=True)
class Gone:
    """Words that two people took out of sight, or that one has asked to: in words, and what had been said beside them."""

    said: list[str]
    answers: tuple[Answer, ...] = ()
    open: bool = False
    thing: uuid.UUID | None = None


@dataclass(frozen=True)
class NoteLine:
    """One line as its reader sees it."""

    uuid: uuid.UUID
    kind: str
    by: str
    face: str
    at: datetime
    words: str
    status: str = ""
    due: date | None = None
    looked_after_by: str = ""
    why: str = ""
    refused: bool = False
    versions: str = ""  # that it was written down in several ways, which all stand
    contested: bool = False
    to_be_confirmed: bool = False
    not_read_back: bool = False
    offline: bool = False
    kept: str = ""  # kept back, by whom and who still sees it
    mine: bool = False  # the reader keeps it back
    may_keep: bool = False  # the reader may keep it back
    waits: bool = False  # two people are about to take it out of sight
    answers: tuple[Answer, ...] = ()

    @property
    def marks(self) -> list[str]:
        """What is said under the words, as components/line.html says it."""
        why = f": {self.why}" if self.why else ""
        place = "as a decision" if self.kind == "decision" else "in its place"
        said = {
            f"by {self.due_day} · {self.looked_after_by} looks after it": bool(self.due),
            f"The service could not keep this {place}{why}. The words stay here for everyone to see.": self.refused,
            self.versions: bool(self.versions),
            f"Contested{why or ': what came later says something else'}": self.contested,
            "To be confirmed: written down afterwards, waits for the person’s word in a meeting": self.to_be_confirmed,
            "Not read back: came late, shared with nobody until the person has seen it": self.not_read_back,
            "Recorded without signal": self.offline,
            self.kept: bool(self.kept),
            self.status: bool(self.status),
        }
        return [words for words, holds in said.items() if holds]

    @property
    def kind_words(self) -> str:
        """What kind of words these are."""
        return Line.Kind("use" if self.kind == "wish" else self.kind).label

    @property
    def due_day(self) -> str:
        """When an action is to be done, with the weekday: a printed note is read on another day."""
        return date_format(self.due, "l j F") if self.due else ""


@dataclass
class Note:
    """A meeting, its reader, and what that reader may see of it."""

    meeting: Meeting
    me: SimpleNamespace | None  # the reader's own member row; None for staff
    person: SimpleNamespace
    members: list[SimpleNamespace]
    there: list[SimpleNamespace]
    heard: list[SimpleNamespace]
    coming: list[SimpleNamespace]
    invitation: SimpleNamespace | None
    in_need: bool  # opened in need: to read, and for nothing else
    talked: list[SimpleNamespace]  # what was decided without the person, and talked about in this meeting
    lines: list[NoteLine] = field(default_factory=list)
    beside: list[Answer] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)

    @property
    def for_person(self) -> bool:
        return bool(self.me and self.me.is_person)

    @property
    def for_member(self) -> bool:
        """Family or friend, who reads by the person's word and nothing else."""
        return bool(self.me and not self.me.is_person)

    @property
    def title(self) -> str:
        place = short_place(self.meeting, self.person.name if self.for_member else "")
        return f"{place}, {date_format(timezone.localtime(self.meeting.started_at), 'l')}"

    @property
    def when(self) -> str:
        start = timezone.localtime(self.meeting.started_at)
        text = f"{date_format(start, 'j F Y')}, {start:%H:%M}"
        return (
            f"{text} to {timezone.localtime(self.meeting.closed_at):%H:%M}"
            if self.meeting.closed_at
            else f"since {text}"
        )

    @property
    def who_was_there(self) -> str:
        """Elina, Marja (until 18:02), Leena, Mikko"""
        times = {one.name: f" (until {timezone.localtime(one.until):%H:%M})" if one.until else "" for one in self.there}
        return ", ".join(f"{name}{until}" for name, until in times.items())

    @property
    def marks(self) -> list[str]:
        """What has to be known of the note as a whole."""
        marks = []
        if not self.closed:
            marks.append(
                "This meeting is still going on. This is what has been written so far; it has not been read back."
            )
        if self.meeting.entered_afterwards:
            marks.append(f"Entered afterwards: {self.meeting.entered_why}")
        if self.for_member:
            marks.append(f"{self.person.name} shares this with you")
        return marks

    @property
    def what_follows(self) -> list[str]:
        """The next meeting, or who decided that there is none."""
        meeting, following = self.meeting, self.next_meeting
        if following:
            said = [f"Next meeting: {day_and_time(following.starts_at)}", self.place_of(following)]
            if self.coming:
                said.append(f"{listed(one.name for one in self.coming)} {'come' if len(self.coming) > 1 else 'comes'}")
            return said + ([f"Who comes: {meeting.who_comes}"] if meeting.who_comes else [])
        if self.met_again:
            return [f"Met again: {day_and_time(self.met_again.started_at or self.met_again.starts_at)}"]
        return [f"No next meeting. Decided by: {meeting.no_next_decided_by}"] if meeting.no_next_decided_by else []

    def place_of(self, meeting: Meeting) -> str:
        return place_words(meeting, "" if self.for_person else self.person.name)

    @property
    def may_share(self) -> bool:
        """The person, or who may write the person's word down."""
        return self.for_person or (not self.me and self.meeting.hears_the_person)  # type: ignore[attr-defined]

    @property
    def may_add(self) -> bool:
        """Whoever reads a closed note may stand beside it, in need excepted."""
        return self.closed and not self.in_need

    @property
    def may_go_out_of_sight(self) -> bool:
        """Its reader may ask for it, or be the second."""
        return bool(self.meeting.works_here)  # type: ignore[attr-defined]

    @property
    def in_team(self) -> bool:
        return bool(self.meeting.of_team)  # type: ignore[attr-defined]

    @property
    def closed(self) -> bool:
        return self.meeting.status == Meeting.Status.CLOSED

    @property
    def agreed(self) -> bool:
        return bool(self.heard) and all(one.answer == ReadBack.Answer.AGREED for one in self.heard)

    @property
    def otherwise(self) -> list[SimpleNamespace]:
        """Who said something else than "agreed" when it was read back."""
        return [one for one in self.heard if one.answer != ReadBack.Answer.AGREED]

    @property
    def differing(self) -> list[Answer]:
        """Who saw it differently when it was read back, in their words."""
        return [Answer(one.name, "sees it differently", one.words, one.key) for one in self.heard if one.words]

    @property
    def night(self) -> str:
        return self.meeting.night_number or self.meeting.service.night_number

    @property
    def readers(self) -> list[SimpleNamespace]:
        """Members who may read this meeting."""
        return [one for one in self.members if one.reads]

    @property
    def paused(self) -> list[SimpleNamespace]:
        """Members who read nothing for a while, by the person's word."""
        return [one for one in self.members if one.paused]

    @property
    def read_back(self) -> str:
        """The answers of all, in one line."""
        if not self.heard:
            return "Read back to nobody" if self.closed else ""
        if self.agreed:
            otherwise = any(one.kind == Line.Kind.ANSWERED for one in self.lines)
            return f"Read back: everybody agreed{', on one phone; on another not' if otherwise else ''}"
        words = {"left_before": "left before", "differs": "sees it differently"}
        return f"Read back: {', '.join(f'{one.name} {words[one.answer]}' for one in self.otherwise)}"

    @property
    def next_meeting(self) -> Meeting | None:
        """The meeting agreed at the close, as long as it is still to come and its reader may see it."""
        following = self.meeting.next_meeting
        return following if following and following.status in ("booked", "started") else None

    @property
    def met_again(self) -> Meeting | None:
        following = self.meeting.next_meeting
        return following if following and following.status == "closed" else None


def short_place(meeting: Meeting, person: str) -> str:
    """At home; for family and friends at Elina’s home: it may not be theirs."""
    return f"At {person}’s home" if person and meeting.place == Meeting.Place.HOME else PLACES[meeting.place]


def place_words(meeting: Meeting, person: str) -> str:
    """At Elina’s home, Kauppakatu 3; at your home when `person` is empty: they read it themselves."""
    home = f"At {person}’s home" if person else "At your home"
    words = {"home": home, "other_home": "At another home", "elsewhere": "", "remote": "By video or phone"}[
        meeting.place
    ]
    return ", ".join(filter(None, [words, meeting.address]))


def read_note(user: Any, meeting_uuid: uuid.UUID) -> Note:
    """The note of a started or closed meeting for `user`; Http404 when there is none that they may read."""
    found = _noted(user, meeting=meeting_uuid)
    if not found:
        raise Http404
    note = _open(found[0], user)
    _write_lines(note, user)
    return note


@Prepared
def _noted(user: Any, *, meeting: Any) -> Any:
    """A meeting with a note that `user` may read, and what is read along with it."""
    network = Member.objects.filter(network=OuterRef("network"))
    following = MeetingStaff.objects.filter(meeting=OuterRef("next_meeting"), active=True)
    asked = Invitation.objects.filter(of_reader(user, "member"), meeting=OuterRef("next_meeting"), withdrawn_at=None)
    return (
        Meeting.objects.readable_by(user)
        .filter(uuid=meeting, status__in=[Meeting.Status.STARTED, Meeting.Status.CLOSED])
        .select_related("service", "network", "next_meeting")
        .annotate(
            members_found=gathered(network.current().annotate(**_what_they_read()), "id", "uuid", "name", "relation", "is_person",
                                   "user_id", "covers", "shared", "given_at", "until_at", "share_until_at", "paused", "words",
                                   "single_words"),
            there_found=gathered(Presence.objects.filter(meeting=OuterRef("pk"), mistaken_at=None, late=False), "name", "member_id",
                                 "staff_id", "arrived_at", "left_at"),
            heard_found=gathered(ReadBack.objects.filter(meeting=OuterRef("pk")), "name", "answer", "words", "member_id",
                                 key=Coalesce("member__uuid", "staff__uuid")),
            coming_found=gathered(following, name=F("staff__name")),
            asked_found=gathered(asked, "uuid", "answer"),
            gone_found=gathered(
                OutOfSight.objects.filter(meeting=OuterRef("pk")), "line_id", "why", "words", "asked_name", "asked_at", "second_name",
                "read_back_id", "done_at", until_at=F("until"), over=LessThanOrEqual(F("until"), Now()),
                key=Coalesce("line__uuid", "addendum__uuid", "read_back__member__uuid", "read_back__staff__uuid"),
            ),
            talked_found=gathered(DecidedWithout.objects.filter(taken_up_in=OuterRef("pk")).order_by("decided_at", "pk"), "text",
                                  "decided_by", "decided_at", "taken_up_words"),
            hears_the_person=_was_told(user),
            opened_in_need=_in_need(user),
            of_team=_in_team(user),
            works_here=_works_here(user),
            case_uuid=Subquery(Case.objects.filter(pk=OuterRef("case")).values("uuid")),
        )
    )  # fmt: skip


def _was_told(user: Any) -> Any:
    """Of the team, or covers this meeting: may write down what the person says about who reads it."""
    here = MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True, staff=user.staff, meeting__status="started")
    return _in_team(user) | Exists(here) if user.staff else Value(False)


def _works_here(user: Any) -> Any:
    """As `works_with`: of the team, owns the case, or oversees the service."""
    if not user.staff:
        return Value(False)
    owned = Case.objects.filter(network=OuterRef("network"), owner=user.staff, closed_at=None)
    return Value(True) if user.staff.oversees else _in_team(user) | Exists(owned)


def _in_team(user: Any) -> Any:
    team = TeamMember.objects.current().filter(network=OuterRef("network"), staff=user.staff)
    return Exists(team) if user.staff else Value(False)


def _in_need(user: Any) -> Any:
    works = Meeting.objects.visible_to(user).filter(pk=OuterRef("pk"))
    shared = Meeting.objects.shared_with(user).filter(pk=OuterRef("pk"))
    return ~Exists(works) & ~Exists(shared) if user.staff and not user.staff.oversees else Value(False)


def _what_they_read() -> dict[str, Any]:
    """For each member of the outer meeting's network: standing consent, and whether this one meeting is shared."""
    consent = Consent.objects.active().filter(member=OuterRef("pk"))
    share = NoteShare.objects.active().filter(member=OuterRef("pk"), meeting=OuterRef(OuterRef("pk")))
    return {
        "covers": Subquery(consent.values("covers")[:1]),
        "given_at": Subquery(consent.values(begins=SINCE)[:1]),
        "until_at": Subquery(consent.values("until")[:1]),
        "share_until_at": Subquery(share.values("until")[:1]),
        "paused": Exists(ReaderPause.objects.open().filter(member=OuterRef("pk"))),
        "shared": Exists(share),
        "words": gathered(consent, "how", "where", "witness", most=1),
        "single_words": gathered(share, "how", "where", "witness", most=1),
    }


def _open(meeting: Any, user: Any) -> Note:
    members = unfold(meeting.members_found)
    for one in members:
        standing = one.covers == "all" or (one.covers == "from_now" and meeting.started_at >= one.given_at)
        one.standing, one.reads = standing, not (one.is_person or one.paused) and (standing or one.shared)
        one.may_read = may_read_this_words(one) if one.reads else ""
        one.word = next(iter(unfold(one.words if standing else one.single_words)), None)
    reader = {one.id for one in members if one.user_id == user.pk} if user.pk else {user.member_id}
    me = next((one for one in members if one.id in reader and (one.is_person or one.reads)), None)
    heard = unfold(meeting.heard_found)
    for one in heard:
        one.name = _called(one.name, one.member_id, me)
    person = next(one for one in members if one.is_person)
    return Note(
        meeting=meeting,
        me=me,
        person=person,
        members=[one for one in members if not one.is_person],
        there=_there(unfold(meeting.there_found), meeting),
        heard=heard,
        coming=unfold(meeting.coming_found),
        invitation=next(iter(unfold(meeting.asked_found)), None),
        in_need=meeting.opened_in_need,
        talked=_talked(meeting, "you" if me == person else person.name),
    )


def _talked(meeting: Any, whom: str) -> list[SimpleNamespace]:
    talked = unfold(meeting.talked_found)
    for one in talked:
        one.decided = f"Decided without {whom} by {one.decided_by}, {day_and_time(one.decided_at)}"
        one.answers = [Answer("What was said about it", "", one.taken_up_words)]
    return talked


def _there(presences: list[SimpleNamespace], meeting: Meeting) -> list[SimpleNamespace]:
    """Each one who was there, once, in the order of arriving; with the time they left when that was before the end."""
    found: dict[Any, SimpleNamespace] = {}
    for one in sorted(presences, key=lambda presence: presence.arrived_at):
        one.until = one.left_at
        if not one.left_at or (meeting.closed_at and one.left_at >= meeting.closed_at - timedelta(minutes=1)):
            one.until = None
        found[one.member_id, one.staff_id] = one
    return list(found.values())


@Prepared
def _lines(user: Any, shared: bool, *, meeting: Any) -> Any:
    recorder = Staff.objects.filter(pk=OuterRef("recorded_by")).values("name")
    keepings = KeptBack.objects.open().filter(line=OuterRef("pk"))
    lines = Line.objects.in_sight().filter(meeting=meeting)
    return (lines.shared_with(user) if shared else lines).annotate(
        recorder=Subquery(recorder), keepings_found=gathered(keepings, "name", "member_id", "staff_id")
    )


@Prepared
def _addenda(user: Any, *, meeting: Any) -> Any:
    return Addendum.objects.in_sight().filter(meeting=meeting)


def _write_lines(note: Note, user: Any) -> None:
    rows = _lines(user, note.for_member, meeting=note.meeting.pk)
    later = {row.pk: row.replaced_by_id for row in rows if row.replaced_by_id}
    beside: dict[int | None, list[Answer]] = {}
    texts = {row.pk: row.text for row in rows}
    for row in rows:
        last = _last(row.pk, later)
        if row.replaced_by_id and row.text != texts[last]:  # what was chosen stands in the same words as its choice
            verb = "also written down" if row.replaces_id else "first said"
            beside.setdefault(last, []).append(
                Answer(_called(row.voice or "Together", row.member_id, note.me), verb, row.text)
            )
    for addendum in _addenda(user, meeting=note.meeting.pk):
        beside.setdefault(addendum.line_id, []).append(_beside(addendum, note))
    before = {row.pk: row.replaces_id for row in rows if row.replaces_id}
    standing = [row for row in rows if row.pk not in later]
    ways = Counter(_last(row.pk, before) for row in standing if row.state != Line.State.REFUSED)
    asked = [] if note.for_member else unfold(note.meeting.gone_found)  # type: ignore[attr-defined]
    waits = {one.line_id for one in asked if not (one.done_at or one.over)}
    note.lines = [
        _line(row, note, user, tuple(beside.get(row.pk, ())), ways[_last(row.pk, before)], waits=row.pk in waits)
        for row in standing
    ]
    note.beside = beside.get(None, [])
    note.gone = [_gone(one, tuple(beside.get(one.line_id, ())) if one.line_id and one.done_at else ()) for one in asked]


def _gone(one: SimpleNamespace, answers: tuple[Answer, ...]) -> Gone:
    why = OutOfSight.Why(one.why).label
    what = "Words" if one.line_id else "What was said at the read back" if one.read_back_id else "Words beside the text"
    if one.done_at:
        by = f"by {one.asked_name} and {one.second_name}, {day_and_time(one.done_at)}"
        said = [f"{what} {'was' if one.read_back_id else 'were'} taken out of sight {by}: {why}.", one.words]
        return Gone([*said, "Nobody reads them here any more, not even who wrote them."], answers)
    asks = f"{one.asked_name} asked, {day_and_time(one.asked_at)}, to take words out of sight: {why}."
    if one.over:
        return Gone([asks, one.words, "Nobody else confirmed it in time. The words stay."])
    waits = f"They stay unless a second person confirms it by {day_and_time(one.until_at)}."
    return Gone([asks, one.words, waits], open=True, thing=one.key)


def _last(line: int, on: dict[int, int]) -> int:
    """The last of a row of lines, from one to the next: what stands now in the place of `line`, or what was first said."""
    while line in on:
        line = on[line]
    return line


def _beside(addendum: Addendum, note: Note) -> Answer:
    return Answer(
        _called(addendum.name, addendum.member_id, note.me),
        f"{VERBS[addendum.kind]} · {day_and_time(addendum.at)}",
        addendum.text,
        addendum.uuid,
    )


def _line(row: Any, note: Note, user: Any, answers: tuple[Answer, ...], ways: int, *, waits: bool) -> NoteLine:
    keepings = unfold(row.keepings_found)
    staff = user.staff.pk if user.staff and not (note.me or note.in_need) else None
    own = [one for one in keepings if (note.me and one.member_id == note.me.id) or (staff and one.staff_id == staff)]
    refused = row.state == Line.State.REFUSED
    by = row.action_who if row.kind == Line.Kind.ACTION else _called(row.voice or "Together", row.member_id, note.me)
    return NoteLine(
        uuid=row.uuid,
        kind="wish" if row.kind == Line.Kind.USE else row.kind,
        by=by,
        face="team" if row.staff_id else "person" if row.member_id == note.person.id else "member",
        at=row.said_at,
        words=row.text,
        status=_status(row, note),
        due=row.action_by,
        looked_after_by=row.action_looked_after_by,
        why=_why(row.refused_why or row.contested_why),
        refused=refused,
        versions=f"Written down in {ways} ways; this one by {row.recorder or 'the team'}. All stand."
        if ways > 1
        else "",
        contested=bool(row.contested_at),
        to_be_confirmed=row.state == Line.State.TO_BE_CONFIRMED,
        not_read_back=row.late and not row.seen_by_person_at,
        offline=row.offline,
        kept=_kept(row, keepings, note, mine=bool(own)),
        mine=bool(own),
        may_keep=note.for_person
        or bool(note.me and row.member_id == note.me.id)
        or bool(staff and row.staff_id == staff),
        waits=waits,
        answers=answers,
    )


def _status(row: Line, note: Note) -> str:
    if row.late:
        return "Not read back: it came after the meeting" if row.seen_by_person_at else ""
    if row.state == Line.State.CONFIRMED:
        return "Confirmed by the person in a later meeting"
    return note.read_back if row.state == Line.State.ACCEPTED else ""


def _kept(row: Line, keepings: list[SimpleNamespace], note: Note, *, mine: bool) -> str:
    """Kept back by Marja: only Marja, you and the team see this."""
    if not keepings:
        return ""
    person = note.person.name
    others = [one.name for one in keepings if not (note.me and one.member_id == note.me.id)]
    by = listed([*(["you"] if mine and note.me else []), *dict.fromkeys(others)])
    of_members = [
        one.name for one in keepings if one.member_id and one.member_id != note.person.id and one.name in others
    ]
    if row.member_id and row.member_id not in (note.person.id, note.me and note.me.id):
        of_members.append(row.voice)  # one's own words never vanish
    me = note.me and "you"
    see = dict.fromkeys(filter(None, [*of_members, me, "" if note.for_person else person, "the team"]))
    return f"Kept back by {by}: only {listed(see)} see this"


def _why(rule: str) -> str:
    if not rule:
        return ""
    sentence = SENTENCES.get(rule)
    return WHY.get(rule) or (sentence.text.rstrip(".") if sentence else "")


def _called(name: str, member_id: int | None, me: SimpleNamespace | None) -> str:
    """The reader finds their own words at once, also on paper."""
    return f"{name} (you)" if me and member_id == me.id else name
