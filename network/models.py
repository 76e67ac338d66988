"""Who: services, accounts, staff, networks and their members, teams, standing consent, and the logs that stay.

Row security (migrations/sql) decides which rows the app's database role sees; the querysets here say the same in Django's words.
Rows are scoped by `service` and `network`; the database copies both from the parent row, so they cannot disagree.
"""

import uuid
from functools import cached_property
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Lower, Now

from network.identity import Eyes


def exactly_one(*fields: str, name: str) -> models.CheckConstraint:
    """A constraint: just one of the nullable `fields` is set."""
    condition = Q()
    for chosen in fields:
        condition |= Q(**{f"{field}__isnull": field != chosen for field in fields})
    return models.CheckConstraint(condition=condition, name=name)


def not_blank(field: str, *, name: str) -> models.CheckConstraint:
    """A constraint: `field` holds more than white space."""
    return models.CheckConstraint(condition=Q(**{f"{field}__regex": r"\S"}), name=name)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """An account for `email`; without a password it is opened by e-mailed code only."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A way to sign in, nothing more: who somebody is stands on Staff and Member."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=Now())

    on_duty = False  # whether it is their turn: known in a request, where the account is loaded with all it asks of it

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = UserManager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case")]

    def __str__(self) -> str:
        return f"account {self.pk}"

    @cached_property
    def staff(self) -> "Staff | None":
        """The active staff row of this account, or None for network members and those who left."""
        return Staff.objects.active().filter(user=self).select_related("service").first()

    @cached_property
    def time_zone(self) -> str | None:
        """The zone of the service this account belongs to, or None before it belongs to one."""
        if self.staff:
            return self.staff.service.time_zone
        service = Service.objects.filter(pk__in=self.memberships.current().values("service")).first()
        return service.time_zone if service else None

    @cached_property
    def has_second_factor(self) -> bool:
        """A passkey or an authenticator app, as staff need."""
        from allauth.mfa.models import Authenticator  # allauth's models need this one first

        return Authenticator.objects.filter(user=self).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


class Service(models.Model):
    """An organisation's Open Dialogue team. Several share an installation and never see each other."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="Europe/Helsinki")
    languages = models.CharField(max_length=200, default="English", help_text="As people call them, with commas")
    emergency_number = models.CharField(max_length=40, default="112")
    emergency_advice = models.TextField(help_text="What to do in an emergency, in plain words")
    night_number = models.CharField(max_length=40, help_text="Whom to call at night")
    hours_urgent = models.PositiveSmallIntegerField(db_default=24)
    hours_very_urgent = models.PositiveSmallIntegerField(db_default=4)
    hours_reply = models.PositiveSmallIntegerField(db_default=72)
    takes_public_referrals = models.BooleanField(db_default=True)
    on_duty = models.ForeignKey("Staff", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(hours_urgent__gt=0, hours_very_urgent__gt=0, hours_reply__gt=0),
                name="service_hours_positive",
            ),
            not_blank("night_number", name="service_night_number_given"),
        ]

    def __str__(self) -> str:
        return self.name


class StaffQuerySet(models.QuerySet["Staff"]):
    def active(self) -> Self:
        return self.filter(left_at=None)

    def clinicians(self) -> Self:
        return self.filter(is_clinician=True)

    def overseers(self) -> Self:
        return self.filter(Q(is_coordinator=True) | Q(is_lead=True))

    def of_service(self, service: Service) -> Self:
        return self.filter(service=service)


