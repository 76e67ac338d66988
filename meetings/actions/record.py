"""Recording a meeting: who comes and goes, what is said and decided. Reading back and closing: closing.py.

Each action locks the meeting first, or the database does for it (a line), so that two phones never cross: a departure and a decision, a
line and the close. What a device sends carries an id made there; the same id again gives back what was kept the first time. The rules
are the database's (migrations/sql), and so is what happens to words that a rule does not accept: od.keep_line keeps them as a refused
line. What a device tells of a meeting that was closed without it is kept beside (beside.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from meetings.actions.beside import hold, kept, side, tell
from meetings.actions.moments import NOW, When
from meetings.models import DecidedWithout, Line, Meeting, MeetingStaff, Presence, ToBring
from meetings.permissions import MEETINGS
from network.models import Member, MemberContact, Staff, User
from network.permissions import require, staff_of
from network.rules import Refusal, clean_words, one_write, refusal_of
from referrals.models import Case

ONE_MOMENT = timedelta(minutes=2)  # two phones that note the same departure differ by less
ONE_CLOCK = timedelta(seconds=10)  # so do two measurements of the clock of one phone
THAT_HOUR = timedelta(hours=12)  # further from the hour of a cancelled meeting, a tap on a name is a slip


@dataclass(frozen=True)
class Voice:
    """Whose words: a member, somebody of staff, or a name as it was said."""

    member: Member | None = None
    staff: Staff | None = None
    name: str = ""

    @property
    def called(self) -> str:
        """How they are called in the record, now and later."""
        return str(self.member or self.staff or self.name)


@dataclass(frozen=True)
class Doing:
    """Who does what: who, by when, and who looks after it."""

    who: str = ""
    by: date | None = None
    looked_after_by: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """As a line has it."""
        return {"action_who": self.who, "action_by": self.by, "action_looked_after_by": self.looked_after_by}


# Starting, coming and going


def start_meeting(*, meeting: Meeting, by: User) -> Meeting:
    """The meeting begins now. Once it has begun, nothing happens."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("started a meeting") as written:
        written.thing = _begin(hold(meeting), timezone.now())
    return written.thing


def _begin(meeting: Meeting, at: datetime, *, device: bool = False) -> Meeting:
    """The first one to come starts it, also where another phone, that came later, had signal before; `device`: and though it was cancelled
    at the service meanwhile, for somebody sits there at that hour.
    """
    earlier = bool(meeting.started_at and at < meeting.started_at and not meeting.entered_afterwards)
    sits_there = device and abs(at - meeting.starts_at) < THAT_HOUR
    if meeting.status == Meeting.Status.BOOKED or (meeting.status == Meeting.Status.CANCELLED and sits_there):
        meeting.status, meeting.started_at, meeting.cancelled_at = Meeting.Status.STARTED, at, None
        meeting.save(update_fields=["status", "started_at", "cancelled_at"])
    elif meeting.status == Meeting.Status.STARTED and earlier:
        meeting.started_at = at
        meeting.save(update_fields=["started_at"])
    return meeting


def arrive(
    *, meeting: Meeting, who: Member | Staff, by: User, uuid: UUID | None = None, when: When = NOW
) -> Presence | None:
    """Somebody comes into the room. The first one to come starts the meeting; whoever is there already stays. None when a device tells of
    it that did not hear of the close before: a line says so.
    """
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("recorded an arrival") as written:
        meeting, at = hold(meeting), when.moment()
        _begin(meeting, at, device=bool(when.device_at))
        presence = meeting.presences.filter(uuid=uuid).first() if uuid else None
        if not presence:
            presence = _come(meeting, who, at, uuid=uuid or uuid4(), when=when, by=by)
        written.thing = presence or meeting
    return presence


def _there(meeting: Meeting, at: datetime) -> QuerySet[Presence]:
    """Who was in the room at a moment, as far as anybody has noted, also since the close."""
    gone = Line.objects.filter(
        Q(member=OuterRef("member")) | Q(staff=OuterRef("staff")), meeting=meeting, kind=Line.Kind.LEFT, said_at__lte=at,
        said_at__gte=OuterRef("arrived_at"),
    )  # fmt: skip
    there = meeting.presences.filter(Q(left_at=None) | Q(left_at__gt=at), arrived_at__lte=at, mistaken_at=None)
    return there.exclude(Exists(gone))


