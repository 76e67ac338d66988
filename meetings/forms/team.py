"""Choosing the team, and changing it."""

from typing import Any

from django import forms

from meetings.models import Meeting
from network.fields import WordsField
from network.models import Network, Staff, TeamMember
from network.templatetags.look import when_text

SEEN = "The person can read this."


def written(label: str, *, needed: str = "", most: int = 300, rows: int = 2, hint: str = "") -> WordsField:
    """A box that staff write in: whoever writes is told who reads it."""
    return WordsField(
        label=label, needed=needed, most=most, rows=rows, required=bool(needed), help_text=f"{hint} {SEEN}".strip(),
        widget=forms.Textarea(attrs={"class": ""}),
    )  # fmt: skip


class StaffChoices(forms.ModelMultipleChoiceField):
    """Clinicians by name and profession."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.get_profession_display()}"


class TeamMemberChoices(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.staff)


class MeetingChoice(forms.ModelChoiceField):
    """Meetings by their day and hour."""

    def label_from_instance(self, obj: Any) -> str:
        return when_text(obj.started_at or obj.starts_at, "cap")


def clinicians_of(network: Network) -> Any:
    """Clinicians who work for the network's service."""
    return Staff.objects.active().clinicians().filter(service=network.service_id)


class FoundingTeamForm(forms.Form):
    """Two or more, who stay to the end."""

    team = StaffChoices(
        queryset=Staff.objects.none(),
        label="Who meets this network, from the first meeting to the last?",
        help_text="Two or more. The same clinicians come every time.",
        error_messages={"required": "Choose two clinicians or more."},
    )

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = clinicians_of(network)  # type: ignore[attr-defined]


class TeamChangeForm(forms.Form):
    """Who joins or leaves, why, and where that was decided."""

    joined = StaffChoices(queryset=Staff.objects.none(), required=False, label="Who joins?")
    left = TeamMemberChoices(queryset=TeamMember.objects.none(), required=False, label="Who leaves?")
    reason = written("Why?", needed="Say why the team changes.")
    meeting = MeetingChoice(
        queryset=Meeting.objects.none(),
        required=False,
        label="In which meeting was it decided?",
        empty_label="In none: it could not wait",
    )
    why_outside = written("Why could it not wait for a meeting?", hint="Only when it was decided in none.")

    def __init__(self, *args: Any, network: Network, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = network.team.current()
        held = network.meetings.filter(started_at__isnull=False).order_by("-started_at", "-pk")
        free = clinicians_of(network).exclude(pk__in=current.values("staff"))
        self.fields["joined"].queryset = free  # type: ignore[attr-defined]
        self.fields["left"].queryset = current.select_related("staff")  # type: ignore[attr-defined]
        self.fields["meeting"].queryset = held  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("joined") and not data.get("left"):
            self.add_error("joined", "Choose who joins or who leaves.")
        return data
