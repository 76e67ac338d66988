"""Forms of the rota: who has a turn, and who takes it over."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from network.fields import LineField, LocalTimeField
from network.models import Service, Staff
from referrals.forms import segments
from referrals.models import OnCall

REPEATS = [("", "Once"), ("daily", "The same hours on seven days")]
ROLES = [(role.value, role.label.capitalize()) for role in OnCall.Role]


class StaffChoice(forms.ModelChoiceField):
    """Somebody who works here, with what they do, so that nobody has to guess who may."""

    def label_from_instance(self, obj: Staff) -> str:
        return f"{obj.name} ({', '.join(obj.roles)})"


def who(service: Service, label: str) -> StaffChoice:
    return StaffChoice(
        Staff.objects.active().of_service(service),
        label=label,
        empty_label="choose",
        error_messages={"required": "Choose who.", "invalid_choice": "Choose somebody who works here."},
    )


class DutyForm(forms.Form):
    """One of the coordinators and leads."""

    on_duty = forms.ModelChoiceField(
        Staff.objects.none(),
        label="Who is on duty from now on?",
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": "Choose who is on duty.",
            "invalid_choice": "Only a coordinator or a lead can be on duty.",
        },
    )

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on_duty"].queryset = Staff.objects.active().of_service(service).overseers()  # type: ignore[attr-defined]


class TurnsForm(forms.Form):
    """A turn, or the same hours on seven days."""

    use_required_attribute = False

    role = segments(ROLES, label="Which duty?", needed="Choose which duty.")
    begin = LocalTimeField(label="From", error_messages={"required": "Say from when."})
    end = LocalTimeField(
        label="Until", help_text="Whoever comes next begins then.", error_messages={"required": "Say until when."}
    )
    repeat = segments(REPEATS, label="How often?", required=False)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"] = who(service, "Who?")
        self.order_fields(["role", "staff", "begin", "end", "repeat"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and end <= begin:
            self.add_error("end", "A turn ends after it begins.")
        elif begin and end and cleaned.get("repeat") and end - begin > timedelta(hours=25):  # a day of 25 hours is one
            self.add_error("end", "To be the same on seven days, a turn takes a day at most.")
        return cleaned

    def turns(self) -> list[tuple[Staff, datetime, datetime]]:
        """Each turn: who, from, until. Days are days on the wall, whatever the clocks do in between."""
        staff, begin, end = (self.cleaned_data[name] for name in ("staff", "begin", "end"))
        days = range(7) if self.cleaned_data["repeat"] else [0]
        return [(staff, days_later(begin, n), days_later(end, n)) for n in days]


class SwapForm(forms.Form):
    """Who takes the turn, or a part of it."""

    use_required_attribute = False

    begin = LocalTimeField(label="From", required=False, help_text="Empty: from its beginning, or from now on")
    end = LocalTimeField(label="Until", required=False, help_text="Empty: until its end")
    why = LineField(
        label="Why?", help_text="Colleagues see this. Write nothing about anybody’s health.", most=300, required=False
    )

    def __init__(self, *args: Any, turn: OnCall, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.turn = turn
        self.fields["staff"] = who(turn.service, "Who takes it?")
        self.order_fields(["staff", "begin", "end", "why"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lower, upper = self.turn.period.lower, self.turn.period.upper
        begin = max(cleaned.get("begin") or lower, lower, timezone.now())
        end = cleaned.get("end") or upper
        if end <= begin or begin >= upper:
            self.add_error("end" if end <= begin and cleaned.get("end") else "begin", "That is not within this turn.")
        if cleaned.get("staff") == self.turn.staff:
            self.add_error("staff", "They have this turn already.")
        return cleaned


class TakeOutForm(forms.Form):
    why = LineField(label="Why?", most=300, required=False)


def days_later(moment: datetime, days: int) -> datetime:
    return timezone.localtime(moment) + timedelta(days=days)