class Staff(models.Model):
    """Somebody who works for a service. One account works for one service."""

    class Profession(models.TextChoices):
        NURSE = "nurse", "nurse"
        PSYCHIATRIST = "psychiatrist", "psychiatrist"
        PSYCHOLOGIST = "psychologist", "psychologist"
        SOCIAL_WORKER = "social_worker", "social worker"
        FAMILY_THERAPIST = "family_therapist", "family therapist"
        OCCUPATIONAL_THERAPIST = "occupational_therapist", "occupational therapist"
        PEER_WORKER = "peer_worker", "peer worker"
        OTHER = "other", "other"

    class Training(models.TextChoices):
        NONE = "none", "none yet"
        FOUNDATION = "foundation", "foundation course"
        FULL = "full", "full Open Dialogue training"
        TRAINER = "trainer", "Open Dialogue trainer"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="staff")
    user = models.OneToOneField(User, models.PROTECT, related_name="staff_row")
    name = models.CharField(max_length=120)
    profession = models.CharField(max_length=30, choices=Profession, db_default=Profession.OTHER)
    training = models.CharField(max_length=20, choices=Training, db_default=Training.NONE)
    is_coordinator = models.BooleanField(db_default=False)
    is_clinician = models.BooleanField(db_default=False)
    is_lead = models.BooleanField(db_default=False)
    joined_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True, blank=True)

    objects = StaffQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_coordinator=True) | Q(is_clinician=True) | Q(is_lead=True), name="staff_has_a_role"
            ),
            not_blank("name", name="staff_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def oversees(self) -> bool:
        """Coordinators and leads see all cases of their service."""
        return self.is_coordinator or self.is_lead


class NetworkQuerySet(models.QuerySet["Network"]):
    def visible_to(self, user: Any) -> Self:
        """Networks whose case `user` may open: see `seen_by`."""
        return self.filter(seen_by(user, network="pk", service="service"))


class Network(models.Model):
    """The people around one person, the person among them. It outlives a case."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="networks")
    created_at = models.DateTimeField(db_default=Now())

    objects = NetworkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"network {self.uuid}"

    @cached_property
    def person(self) -> "Member":
        """The member at the centre."""
        return self.members.get(is_person=True)


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self) -> Self:
        return self.filter(left_at=None)

    def persons(self) -> Self:
        return self.filter(is_person=True)

    def of(self, user: Any) -> Self:
        """The memberships of whoever reads."""
        return self.current().filter(pk=user.member_id) if isinstance(user, Eyes) else self.current().filter(user=user)

    def visible_to(self, user: Any) -> Self:
        """Members of the networks `user` may open, and `user`'s own rows."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(seen_by(user) | Q(user=user))


class Member(models.Model):
    """Somebody in a network: the person, family, a friend, a professional of another service."""

    class Circle(models.TextChoices):
        FAMILY = "family", "family"
        FRIEND = "friend", "friend"
        PROFESSIONAL = "professional", "professional"
        OTHER = "other", "somebody else"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="memberships")
    name = models.CharField(max_length=120)
    is_person = models.BooleanField(db_default=False)
    relation = models.CharField(max_length=120, blank=True, help_text="How they are related, in their own words")
    circle = models.CharField(max_length=20, choices=Circle, db_default=Circle.OTHER)
    named_by = models.CharField(max_length=200, blank=True, help_text="Who named them, and when")
    wanted = models.BooleanField(null=True, help_text="The person's word: may they be invited? Empty: not asked yet")
    wanted_word = models.CharField(max_length=300, blank=True, help_text="Where and to whom the person said so")
    wanted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    joined_at = models.DateTimeField(null=True, blank=True, help_text="Signed in and said: this is me")
    left_at = models.DateTimeField(null=True, blank=True)
    left_reason = models.CharField(max_length=300, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["-is_person", "pk"]
        constraints = [
            models.UniqueConstraint("network", condition=Q(is_person=True), name="network_has_one_person"),
            models.UniqueConstraint("network", "user", name="member_account_once_per_network"),
            models.CheckConstraint(condition=Q(is_person=False) | Q(left_at=None), name="person_stays_in_network"),
            models.CheckConstraint(
                condition=Q(wanted=None, wanted_at=None)
                | Q(wanted__isnull=False, wanted_at__isnull=False, wanted_word__regex=r"\S"),
                name="member_wanted_says_where",
            ),
            models.CheckConstraint(
                condition=Q(user=None) | Q(joined_at__isnull=False), name="member_joined_with_account"
            ),
            not_blank("name", name="member_name_given"),
        ]

    def __str__(self) -> str:
        return self.name


class MemberContact(models.Model):
    """How to reach a member. Apart from Member, so that row security can keep it from other members."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="contacts")
    member = models.OneToOneField(Member, models.PROTECT, related_name="contact")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=60, blank=True)
    home_address = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=60, blank=True)
    interpreter = models.CharField(max_length=200, blank=True)
    time_in_messages = models.BooleanField(
        db_default=False, help_text="The member wants the time of a meeting in messages"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("network", "email", condition=~Q(email=""), name="one_address_one_member"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="contact_email_lower_case"),
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"

    @property
    def on_paper(self) -> bool:
        """Neither e-mail nor phone: told on paper."""
        return not (self.email or self.phone)


class TeamMemberQuerySet(models.QuerySet["TeamMember"]):
    def current(self) -> Self:
        return self.filter(left_at=None)


class TeamMember(models.Model):
    """A clinician of a network's fixed team. The former stay as rows with `left_at`."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="team")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="teams")
    founding = models.BooleanField(db_default=True)
    joined_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True, blank=True)

    objects = TeamMemberQuerySet.as_manager()

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [
            models.UniqueConstraint("network", "staff", condition=Q(left_at=None), name="team_member_once"),
        ]

    def __str__(self) -> str:
        return f"team member {self.pk}"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def active(self) -> Self:
        return self.filter(withdrawn_at=None)


