"""First contact: the crisis case, its referrals, the response timer, and what is recorded beside it.

Cases, referrals and timers come into being only through od.take_referral (migrations/sql), in one transaction. A timer is never
written by the app: the database moves it when a correction, a change of urgency, a reply, a presence or a closure is recorded.
"""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from network.models import Member, Network, OfNetwork, Service, Staff, not_blank, opened_in_need, seen_by
from referrals.escalation import (
    Acknowledgement,
    EscalationPlan,
    OnCall,
    PlanStep,
    Subject,
    Watch,
    WatchStep,
    Whom,
)

__all__ = [
    "Acknowledgement",
    "Case",
    "CaseClosure",
    "CaseHandover",
    "Contact",
    "DoorKnock",
    "EscalationPlan",
    "FirstHeardCorrection",
    "OnCall",
    "PlanStep",
    "Referral",
    "ResponseTimer",
    "Subject",
    "Urgency",
    "UrgencyChange",
    "Watch",
    "WatchStep",
    "Whom",
]


class Urgency(models.TextChoices):
    EMERGENCY = "emergency", "Emergency"
    VERY_URGENT = "very_urgent", "Within 4 hours"
    URGENT = "urgent", "Within 24 hours"
    NOT_CRISIS = "not_crisis", "Not a crisis"


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def closed_unsaid(self) -> Self:
        """Closed, and something that was decided without the person has not been taken up by a meeting."""
        return self.filter(closed_at__isnull=False, open_exceptions__gt=0)

    def overdue(self) -> Self:
        return self.filter(due_at__lt=timezone.now())

    def taken_by_nobody(self) -> Self:
        return self.filter(taken_at=None)

    def owned_by(self, staff: Staff) -> Self:
        return self.filter(owner=staff)

    def by_time_left(self) -> Self:
        """Running clocks first, the least time left on top; then the most recently opened."""
        return self.order_by(F("due_at").asc(nulls_last=True), "-opened_at", "-pk")

    def visible_to(self, user: Any) -> Self:
        """Cases `user` may open: their service's (coordinator, lead), their team's or own (clinician), or their own (person).

        And for a clinician those with an open clock of which they were told.
        """
        condition = seen_by(user)
        if user.is_authenticated and user.staff:
            condition |= Q(owner=user.staff)
            if not user.staff.oversees:
                condition |= Q(pk__in=Watch.objects.open().told_to(user.staff).values("case"))
        return self.filter(condition)

    def readable_by(self, user: Any) -> Self:
        """All of `visible_to`, and what `user` has opened in need."""
        this = Case.objects.filter(pk=OuterRef("pk"))  # each by itself: a list would be of all in the service
        return self.filter(Exists(this.visible_to(user)) | opened_in_need(user))


