"""Something for every address to point at: the fixed cast, with a meeting that goes on, and the same kinds of things elsewhere."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from meetings.models import DecidedWithout, ToBring
from network.models import Inquiry, StaffChannel
from referrals.models import OnCall
from tests.conftest import AppClient
from tests.factories import close, hours, make_meeting, make_staff, open_in_need, say, start
from tests.standing import standing  # noqa: F401  a fixture

# Short names of who asks.
ROLES = {
    "nobody": None, "person": "person", "mother": "mother", "friend": "friend", "uncle": "uncle", "team": "clinician1",
    "clinician": "clinician3", "former": "former", "coordinator": "coordinator", "lead": "lead", "elsewhere": "coordinator2",
    "in_need": "night",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(standing):  # noqa: F811
    """Parts of our own network by the names that addresses give them, and of the other service's."""
    c = standing
    now = timezone.now()
    c.late = say(c.held, "This came late.", who=c.mother, at=now - hours(200))
    c.going_on = make_meeting(
        c.case, c.clinician1, c.clinician2, starts_at=now - timedelta(minutes=40), invited=[c.person]
    )
    start(c.going_on, c.person, c.clinician1, at=now - timedelta(minutes=30))
    c.line = say(c.going_on, "I am here.", who=c.person, at=now - timedelta(minutes=20))
    c.exception = exception(c.case, c.clinician1)
    c.brought, c.brought2 = brings(c.mother), brings(c.person2)
    c.held2 = make_meeting(c.case2, c.clinician4, c.clinician5, starts_at=now - hours(90))
    start(c.held2, c.person2, c.clinician4, at=now - hours(90))
    c.voice2 = say(c.held2, "The sea is loud.", who=c.person2, at=now - hours(89))
    close(c.held2, at=now - hours(88))
    c.exception2 = exception(c.case2, c.clinician4)
    c.turn, c.turn2 = (make_turn(who) for who in (c.clinician1, c.clinician4))
    c.channel, c.channel2 = (
        StaffChannel.objects.create(staff=who, service=who.service, kind="email", address="night@example.org")
        for who in (c.clinician1, c.clinician4)
    )
    c.night = make_staff(c.service, "Kerttu", "clinician")
    c.opening = open_in_need(c.network, c.night)
    c.opening2 = open_in_need(c.network2, make_staff(c.elsewhere, "Ulla", "clinician"))
    c.inquiry = Inquiry.objects.create(service=c.service, by=c.lead, purpose="A complaint.", network=c.network)
    lead2 = make_staff(c.elsewhere, "Heidi", "lead")
    c.inquiry2 = Inquiry.objects.create(service=c.elsewhere, by=lead2, purpose="A complaint.", network=c.network2)
    c.clients = {}
    for name, who in ROLES.items():
        c.clients[name] = AppClient(raise_request_exception=True)
        if who:
            c.clients[name].force_login(getattr(c, who).user)
    return c


def exception(case, clinician):
    return DecidedWithout.objects.create(
        case=case, network=case.network, service=case.service, text="We rang her brother.", decided_by="Leena", why="It was dark.",
        decided_at=timezone.now() - hours(2), brought_by=clinician, recorded_by=clinician,
    )  # fmt: skip


def brings(member):
    return ToBring.objects.create(
        member=member, network=member.network, service=member.service, text="The nights.", in_the_room=True
    )


def make_turn(clinician):
    period = DateTimeTZRange(timezone.now() + hours(2), timezone.now() + hours(10))
    return OnCall.objects.create(service=clinician.service, role="clinician", staff=clinician, period=period)


def ours(c, meeting="booked"):
    """What each part of an address names in our own network. `meeting` says which meeting the address is about."""
    lines = {"booked": c.line, "going_on": c.line, "held": c.voice, "late": c.late, "case": c.exception}
    about = {"late": c.held, "case": c.held}
    return {
        "case": c.case.uuid, "meeting": about.get(meeting, getattr(c, meeting)).uuid, "line": lines[meeting].uuid,
        "words": lines[meeting].uuid,
        "member": c.friend.uuid, "invitation": c.booked.invitations.get(member=c.mother).uuid, "exception": c.exception.uuid,
        "brought": c.brought.uuid,
        "referral": c.case.referrals.get().uuid, "slug": c.service.slug, "watch": c.case.watches.open().first().uuid,
        "turn": c.turn.uuid, "channel": c.channel.uuid, "plan": c.service.plans.first().uuid,
        "opening": c.opening.uuid, "key": UUID(int=1), "inquiry": c.inquiry.uuid,
        "staff": c.clinician2.uuid,
    }  # fmt: skip


def theirs(c, meeting="booked"):
    """The same in the other service's network."""
    return {
        "case": c.case2.uuid, "meeting": (c.meeting2 if meeting == "booked" else c.held2).uuid, "line": c.voice2.uuid,
        "words": (c.exception2 if meeting == "case" else c.voice2).uuid,
        "member": c.person2.uuid, "invitation": c.meeting2.invitations.get().uuid, "exception": c.exception2.uuid,
        "brought": c.brought2.uuid,
        "referral": c.case2.referrals.get().uuid, "slug": c.elsewhere.slug, "watch": c.case2.watches.open().first().uuid,
        "turn": c.turn2.uuid, "channel": c.channel2.uuid, "plan": c.elsewhere.plans.first().uuid,
        "opening": c.opening2.uuid, "key": UUID(int=2), "inquiry": c.inquiry2.uuid,
        "staff": c.clinician4.uuid,
    }  # fmt: skip


def nothing(c, meeting="booked"):
    """What there is not."""
    return {name: uuid4() for name in ours(c, meeting)} | {"slug": "nowhere"}
