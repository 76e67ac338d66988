"""Who is told, when, and by which way, while a clock runs: plans, watches and their steps, acknowledgements, the rota.

Models of referrals, in a file of their own because their subject is. The app never writes a watch or a step: the database starts, moves,
fires and ends them (migrations/sql/0011_clock_rules.sql, 0013_sweep.sql), whoever or whatever changed what they watch over.
"""

import uuid
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from network.models import Message, Network, OfNetwork, Service, Staff, StaffChannel, seen_by


class Subject(models.TextChoices):
    """What a plan is for."""

    URGENT = "first_meeting_urgent", "First meeting, urgent"
    VERY_URGENT = "first_meeting_very_urgent", "First meeting, very urgent or emergency"
    REPLY = "first_reply", "First reply"
    WISH = "wish", "Somebody asked for a meeting"
    WORDS = "words_between", "Somebody wrote between meetings"
    EXCEPTION = "exception", "An exception not yet taken up"


class Whom(models.TextChoices):
    OWNER = "owner", "whoever looks after the case"
    COORDINATOR = "coordinator_on_duty", "the coordinator on duty"
    CLINICIAN = "clinician_on_call", "the clinician on call"
    LEAD = "lead", "the service lead"


class EscalationPlan(models.Model):
    """How a service escalates one subject. Never changed: a new plan is a new row, and the newest holds for new clocks."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="plans")
    subject = models.CharField(max_length=30, choices=Subject)
    hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Elapsed hours to the deadline; empty where the clock of the referral says"
    )
    hold_minutes = models.PositiveIntegerField(help_text="How long “I have it” holds when nothing follows")
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["subject", "-made_at", "-pk"]
        indexes = [models.Index(fields=["service", "subject", "-made_at"], name="plan_current")]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    subject__in=["first_meeting_urgent", "first_meeting_very_urgent", "first_reply"], hours=None
                )
                | Q(
                    subject__in=["wish", "words_between", "exception"],
                    hours__isnull=False,
                    hours__gt=0,
                    hours__lte=24 * 60,
                ),
                name="plan_hours_fit_subject",
            ),
            models.CheckConstraint(
                condition=Q(hold_minutes__gte=15, hold_minutes__lte=7 * 24 * 60), name="plan_hold_within_a_week"
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.uuid}"


class PlanStep(models.Model):
    """One step of a plan: at a share of the time to the deadline, or so many minutes before (−) or after it."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    plan = models.ForeignKey(EscalationPlan, models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    share = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    minutes = models.IntegerField(null=True, blank=True)
    whom = models.CharField(max_length=30, choices=Whom)
    channels = ArrayField(models.CharField(max_length=10))
    wait_minutes = models.PositiveIntegerField(
        help_text="How long to wait for “I have it” before the next; after the last it begins anew"
    )

    class Meta:
        ordering = ["plan", "position"]
        constraints = [
            models.UniqueConstraint("plan", "position", name="plan_position_once"),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=1, minutes=None)
                | Q(share=None, minutes__gte=-7 * 24 * 60, minutes__lte=30 * 24 * 60),
                name="step_has_one_moment",
            ),
            models.CheckConstraint(condition=Q(whom__in=Whom.values), name="step_whom_in_words"),
            models.CheckConstraint(
                condition=Q(channels__len__gt=0, channels__contained_by=StaffChannel.Kind.values),
                name="step_has_a_channel",
            ),
            models.CheckConstraint(
                condition=Q(wait_minutes__gte=5, wait_minutes__lte=30 * 24 * 60), name="step_waits_five_minutes"
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.position} of plan {self.plan_id}"


