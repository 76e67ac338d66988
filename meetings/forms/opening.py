"""Opening somebody's record in need."""

from django import forms

from network.fields import LineField, WordsField


class OpeningForm(forms.Form):
    """Who it is about, so that nobody is found by chance; why; and for how long."""

    person = LineField(label="Name of the person", needed="Write the name of the person.")
    back = LineField(
        label="A telephone number or e-mail address of theirs",
        help_text="Or of somebody close who called before. Both have to fit.",
        most=254,
        needed="Write a telephone number or an e-mail address.",
    )
    reason = WordsField(
        label="Why do you need to read it now?",
        help_text="They read this, and see what you open. Do not write what would endanger somebody if read.",
        rows=3,
        most=500,
        needed="Say why. The person reads it.",
    )
    hours = forms.TypedChoiceField(
        label="For how long",
        choices=[(1, "1 hour"), (4, "4 hours"), (24, "24 hours")],
        coerce=int,
        initial=4,
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        error_messages={"required": "Choose for how long.", "invalid_choice": "Choose for how long."},
    )
