"""Booking, moving, cancelling, who comes, whom to ask, and the answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms

from meetings.actions.booking import Appointment
from meetings.actions.members import Word
from meetings.forms.team import written
from meetings.models import Invitation, Meeting, Told
from meetings.slots import Slot
from network.fields import LineField, LocalTimeField, OnceField, WordsField
from network.models import Member, Staff
from network.templatetags.look import when_text

OTHER = "other"
PLACES = [(value, label.replace("'", "’").capitalize()) for value, label in Meeting.Place.choices]
FIRST_WORD = "Where was this said, and to whom?"


class StaffPicks(forms.MultipleChoiceField):
    """Clinicians, by uuid; gives back the Staff."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, staff: Iterable[Staff]) -> None:
        self.known = {str(one.uuid): one for one in staff}
        self.choices = [(key, f"{one.name}, {one.get_profession_display()}") for key, one in self.known.items()]

    def clean(self, value: Any) -> Any:
        return [self.known[key] for key in super().clean(value)]


class AppointmentForm(forms.Form):
    """When and where: one of the proposed times, or any other."""

    minutes = forms.IntegerField(
        label="How long, in minutes", min_value=15, max_value=480, initial=90,
        error_messages={"required": "Write how many minutes."},
    )  # fmt: skip
    travel_minutes = forms.IntegerField(
        label="Travel, in minutes", min_value=0, max_value=600, initial=20, required=False,
        help_text="Kept free before and after.",
    )  # fmt: skip
    slot = forms.CharField(
        label="When?", widget=forms.RadioSelect, required=False, error_messages={"required": "Choose a time."}
    )
    starts_at = LocalTimeField(
        label="Another time", required=False, help_text="Nights too, when that is what is needed."
    )
    place = forms.ChoiceField(label="Where?", choices=PLACES, widget=forms.RadioSelect)
    address = LineField(label="Address", most=300, required=False)

    def __init__(
        self, *args: Any, slots: Sequence[Slot], home: str = "", keep: datetime | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.home = home
        offered = {slot.starts_at.isoformat(): _slot_label(slot) for slot in slots}
        if keep:
            as_it_is = {keep.isoformat(): f"{when_text(keep, 'cap')}, as it is"}
            offered = as_it_is | {key: label for key, label in offered.items() if key not in as_it_is}
        chosen = self.data.get("slot") if self.is_bound else self.initial.get("slot")
        if (moment := _moment(chosen)) and chosen not in offered:
            offered = {str(chosen): when_text(moment, "cap")} | offered
        self.fields["slot"].widget.choices = [*offered.items(), (OTHER, "Another time")]
        self.initial.setdefault("slot", next(iter(offered), OTHER))
        self.initial.setdefault("place", Meeting.Place.HOME)
        self.fields["address"].help_text = (
            f"Leave it empty for the home that is known: {home}" if home else "Street and door, or how to find it."
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        moment = _moment(data.get("slot"))
        if moment:
            data["starts_at"] = moment
        elif not data.get("starts_at") and "starts_at" not in self.errors:
            self.add_error("starts_at", "Choose one of the times above, or write a day and a time.")
        if data.get("place") == Meeting.Place.HOME and not data.get("address"):
            data["address"] = self.home
        return data

    @property
    def appointment(self) -> Appointment:
        """What was chosen; of a valid form only."""
        data = self.cleaned_data
        return Appointment(
            starts_at=data["starts_at"],
            minutes=data["minutes"],
            travel_minutes=data["travel_minutes"] or 0,
            place=data["place"],
            address=data["address"],
        )


class WhoComes(forms.Form):
    """Which of the team come, and who covers."""

    staff = StaffPicks(label="Who comes?", required=False)
    cover = StaffPicks(
        label="Somebody else, for this one meeting", required=False, help_text="Marked as cover on the timeline."
    )

    def offer(self, team: Sequence[Staff], others: Sequence[Staff]) -> None:
        """Those one can choose."""
        self.fields["staff"].offer(team)  # type: ignore[attr-defined]
        self.fields["cover"].offer(others)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not self.chosen:
            self.add_error("staff", "Choose at least one who comes.")
        return data

    @property
    def chosen(self) -> list[Staff]:
        """The team that comes and who covers."""
        return [*self.cleaned_data.get("staff", []), *self.cleaned_data.get("cover", [])]


class BookForm(AppointmentForm, WhoComes):
    """A new meeting."""

    uuid = OnceField()
    field_order = ["uuid", "staff", "cover", "minutes", "travel_minutes", "slot", "starts_at", "place", "address"]

    def __init__(self, *args: Any, team: Sequence[Staff], others: Sequence[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(team, others)
        self.initial.setdefault("staff", [str(one.uuid) for one in team])


class StaffForm(WhoComes):
    """Who comes to a booked meeting."""

    def __init__(self, *args: Any, team: Sequence[Staff], others: Sequence[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(team, others)


class MoveForm(AppointmentForm):
    """Another time or place. `seen_moves`: how often it had been moved when the page was opened."""

    seen_moves = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ["seen_moves", "minutes", "travel_minutes", "slot", "starts_at", "place", "address"]


class CancelForm(forms.Form):
    """Why it does not take place."""

    cancelled_reason = written("Why?", needed="Say why the meeting is cancelled.")


class AskForm(forms.Form):
    """One member: asked to the meeting or not; and the person's word, where it has not been heard yet."""

    WORDS = [("", "Not asked yet"), ("yes", "Wants them there"), ("no", "Does not")]
    ask = forms.BooleanField(required=False)
    wanted = forms.ChoiceField(required=False, choices=WORDS, widget=forms.RadioSelect(attrs={"class": "as-segments"}))
    words = LineField(label=FIRST_WORD, most=300, required=False)

    def __init__(self, data: Any = None, *, member: Member, person: Member, initial: dict[str, Any]) -> None:
        super().__init__(data, prefix=f"m{member.pk}", initial=initial)
        self.member = member
        name = f"{member.name}, {member.relation}" if member.relation else member.name
        if member.wanted:
            del self.fields["wanted"], self.fields["words"]
            self.fields["ask"].label = name
            self.fields["ask"].help_text = f"The word: {member.wanted_word}"
        else:
            del self.fields["ask"]
            self.fields["wanted"].label = f"{name}: does {person.name} want them there?"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("wanted") and not data.get("words") and "words" not in self.errors:
            self.add_error("words", "Say where the person gave their word, and to whom.")
        return data

    @property
    def invited(self) -> bool:
        return bool(self.cleaned_data.get("ask") or self.cleaned_data.get("wanted") == "yes")

    @property
    def word(self) -> Word | None:
        """The person's word, when it was written down here."""
        if not self.cleaned_data.get("wanted"):
            return None
        return Word(wanted=self.cleaned_data["wanted"] == "yes", words=self.cleaned_data["words"])


class AnswerForm(forms.Form):
    """Yes, no or not sure, with a reason if they like."""

    answer = forms.ChoiceField(
        label="Will you come?", widget=forms.RadioSelect(attrs={"class": "as-segments"}),
        choices=[(value, label.capitalize()) for value, label in Invitation.Answer.choices if value],
        error_messages={"required": "Choose yes, no or not sure."},
    )  # fmt: skip
    reason = WordsField(label="Anything you would like to say about it", most=300, rows=3, required=False)
    seen_moves = forms.IntegerField(widget=forms.HiddenInput)


class ToldByForm(forms.Form):
    """How somebody was told, and of which time and place."""

    how = forms.ChoiceField(choices=Told.How)
    seen_moves = forms.IntegerField(min_value=0, max_value=30_000)


class OnTheWayForm(forms.Form):
    """Whether the team is on the way, or takes that back, and to which time and place."""

    going = forms.BooleanField(required=False)
    seen_moves = forms.IntegerField(min_value=0, max_value=30_000)


def ask_forms(
    members: Iterable[Member], person: Member, *, data: Any = None, asked: Iterable[int] | None = None
) -> list[AskForm]:
    """A form for each member but the person and those the person does not want. `asked`: pks invited so far; None: all wanted."""
    return [
        AskForm(data, member=one, person=person, initial={"ask": asked is None or one.pk in asked})
        for one in members
        if not one.is_person and one.wanted is not False
    ]


def as_typed(form: forms.Form) -> dict[str, Any]:
    """What stands in a bound form, to show it again without judging it."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _slot_label(slot: Slot) -> str:
    label = f"{when_text(slot.starts_at, 'cap')} to {when_text(slot.ends_at).rsplit(' ', 1)[-1]}"
    if slot.in_time:
        label += ", before the clock ends"
    return f"{label}, at night" if slot.night else label
