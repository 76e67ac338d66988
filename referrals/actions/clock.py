"""Who has a clock, and how a service escalates. Watches and steps are written by the database alone."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from network.models import Service, User
from network.permissions import require, staff_of
from network.rules import one_write
from referrals.models import Acknowledgement, EscalationPlan, Watch
from referrals.permissions import REFERRALS


def acknowledge(*, watch: Watch, by: User) -> Acknowledgement:
    """“I have it”: withdraws what has not gone out, holds the next steps until `good_until`, and begins anew then if nothing followed."""
    require(REFERRALS, "watch.acknowledge", by, watch.network)
    with one_write("took a clock in hand") as written:
        written.thing = watch
        return Acknowledgement.objects.create(
            watch=watch, service_id=watch.service_id, network_id=watch.network_id, staff=staff_of(by)
        )


def make_plan(
    *,
    service: Service,
    subject: str,
    steps: Iterable[dict[str, Any]],
    hold_minutes: int,
    hours: int | None = None,
    by: User,
) -> EscalationPlan:
    """A new plan for clocks that begin after it; those that run keep the one they began with.

    Each step, in order: `share` (0 to 1 of the time to the deadline) or `minutes` (before (−) or after the deadline), `whom`
    (Whom), `channels` (of StaffChannel.Kind), `wait_minutes`. `hours` only for wish, words_between and exception.
    """
    require(REFERRALS, "plan.make", by, service)
    plain = json.dumps(list(steps), default=str)
    with one_write("made an escalation plan") as written:
        with connection.cursor() as cursor:
            cursor.execute("SELECT od.make_plan(%s, %s, %s, %s, %s)", [service.pk, subject, hours, hold_minutes, plain])
            (uuid,) = cursor.fetchone()
        written.thing = plan = EscalationPlan.objects.get(uuid=uuid)
    return plan
