"""Somebody's work for a service ends, and what is theirs is handed over in the same act."""

from collections.abc import Mapping

from meetings.actions.booking import change_who_comes
from meetings.leaving import StillTheirs
from network.actions.duty import put_on_duty
from network.actions.staff import end_staff
from network.models import Staff, User
from network.permissions import NETWORK, require
from network.rules import one_transaction
from referrals.actions import hand_over, swap_turn, take_out_turn


def end_work(
    *,
    staff: Staff,
    cases_to: Staff | None = None,
    duty_to: Staff | None = None,
    turns_to: Mapping[str, Staff | None],
    meetings_to: Staff | None = None,
    by: User,
) -> None:
    """`turns_to`: who takes the turns of each OnCall.Role; those that nobody takes are taken out, and the rota warns of the hole.

    All of it or nothing: what has no receiver where it needs one, the database refuses.
    """
    require(NETWORK, "staff.change", by, staff.service)
    with one_transaction():
        if duty_to:
            put_on_duty(service=staff.service, staff=duty_to, by=by)  # what nobody has taken goes along
        theirs = StillTheirs(staff)
        for case in theirs.cases if cases_to else []:
            hand_over(case=case, to=cases_to, by=by)  # type: ignore[arg-type]
        for turn in theirs.turns:
            if receiver := turns_to.get(turn.role):
                swap_turn(turn=turn, staff=receiver, by=by)
            else:
                take_out_turn(turn=turn, by=by)
        for meeting in theirs.alone if meetings_to else []:
            change_who_comes(meeting=meeting, staff=[meetings_to], by=by)  # type: ignore[list-item]
        end_staff(staff=staff, by=by)
