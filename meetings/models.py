"""The work: network meetings, who was present, what was said and decided, who may read it, and how the team held.

The record is append-only. What a device sends carries the id made on the device; sending it twice makes one row.
"""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from network.models import (
    Consent,
    Member,
    Network,
    OfNetwork,
    ReaderPause,
    Service,
    Staff,
    TeamMember,
    User,
    exactly_one,
    lasts,
    not_blank,
    of_reader,
    opened_in_need,
    seen_by,
)
from referrals.models import Case, Contact, Referral


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def upcoming(self) -> Self:
        return self.filter(status__in=["booked", "started"]).order_by("starts_at", "pk")

    def held(self) -> Self:
        return self.filter(status="closed").order_by("-started_at", "-pk")

    def visible_to(self, user: Any) -> Self:
        """Meetings whose page `user` may open: see `seen_by`; for a clinician also those they own or cover."""
        condition = seen_by(user)
        if user.is_authenticated and user.staff:
            covers = MeetingStaff.objects.filter(staff=user.staff, active=True).values("meeting")
            condition |= Q(case__owner=user.staff) | Q(pk__in=covers)
        return self.filter(condition)

    def readable_by(self, user: Any) -> Self:
        """Meetings whose note `user` may read: all of `visible_to`, what the person shares with them, what was opened in need."""
        this = Meeting.objects.filter(pk=OuterRef("pk"))  # each by itself: a list would be of all in the service
        return self.filter(Exists(this.visible_to(user)) | Exists(this.shared_with(user)) | opened_in_need(user))

    def shared_with(self, user: Any) -> Self:
        """Closed meetings that `user` may read as a member, by the person's word: all, from now on, or this one."""
        member = of_reader(user, "network__members") & Q(network__members__left_at=None)
        every = of_reader(user, "network__consents__member") & Q(network__consents__withdrawn_at=None)
        every &= lasts("network__consents__")
        since = Coalesce("network__consents__since", "network__consents__given_at")
        every &= Q(network__consents__covers="all") | Q(started_at__gte=since)
        one = of_reader(user, "shares__member") & Q(shares__withdrawn_at=None)
        one &= lasts("shares__")
        paused = ReaderPause.objects.open().filter(of_reader(user, "member"), network=OuterRef("network"))
        found = Meeting.objects.filter(~Exists(paused), member & (every | one), status="closed")
        return self.filter(pk__in=found.values("pk"))


