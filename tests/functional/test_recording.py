"""The record of a meeting, in a browser: two clinicians, a person who goes out, no signal in the kitchen."""

import re

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from meetings.models import ToBring
from tests.factories import hours, make_cast, make_member, start
from tests.functional.conftest import assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TWO_TAPS = 500  # milliseconds after which a second tap on the same name is one of its own


@pytest.fixture
def cast(transactional_db):
    with transaction.atomic():
        return make_cast()


def open_record(page_for, cast, who, **options):
    page = page_for(who.user, **options)
    visit(page, f"/meetings/{cast.booked.uuid}/record/")
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
    return page


def here(page, name):
    return page.locator("#here").get_by_role("button", name=re.compile(f"^{name}")).first


def tap(page, name, *, into_the_room=True):
    if getattr(page, "tapped", "") == name:
        page.wait_for_timeout(TWO_TAPS)
    page.tapped = name
    here(page, name).click()
    expect(here(page, name)).to_have_attribute("aria-pressed", str(into_the_room).lower())


def write(page, kind, words, whose=None):
    page.locator(f"#kind-{kind}").check()
    if whose:
        page.locator(".whose").get_by_role("radio", name=whose).check()
    page.get_by_label("The words").fill(words)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#lines")).to_contain_text(words)


def all_sent(page):
    expect(page.locator("#sent")).to_have_text("All at the service")


def test_two_clinicians_record_and_the_person_goes_out_and_comes_back(page_for, cast):
    leena = open_record(page_for, cast, cast.clinician1)
    assert_accessible(leena)
    shoot(leena, "record-empty")
    for name in ("Elina", "Marja", "Leena", "Mikko"):
        tap(leena, name)
    write(leena, "use", "To sleep again.", whose="Elina")
    write(leena, "voice", "I whisper because I am afraid I say it wrong.", whose="Marja")
    all_sent(leena)

    mikko = open_record(page_for, cast, cast.clinician2)
    expect(mikko.locator("#lines")).to_contain_text("To sleep again.")
    expect(here(mikko, "Elina")).to_have_attribute("aria-pressed", "true")
    write(mikko, "reflection", "I thought of two people keeping watch.", whose="Mikko")
    expect(leena.locator("#lines")).to_contain_text("I thought of two people keeping watch.")

    write(leena, "decision", "We meet again tomorrow at five.")
    expect(leena.locator(".line--decision")).to_contain_text("Elina, Marja, Leena, Mikko present")
    assert_accessible(leena)
    shoot(leena, "record-going-on")

    tap(leena, "Elina", into_the_room=False)
    wait = leena.locator("#decisions-wait")
    expect(wait).to_have_text("Elina is not in the room. Decisions wait until Elina is back.")
    expect(leena.locator("#kind-decision")).to_be_disabled()
    expect(mikko.locator("#kind-decision")).to_be_disabled()
    assert_accessible(leena)
    shoot(leena, "record-person-out")
    tap(leena, "Elina")
    expect(leena.locator("#kind-decision")).to_be_enabled()
    expect(wait).to_be_hidden()
    all_sent(leena)

    leena.get_by_role("link", name="Read back and close").click()
    expect(leena.get_by_role("heading", name="Is this how it was?")).to_be_visible()
    assert_accessible(leena)
    shoot(leena, "record-read-back")
    leena.get_by_role("button", name="Keep, and go on to the close").click()
    expect(leena.get_by_role("alert")).to_contain_text("Elina: Ask them too")
    assert_accessible(leena)
    shoot(leena, "record-read-back-error")
    for name in ("Elina", "Leena", "Mikko"):
        leena.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    leena.get_by_role("group", name="Marja").get_by_role("radio", name="sees it differently").check()
    leena.get_by_label("What Marja sees differently").fill("I did not whisper.")
    leena.get_by_role("button", name="Keep, and go on to the close").click()

    expect(leena.get_by_role("heading", name="Before you go")).to_be_visible()
    leena.get_by_role("radio", name="No next meeting").check()
    leena.get_by_role("button", name="Close the meeting").click()
    expect(leena.get_by_role("alert")).to_contain_text("Say who decided that there is no next meeting.")
    assert_accessible(leena)
    shoot(leena, "record-close-error")
    leena.get_by_label("Who decided that there is no next meeting?").fill("All of us together")
    leena.get_by_role("button", name="Close the meeting").click()
    expect(leena).to_have_url(re.compile("/notes/"))
    expect(leena.locator("main")).to_contain_text("We meet again tomorrow at five.")


