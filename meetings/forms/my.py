"""What the person decides on their own page, and what they and their family write there."""

from typing import Any

from django import forms

from network.fields import OnceField, UntilField, WordsField
from network.models import Consent

CHOOSE = {"required": "Choose one.", "invalid_choice": "Choose one."}


class ReaderForm(forms.Form):
    """What one member may read."""

    SINGLE, NOTHING = "single", "nothing"
    covers = forms.ChoiceField(label="May read", widget=forms.RadioSelect, error_messages=CHOOSE)
    meetings = forms.MultipleChoiceField(
        label="These meetings",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose from the meetings that were held."},
    )
    until = UntilField()

    def __init__(self, *args: Any, meetings: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        single = [(self.SINGLE, "only the meetings I choose below")] if meetings else []
        self.fields["covers"].choices = [  # type: ignore[attr-defined]
            (Consent.Covers.ALL, "everything, also what was written before"),
            (Consent.Covers.FROM_NOW, f"meetings from now on{', and those I choose below' if meetings else ''}"),
            *single,
            (self.NOTHING, "nothing"),
        ]
        if meetings:
            self.fields["meetings"].choices = meetings  # type: ignore[attr-defined]
        else:
            del self.fields["meetings"]
        self.order_fields(["covers", "meetings", "until"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("covers") == self.SINGLE and not cleaned.get("meetings"):
            self.add_error("meetings", "Choose the meetings, or “nothing”.")
        return cleaned


class WishForm(forms.Form):
    """Asking for a meeting, in own words. `once` makes a form sent twice one wish."""

    once = OnceField()
    network = forms.ChoiceField(label="Which team", widget=forms.RadioSelect, error_messages=CHOOSE)
    words = WordsField(label="What you would like", rows=5, needed="Write what you would like, in a few words.")

    def __init__(self, *args: Any, networks: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(networks) > 1:
            self.fields["network"].choices = networks  # type: ignore[attr-defined]
        else:
            del self.fields["network"]


class BringForm(WishForm):
    """What to bring to the next meeting, in own words."""

    network = forms.ChoiceField(label="To which meeting", widget=forms.RadioSelect, error_messages=CHOOSE)
    words = WordsField(
        label="What you would like to bring", rows=5, needed="Write what you would like to bring, in a few words."
    )
    in_the_room = forms.BooleanField(
        required=False,
        label="Everybody in the room may see these words",
        help_text="When you meet, the record lies open before everybody who is there. Without this your words are not on it; "
        "you can still say them.",
    )


class MessagesForm(forms.Form):
    """What a message about a meeting may say."""

    time_in_messages = forms.TypedChoiceField(
        label="Messages about a meeting",
        choices=[("no", "say only that something waits"), ("yes", "also say the day and time of the meeting")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
    )
