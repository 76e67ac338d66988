"""“I have it”, plans, the rota and channels, as the people who use them: each rule, and each way round it."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from network.actions import channels as channel_actions
from network.models import AuditEntry, Message, StaffChannel, User
from network.rules import Refusal
from referrals import actions, rota
from referrals.models import Acknowledgement, Case, EscalationPlan, OnCall, Watch
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_member, make_network, make_staff

pytestmark = pytest.mark.django_db
STEPS = [
    {"share": 0.5, "whom": "owner", "channels": ["email"], "wait_minutes": 30},
    {"minutes": -60, "whom": "lead", "channels": ["sms", "email"], "wait_minutes": 60},
]


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def waiting(cast):
    """A case that nobody of the team knows yet, whose clinician on call was told."""
    network = make_network(cast.service)
    make_member(network, "Aino", is_person=True)
    now = timezone.now()
    turn(cast, cast.clinician3, now - hours(1), now + hours(5))
    case = make_case(network, cast.coordinator, first_heard_at=now - hours(3), urgency="very_urgent")
    with role("od_clock"), connection.cursor() as cursor:
        cursor.execute("SELECT od.sweep(10)")
    return Watch.objects.select_related("network", "service", "timer").get(case=case)


def turn(cast, staff, begin, end, kind="clinician", **extra):
    made = OnCall.objects.create(service=staff.service, role=kind, staff=staff, period=(begin, end), **extra)
    return OnCall.objects.select_related("service", "staff").get(pk=made.pk)


def asked(action, by, **wanted):
    with role("od_app"), acting_as(by.pk):
        return action(**wanted, by=by)


def test_whoever_was_told_opens_the_case_and_has_it(cast, waiting):
    user = cast.clinician3.user
    with role("od_app"), acting_as(user.pk):
        assert Case.objects.visible_to(user).filter(pk=waiting.case_id).exists()
        assert Watch.objects.visible_to(user).get() == waiting
        said = actions.acknowledge(watch=Watch.objects.get(pk=waiting.pk), by=user)
    waiting.refresh_from_db()
    assert (waiting.held_by, waiting.held_since) == (cast.clinician3, said.at)
    assert not Message.objects.waiting().filter(step__isnull=False).exists()
    assert AuditEntry.objects.filter(verb="took a clock in hand", thing_uuid=waiting.uuid).exists()


@pytest.mark.parametrize("who", ["clinician1", "mother", "person", "coordinator2", "clinician4"])
def test_nobody_else_has_it(cast, waiting, who):
    user = getattr(cast, who).user
    with role("od_app"), acting_as(user.pk):
        assert not Watch.objects.visible_to(user).filter(pk=waiting.pk).exists()
        assert not Watch.objects.filter(pk=waiting.pk).exists()
        with pytest.raises(PermissionDenied):
            actions.acknowledge(watch=waiting, by=user)
        with pytest.raises(Exception, match=r"row-level security|of_the_same_network"), transaction.atomic():
            Acknowledgement.objects.create(
                watch_id=waiting.pk, service=waiting.service, network=waiting.network, staff=user.staff or cast.coordinator
            )  # fmt: skip


def test_the_right_to_open_it_ends_with_the_clock(cast, waiting):
    timer = waiting.timer
    timer.outcome, timer.met_at, timer.known_at, timer.ended_at = ("met", *[timezone.now()] * 3)
    timer.save()
    user = cast.clinician3.user
    with role("od_app"), acting_as(user.pk):
        assert not Case.objects.filter(pk=waiting.case_id).exists()
        with pytest.raises(PermissionDenied):
            actions.acknowledge(watch=waiting, by=user)
    with pytest.raises(Refusal) as refused:
        asked(actions.acknowledge, cast.coordinator.user, watch=waiting)
    assert refused.value.rule == "watch_is_open"


def test_a_time_of_ones_own_making_is_not_believed(cast, waiting):
    with role("od_app"), acting_as(cast.coordinator.user_id):
        said = Acknowledgement.objects.create(
            watch=waiting, service=waiting.service, network=waiting.network, staff=cast.coordinator,
            at=timezone.now() - hours(9), good_until=timezone.now() + hours(900),
        )  # fmt: skip
    said.refresh_from_db()
    assert timezone.now() - said.at < timedelta(minutes=1)
    assert said.good_until - said.at == timedelta(minutes=30)


def test_handing_over_tells_the_receiver_and_leaves_the_clock_running(cast, waiting):
    with role("od_app"), acting_as(cast.coordinator.user_id):
        case = Case.objects.get(pk=waiting.case_id)
        actions.hand_over(case=case, to=cast.clinician1, by=cast.coordinator.user)
    assert Message.objects.filter(to=cast.clinician1.user.email, dedupe_key__startswith="handover:").exists()
    waiting.refresh_from_db()
    assert waiting.ended_at is None


# Plans.


def test_a_service_is_born_with_plans(cast):
    plans = EscalationPlan.objects.filter(service=cast.elsewhere)
    assert sorted(plan.subject for plan in plans) == sorted(
        ["first_meeting_urgent", "first_meeting_very_urgent", "first_reply", "wish", "words_between", "exception"]
    )
    assert all(plan.steps.exists() for plan in plans)


def test_a_new_plan_holds_for_new_clocks_only(cast, waiting):
    new = {"subject": "first_meeting_very_urgent", "steps": STEPS, "hold_minutes": 20}
    plan = asked(actions.make_plan, cast.lead.user, service=cast.service, **new)
    assert [(s.position, s.whom) for s in plan.steps.all()] == [(1, "owner"), (2, "lead")]
    network = make_network(cast.service)
    make_member(network, "Oiva", is_person=True)
    later = make_case(network, cast.coordinator, first_heard_at=timezone.now(), urgency="very_urgent")
    assert later.watches.get().plan == plan
    assert later.watches.get().steps.count() == 2
    assert Watch.objects.get(pk=waiting.pk).plan == waiting.plan


@pytest.mark.parametrize("who", ["coordinator", "clinician1", "coordinator2", "person"])
def test_only_the_lead_makes_plans(cast, who):
    user = getattr(cast, who).user
    with pytest.raises(PermissionDenied):
        asked(actions.make_plan, user, service=cast.service, subject="first_reply", steps=STEPS, hold_minutes=60)
    with role("od_app"), acting_as(user.pk), pytest.raises(Exception, match="made by the lead"), transaction.atomic():
        connection.cursor().execute("SELECT od.make_plan(%s, 'first_reply', NULL, 60, '[]')", [cast.service.pk])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"steps": []}, "plan_tells_before_the_deadline"),
        ({"steps": [STEPS[0] | {"share": 1}]}, "plan_tells_before_the_deadline"),
        ({"steps": [STEPS[0] | {"minutes": -5}]}, "step_has_one_moment"),
        ({"steps": [STEPS[0] | {"share": -0.2}]}, "step_has_one_moment"),
        ({"steps": [STEPS[1] | {"whom": "the boss"}]}, "step_whom_in_words"),
        ({"steps": [STEPS[1] | {"channels": []}]}, "step_has_a_channel"),
        ({"steps": [STEPS[1] | {"channels": ["pigeon"]}]}, "step_has_a_channel"),
        ({"steps": [STEPS[1] | {"wait_minutes": 0}]}, "step_waits_five_minutes"),
        ({"steps": STEPS * 11}, "plan_of_twenty_steps"),
        ({"hold_minutes": 1}, "plan_hold_within_a_week"),
        ({"hours": 5}, "plan_hours_fit_subject"),
        ({"subject": "wish"}, "plan_hours_fit_subject"),
        ({"subject": "tea", "hours": 1}, "plan_hours_fit_subject"),
    ],
)
def test_a_plan_that_would_not_work_is_refused_in_words(cast, change, rule):
    plan = {"service": cast.service, "subject": "first_reply", "steps": STEPS, "hold_minutes": 60} | change
    with pytest.raises(Refusal) as refused:
        asked(actions.make_plan, cast.lead.user, **plan)
    assert refused.value.rule == rule


def test_plans_are_never_changed(cast):
    for sql in ("UPDATE referrals_escalationplan SET hours = 900", "UPDATE referrals_planstep SET wait_minutes = 900",
                "DELETE FROM referrals_planstep"):  # fmt: skip
        with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
            connection.cursor().execute(sql)


# The rota.


def test_the_rota_says_who_and_who_stands_in(cast):
    now = timezone.now()
    assert rota.on_call(cast.service, "coordinator_on_duty") == [cast.coordinator]
    leena = make_staff(cast.service, "Leena", "coordinator")
    asked(actions.plan_turns, cast.coordinator.user, service=cast.service, role="coordinator",
          turns=[(leena, now, now + hours(8)), (cast.lead, now + hours(8), now + hours(16))])  # fmt: skip
    assert rota.on_call(cast.service, "coordinator_on_duty") == [leena]
    assert rota.on_call(cast.service, "coordinator_on_duty", now + hours(9)) == [cast.lead]
    assert rota.on_call(cast.service, "coordinator_on_duty", now + hours(17)) == [cast.coordinator]
    User.objects.filter(pk=leena.user_id).update(is_active=False)  # whoever leaves has no turn left
    assert rota.on_call(cast.service, "coordinator_on_duty") == [cast.coordinator]
    assert rota.on_call(cast.service, "clinician_on_call") == [cast.coordinator]


def test_a_public_referral_goes_to_whoever_has_the_turn(cast):
    leena = make_staff(cast.service, "Leena", "coordinator")
    turn(cast, leena, timezone.now() - hours(1), timezone.now() + hours(1), "coordinator")
    with role("od_app"):
        actions.refer(
            service=cast.service.slug,
            sender="x",
            person_name="Aino",
            call_back="040 555 0134",
            told="self",
            words="Help",
        )
    case = Case.objects.latest("pk")
    assert (case.owner, case.taken_at) == (leena, None)
    assert Message.objects.get(network=case.network).to == leena.user.email


def test_nobody_has_a_turn_twice(cast):
    now = timezone.now()
    turn(cast, cast.clinician1, now, now + hours(8))
    turn(cast, cast.coordinator, now, now + hours(8), "coordinator")
    turn(cast, cast.clinician4, now, now + hours(8))
    with pytest.raises(Refusal) as refused:
        asked(actions.plan_turns, cast.lead.user, service=cast.service, role="clinician",
              turns=[(cast.clinician2, now + hours(20), now + hours(21)), (cast.clinician2, now + hours(7), now + hours(9))])  # fmt: skip
    assert refused.value.rule == "one_clinician_on_call"
    assert not OnCall.objects.filter(staff=cast.clinician2).exists()


def test_a_swap_keeps_what_it_replaces(cast):
    now = timezone.now()
    mine = turn(cast, cast.clinician1, now - hours(2), now + hours(10))
    part = {"begin": now + hours(3), "end": now + hours(5), "why": "A birthday"}
    new = asked(actions.swap_turn, cast.clinician1.user, turn=mine, staff=cast.clinician2, **part)
    assert [(t.staff.name, round((t.period.lower - now) / hours(1)), round((t.period.upper - now) / hours(1))) for t in new] == [
        (cast.clinician1.name, -2, 3), (cast.clinician2.name, 3, 5), (cast.clinician1.name, 5, 10),
    ]  # fmt: skip
    mine.refresh_from_db()
    assert (mine.replaced_by, mine.replaced_why, [t.replaces for t in new]) == (
        cast.clinician1,
        "A birthday",
        [mine] * 3,
    )
    with pytest.raises(Refusal) as refused:
        asked(actions.swap_turn, cast.clinician1.user, turn=mine, staff=cast.clinician2)
    assert refused.value.rule == "turn_swapped_meanwhile"


def test_of_a_turn_that_runs_only_the_rest_is_swapped(cast):
    now = timezone.now()
    running = turn(cast, cast.clinician1, now - hours(2), now + hours(2))
    new = asked(actions.swap_turn, cast.coordinator.user, turn=running, staff=cast.clinician2)
    assert [t.staff for t in new] == [cast.clinician1, cast.clinician2]
    assert new[0].period.lower == now - hours(2)
    over = turn(cast, cast.clinician3, now - hours(9), now - hours(8))
    with pytest.raises(Refusal) as refused:
        asked(actions.take_out_turn, cast.coordinator.user, turn=over)
    assert refused.value.rule == "turn_still_to_come"


@pytest.mark.parametrize("who", ["clinician2", "coordinator2", "mother"])
def test_others_do_not_swap_ones_turn(cast, who):
    mine = turn(cast, cast.clinician1, timezone.now() + hours(1), timezone.now() + hours(2))
    user = getattr(cast, who).user
    with pytest.raises(PermissionDenied):
        asked(actions.swap_turn, user, turn=mine, staff=cast.clinician2)
    with role("od_app"), acting_as(user.pk):
        assert (
            OnCall.objects.filter(pk=mine.pk).update(
                replaced_at=timezone.now(), replaced_by=user.staff or cast.coordinator
            )
            == 0
        )


def test_ones_own_turn_is_not_simply_left(cast):
    mine = turn(cast, cast.clinician1, timezone.now() + hours(1), timezone.now() + hours(2))
    with pytest.raises(PermissionDenied):
        asked(actions.take_out_turn, cast.clinician1.user, turn=mine)
    with role("od_app"), acting_as(cast.clinician1.user_id), transaction.atomic():
        OnCall.objects.filter(pk=mine.pk).update(replaced_at=timezone.now(), replaced_by=cast.clinician1)
        with pytest.raises(IntegrityError, match="turn_is_covered"):
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    asked(actions.take_out_turn, cast.coordinator.user, turn=mine, why="Ill")
    assert not OnCall.objects.standing().filter(role="clinician").exists()


def test_taking_over_the_duty(cast):
    leena = make_staff(cast.service, "Leena", "coordinator")
    asked(actions.take_duty, cast.lead.user, service=cast.service, staff=leena)
    cast.service.refresh_from_db()
    assert cast.service.on_duty == leena
    turn(cast, cast.coordinator, timezone.now() - hours(1), timezone.now() + hours(1), "coordinator")
    asked(actions.take_duty, cast.lead.user, service=cast.service, staff=leena)
    assert rota.on_call(cast.service, "coordinator_on_duty") == [leena]


@pytest.mark.parametrize(
    ("kind", "who"), [("clinician", "coordinator"), ("coordinator", "clinician1"), ("clinician", "left")]
)
def test_a_turn_of_somebody_who_may(cast, kind, who):
    if who == "left":
        cast.clinician3.left_at = timezone.now()
        cast.clinician3.save()
    staff = cast.clinician3 if who == "left" else getattr(cast, who)
    turns = [(staff, timezone.now(), timezone.now() + hours(1))]
    with pytest.raises(Refusal) as refused:
        asked(actions.plan_turns, cast.lead.user, service=cast.service, role=kind, turns=turns)
    assert refused.value.rule == "turn_of_somebody_who_may"


def test_gaps_of_the_next_week(cast):
    now = timezone.now()
    turn(cast, cast.clinician1, now, now + hours(12))
    turn(cast, cast.clinician2, now + hours(12), now + hours(20))
    StaffChannel.objects.create(staff=cast.clinician1, service=cast.service, kind="sms", address="+358405550134")
    StaffChannel.objects.create(staff=cast.coordinator, service=cast.service, kind="sms", address="+358405550135")
    with role("od_app"), acting_as(cast.clinician1.user_id):
        gaps = [g for g in rota.gaps(cast.service, now, now + timedelta(days=7)) if g.role == "clinician"]
    assert [(g.what, round((g.starts_at - now) / hours(1)), round((g.ends_at - now) / hours(1)), g.name) for g in gaps] == [
        ("not_set_up", 12, 20, "Mikko"), ("stands_in", 20, 168, "Aino"),
    ]  # fmt: skip
    StaffChannel.objects.filter(staff=cast.coordinator).update(active=False)
    with role("od_app"), acting_as(cast.clinician1.user_id):
        gaps = [g for g in rota.gaps(cast.service, now, now + timedelta(days=7)) if g.role == "clinician"]
    assert [(g.what, round((g.starts_at - now) / hours(1)), round((g.ends_at - now) / hours(1)), g.name) for g in gaps] == [
        ("not_set_up", 12, 20, "Mikko"), ("not_set_up", 20, 168, "Aino"), ("stands_in", 20, 168, "Aino"),  # one hour can be both
    ]  # fmt: skip
    with role("od_app"), acting_as(cast.coordinator2.user_id):
        assert rota.gaps(cast.service, now, now + hours(1)) == []


def test_a_service_where_nobody_can_be_told(cast):
    User.objects.filter(staff_row__service=cast.elsewhere).update(is_active=False)
    assert {g.what for g in rota.gaps(cast.elsewhere, timezone.now(), timezone.now() + hours(1))} == {"nobody"}


# Channels.


def test_a_number_takes_the_place_of_the_one_before(cast):
    user = cast.clinician1.user
    asked(channel_actions.set_channel, user, kind="sms", address="+358 40 555 0134")
    asked(channel_actions.set_channel, user, kind="sms", address="+358405550199")
    assert list(StaffChannel.objects.order_by("pk").values_list("address", "active")) == [
        ("+358405550134", False), ("+358405550199", True),
    ]  # fmt: skip
    with pytest.raises(Refusal) as refused:
        asked(channel_actions.set_channel, user, kind="sms", address="040 555 0134")
    assert refused.value.rule == "channel_number_with_country"


def test_a_channel_is_ones_own(cast):
    channel = asked(channel_actions.set_channel, cast.clinician1.user, kind="sms", address="+358405550134")
    for who in (cast.clinician2, cast.coordinator2, cast.mother):
        with role("od_app"), acting_as(who.user_id):
            assert not StaffChannel.objects.exists()
    with role("od_app"), acting_as(cast.coordinator.user_id):
        assert StaffChannel.objects.get() == channel
        assert StaffChannel.objects.update(active=False) == 0
        channel_actions.try_channel(channel=channel, by=cast.coordinator.user)
    assert not Message.objects.filter(kind="trial").exists()


def test_a_way_that_is_not_set_up_is_not_offered(cast, settings):
    settings.LOCAL = False
    with pytest.raises(PermissionDenied):
        asked(channel_actions.set_channel, cast.clinician1.user, kind="sms", address="+358405550134")


def test_channels_of_a_step(cast):
    """E-mail is the ground: wherever it is wanted, and wherever nothing else is set up. What was put away counts for nothing."""

    def ways(*wanted):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT channel, address FROM od.channels_of(%s, %s) ORDER BY 1", [cast.clinician1.pk, list(wanted)]
            )
            return cursor.fetchall()

    user, account = cast.clinician1.user, cast.clinician1.user.email
    assert ways("push", "sms") == ways("email") == [("email", account)]  # never no way at all
    number = asked(channel_actions.set_channel, user, kind="sms", address="+358405550134")
    assert ways("push", "sms") == [("sms", "+358405550134")]
    assert ways("sms", "email") == [("email", account), ("sms", "+358405550134")]
    mail = asked(channel_actions.set_channel, user, kind="email", address="Night@example.org")
    assert ways("sms", "email") == [("email", "night@example.org"), ("sms", "+358405550134")]
    assert ways("push") == ways("email") == [("email", "night@example.org")]  # where they said, not where they did not
    asked(channel_actions.put_away, user, channel=number)
    assert ways("sms") == ways("sms", "email") == [("email", "night@example.org")]
    asked(channel_actions.put_away, user, channel=mail)
    assert ways("sms") == ways("email") == ways("push", "sms", "email") == [("email", account)]
    asked(channel_actions.set_channel, user, kind="sms", address="+358405550199")
    assert ways("sms", "email") == [("email", account), ("sms", "+358405550199")]  # e-mail cannot be put away


def test_taking_a_case_over_takes_what_was_asked_with_it_and_giving_it_away_does_not(cast, waiting):
    case = waiting.case
    asked(actions.take_over, cast.lead.user, case=case)
    waiting.refresh_from_db()
    assert waiting.held_by == cast.lead
    case.refresh_from_db()
    asked(actions.hand_over, cast.lead.user, case=case, to=cast.clinician1)
    waiting.refresh_from_db()
    assert waiting.held_by == cast.lead  # until clinician1 takes it, or the next step asks
    case.refresh_from_db()
    asked(actions.take_case, cast.clinician1.user, case=case)
    waiting.refresh_from_db()
    assert waiting.held_by == cast.clinician1
    assert [said.staff for said in waiting.acknowledgements.all()] == [cast.lead, cast.clinician1]


def test_taking_a_case_before_anybody_was_asked_moves_no_step(cast):
    network = make_network(cast.service)
    make_member(network, "Aino", is_person=True)
    case = make_case(network, cast.coordinator, taken=False)
    before = list(case.watches.get().steps.values_list("due_at", flat=True))
    asked(actions.take_case, cast.coordinator.user, case=case)
    watch = case.watches.get()
    assert (watch.held_by, list(watch.steps.values_list("due_at", flat=True))) == (None, before)
