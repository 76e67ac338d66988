"""The small parts of pages: times, the clock, the network map and the form pack."""

import math
import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
import time_machine
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout, Row, Submit
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone

from network.network_map import CENTRE, layout, short_name
from network.templatetags import look

HELSINKI = zoneinfo.ZoneInfo("Europe/Helsinki")
NOW = datetime(2026, 11, 22, 8, 12, 40, tzinfo=HELSINKI)  # a Sunday


@pytest.fixture(autouse=True)
def _in_helsinki():
    with timezone.override(HELSINKI), time_machine.travel(NOW, tick=False):
        yield


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# Times


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(hours=17, minutes=35, seconds=59), "17 h 35 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(days=4, minutes=10), "96 h 10 min"),
        (timedelta(hours=-1, minutes=-20), "1 h 20 min"),
        (timedelta(0), "0 min"),
        (None, ""),
    ],
)
def test_hours_and_minutes_in_words(span, words):
    assert look.hours_minutes(span) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW.replace(hour=17, minute=0), "today 17:00"),
        (NOW.replace(day=21, hour=23, minute=30), "yesterday 23:30"),
        (NOW.replace(day=23, hour=0, minute=5), "tomorrow 00:05"),
        (NOW.replace(day=17, hour=6, minute=52), "Tuesday 06:52"),
        (NOW.replace(day=28, hour=15, minute=30), "Saturday 15:30"),
        (NOW.replace(day=15, hour=15, minute=30), "15 November 15:30"),
        (NOW.replace(year=2025, month=3, day=3, hour=15, minute=30), "3 March 2025 15:30"),
        (datetime(2026, 11, 21, 22, 30, tzinfo=UTC), "today 00:30"),
    ],
)
def test_a_time_is_said_with_its_day(moment, words):
    assert look.when_text(moment) == words


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["Leena"], "Leena"), (["Leena", "Mikko"], "Leena and Mikko"), ("abc", "a, b and c")],
)
def test_several_are_said_one_after_the_other(words, said):
    assert look.listed(iter(words)) == said


def test_a_time_is_a_time_element():
    assert look.when(NOW, "cap") == '<time datetime="2026-11-22T08:12:40+02:00">Today 08:12</time>'
    assert look.when(None) == ""
    assert text_of(look.clock_seconds(NOW)) == "08:12:40"
    assert text_of(look.day(NOW.date())) == "today"


def test_an_end_on_another_day_says_its_day():
    start = NOW.replace(hour=22, minute=0)
    assert text_of(look.when_to(start, start + timedelta(hours=1))) == "Today 22:00 to 23:00"
    assert text_of(look.when_to(start, start + timedelta(hours=3))) == "Today 22:00 to tomorrow 01:00"
    assert text_of(look.when_to(start, "")) == "Today 22:00"


def test_the_hour_that_happens_twice_says_which_one():
    twice = datetime(2026, 10, 25, 3, 30, tzinfo=HELSINKI)
    assert look.when_text(twice) == "25 October 03:30 EEST"
    assert look.when_text(twice.replace(fold=1)) == "25 October 03:30 EET"


@pytest.mark.parametrize(
    ("zone", "day", "hour", "first", "second"),
    [
        ("Atlantic/Azores", 25, 0, "25 October 00:30 +00", "25 October 00:30 -01"),
        ("Asia/Beirut", 24, 23, "24 October 23:30 EEST", "24 October 23:30 EET"),
    ],
)
def test_the_hour_that_happens_twice_may_lie_at_midnight(zone, day, hour, first, second):
    there = zoneinfo.ZoneInfo(zone)
    once = datetime(2026, 10, day, hour, 30, tzinfo=there)
    with timezone.override(there):
        assert (look.when_text(once), look.when_text(once.replace(fold=1))) == (first, second)


# The clock


def read(hours_ago=1.0, hours_left=23.0, **more):
    return look.read_clock(
        first_heard_at=NOW - timedelta(hours=hours_ago), due_at=NOW + timedelta(hours=hours_left), now=NOW, **more
    )


def test_a_running_clock_says_what_is_left():
    reading = read(8.7, 15.3)
    assert (reading.state, reading.big, reading.small, reading.share) == ("running", "15:18", "left", 64)
    assert reading.said == "15 h 18 min left."
    assert reading.due_label == "meet before"