class Meeting(models.Model):
    """A network meeting, from booking to close."""

    class Status(models.TextChoices):
        BOOKED = "booked", "booked"
        STARTED = "started", "going on"
        CLOSED = "closed", "closed"
        CANCELLED = "cancelled", "cancelled"

    class Place(models.TextChoices):
        HOME = "home", "at the person's home"
        OTHER_HOME = "other_home", "at another home"
        ELSEWHERE = "elsewhere", "somewhere else"
        REMOTE = "remote", "by video or phone"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="meetings")
    case = models.ForeignKey(Case, models.PROTECT, related_name="meetings")
    status = models.CharField(max_length=20, choices=Status, db_default=Status.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    travel_minutes = models.PositiveSmallIntegerField(db_default=0, help_text="As typed; kept free before and after")
    place = models.CharField(max_length=20, choices=Place, db_default=Place.HOME)
    address = models.CharField(max_length=300, blank=True)
    booked_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    booked_at = models.DateTimeField(db_default=Now())
    moves = models.PositiveSmallIntegerField(db_default=0, help_text="How often the time was moved")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    entered_afterwards = models.BooleanField(db_default=False)
    entered_why = models.CharField(max_length=300, blank=True, help_text="Why it was not recorded in the room")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When the meeting ended")
    closed_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    next_meeting = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    no_next_decided_by = models.CharField(
        max_length=300, blank=True, help_text="Who decided that there is no next meeting"
    )
    who_comes = models.CharField(max_length=300, blank=True, help_text="Who comes next time")
    night_number = models.CharField(max_length=40, blank=True, help_text="Whom to call at night")

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        indexes = [
            models.Index(fields=["case", "-starts_at"], name="meeting_case_starts"),
            models.Index(
                "service", "starts_at", condition=Q(status__in=["booked", "started"]), name="meeting_upcoming"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) & Q(ends_at__lte=F("starts_at") + timedelta(hours=8)),
                name="meeting_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(travel_minutes__lte=600), name="meeting_travel_within_ten_hours"),
            models.CheckConstraint(
                condition=~Q(place="elsewhere") | Q(address__regex=r"\S"), name="meeting_elsewhere_says_where"
            ),
            models.CheckConstraint(
                condition=Q(status="booked", started_at=None, closed_at=None, cancelled_at=None)
                | Q(status="started", started_at__isnull=False, closed_at=None, cancelled_at=None)
                | Q(status="closed", started_at__isnull=False, closed_at__isnull=False, cancelled_at=None)
                | Q(status="cancelled", started_at=None, closed_at=None, cancelled_at__isnull=False),
                name="meeting_times_fit_status",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("started_at")), name="meeting_closed_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancelled_reason__regex=r"\S"), name="cancelling_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(status="closed")
                | (Q(next_meeting__isnull=False) | Q(no_next_decided_by__regex=r"\S")) & Q(night_number__regex=r"\S"),
                name="close_says_next_and_night",
            ),
            models.CheckConstraint(
                condition=Q(entered_afterwards=False) | Q(entered_why__regex=r"\S"), name="entered_afterwards_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"meeting {self.uuid}"


class MeetingStaff(OfNetwork):
    """A clinician who comes to a meeting. `busy` (with travel) may not overlap: exclusion constraint staff_not_in_two_places."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="staffing")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="meetings")
    cover = models.BooleanField(db_default=False, help_text="Not of the team: covers this one meeting")
    busy = DateTimeRangeField(null=True, help_text="Kept by the database from the meeting's times")
    active = models.BooleanField(
        db_default=True, help_text="False once the meeting is cancelled or somebody else comes"
    )

    class Meta:
        ordering = ["cover", "pk"]
        constraints = [models.UniqueConstraint("meeting", "staff", name="meeting_staff_once")]

    def __str__(self) -> str:
        return f"meeting staff {self.pk}"


class Invitation(OfNetwork):
    """A member asked to a meeting by the person's word, and the answer."""

    class Answer(models.TextChoices):
        NONE = "", "not answered"
        YES = "yes", "yes"
        NO = "no", "no"
        NOT_SURE = "not_sure", "not sure"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="invitations")
    member = models.ForeignKey(Member, models.PROTECT, related_name="invitations")
    word = models.CharField(max_length=300, help_text="By whose word, and where it was given")
    asked_at = models.DateTimeField(db_default=Now())
    answer = models.CharField(max_length=20, choices=Answer, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("meeting", "member", condition=Q(withdrawn_at=None), name="invited_once"),
            not_blank("word", name="invitation_by_whose_word"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | ~Q(answer="") & Q(answered_at__isnull=False),
                name="answer_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.uuid}"


class Told(OfNetwork):
    """A word to somebody whom no e-mail reaches that a meeting was booked, moved or cancelled: by whom, how, and when."""

    class How(models.TextChoices):
        PHONE = "phone", "by phone"
        PAPER = "paper", "on paper"
        IN_PERSON = "in_person", "in person"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="tellings")
    moves = models.PositiveSmallIntegerField(help_text="Of which time and place: how often the meeting had been moved")
    cancelled = models.BooleanField(db_default=False, help_text="Filled in by the database")
    how = models.CharField(max_length=20, choices=How)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="Of whoever told them; filled in by the database")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint("invitation", "moves", "cancelled", name="told_once"),
            models.CheckConstraint(
                condition=Q(how__in=["phone", "paper", "in_person"]), name="one_of_the_answers_told"
            ),
        ]

    def __str__(self) -> str:
        return f"word {self.uuid}"


