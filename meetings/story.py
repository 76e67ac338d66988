"""All that a case tells, read in one query and one for the names of staff, however many members and meetings there are.

Row security holds within: for the person and for the staff it is the same. Staff are named from a list of their own, for a join would
drop in silence the line of somebody whom the reader may not know.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import GreaterThan
from django.http import Http404

from meetings.gather import gathered, unfold
from meetings.models import (
    DecidedWithout,
    Invitation,
    Line,
    Meeting,
    MeetingStaff,
    NoteShare,
    OnTheWay,
    OutOfSight,
    Presence,
    ReadBack,
    TeamChange,
    ToBring,
)
from network.models import SINCE, Consent, Member, Opening, ReaderPause, Staff, TeamMember
from network.prepared import OneOf, Prepared
from referrals.models import (
    Case,
    CaseClosure,
    CaseHandover,
    Contact,
    FirstHeardCorrection,
    Referral,
    ResponseTimer,
    UrgencyChange,
    Watch,
)

BY = (
    "by_id", "by_staff_id", "taken_by_id", "staff_id", "brought_by_id", "recorded_by_id", "booked_by_id", "before_id",
    "after_id", "first_staff_id", "second_staff_id", "held_by_id",
)  # fmt: skip


@dataclass
class Story:
    """A case with everything around it. `staff` maps ids to those whom the reader may know."""

    case: Case
    members: list[SimpleNamespace]
    team: list[SimpleNamespace]
    referrals: list[SimpleNamespace]
    timers: list[SimpleNamespace]
    corrections: list[SimpleNamespace]
    urgencies: list[SimpleNamespace]
    contacts: list[SimpleNamespace]
    closures: list[SimpleNamespace]
    handovers: list[SimpleNamespace]
    meetings: list[SimpleNamespace]
    staffing: list[SimpleNamespace]
    invitations: list[SimpleNamespace]
    presences: list[SimpleNamespace]
    ways: list[SimpleNamespace]
    lines: list[SimpleNamespace]
    read_backs: list[SimpleNamespace]
    shares: list[SimpleNamespace]
    consents: list[SimpleNamespace]
    pauses: list[SimpleNamespace]
    brought: list[SimpleNamespace]
    gone: list[SimpleNamespace]
    exceptions: list[SimpleNamespace]
    team_changes: list[SimpleNamespace]
    watches: list[SimpleNamespace]
    other_cases: list[SimpleNamespace]
    openings: list[SimpleNamespace]
    staff: dict[int, SimpleNamespace]

    @cached_property
    def person(self) -> SimpleNamespace:
        """The member at the centre."""
        return next(one for one in self.members if one.is_person)

    def opened_by(self, staff: Staff | None) -> SimpleNamespace | None:
        """By which opening in need `staff` reads this. None: they work here, or have not opened it."""
        if (
            not staff
            or staff.oversees
            or staff.pk in {self.case.owner_id, *(one.staff_id for one in self.current_team)}
        ):
            return None
        return next((one for one in self.open_now if one.staff_id == staff.pk), None)

    @property
    def open_now(self) -> list[SimpleNamespace]:
        """Openings in need that hold, by the database's clock."""
        return [one for one in self.openings if one.to_come and not one.ended_at]

    @cached_property
    def member(self) -> dict[int, SimpleNamespace]:
        return {one.pk: one for one in self.members}

    @cached_property
    def meeting(self) -> dict[int, SimpleNamespace]:
        return {one.pk: one for one in self.meetings}

    def of(self, rows: list[SimpleNamespace], meeting: SimpleNamespace) -> list[SimpleNamespace]:
        """Those of `rows` that belong to one meeting."""
        return self._by_meeting(rows).get(meeting.pk, [])

    def named(self, staff_id: int | None) -> str:
        """A name of staff, or what can be said when the reader may not know it."""
        return self.staff[staff_id].name if staff_id in self.staff else "a member of staff"

    @cached_property
    def current_team(self) -> list[SimpleNamespace]:
        return [one for one in self.team if not one.left_at]

    @cached_property
    def upcoming(self) -> list[SimpleNamespace]:
        """Booked or going on, the next one first."""
        return sorted((m for m in self.meetings if m.status in ("booked", "started")), key=lambda m: m.starts_at)

    @cached_property
    def held(self) -> list[SimpleNamespace]:
        """Closed meetings, the first one first."""
        return sorted((m for m in self.meetings if m.status == "closed"), key=lambda m: m.started_at)

    def _by_meeting(self, rows: list[SimpleNamespace]) -> dict[int, list[SimpleNamespace]]:
        cache: dict[int, dict[int, list[SimpleNamespace]]] = self.__dict__.setdefault("_grouped", {})
        if id(rows) not in cache:
            groups: dict[int, list[SimpleNamespace]] = {}
            for row in rows:
                groups.setdefault(row.meeting_id, []).append(row)
            cache[id(rows)] = groups
        return cache[id(rows)]