def _come(meeting: Meeting, who: Member | Staff, at: datetime, *, uuid: UUID, when: When, by: User) -> Presence | None:
    there = _there(meeting, at).filter(**side(who)).first()
    if meeting.closed_at and (when.device_at or at < meeting.closed_at):
        return there or _came_late(meeting, who, at, uuid, when, by)
    if there and there.left_at and there.left_at - at <= ONE_CLOCK:
        at = there.left_at  # went out and came back within a moment
        there = _there(meeting, at).filter(**side(who)).first()
    if there:
        return there
    if isinstance(who, Staff):
        _comes_along(meeting, who)
    # Another phone, back from where there was no signal, knows that they were here earlier, or came back before they left for good: that
    # time ends where the other one says something of them.
    known = meeting.presences.filter(**side(who), mistaken_at=None)
    went_out = known.filter(arrived_at__lte=at, left_at__gt=at).values_list("left_at", flat=True)
    came_again = known.filter(arrived_at__gt=at).values_list("arrived_at", flat=True)
    ends = [moment for moment in (*went_out, *came_again) if moment]
    return Presence.objects.create(
        uuid=uuid, meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, name=who.name, arrived_at=at,
        left_at=min(ends, default=None), offset_ms=when.kept_offset(), offline=when.offline, recorded_by=staff_of(by), **side(who),
    )  # fmt: skip


def _came_late(
    meeting: Meeting, who: Member | Staff, at: datetime, uuid: UUID, when: When, by: User
) -> Presence | None:
    """Only this phone knew that they were there, and it comes after the close: the clock has to know, and a line tells of it."""
    tell(f"{who} came in.", meeting=meeting, by=by, uuid=uuid, when=when)
    if meeting.closed_at and at >= meeting.closed_at:
        return None  # as the service has it, it was over
    return Presence.objects.create(
        uuid=uuid, meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, name=who.name, arrived_at=at,
        offset_ms=when.kept_offset(), offline=when.offline, recorded_by=staff_of(by), **side(who),
    )  # fmt: skip


def _comes_along(meeting: Meeting, staff: Staff) -> None:
    """A clinician who comes counts among those of the meeting, though not booked for it, or cancelled, and though booked elsewhere."""
    booked = meeting.staffing.filter(staff=staff).first()
    if not staff.is_clinician or (booked and (booked.active or not meeting.cancelled_reason)):
        return
    row = {"meeting": meeting, "staff": staff, "network_id": meeting.network_id, "service_id": meeting.service_id}
    try:
        with transaction.atomic():
            if booked:
                MeetingStaff.objects.filter(pk=booked.pk).update(active=True)
            else:
                MeetingStaff.objects.create(**row)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if not refusal or refusal.rule != "staff_not_in_two_places":
            raise
        if not booked:
            MeetingStaff.objects.create(**row, active=False)


def leave(
    *, meeting: Meeting, who: Member | Staff, by: User, uuid: UUID | None = None, when: When = NOW
) -> Presence | None:
    """Somebody leaves the room. None when nobody knew them to be there at that time."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("recorded a departure") as written:
        meeting, at = hold(meeting), when.moment()
        # The same departure again must not take out again who has come back since.
        if uuid and (before := meeting.presences.filter(left_uuid=uuid).first()):
            written.thing = before
            return before
        there: Presence | None = meeting.presences.filter(**side(who), left_at=None, mistaken_at=None).first()
        if there and there.arrived_at > at and (there.arrived_at - at > ONE_MOMENT or _went(meeting, who, at)):
            there = None  # came back since, says another phone
        if there and not meeting.closed_at:
            there.left_at, there.left_uuid = max(at, there.arrived_at), uuid
            there.save(update_fields=["left_at", "left_uuid"])
        elif uuid:
            there = _left_before(meeting, who, at, uuid, when, by)
        written.thing = there or meeting
    return there


def _went(meeting: Meeting, who: Member | Staff, at: datetime) -> bool:
    """Whether this departure is the one that another phone has noted."""
    around = (at - ONE_MOMENT, at + ONE_MOMENT)
    return meeting.presences.filter(**side(who), left_at__range=around, mistaken_at=None).exists()


def _left_before(
    meeting: Meeting, who: Member | Staff, at: datetime, uuid: UUID, when: When, by: User
) -> Presence | None:
    """Only this phone knew that they had gone: another has it that they stayed longer, or the meeting is closed. A line tells of it. Going
    when they went, or at the end with everybody, is no news.
    """
    there = _there(meeting, at).filter(**side(who)).first()
    over = meeting.closed_at and at >= meeting.closed_at
    if there and there.left_at and there.left_at - at > ONE_MOMENT and not over:
        tell(f"{who} left.", meeting=meeting, by=by, uuid=uuid, when=when, kind=Line.Kind.LEFT, who=who)
    return there


def take_back_presence(*, presence: Presence, by: User) -> Presence:
    """They were never in the room: tapped by mistake. It stays on record as that, and the clock runs again."""
    require(MEETINGS, "record.write", by, presence.network)
    with one_write("took back a presence") as written:
        hold(presence.meeting)
        presence.refresh_from_db()
        if not presence.mistaken_at:
            presence.mistaken_at = timezone.now()
            presence.save(update_fields=["mistaken_at"])
        written.thing = presence
    return presence


def bring_guest(
    *, meeting: Meeting, name: str, relation: str, circle: str, by: User, uuid: UUID | None = None, when: When = NOW
) -> Presence | None:
    """Somebody new is in the room: from now on a member of the network, by the word of the person if the person is here."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("added somebody in the room") as written:
        locked, at = hold(meeting), when.moment()
        presence = locked.presences.filter(uuid=uuid).first() if uuid else None
        if not presence:
            _begin(locked, at, device=bool(when.device_at))
            uuid = uuid or uuid4()  # the device calls them by it until the service has them
            guest = _new_member(
                locked, at, by, uuid=uuid, name=clean_words(name), relation=clean_words(relation), circle=circle
            )
            presence = _come(locked, guest, at, uuid=uuid, when=when, by=by)
        written.thing = presence or locked
    return presence