class Case(models.Model):
    """A crisis case: from first heard until the network and the team agree that no more meetings are needed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="cases")
    opened_at = models.DateTimeField(db_default=Now())
    owner = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: given to the one on duty, taken by nobody yet"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    # What the board shows, kept by the database (od.refresh_case).
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first running clock is due; empty: none runs"
    )
    to_be_told = models.BooleanField(
        db_default=False, help_text="A caller has not been told that the person can read it"
    )
    last_contact = models.ForeignKey("Contact", models.PROTECT, null=True, blank=True, related_name="+")
    team_size = models.PositiveSmallIntegerField(db_default=0)
    next_meeting_at = models.DateTimeField(null=True, blank=True)
    on_the_way_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The team said that it is on the way and that there is no signal; kept by meetings",
    )
    meeting_fell_through = models.BooleanField(
        db_default=False, help_text="A meeting was cancelled and no new time is set"
    )
    unanswered = models.PositiveSmallIntegerField(
        db_default=0, help_text="Invitations to the next meeting without an answer"
    )
    open_exceptions = models.PositiveSmallIntegerField(db_default=0)
    wish_waiting_since = models.DateTimeField(
        null=True, blank=True, help_text="Somebody asked for a meeting and got none yet"
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("service", F("due_at").asc(nulls_last=True), F("opened_at").desc(), F("id").desc(),
                         condition=Q(closed_at=None), include=["network"], name="case_on_board"),
            models.Index(fields=["service"], condition=Q(closed_at=None, taken_at=None), name="case_taken_by_nobody"),
            models.Index(fields=["network", "-opened_at"], name="case_network"),
            models.Index(fields=["service", "closed_at"], condition=Q(closed_at__isnull=False, open_exceptions__gt=0),
                         name="case_closed_unsaid"),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint("network", condition=Q(closed_at=None), name="network_has_one_open_case"),
        ]

    def __str__(self) -> str:
        return f"case {self.uuid}"

    def get_absolute_url(self) -> str:
        """The page of the case, which belongs to meetings: named by its address, so that nothing here looks up."""
        return f"/cases/{self.uuid}/"


class Referral(OfNetwork):
    """One call, letter or form about a person, in the caller's own words."""

    class Channel(models.TextChoices):
        PHONE = "phone", "by phone"
        IN_PERSON = "in_person", "in person"
        LETTER = "letter", "by letter or e-mail"
        COLLEAGUE = "colleague", "through a colleague"
        PUBLIC_PAGE = "public_page", "on the public page"

    class Told(models.TextChoices):
        SELF = "self", "the person is calling"
        YES = "yes", "yes, they know"
        NOT_YET = "not_yet", "not told yet"
        REFUSED = "refused", "they say no"

    class Place(models.TextChoices):
        HOME = "home", "at the person's home"
        OTHER_HOME = "other_home", "at another home"
        ELSEWHERE = "elsewhere", "somewhere else"
        REMOTE = "remote", "by video or phone"
        NOT_SAID = "not_said", "not said yet"

    class Pathway(models.TextChoices):
        CRISIS = "crisis", "crisis"
        NON_CRISIS = "non_crisis", "not a crisis"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="referrals")
    timer = models.ForeignKey(
        "ResponseTimer", models.PROTECT, related_name="referrals", help_text="Started by it, or joined"
    )
    person_name = models.CharField(max_length=120)
    caller_name = models.CharField(max_length=120, blank=True)
    caller_relation = models.CharField(max_length=120, blank=True)
    caller = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    call_back = models.CharField(max_length=200)
    words = models.TextField(blank=True, help_text="What is happening, in the caller's own words")
    safety = models.TextField(blank=True, help_text="What the team should know to come safely")
    told = models.CharField(max_length=20, choices=Told)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When they were told later")
    channel = models.CharField(max_length=20, choices=Channel)
    pathway = models.CharField(max_length=20, choices=Pathway, db_default=Pathway.CRISIS)
    urgency = models.CharField(max_length=20, choices=Urgency, help_text="As taken; changes stand beside the timer")
    place = models.CharField(max_length=20, choices=Place, db_default=Place.NOT_SAID)
    place_words = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=60, blank=True)
    interpreter = models.CharField(max_length=200, blank=True)
    first_heard_at = models.DateTimeField(help_text="As taken; corrections stand beside the timer")
    late_reason = models.CharField(max_length=300, blank=True, help_text="Why it is recorded over a day later")
    taken_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())
    out_of_sight_at = models.DateTimeField(
        null=True, blank=True, help_text="Filled in by the database: see meetings.OutOfSight"
    )

    class Meta:
        ordering = ["first_heard_at", "pk"]
        constraints = [
            not_blank("person_name", name="referral_person_name_given"),
            not_blank("call_back", name="referral_call_back_given"),
            models.CheckConstraint(
                condition=Q(told__in=["self", "yes"]) | Q(words="", safety=""), name="untold_words_left_out"
            ),
            models.CheckConstraint(
                condition=Q(told__in=["not_yet", "refused"]) | Q(told_at__isnull=False) | Q(words__regex=r"\S"),
                name="referral_words_given",
            ),
            models.CheckConstraint(
                condition=Q(first_heard_at__lte=F("recorded_at") + timedelta(minutes=1)),
                name="first_heard_not_in_future",
            ),
            models.CheckConstraint(
                condition=Q(first_heard_at__gte=F("recorded_at") - timedelta(days=1)) | Q(late_reason__regex=r"\S"),
                name="first_heard_long_ago_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"referral {self.uuid}"


class TimerQuerySet(models.QuerySet["ResponseTimer"]):
    def running(self) -> Self:
        return self.filter(outcome="running")


class ResponseTimer(OfNetwork):
    """The clock of a referral: from first heard to met (or to the first reply, when it is not a crisis). Elapsed hours."""

    class Kind(models.TextChoices):
        MEETING = "meeting", "first meeting"
        REPLY = "reply", "first reply"

    class Outcome(models.TextChoices):
        RUNNING = "running", "running"
        MET = "met", "met"
        REPLIED = "replied", "replied"
        NOT_MET = "not_met", "not met"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="timers")
    kind = models.CharField(max_length=20, choices=Kind)
    urgency = models.CharField(max_length=20, choices=Urgency)
    hours = models.PositiveSmallIntegerField(help_text="Elapsed hours from first heard to due")
    first_heard_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="first_heard_at plus hours, kept by the database")
    outcome = models.CharField(max_length=20, choices=Outcome, db_default=Outcome.RUNNING)
    met_at = models.DateTimeField(null=True, blank=True, help_text="When they met, or when the reply was given")
    known_at = models.DateTimeField(null=True, blank=True, help_text="When the service learned of it")
    recorded_offline = models.BooleanField(db_default=False)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it stopped running, whatever the outcome")
    coded_exception = models.CharField(max_length=30, blank=True)

    objects = TimerQuerySet.as_manager()

    class Meta:
        ordering = ["first_heard_at", "pk"]
        indexes = [models.Index("due_at", condition=Q(outcome="running"), name="timer_running_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="running", met_at=None, known_at=None, ended_at=None)
                | Q(
                    outcome__in=["met", "replied"], met_at__isnull=False, known_at__isnull=False, ended_at__isnull=False
                )
                | Q(outcome="not_met", met_at=None, known_at=None, ended_at__isnull=False),
                name="timer_times_fit_outcome",
            ),
            models.CheckConstraint(condition=Q(met_at=None) | Q(met_at__lte=F("known_at")), name="met_not_after_known"),
            models.CheckConstraint(
                condition=Q(met_at=None) | Q(met_at__gte=F("first_heard_at")), name="met_after_first_heard"
            ),
        ]

    def __str__(self) -> str:
        return f"timer {self.uuid}"

    @property
    def elapsed(self) -> timedelta | None:
        """From first heard to met or replied; None while it runs and when they never met."""
        return self.met_at - self.first_heard_at if self.met_at else None