class Consent(models.Model):
    """The person's word that a member may read: all meetings, or those from now on. For one meeting see meetings.NoteShare."""

    class Covers(models.TextChoices):
        ALL = "all", "everything, also what was written before"
        FROM_NOW = "from_now", "meetings from now on"

    class How(models.TextChoices):
        OWN_PAGE = "own_page", "on the person's own page"
        IN_THE_ROOM = "in_the_room", "said in a meeting"
        ON_PAPER = "on_paper", "on paper"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="consents")
    member = models.ForeignKey(Member, models.PROTECT, related_name="consents")
    covers = models.CharField(max_length=20, choices=Covers)
    given_at = models.DateTimeField(db_default=Now())
    how = models.CharField(max_length=20, choices=How)
    where = models.CharField(max_length=200, blank=True)
    witness = models.CharField(
        max_length=200, blank=True, help_text="Who was there, when it was not on the person's own page"
    )
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint("member", condition=Q(withdrawn_at=None), name="consent_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(how="own_page") | Q(witness__regex=r"\S"), name="consent_names_its_witness"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="consent_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"consent {self.uuid}"


class Reading(models.Model):
    """Who read what, when: append-only, written through od.log_reading, shown to the person."""

    class What(models.TextChoices):
        CASE = "case", "the case"
        MEETING = "meeting", "the meeting's page"
        RECORD = "record", "the open record"
        NOTE = "note", "the note"
        PDF = "pdf", "the note as PDF"
        PERSON_PAGE = "person_page", "the person's page"
        READINGS = "readings", "the list of readings"
        AS_MEMBER = "as_member", "what a member sees"
        EXPORT = "export", "everything, to take along"

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="readings")
    reader = models.ForeignKey(User, models.PROTECT, related_name="+")
    reader_name = models.CharField(max_length=120)
    reader_role = models.CharField(max_length=40, help_text="person, member, team, coordinator, lead")
    outside_team = models.BooleanField(db_default=False, help_text="Staff who is not of the team")
    what = models.CharField(max_length=20, choices=What)
    thing = models.UUIDField(help_text="uuid of the case, meeting or member it was about")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["network", "-at"], name="reading_network_at")]

    def __str__(self) -> str:
        return f"reading {self.pk}"


