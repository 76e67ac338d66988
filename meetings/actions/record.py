"""Recording a meeting: who comes and goes, what is said and decided, reading back, closing.

Each action locks the meeting first, so that two phones never cross: a departure and a decision, a line and the close. What a device
sends carries an id made there; the same id again gives back what was kept the first time. The rules are the database's
(migrations/sql); here stands what happens to words that a rule does not accept: they are kept as a refused line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from meetings.models import DecidedWithout, Line, Meeting, MeetingStaff, Presence, ReadBack
from meetings.permissions import MEETINGS
from network.models import Member, MemberContact, Staff, User
from network.permissions import require, staff_of
from network.rules import Refusal, clean_words, one_write, refusal_of
from referrals.models import Case

# Words that break one of these are not lost: they stay as a refused line, for the team and the person to see.
KEPT_AS_REFUSED = frozenset(
    {
        "decision_with_the_person",
        "decision_in_a_meeting",
        "said_not_in_future",
        "replaced_before_the_close",
        "stays_as_written",
    }
)
LONGEST_AWAY = timedelta(days=14)  # a device clock without a measured offset that says last month is wrong
LARGEST_OFFSET = 2**31 - 1  # milliseconds that fit the column, some 24 days


@dataclass(frozen=True)
class When:
    """When something happened: by the device's clock, with its last measured distance from the service's; as typed; or now."""

    device_at: datetime | None = None
    offset_ms: int | None = None
    offline: bool = False
    typed_at: datetime | None = None

    def claimed(self) -> datetime:
        """By the service's clock, as far as the device knows."""
        now = timezone.now()
        if not self.device_at:
            return self.typed_at or now
        try:
            at = self.device_at - timedelta(milliseconds=self.offset_ms or 0)
        except OverflowError:
            return now
        return at if now - at < LONGEST_AWAY else now

    def moment(self) -> datetime:
        """The same, never later than now."""
        return min(self.claimed(), timezone.now())

    def kept_offset(self) -> int | None:
        """The offset as it is kept beside, if it fits."""
        fits = self.offset_ms is not None and abs(self.offset_ms) <= LARGEST_OFFSET
        return self.offset_ms if fits else None


NOW = When()


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


@dataclass(frozen=True)
class Answer:
    """What one who was there said when the record was read back."""

    presence: Presence
    answer: str
    words: str = ""


def _locked(meeting: Meeting) -> Meeting:
    return Meeting.objects.select_for_update(no_key=True).get(pk=meeting.pk)


def _side(who: Member | Staff) -> dict[str, Member | Staff]:
    return {"staff": who} if isinstance(who, Staff) else {"member": who}


# Starting, coming and going


def start_meeting(*, meeting: Meeting, by: User) -> Meeting:
    """The meeting begins now. Once it has begun, nothing happens."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("started a meeting") as written:
        written.thing = _begin(_locked(meeting), timezone.now())
    return written.thing


def _begin(meeting: Meeting, at: datetime) -> Meeting:
    if meeting.status == Meeting.Status.BOOKED:
        meeting.status, meeting.started_at = Meeting.Status.STARTED, at
        meeting.save(update_fields=["status", "started_at"])
    return meeting


def arrive(*, meeting: Meeting, who: Member | Staff, by: User, uuid: UUID | None = None, when: When = NOW) -> Presence:
    """Somebody comes into the room. The first one to come starts the meeting; whoever is there already stays."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("recorded an arrival") as written:
        meeting, at = _locked(meeting), when.moment()
        _begin(meeting, at)
        presence = meeting.presences.filter(uuid=uuid).first() if uuid else None
        if not presence:
            presence = _come(meeting, who, at, uuid=uuid or uuid4(), when=when, by=by)
        written.thing = presence
    return presence


def _come(meeting: Meeting, who: Member | Staff, at: datetime, *, uuid: UUID, when: When, by: User) -> Presence:
    there: Presence | None = meeting.presences.filter(**_side(who), left_at=None, mistaken_at=None).first()
    if there and there.arrived_at <= at:
        return there
    if isinstance(who, Staff):
        _comes_along(meeting, who)
    # Another phone, back from where there was no signal, knows that they were here earlier: that time stands before the other.
    return Presence.objects.create(
        uuid=uuid, meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, name=who.name, arrived_at=at,
        left_at=there.arrived_at if there else None, offset_ms=when.kept_offset(), offline=when.offline, recorded_by=staff_of(by),
        **_side(who),
    )  # fmt: skip


