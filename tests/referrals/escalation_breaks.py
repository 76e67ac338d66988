"""How each rule of the clock can be broken: see tests/meetings/breaks.py."""

import json

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from network.models import StaffChannel
from referrals.models import Acknowledgement, EscalationPlan, OnCall, PlanStep, Watch, WatchStep
from tests.factories import BROWSER_KEYS, make_case, make_member, make_network
from tests.meetings.breaks import breaks, change, insert, now

STEP = {"share": 0.5, "whom": "owner", "channels": ["email"], "wait_minutes": 30}


def everything_written(c):
    """A row in each table of the clock."""
    watch = running(c)
    StaffChannel.objects.create(staff=c.clinician1, service=c.service, kind="sms", address="+358405550134")
    Acknowledgement.objects.create(watch=watch, service=c.service, network=watch.network, staff=c.lead)
    turn(c, c.clinician1)


def running(c):
    """The watch of a clock that runs."""
    network = make_network(c.service)
    make_member(network, "Aino", is_person=True)
    return make_case(network, c.coordinator).watches.get()


def turn(c, staff, begin=60, end=120, role="clinician", **extra):
    return OnCall.objects.create(service=c.service, role=role, staff=staff, period=(now(begin), now(end)), **extra)


def turn_row(c, staff, begin=60, end=120, by=None, **extra):
    values = {"role": "clinician", "staff_id": staff.pk, "period": DateTimeTZRange(now(begin), now(end)),
              "made_by_id": (by or c.coordinator).pk} | extra  # fmt: skip
    return insert(OnCall, **values)


def made(c, steps=(STEP,), subject="first_reply", hours=None, hold=60):
    return "SELECT od.make_plan(%s, %s, %s, %s, %s)", [c.service.pk, subject, hours, hold, json.dumps(list(steps))]


def plan_step(c, **extra):
    plan = EscalationPlan.objects.filter(service=c.service).first()
    values = {"service_id": c.service.pk, "plan_id": plan.pk, "position": 9, "minutes": 5, "whom": "lead", "channels": ["email"],
              "wait_minutes": 5} | extra  # fmt: skip
    return insert(PlanStep, **values)


@breaks("plan_tells_before_the_deadline", by="lead")
def _(c):
    return made(c, [{**STEP, "share": 1}])


@breaks("plan_of_twenty_steps", by="lead")
def _(c):
    return made(c, [STEP] * 21)


@breaks("plan_hours_fit_subject", by="lead")
def _(c):
    return made(c, hours=9)


@breaks("plan_hours_fit_subject", by="lead")
def _(c):
    return made(c, subject="wish")


@breaks("plan_hold_within_a_week", by="lead")
def _(c):
    return made(c, hold=14)


@breaks("step_has_one_moment", by="lead")
def _(c):
    return made(c, [STEP, {**STEP, "minutes": 5}])


@breaks("step_whom_in_words", by="lead")
def _(c):
    return made(c, [STEP, {**STEP, "whom": "Leena"}])


@breaks("step_has_a_channel", by="lead")
def _(c):
    return made(c, [STEP, {**STEP, "channels": ["email", "fax"]}])


@breaks("step_waits_five_minutes", by="lead")
def _(c):
    return made(c, [STEP, {**STEP, "wait_minutes": 4}])


@breaks("plan_position_once")
def _(c):
    return [plan_step(c), plan_step(c)]


@breaks("stays_as_written")
def _(c):
    return change(PlanStep.objects.first(), wait_minutes=600)


@breaks("stays_as_written")
def _(c):
    return change(running(c), case_id=c.case.pk)


@breaks("stays_as_written")
def _(c):
    return change(running(c).steps.first(), whom="lead")


@breaks("open_watch_is_looked_at_again")
def _(c):
    return change(running(c), next_at=None)


@breaks("watch_of_one_thing")
def _(c):
    watch = running(c)
    return insert(
        Watch, service_id=c.service.pk, network_id=c.network.pk, case_id=c.case.pk, subject="wish", plan_id=watch.plan_id,
        opened_at=now(), started_at=now(), due_at=now(60), next_at=now(),
    )  # fmt: skip


@breaks("watch_due_after_start")
def _(c):
    watch = running(c)
    return change(watch, due_at=watch.started_at)


@breaks("step_once_a_round")
def _(c):
    step = running(c).steps.first()
    return insert(
        WatchStep, service_id=c.service.pk, network_id=step.network_id, watch_id=step.watch_id, round=step.round,
        position=step.position, whom="lead", channels=["email"], wait_minutes=5, planned_at=now(), due_at=now(),
    )  # fmt: skip


