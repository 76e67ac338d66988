"""A meeting that is going on, as those who record it see it: who is here, what was said, what earlier decisions wait for."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q
from django.db.models.functions import Now
from django.http import Http404

from meetings.gather import gathered, unfold
from meetings.models import DecidedWithout, Line, Meeting, MeetingStaff, Presence
from meetings.note import WHY
from network.models import Member, TeamMember
from network.rules import SENTENCES


@dataclass(frozen=True)
class Somebody:
    """One who may be in the room. `key` is how a tap names them."""

    key: str
    name: str
    face: str
    relation: str = ""
    presence: UUID | None = None
    since: datetime | None = None

    @property
    def here(self) -> bool:
        return self.presence is not None


@dataclass(frozen=True)
class LineInRoom:
    """A line as the page shows it (components/line.html)."""

    line: Line
    face: str
    by: str
    status: str = ""
    why: str = ""
    may_change: bool = False
    stands_for: frozenset[int] = frozenset()

    @property
    def id(self) -> str:
        return str(self.line.uuid)

    @property
    def refused(self) -> bool:
        return self.line.state == Line.State.REFUSED

    @property
    def waits(self) -> bool:
        """Entered afterwards: a decision that the person has not agreed to yet."""
        return self.line.state == Line.State.TO_BE_CONFIRMED

    @property
    def unread(self) -> bool:
        return self.line.late and not self.line.seen_by_person_at

    @property
    def version(self) -> bool:
        """Two changed the same line at once: this one came second and stands beside the other."""
        return bool(self.line.replaces_id) and self.line.pk not in self.stands_for


@dataclass
class Room:
    """The open record of one meeting."""

    meeting: Meeting
    person: SimpleNamespace
    people: list[Somebody]
    presences: list[SimpleNamespace]
    exceptions: list[SimpleNamespace]
    talked: list[SimpleNamespace]  # exceptions that this meeting has taken up
    now: datetime
    writes: bool
    rows: list[Line] = field(default_factory=list)

    @property
    def going_on(self) -> bool:
        return self.meeting.status == Meeting.Status.STARTED

    @property
    def afterwards(self) -> bool:
        return self.meeting.entered_afterwards

    @property
    def here(self) -> list[Somebody]:
        return [one for one in self.people if one.here]

    @property
    def person_in(self) -> bool:
        return any(one.here and one.face == "person" for one in self.people)

    @property
    def decisions_wait(self) -> str:
        """Why no decision can be kept now; nothing when it can."""
        if self.person_in or self.afterwards:
            return ""
        came = any(one.member_id == self.person.id for one in self.presences)
        return f"{self.person.name} is not in the room. Decisions wait until {self.person.name} is {'back' if came else 'here'}."

    @cached_property
    def lines(self) -> list[LineInRoom]:
        """What stands, in the order it was said; not what was replaced before the read back."""
        own = [row for row in self.rows if row.meeting_id == self.meeting.pk and row.replaced_by_id is None]
        first = {row.pk: row for row in self.rows}
        own.sort(key=lambda row: (_first(row, first).said_at, row.pk))  # changed words stay where they were
        stands = frozenset(row.replaced_by_id for row in self.rows if row.replaced_by_id)
        return [
            replace(show_line(row, self.person.id, self.presences, self.meeting, writes=self.writes), stands_for=stands)
            for row in own
        ]

    @property
    def uses(self) -> list[LineInRoom]:
        return [one for one in self.lines if one.line.kind == Line.Kind.USE]

    @property
    def to_be_confirmed(self) -> list[Line]:
        """Decisions of earlier meetings that wait for the person's word."""
        return [
            row
            for row in self.rows
            if row.meeting_id != self.meeting.pk
            and row.state == Line.State.TO_BE_CONFIRMED
            and row.replaced_by_id is None
        ]

    @property
    def brings(self) -> bool:
        """Something from before waits to be talked about."""
        return self.going_on and not self.afterwards and bool(self.exceptions or self.to_be_confirmed)


def open_room(user: Any, meeting: UUID) -> Room:
    """The room of a meeting that `user` may open; Http404 otherwise. Two queries, however many people and lines."""
    found = rooms(user).filter(uuid=meeting).first()
    if found is None:
        raise Http404
    members, team, staffing = (unfold(rows) for rows in (found.members_found, found.team_found, found.staffing_found))
    presences = sorted(unfold(found.presences_found), key=lambda one: one.arrived_at)
    exceptions = sorted(unfold(found.exceptions_found), key=lambda one: one.decided_at)
    mine = {one.staff_id for one in (*team, *staffing)}
    room = Room(
        meeting=found,
        person=next(one for one in members if one.is_person),
        people=_people(members, team, staffing, presences),
        presences=presences,
        exceptions=[one for one in exceptions if not one.taken_up_words],
        talked=[one for one in exceptions if one.taken_up_words],
        now=found.now,
        writes=bool(user.staff) and user.staff.pk in mine,
    )
    earlier = Q(network_id=found.network_id, state=Line.State.TO_BE_CONFIRMED)
    room.rows = list(Line.objects.filter(Q(meeting=found) | earlier).select_related("meeting"))
    return room