def _new_member(meeting: Meeting, at: datetime, by: User, **who: object) -> Member:
    word: dict[str, object] = {}
    if _there(meeting, at).filter(member__is_person=True).exists():
        said = f"in the room, to {staff_of(by).name}"
        word = {"wanted": True, "wanted_word": said, "wanted_at": timezone.now()}
    scope = {"network_id": meeting.network_id, "service_id": meeting.service_id}
    member: Member = Member.objects.create(named_by="came to a meeting", **who, **scope, **word)
    MemberContact.objects.create(member=member, **scope)
    return member


# Lines


def keep_line(
    *,
    meeting: Meeting,
    kind: str,
    text: str,
    by: User,
    voice: Voice = Voice(),
    doing: Doing = Doing(),
    uuid: UUID | None = None,
    replaces: Line | None = None,
    chosen: bool = False,
    when: When = NOW,
) -> Line:
    """Keeps a line as it was said. The same uuid again gives the line that was kept; what a rule refuses is kept as refused."""
    require(MEETINGS, "record.write", by, meeting.network)
    line = kept(
        meeting, uuid=uuid or uuid4(), kind=kind, text=text, when=when, by=by, chosen=chosen, voice=voice.called, whole=True,
        said_at=when.claimed() if kind == Line.Kind.DECISION else when.moment(), replaces_id=replaces and replaces.pk,
        member_id=voice.member and voice.member.pk, staff_id=voice.staff and voice.staff.pk, **doing.columns,
    )  # fmt: skip
    if voice.member and voice.member.pk == line.member_id:
        line.member = voice.member  # is asked for next: whose face stands beside the words
    return line


def change_line(*, line: Line, text: str, by: User, uuid: UUID | None = None, when: When = NOW) -> Line:
    """Other words for a line, before it is read back. The first words stay in the record; when two change it, both stand."""
    return _instead(line, text, by=by, uuid=uuid, when=when)


def _instead(line: Line, text: str, **more: Any) -> Line:
    return keep_line(
        meeting=line.meeting, kind=line.kind, text=text, replaces=line, voice=Voice(line.member, line.staff, line.voice),
        doing=Doing(line.action_who, line.action_by, line.action_looked_after_by), **more,
    )  # fmt: skip


def choose_line(*, line: Line, by: User, uuid: UUID | None = None, when: When = NOW) -> Line:
    """Two changed the same line; the network chooses, in the room, which words are right. The others stay in the database."""
    require(MEETINGS, "record.write", by, line.meeting.network)
    with one_write("wrote down a choice among versions") as written:
        meeting = hold(line.meeting)
        line.refresh_from_db()
        uuid = uuid or uuid4()
        if line.replaced_by and line.replaced_by.chosen and line.replaced_by.text == line.text:
            written.thing = line.replaced_by  # chosen already, by this phone or another
        elif meeting.closed_at:
            words = f"Of several versions of a line these words were chosen: “{line.text}”"
            written.thing = tell(words, meeting=meeting, by=by, uuid=uuid, when=when)
        else:
            written.thing = _instead(line, line.text, by=by, uuid=uuid, when=when, chosen=True)
        chosen: Line = written.thing
    return chosen


