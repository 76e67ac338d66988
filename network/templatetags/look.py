"""The small parts that pages are made of. docs/look.md shows each one.

Clock, chip, face and times are built here and not in templates: the board draws fifty of each.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.html import format_html
from django.utils.safestring import SafeString

from network.inert import inert
from network.network_map import FEW, layout, short_name

register = template.Library()


def listed(words: Iterable[str]) -> str:
    """Leena, Mikko and Sari; nothing of nobody."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} and {last}" if most else last


# Times


@register.filter
def hours_minutes(span: timedelta | None) -> str:
    """17 h 35 min. Whole minutes, cut and not rounded: nobody gains a minute by rounding."""
    if not isinstance(span, timedelta):
        return ""
    minutes = int(abs(span.total_seconds()) // 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


@register.filter
def when_text(moment: datetime | None, style: str = "") -> str:
    """today 17:00, yesterday 23:30, Sunday 06:52, 3 March 15:30, 3 March 2024 15:30."""
    return _day_and_minute(_local(moment), style) if moment else ""


@register.filter
def when(moment: datetime | None, style: str = "") -> str:
    """The same, as a time element. |when:"cap" begins with a capital letter."""
    if not moment:
        return ""
    local = _local(moment)
    return _element(local, _day_and_minute(local, style))


@register.filter
def when_to(start: datetime | None, end: datetime | None) -> str:
    """Sunday 17:05 to 18:20: the day of the end is said only where it is another day."""
    if not start or not end:
        return when(start, "cap")
    same_day = timezone.localtime(start).date() == timezone.localtime(end).date()
    return format_html("{} to {}", when(start, "cap"), clock_time(end) if same_day else when(end))


@register.filter
def clock_time(moment: datetime | None) -> str:
    """17:12"""
    if not moment:
        return ""
    local = timezone.localtime(moment)
    return _element(local, _minute(local))


@register.filter
def clock_seconds(moment: datetime | None) -> str:
    """08:12:40"""
    if not moment:
        return ""
    local = timezone.localtime(moment)
    return _element(local, local.strftime("%H:%M:%S"))


@register.filter
def day(moment: datetime | date | None, style: str = "") -> str:
    """today, Sunday, 3 March: without the hour."""
    if not moment:
        return ""
    local = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(), _cap(_day(local, timezone.localdate()), style)
    )


def _local(moment: datetime) -> datetime:
    return moment.astimezone(timezone.get_current_timezone())


def _day(local: date, today: date) -> str:
    away = (local - today).days
    if -1 <= away <= 1:
        return ("today", "tomorrow", "yesterday")[away]
    if -6 <= away <= 6:
        return str(WEEKDAYS[local.weekday()])
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {MONTHS[local.month]}{year}"


def _minute(local: datetime) -> str:
    """In the hour that happens twice when the clocks go back, say which one is meant."""
    text = f"{local.hour:02}:{local.minute:02}"
    if not _changes(local.tzinfo, local.date()):
        return text
    twice = local.replace(fold=0).utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]
    return f"{text} {local.tzname()}" if twice else text


@lru_cache(maxsize=4096)
def _changes(zone: tzinfo | None, day: date) -> bool:
    """Whether the clocks may change on that day there: asked once a day, not for each time on a page."""
    begin = datetime.combine(day, time.min, zone)
    end = datetime.combine(day, time.max.replace(fold=1), zone)
    return begin.utcoffset() != end.utcoffset()


def _day_and_minute(local: datetime, style: str) -> str:
    today = datetime.now(local.tzinfo).date()
    return _cap(f"{_day(local.date(), today)} {_minute(local)}", style)


def _element(local: datetime, text: str) -> SafeString:
    """Digits and our own words only; a board has a hundred of these, and escaping them took half its time."""
    return SafeString(f'<time datetime="{local.isoformat(timespec="seconds")}">{text}</time>')


def _cap(text: str, style: str) -> str:
    return text[:1].upper() + text[1:] if style == "cap" else text


# The clock

LOOKS = ("below", "large")


@dataclass(frozen=True)
class Reading:
    """What a clock shows: which look, how much of the ring, the words in it and the words for those who listen."""

    state: str
    share: int
    big: str
    small: str
    said: str
    due_label: str
    soon_at: datetime | None = None  # where it ticks


