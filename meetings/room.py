"""A meeting that is going on, as those who record it see it: who is here, what was said, what earlier decisions wait for."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.http import Http404

from meetings.gather import gathered, unfold
from meetings.models import DecidedWithout, Line, Meeting, MeetingStaff, Presence, ToBring
from meetings.note import WHY
from network.models import Member, Network, Staff, TeamMember
from network.prepared import row_of
from network.rules import SENTENCES
from referrals.models import Case


@dataclass(frozen=True)
class Somebody:
    """One who may be in the room. `key` is how a tap names them."""

    key: str
    name: str
    face: str
    relation: str = ""
    presence: UUID | None = None
    since: datetime | None = None
    came: bool = False

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
    versions: int = 0  # in how many ways this line was written down, when they all stand

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


@dataclass
class Room:
    """The open record of one meeting."""

    meeting: Meeting
    person: SimpleNamespace
    people: list[Somebody]
    presences: list[SimpleNamespace]
    exceptions: list[SimpleNamespace]
    talked: list[SimpleNamespace]  # exceptions that this meeting has taken up
    twins: list[SimpleNamespace]  # guests whose name somebody else in the network has
    brought: list[SimpleNamespace]  # what people let everybody in the room see of what they bring
    booked: list[SimpleNamespace]  # meetings to come
    now: datetime
    writes: bool
    may_book: bool
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
        rows = {row.pk: row for row in self.rows}
        own.sort(key=lambda row: (_first(row, rows).said_at, row.pk))  # changed words stay where they were
        ways = Counter(_first(row, rows).pk for row in own if row.state != Line.State.REFUSED)
        return [
            replace(
                show_line(row, self.person.id, self.presences, self.meeting, writes=self.writes),
                versions=count if (count := ways[_first(row, rows).pk]) > 1 else 0,
            )
            for row in own
        ]

    @property
    def in_versions(self) -> int:
        """Lines that stand in several versions, which the network has not chosen among yet."""
        return sum(1 for one in self.lines if one.versions)

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
        """Something from before waits to be talked about, once the person is in the room."""
        return not self.afterwards and bool(self.exceptions or self.to_be_confirmed or self.brought)


def open_room(user: Any, meeting: UUID) -> Room:
    """The room of a meeting that `user` may open; Http404 otherwise. Two queries, however many people and lines."""
    found = rooms(user).filter(uuid=meeting).first()
    if found is None:
        raise Http404
    members, team, staffing = (unfold(rows) for rows in (found.members_found, found.team_found, found.staffing_found))
    presences = sorted(unfold(found.presences_found), key=lambda one: one.arrived_at)
    exceptions = sorted(unfold(found.exceptions_found), key=lambda one: one.decided_at)
    mine = {one.staff_id for one in (*team, *staffing)}
    staff = user.staff
    room = Room(
        meeting=found,
        person=next(one for one in members if one.is_person),
        people=_people(members, team, staffing, presences),
        presences=presences,
        exceptions=[one for one in exceptions if not one.taken_up_words],
        talked=[one for one in exceptions if one.taken_up_words],
        twins=_twins(members, presences),
        brought=unfold(found.brought_found),
        booked=sorted(unfold(found.booked_found), key=lambda one: one.starts_at),
        now=found.now,
        writes=bool(staff) and staff.pk in mine,
        may_book=bool(staff) and (staff.oversees or staff.pk in {found.case.owner_id, *(one.staff_id for one in team)}),
    )
    earlier = Q(network_id=found.network_id, state=Line.State.TO_BE_CONFIRMED)
    recorder = Staff.objects.filter(pk=OuterRef("recorded_by")).values("name")
    rows = Line.objects.in_sight().filter(Q(meeting=found) | earlier).select_related("meeting")
    room.rows = list(rows.annotate(recorder=Subquery(recorder)))
    return room


def to_record(user: Any, meeting: UUID) -> Any:
    """The meeting, as much of it as writing into its record needs, if `user` may; else None. One query, and asks for their right once.

    `late_only`: of whoever came to it and sees no more of it, only lines that come late are taken.
    """
    found = row_of(Meeting, "SELECT * FROM od.to_record(%s)", meeting)
    if found:
        found.network = Network.from_db(None, ["id", "service_id"], [found.network_id, found.service_id])
        found.network.came = user.pk
        found.case = Case.from_db(None, ["id", "uuid"], [found.case_id, found.case_uuid])
    return found


def rooms(user: Any) -> Any:
    """Meetings, each with the people of its network and its team, who is there, and what is still to be taken up."""
    members = Member.objects.filter(network=OuterRef("network")).current()
    team = TeamMember.objects.filter(network=OuterRef("network")).current()
    staffing = MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True)
    presences = Presence.objects.filter(meeting=OuterRef("pk"), mistaken_at=None)
    booked = Meeting.objects.filter(network=OuterRef("network"), status=Meeting.Status.BOOKED).exclude(
        pk=OuterRef("pk")
    )
    exceptions = DecidedWithout.objects.filter(
        Q(taken_up_in=None) | Q(taken_up_in=OuterRef("pk")), network=OuterRef("network")
    )
    who: dict[str, Any] = {"name": F("staff__name"), "uuid": F("staff__uuid")}
    brought = ToBring.objects.waiting().filter(network=OuterRef("network"), in_the_room=True)
    return (
        Meeting.objects.visible_to(user)
        .select_related("service", "network", "case")
        .annotate(
            now=Now(),
            members_found=gathered(members, "id", "pk", "uuid", "name", "relation", "is_person"),
            team_found=gathered(team, "staff_id", **who),
            staffing_found=gathered(staffing, "staff_id", **who),
            presences_found=gathered(
                presences, "uuid", "name", "member_id", "staff_id", "arrived_at", "left_at", "recorded_at",
                member_key=F("member__uuid"), staff_key=F("staff__uuid"),
            ),
            booked_found=gathered(booked, "uuid", "starts_at", "place"),
            exceptions_found=gathered(exceptions, "uuid", "text", "decided_by", "decided_at", "why", "taken_up_words"),
            brought_found=gathered(brought, "uuid", "text", "name", written_at=F("at")),
        )
    )  # fmt: skip


def namesake(guest: Any, others: Iterable[Any]) -> Any:
    """Whom of `others` somebody may be who was named in a meeting: who has the same name, and is not the person. None if nobody has."""
    same = (one for one in others if one.pk != guest.pk and not one.is_person and _called(one) == _called(guest))
    return next(same, None)


def _called(one: Any) -> str:
    """As the database compares two names (od.same_name)."""
    return " ".join(unicodedata.normalize("NFKC", one.name).lower().split())


def _twins(members: list[Any], presences: list[Any]) -> list[Any]:
    """Guests who may be somebody else here; of two guests the later one. A guest came under the id that they were named by."""
    guests = {one.uuid for one in presences}
    return [
        one
        for one in members
        if one.uuid in guests and namesake(one, (o for o in members if o.uuid not in guests or o.pk < one.pk))
    ]


def _people(members: list[Any], team: list[Any], staffing: list[Any], presences: list[Any]) -> list[Somebody]:
    """The person, the members, the team, whoever else came: each once."""
    here = {(one.member_id, one.staff_id): one for one in presences if one.left_at is None}
    came = {(one.member_id, one.staff_id) for one in presences}
    people: dict[tuple[int | None, int | None], Somebody] = {}

    def add(member: int | None, staff: int | None, key: str, name: str, face: str, relation: str = "") -> None:
        there = here.get((member, staff))
        seen = {"presence": UUID(there.uuid), "since": there.arrived_at} if there else {}
        people.setdefault((member, staff), Somebody(key, name, face, relation, came=(member, staff) in came, **seen))

    for one in sorted(members, key=lambda one: (not one.is_person, one.id)):
        add(one.id, None, f"member:{one.uuid}", one.name, "person" if one.is_person else "member", one.relation)
    for one in (*staffing, *team):
        add(None, one.staff_id, f"staff:{one.uuid}", one.name, "team")
    for one in presences:
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
