"""Looking into the log of readings, for an inquiry."""

from typing import Any

from django import forms

from network.fields import LineField, WordsField
from network.models import Service, Staff


class InquiryForm(forms.Form):
    """What for; and who read, whose record, on which days: each may be left out."""

    purpose = WordsField(
        label="What is it for?",
        help_text="Whom you name below reads this. Do not write what would endanger somebody if read.",
        rows=2,
        most=500,
        needed="Say what for. Whom it is about reads it.",
    )
    reader = forms.ModelChoiceField(
        Staff.objects.none(),
        label="Who read?",
        required=False,
        empty_label="anybody",
        error_messages={"invalid_choice": "Choose somebody who works or worked here."},
    )
    person = LineField(label="Whose record?", help_text="The whole name. Empty: anybody’s.", required=False)
    which = forms.ChoiceField(
        label="Which of them?",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one."},
    )
    first_day = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a day, such as 28.11.2026."},
    )
    last_day = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a day, such as 28.11.2026."},
    )

    def __init__(self, data: Any, *, service: Service, offers: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["reader"].queryset = Staff.objects.of_service(service)  # type: ignore[attr-defined]
        if len(offers) > 1:
            self.fields["which"].choices = offers  # type: ignore[attr-defined]
        else:
            del self.fields["which"]
        self.offers = offers

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("person") and not self.offers:
            self.add_error("person", "Nobody of that name is known here. Write the name as it stands in the record.")
        elif len(self.offers) > 1 and not data.get("which") and "which" not in self.errors:
            self.add_error("which", "Choose which of them.")
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day comes after the first.")
        return data

    @property
    def case(self) -> str:
        """The uuid of a case of whom it is about; empty: of anybody."""
        chosen = self.cleaned_data.get("which") or (self.offers[0][0] if self.offers else "")
        return chosen.partition(":")[0]
