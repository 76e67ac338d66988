"""Who somebody in the network is, how to reach them, and whether the person wants them there."""

from typing import Any

from django import forms

from meetings.actions.members import Word
from meetings.forms.booking import FIRST_WORD
from meetings.forms.team import written
from network.fields import LineField, OnceField
from network.models import Member, MemberContact

CONTACT = ("email", "phone", "home_address", "language", "interpreter", "time_in_messages")


class MemberForm(forms.Form):
    """A member; the person's own word on who they are to them is kept in their words."""

    uuid = OnceField()
    name = LineField(label="Name", needed="Write a name, or what people call them.")
    relation = LineField(
        label="How are they related?", required=False, help_text="In their own words: her mother, a friend from work."
    )
    circle = forms.ChoiceField(
        label="Closest to", choices=Member.Circle.choices, widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        initial=Member.Circle.OTHER,
    )  # fmt: skip
    wanted = forms.ChoiceField(
        required=False, choices=[("", "Not asked yet"), ("yes", "Yes"), ("no", "No")],
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
    )  # fmt: skip
    wanted_word = LineField(label=FIRST_WORD, most=300, required=False)
    email = forms.EmailField(
        label="E-mail", required=False, help_text="Each member needs their own. Mails never say why.", max_length=254,
        error_messages={
            "invalid": "This is not an e-mail address. Look at it again.",
            "max_length": "This is longer than an e-mail address can be. Look at it again.",
        },
    )  # fmt: skip
    phone = LineField(label="Phone", most=60, required=False, help_text="Neither e-mail nor phone: told on paper.")
    home_address = LineField(label="Home address", most=300, required=False)
    language = LineField(label="Language", most=60, required=False)
    interpreter = LineField(
        label="Interpreter", most=200, required=False, help_text="Which language, and who if you know."
    )
    time_in_messages = forms.BooleanField(
        label="The time of a meeting may stand in messages to them", required=False,
        help_text="Only when they chose so. Otherwise a message says no more than that there is one.",
    )  # fmt: skip

    def __init__(self, *args: Any, person: Member, member: Member | None = None, **kwargs: Any) -> None:
        self.member = member
        kwargs["initial"] = _initial(member) if member else {}
        super().__init__(*args, **kwargs)
        self.fields["wanted"].label = f"May they be invited? {person.name}’s word"
        if member and member.is_person:
            for name in ("relation", "circle", "wanted", "wanted_word"):
                del self.fields[name]
        elif not member:
            del self.fields["home_address"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("wanted") and not data.get("wanted_word") and "wanted_word" not in self.errors:
            self.add_error("wanted_word", "Say where the person gave their word, and to whom.")
        return data

    @property
    def details(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "relation", "circle") if name in self.cleaned_data}

    @property
    def contact(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CONTACT if name in self.cleaned_data}

    @property
    def word(self) -> Word | None:
        if not self.cleaned_data.get("wanted"):
            return None
        return Word(wanted=self.cleaned_data["wanted"] == "yes", words=self.cleaned_data["wanted_word"])


class LeaveForm(forms.Form):
    """Somebody is of the network no more."""

    left_reason = written("Why?", needed="Say why they leave.")


class HandOverForm(forms.Form):
    """A note was given to somebody."""

    handed_to = LineField(label="To whom did you give it?", most=200, needed="Write to whom you gave it.")


def _initial(member: Member) -> dict[str, Any]:
    wanted = {True: "yes", False: "no", None: ""}[member.wanted]
    initial = {"name": member.name, "relation": member.relation, "circle": member.circle, "wanted": wanted}
    contact = MemberContact.objects.filter(member=member).first()
    reach = {name: getattr(contact, name) for name in CONTACT} if contact else {}
    return initial | {"wanted_word": member.wanted_word} | reach