def read_clock(
    *,
    first_heard_at: datetime,
    due_at: datetime,
    now: datetime,
    state: str = "running",
    met_at: datetime | None = None,
    soon_at: datetime | None = None,
) -> Reading:
    """Elapsed time is taken in UTC: two local times in one zone subtract as if no clock had ever changed."""
    heard, due, at = (moment.astimezone(UTC) for moment in (first_heard_at, due_at, now))
    reply = state in ("reply", "replied")
    verb = "reply" if reply else "meet"
    if state in ("met", "replied"):
        took = (met_at or now).astimezone(UTC) - heard
        word = "replied in" if reply else "met in"
        return Reading(state, 0, _face_time(took), word, f"{_cap(word, 'cap')} {hours_minutes(took)}.", "")
    if state == "not_met":
        return Reading(state, 0, "–", "not met", "Closed without a meeting.", "")
    if state == "emergency":
        return Reading(state, 100, "Now", "", "Emergency: emergency services first. The clock runs.", "meet before")
    left = due - at
    soon = soon_at.astimezone(UTC) if soon_at else due - (due - heard) / 4
    if left < timedelta(0):
        said = f"Overdue by {hours_minutes(left)}."
        return Reading("overdue", 100, _face_time(left), "over", said, "reply was due" if reply else "was due", soon)
    share = max(0, min(100, round(100 * left / (due - heard)))) if due > heard else 0
    small = "to reply" if reply else "left"
    said = f"{hours_minutes(left)} {small}."
    return Reading("soon" if at >= soon else "running", share, _face_time(left), small, said, f"{verb} before", soon)