def _comes_along(meeting: Meeting, staff: Staff) -> None:
    """A clinician who comes counts among those of the meeting, though not booked for it, and though booked elsewhere."""
    if not staff.is_clinician or meeting.staffing.filter(staff=staff).exists():
        return
    row = {"meeting": meeting, "staff": staff, "network_id": meeting.network_id, "service_id": meeting.service_id}
    try:
        with transaction.atomic():
            MeetingStaff.objects.create(**row)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if not refusal or refusal.rule != "staff_not_in_two_places":
            raise
        MeetingStaff.objects.create(**row, active=False)


def leave(
    *, meeting: Meeting, who: Member | Staff, by: User, uuid: UUID | None = None, when: When = NOW
) -> Presence | None:
    """Somebody leaves the room. None when nobody knew them to be there at that time."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("recorded a departure") as written:
        meeting, at = _locked(meeting), when.moment()
        # The same departure again must not take out again who has come back since.
        if uuid and (before := meeting.presences.filter(left_uuid=uuid).first()):
            written.thing = before
            return before
        there: Presence | None = meeting.presences.filter(**_side(who), left_at=None, mistaken_at=None).first()
        if there and there.arrived_at - at > timedelta(minutes=2):
            there = None  # came back since, said another phone
        if there:
            there.left_at, there.left_uuid = max(at, there.arrived_at), uuid
            there.save(update_fields=["left_at", "left_uuid"])
        written.thing = there or meeting
    return there


def take_back_presence(*, presence: Presence, by: User) -> Presence:
    """They were never in the room: tapped by mistake. It stays on record as that, and the clock runs again."""
    require(MEETINGS, "record.write", by, presence.network)
    with one_write("took back a presence") as written:
        _locked(presence.meeting)
        presence.refresh_from_db()
        if not presence.mistaken_at:
            presence.mistaken_at = timezone.now()
            presence.save(update_fields=["mistaken_at"])
        written.thing = presence
    return presence


def bring_guest(
    *, meeting: Meeting, name: str, relation: str, circle: str, by: User, uuid: UUID | None = None, when: When = NOW
) -> Presence:
    """Somebody new is in the room: from now on a member of the network, by the word of the person if the person is here."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("added somebody in the room") as written:
        locked, at = _locked(meeting), when.moment()
        presence = locked.presences.filter(uuid=uuid).first() if uuid else None
        if not presence:
            _begin(locked, at)
            guest = _new_member(locked, clean_words(name), clean_words(relation), circle, by)
            presence = _come(locked, guest, at, uuid=uuid or uuid4(), when=when, by=by)
        written.thing = presence
    return presence


