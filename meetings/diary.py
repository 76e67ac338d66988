"""Meetings to come: the list of them, and one with all that is to know before it starts. One query each."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone

from meetings.gather import gathered, unfold
from meetings.models import DecidedWithout, Invitation, Line, Meeting, MeetingStaff, OnTheWay, ToBring, Told
from meetings.timeline import address_of
from network.models import Member, MemberContact, Staff, TeamMember, User
from network.prepared import Prepared
from referrals.models import Case

MOST = 200
SETTING_OFF = timedelta(hours=6)


@dataclass
class MeetingPage:
    """A meeting for one reader. `whole`: staff and the person; else an invited member, who sees their own answer only."""

    meeting: Meeting
    whole: bool
    staff: list[SimpleNamespace]
    invitations: list[SimpleNamespace]
    person: SimpleNamespace | None
    exceptions: list[SimpleNamespace] = field(default_factory=list)
    brought: list[SimpleNamespace] = field(default_factory=list)
    agreed: list[SimpleNamespace] = field(default_factory=list)
    own: SimpleNamespace | None = None
    in_team: bool = False
    reader_is_person: bool = False
    sees_case: bool = False
    case_url: str = ""
    home: str = ""
    language: str = ""
    record: str = ""
    note: str = ""
    way: SimpleNamespace | None = None

    @property
    def editable(self) -> bool:
        return self.meeting.status == Meeting.Status.BOOKED

    @property
    def may_set_off(self) -> bool:
        """Near enough to its time for somebody to be on the way (od.on_the_way_fits)."""
        near = abs(self.meeting.starts_at - timezone.now()) <= SETTING_OFF
        return self.in_team and self.editable and near and self.meeting.place != Meeting.Place.REMOTE

    @property
    def map_link(self) -> str:
        return map_link(self.meeting, self.home)

    @property
    def where(self) -> str:
        return where(self.meeting, self.home, self.whose)

    @property
    def address_url(self) -> str:
        """Where staff write down an address that is missing; at home that is no move of the meeting."""
        if self.map_link or not self.case_url or not self.editable or self.meeting.place == Meeting.Place.REMOTE:
            return ""
        if self.person and self.meeting.place == Meeting.Place.HOME:
            return f"{self.case_url}members/{self.person.uuid}/"
        return address_of("move", self.meeting.uuid)

    @property
    def whose(self) -> str:
        """Whose home it is, said to this reader: your, or by name."""
        if self.reader_is_person:
            return "your"
        return f"{self.person.name}’s" if self.person else "the person’s"

    @property
    def to_tell(self) -> list[SimpleNamespace]:
        """Whom no e-mail reaches and nobody has told of the meeting as it is now."""
        over = (
            self.meeting.status in (Meeting.Status.STARTED, Meeting.Status.CLOSED)
            or self.meeting.ends_at < timezone.now()
        )
        return [] if over else [one for one in self.invitations if not one.email and not one.told]


@dataclass
class Diary:
    """Meetings by day, and the days behind us whose record is still missing."""

    mine: bool
    may_see_all: bool
    unrecorded: list[Any]
    days: list[tuple[Any, list[Any]]]
    more: bool


def map_link(meeting: Meeting, home: str = "") -> str:
    """Opens the map on the phone. Nothing is sent by the page itself."""
    address = _address(meeting, home)
    return f"geo:0,0?q={quote(address)}" if address and meeting.place != Meeting.Place.REMOTE else ""


def where(meeting: Meeting, home: str, whose: str) -> str:
    """The kind of place and the address; at home the one that is known of the person, for those who may know it."""
    kind = Meeting.Place(meeting.place).label.capitalize()
    if meeting.place == Meeting.Place.HOME:
        kind = f"At {whose} home"
    address = _address(meeting, home)
    return f"{kind}: {address}" if address else kind


def _address(meeting: Meeting, home: str) -> str:
    return meeting.address or (home if meeting.place == Meeting.Place.HOME else "")


def page_of(user: User, uuid: UUID) -> MeetingPage:
    """The meeting for this reader; 404 for whom it does not exist."""
    rows = _whole(user, meeting=uuid)
    if not rows:
        raise Http404
    found = rows[0]
    asked = unfold(found.asked_rows)
    own = next((one for one in asked if one.user_id == user.pk), None)
    person = next(iter(unfold(found.person_rows)), None)
    staff = user.staff
    now = {
        one.asked: one
        for one in unfold(found.told_rows)
        if (one.moves, one.cancelled) == (found.moves, found.status == "cancelled")
    }
    for one in asked:
        one.face = "person" if one.is_person else "member"
        one.told = now.get(one.uuid)
        if one.told:
            one.told.way = Told.How(one.told.how).label
    page = MeetingPage(
        meeting=found,
        whole=found.opened,
        staff=_with_profession(unfold(found.staff_rows)),
        invitations=[one for one in asked if one.name],
        person=person,
        reader_is_person=bool(person and person.user_id == user.pk),
        exceptions=unfold(found.exception_rows),
        brought=unfold(found.brought_rows) if found.opened else [],
        agreed=_of_the_last(unfold(found.agreed_rows)) if found.opened else [],
        own=own,
        in_team=bool(staff and (found.team_rows or staff.pk in {one.staff_id for one in unfold(found.staff_rows)})),
        sees_case=bool(found.case_rows),
    )
    home = next(iter(unfold(found.home_rows)), None)
    if home and page.whole:
        page.home = home.home_address
        page.language = " · ".join(said for said in (home.language, home.interpreter) if said)
    page.case_url = address_of("case", unfold(found.case_rows)[0].uuid) if page.sees_case else ""
    page.record = address_of("record", found.uuid) if page.in_team and found.status in ("booked", "started") else ""
    words = [one for one in unfold(found.way_rows) if one.moves == found.moves]
    page.way = words[-1] if words and words[-1].going and page.editable else None
    page.note = address_of("note", found.uuid) if found.status == "closed" and page.whole else ""
    return page


def diary(user: User, *, only_mine: bool) -> Diary:
    """Mine for clinicians; for those who oversee the service all, unless they ask for theirs."""
    staff = user.staff
    may_see_all = bool(staff and staff.oversees)
    mine = only_mine or not may_see_all
    rows = Meeting.objects.visible_to(user).upcoming()
    if mine:
        ours = MeetingStaff.objects.filter(staff=staff, active=True).values("meeting")
        rows = rows.filter(pk__in=ours)
    found = list(_listed(rows)[: MOST + 1])
    now = timezone.now()
    for one in found:
        one.staff_list = _with_profession(unfold(one.staff_rows))
        one.map_link, one.where = map_link(one, one.home or ""), where(one, one.home or "", f"{one.person_name}’s")
        one.unanswered = len(one.unanswered_rows)
    late = [one for one in found if one.status == "booked" and one.ends_at < now - timedelta(minutes=1)]
    days: dict[Any, list[Any]] = {}
    for one in found[:MOST]:
        if one not in late:
            days.setdefault(timezone.localtime(one.starts_at).date(), []).append(one)
    return Diary(mine=mine, may_see_all=may_see_all, unrecorded=late, days=list(days.items()), more=len(found) > MOST)


def _of_the_last(rows: list[SimpleNamespace]) -> list[SimpleNamespace]:
    """What the last meeting agreed: decisions that stand, and who does what by when."""
    for one in rows:
        one.by = date.fromisoformat(one.action_by) if one.action_by else None
    return rows


def _with_profession(staff: list[SimpleNamespace]) -> list[SimpleNamespace]:
    for one in staff:
        one.profession_label = Staff.Profession(one.profession).label
    return staff


def _staff_rows() -> Any:
    return gathered(
        MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True), "staff_id", "cover", name=F("staff__name"),
        profession=F("staff__profession"),
    )  # fmt: skip


def _listed(rows: QuerySet[Meeting]) -> QuerySet[Any]:
    person = Member.objects.persons().filter(network=OuterRef("network"))
    return rows.annotate(
        person_name=person.values("name")[:1],
        home=person.values("contact__home_address")[:1],
        staff_rows=_staff_rows(),
        unanswered_rows=gathered(Invitation.objects.filter(meeting=OuterRef("pk"), withdrawn_at=None, answer=""), "pk"),
    )


def _agreed() -> QuerySet[Line]:
    last = Meeting.objects.filter(network=OuterRef(OuterRef("network")), status="closed").order_by("-started_at", "-pk")
    agreed = Q(kind="decision", state__in=["accepted", "confirmed"], contested_at=None) | Q(kind="action", state="kept")
    return (
        Line.objects.standing()
        .filter(agreed, meeting=Subquery(last.values("pk")[:1]), late=False)
        .order_by("said_at", "pk")
    )


@Prepared
def _whole(user: Any, *, meeting: Any) -> QuerySet[Any]:
    asks = Invitation.objects.filter(meeting=OuterRef("pk"), member__user=user, member__left_at=None, withdrawn_at=None)
    invited = Exists(asks) & Q(status__in=["booked", "started", "cancelled"])
    opened = Meeting.objects.visible_to(user).filter(pk=OuterRef("pk"))
    rows = Meeting.objects.filter(Exists(opened) | invited, uuid=meeting)
    person = Member.objects.persons().filter(network=OuterRef("network"))
    home = MemberContact.objects.filter(member__network=OuterRef("network"), member__is_person=True)
    asked = Invitation.objects.filter(meeting=OuterRef("pk"), withdrawn_at=None)
    return rows.select_related("network", "service").annotate(
        staff_rows=_staff_rows(),
        asked_rows=gathered(
            asked, "uuid", "answer", "reason", "answered_at", "word", "asked_at", name=F("member__name"),
            is_person=F("member__is_person"), relation=F("member__relation"), user_id=F("member__user_id"),
            email=F("member__contact__email"), phone=F("member__contact__phone"), answered_by=F("answered_by_id"),
        ),
        told_rows=gathered(
            Told.objects.filter(invitation__meeting=OuterRef("pk")), "moves", "cancelled", "how", "name", told_at=F("at"),
            asked=F("invitation__uuid"),
        ),
        way_rows=gathered(OnTheWay.objects.filter(meeting=OuterRef("pk")).order_by("pk"), "moves", "going", "name", said_at=F("at")),
        person_rows=gathered(person, "pk", "uuid", "name", "user_id"),
        home_rows=gathered(home, "language", "interpreter", "home_address"),
        exception_rows=gathered(
            DecidedWithout.objects.filter(bring_to=OuterRef("pk"), taken_up_in=None), "uuid", "text", "decided_by", "decided_at"
        ),
        brought_rows=gathered(
            ToBring.objects.waiting().filter(network=OuterRef("network")), "text", "name", "in_the_room", written_at=F("at")
        ),
        agreed_rows=gathered(
            _agreed(), "kind", "text", "action_who", "action_by", "action_looked_after_by", met_at=F("meeting__started_at")
        ),
        opened=Exists(opened),
        case_rows=gathered(Case.objects.visible_to(user).filter(pk=OuterRef("case")), "uuid"),
        team_rows=gathered(
            TeamMember.objects.current().filter(network=OuterRef("network"), staff=user.staff), "pk"
        ) if user.staff else gathered(TeamMember.objects.none(), "pk"),
    )  # fmt: skip