def test_the_last_quarter_is_soon_unless_the_service_says_otherwise():
    assert read(18.1, 5.9).state == "soon"
    assert read(17.9, 6.1).state == "running"
    assert read(8, 16, soon_at=NOW - timedelta(minutes=1)).state == "soon"


def test_an_overdue_clock_goes_on_counting_plainly():
    reading = read(25.35, -1.35)
    assert (reading.state, reading.big, reading.small, reading.share) == ("overdue", "1:21", "over", 100)
    assert reading.said == "Overdue by 1 h 21 min."


def test_an_emergency_shows_no_countdown():
    html = look.clock(NOW, NOW + timedelta(hours=4), NOW, state="emergency")
    assert "emergency services first" in html
    assert "meet before" in html
    assert "data-clock" not in html
    assert "left" not in text_of(html)


def test_a_clock_that_met_says_how_long_it_took():
    html = look.clock(NOW - timedelta(hours=30), NOW, NOW, state="met", met_at=NOW - timedelta(hours=12, minutes=25))
    assert text_of(html).startswith("met in 17:35 Met in 17 h 35 min. met yesterday")


def test_a_clock_for_the_reply_says_reply():
    assert read(1, 23, state="reply").due_label == "reply before"
    assert read(25, -1, state="reply").due_label == "reply was due"


def test_a_case_closed_without_a_meeting_is_not_met():
    assert read(state="not_met").said == "Closed without a meeting."


def test_a_clock_across_the_change_of_clocks_counts_elapsed_hours():
    heard = datetime(2026, 10, 24, 23, 30, tzinfo=HELSINKI)
    due = (heard.astimezone(UTC) + timedelta(hours=24)).astimezone(HELSINKI)
    now = datetime(2026, 10, 25, 12, 0, tzinfo=HELSINKI)
    assert due.hour == 22
    assert look.read_clock(first_heard_at=heard, due_at=due, now=now).big == "10:30"


def test_more_than_a_hundred_hours_fit_the_ring():
    assert read(200, -176.5).big == "176 h"


# People


@pytest.mark.parametrize(
    ("name", "letter"),
    [("elina", "E"), ("“Jussi”", "J"), ("", "·"), (None, "·"), ("é́lise", "É́"), ("فاطمة", "ف"), ("王小明", "王")],
)
def test_the_letter_of_a_face(name, letter):
    assert look.initial(name) == letter


def test_names_are_escaped_in_every_small_part():
    for html in (look.chip("<b>"), look.face("<b>"), look.chip("x", '"><b>')):
        assert "<b>" not in html


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Linux; Android 14) Chrome/138.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/138.0 Safari/537.36 Edg/138.0", "Edge on Windows"),
        ("", "A browser"),
    ],
)
def test_a_device_is_named_as_its_owner_knows_it(agent, words):
    assert look.device(agent) == words


# The network map


