"""Who is coordinator on duty and clinician on call, and swaps. A turn is never changed: what takes its place is a new row."""

from collections.abc import Iterable
from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from network.actions.duty import put_on_duty
from network.models import Service, Staff, User
from network.permissions import require, staff_of
from network.rules import one_write
from referrals.models import OnCall
from referrals.permissions import ROTA


def plan_turns(
    *, service: Service, role: str, turns: Iterable[tuple[Staff, datetime, datetime]], by: User
) -> list[OnCall]:
    """Turns still to come, each (who, from, until but not including). All of them, or none when one does not fit."""
    require(ROTA, "rota.plan", by, service)
    with one_write("planned the rota") as written:
        written.thing = service
        return [
            OnCall.objects.create(
                service=service, role=role, staff=staff, period=DateTimeTZRange(begin, end), made_by=staff_of(by)
            )
            for staff, begin, end in turns
        ]


def swap_turn(
    *,
    turn: OnCall,
    staff: Staff,
    begin: datetime | None = None,
    end: datetime | None = None,
    why: str = "",
    by: User,
) -> list[OnCall]:
    """`staff` takes `turn`, or the part of it from `begin` until `end`; what is over of it stays with whoever had it."""
    require(ROTA, "turn.swap", by, turn)
    lower, upper = turn.period.lower, turn.period.upper
    begin = max(lower, timezone.now(), begin or lower)
    end = min(upper, end or upper)
    parts = [(turn.staff, lower, begin), (staff, begin, end), (turn.staff, end, upper)]
    with one_write("swapped a turn") as written:
        written.thing = turn
        _replace(turn, why, by)
        return [
            OnCall.objects.create(
                service_id=turn.service_id, role=turn.role, staff=who, period=DateTimeTZRange(lower, upper),
                made_by=staff_of(by), replaces=turn,
            )
            for who, lower, upper in parts
            if lower < upper
        ]  # fmt: skip


def take_out_turn(*, turn: OnCall, why: str = "", by: User) -> OnCall:
    """Nobody has this turn any more. The hole shows as a warning until somebody fills it."""
    require(ROTA, "rota.plan", by, turn.service)
    lower, upper, now = turn.period.lower, turn.period.upper, timezone.now()
    with one_write("took a turn out") as written:
        written.thing = turn
        _replace(turn, why, by)
        if lower < now:  # what is over was as it was
            OnCall.objects.create(
                service_id=turn.service_id, role=turn.role, staff=turn.staff, period=DateTimeTZRange(lower, min(now, upper)),
                made_by=staff_of(by), replaces=turn,
            )  # fmt: skip
    return turn


def take_duty(*, service: Service, staff: Staff, by: User) -> None:
    """From now on `staff` is the coordinator on duty: until the turn of the rota that runs now is over, or for good where none runs."""
    require(ROTA, "rota.plan", by, service)
    running = OnCall.objects.standing().filter(
        service=service, role=OnCall.Role.COORDINATOR, period__contains=timezone.now()
    )
    if turn := running.first():
        swap_turn(turn=turn, staff=staff, why="Took over the duty", by=by)
    else:
        put_on_duty(service=service, staff=staff, by=by)


def _replace(turn: OnCall, why: str, by: User) -> None:
    OnCall.objects.filter(pk=turn.pk).update(replaced_at=timezone.now(), replaced_by=staff_of(by), replaced_why=why)
