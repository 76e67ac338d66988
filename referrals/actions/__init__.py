"""The only code that writes referrals, by subject."""

from referrals.actions.clock import acknowledge, make_plan
from referrals.actions.contact import (
    caller_refuses,
    caller_told,
    change_urgency,
    close_case,
    correct_first_heard,
    hand_over,
    log_contact,
    refer,
    take_call,
    take_case,
    take_over,
)
from referrals.actions.rota import plan_turns, swap_turn, take_duty, take_out_turn

__all__ = [
    "acknowledge",
    "caller_refuses",
    "caller_told",
    "change_urgency",
    "close_case",
    "correct_first_heard",
    "hand_over",
    "log_contact",
    "make_plan",
    "plan_turns",
    "refer",
    "swap_turn",
    "take_call",
    "take_case",
    "take_duty",
    "take_out_turn",
    "take_over",
]