class AuditEntry(models.Model):
    """One row for every write: append-only, written through od.log_audit. Holds no text of people's."""

    at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Empty: the public page")
    service = models.ForeignKey(Service, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    thing = models.CharField(max_length=60)
    thing_uuid = models.UUIDField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"audit {self.pk}"


class StaffChannel(models.Model):
    """A way to reach somebody of the staff: another address, a telephone, a browser. Without any, it is the account's address.

    Never changed but for being put away: a new number is a new row, so that it stays known where a message once went.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "e-mail"
        SMS = "sms", "text message"
        PUSH = "push", "notification"

    class Why(models.TextChoices):
        OWN = "own", "put away by its owner"
        GONE = "gone", "the browser takes no more"
        SIGNED_OUT = "signed_out", "signed out there"
        OTHER = "other", "somebody else uses that browser"
        RENEWED = "renewed", "renewed by the browser"
        LEFT = "left", "works here no more"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="channels")
    kind = models.CharField(max_length=10, choices=Kind)
    address = models.CharField(max_length=254, blank=True, help_text="E-mail address or telephone number")
    subscription = models.JSONField(null=True, blank=True, help_text="What the browser gave for notifications")
    device = models.CharField(max_length=60, blank=True, help_text="Which browser, in its owner's words")
    active = models.BooleanField(db_default=True)
    put_away_at = models.DateTimeField(null=True, blank=True)
    put_away_why = models.CharField(max_length=10, choices=Why, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(null=True, blank=True, help_text="When a message last went out this way")

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["email", "sms"], address__regex=r"\S", subscription=None)
                | Q(kind="push", address="", subscription__isnull=False),
                name="channel_has_its_address",
            ),
            models.CheckConstraint(
                condition=~Q(kind="sms") | Q(address__regex=r"^\+[0-9]{7,15}$"), name="channel_number_with_country"
            ),
            models.UniqueConstraint(
                "staff", "kind", condition=Q(active=True, kind__in=["email", "sms"]), name="channel_one_of_a_kind"
            ),
            models.UniqueConstraint(
                "staff",
                KT("subscription__endpoint"),
                condition=Q(active=True, kind="push"),
                name="channel_browser_once",
            ),
        ]

    def __str__(self) -> str:
        return f"channel {self.pk}"


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self) -> Self:
        return self.filter(sent_at=None, cancelled_at=None)

    def trials(self) -> Self:
        """Tries of a channel that have not gone out yet, the newest last."""
        return self.waiting().filter(kind=Message.Kind.TRIAL).order_by("queued_at", "pk")


class Message(models.Model):
    """The outbox: a neutral word to one address. Queued by the database (od.queue_message, od.sweep), sent by the sender as od_clock.

    Its way: queued, handed to the transport, taken by the transport (`sent_at`), acknowledged; or withdrawn (`cancelled_at`).
    """

    class Kind(models.TextChoices):
        MESSAGE = "message", "you have a message"
        MEETING = "meeting", "a meeting was booked"
        MEETING_MOVED = "moved", "a meeting was moved"
        MEETING_CANCELLED = "cancelled", "a meeting was cancelled"
        STAFF = "staff", "something waits for you"
        STEP = "step", "a clock needs somebody"
        TRIAL = "trial", "a channel is tried"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    channel = models.CharField(max_length=10, choices=StaffChannel.Kind, db_default=StaffChannel.Kind.EMAIL)
    to = models.CharField(max_length=254, blank=True, help_text="Empty for a notification: the channel knows")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    staff_channel = models.ForeignKey(StaffChannel, models.PROTECT, null=True, blank=True, related_name="messages")
    step = models.BigIntegerField(null=True, blank=True, help_text="The step of an escalation that asked for it")
    path = models.CharField(max_length=100, db_default="/", help_text="Where signing in leads")
    meeting_at = models.DateTimeField(
        null=True, blank=True, help_text="Only when the receiver chose to have times in messages"
    )
    dedupe_key = models.CharField(max_length=200, unique=True)
    queued_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(db_default=0)
    last_error = models.CharField(max_length=60, blank=True, help_text="The kind of the last error, never its text")
    handed_at = models.DateTimeField(null=True, blank=True, help_text="Last given to the transport")
    session = models.IntegerField(null=True, blank=True, help_text="Number of the database session that did so")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the transport took it")
    acknowledged_at = models.DateTimeField(null=True, blank=True, help_text="When its receiver said: I have it")
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("due_at", condition=Q(sent_at=None, cancelled_at=None), name="message_waiting"),
            models.Index("step", condition=Q(step__isnull=False), name="message_step"),
            models.Index("staff", "queued_at", condition=Q(step__isnull=False), name="message_told"),
        ]

    def __str__(self) -> str:
        return f"message {self.uuid}"


class Heartbeat(models.Model):
    """When a part that works in the background last ran, what it saw, and what an independent count says it should have seen."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    saw = models.IntegerField(db_default=0)
    expected = models.IntegerField(db_default=0)
    drift = models.FloatField(db_default=0, help_text="Its clock minus the database's, in seconds")

    def __str__(self) -> str:
        return self.name


def of_reader(user: Any, member: str) -> Q:
    """Rows whose `member` (a path to Member) is whoever reads: with an account, or the one member whose eyes they have."""
    if isinstance(user, Eyes):
        return Q(**{member: user.member_id})
    return Q(**{f"{member}__user": user}) if user.is_authenticated else Q(pk__in=[])


def seen_by(user: Any, *, network: str = "network", service: str = "service") -> Q:
    """Rows of the networks `user` may open: overseers their service's, clinicians their team's, the person their own.

    Row security grants more to clinicians (cases they own, meetings they cover): those querysets add it by themselves.
    """
    if not user.is_authenticated:
        return Q(pk__in=[])
    condition = Q(**{f"{network}__in": Member.objects.persons().filter(user=user).values("network")})
    if staff := user.staff:
        if staff.oversees:
            condition |= Q(**{service: staff.service_id})
        else:
            condition |= Q(**{f"{network}__in": TeamMember.objects.current().filter(staff=staff).values("network")})
    return condition