class WatchQuerySet(models.QuerySet["Watch"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def told_to(self, staff: Staff) -> Self:
        """Watches of which `staff` was told by a step."""
        steps = Message.objects.filter(staff=staff, step__isnull=False).values("step")
        return self.filter(steps__in=steps)

    def visible_to(self, user: Any) -> Self:
        """Watches `user` may see and acknowledge: of cases they may open, and those they were told of."""
        if not (user.is_authenticated and user.staff):
            return self.none()
        told = Watch.objects.open().told_to(user.staff).values("pk")
        return self.filter(seen_by(user) | Q(case__owner=user.staff) | Q(pk__in=told))


class Watch(models.Model):
    """A clock that is watched over: of a response timer, a wish, words written between meetings, an exception.

    Open until what it waits for has come. An open watch always has a moment at which the sweep looks at it again.
    """

    class Why(models.TextChoices):
        """Why it ended."""

        MET = "met", "they met"
        REPLIED = "replied", "a reply was given"
        NOT_MET = "not_met", "closed without a meeting"
        ANSWERED = "answered", "it was answered"
        READ = "read", "it was read"
        TAKEN_UP = "taken_up", "a meeting took it up"
        CLOSED = "closed", "the case was closed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_index=False)
    network = models.ForeignKey(Network, models.PROTECT, related_name="+")
    case = models.ForeignKey("referrals.Case", models.PROTECT, related_name="watches")
    subject = models.CharField(max_length=30, choices=Subject)
    timer = models.OneToOneField("referrals.ResponseTimer", models.PROTECT, null=True, blank=True, related_name="watch")
    thing = models.UUIDField(null=True, blank=True, unique=True, help_text="The wish, the words or the exception")
    plan = models.ForeignKey(
        EscalationPlan, models.PROTECT, related_name="+", db_index=False, help_text="As it was when this began"
    )
    opened_at = models.DateTimeField(help_text="When it came to be known here: which plan held then")
    started_at = models.DateTimeField(help_text="From when shares of the time are counted")
    due_at = models.DateTimeField()
    round = models.PositiveIntegerField(db_default=0)
    held_by = models.ForeignKey(
        Staff,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who has it, until a next step asks anew",
    )
    held_since = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(
        null=True, blank=True, help_text="When to see whether anything followed, and to begin anew if not"
    )
    check_since = models.DateTimeField(null=True, blank=True, help_text="After what moment it has to have followed")
    next_at = models.DateTimeField(null=True, blank=True, help_text="When the sweep looks at it next")
    failures = models.PositiveIntegerField(db_default=0, help_text="How often in a row the sweep failed on it")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=20, choices=Why, blank=True)

    objects = WatchQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index("next_at", condition=Q(ended_at=None), name="watch_next"),
            models.Index("case", condition=Q(ended_at=None), name="watch_open_of_case"),
            models.Index("id", condition=Q(ended_at=None, failures__gt=0), name="watch_failing"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_why="", next_at__isnull=False)
                | Q(ended_at__isnull=False, next_at=None, check_at=None) & ~Q(ended_why=""),
                name="open_watch_is_looked_at_again",
            ),
            models.CheckConstraint(
                condition=Q(timer__isnull=False, thing=None) | Q(timer=None, thing__isnull=False),
                name="watch_of_one_thing",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("started_at")), name="watch_due_after_start"),
        ]

    def __str__(self) -> str:
        return f"watch {self.uuid}"


class WatchStepQuerySet(models.QuerySet["WatchStep"]):
    def planned(self) -> Self:
        """Still to come."""
        return self.filter(fired_at=None, dropped_at=None)

    def fired(self) -> Self:
        return self.filter(fired_at__isnull=False)


class WatchStep(models.Model):
    """One step of a watch: planned, then fired, or dropped because it was no longer needed or another round began.

    Found by its watch (step_once_a_round); an index on anything else would be written each time one fires.
    """

    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_index=False)
    network = models.ForeignKey(Network, models.PROTECT, related_name="+", db_index=False)
    watch = models.ForeignKey(Watch, models.PROTECT, related_name="steps", db_index=False)
    round = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    whom = models.CharField(max_length=30, choices=Whom)
    channels = ArrayField(models.CharField(max_length=10))
    wait_minutes = models.PositiveIntegerField()
    planned_at = models.DateTimeField(help_text="As the plan says")
    due_at = models.DateTimeField(
        help_text="As it is: earlier when nobody said “I have it”, later while somebody has it"
    )
    fired_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    objects = WatchStepQuerySet.as_manager()

    class Meta:
        ordering = ["watch", "round", "position"]
        indexes = [
            models.Index("due_at", condition=Q(fired_at=None, dropped_at=None), name="step_due"),
        ]
        constraints = [
            models.UniqueConstraint("watch", "round", "position", name="step_once_a_round"),
            models.CheckConstraint(condition=Q(fired_at=None) | Q(dropped_at=None), name="step_fired_or_dropped"),
        ]

    def __str__(self) -> str:
        return f"step {self.pk}"

    @property
    def messages(self) -> models.QuerySet[Message]:
        """What it sent, and how far each message came."""
        return Message.objects.filter(step=self.pk)


class Acknowledgement(OfNetwork):
    """“I have it”: from whom, since when, and until when that holds if nothing follows."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    watch = models.ForeignKey(Watch, models.PROTECT, related_name="acknowledgements")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now(), help_text="Filled in by the database")
    good_until = models.DateTimeField(db_default=Now(), help_text="Filled in by the database")

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"acknowledgement {self.pk}"


class OnCallQuerySet(models.QuerySet["OnCall"]):
    def standing(self) -> Self:
        """The rota as it is now; what was swapped away stays as rows beside it."""
        return self.filter(replaced_at=None)


class OnCall(models.Model):
    """A turn of the rota. A swap replaces it by new turns and keeps it: the history of who was meant to be there."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", "coordinator on duty"
        CLINICIAN = "clinician", "clinician on call"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="rota")
    role = models.CharField(max_length=20, choices=Role)
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="turns")
    period = DateTimeRangeField(help_text="From, and until but not including")
    made_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_with")
    replaced_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    replaced_why = models.CharField(max_length=300, blank=True)

    objects = OnCallQuerySet.as_manager()

    class Meta:
        ordering = ["period", "role"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["coordinator", "clinician"]), name="turn_role_in_words"),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="turn_has_begin_and_end",
            ),
            models.CheckConstraint(
                condition=Q(replaced_at=None, replaced_by=None, replaced_why="")
                | Q(replaced_at__isnull=False, replaced_by__isnull=False),
                name="turn_replaced_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"turn {self.pk}"
