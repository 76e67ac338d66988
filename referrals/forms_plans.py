"""The form of an escalation plan: one row a step."""

from decimal import Decimal
from typing import Any

from django import forms

from network.channels import set_up
from network.models import StaffChannel
from referrals.escalation import Subject, Whom
from referrals.forms import choice
from referrals.models import EscalationPlan, PlanStep

OF_THE_REFERRAL = (Subject.URGENT, Subject.VERY_URGENT, Subject.REPLY)
MOMENTS = {  # what a number in front of it means: minutes, and before (−) or after the deadline
    "share": ("% of the time has passed", 0),
    "minutes_before": ("minutes before the deadline", -1),
    "hours_before": ("hours before the deadline", -60),
    "minutes_after": ("minutes after the deadline", 1),
    "hours_after": ("hours after the deadline", 60),
}


def number(label: str, most: int, **kwargs: Any) -> forms.IntegerField:
    sentence = f"Write a whole number, up to {most:,}."
    errors = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
    return forms.IntegerField(label=label, min_value=0, max_value=most, error_messages=errors, **kwargs)


class PlanForm(forms.Form):
    """What holds for all steps."""

    use_required_attribute = False

    hours = number("Within how many hours?", 24 * 60, help_text="Nights and weekends count.")
    hold_minutes = number(
        "How many minutes does “I have it” hold?",
        7 * 24 * 60,
        help_text="If nothing follows by then (no contact, no booking), it begins anew. A day is 1,440 minutes.",
    )

    def __init__(self, *args: Any, subject: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if subject in OF_THE_REFERRAL:  # whose clock says
            del self.fields["hours"]


class StepForm(forms.Form):
    """One step. Without its number it is none."""

    use_required_attribute = False

    amount = forms.DecimalField(
        label="When",
        required=False,
        min_value=0,
        max_value=43200,
        max_digits=6,
        decimal_places=1,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"),
            "Write a number, up to 43,200.",
        ),
    )
    moment = choice([(key, words) for key, (words, _) in MOMENTS.items()], label="counted in", required=False)
    whom = choice(Whom.choices, label="Tell", required=False)
    channels = forms.MultipleChoiceField(
        label="By",
        choices=StaffChannel.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        initial=[StaffChannel.Kind.EMAIL.value],
        error_messages={"invalid_choice": "Choose one of the answers."},
    )
    wait_minutes = number("Minutes to wait for “I have it”", 30 * 24 * 60, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("amount") is None:
            return cleaned
        if cleaned.get("moment") == "share" and cleaned["amount"] > 100:
            self.add_error("amount", "The deadline is at 100 %. Choose “after the deadline” for what comes later.")
        if not cleaned.get("channels") and "channels" not in self.errors:
            self.add_error("channels", "Choose by which way a step tells.")
        if not cleaned.get("wait_minutes") and "wait_minutes" not in self.errors:
            self.add_error("wait_minutes", "Say how many minutes to wait, five or more.")
        return cleaned

    def step(self) -> dict[str, Any] | None:
        """As make_plan takes it; nothing for an empty row."""
        row = self.cleaned_data
        if row.get("amount") is None:
            return None
        step = {key: row[key] for key in ("whom", "channels", "wait_minutes")}
        step["whom"] = step["whom"] or Whom.OWNER.value
        moment = row["moment"] or "share"
        if moment == "share":
            return step | {"share": row["amount"] / 100}
        return step | {"minutes": round(row["amount"] * MOMENTS[moment][1])}


StepFormSet = forms.formset_factory(StepForm, extra=1, max_num=20, absolute_max=40)


def as_rows(plan: EscalationPlan) -> list[dict[str, Any]]:
    """The steps of a plan, as rows of the form."""
    return [
        {"whom": step.whom, "channels": step.channels, "wait_minutes": step.wait_minutes} | _moment(step)
        for step in plan.steps.all()
    ]


def _moment(step: PlanStep) -> dict[str, Any]:
    if step.share is not None:
        return {"moment": "share", "amount": plain(step.share * 100)}
    minutes = step.minutes or 0
    side = "before" if minutes < 0 else "after"
    if minutes and minutes % 60 == 0:
        return {"moment": f"hours_{side}", "amount": abs(minutes) // 60}
    return {"moment": f"minutes_{side}", "amount": abs(minutes)}


def plain(amount: Decimal) -> str:
    """33.4, and 50 instead of 50.000."""
    return f"{amount:f}".rstrip("0").rstrip(".") if "." in f"{amount:f}" else f"{amount:f}"


def not_set_up(plan_channels: set[str]) -> list[str]:
    """Which of these ways this installation does not have."""
    return [kind.label for kind in StaffChannel.Kind if kind in plan_channels and not set_up(kind)]