class FirstHeardCorrection(OfNetwork):
    """Moves a timer's start. The original stays here."""

    timer = models.ForeignKey(ResponseTimer, models.PROTECT, related_name="corrections")
    original = models.DateTimeField(help_text="Filled in by the database")
    corrected = models.DateTimeField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            not_blank("reason", name="correction_says_why"),
            models.CheckConstraint(condition=Q(corrected__lte=F("at")), name="corrected_not_in_future"),
        ]

    def __str__(self) -> str:
        return f"correction {self.pk}"


class UrgencyChange(OfNetwork):
    """Changes a timer's urgency. Lowering needs a reason and is counted."""

    timer = models.ForeignKey(ResponseTimer, models.PROTECT, related_name="urgency_changes")
    before = models.CharField(max_length=20, choices=Urgency, help_text="Filled in by the database")
    after = models.CharField(max_length=20, choices=Urgency)
    lowered = models.BooleanField(db_default=False, help_text="Filled in by the database")
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(lowered=False) | Q(reason__regex=r"\S"), name="lowering_says_why"),
        ]

    def __str__(self) -> str:
        return f"urgency change {self.pk}"


class Contact(OfNetwork):
    """What happened beside the clock: called back, no answer, offered, declined. Only a reply ends a reply timer."""

    class Kind(models.TextChoices):
        CALLED_BACK = "called_back", "Called back"
        NO_ANSWER = "no_answer", "No answer"
        OFFERED = "offered", "Offered"
        DECLINED = "declined", "Declined"
        REPLIED = "replied", "Replied"
        TAKEN = "taken", "Taken over"
        WISH = "wish", "Asked for a meeting"

    class Declined(models.TextChoices):
        MEETING = "meeting", "the meeting"
        HOME = "home", "meeting at home"
        MEMBER = "member", "that somebody is invited"
        OTHER = "other", "something else"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=20, choices=Kind)
    whom = models.CharField(max_length=120, blank=True, help_text="Who was spoken to")
    words = models.TextField(blank=True)
    declined_by = models.CharField(max_length=120, blank=True)
    declined_what = models.CharField(max_length=20, choices=Declined, blank=True)
    offered = models.TextField(blank=True, help_text="What was offered")
    next_contact = models.CharField(max_length=300, blank=True, help_text="The agreed next contact")
    next_contact_at = models.DateTimeField(null=True, blank=True)
    by_staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    by_member = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), help_text="When it happened")
    recorded_at = models.DateTimeField(db_default=Now())
    out_of_sight_at = models.DateTimeField(
        null=True, blank=True, help_text="Filled in by the database: see meetings.OutOfSight"
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["case", "-at"], name="contact_case_at")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="declined")
                | Q(declined_by__regex=r"\S", offered__regex=r"\S", next_contact__regex=r"\S") & ~Q(declined_what=""),
                name="refusal_says_what_who_and_next",
            ),
            models.CheckConstraint(
                condition=Q(at__lte=F("recorded_at") + timedelta(minutes=1)), name="contact_not_in_future"
            ),
            models.CheckConstraint(
                condition=Q(by_staff__isnull=False, by_member=None) & ~Q(kind="wish")
                | Q(by_staff=None, by_member__isnull=False, kind="wish"),
                name="contact_by_staff_wish_by_member",
            ),
        ]

    def __str__(self) -> str:
        return f"contact {self.uuid}"


