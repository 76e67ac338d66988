"""The clock: elapsed hours across clock changes, corrections that keep the original, urgency that is lowered only with a reason."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from network.fields import LocalTimeField
from network.models import Reading
from network.rules import Refusal
from network.templatetags.look import read_clock, when_text
from referrals.actions import change_urgency, correct_first_heard
from referrals.models import FirstHeardCorrection, ResponseTimer, UrgencyChange
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_member, make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def case(cast):
    """Urgent, first heard three hours ago."""
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True)
    return make_case(network, cast.coordinator, first_heard_at=timezone.now() - hours(3))


def local(moment, zone="Europe/Helsinki"):
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def page(response):
    return " ".join(response.content.decode().split())


# 24 hours are 24 elapsed hours

CHANGES = [
    ("Europe/Helsinki", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "2026-03-30T00:30", "Monday 00:30"),
    ("Europe/Helsinki", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "2026-10-25T22:30", "Sunday 22:30"),
    ("Europe/London", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "2026-03-30T00:30", "Monday 00:30"),
    ("Europe/London", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "2026-10-25T22:30", "Sunday 22:30"),
]


@pytest.mark.parametrize(("zone", "heard", "due", "shown"), CHANGES)
def test_a_day_has_twenty_four_hours_across_clock_changes(cast, zone, heard, due, shown):
    heard = heard.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True, account=False)
    timer = make_case(network, cast.coordinator, first_heard_at=heard).timers.get()
    assert timer.due_at - timer.first_heard_at == timedelta(hours=24)
    assert local(timer.due_at, zone) == due
    with time_machine.travel(heard.astimezone(UTC) + timedelta(minutes=1), tick=False), timezone.override(zone):
        assert when_text(timer.due_at) in (shown, f"tomorrow {shown[-5:]}")
        shows = read_clock(first_heard_at=timer.first_heard_at, due_at=timer.due_at, now=timezone.now())
        assert shows.big == "23:59"


def test_an_hour_that_never_was_is_said_so_and_one_that_was_twice_means_the_earlier(cast, client, case):
    field = LocalTimeField()
    for zone, never, twice, earlier in (
        ("Europe/Helsinki", "2026-03-29T03:30", "2026-10-25T03:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/London", "2026-03-29T01:30", "2026-10-25T01:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ):
        with timezone.override(zone):
            assert field.clean(twice) == earlier
            with pytest.raises(Exception, match="it never was"):
                field.clean(never)
    client.force_login(cast.coordinator.user)
    address = reverse("correct_first_heard", args=[case.uuid])
    response = client.post(address, {"corrected": "2026-03-29T03:30", "reason": "Told so"})
    assert "The clocks went forward over this time" in page(response)
    assert "Told so" in page(response)


# Correcting first heard


def test_a_correction_moves_the_clock_and_keeps_the_original(cast, client, case):
    timer = case.timers.get()
    original = timer.first_heard_at
    client.force_login(cast.coordinator.user)
    response = client.post(
        reverse("correct_first_heard", args=[case.uuid]),
        {"corrected": local(original - hours(5)), "reason": "A neighbour had called the ward at noon"},
    )
    assert (response.status_code, response["Location"]) == (302, f"/cases/{case.uuid}/")
    timer.refresh_from_db()
    case.refresh_from_db()
    moved = timer.first_heard_at
    assert abs(original - hours(5) - moved) < timedelta(minutes=1)
    assert (timer.due_at, case.due_at) == (moved + hours(24), moved + hours(24))
    row = FirstHeardCorrection.objects.get()
    assert (row.original, row.corrected, row.by) == (original, moved, cast.coordinator)


def test_a_correction_says_why_and_is_never_in_the_future(cast, client, case):
    before = case.timers.get().first_heard_at
    client.force_login(cast.coordinator.user)
    address = reverse("correct_first_heard", args=[case.uuid])
    assert "Say why the time is corrected." in page(client.post(address, {"corrected": local(before), "reason": " "}))
    future = {"corrected": local(timezone.now() + hours(3)), "reason": "x"}
    assert "First heard cannot be in the future." in page(client.post(address, future))
    assert "This is more than a year ago." in page(
        client.post(address, {"corrected": "1926-11-28T23:30", "reason": "x"})
    )
    assert "Write when it was first heard." in page(client.post(address, {"corrected": "", "reason": "x"}))
    for corrected, reason, rule in (
        (before, " ", "correction_says_why"),
        (timezone.now() + hours(1), "x", "corrected_not_in_future"),
    ):
        with pytest.raises(Refusal) as refused, role("od_app"), acting_as(cast.coordinator.user.pk):
            correct_first_heard(timer=case.timers.get(), corrected=corrected, reason=reason, by=cast.coordinator.user)
        assert refused.value.rule == rule
    assert case.timers.get().first_heard_at == before


def test_first_heard_is_not_moved_behind_the_meeting(cast):
    with pytest.raises(Refusal) as refused, role("od_app"), acting_as(cast.coordinator.user.pk):
        correct_first_heard(
            timer=cast.timer, corrected=cast.held.starts_at + hours(1), reason="x", by=cast.coordinator.user
        )
    assert refused.value.rule == "met_after_first_heard"


def test_the_app_never_writes_a_clock_itself(cast, case):
    timer = case.timers.get()
    for sql in (
        f"UPDATE referrals_responsetimer SET first_heard_at = now() WHERE id = {timer.pk}",
        f"UPDATE referrals_responsetimer SET outcome = 'met', met_at = now(), known_at = now(), ended_at = now() WHERE id = {timer.pk}",
        f"DELETE FROM referrals_responsetimer WHERE id = {timer.pk}",
        f"UPDATE referrals_case SET due_at = NULL WHERE id = {case.pk}",
        "DELETE FROM referrals_firstheardcorrection",
        "UPDATE referrals_urgencychange SET lowered = false",
        "INSERT INTO referrals_responsetimer (uuid, service_id, network_id, case_id, kind, urgency, hours, first_heard_at, due_at,"
        f" coded_exception) SELECT gen_random_uuid(), service_id, network_id, case_id, kind, urgency, 999, now(), now(), '' FROM"
        f" referrals_responsetimer WHERE id = {timer.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), role("od_app"), acting_as(cast.coordinator.user.pk):
            connection.cursor().execute(sql)
    timer.refresh_from_db()
    assert timer.outcome == "running"


def test_the_owner_of_the_tables_cannot_make_a_clock_forget_either(cast, case):
    for sql in ("DELETE FROM referrals_responsetimer", "UPDATE referrals_firstheardcorrection SET original = now()"):
        correct_first_heard_as(cast, case)
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(sql)


def correct_first_heard_as(cast, case):
    with role("od_app"), acting_as(cast.coordinator.user.pk):
        correct_first_heard(
            timer=case.timers.get(), corrected=timezone.now() - hours(4), reason="x", by=cast.coordinator.user
        )


# Urgency


def test_raising_needs_no_reason_and_gives_other_hours(cast, client, case):
    client.force_login(cast.coordinator.user)
    response = client.post(reverse("change_urgency", args=[case.uuid]), {"after": "very_urgent"})
    assert response["Location"] == f"/cases/{case.uuid}/"
    timer = case.timers.get()
    assert (timer.hours, timer.due_at) == (4, timer.first_heard_at + hours(4))
    assert UrgencyChange.objects.get().lowered is False


def test_lowering_needs_a_reason_and_is_counted(cast, client, case):
    client.force_login(cast.coordinator.user)
    address = reverse("change_urgency", args=[case.uuid])
    response = client.post(address, {"after": "not_crisis", "reason": " "})
    assert "Say why it is less urgent." in page(response)
    assert case.timers.get().urgency == "urgent"
    client.post(address, {"after": "not_crisis", "reason": "They met at the health centre and ask for a talk"})
    timer = case.timers.get()
    assert (timer.urgency, timer.kind, timer.hours) == ("not_crisis", "reply", 72)
    change = UrgencyChange.objects.get()
    assert (change.before, change.after, change.lowered) == ("urgent", "not_crisis", True)
    assert "That is the urgency already." in page(client.post(address, {"after": "not_crisis"}))


def test_an_emergency_still_has_its_clock(cast, client, case):
    client.force_login(cast.coordinator.user)
    client.post(reverse("change_urgency", args=[case.uuid]), {"after": "emergency"})
    timer = case.timers.get()
    assert (timer.urgency, timer.outcome, timer.hours) == ("emergency", "running", 4)


def test_a_stopped_clock_keeps_its_urgency(cast, client):
    client.force_login(cast.coordinator.user)
    address = reverse("change_urgency", args=[cast.case.uuid])
    assert "No clock is running" in page(client.get(address))
    assert client.post(address, {"after": "emergency"}).status_code == 200
    with pytest.raises(Refusal) as refused, role("od_app"), acting_as(cast.coordinator.user.pk):
        change_urgency(timer=cast.timer, after="emergency", by=cast.coordinator.user)
    assert refused.value.rule == "urgency_of_a_running_clock"


def test_with_two_clocks_one_is_chosen(cast, client, case):
    ResponseTimer.objects.create(
        case=case, network=case.network, service=case.service, kind="reply", urgency="not_crisis", hours=72,
        first_heard_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    client.force_login(cast.coordinator.user)
    address = reverse("change_urgency", args=[case.uuid])
    assert "Which clock?" in page(client.get(address))
    reply = case.timers.get(kind="reply")
    response = client.post(address, {"after": "urgent", "timer": reply.pk})
    assert "A clock of that kind runs already" in page(response)
    assert "To put right" in page(client.post(address, {"after": "urgent", "timer": cast.timer.pk}))


# Whose pages


@pytest.mark.parametrize("name", ["correct_first_heard", "change_urgency"])
def test_outsiders_find_nothing_and_the_reading_is_on_record(cast, client, case, name):
    address = reverse(name, args=[case.uuid])
    for who in ("clinician3", "former", "coordinator2", "person", "mother"):
        client.force_login(getattr(cast, who).user)
        assert client.get(address).status_code == client.post(address, {}).status_code == 404
    assert not Reading.objects.exists()
    client.force_login(cast.coordinator.user)
    assert client.get(address).status_code == 200
    assert Reading.objects.get().thing == case.uuid


def test_the_actions_are_for_those_who_work_with_the_network(cast, case):
    timer = case.timers.select_related("network").get()
    for who in ("clinician3", "coordinator2", "person"):
        user = getattr(cast, who).user
        for action, wanted in (
            (correct_first_heard, {"corrected": timezone.now(), "reason": "x"}),
            (change_urgency, {"after": "emergency"}),
        ):
            with pytest.raises(PermissionDenied), role("od_app"), acting_as(user.pk):
                action(timer=timer, **wanted, by=user)