def rooms(user: Any) -> Any:
    """Meetings, each with the people of its network and its team, who is there, and what is still to be taken up."""
    members = Member.objects.filter(network=OuterRef("network")).current()
    team = TeamMember.objects.filter(network=OuterRef("network")).current()
    staffing = MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True)
    presences = Presence.objects.filter(meeting=OuterRef("pk"), mistaken_at=None)
    exceptions = DecidedWithout.objects.filter(
        Q(taken_up_in=None) | Q(taken_up_in=OuterRef("pk")), network=OuterRef("network")
    )
    who: dict[str, Any] = {"name": F("staff__name"), "uuid": F("staff__uuid")}
    return (
        Meeting.objects.visible_to(user)
        .select_related("service", "network", "case")
        .annotate(
            now=Now(),
            members_found=gathered(members, "id", "uuid", "name", "relation", "is_person"),
            team_found=gathered(team, "staff_id", **who),
            staffing_found=gathered(staffing, "staff_id", **who),
            presences_found=gathered(
                presences, "uuid", "name", "member_id", "staff_id", "arrived_at", "left_at", "recorded_at",
                member_key=F("member__uuid"), staff_key=F("staff__uuid"),
            ),
            exceptions_found=gathered(exceptions, "uuid", "text", "decided_by", "decided_at", "why", "taken_up_words"),
        )
    )  # fmt: skip


def _people(members: list[Any], team: list[Any], staffing: list[Any], presences: list[Any]) -> list[Somebody]:
    """The person, the members, the team, whoever else came: each once."""
    here = {(one.member_id, one.staff_id): one for one in presences if one.left_at is None}
    people: dict[tuple[int | None, int | None], Somebody] = {}

    def add(member: int | None, staff: int | None, key: str, name: str, face: str, relation: str = "") -> None:
        there = here.get((member, staff))
        seen = {"presence": UUID(there.uuid), "since": there.arrived_at} if there else {}
        people.setdefault((member, staff), Somebody(key, name, face, relation, **seen))

    for one in sorted(members, key=lambda one: (not one.is_person, one.id)):
        add(one.id, None, f"member:{one.uuid}", one.name, "person" if one.is_person else "member", one.relation)
    for one in (*staffing, *team):
        add(None, one.staff_id, f"staff:{one.uuid}", one.name, "team")
    for one in presences:
        if one.left_at is None or one.staff_id:
            side = f"member:{one.member_key}" if one.member_id else f"staff:{one.staff_key}"
            add(one.member_id, one.staff_id, side, one.name, "member" if one.member_id else "team")
    return list(people.values())


# Lines


def _first(row: Line, rows: dict[int, Line]) -> Line:
    """The line that was there before anybody changed it."""
    while row.replaces_id in rows:
        row = rows[row.replaces_id]
    return row


def show_line(
    row: Line, person: int | None, presences: list[Any], meeting: Meeting, *, writes: bool = False
) -> LineInRoom:
    """A line as the room sees it: a decision says who was present, a refused one why."""
    if row.staff_id:
        face = "team"
    elif row.member_id:
        face = "person" if row.member_id == person else "member"
    else:
        face = "other"
    open_still = meeting.status == Meeting.Status.STARTED and row.state not in ("refused", "confirmed")
    return LineInRoom(
        line=row,
        face=face,
        by=row.action_who if row.kind == Line.Kind.ACTION else row.voice or "Together",
        status=_status(row, presences),
        why=_why(row.refused_why or row.contested_why),
        may_change=writes and open_still,
    )


def _status(row: Line, presences: list[Any]) -> str:
    if row.kind == Line.Kind.USE:
        return "How to use this meeting"
    if row.state == Line.State.ACCEPTED:
        names = [
            one.name
            for one in presences
            if one.arrived_at <= row.said_at and (one.left_at is None or one.left_at > row.said_at)
        ]
        return f"{', '.join(dict.fromkeys(names))} present" if names else ""
    return ""


def _why(rule: str) -> str:
    sentence = SENTENCES.get(rule)
    return WHY.get(rule) or (sentence.text.rstrip(".") if sentence else "")