def test_an_answer_from_before_a_tap_does_not_take_it_back(page_for, cast):
    """News that were asked for before a tap, and come after the service has it, know nothing of it."""
    with transaction.atomic():
        start(cast.booked, cast.clinician1)
    page = open_record(page_for, cast, cast.clinician1)
    all_sent(page)
    late = []

    def hold(route):
        if not late:
            late.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/record/news/**", hold)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    while not late:
        page.wait_for_timeout(20)
    tap(page, "Elina")
    all_sent(page)
    [(route, response)] = late
    with page.expect_response("**/record/news/**"):
        route.fulfill(response=response)
    page.wait_for_timeout(300)  # for the page to read it; the next news would put it right again
    assert here(page, "Elina").get_attribute("aria-pressed") == "true"
    assert page.locator("#kind-decision").is_enabled()


def test_no_signal_in_the_kitchen(page_for, cast):
    page = open_record(page_for, cast, cast.clinician1)
    tap(page, "Elina")
    tap(page, "Leena")
    all_sent(page)
    page.context.set_offline(True)
    write(page, "voice", "First without signal.", whose="Elina")
    write(page, "decision", "Second without signal.")
    tap(page, "Elina", into_the_room=False)
    expect(page.locator("#sent")).to_have_text("3 entries on this phone")
    expect(page.locator("#lines")).to_contain_text("On this phone, waiting to be sent")
    assert not cast.booked.lines.exists()
    assert_accessible(page)
    shoot(page, "record-offline")
    page.context.set_offline(False)
    all_sent(page)
    expect(page.locator("#lines")).not_to_contain_text("On this phone")
    first, second = cast.booked.lines.order_by("said_at")
    assert (first.text, second.text) == ("First without signal.", "Second without signal.")
    assert (first.offline, second.state) == (True, "accepted")
    assert cast.booked.presences.get(member=cast.person).left_at > second.said_at


def test_nothing_is_said_of_the_phone_before_the_script_has_looked(page_for, cast):
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1)
    page = page_for(cast.clinician1.user)
    page.route(re.compile(r"/js/record\.(\w+\.)?js$"), lambda route: route.abort())
    visit(page, f"/meetings/{cast.booked.uuid}/record/")
    expect(page.locator("#record")).to_be_visible()
    expect(page.locator("#sent")).to_be_hidden()
    expect(page.locator("body")).not_to_contain_text("All at the service")
    assert_accessible(page)


def test_signed_out_in_mid_meeting(page_for, cast):
    page = open_record(page_for, cast, cast.clinician1)
    tap(page, "Elina")
    all_sent(page)
    session = page.context.cookies()
    page.context.clear_cookies()
    write(page, "voice", "These words stay.", whose="Elina")
    expect(page.get_by_role("alert").filter(has_text="You are signed out.")).to_be_visible()
    expect(page.locator("#sent")).to_have_text("1 entry on this phone")
    assert_accessible(page)
    shoot(page, "record-signed-out")
    page.context.add_cookies(session)
    all_sent(page)
    expect(page.get_by_role("alert").filter(has_text="You are signed out.")).to_be_hidden()
    assert cast.booked.lines.get().text == "These words stay."


def test_a_whole_meeting_without_javascript(page_for, cast):
    """Line by line, each on its way to the service at once: nothing waits on the phone, and nothing is said of it."""
    page = page_for(cast.clinician1.user, java_script_enabled=False)
    visit(page, f"/meetings/{cast.booked.uuid}/record/")
    expect(page.locator("#sent")).to_be_hidden()
    for name in ("Elina", "Leena"):
        tap(page, name)
    write(page, "voice", "One by one.", whose="Elina")
    write(page, "decision", "We meet again.")
    expect(page.locator(".line--decision")).to_contain_text("Elina, Leena present")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "record-without-script")
    page.get_by_role("link", name="Read back and close").click()
    expect(page.get_by_role("heading", name="Is this how it was?")).to_be_visible()
    for name in ("Elina", "Leena"):
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill("All of us")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "close-without-script")
    page.get_by_role("button", name="Close the meeting").click()
    expect(page).to_have_url(re.compile("/notes/"))
    cast.booked.refresh_from_db()
    assert (cast.booked.status, cast.booked.no_next_decided_by) == ("closed", "All of us")
    assert [(one.text, one.state) for one in cast.booked.lines.order_by("said_at")] == [
        ("One by one.", "kept"), ("We meet again.", "accepted"),
    ]  # fmt: skip
    assert {one.name: one.answer for one in cast.booked.read_backs.all()} == {"Elina": "agreed", "Leena": "agreed"}


def test_by_keyboard_and_at_320_px(page_for, cast):
    page = open_record(page_for, cast, cast.clinician1, size={"width": 320, "height": 640})
    here(page, "Elina").focus()
    page.keyboard.press("Enter")
    expect(here(page, "Elina")).to_have_attribute("aria-pressed", "true")
    page.locator(".whose").get_by_role("radio", name="Elina").focus()
    page.keyboard.press("Space")
    page.get_by_label("The words").fill("By keyboard.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines")).to_contain_text("By keyboard.")
    all_sent(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert_accessible(page)
    shoot(page, "record-320")


def test_two_phones_name_one_guest_and_one_tap_says_so(page_for, cast):
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1, cast.clinician2)
        cousin = make_member(cast.network, "anna", account=False, relation="her cousin")
    page = open_record(page_for, cast, cast.clinician1)
    page.get_by_text("+ Somebody new").click()
    page.locator("#guest").get_by_label("Name").fill("Anna")
    page.get_by_role("button", name="They are here").click()
    expect(page.get_by_role("link", name="Is this the same Anna?")).to_be_visible()
    shoot(page, "same-guest-record")
    assert_accessible(page)
    page.get_by_role("link", name="Is this the same Anna?").click()
    page.wait_for_load_state("networkidle")
    shoot(page, "same-guest")
    assert_accessible(page)
    page.get_by_role("button", name="The same person").click()
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
    expect(here(page, "anna")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="Is this the same")).to_have_count(0)
    assert cousin.network.members.current().filter(name__iexact="anna").get() == cousin


def test_what_people_bring_is_ticked_without_signal(page_for, cast):
    """It stands on the record once the person is in the room, and goes to the service with the rest."""
    with transaction.atomic():
        start(cast.booked, cast.clinician1)
        row = ToBring.objects.create(
            member=cast.mother, network=cast.network, service=cast.service, text="The noise in the stairs.", in_the_room=True,
            at=timezone.now() - hours(2),
        )  # fmt: skip
    page = open_record(page_for, cast, cast.clinician1)
    brings = page.locator(f'[data-brought="{row.uuid}"]')
    expect(brings).to_be_hidden()
    tap(page, "Elina")
    expect(brings).to_contain_text("Marja brings")
    assert_accessible(page)
    shoot(page, "record_brought")
    all_sent(page)
    page.context.set_offline(True)
    brings.get_by_role("button", name="It was taken up").click()
    expect(brings).to_contain_text("Taken up.")
    page.context.set_offline(False)
    all_sent(page)
    row.refresh_from_db()
    assert row.taken_up_in == cast.booked
