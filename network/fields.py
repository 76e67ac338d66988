"""Form fields for what people say and for local times. What they cannot take they say in a sentence, and the typed text stays."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from network.rules import Refusal, clean_words

YEARS = range(1900, 2200)


def is_blank(text: str) -> bool:
    """Nothing in it that could be seen: white space, zero-width and control characters only."""
    return all(unicodedata.category(char)[0] in "ZC" for char in text)


def show_refusal(form: forms.Form, refusal: Refusal) -> None:
    """The sentence of a rule at the field it belongs to, or on top of the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)


class WordsField(forms.CharField):
    """Text as people said it. No `maxlength` on the control: a browser would cut what is pasted without a word."""

    widget: type[forms.Widget] = forms.Textarea
    most = 20_000

    def __init__(self, *, most: int | None = None, rows: int = 4, needed: str = "", **kwargs: Any) -> None:
        self.most = most or self.most
        if needed:
            kwargs["error_messages"] = {"required": needed}
        super().__init__(**kwargs)
        if isinstance(self.widget, forms.Textarea):
            self.widget.attrs = {"rows": rows, "class": "voice", "dir": "auto"} | self.widget.attrs

    def to_python(self, value: Any) -> str:
        words = clean_words(str(value or ""))
        return "" if is_blank(words) else words

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.most:
            raise ValidationError(
                f"This is {len(value):,} characters long, and {self.most:,} is the most. Please shorten it."
            )


class LineField(WordsField):
    """A name, a number, a few words: one line."""

    widget = forms.TextInput
    most = 120

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs = {"autocomplete": "off", "dir": "auto"} | self.widget.attrs

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class OnceField(forms.Field):
    """The hidden id of a form: sent twice, it makes one row. Whatever else comes in its place is a new one."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("initial", uuid4)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> UUID:
        try:
            return UUID(str(value))
        except ValueError:
            return uuid4()


class LocalTimeField(forms.DateTimeField):
    """A day and time in the zone of the service. In the hour that happens twice the earlier one is meant."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {
        "invalid": "Write a day and a time, such as 28.11.2026 23:30.",
        "never": "The clocks went forward over this time: it never was. Choose a time before or after.",
    }
    formats = ("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y %H.%M")

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values or isinstance(value, datetime):
            return value or None
        typed = self._read(str(value).strip())
        if typed.year not in YEARS:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if typed.tzinfo:
            return typed.astimezone(UTC)
        zone = timezone.get_current_timezone()
        local = typed.replace(tzinfo=zone)
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != typed:
            raise ValidationError(self.error_messages["never"], code="never")
        return local.astimezone(UTC)  # in a zone two equal moments may compare as different, in that hour

    def _read(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
        for shape in self.formats:
            try:
                return datetime.strptime(text, shape)  # noqa: DTZ007 — the zone is added by the caller
            except ValueError:
                continue
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class UntilField(forms.DateField):
    """The last day on which a word holds; empty: no end. `day_after` makes the moment of it."""

    farthest = timedelta(days=366 * 20)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Until and with",
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            input_formats=["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"],
            help_text="Leave it empty for no end. On the next day nothing can be read any more, and nobody is told.",
            error_messages={"invalid": "Write a day, such as 31.3.2027."},
            **kwargs,
        )

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and value < timezone.localdate():
            raise ValidationError("This day has passed.")
        if value and value > timezone.localdate() + self.farthest:
            raise ValidationError("This is very far away. Leave it empty for no end.")