class OnTheWay(OfNetwork):
    """A word of the team before a meeting: they are on the way, and there is no signal there; or that this is taken back."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="words_of_the_way")
    moves = models.PositiveSmallIntegerField(help_text="Of which time and place: how often the meeting had been moved")
    going = models.BooleanField(help_text="False: an earlier word is taken back")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="Of whoever said so; filled in by the database")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"on the way {self.uuid}"


class Presence(OfNetwork):
    """Somebody in the room, from arriving to leaving. A mistaken tap is taken back beside, never deleted."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="presences")
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    arrived_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    left_uuid = models.UUIDField(null=True, blank=True, unique=True, help_text="Of the departure, made on the device")
    mistaken_at = models.DateTimeField(null=True, blank=True, help_text="Tapped by mistake: when that was noticed")
    offset_ms = models.IntegerField(null=True, blank=True, help_text="Device clock minus service clock, last measured")
    offline = models.BooleanField(db_default=False, help_text="Recorded without signal")
    late = models.BooleanField(db_default=False, help_text="Told by a device after the close; a line says so")
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["arrived_at", "pk"]
        constraints = [
            exactly_one("member", "staff", name="presence_of_one"),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=F("arrived_at")), name="leaves_after_arriving"
            ),
            models.CheckConstraint(
                condition=Q(arrived_at__lte=F("recorded_at") + timedelta(minutes=1)), name="arrival_not_in_future"
            ),
            models.UniqueConstraint(
                "meeting", "member", condition=Q(left_at=None, mistaken_at=None), name="member_present_once"
            ),
            models.UniqueConstraint(
                "meeting", "staff", condition=Q(left_at=None, mistaken_at=None), name="staff_present_once"
            ),
        ]

    def __str__(self) -> str:
        return f"presence {self.uuid}"


class LineQuerySet(models.QuerySet["Line"]):
    def in_sight(self) -> Self:
        """Not taken out of sight: see OutOfSight."""
        return self.filter(out_of_sight_at=None)

    def standing(self) -> Self:
        """Lines in sight that no later line replaced before read back."""
        return self.in_sight().filter(replaced_by=None)

    def decisions(self) -> Self:
        return self.filter(kind="decision")

    def shared_with(self, user: Any) -> Self:
        """What a member reads where a meeting is shared with them: nothing refused, nothing late that the person has not seen, and
        nothing that is kept back, unless the words are their own."""
        shown = self.standing().exclude(state="refused").exclude(late=True, seen_by_person_at=None)
        return shown.filter(Q(kept_back=False) | of_reader(user, "member"))


class Line(OfNetwork):
    """One line of the record: a voice, a reflection, a decision, an action, in the words that were said."""

    class Kind(models.TextChoices):
        USE = "use", "How to use this meeting"
        VOICE = "voice", "Voice"
        REFLECTION = "reflection", "Reflection"
        DECISION = "decision", "Decision"
        ACTION = "action", "Who does what"
        UNDERSTANDING = "understanding", "Shared understanding so far"
        # What a device told when the record had gone on without it: kept beside, written by nobody in the composer.
        TOLD = "told", "Told later"
        LEFT = "left", "Left, told later"
        ANSWERED = "answered", "Said when it was read back"

    class State(models.TextChoices):
        KEPT = "kept", "kept"
        ACCEPTED = "accepted", "decided together"
        TO_BE_CONFIRMED = "to_be_confirmed", "to be confirmed"
        CONFIRMED = "confirmed", "confirmed"
        REFUSED = "refused", "not accepted"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Made on the device")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=20, choices=State, db_default=State.KEPT)
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    voice = models.CharField(max_length=120, blank=True, help_text="Whose words, as they were called then")
    text = models.TextField()
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replacements")
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    chosen = models.BooleanField(db_default=False, help_text="The network chose these words among several versions")
    said_at = models.DateTimeField(help_text="Device time, corrected by the last measured offset")
    device_said_at = models.DateTimeField(null=True, blank=True)
    offset_ms = models.IntegerField(null=True, blank=True, help_text="Device clock minus service clock, last measured")
    offline = models.BooleanField(db_default=False, help_text="Recorded without signal")
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    late = models.BooleanField(
        db_default=False, help_text="Not read back: came after the close, or was not on the page that was read"
    )
    seen_by_person_at = models.DateTimeField(null=True, blank=True, help_text="A late line is unshared until then")
    refused_why = models.CharField(max_length=60, blank=True, help_text="The rule that refused it")
    contested_at = models.DateTimeField(null=True, blank=True)
    contested_why = models.CharField(max_length=60, blank=True, help_text="The rule that a later line showed broken")
    confirmed_in = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="confirmed_lines")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    action_who = models.CharField(max_length=120, blank=True)
    action_by = models.DateField(null=True, blank=True)
    action_looked_after_by = models.CharField(max_length=120, blank=True)
    kept_back = models.BooleanField(db_default=False, help_text="Filled in by the database: see KeptBack")
    out_of_sight_at = models.DateTimeField(null=True, blank=True, help_text="Filled in by the database: see OutOfSight")

    objects = LineQuerySet.as_manager()

    class Meta:
        ordering = ["said_at", "pk"]
        indexes = [models.Index(fields=["meeting", "said_at"], name="line_meeting_said")]
        constraints = [
            not_blank("text", name="line_says_something"),
            models.CheckConstraint(condition=Q(member=None) | Q(staff=None), name="line_of_one_voice"),
            models.CheckConstraint(
                condition=Q(kind="decision") & ~Q(state="kept")
                | ~Q(kind="decision") & Q(state__in=["kept", "refused"]),
                name="line_state_fits_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["voice", "reflection"]) | Q(voice__regex=r"\S"), name="voice_is_attributed"
            ),
            models.CheckConstraint(
                condition=~Q(kind="action")
                | Q(action_who__regex=r"\S", action_by__isnull=False, action_looked_after_by__regex=r"\S"),
                name="action_says_who_when_and_who_looks_after",
            ),
            models.CheckConstraint(
                condition=Q(state="refused") & ~Q(refused_why="") | ~Q(state="refused") & Q(refused_why=""),
                name="refused_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", confirmed_in__isnull=False, confirmed_at__isnull=False)
                | ~Q(state="confirmed") & Q(confirmed_in=None, confirmed_at=None),
                name="confirmed_in_a_meeting",
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.uuid}"


