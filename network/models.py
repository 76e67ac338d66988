"""Who: services, accounts, staff, networks and their members, teams, standing consent, and the logs that stay.

Row security (migrations/sql) decides which rows the app's database role sees; the querysets here say the same in Django's words.
Rows are scoped by `service` and `network`; the database copies both from the parent row, so they cannot disagree.
"""

import uuid
from functools import cached_property
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lower, Now

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

    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(
        max_length=16, unique=True, null=True, blank=True, help_text="With its country; of those whom no e-mail reaches"
    )
    is_active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=Now())

    on_duty = False  # whether it is their turn: known in a request, where the account is loaded with all it asks of it

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(condition=Q(phone__regex=r"^\+[0-9]{7,15}$"), name="user_phone_with_country"),
        ]

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
            not_blank("name", name="service_name_given"),
            not_blank("emergency_advice", name="service_emergency_advice_given"),
            models.CheckConstraint(
                condition=Q(emergency_number__regex=r"[0-9]"), name="service_emergency_number_given"
            ),
            models.CheckConstraint(condition=Q(hours_reply__lte=336), name="service_reply_within_two_weeks"),
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
            models.CheckConstraint(
                condition=Q(
                    profession__in=["nurse", "psychiatrist", "psychologist", "social_worker", "family_therapist",
                                    "occupational_therapist", "peer_worker", "other"],
                    training__in=["none", "foundation", "full", "trainer"],
                ),
                name="one_of_the_answers_staff",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def oversees(self) -> bool:
        """Coordinators and leads see all cases of their service."""
        return self.is_coordinator or self.is_lead

    @property
    def roles(self) -> list[str]:
        """What they do here, in words."""
        does = {"coordinator": self.is_coordinator, "lead": self.is_lead, "clinician": self.is_clinician}
        return [role for role, so in does.items() if so]


class ServiceChange(models.Model):
    """A change of a service or of somebody who works there: append-only, written by triggers, shown to the lead."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="changes", db_index=False)
    staff = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", help_text="Whom it was about; empty: the service itself"
    )
    what = models.CharField(max_length=40, help_text="The column that changed")
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    by = models.ForeignKey(
        Staff,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty: a command of whoever runs the installation",
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["service", "-at", "-id"], name="service_changes")]

    def __str__(self) -> str:
        return f"change {self.pk}"


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


class OfNetwork(models.Model):
    """A row about one network. The database fills both in from what it belongs to, and row security asks them."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="+")

    class Meta:
        abstract = True


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
    same_as = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        help_text="Another phone had named them in a meeting: they are of the network by this row",
    )  # fmt: skip

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
        indexes = [models.Index(fields=["email"], name="contact_email")]
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
    def standing(self) -> Self:
        """Not taken back, whatever day they last until."""
        return self.filter(withdrawn_at=None)

    def active(self) -> Self:
        """Words that hold now."""
        return self.standing().filter(lasts())


SINCE = Coalesce("since", "given_at")  # the moment from which meetings count


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
    since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="From when meetings count, where an earlier word is given anew; empty: from now",
    )
    until = models.DateTimeField(null=True, blank=True, help_text="The word holds before this moment; empty: no end")
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
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("given_at")), name="consent_lasts_until_a_time_to_come"
            ),
            models.CheckConstraint(
                condition=Q(since=None) | Q(covers="from_now", since__lte=F("given_at")),
                name="consent_since_a_time_before",
            ),
        ]

    def __str__(self) -> str:
        return f"consent {self.uuid}"


