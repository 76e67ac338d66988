"""Promise 1 at the database: od.take_referral, as the app's own role."""

import json
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from network.models import AuditEntry
from referrals.models import Case, Referral
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast

pytestmark = pytest.mark.django_db


def call(user=None, public=False, **form):
    payload = {
        "uuid": str(uuid4()), "person_name": "Elina", "call_back": "040 555 0134", "words": "She is so afraid of the night.",
        "told": "yes", "caller_name": "Marja", "caller_relation": "her mother", "channel": "phone", "urgency": "urgent",
        "named": [{"name": "Jussi", "relation": "friend"}], "service": "tornio", "sender": "x",
    } | form  # fmt: skip
    with role("od_app"), acting_as(user.pk if user else None), connection.cursor() as cursor:
        cursor.execute("SELECT od.take_referral(%s, %s)", [json.dumps(payload, default=str), public])
        uuid = cursor.fetchone()[0]
    return Case.objects.get(uuid=uuid)


@pytest.fixture
def cast():
    return make_cast()


def test_a_call_starts_a_clock_from_first_heard(cast):
    heard = timezone.now() - hours(2)
    case = call(cast.coordinator.user, first_heard_at=heard.isoformat())
    timer = case.timers.get()
    assert (timer.first_heard_at, timer.due_at, timer.outcome, timer.kind) == (
        heard,
        heard + hours(24),
        "running",
        "meeting",
    )
    assert (case.due_at, case.owner, case.taken_at is not None) == (timer.due_at, cast.coordinator, True)
    assert [m.name for m in case.network.members.all()] == ["Elina", "Marja", "Jussi"]
    assert case.network.members.get(name="Marja").contact.phone == "040 555 0134"


def test_a_public_referral_is_owned_by_the_one_on_duty_and_told_to_them(cast):
    case = call(public=True)
    assert (case.owner, case.taken_at) == (cast.coordinator, None)
    with connection.cursor() as cursor:
        cursor.execute('SELECT "to" FROM network_message WHERE network_id = %s', [case.network_id])
        assert cursor.fetchone() == (cast.coordinator.user.email,)
    with role("od_app"), acting_as(cast.lead.user.pk):
        assert AuditEntry.objects.filter(thing_uuid=case.referrals.get().uuid, user=None).exists()


def test_the_same_call_twice_makes_one_referral(cast):
    uuid = str(uuid4())
    assert call(cast.coordinator.user, uuid=uuid) == call(cast.coordinator.user, uuid=uuid)
    assert Referral.objects.filter(uuid=uuid).count() == 1


@pytest.mark.parametrize("told", ["not_yet", "refused"])
def test_untold_words_are_left_out_and_the_clock_runs(cast, told):
    case = call(cast.coordinator.user, told=told, safety="a dog")
    referral = case.referrals.get()
    assert (referral.words, referral.safety, case.to_be_told, case.timers.get().outcome) == ("", "", True, "running")


def test_a_later_crisis_keeps_network_and_team(cast):
    case = call(cast.coordinator.user, join_case=str(cast.case.uuid))
    assert case == cast.case
    assert sorted(t.outcome for t in case.timers.all()) == ["met", "running"]
    again = call(cast.coordinator.user, join_case=str(cast.case.uuid))
    assert again.timers.count() == 2


@pytest.mark.parametrize(
    ("who", "form"),
    [
        ("coordinator", {"call_back": " "}),
        ("coordinator", {"person_name": ""}),
        ("coordinator", {"words": "\n"}),
        ("coordinator", {"first_heard_at": "2199-01-01T00:00Z"}),
        ("coordinator", {"first_heard_at": "2020-01-01T00:00Z"}),
        ("coordinator2", {"join_case": "known"}),
        ("clinician3", {"join_case": "known"}),
        ("mother", {}),
        (None, {}),
    ],
)
def test_refused(cast, who, form):
    if "join_case" in form:
        form = {"join_case": str(cast.case.uuid)}
    before = Case.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        call(getattr(cast, who).user if who else None, **form)
    assert Case.objects.count() == before


def test_met_when_person_and_clinician_are_both_in_the_room(cast):
    assert cast.timer.outcome == "running"
    cast.timer.refresh_from_db()
    assert (cast.timer.outcome, cast.timer.met_at, cast.timer.elapsed) == ("met", cast.held.starts_at, hours(17))
