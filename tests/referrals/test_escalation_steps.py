"""Promise 2: who is told, when, and how it goes on when nobody answers."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from network import outbox
from network.models import Message, User
from referrals.models import Acknowledgement, Watch
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_member, make_network, make_service, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    """A service with somebody for each step."""

    class Scene:
        service = make_service()
        coordinator = make_staff(service, "Leena", "coordinator")
        nurse = make_staff(service, "Antti", "clinician")
        owner = make_staff(service, "Sari", "clinician")
        lead = make_staff(service, "Maija", "lead")

    Scene.service.on_duty = Scene.coordinator
    Scene.service.save()
    return Scene


def case_of(scene, clock, urgency="urgent", **extra):
    network = make_network(scene.service)
    make_member(network, "Elina", is_person=True)
    return make_case(network, scene.owner, first_heard_at=clock.now, urgency=urgency, **extra)


def told(**about):
    """(who, hours since the start) of every message of a step, in order; of two cases at the same moment none is the first."""
    return [
        (name, round((at - start).total_seconds() / 3600, 2))
        for name, at, start in Message.objects.filter(step__isnull=False, **about)
        .order_by("queued_at", "id")
        .values_list("staff__name", "queued_at", "network__cases__timers__first_heard_at")
    ]


def acknowledge(watch, staff):
    with role("od_app"), acting_as(staff.user_id):
        return Acknowledgement.objects.create(
            watch=watch, staff=staff, service_id=watch.service_id, network_id=watch.network_id
        )


def called_back(case, staff, clock):
    case.contacts.create(
        case=case, service=case.service, network=case.network, kind="called_back", by_staff=staff, at=clock.now, recorded_at=clock.now
    )  # fmt: skip


def test_every_clock_is_watched_from_the_first_statement(scene, clock):
    case = case_of(scene, clock)
    watch = Watch.objects.get(case=case)
    timer = case.timers.get()
    assert (watch.timer, watch.started_at, watch.due_at) == (timer, timer.first_heard_at, timer.due_at)
    assert [(s.whom, (s.planned_at - clock.now) / hours(1)) for s in watch.steps.all()] == [
        ("owner", 12.0), ("coordinator_on_duty", 18.0), ("clinician_on_call", 22.0), ("lead", 23.25),
    ]  # fmt: skip
    assert watch.next_at == watch.steps.first().due_at


def test_unanswered_it_goes_from_one_to_the_next_and_begins_anew(scene, clock):
    case_of(scene, clock)
    clock.run_until(clock.now + hours(19))
    assert told() == [
        ("Sari", 12.0), ("Leena", 14.0), ("Leena", 15.0), ("Maija", 16.0), ("Sari", 17.0), ("Leena", 18.0), ("Leena", 19.0),
    ]  # fmt: skip


def test_nothing_is_sent_before_it_is_due_and_nothing_twice(scene, clock):
    case_of(scene, clock)
    clock.go(hours=11, minutes=59)
    assert (clock.sweep(), told()) == (0, [])
    clock.go(minutes=1)
    assert (clock.sweep(), clock.sweep(), told()) == (1, 0, [("Sari", 12.0)])


def test_what_was_due_first_is_told_first(scene, clock):
    """Also of several clocks in one sweep, whichever of them came to be known first, and by the sender too."""
    late, early, middle = (case_of(scene, clock) for _ in range(3))
    for case, before in ((early, 4), (middle, 2)):
        timer = case.timers.get()
        timer.first_heard_at = clock.now - hours(before)
        timer.save()
    clock.go(hours=12)
    assert clock.sweep() == 3
    steps = Message.objects.filter(step__isnull=False)
    expected = [early.network_id, middle.network_id, late.network_id]
    assert list(steps.order_by("id").values_list("network", flat=True)) == expected
    assert list(steps.order_by("due_at", "id").values_list("network", flat=True)) == expected
    with role("od_clock"):
        claimed = [letter.id for letter in outbox._claims()]
    assert claimed == list(steps.order_by("id").values_list("id", flat=True))


def test_met_stops_everything_and_withdraws_what_was_not_sent(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=12)
    clock.sweep()
    timer = case.timers.get()
    timer.outcome, timer.met_at, timer.known_at, timer.ended_at = "met", clock.now, clock.now, clock.now
    timer.save()
    watch = Watch.objects.get(case=case)
    assert (watch.ended_why, watch.next_at, watch.steps.planned().count()) == ("met", None, 0)
    assert Message.objects.get(step__isnull=False).cancelled_at
    clock.go(hours=48)
    assert (clock.sweep(), len(told())) == (0, 1)


def test_i_have_it_holds_and_begins_anew_when_nothing_follows(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=12)
    clock.sweep()
    watch = Watch.objects.get(case=case)
    said = acknowledge(watch, scene.owner)
    watch.refresh_from_db()
    assert (said.at, said.good_until) == (clock.now, clock.now + hours(2))
    assert (watch.held_by, watch.held_since, watch.next_at) == (scene.owner, clock.now, clock.now + hours(2))
    assert Message.objects.get(step__isnull=False).cancelled_at  # it had not gone out yet
    clock.run_until(clock.now + hours(4))
    assert told() == [("Sari", 12.0), ("Sari", 14.0), ("Leena", 16.0)]
    watch.refresh_from_db()
    assert (watch.held_by, watch.round) == (None, 2)


def test_i_have_it_is_good_while_something_follows_but_no_later_step_waits_for_it(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=12)
    clock.sweep()
    acknowledge(Watch.objects.get(case=case), scene.owner)
    clock.go(hours=1)
    called_back(case, scene.owner, clock)
    clock.run_until(clock.now + hours(4))
    assert told() == [("Sari", 12.0), ("Sari", 16.0)]  # 14: something followed; 16: nothing more did
    clock.run_until(clock.now + hours(1))
    assert told()[2:] == [("Leena", 18.0)]


def test_i_have_it_never_outlasts_the_deadline(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=23)
    acknowledge(Watch.objects.get(case=case), scene.lead)
    clock.run_until(clock.now + hours(1))
    assert told() == [("Sari", 24.0)]


@pytest.mark.parametrize("field", ["first_heard_at", "fired"])
def test_a_correction_moves_what_has_not_fired(scene, clock, field):
    case = case_of(scene, clock)
    start = clock.now
    if field == "fired":
        clock.go(hours=12)
        clock.sweep()
    timer = case.timers.get()
    timer.first_heard_at = start - hours(7)
    timer.save()
    clock.run_until(start + hours(15))
    times = [(name, at - 7) for name, at in told()]
    if field == "fired":
        assert times[:2] == [("Sari", 12.0), ("Leena", 12.0)]
    else:
        assert times[:2] == [("Sari", 5.0), ("Leena", 7.0)]


def test_raising_the_urgency_takes_its_plan_at_once(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=3)
    timer = case.timers.get()
    timer.urgency, timer.hours = "very_urgent", 4
    timer.save()
    assert clock.sweep() == 1
    assert sorted(told()) == [("Leena", 3.0), ("Leena", 3.0), ("Sari", 3.0)]
    assert Watch.objects.get(case=case).subject == "first_meeting_very_urgent"


def test_a_mistaken_presence_lets_it_run_again_for_those_who_were_not_told(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=12)
    clock.sweep()
    Message.objects.filter(step__isnull=False).update(sent_at=clock.now)
    timer = case.timers.get()
    ended = {"outcome": "met", "met_at": clock.now, "known_at": clock.now, "ended_at": clock.now}
    for field, value in ended.items():
        setattr(timer, field, value)
    timer.save()
    clock.go(hours=7)
    assert clock.sweep() == 0
    timer.outcome, timer.met_at, timer.known_at, timer.ended_at = "running", None, None, None
    timer.save()
    clock.sweep()
    assert told() == [("Sari", 12.0), ("Leena", 19.0)]


def test_an_owner_who_cannot_sign_in_and_an_untaken_case_go_to_the_one_on_duty(scene, clock):
    case_of(scene, clock, taken=False)
    clock.go(hours=12)
    clock.sweep()
    assert sorted(name for name, _ in told()) == ["Leena", "Sari"]
    case = case_of(scene, clock)
    scene.owner.user.is_active = False  # nobody leaves the service with a case in their hands
    scene.owner.user.save()
    clock.go(hours=12)
    clock.sweep()
    assert told(network=case.network) == [("Leena", 12.0)]


def test_elapsed_hours_across_a_clock_change_in_any_session(scene, clock):
    with connection.cursor() as cursor:
        case = case_of(scene, clock)
        timer = case.timers.get()
        timer.first_heard_at = timer.first_heard_at.replace(year=2026, month=3, day=28, hour=13, minute=0)
        cursor.execute("SET TIME ZONE 'Europe/Helsinki'")
        timer.save()
        cursor.execute("SET TIME ZONE 'UTC'")  # in which Django reads
    watch = Watch.objects.get(case=case)
    assert watch.steps.first().planned_at - timer.first_heard_at == hours(12)


def test_one_poison_row_delays_nobody(scene, clock):
    good, bad = case_of(scene, clock), case_of(scene, clock)
    poison = Watch.objects.get(case=bad)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION od.poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
            CREATE TRIGGER poison BEFORE UPDATE ON referrals_watchstep FOR EACH ROW
            WHEN (NEW.watch_id = {poison.pk} AND NEW.fired_at IS NOT NULL) EXECUTE FUNCTION od.poison()"""
        )
    clock.go(hours=12)
    assert clock.sweep() == 2
    assert Message.objects.filter(network=good.network, step__isnull=False).count() == 1
    poison.refresh_from_db()
    assert (poison.failures, poison.next_at) == (1, clock.now + timedelta(seconds=15))
    assert clock.sweep() == 0
    clock.go(seconds=15)
    assert clock.sweep() == 1
    poison.refresh_from_db()
    assert (poison.failures, poison.next_at) == (2, clock.now + timedelta(seconds=30))


