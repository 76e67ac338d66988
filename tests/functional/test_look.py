"""The parts of pages in a real browser: scripts, sizes, both schemes. A sample page stands in for those to come."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone
from playwright.sync_api import expect

from tests.functional.conftest import DESK, PHONE, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SMALL = {"width": 320, "height": 700}
SAMPLE = (Path(__file__).parent / "sample.html").read_text()


class CallForm(forms.Form):
    words = forms.CharField(label="What is happening?", widget=forms.Textarea(attrs={"class": "voice"}))
    soon = forms.ChoiceField(
        label="How soon?", choices=[("4", "Within 4 hours"), ("24", "Within 24 hours")],
        widget=forms.RadioSelect(attrs={"class": "as-segments"}),
    )  # fmt: skip
    told = forms.BooleanField(label="She has been told that he can read this")


class OtherForm(forms.Form):
    name = forms.CharField(label="Name")
    related = forms.CharField(label="How are they related?")


def sample(*, sent=None, people=12):
    now = timezone.now()
    rings = ["family", "friend", "other", "team"]
    staff = SimpleNamespace(
        name="Aino-Maria Wolfeschlegelstein", service=SimpleNamespace(name="Tornio team"), is_lead=True
    )
    context = {
        "request": SimpleNamespace(staff=staff, user=SimpleNamespace(is_authenticated=True, pk=1), path="/board/"),
        "now": now,
        "heard": now - timedelta(hours=18),
        "clocks": [
            {"due": now + timedelta(hours=6, minutes=2), "state": "running"},
            {"due": now + timedelta(minutes=4, seconds=30), "state": "running"},
            {"due": now - timedelta(hours=1), "state": "running"},
            *(
                {"due": now + timedelta(hours=1), "state": s}
                for s in ("reply", "emergency", "met", "replied", "not_met")
            ),
        ],
        "filters": [{"label": "All", "count": 14, "url": "?", "current": True}, {"label": "Mine", "url": "?"}],
        "kinds": ["voice", "reflection", "decision", "action", "understanding", "wish"],
        "long": "Maximilian-Alexander Wolfeschlegelsteinhausenbergerdorff the younger says أريد أن أفهم",
        "form": CallForm(sent),
        "others": forms.formset_factory(OtherForm, extra=3)(prefix="others"),
        "people": [{"name": f"Somebody {n}", "ring": rings[n % 4], "came": n % 3} for n in range(people)],
        "second_factor_off": True,
    }
    return Template(SAMPLE).render(Context(context))


def open_sample(page, **how):
    body = sample(
        **how
    )  # not in the route: Playwright runs that in a context of its own, whose connection nobody closes
    page.route("**/sample/", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    return visit(page, "/sample/")


def stop_the_clock(page, at):
    """The page's own time goes on only by `fast_forward`, however long the machine takes."""
    page.clock.install(time=at)
    page.clock.pause_at(at + timedelta(seconds=1))


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_parts_are_accessible_at_every_size(page_for, scheme):
    page = open_sample(page_for(color_scheme=scheme), sent={"words": ""}, people=30)
    for size in (SMALL, PHONE, DESK):
        page.set_viewport_size(size)
        assert overflow(page) <= 0
        assert_accessible(page)
        shoot(page, f"parts-{size['width']}-{scheme}")


def test_letters_of_twice_the_size_fit(page_for):
    page = open_sample(page_for())
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for size in (SMALL, PHONE, DESK):
        page.set_viewport_size(size)
        assert overflow(page) <= 0


def test_errors_are_first_and_lead_to_their_field(page_for):
    page = open_sample(page_for(), sent={"words": "She cannot sleep"})
    assert page.evaluate("document.activeElement.hasAttribute('data-errors')")
    assert page.title().startswith("Not saved")
    page.get_by_role("link", name="How soon?").click()
    assert page.evaluate("document.activeElement.name") == "soon"


def test_a_clock_ticks_and_says_when_it_runs_out(page_for):
    page = page_for(size=DESK)
    stop_the_clock(page, timezone.now())
    open_sample(page)
    soon = page.locator(".clock").nth(1)
    before = page.locator(".case").nth(1).bounding_box()
    assert soon.locator("b").inner_text() == "0:04"
    page.clock.fast_forward(120_000)
    assert soon.locator("b").inner_text() == "0:02"
    page.clock.fast_forward(180_000)
    assert soon.locator("b").inner_text() == "0:00"
    assert "was due" in soon.inner_text()
    assert "A clock has run out" in page.locator("#status").inner_text()
    assert page.locator(".case").nth(1).bounding_box()["width"] == before["width"]


