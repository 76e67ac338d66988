"""What is written down in the room. Nothing is asked for that can wait: a line may be nothing but its words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from meetings.forms.booking import PLACES
from meetings.models import Line, Meeting, Presence, ReadBack
from network.fields import LineField, LocalTimeField, WordsField
from network.models import Member

Choices = Sequence[tuple[str, str]]
# What the forms of the record say; the page says the same by itself while there is no signal.
SAY = {
    "write": "Write something first.",
    "whose": "Say whose words these are.",
    "action_who": "Say who does it.",
    "action_by": "Say by when.",
    "action_looked_after_by": "Say who looks after it.",
    "name": "Write a name, or what people call them.",
    "take_up": "Write what was said about it.",
    "ask": "Ask them too, or say that they left.",
    "differs": "Write in their words what they see differently.",
    "next": "Choose when you meet next, or say that there is no next meeting.",
    "next_at": "Say when you meet next.",
    "no_next_decided_by": "Say who decided that there is no next meeting.",
    "night_number": "Write whom to call at night.",
}
SOMEBODY_ELSE = "other"
WRITTEN = [
    (kind.value, kind.label) for kind in Line.Kind if kind not in (Line.Kind.TOLD, Line.Kind.LEFT, Line.Kind.ANSWERED)
]
WITH_A_VOICE = (Line.Kind.VOICE, Line.Kind.REFLECTION, Line.Kind.USE)


class LineForm(forms.Form):
    """One line: its kind, whose words, the words; for an action also who, by when, and who looks after it."""

    uuid = forms.UUIDField(required=False)
    kind = forms.ChoiceField(
        choices=WRITTEN, error_messages={"required": "Choose what it is.", "invalid_choice": "Choose what it is."}
    )
    voice = forms.CharField(required=False, max_length=60)
    voice_name = LineField(required=False, label="Whose words")
    text = WordsField(label="What was said", needed=SAY["write"])
    action_who = LineField(required=False, label="Who does it")
    action_by = forms.DateField(
        required=False, label="By when", error_messages={"invalid": "Write the day, such as 30.11.2026."}
    )
    action_looked_after_by = LineField(required=False, label="Who looks after it")
    at = forms.TimeField(required=False, error_messages={"invalid": "Write the time, such as 17:45."})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, voice = cleaned.get("kind"), cleaned.get("voice")
        field = "voice_name" if voice == SOMEBODY_ELSE else "voice"
        if kind in WITH_A_VOICE and not cleaned.get(field) and not self.has_error(field):
            self.add_error(field, SAY["whose"])
        if kind == Line.Kind.ACTION:
            for name in ("action_who", "action_by", "action_looked_after_by"):
                if not cleaned.get(name) and not self.has_error(name):
                    self.add_error(name, SAY[name])
        return cleaned


class ChangeForm(forms.Form):
    """Other words for a line that has not been read back."""

    uuid = forms.UUIDField(required=False, widget=forms.HiddenInput)
    text = WordsField(label="In their words", needed=SAY["write"])


class GuestForm(forms.Form):
    """Somebody who came and was not expected."""

    name = LineField(label="Name", needed=SAY["name"])
    relation = LineField(required=False, label="How they are related", help_text="In their own words")
    circle = forms.ChoiceField(
        label="This is",
        choices=Member.Circle,
        initial=Member.Circle.OTHER,
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )


class TakeUpForm(forms.Form):
    """What was said, in the room, about what was decided without the person."""

    words = WordsField(label="What was said about it", needed=SAY["take_up"], rows=3)


class ReadBackForm(forms.Form):
    """For each one who was there: agreed, differs in their words, or left before."""

    def __init__(self, *args: Any, presences: Sequence[Presence], afterwards: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[dict[str, Any]] = []
        away = "was not there when it was read" if afterwards else "left before"
        for presence in presences:
            key = str(presence.uuid)
            self.fields[f"answer_{key}"] = forms.ChoiceField(
                label=presence.name,
                choices=[("agreed", "agreed"), ("differs", "sees it differently"), ("left_before", away)],
                widget=forms.RadioSelect(attrs={"class": "as-segments"}),
                error_messages={
                    "required": SAY["ask"],
                    "invalid_choice": SAY["ask"],
                },
            )
            self.fields[f"words_{key}"] = WordsField(
                label=f"What {presence.name} sees differently", required=False, rows=2
            )
            self.rows.append(
                {"presence": presence, "answer": self[f"answer_{key}"], "words": self[f"words_{key}"], "key": key}
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for row in self.rows:
            words = f"words_{row['key']}"
            differs = cleaned.get(f"answer_{row['key']}") == ReadBack.Answer.DIFFERS
            if differs and not cleaned.get(words) and not self.has_error(words):
                self.add_error(words, SAY["differs"])
        return cleaned


class CloseForm(forms.Form):
    """When they meet next or who decided that they do not, who comes, whom to call at night."""

    NEW, NONE = "new", "none"
    next = forms.ChoiceField(
        label="When do you meet next?",
        widget=forms.RadioSelect,
        error_messages={
            "required": SAY["next"],
            "invalid_choice": SAY["next"],
        },
    )
    next_at = LocalTimeField(
        required=False, label="The new time", help_text="The same place, the same team, and those who were asked today."
    )
    no_next_decided_by = LineField(
        required=False,
        most=300,
        label="Who decided that there is no next meeting?",
        help_text="Only when there is none",
    )
    who_comes = LineField(required=False, most=300, label="Who comes next time?")
    night_number = LineField(most=40, label="Whom to call at night", needed=SAY["night_number"])
    ended_at = LocalTimeField(label="When did the meeting end?", error_messages={"required": "Say when it ended."})

    def __init__(self, *args: Any, booked: Choices, may_book: bool, afterwards: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new = [(self.NEW, "A new time")] if may_book else []
        choices = [*booked, *new, (self.NONE, "No next meeting")]
        self.fields["next"].choices = choices  # type: ignore[attr-defined]
        if not may_book:
            del self.fields["next_at"]
        if not afterwards:
            del self.fields["ended_at"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = cleaned.get("next")
        if chosen == self.NONE and not cleaned.get("no_next_decided_by") and not self.has_error("no_next_decided_by"):
            self.add_error("no_next_decided_by", SAY["no_next_decided_by"])
        if chosen == self.NEW and not cleaned.get("next_at") and not self.has_error("next_at"):
            self.add_error("next_at", SAY["next_at"])
        return cleaned


class AfterwardsForm(forms.Form):
    """A meeting that could not be recorded in the room."""

    NOT_BOOKED = "new"
    booked = forms.ChoiceField(
        label="Which meeting was it?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the meeting.", "invalid_choice": "Choose the meeting."},
    )
    started_at = LocalTimeField(label="When did it begin?", error_messages={"required": "Say when it began."})
    place = forms.ChoiceField(
        label="Where was it?",
        required=False,
        choices=PLACES,
        initial=Meeting.Place.HOME,
        widget=forms.RadioSelect,
    )
    address = LineField(required=False, most=300, label="Address", help_text="If it was somewhere else")
    present = forms.MultipleChoiceField(
        label="Who was there?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Say who was there.", "invalid_choice": "Choose from the network and the team."},
    )
    why = LineField(
        label="Why was it not recorded in the room?",
        most=300,
        needed="Say why it was not recorded in the room.",
        help_text="For instance: the phone was dead, it was written on paper. The person can read this.",
    )

    def __init__(self, *args: Any, booked: Choices, people: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        which = [*booked, (self.NOT_BOOKED, "One that was not booked")]
        self.fields["booked"].choices = which  # type: ignore[attr-defined]
        self.fields["present"].choices = people  # type: ignore[attr-defined]
        if not booked:
            self.fields["booked"].initial = self.NOT_BOOKED

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        elsewhere = cleaned.get("booked") == self.NOT_BOOKED and cleaned.get("place") == Meeting.Place.ELSEWHERE
        if elsewhere and not cleaned.get("address") and not self.has_error("address"):
            self.add_error("address", "Write where it was.")
        if not any(one.startswith("staff:") for one in cleaned.get("present", ["staff:"])):
            self.add_error("present", "Say which of the team was there.")
        return cleaned

    def clean_place(self) -> str:
        return self.cleaned_data["place"] or Meeting.Place.HOME


def on_the_day(start: datetime, typed: Any) -> datetime:
    """A typed time of day in a meeting that began at `start`: of that day, or of the next when it went past midnight."""
    local = timezone.localtime(start)
    moment = datetime.combine(local.date(), typed)
    if typed < local.time().replace(second=0, microsecond=0):
        moment += timedelta(days=1)
    field = LocalTimeField()
    found = field.to_python(moment.isoformat())
    if found is None:
        raise ValidationError(field.error_messages["invalid"])
    return found