class KeptBackQuerySet(models.QuerySet["KeptBack"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class KeptBack(OfNetwork):
    """A line that family and friends do not read though they read the meeting: by the person, or by the one whose words it is.

    Each takes back only their own word. Whoever reads by the person's word never sees that there is one, but for their own.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, related_name="+", help_text="Of the line; filled in by the database"
    )
    line = models.ForeignKey(Line, models.PROTECT, related_name="keepings")
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="Filled in by the database")
    at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = KeptBackQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            exactly_one("member", "staff", name="kept_back_by_one"),
            models.UniqueConstraint(
                fields=["line", "member", "staff"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="kept_back_once",
            ),
        ]

    def __str__(self) -> str:
        return f"kept back {self.uuid}"


class TakenEntry(OfNetwork):
    """What a device sent has been taken, by the id it made there: sent again, it is not done again. Closed to every role but the owner."""

    uuid = models.UUIDField(unique=True)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    taken_from = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"taken entry {self.uuid}"


class DecidedWithout(OfNetwork):
    """An exception: what had to be decided without the person. Open until a meeting with the person has taken it up."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="exceptions")
    text = models.TextField(help_text="What was decided")
    decided_by = models.CharField(max_length=200)
    decided_at = models.DateTimeField()
    why = models.TextField(help_text="Why it could not wait")
    bring_to = models.ForeignKey(
        Meeting,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exceptions_brought",
        help_text="Empty: the next one booked",
    )
    brought_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())
    taken_up_in = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="exceptions_taken_up")
    taken_up_at = models.DateTimeField(null=True, blank=True)
    taken_up_words = models.TextField(blank=True, help_text="What was said about it, in the room")
    out_of_sight_at = models.DateTimeField(null=True, blank=True, help_text="Filled in by the database: see OutOfSight")

    class Meta:
        ordering = ["decided_at", "pk"]
        constraints = [
            not_blank("text", name="exception_says_what"),
            not_blank("decided_by", name="exception_says_who"),
            not_blank("why", name="exception_says_why"),
            models.CheckConstraint(
                condition=Q(decided_at__lte=F("recorded_at") + timedelta(minutes=1)), name="exception_not_in_future"
            ),
            models.CheckConstraint(
                condition=Q(taken_up_in=None, taken_up_at=None, taken_up_words="")
                | Q(taken_up_in__isnull=False, taken_up_at__isnull=False, taken_up_words__regex=r"\S"),
                name="taken_up_in_a_meeting_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"exception {self.uuid}"


class ReadBack(OfNetwork):
    """What each one who was there said when the record was read back."""

    class Answer(models.TextChoices):
        AGREED = "agreed", "agreed"
        DIFFERS = "differs", "sees it differently"
        LEFT_BEFORE = "left_before", "left before"

    entry = models.UUIDField(
        null=True, blank=True, help_text="The read back it was said in, by the id made on the device"
    )
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="read_backs")
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    answer = models.CharField(max_length=20, choices=Answer)
    words = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())
    recorded_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", help_text="Filled in by the database"
    )
    out_of_sight_at = models.DateTimeField(null=True, blank=True, help_text="Filled in by the database: see OutOfSight")

    class Meta:
        ordering = ["pk"]
        constraints = [
            exactly_one("member", "staff", name="read_back_of_one"),
            models.UniqueConstraint("meeting", "member", name="member_read_back_once"),
            models.UniqueConstraint("meeting", "staff", name="staff_read_back_once"),
            models.CheckConstraint(
                condition=~Q(answer="differs") | Q(words__regex=r"\S") | Q(out_of_sight_at__isnull=False),
                name="differs_in_own_words",
            ),
        ]

    def __str__(self) -> str:
        return f"read back {self.pk}"