@breaks("step_fired_or_dropped")
def _(c):
    return change(running(c).steps.first(), fired_at=now(), dropped_at=now())


@breaks("watch_is_open", by="coordinator")
def _(c):
    watch = running(c)
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.end_watch(%s, 'met')", [watch.pk])
    return insert(Acknowledgement, watch_id=watch.pk, staff_id=c.coordinator.pk)


@breaks("of_the_same_network")
def _(c):
    return insert(Acknowledgement, watch_id=running(c).pk, staff_id=c.coordinator2.pk)


@breaks("turn_role_in_words", by="coordinator")
def _(c):
    return turn_row(c, c.clinician1, role="porter")


@breaks("turn_has_begin_and_end", by="coordinator")
def _(c):
    return turn_row(c, c.clinician1, period=DateTimeTZRange(now(60), None))


@breaks("turn_of_somebody_who_may", by="coordinator")
def _(c):
    return turn_row(c, c.clinician1, role="coordinator")


@breaks("of_the_same_network", by="coordinator")
def _(c):
    return turn_row(c, c.clinician2, replaces_id=turn(c, c.clinician1).pk)  # which nobody has swapped away


@breaks("one_clinician_on_call", by="coordinator")
def _(c):
    turn(c, c.clinician1)
    return turn_row(c, c.clinician2, begin=119, end=150)


@breaks("one_coordinator_on_duty", by="lead")
def _(c):
    turn(c, c.coordinator, role="coordinator")
    return turn_row(c, c.lead, by=c.lead, role="coordinator")


@breaks("turn_still_to_come", by="coordinator")
def _(c):
    return turn_row(c, c.clinician1, begin=-120, end=-60)


@breaks("turn_still_to_come", by="coordinator")
def _(c):
    return change(turn(c, c.clinician1, begin=-120, end=-60), replaced_at=now(), replaced_by_id=c.coordinator.pk)


@breaks("turn_swapped_meanwhile", by="coordinator")
def _(c):
    return [change(turn(c, c.clinician1), replaced_at=now(), replaced_by_id=c.coordinator.pk)] * 2


@breaks("turn_replaced_by_somebody")
def _(c):
    return change(turn(c, c.clinician1), replaced_at=now())


@breaks("turn_is_covered", by="clinician1")
def _(c):
    return change(turn(c, c.clinician1), replaced_at=now(), replaced_by_id=c.clinician1.pk)


def channel(c, **extra):
    return insert(StaffChannel, **{"staff_id": c.clinician1.pk, "kind": "sms", "address": "+358405550134"} | extra)


def browser(c, endpoint="https://fcm.googleapis.com/a", device="My phone", **keys):
    subscription = {"endpoint": endpoint, "keys": BROWSER_KEYS | keys}
    return channel(c, kind="push", address="", device=device, subscription=json.dumps(subscription))


@breaks("channel_has_its_address", by="clinician1")
def _(c):
    return channel(c, kind="email", address=" ")


@breaks("channel_number_with_country", by="clinician1")
def _(c):
    return channel(c, address="040 555 0134")


@breaks("channel_push_over_tls", by="clinician1")
def _(c):
    return browser(c, "http://fcm.googleapis.com/a")


@breaks("channel_push_over_tls", by="clinician1")
def _(c):
    return browser(c, "https://fcm.googleapis.com:8000/a")


@breaks("channel_push_over_tls", by="clinician1")
def _(c):
    return browser(c, "https://fcm.googleapis.com@127.0.0.1/a")


@breaks("channel_push_over_tls", by="clinician1")
def _(c):
    return browser(c, f"https://fcm.googleapis.com/{'a' * 1500}")


@breaks("channel_push_over_tls", by="clinician1")
def _(c):
    return browser(c, None)


@breaks("channel_push_has_its_keys", by="clinician1")
def _(c):
    return browser(c, p256dh="a")


@breaks("channel_push_has_its_keys", by="clinician1")
def _(c):
    return browser(c, auth=None)


@breaks("channel_browser_has_a_name", by="clinician1")
def _(c):
    return browser(c, device=" ")


@breaks("channel_one_of_a_kind", by="clinician1")
def _(c):
    return [channel(c), channel(c, address="+358405550135")]


@breaks("channel_browser_once", by="clinician1")
def _(c):
    return [browser(c), browser(c)]


@breaks("channel_set_anew", by="clinician1")
def _(c):
    put_away = StaffChannel.objects.create(
        staff=c.clinician1, service=c.service, kind="sms", address="+358405550134", active=False
    )
    return change(put_away, active=True)