class CaseClosure(OfNetwork):
    """Closes a case. Without a meeting: the reason, the offers made, two names of staff, and word to person and caller."""

    class Kind(models.TextChoices):
        TOGETHER = "together", "decided together in a meeting"
        WITHOUT_MEETING = "without_meeting", "without a meeting"

    class Code(models.TextChoices):
        """Coded exceptions: figures are always shown with and without them."""

        NONE = "", "none of these"
        PERSON_DECLINED = "person_declined", "the person did not want to meet"
        NOT_FOUND = "not_found", "the person could not be found"
        OTHER_SERVICE = "other_service", "another service meets them"
        MOVED_AWAY = "moved_away", "the person is elsewhere"
        DIED = "died", "the person has died"

    case = models.OneToOneField(Case, models.PROTECT, related_name="closure")
    kind = models.CharField(max_length=20, choices=Kind)
    reason = models.TextField()
    code = models.CharField(max_length=30, choices=Code, blank=True)
    offers = models.TextField(blank=True, help_text="What was offered, and when")
    first_staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    second_staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    word_to_person = models.CharField(
        max_length=300, blank=True, help_text="How the person was told, or why it was not possible"
    )
    word_to_caller = models.CharField(
        max_length=300, blank=True, help_text="How the caller was told, or why it was not possible"
    )
    decided_in = models.UUIDField(null=True, blank=True, help_text="The meeting in which it was decided together")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            not_blank("reason", name="closure_says_why"),
            models.CheckConstraint(
                condition=Q(kind="together", decided_in__isnull=False)
                | Q(
                    kind="without_meeting",
                    offers__regex=r"\S",
                    second_staff__isnull=False,
                    word_to_person__regex=r"\S",
                    word_to_caller__regex=r"\S",
                ),
                name="closure_without_meeting_complete",
            ),
            models.CheckConstraint(condition=~Q(first_staff=F("second_staff")), name="closure_two_names"),
        ]

    def __str__(self) -> str:
        return f"closure of case {self.case_id}"


class CaseHandover(OfNetwork):
    """A case given from one owner to the next, or taken by its owner."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="handovers")
    before = models.ForeignKey(Staff, models.PROTECT, related_name="+", help_text="As whoever gives or takes it saw it")
    before_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when they had taken it, as seen; empty: nobody had"
    )
    after = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"handover {self.pk}"


class DoorKnock(models.Model):
    """One public referral from one sender (a keyed hash of the address): what od.take_referral counts to limit them."""

    sender = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["sender", "at"], name="door_knock_sender_at")]

    def __str__(self) -> str:
        return f"knock {self.pk}"