class AddendumQuerySet(models.QuerySet["Addendum"]):
    def in_sight(self) -> Self:
        """Not taken out of sight: see OutOfSight."""
        return self.filter(out_of_sight_at=None)


class Addendum(OfNetwork):
    """What stands beside a closed note: an addition or another view, with its author."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        CORRECTS = "corrects", "Corrects something"
        DIFFERS = "differs", "Sees it differently"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="addenda")
    line = models.ForeignKey(Line, models.PROTECT, null=True, blank=True, related_name="addenda")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField()
    member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    at = models.DateTimeField(db_default=Now())
    out_of_sight_at = models.DateTimeField(null=True, blank=True, help_text="Filled in by the database: see OutOfSight")

    objects = AddendumQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            exactly_one("member", "staff", name="addendum_of_one"),
            not_blank("text", name="addendum_says_something"),
        ]

    def __str__(self) -> str:
        return f"addendum {self.uuid}"


class ToBringQuerySet(models.QuerySet["ToBring"]):
    def in_sight(self) -> Self:
        """Not taken out of sight: see OutOfSight."""
        return self.filter(out_of_sight_at=None)

    def waiting(self) -> Self:
        """Not taken up, and no meeting of the network was closed since it was written."""
        met = Meeting.objects.held().filter(network=OuterRef("network"), closed_at__gte=OuterRef("at"))
        return self.in_sight().filter(~Exists(met), taken_up_in=None)


class ToBring(models.Model):
    """What the person or a member would like to bring to the next meeting, written between meetings. The person reads all of it.

    The team reads it on the pages that are theirs; the record page, which everybody in the room sees, shows what its author lets it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="brought")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="Filled in by the database")
    text = models.TextField()
    in_the_room = models.BooleanField(
        db_default=False, help_text="Its author lets it stand on the record page, which everybody in the room sees"
    )
    at = models.DateTimeField(db_default=Now())
    taken_up_in = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="+")
    taken_up_at = models.DateTimeField(null=True, blank=True)
    out_of_sight_at = models.DateTimeField(null=True, blank=True, help_text="Filled in by the database: see OutOfSight")

    objects = ToBringQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["network", "at"], name="to_bring_network_at")]
        constraints = [
            not_blank("text", name="to_bring_says_something"),
            models.CheckConstraint(
                condition=Q(taken_up_in=None, taken_up_at=None)
                | Q(taken_up_in__isnull=False, taken_up_at__isnull=False),
                name="brought_taken_up_in_a_meeting",
            ),
        ]

    def __str__(self) -> str:
        return f"to bring {self.uuid}"


# All words that can go out of sight, and how OutOfSight calls them.
WORDS: dict[type[models.Model], str] = {
    Line: "line", Addendum: "addendum", ReadBack: "read_back", DecidedWithout: "exception", ToBring: "brought", Referral: "referral",
    Contact: "contact",
}  # fmt: skip


class OutOfSightQuerySet(models.QuerySet["OutOfSight"]):
    def open(self) -> Self:
        """Asked, and still to be confirmed in time."""
        return self.filter(done_at=None, until__gt=Now())

    def about(self, words: models.Model) -> Self:
        return self.filter(**{WORDS[type(words)]: words})