class ReaderPauseQuerySet(models.QuerySet["ReaderPause"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class ReaderPause(OfNetwork):
    """By the person's word a member reads nothing for a while; what they were given stands, and holds again when this ends.

    The member never sees that there is one.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="pauses")
    began_at = models.DateTimeField(db_default=Now())
    how = models.CharField(max_length=20, choices=Consent.How)
    where = models.CharField(max_length=200, blank=True)
    witness = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="Of whoever wrote it down; filled in by the database")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    ended_where = models.CharField(max_length=200, blank=True, help_text="As heard by the team")
    ended_witness = models.CharField(max_length=200, blank=True)

    objects = ReaderPauseQuerySet.as_manager()

    class Meta:
        ordering = ["began_at", "pk"]
        constraints = [
            models.UniqueConstraint("member", condition=Q(ended_at=None), name="pause_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(how__in=["own_page", "in_the_room", "on_paper"]), name="one_of_the_answers_pause"
            ),
            models.CheckConstraint(
                condition=Q(how="own_page") | Q(witness__regex=r"\S"), name="pause_names_its_witness"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="pause_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"pause {self.uuid}"


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
        INQUIRY = "inquiry", "who has read, for an inquiry"
        PREPARED = "prepared", "put on a device, to be read without signal"

    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_index=False)
    network = models.ForeignKey(Network, models.PROTECT, related_name="readings", db_index=False)
    reader = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    reader_name = models.CharField(max_length=120)
    reader_role = models.CharField(max_length=40, help_text="person, member, team, coordinator, lead")
    outside_team = models.BooleanField(db_default=False, help_text="Staff who is not of the team")
    in_need = models.BooleanField(db_default=False, help_text="Read while opened in need")
    what = models.CharField(max_length=20, choices=What)
    thing = models.UUIDField(help_text="uuid of the case, meeting or member it was about")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["network", "-at"], name="reading_network_at"),
            models.Index(fields=["service", "-at", "-id"], name="reading_service_at"),
            models.Index(fields=["reader", "-at", "-id"], name="reading_reader_at"),
        ]

    def __str__(self) -> str:
        return f"reading {self.pk}"


class Inquiry(models.Model):
    """A lead looks into the log of readings: for what purpose, and for which reader, person and days. Append-only.

    Each person in whose log something was found reads that there was one; whom it was about reads that, found or not, and its purpose.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=500)
    reader = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, null=True, blank=True, related_name="+")
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            not_blank("purpose", name="inquiry_says_why"),
            models.CheckConstraint(
                condition=Q(first_day=None) | Q(last_day=None) | Q(last_day__gte=F("first_day")),
                name="inquiry_days_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"inquiry {self.uuid}"


class OpeningQuerySet(models.QuerySet["Opening"]):
    def open(self) -> Self:
        """Those that hold now."""
        return self.filter(ended_at=None, ends_at__gt=Now())


class Opening(models.Model):
    """Staff who are not of the team open somebody's record in need: why, and until when. It opens for reading and nothing else.

    Made by od.open_in_need alone, which tells the person and the team at once. Ends by itself; it can be ended before.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    network = models.ForeignKey(Network, models.PROTECT, related_name="openings")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120, help_text="Of whoever opened it; filled in by the database")
    reason = models.CharField(max_length=500, help_text="The person reads it")
    hours = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(help_text="Filled in by the database")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When somebody ended it before its time")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = OpeningQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index("staff", "ends_at", condition=Q(ended_at=None), name="opening_not_ended")]
        constraints = [
            not_blank("reason", name="opening_says_why"),
            models.CheckConstraint(condition=Q(hours__in=[1, 4, 24]), name="opening_for_some_hours"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="opening_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"opening {self.uuid}"


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
        constraints = [
            models.CheckConstraint(
                condition=Q(verb__regex=r"^[a-z][a-z ,:'’]{2,}$", thing__regex=r"^[a-z]*$"), name="audit_in_plain_words"
            ),
        ]

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
        CODE = "code", "a code to sign in"
        WAY_IN = "way_in", "a link to sign in"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    service = models.ForeignKey(
        Service,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Empty for a code: whose it is, is not known yet",
    )
    network = models.ForeignKey(Network, models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    channel = models.CharField(max_length=10, choices=StaffChannel.Kind, db_default=StaffChannel.Kind.EMAIL)
    to = models.CharField(max_length=254, blank=True, help_text="Empty for a notification: the channel knows")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    staff_channel = models.ForeignKey(
        StaffChannel, models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
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
            # As the sender asks for the next one (network/outbox.py).
            models.Index(
                "attempts", "due_at", "id", "channel", condition=Q(sent_at=None, cancelled_at=None), name="message_next"
            ),
            models.Index("step", condition=Q(step__isnull=False), name="message_step"),
            models.Index("staff", "queued_at", condition=Q(step__isnull=False), name="message_told"),
        ]

    def __str__(self) -> str:
        return f"message {self.uuid}"


class WayIn(OfNetwork):
    """How the team lets a member in: a link to their address or number, or a note on paper. Its secret is kept as a hash alone.

    Made, revoked, handed over and used through functions of the database.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "a link by e-mail"
        SMS = "sms", "a link by text message"
        PAPER = "paper", "a note on paper"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="ways_in")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", help_text="The account it opens")
    kind = models.CharField(max_length=10, choices=Kind)
    address = models.CharField(max_length=254, blank=True, help_text="For which it was made, and where its codes go")
    secret = models.CharField(max_length=64, unique=True, help_text="SHA-256 of it")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    handed_at = models.DateTimeField(null=True, blank=True, help_text="A note works from here on")
    handed_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    handed_to = models.CharField(max_length=200, blank=True)
    told = models.CharField(max_length=300, blank=True, help_text="What else stood on the note")
    used_at = models.DateTimeField(null=True, blank=True, help_text="A note works once")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="paper", address="") | Q(kind__in=["email", "sms"], address__regex=r"\S"),
                name="way_in_has_its_address",
            ),
            models.CheckConstraint(
                condition=Q(handed_at=None, handed_by=None, handed_to="")
                | Q(kind="paper", handed_at__isnull=False, handed_by__isnull=False, handed_to__regex=r"\S"),
                name="way_in_handed_to_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"way in {self.uuid}"


class SignInCode(models.Model):
    """Somebody asked for a code. Which code, and for whom, only the sender finds out (network/codes.py); gone after a day."""

    class By(models.TextChoices):
        EMAIL = "email", "an e-mail address"
        SMS = "sms", "a telephone number"
        LINK = "link", "a link"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=By)
    asked = models.CharField(max_length=254, help_text="What was typed, or the hash of a link: known or not")
    message = models.OneToOneField(Message, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(db_default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"code {self.uuid}"


class Heartbeat(models.Model):
    """When a part that works in the background last ran, what it saw, and what an independent count says it should have seen."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    saw = models.IntegerField(db_default=0)
    expected = models.IntegerField(db_default=0)
    drift = models.FloatField(db_default=0, help_text="Its clock minus the database's, in seconds")

    def __str__(self) -> str:
        return self.name


def lasts(word: str = "") -> Q:
    """Rows whose word (at `word`, a path ending in `__`) has no end, or one that is still to come by the database's clock."""
    return Q(**{f"{word}until": None}) | Q(**{f"{word}until__gt": Now()})


def of_reader(user: Any, member: str) -> Q:
    """Rows whose `member` (a path to Member) is whoever reads: with an account, or the one member whose eyes they have."""
    if isinstance(user, Eyes):
        return Q(**{member: user.member_id})
    return Q(**{f"{member}__user": user}) if user.is_authenticated else Q(pk__in=[])


def opened_in_need(user: Any) -> Q:
    """Rows of the networks that `user` has opened in need: to read, and for nothing else."""
    if not (user.is_authenticated and user.staff):
        return Q(pk__in=[])
    return Q(network__in=Opening.objects.open().filter(staff=user.staff).values("network"))


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