def test_with_nobody_to_tell_nothing_counts_as_told(scene, clock):
    case = case_of(scene, clock)
    User.objects.update(is_active=False)
    clock.go(hours=12)
    clock.sweep()
    watch = Watch.objects.get(case=case)
    assert (watch.failures, watch.steps.fired().count()) == (1, 0)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE referrals_watch SET ended_at = now(), ended_why = 'met', next_at = NULL",
        "UPDATE referrals_watchstep SET due_at = 'infinity'",
        "INSERT INTO referrals_watch (uuid) VALUES (gen_random_uuid())",
        "DELETE FROM referrals_watchstep",
        "UPDATE referrals_acknowledgement SET good_until = 'infinity'",
        "UPDATE network_message SET acknowledged_at = now()",
    ],
)
@pytest.mark.parametrize("who", ["od_app", "od_clock"])
def test_no_role_of_the_service_touches_a_watch(scene, clock, sql, who):
    case_of(scene, clock)
    with (
        role(who),
        acting_as(scene.lead.user_id),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        connection.cursor().execute(sql)


def test_what_fired_stays_fired_whoever_writes(scene, clock):
    case = case_of(scene, clock)
    clock.go(hours=12)
    clock.sweep()
    for sql in (
        "UPDATE referrals_watchstep SET fired_at = NULL WHERE fired_at IS NOT NULL",
        "DELETE FROM referrals_watch",
    ):
        with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
            connection.cursor().execute(sql)
    with pytest.raises(IntegrityError, match="open_watch_is_looked_at_again"), transaction.atomic():
        Watch.objects.filter(case=case).update(next_at=None)


def test_many_whose_time_is_over_at_once_go_each_its_own_way(scene, clock):
    followed, silent, held = (case_of(scene, clock) for _ in range(3))
    clock.go(hours=12)
    assert clock.sweep() == 3
    for case in (followed, silent, held):
        acknowledge(case.watches.get(), scene.owner)
    clock.go(hours=1)
    called_back(followed, scene.owner, clock)
    clock.go(hours=1)
    acknowledge(held.watches.get(), scene.coordinator)
    assert clock.sweep() == 2
    rounds = {case: (case.watches.get().round, case.watches.get().held_by) for case in (followed, silent, held)}
    assert rounds == {followed: (1, scene.owner), silent: (2, None), held: (1, scene.coordinator)}
    assert [step.whom for step in silent.watches.get().steps.fired()] == ["owner", "owner"]
    assert followed.watches.get().check_at == clock.now + hours(2)


def test_the_count_beside_the_sweep_sees_what_is_due_and_nothing_else(scene, clock):
    def due(age):
        with role("od_clock"), connection.cursor() as cursor:
            cursor.execute("SELECT od.steps_due(%s)", [age])
            return cursor.fetchone()[0]

    case_of(scene, clock)
    case_of(scene, clock)
    assert due(hours(0)) == 0
    clock.go(hours=12, seconds=10)
    assert (due(timedelta(seconds=5)), due(timedelta(seconds=15))) == (2, 0)
    clock.sweep()
    assert due(hours(0)) == 0