def test_a_device_with_a_wrong_clock_shows_the_time_of_the_service(page_for):
    page = page_for(size=DESK)
    stop_the_clock(page, timezone.now() - timedelta(hours=5))
    open_sample(page)
    page.clock.fast_forward(31_000)
    assert page.locator(".clock").nth(0).locator("b").inner_text() == "6:01"


def test_a_board_that_hears_nothing_says_so(page_for):
    page = page_for(size=DESK)
    stop_the_clock(page, timezone.now())
    open_sample(page)
    page.clock.fast_forward(25_000)
    assert "up to date at" in page.locator(".fresh").inner_text()
    page.clock.fast_forward(15_000)
    assert "Not up to date since" in page.locator(".fresh").inner_text()
    assert "Not up to date since" in page.locator("#status").inner_text()


def test_enter_goes_to_the_next_row_and_adds_one(page_for):
    page = open_sample(page_for())
    assert page.locator(".rows__one:visible").count() == 1
    page.locator("#id_others-0-name").fill("Jussi")
    for name in ("Veera", "Mikko", "Leena"):
        page.keyboard.press("Enter")
        page.keyboard.type(name)
    assert page.locator(".rows__one:visible").count() == 4
    assert page.locator("[name=others-TOTAL_FORMS]").input_value() == "4"
    assert page.locator("[name=others-3-name]").input_value() == "Leena"
    assert page.url.endswith("/sample/")


def test_without_connection_the_words_stay_on_the_page(page_for):
    page = open_sample(page_for())
    page.route("**/healthz", lambda route: route.abort())
    page.get_by_label("What is happening?").fill("She cannot sleep")
    page.keyboard.press("Control+Enter")
    page.get_by_text("There is no connection. Nothing was sent").wait_for()
    assert page.get_by_label("What is happening?").input_value() == "She cannot sleep"


def test_words_lost_on_the_way_come_back_once(page_for):
    page = open_sample(page_for())
    page.route("**/sample/sent/", lambda route: route.abort())
    page.get_by_label("What is happening?").fill("She cannot sleep")
    page.get_by_label("Within 24 hours").check()
    page.locator("#id_others-0-name").fill("Jussi")
    for name in ("Veera", "Mikko", "Leena"):
        page.keyboard.press("Enter")
        page.keyboard.type(name)
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        page.keyboard.press("Control+Enter")
    page.wait_for_url("chrome-error://**", wait_until="commit")  # the browser's own page about it
    page.go_back()
    page.get_by_text("This may not have arrived. Your words are still here").wait_for()
    assert page.get_by_label("What is happening?").input_value() == "She cannot sleep"
    assert page.get_by_label("Within 24 hours").is_checked()
    expect(page.locator("[name=others-3-name]")).to_have_value("Leena")  # a row that was added by hand
    expect(page.locator(".rows__one:visible")).to_have_count(4)
    visit(page, "/sample/")
    assert page.get_by_label("What is happening?").input_value() == ""


def test_two_clicks_send_once_and_what_failed_can_be_sent_again(page_for):
    page = page_for()
    page.clock.install(time=timezone.now())
    sent = []
    page.route("**/sample/sent/", lambda route: (sent.append(1), route.fulfill(status=204)))
    open_sample(page)
    click = "() => document.querySelector('#call .actions .button').click()"
    with page.expect_response("**/sample/sent/"):
        page.evaluate(f"() => {{ const click = {click}; click(); click(); click(); }}")
    assert len(sent) == 1
    page.clock.fast_forward(11_000)
    with page.expect_response("**/sample/sent/"):
        page.evaluate(click)
    assert len(sent) == 2


def test_leaving_quickly_leaves_no_way_back_to_the_page(page_for):
    page = page_for()
    page.route("https://www.wikipedia.org/**", lambda route: route.fulfill(body="weather", content_type="text/html"))
    visit(page, "/accounts/password/reset/")
    visit(page, "/accounts/login/")
    page.get_by_role("link", name="Leave quickly").click()
    page.wait_for_url("https://www.wikipedia.org/**")
    page.go_back()
    assert "/accounts/login/" not in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_doors_are_accessible(page_for, scheme):
    page = page_for(color_scheme=scheme)
    for address in ("login/", "login/code/", "password/reset/", "password/reset/done/", "signup/", "inactive/"):
        page.goto(f"/accounts/{address}")
        assert overflow(page) <= 0
        assert_accessible(page)
        shoot(page, f"door-{address.strip('/').replace('/', '-')}-{scheme}")


def test_sign_in_works_without_scripts(page_for):
    page = page_for(java_script_enabled=False)
    page.goto("/accounts/login/")
    page.get_by_label("Your e-mail address").fill("nobody@example.org")
    page.get_by_role("button", name="Send me a code").click()
    assert page.get_by_label("The code").is_visible()