@pytest.mark.parametrize("many", range(1, 31))
@pytest.mark.parametrize("share", [(1, 0, 0, 0), (0, 0, 0, 1), (4, 3, 1, 2), (1, 1, 1, 1)])
def test_nobody_covers_anybody(many, share):
    counts = [many * part // sum(share) for part in share]
    counts[share.index(max(share))] += many - sum(counts)
    plan = layout(tuple(counts))
    spots = [spot for group in plan.spots for spot in group]
    middle = (plan.size / 2, plan.size / 2)
    assert len(spots) == many
    for number, spot in enumerate(spots):
        assert math.dist(spot, middle) > CENTRE + plan.radius
        assert all(plan.radius <= side <= plan.size - plan.radius for side in spot)
        assert all(math.dist(spot, other) >= 2 * plan.radius for other in spots[number + 1 :])


def test_thirty_people_stay_large_enough_to_read():
    """The picture is at least 290 wide on a phone; letters in it stay above 9."""
    assert min(13 * 290 / layout(counts).size for counts in [(9, 9, 6, 6), (30, 0, 0, 0), (20, 4, 3, 3)]) > 9


def test_long_names_are_short_in_the_picture_and_whole_in_the_list():
    people = [
        {"name": "Aleksandra Konstantinopolskaja", "ring": "family", "came": True, "relation": "her aunt"},
        {"name": "<i>Jussi</i>", "ring": "friend", "came": False},
        {"name": "Ring unknown", "ring": None, "came": True},
    ]
    html = Template("{% load look %}{% network_map 'Elina' people %}").render(Context({"people": people}))
    picture, _, words = html.partition("</svg>")
    assert "Aleks…" in picture
    assert "Konstantinopolskaja" not in picture
    assert "Aleksandra Konstantinopolskaja" in words
    assert "her aunt" in words
    assert "asked, not yet come" in words
    assert "Others" in words
    assert "<i>" not in html


@pytest.mark.parametrize(
    ("name", "few", "short"),
    [
        ("Marja Korhonen", True, "Marja"),
        ("Marja Korhonen", False, "MK"),
        ("Jussi", False, "Ju"),
        ("", True, "?"),
        ("王小明", True, "王小明"),
        ("王小明王", True, "王小…"),
    ],
)
def test_short_names(name, few, short):
    assert short_name(name, few) == short


def test_an_empty_network_is_the_person_alone():
    html = Template("{% load look %}{% network_map 'Elina' people %}").render(Context({"people": []}))
    assert "Elina" in html
    assert "Dashed" not in html


# Lines and the timeline


def test_a_line_says_what_became_of_it():
    html = render_to_string(
        "components/line.html", {"kind": "decision", "words": "<script>", "at": NOW, "refused": True, "why": "she left"}
    )
    assert "&lt;script&gt;" in html
    assert "could not keep this as a decision: she left" in text_of(html)


def test_a_timeline_item_needs_only_a_time_and_a_title():
    html = render_to_string("components/timeline_item.html", {"at": NOW, "title": "Called back"})
    assert text_of(html) == "Today 08:12 Called back"


# The form pack


class CallForm(forms.Form):
    words = forms.CharField(label="What is happening?", help_text="In their words", widget=forms.Textarea)
    name = forms.CharField(label="A name", required=False)
    soon = forms.ChoiceField(
        label="How soon?",
        choices=[("4", "4 hours"), ("24", "24 hours")],
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
    )
    place = forms.ChoiceField(label="Where?", choices=[("h", "Home")], widget=forms.RadioSelect)
    nobody = forms.ChoiceField(label="Nobody", choices=[], widget=forms.RadioSelect)
    tongues = forms.MultipleChoiceField(
        label="Languages", choices=[("fi", "Finnish")], widget=forms.CheckboxSelectMultiple
    )
    heard = forms.SplitDateTimeField(label="First heard")
    day = forms.DateField(label="Day", widget=forms.SelectDateWidget)
    told = forms.BooleanField(label="Told")
    hidden = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Somebody else saved this meanwhile.")


class LaidOutForm(CallForm):
    @property
    def helper(self):
        helper = FormHelper()
        helper.layout = Layout(
            "words",
            Row("name"),
            Fieldset("When", "heard", "day"),
            "soon",
            "place",
            "nobody",
            "tongues",
            "told",
            "hidden",
        )
        helper.add_input(Submit("save", "Save"))
        return helper


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.described, self.inline, self.labelled = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"][1:]] if attrs.get("href", "").startswith("#") else []
        self.described += (attrs.get("aria-describedby") or "").split()
        self.labelled += [attrs["for"]] if attrs.get("for") else []
        self.inline += [name for name in attrs if name == "style" or name.startswith("on")]


def rendered(form, template="{% load crispy_forms_tags %}{{ form|crispy }}"):
    return Template(template).render(Context({"form": form, "csrf_token": "token"}))


WHOLE = "{% load crispy_forms_tags %}{% crispy form %}"
typed = {"name": "Typed and kept <b>", "soon": "never"}


@pytest.mark.parametrize(
    ("form", "template"),
    [(CallForm, "{% load crispy_forms_tags %}{{ form|crispy }}"), (CallForm, WHOLE), (LaidOutForm, WHOLE)],
)
def test_every_error_links_to_what_is_there(form, template):
    html = rendered(form(typed), template)
    page = Page(html)
    assert len(page.links) == 8  # words soon place nobody tongues heard day told
    assert set(page.links) <= set(page.ids)
    assert set(page.described) <= set(page.ids)
    assert set(page.labelled) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not page.inline
    assert 'role="alert"' in html
    assert "Somebody else saved this meanwhile." in html
    assert 'value="Typed and kept &lt;b&gt;"' in html


def test_label_hint_error_and_control_come_in_this_order():
    html = rendered(CallForm({}))
    first = html[html.index("</ul>") : html.index("</textarea>")]
    places = [first.index(part) for part in ("<label", "_helptext", "_error", "<textarea")]
    assert places == sorted(places)
    assert "*" not in first
    assert first.count("needed") == 2  # the class and the word


def test_a_form_not_sent_yet_shows_no_error():
    html = rendered(CallForm())
    assert 'role="alert"' not in html
    assert "aria-invalid" not in html


def test_segments_are_real_radios_in_a_fieldset():
    html = rendered(CallForm())
    group = html[html.index('id="id_soon_group"') :]
    assert "<legend>How soon?" in group
    assert group.count('type="radio" name="soon"') == 2


def test_a_whole_form_brings_its_tag_token_and_button():
    html = rendered(LaidOutForm(), WHOLE)
    assert "<form" in html
    assert "novalidate" in html
    assert 'value="token"' in html
    assert re.search(r'<button type="submit" name="save"[^>]*>Save</button>', html)


class OtherForm(forms.Form):
    name = forms.CharField(label="Name")


Others = forms.formset_factory(OtherForm, extra=3)
ROWS = "{% include 'forms/rows.html' with formset=form legend='Who else?' row='Someone else' %}"


def test_rows_bring_spare_ones_and_a_template_for_more():
    html = rendered(Others(prefix="others"), ROWS)
    assert html.count('class="rows__one"') == 4
    assert 'name="others-__prefix__-name"' in html
    assert 'aria-label="Someone else 3"' in html
    assert Page(html).ids.count("id_others-0-name") == 1


@pytest.mark.parametrize("template", ["{% load crispy_forms_tags %}{{ form|crispy }}", WHOLE])
def test_errors_in_rows_link_to_their_row(template):
    formset = forms.formset_factory(OtherForm, extra=0, min_num=2, validate_min=True)
    sent = formset({"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "Jussi", "form-1-name": ""})
    html = rendered(sent, template)
    assert Page(html).links == ["id_form-1-name"]
    assert 'value="Jussi"' in html


def test_one_summary_for_a_form_and_its_rows():
    rows = Others({"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-name": "x" * 3})
    html = render_to_string("forms/errors_all.html", {"form": CallForm({}), "formset": rows})
    assert html.count('role="alert"') == 1


# Colours


def colours(scheme):
    """The tokens of one scheme, as look.css writes them: light-dark(light, dark)."""
    css = (settings.BASE_DIR / "static/css/look.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{3,6}), (#[0-9a-f]{3,6})\)", css)
    return {name: (light, dark)[scheme == "dark"] for name, light, dark in found}


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ["paper", "sheet", "spruce-wash", "cloudberry-wash", "dusk-wash"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_every_ground(scheme):
    colour = colours(scheme)
    pairs = [(ink, ground) for ink in ("ink", "ink-soft", "spruce", "cloudberry", "dusk") for ground in GROUNDS]
    pairs += [("on-spruce", "spruce"), ("on-dusk", "dusk")]
    low = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_and_focus_can_be_seen(scheme):
    colour = colours(scheme)
    for edge in ("line-strong", "cloudberry", "spruce"):
        assert all(contrast(colour[edge], colour[ground]) >= 3 for ground in GROUNDS), edge


def test_old_phones_get_the_light_colours():
    css = (settings.BASE_DIR / "static/css/look.css").read_text()
    plain = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css[: css.index("@supports")]))
    assert plain == colours("light")


# What lies outside the service


@pytest.mark.parametrize(
    "kind", ["login_code", "password_reset_key", "unknown_account", "email_confirmation", "email_changed"]
)
def test_mails_name_nobody(kind):
    canary = "Elina Canary"
    context = {
        "user": canary,
        "username": canary,
        "email": canary,
        "current_site": canary,
        "code": "ABC",
        "to_email": canary,
    }
    for part in ("subject", "message"):
        text = render_to_string(f"account/email/{kind}_{part}.txt", {**context, "user_agent": canary, "ip": canary})
        assert canary not in text
        assert "Dialogue" not in text
