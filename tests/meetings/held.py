"""A service of its own with meetings that were held, in few words."""

from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from meetings.counts import read_counts
from meetings.fidelity import read_fidelity
from meetings.models import DecidedWithout, Meeting, Presence
from network.identity import acting_as
from network.models import Member, Network, TeamMember
from referrals.models import Case, CaseClosure, UrgencyChange
from tests.conftest import role
from tests.factories import (
    close,
    hours,
    make_case,
    make_meeting,
    make_member,
    make_network,
    make_service,
    make_staff,
    make_team,
    start,
)

HELSINKI = ZoneInfo("Europe/Helsinki")


@contextmanager
def untriggered(*tables):
    """The owner's tables without their triggers, for as long as rows are filled in."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class Place:
    """A service of its own, with nothing in it, and the short words to fill it."""

    def __init__(self):
        self.service = make_service("Kemi team")
        self.lead = make_staff(self.service, "Leo", "lead")
        self.coordinator = make_staff(self.service, "Aino", "coordinator")
        self.a, self.b, self.c = (make_staff(self.service, name, "clinician") for name in "ABC")
        self.now = timezone.now()
        self.free_at = self.now - timedelta(days=60)

    def case(self, *, heard=100, team=True, **extra):
        """A case first heard `heard` hours ago, with a team of A and B."""
        network = make_network(self.service)
        make_member(network, "Person", is_person=True, account=False)
        if team:
            make_team(network, self.a, self.b, joined_at=self.now - timedelta(days=400))
        return make_case(network, self.coordinator, first_heard_at=self.now - hours(heard), **extra)

    def held(self, case, *team, at=None, members=None, finish=True, **extra):
        """A meeting with `team` and the person (or `members`) there; without `at` one after the other, 3 hours apart."""
        self.free_at = self.free_at + hours(3)
        at = at or self.free_at
        team = team or (self.a, self.b)
        members = [case.network.person] if members is None else members
        meeting = make_meeting(case, *team, starts_at=at, **extra)
        start(meeting, *members, *team, at=at)
        return close(meeting, at=at + hours(1)) if finish else meeting

    def not_met(self, case, code=""):
        """Closed without a meeting."""
        CaseClosure.objects.create(
            case=case, network=case.network, service=self.service, kind="without_meeting", reason="They moved on.", code=code,
            offers="Twice, by phone", first_staff=self.coordinator, second_staff=self.lead, word_to_person="by letter",
            word_to_caller="by phone",
        )  # fmt: skip

    def lower(self, case, after):
        UrgencyChange.objects.create(
            timer=case.timers.get(), network=case.network, service=self.service, after=after, reason="She has slept.",
            by=self.coordinator,
        )  # fmt: skip

    def exception(self, case, *, days, taken_up=None):
        """Decided without the person so many days ago, and talked about `taken_up` days ago."""
        row = DecidedWithout.objects.create(
            case=case, network=case.network, service=self.service, text="Taken to hospital", decided_by="Dr Salo",
            why="Danger to life", decided_at=self.now - timedelta(days=days), brought_by=self.a, recorded_by=self.a,
        )  # fmt: skip
        if taken_up:
            meeting = self.held(case, at=self.now - timedelta(days=taken_up), finish=False)
            row.taken_up_in, row.taken_up_at, row.taken_up_words = meeting, meeting.started_at, "We spoke about it."
            row.save(update_fields=["taken_up_in", "taken_up_at", "taken_up_words"])
            close(meeting, at=meeting.started_at + hours(1))

    def fill(self, cases):
        """Many cases at once: for each the teams of its meetings, a week apart, with the person there. As the owner, without
        triggers: they are not what is asked for here."""
        scope = {"service": self.service}
        with untriggered("referrals_case", "network_teammember", "meetings_meeting", "meetings_presence"):
            networks = Network.objects.bulk_create(Network(**scope) for _ in cases)
            people = Member.objects.bulk_create(
                Member(**scope, network=n, name="Person", is_person=True) for n in networks
            )
            opened = Case.objects.bulk_create(Case(**scope, network=n, owner=self.coordinator) for n in networks)
            TeamMember.objects.bulk_create(
                TeamMember(**scope, network=n, staff=staff) for n in networks for staff in (self.a, self.b)
            )
            begun = [
                (Meeting(**scope, network=case.network, case=case, status="closed", starts_at=at, ends_at=at + hours(1), started_at=at,
                         closed_at=at + hours(1), booked_by=self.a, no_next_decided_by="All of us", night_number="1"), team, person)
                for case, person, teams in zip(opened, people, cases, strict=True)
                for n, team in enumerate(teams) if (at := self.now - timedelta(days=7 * (len(teams) - n)))
            ]  # fmt: skip
            Meeting.objects.bulk_create(meeting for meeting, _, _ in begun)
            Presence.objects.bulk_create(
                Presence(**scope, network=m.network, meeting=m, name="N", arrived_at=m.started_at, recorded_by=self.a, **who)
                for m, team, person in begun for who in ({"member": person}, *({"staff": one} for one in team))
            )  # fmt: skip

    def read(self, period="all"):
        """The figures, as the lead reads them."""
        with acting_as(self.lead.user.pk), role("od_app"):
            return read_fidelity(self.service, period=period, now=self.now, zone=HELSINKI)

    def counts(self):
        with acting_as(self.lead.user.pk), role("od_app"):
            return read_counts(self.service.pk, since=None, now=self.now, meetings=3)