# What earlier decisions wait for


def confirm_line(*, line: Line, meeting: Meeting, by: User, uuid: UUID | None = None, when: When = NOW) -> Line:
    """The person agrees, in this meeting, to a decision that was entered afterwards. From a device after the close: kept beside."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("confirmed a decision with the person") as written:
        meeting = hold(meeting)
        line.refresh_from_db()
        written.thing = line
        if uuid and line.state == Line.State.CONFIRMED:
            return line  # by this phone or another: they agreed
        if uuid and meeting.closed_at:
            words = f"{meeting.network.person} agreed to what was decided before: “{line.text}”"
            return tell(words, meeting=meeting, by=by, uuid=uuid, when=when)
        line.state, line.confirmed_in, line.confirmed_at = Line.State.CONFIRMED, meeting, when.moment()
        line.save(update_fields=["state", "confirmed_in", "confirmed_at"])
    return line


def take_up(
    *,
    exception: DecidedWithout,
    meeting: Meeting,
    words: str,
    by: User,
    uuid: UUID | None = None,
    when: When = NOW,
) -> DecidedWithout:
    """What was decided without the person is talked about with the person, in this meeting.

    From a device after the close, or after another phone wrote that it was talked about, the words are kept beside.
    """
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("took up an exception") as written:
        meeting = hold(meeting)
        exception.refresh_from_db()
        written.thing = exception
        if uuid and (exception.taken_up_in_id or meeting.closed_at):
            if (exception.taken_up_in, exception.taken_up_words) != (meeting, clean_words(words)):
                told = f"About what was decided without {meeting.network.person}: {words}"
                tell(told, meeting=meeting, by=by, uuid=uuid, when=when)
            return exception
        exception.taken_up_in, exception.taken_up_at = meeting, when.moment()
        exception.taken_up_words = clean_words(words)
        exception.save(update_fields=["taken_up_in", "taken_up_at", "taken_up_words"])
    return exception


def bring_up(*, brought: ToBring, meeting: Meeting, by: User, when: When = NOW) -> ToBring:
    """What somebody brought has been taken up in this meeting, with the person. Ticked twice, by this phone or another, it is once."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("took up what was brought") as written:
        hold(meeting)
        brought.refresh_from_db()
        written.thing = brought
        if not brought.taken_up_in_id:
            brought.taken_up_in, brought.taken_up_at = meeting, when.moment()
            brought.save(update_fields=["taken_up_in", "taken_up_at"])
    return brought


# Afterwards


def enter_afterwards(
    *,
    case: Case,
    by: User,
    why: str,
    started_at: datetime,
    present: Iterable[Member | Staff],
    booked: Meeting | None = None,
    place: str = Meeting.Place.HOME,
    address: str = "",
) -> Meeting:
    """A meeting that could not be recorded in the room: marked so, with the times as typed. Its decisions wait for the person."""
    require(MEETINGS, "record.write", by, case.network)
    present = list(present)
    with one_write("entered a meeting afterwards") as written:
        if not any(isinstance(who, Staff) for who in present):
            raise Refusal("close_says_who_was_there")
        meeting = hold(booked) if booked else _unbooked(case, started_at, place, address, by)
        for who in present:
            if isinstance(who, Staff):
                _comes_along(meeting, who)
        meeting.status, meeting.started_at = Meeting.Status.STARTED, started_at
        meeting.entered_afterwards, meeting.entered_why = True, clean_words(why)
        meeting.save(update_fields=["status", "started_at", "entered_afterwards", "entered_why"])
        for who in present:
            _come(meeting, who, started_at, uuid=uuid4(), when=NOW, by=by)
        written.thing = meeting
    return meeting


def _unbooked(case: Case, started_at: datetime, place: str, address: str, by: User) -> Meeting:
    return Meeting.objects.create(
        case=case, network_id=case.network_id, service_id=case.service_id, starts_at=started_at,
        ends_at=started_at + timedelta(minutes=90), place=place, address=clean_words(address), booked_by=staff_of(by),
    )  # fmt: skip