GATHERED = [one.name for one in fields(Story) if one.name not in ("case", "staff")]


def read_story(user: Any, uuid: UUID) -> Story:
    """The story of a case that `user` may open; 404 when there is none."""
    found = _told(user, case=uuid)
    if not found:
        raise Http404
    case = found[0]
    rows = {name: unfold(getattr(case, f"{name}_rows")) for name in GATHERED}
    ids = {getattr(row, key) for found in rows.values() for row in found for key in BY if getattr(row, key, None)}
    ids.add(case.owner_id)
    staff = _staff(user, ids=list(ids))
    return Story(case=case, staff={one.pk: SimpleNamespace(**_of_staff(one)) for one in staff}, **rows)


def _of_staff(one: Staff) -> dict[str, Any]:
    return {"pk": one.pk, "name": one.name, "profession": one.get_profession_display(), "left_at": one.left_at}


@Prepared
def _staff(reader: Any, *, ids: Any) -> Any:
    return Staff.objects.filter(OneOf("pk", ids))


@Prepared
def _told(reader: Any, *, case: Any) -> Any:
    around = {f"{name}_rows": rows for name, rows in _around().items()}
    return Case.objects.readable_by(reader).filter(uuid=case).select_related("service", "network").annotate(**around)


def _around() -> dict[str, Any]:
    case, network = {"case": OuterRef("pk")}, {"network": OuterRef("network")}
    meeting_of = {"meeting__case": OuterRef("pk")}
    timer_of = {"timer__case": OuterRef("pk")}
    return {
        "members": gathered(
            Member.objects.filter(**network), "pk", "uuid", "name", "is_person", "relation", "circle", "named_by",
            "wanted", "wanted_word", "left_at", "left_reason", has_account="user_id",
            email="contact__email", phone="contact__phone", home_address="contact__home_address",
            language="contact__language", interpreter="contact__interpreter",
        ),
        "team": gathered(TeamMember.objects.filter(**network), "pk", "staff_id", "founding", "joined_at", "left_at"),
        "referrals": gathered(
            Referral.objects.filter(**case), "pk", "uuid", "timer_id", "person_name", "caller_name", "caller_relation",
            "call_back", "words", "safety", "told", "channel", "urgency", "place", "place_words", "language", "interpreter",
            "first_heard_at", "late_reason", "taken_by_id", "recorded_at", "out_of_sight_at",
        ),
        "timers": gathered(
            ResponseTimer.objects.filter(**case), "pk", "kind", "urgency", "first_heard_at", "due_at", "outcome",
            "met_at", "known_at", "recorded_offline",
        ),
        "corrections": gathered(
            FirstHeardCorrection.objects.filter(**timer_of), "reason", "by_id", original_at="original",
            corrected_at="corrected", done_at="at",
        ),
        "urgencies": gathered(
            UrgencyChange.objects.filter(**timer_of), "before", "after", "lowered", "reason", "by_id", done_at="at"
        ),
        "contacts": gathered(
            Contact.objects.filter(**case), "uuid", "kind", "whom", "words", "declined_by", "declined_what", "offered",
            "next_contact", "next_contact_at", "by_staff_id", "by_member_id", "recorded_at", "out_of_sight_at", happened_at="at",
        ),
        "closures": gathered(
            CaseClosure.objects.filter(**case), "kind", "reason", "code", "offers", "first_staff_id",
            "second_staff_id", "word_to_person", "word_to_caller", "decided_in", done_at="at",
        ),
        "handovers": gathered(
            CaseHandover.objects.filter(**case), "before_id", "before_since", "after_id", "by_id", done_at="at"
        ),
        "meetings": gathered(
            Meeting.objects.filter(**case), "pk", "uuid", "status", "starts_at", "ends_at", "place", "address",
            "moves", "booked_by_id", "booked_at", "cancelled_at", "cancelled_reason", "started_at",
            "entered_afterwards", "entered_why", "closed_at", "no_next_decided_by",
        ),
        "staffing": gathered(
            MeetingStaff.objects.filter(active=True, **meeting_of), "meeting_id", "staff_id", "cover"
        ),
        "invitations": gathered(
            Invitation.objects.filter(withdrawn_at=None, **meeting_of), "meeting_id", "member_id", "answer", "reason"
        ),
        "presences": gathered(
            Presence.objects.filter(mistaken_at=None, **meeting_of), "meeting_id", "member_id", "staff_id", "offline"
        ),
        "ways": gathered(OnTheWay.objects.filter(**meeting_of), "going", "name", said_at="at"),
        "lines": gathered(
            Line.objects.standing().filter(kind__in=["decision", "action"], **meeting_of), "uuid", "meeting_id", "kind",
            "state", "text", "said_at", "contested_at", "action_who", "action_by", "action_looked_after_by",
        ),
        "read_backs": gathered(ReadBack.objects.filter(**meeting_of), "meeting_id", "answer"),
        "shares": gathered(NoteShare.objects.active().filter(**meeting_of), "meeting_id", "member_id"),
        "consents": gathered(Consent.objects.active().filter(**network), "member_id", "covers", given_at=SINCE),
        "pauses": gathered(
            ReaderPause.objects.filter(**network), "member_id", "began_at", "how", "where", "witness", "name", "ended_at", "ended_where",
            "ended_witness",
        ),
        "brought": gathered(ToBring.objects.in_sight().filter(**network), "uuid", "text", "name", "in_the_room", "taken_up_at",
                            written_at=F("at")),
        "gone": gathered(
            OutOfSight.objects.filter(**case), "meeting_id", "why", "words", "asked_name", "asked_at", "second_name", "done_at",
            until_at=F("until"), key=Coalesce("exception__uuid", "brought__uuid", "referral__uuid", "contact__uuid"),
        ),
        "exceptions": gathered(
            DecidedWithout.objects.filter(**case), "uuid", "text", "decided_by", "decided_at", "why", "bring_to_id",
            "brought_by_id", "recorded_by_id", "recorded_at", "taken_up_in_id", "taken_up_at", "taken_up_words", "out_of_sight_at",
        ),
        "team_changes": gathered(
            TeamChange.objects.filter(**network), "meeting_id", "joined_id", "left_id", "reason", "why_outside",
            "by_id", done_at="at",
        ),
        "watches": gathered(
            Watch.objects.open().filter(**case), "uuid", "subject", "held_by_id", "next_at", held_at="held_since", asked_at="check_since",
        ),
        "openings": gathered(
            Opening.objects.filter(**network), "uuid", "staff_id", "name", "reason", "opened_at", "ends_at", "ended_at",
            to_come=GreaterThan(F("ends_at"), Now()),
        ),
        "other_cases": gathered(
            Case.objects.filter(**network).exclude(pk=OuterRef("pk")), "uuid", "opened_at", "closed_at"
        ),
    }  # fmt: skip
