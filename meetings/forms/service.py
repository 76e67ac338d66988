"""The lead's forms: what people read of the service, who works there, and to whom things go when somebody leaves."""

import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from meetings.leaving import StillTheirs
from network.fields import LineField, WordsField
from network.models import Service, Staff
from referrals.forms_rota import StaffChoice, who
from referrals.models import OnCall

ROLES = [
    ("coordinator", "coordinator: takes calls, sees all cases, puts teams together"),
    ("clinician", "clinician: meets people; sees the cases of their teams"),
    ("lead", "lead: sees all cases and the figures, and changes these pages"),
]


def has_digits(value: str) -> None:
    if not any(sign.isdigit() for sign in value):
        raise ValidationError("This is no number that can be called.")


def time_zones(kept: str) -> list[tuple[str, str]]:
    """Places by which people know their time, and the one that holds now."""
    places = {name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")}
    return [(name, name.replace("_", " ")) for name in sorted(places | {kept, "UTC"})]


class ServiceForm(forms.Form):
    """What people read of the service, and the hours of the first reply."""

    use_required_attribute = False

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    name = LineField(label="Name", help_text="As people know it", needed="Write the name of the service.")
    night_number = LineField(
        label="Telephone at night",
        help_text="Stands on everybody’s page, and in every note",
        most=40,
        needed="Write a number to call at night.",
        validators=[has_digits],
    )
    emergency_number = LineField(
        label="Number in an emergency", most=40, needed="Write the number for emergencies.", validators=[has_digits]
    )
    emergency_advice = WordsField(
        label="What to do in an emergency",
        help_text="In plain words: it is read at three in the morning",
        rows=3,
        most=2000,
        needed="Say what to do in an emergency.",
        widget=forms.Textarea(attrs={"class": ""}),
    )
    languages = LineField(
        label="Languages", help_text="As people call them, with commas between", most=200, required=False
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        help_text="In which all times are shown. The clocks themselves count hours, whatever the zone.",
        error_messages={"invalid_choice": "Choose one of the time zones offered."},
    )
    hours_reply = forms.IntegerField(
        label="Hours until the first reply, when it is not a crisis",
        help_text="Holds for referrals from now on. The public page says so.",
        min_value=1,
        max_value=336,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), "Write a whole number from 1 to 336, which is two weeks."
        ),
    )
    takes_public_referrals = forms.BooleanField(
        label="People may write on the public page",
        help_text="For themselves or for somebody else. Otherwise that page is not there, and people have to call.",
        required=False,
    )

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zones(service.time_zone)  # type: ignore[attr-defined]


class StaffForm(forms.Form):
    """Who somebody is to the networks, and what they do here."""

    use_required_attribute = False

    name = LineField(label="Name", help_text="As the networks know them", needed="Write their name.")
    roles = forms.MultipleChoiceField(
        label="What do they do here?",
        choices=ROLES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what they do here.", "invalid_choice": "Choose one of the answers."},
    )
    profession = forms.ChoiceField(label="Profession", choices=Staff.Profession.choices, initial=Staff.Profession.OTHER)
    training = forms.ChoiceField(label="Training", choices=Staff.Training.choices, initial=Staff.Training.NONE)


class NewStaffForm(StaffForm):
    """Somebody who begins."""

    email = forms.EmailField(
        label="Work e-mail",
        help_text="They sign in with a code that is sent there. It cannot be changed later.",
        max_length=254,
        error_messages={
            "required": "Write their work e-mail.",
            "invalid": "Write an e-mail address, such as name@example.org.",
        },
    )
    field_order = ["name", "email", "roles", "profession", "training"]


class EndForm(forms.Form):
    """To whom each thing goes that is still theirs. What is not theirs is not asked."""

    use_required_attribute = False

    def __init__(self, *args: Any, theirs: StillTheirs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        service = theirs.staff.service
        if theirs.cases:
            self.fields["cases_to"] = self._one_of(service, theirs, "Who looks after their cases?")
        if theirs.on_duty:
            self.fields["duty_to"] = self._one_of(service, theirs, "Who is on duty instead?", overseers=True)
        for role, label in OnCall.Role.choices:
            if theirs.turns_as(role):
                coordinates = role == OnCall.Role.COORDINATOR
                question = f"Who takes their turns as {label}?"
                field = self._one_of(
                    service, theirs, question, overseers=coordinates, clinicians=not coordinates, needed=False
                )
                self.fields[f"{role}_turns_to"] = field
        if theirs.alone:
            question = "Who comes to the meetings to which nobody else comes?"
            self.fields["meetings_to"] = self._one_of(service, theirs, question, clinicians=True)

    def _one_of(
        self,
        service: Service,
        theirs: StillTheirs,
        label: str,
        *,
        overseers: bool = False,
        clinicians: bool = False,
        needed: bool = True,
    ) -> StaffChoice:
        field = who(service, label)
        staff = Staff.objects.active().of_service(service).exclude(pk=theirs.staff.pk)
        staff = staff.overseers() if overseers else staff
        field.queryset = staff.clinicians() if clinicians else staff
        field.required = needed
        if not needed:
            field.empty_label = "nobody, for now"
        return field
