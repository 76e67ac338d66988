"""What stands beside a note, and who may read it."""

from typing import Any

from django import forms

from meetings.models import Addendum
from network.fields import LineField, OnceField, WordsField
from network.models import Consent

HOW = [(Consent.How.IN_THE_ROOM, "in the room"), (Consent.How.ON_PAPER, "on paper")]


class AddForm(forms.Form):
    """Something to stand beside a line or beside the whole. `once` makes a form sent twice one row."""

    once = OnceField()
    kind = forms.ChoiceField(
        label="What would you like to say?",
        choices=[(Addendum.Kind.ADDED, "I add to it"), (Addendum.Kind.DIFFERS, "I see it differently")],
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

    def __init__(self, *args: Any, members: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].choices = members  # type: ignore[attr-defined]


class WordForm(ShareForm):
    """The person's word as the team heard it: what it covers, where it was given, and who was there."""

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
