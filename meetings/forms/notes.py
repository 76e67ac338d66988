"""What stands beside a note, and who may read it."""

from typing import Any

from django import forms

from meetings.models import Addendum, OutOfSight
from network.fields import LineField, OnceField, UntilField, WordsField
from network.models import Consent

HOW = [(Consent.How.IN_THE_ROOM, "in the room"), (Consent.How.ON_PAPER, "on paper")]


class AddForm(forms.Form):
    """Something to stand beside a line or beside the whole. `once` makes a form sent twice one row."""

    once = OnceField()
    kind = forms.ChoiceField(
        label="What would you like to say?",
        choices=[
            (Addendum.Kind.ADDED, "I add to it, or answer"),
            (Addendum.Kind.CORRECTS, "I correct something"),
            (Addendum.Kind.DIFFERS, "I see it differently"),
        ],
        initial=Addendum.Kind.ADDED,
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )
    text = WordsField(label="In your own words", rows=5, needed="Write something first.")


class ShareForm(forms.Form):
    """Which members may read this meeting: those who may not yet."""

    members = forms.MultipleChoiceField(
        label="Who may read it",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose who may read it.", "invalid_choice": "Choose from those in the network."},
    )
    until = UntilField()

    def __init__(self, *args: Any, members: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].choices = members  # type: ignore[attr-defined]


class HeardForm(forms.Form):
    """The person's word as the team heard it: how, where it was said, and who was there."""

    how = forms.ChoiceField(
        label="How the person said it",
        choices=HOW,
        initial=Consent.How.IN_THE_ROOM,
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )
    where = LineField(
        label="Where it was said",
        most=200,
        needed="Say where the person gave their word.",
        help_text="For instance: at the end of the meeting, in the kitchen. The person can read this.",
    )
    witness = LineField(
        label="Who was there when the person said it",
        most=200,
        needed="Say who was there when the person gave their word.",
        help_text="Names. The person can read this.",
    )


class WordForm(HeardForm, ShareForm):
    """The person's word on who may read: what it covers, where it was given, and who was there."""

    THIS = "this"
    covers = forms.ChoiceField(
        label="What they may read",
        choices=[
            (THIS, "this meeting"),
            (Consent.Covers.FROM_NOW, "meetings from now on"),
            (Consent.Covers.ALL, "everything, also what was written before"),
        ],
        initial=THIS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )
    field_order = ["members", "covers", "until", "how", "where", "witness"]


class OutOfSightForm(forms.Form):
    """Why words have to go, without repeating them."""

    why = forms.ChoiceField(
        label="Why must they go?",
        choices=OutOfSight.Why,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the reasons.", "invalid_choice": "Choose one of the reasons."},
    )
    reason = LineField(
        label="In a few words, without repeating them",
        most=500,
        needed="Say why, without repeating the words.",
        help_text="For instance: these words are about another family. The person reads this.",
    )