class OutOfSight(OfNetwork):
    """The one way out of the record: two of the staff together take words out of sight, wherever they stand.

    One asks, the other confirms in their own session, within three days; until then the words stay. Afterwards the app's role reads them
    no more, whoever asks. The person reads here who did it, when and why. A row that is more than words (a call, say) stays without them.
    """

    class Why(models.TextChoices):
        WRONG_CASE = "wrong_case", "they belong to somebody else’s case"
        LAW = "law", "the law forbids keeping them here"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, related_name="+", help_text="In which they stand; filled in by the database"
    )
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="out_of_sight",
        help_text="In which they stand, if in one; filled in by the database",
    )  # fmt: skip
    line = models.ForeignKey(Line, models.PROTECT, null=True, blank=True, related_name="+")
    addendum = models.ForeignKey(Addendum, models.PROTECT, null=True, blank=True, related_name="+")
    read_back = models.ForeignKey(ReadBack, models.PROTECT, null=True, blank=True, related_name="+")
    exception = models.ForeignKey(DecidedWithout, models.PROTECT, null=True, blank=True, related_name="+")
    brought = models.ForeignKey(ToBring, models.PROTECT, null=True, blank=True, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=20, choices=Why)
    words = models.CharField(max_length=500, help_text="Why, in words that do not repeat the text")
    asked_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    asked_name = models.CharField(max_length=120, blank=True, help_text="Filled in by the database")
    asked_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, help_text="By when somebody else confirms; filled in by the database")
    second = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    second_name = models.CharField(max_length=120, blank=True, help_text="Filled in by the database")
    done_at = models.DateTimeField(null=True, blank=True)

    objects = OutOfSightQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            exactly_one(*WORDS.values(), name="out_of_sight_one_thing"),
            not_blank("words", name="out_of_sight_says_why"),
            models.CheckConstraint(condition=Q(why__in=["wrong_case", "law"]), name="one_of_the_answers_out_of_sight"),
            models.CheckConstraint(
                condition=Q(second=None, done_at=None)
                | Q(second__isnull=False, done_at__isnull=False) & ~Q(second=F("asked_by")),
                name="out_of_sight_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"out of sight {self.uuid}"


class SetAside(OfNetwork):
    """Words out of sight whose row stays without them, as they were written. Closed to every role but the owner."""

    asked = models.OneToOneField(OutOfSight, models.PROTECT, related_name="+")
    words = models.JSONField()

    def __str__(self) -> str:
        return f"set aside {self.pk}"


class NoteShareQuerySet(models.QuerySet["NoteShare"]):
    def active(self) -> Self:
        """Words that hold now."""
        return self.filter(lasts(), withdrawn_at=None)


class NoteShare(OfNetwork):
    """The person's word that a member may read one meeting. For standing consent see network.Consent."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="shares")
    member = models.ForeignKey(Member, models.PROTECT, related_name="shares")
    given_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, blank=True, help_text="The word holds before this moment; empty: no end")
    how = models.CharField(max_length=20, choices=Consent.How)
    where = models.CharField(max_length=200, blank=True)
    witness = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = NoteShareQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("meeting", "member", condition=Q(withdrawn_at=None), name="shared_once"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("given_at")), name="share_lasts_until_a_time_to_come"
            ),
            models.CheckConstraint(
                condition=Q(how="own_page") | Q(witness__regex=r"\S"), name="share_names_its_witness"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="share_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"share {self.uuid}"


class TeamChange(models.Model):
    """Why a network's team changed, and the meeting it was made in. Outside a meeting only with the reason why it could not wait."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="team_changes")
    meeting = models.ForeignKey(Meeting, models.PROTECT, null=True, blank=True, related_name="team_changes")
    joined = models.ForeignKey(TeamMember, models.PROTECT, null=True, blank=True, related_name="+")
    left = models.ForeignKey(TeamMember, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    why_outside = models.CharField(max_length=300, blank=True, help_text="Why it was not made in a meeting")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            not_blank("reason", name="team_change_says_why"),
            models.CheckConstraint(
                condition=Q(joined__isnull=False) | Q(left__isnull=False), name="team_change_changes_somebody"
            ),
            models.CheckConstraint(
                condition=Q(meeting__isnull=False) | Q(why_outside__regex=r"\S"), name="team_change_made_in_a_meeting"
            ),
        ]

    def __str__(self) -> str:
        return f"team change {self.uuid}"