def _new_member(meeting: Meeting, name: str, relation: str, circle: str, by: User) -> Member:
    word: dict[str, object] = {}
    if meeting.presences.filter(member__is_person=True, left_at=None, mistaken_at=None).exists():
        said = f"in the room, to {staff_of(by).name}"
        word = {"wanted": True, "wanted_word": said, "wanted_at": timezone.now()}
    scope = {"network_id": meeting.network_id, "service_id": meeting.service_id}
    member: Member = Member.objects.create(
        name=name, relation=relation, circle=circle, named_by="came to a meeting", **scope, **word
    )
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
    when: When = NOW,
) -> Line:
    """Keeps a line as it was said. The same uuid again gives the line that was kept; what a rule refuses is kept as refused."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("kept a line") as written:
        meeting = _locked(meeting)
        line = meeting.lines.filter(uuid=uuid).first() if uuid else None
        if not line:
            claimed = when.claimed() if kind == Line.Kind.DECISION else when.moment()
            line = Line(
                uuid=uuid or uuid4(), meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, kind=kind,
                state=_state_of(kind, meeting), text=clean_words(text), member=voice.member, staff=voice.staff, voice=voice.called,
                action_who=doing.who, action_by=doing.by, action_looked_after_by=doing.looked_after_by, replaces=replaces,
                said_at=claimed, device_said_at=when.device_at, offset_ms=when.kept_offset(), offline=when.offline,
                recorded_by=staff_of(by),
            )  # fmt: skip
            _insert(line, when)
        written.thing = line
    line.refresh_from_db(fields=["late", "recorded_at"])  # the database says whether it came late
    return line


def _state_of(kind: str, meeting: Meeting) -> str:
    if kind != Line.Kind.DECISION:
        return Line.State.KEPT
    return Line.State.TO_BE_CONFIRMED if meeting.entered_afterwards else Line.State.ACCEPTED


def _insert(line: Line, when: When) -> None:
    try:
        with transaction.atomic():
            line.save(force_insert=True)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if not refusal or refusal.rule not in KEPT_AS_REFUSED:
            raise
        line.pk, line.state, line.refused_why = None, Line.State.REFUSED, refusal.rule
        line.replaces, line.said_at = None, when.moment()
        line.save(force_insert=True)


def change_line(*, line: Line, text: str, by: User, uuid: UUID | None = None, when: When = NOW) -> Line:
    """Other words for a line, before it is read back. The first words stay in the record; when two change it, both stand."""
    return keep_line(
        meeting=line.meeting, kind=line.kind, text=text, by=by, uuid=uuid, replaces=line, when=when,
        voice=Voice(line.member, line.staff, line.voice),
        doing=Doing(line.action_who, line.action_by, line.action_looked_after_by),
    )  # fmt: skip


# What earlier decisions wait for


def confirm_line(*, line: Line, meeting: Meeting, by: User) -> Line:
    """The person agrees, in this meeting, to a decision that was entered afterwards."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("confirmed a decision with the person") as written:
        _locked(meeting)
        line.refresh_from_db()
        line.state, line.confirmed_in, line.confirmed_at = Line.State.CONFIRMED, meeting, timezone.now()
        line.save(update_fields=["state", "confirmed_in", "confirmed_at"])
        written.thing = line
    return line


def take_up(*, exception: DecidedWithout, meeting: Meeting, words: str, by: User) -> DecidedWithout:
    """What was decided without the person is talked about with the person, in this meeting."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("took up an exception") as written:
        _locked(meeting)
        exception.taken_up_in, exception.taken_up_at = meeting, timezone.now()
        exception.taken_up_words = clean_words(words)
        exception.save(update_fields=["taken_up_in", "taken_up_at", "taken_up_words"])
        written.thing = exception
    return exception


# Reading back and closing


def read_back(*, meeting: Meeting, answers: Iterable[Answer], by: User) -> None:
    """The record was read aloud, and each one who was there said what they think. Again, if something was added."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("read the record back") as written:
        written.thing = _locked(meeting)
        for answer in answers:
            _note_answer(answer)


def _note_answer(answer: Answer) -> None:
    presence = answer.presence
    said = {"answer": answer.answer, "words": clean_words(answer.words)}
    side = {"member_id": presence.member_id, "staff_id": presence.staff_id}
    if not ReadBack.objects.filter(meeting_id=presence.meeting_id, **side).update(**said, at=timezone.now()):
        ReadBack.objects.create(
            meeting_id=presence.meeting_id, network_id=presence.network_id, service_id=presence.service_id, name=presence.name,
            **side, **said,
        )  # fmt: skip


def close_meeting(
    *,
    meeting: Meeting,
    by: User,
    night_number: str,
    next_meeting: Meeting | None = None,
    no_next_decided_by: str = "",
    who_comes: str = "",
    ended_at: datetime | None = None,
) -> Meeting:
    """The meeting ends: when they meet next or who decided that they do not, who comes, whom to call at night."""
    require(MEETINGS, "record.close", by, meeting.network)
    with one_write("closed a meeting") as written:
        meeting = _locked(meeting)
        meeting.status, meeting.closed_by = Meeting.Status.CLOSED, staff_of(by)
        meeting.closed_at = ended_at or timezone.now()
        meeting.next_meeting, meeting.no_next_decided_by = next_meeting, clean_words(no_next_decided_by)
        meeting.who_comes, meeting.night_number = clean_words(who_comes), clean_words(night_number)
        meeting.save(
            update_fields=[
                "status",
                "closed_at",
                "closed_by",
                "next_meeting",
                "no_next_decided_by",
                "who_comes",
                "night_number",
            ]
        )
        written.thing = meeting
    return meeting


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
        meeting = _locked(booked) if booked else _unbooked(case, started_at, place, address, by)
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
