"""What had to be decided without the person."""

from typing import Any

from django import forms

from meetings.forms.team import MeetingChoice, written
from meetings.models import Meeting
from network.fields import LineField, LocalTimeField, OnceField
from network.models import Staff
from referrals.models import Case


class ExceptionForm(forms.Form):
    """What, who, when, why, and who brings it to which meeting."""

    uuid = OnceField()
    text = written("What was decided?", needed="Write what was decided.", most=20_000, rows=3)
    decided_by = LineField(label="Who decided it?", most=200, needed="Write who decided it.")
    decided_at = LocalTimeField(label="When?", error_messages={"required": "Write when it was decided."})
    why = written(
        "Why could it not wait for the person?",
        needed="Write why it could not wait.",
        most=20_000,
        rows=3,
        hint="Danger to life, or a detention, for instance.",
    )
    bring_to = MeetingChoice(
        queryset=Meeting.objects.none(),
        required=False,
        label="To which meeting is it brought?",
        empty_label="The next one that is booked",
    )
    brought_by = forms.ModelChoiceField(queryset=Staff.objects.none(), label="Who brings it there?", empty_label=None)

    def __init__(self, *args: Any, case: Case, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Staff.objects.active().filter(service=case.service_id)
        upcoming = case.network.meetings.filter(status__in=["booked", "started"]).order_by("starts_at", "pk")
        self.fields["bring_to"].queryset = upcoming  # type: ignore[attr-defined]
        self.fields["brought_by"].queryset = here  # type: ignore[attr-defined]
        team = case.network.team.current().values_list("staff", flat=True)
        self.fields["brought_by"].initial = staff.pk if staff.pk in team else next(iter(team), staff.pk)