def _face_time(span: timedelta) -> str:
    hours, minutes = divmod(int(abs(span.total_seconds()) // 60), 60)
    return f"{hours} h" if hours >= 100 else f"{hours}:{minutes:02}"


@register.simple_tag
def clock(
    first_heard_at: datetime,
    due_at: datetime,
    now: datetime | None = None,
    state: str = "running",
    met_at: datetime | None = None,
    soon_at: datetime | None = None,
    look: str = "",
) -> SafeString:
    """{% clock case.first_heard_at case.due_at now state="running" look="below" %}"""
    now = now or timezone.now()
    reading = read_clock(
        first_heard_at=first_heard_at, due_at=due_at, now=now, state=state, met_at=met_at, soon_at=soon_at
    )
    due = f"{reading.due_label} {when(due_at)}" if reading.due_label else ""
    if reading.state == "emergency":
        due = f"emergency services first; {due}"
    elif met_at and reading.state in ("met", "replied"):
        due = f"{reading.state} {when(met_at)}"
    data = ""
    if reading.soon_at:
        data = (
            f' data-clock="{"reply" if state == "reply" else "meet"}" data-from="{first_heard_at.timestamp():.0f}"'
            f' data-due="{due_at.timestamp():.0f}" data-soon="{reading.soon_at.timestamp():.0f}"'
            f' data-now="{now.timestamp():.0f}"'
        )
    big, small = f"<b>{reading.big}</b>", f"<i>{reading.small}</i>"
    words = small + big if reading.state in ("met", "replied") else big + small
    return SafeString(  # digits and our own words only: nothing here was typed by anybody
        f'<div class="clock clock--{reading.state}{f" clock--{look}" if look in LOOKS else ""}"{data}>'
        '<div class="clock__ring"><svg viewBox="0 0 72 72" aria-hidden="true" focusable="false">'
        '<circle cx="36" cy="36" r="32"/><circle class="clock__share" cx="36" cy="36" r="32" pathLength="100"'
        f' stroke-dasharray="{reading.share} 100"/></svg><span aria-hidden="true">{words}</span></div>'
        f'<span class="visually-hidden">{reading.said}</span><span class="clock__due">{due}</span></div>'
    )


# People and what is so

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


@register.filter
def initial(name: str | None) -> str:
    """The first letter of a name with its accents, in any script."""
    letters = ""
    for char in name or "":
        if letters and not unicodedata.combining(char):
            break
        if char.isalnum() or (letters and unicodedata.combining(char)):
            letters += char.upper() if not letters else char
    return letters or "·"


@register.simple_tag
def face(name: str | None, kind: str = "member") -> SafeString:
    """{% face "Elina" "person" %}: person, member, team or other. The name itself stands beside it."""
    return format_html('<span class="face face--{}" aria-hidden="true">{}</span>', kind, initial(name))


@register.simple_tag
def chip(text: str, kind: str = "") -> SafeString:
    """{% chip "No team yet" "wait" %}: nothing (done), wait, plain or person."""
    return format_html('<span class="chip{}">{}</span>', f" chip--{kind}" if kind else "", text)


@register.filter
def tel(number: str | None) -> str:
    """016 555 0100 as a telephone link wants it."""
    return re.sub(r"[^\d+*#]", "", number or "")


def call_back(given: str) -> SafeString:
    """What somebody gave to be called back: a number to tap, an address to read."""
    digits = tel(given)
    if "@" in given or len(digits) < 3:
        return format_html("<bdi>{}</bdi>", given)
    return format_html('<a href="tel:{}"><bdi>{}</bdi></a>', digits, given)


@register.filter
def me_mark(user: Any) -> str:
    """Tells a browser whose unsent text it kept, without saying who that is."""
    return salted_hmac("look.me", str(user.pk)).hexdigest()[:16]


@register.filter
def keep_key(user: Any) -> str:
    """Under which a tab seals the words of this account that are on their way (static/js/page.js)."""
    return b64encode(salted_hmac("look.keep", str(user.pk), algorithm="sha256").digest()).decode()


@register.filter
def device(user_agent: str | None) -> str:
    """Firefox on Android: enough for people to know their own telephone again."""
    text = user_agent or ""
    browser = next((name for mark, name in BROWSERS if mark in text), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in text), "")
    return f"{browser} on {system}" if system else browser


@register.filter
def path_starts(request: Any, start: str) -> bool:
    return bool(getattr(request, "path", "").startswith(start))


# The network map

RINGS = (("family", "Family"), ("friend", "Friends"), ("other", "Others"), ("team", "The team"))


@register.filter
def inert_for(html: str, looking: Any) -> SafeString:
    """A page to look at and not to use; `looking.address` says where its links lead meanwhile."""
    return inert(html, looking.address)


@register.inclusion_tag("components/network_map.html")
def network_map(person: str, people: Iterable[Any]) -> dict[str, Any]:
    """{% network_map person.name people %}; each of them: name, relation, ring, came, note, phone (object or dict)."""
    members = [{key: _get(one, key) for key in ("name", "relation", "ring", "came", "note", "phone")} for one in people]
    groups = [[m for m in members if (m["ring"] or "other") == ring] for ring, _ in RINGS]
    plan = layout(tuple(len(group) for group in groups))
    few = len(members) <= FEW
    for group, spots in zip(groups, plan.spots, strict=True):
        for member, (x, y) in zip(group, spots, strict=True):
            member.update(x=x, y=y, short=short_name(member["name"] or "", few))
    return {
        "person": person,
        "person_short": short_name(person or "", True),
        "lists": [(label, group) for (_, label), group in zip(RINGS, groups, strict=True) if group],
        "members": [member for group in groups for member in group],
        "size": plan.size,
        "middle": plan.size / 2,
        "radius": plan.radius,
        "rings": plan.rings,
        "letters": 11 if few else 13,
        "asked": any(not member["came"] for member in members),
    }


def _get(thing: Any, key: str) -> Any:
    return thing.get(key) if isinstance(thing, dict) else getattr(thing, key, None)


# Forms


@register.filter
def control(field: BoundField) -> str:
    """Which shape of the form pack a field takes."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checkboxes"
    if isinstance(widget, forms.RadioSelect):
        return "segments" if "as-segments" in widget.attrs.get("class", "") else "radios"
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    return "group" if field.use_fieldset else "single"


@register.filter
def with_label(error: str, field: BoundField) -> str:
    """What is happening? Please say something. — A way to call back: please say something."""
    label = str(field.label or "").strip()
    return f"{label}{'' if label[-1:] in '?:.!' else ':'} {error}" if label else str(error)


@register.filter
def any_errors(several: Iterable[forms.Form] | None) -> bool:
    """Of several forms on one page: whether one of them has to be put right."""
    return any(form.errors for form in several or ())


@register.filter
def focus_id(field: BoundField) -> str:
    """The id an error links to: the control itself, the first of several, or the group when it is empty."""
    if control(field) == "hidden":
        return ""
    if control(field) in ("radios", "segments", "checkboxes", "group"):
        first = next(iter(field.subwidgets), None)
        inner = first.data.get("subwidgets") if first else None
        if inner:
            return str(inner[0]["attrs"].get("id", ""))
        return str(first.id_for_label) if first and first.id_for_label else f"{field.auto_id}_group"
    return str(field.id_for_label)
