"""A call taken by keyboard alone, and what the board and the public page then show."""

import re

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from network.models import Heartbeat
from referrals.models import Referral
from tests.factories import make_cast

from .conftest import DESK, PHONE, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db):
    with transaction.atomic():
        return make_cast()


def tab_to(page, control):
    """Tab on until `control` has the keyboard: as far as it takes, and no further than the page is long."""
    for _ in range(60):
        if control.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("The keyboard does not get there")


def test_a_call_by_keyboard_alone(cast, page_for):
    # Given a coordinator with the phone on the ear and both hands on the keyboard
    page = visit(page_for(cast.coordinator.user, size=DESK), "/referrals/new/")
    assert_accessible(page)

    def write(field, text):
        control = page.locator(field)
        tab_to(page, control)
        page.keyboard.insert_text(text)
        expect(control).to_have_value(text)

    # When she types what she hears, tab by tab
    write("#id_words", "She says the neighbours hear what she thinks, and she is so afraid of the night.")
    expect(page.locator("[data-heard]")).to_contain_text(re.compile("today|yesterday"))  # typed over midnight
    write("#id_caller_name", "Marja")
    write("#id_caller_relation", "her mother")
    write("#id_call_back", "040 555 0134")
    write("#id_person_name", "Oona")
    tab_to(page, page.locator("#id_urgency_2"))
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="Within 4 hours")).to_be_checked()
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"^[34]:\d\d$"))
    write("#id_named-0-name", "Jussi")
    page.keyboard.press("Enter")
    expect(page.locator("#id_named-1-name")).to_be_focused()
    page.keyboard.insert_text("Liisa")
    tab_to(page, page.locator("#id_told_0"))
    expect(page.locator("#id_told_group > legend")).to_have_text("Does Marja know that Oona can read this?")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#id_told_1")).to_be_checked()
    shoot(page, "call-filled")
    # And saves without leaving the keyboard
    page.keyboard.press("Control+Enter")

    # Then the clock runs, and who was named is there
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))
    referral = Referral.objects.select_related("timer").latest("pk")
    assert (referral.timer.hours, referral.timer.outcome, referral.told) == (4, "running", "yes")
    assert [m.name for m in referral.network.members.all()] == ["Oona", "Marja", "Jussi", "Liisa"]
    # And it stands on top of the board
    visit(page, "/board/")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Oona")
    assert_accessible(page)


def test_a_caller_who_is_known_is_offered_while_typing(cast, page_for):
    page = visit(page_for(cast.coordinator.user, size=DESK), "/referrals/new/")
    page.locator("#id_person_name").fill("elina")
    page.keyboard.press("Tab")
    offer = page.get_by_role("radio", name=re.compile("^Yes: Elina, open since"))
    expect(offer).to_be_visible()
    expect(page.get_by_role("radio", name="No, a new case")).to_be_checked()
    assert_accessible(page)
    shoot(page, "call-known")
    # What she chose stays chosen when the number is typed after it.
    offer.check()
    page.locator("#id_call_back").fill("050 1")
    with page.expect_response(re.compile("/referrals/similar/")):
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name=re.compile("^Yes: Elina, open since"))).to_be_checked()


def test_an_emergency_says_what_to_do_instead_of_counting(cast, page_for):
    page = visit(page_for(cast.coordinator.user, size=DESK), "/referrals/new/")
    page.get_by_role("radio", name="Emergency").check()
    expect(page.locator("[data-emergency]")).to_contain_text("Call 112 now.")
    expect(page.locator("[data-left]")).to_be_hidden()
    assert_accessible(page)


def test_the_board_refreshes_itself_and_keeps_the_keyboard_where_it_is(cast, page_for):
    page = visit(page_for(cast.coordinator.user, size=DESK), "/board/")
    link = page.get_by_role("link", name="Elina")
    link.focus()
    ask_anew(page, "/board/rows/")
    expect(link).to_be_focused()
    # Signed out in between: what is shown stays.
    page.context.clear_cookies()
    ask_anew(page, "/accounts/login/")
    expect(link).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_an_open_page_says_by_itself_that_the_clock_is_not_watched(cast, page_for, size):
    for name in ("sweep", "sender", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    page = visit(page_for(cast.clinician1.user, size=size), "/meetings/")
    page.get_by_role("link", name="Duty").focus()
    Heartbeat.objects.filter(name="sweep").delete()
    with page.expect_response(re.compile("/clock/")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when a phone is taken up again
    expect(page.locator("#clock-trouble")).to_contain_text("Nobody is looking at the deadlines")
    expect(page.get_by_role("link", name="Duty")).to_be_focused()
    assert_accessible(page)
    shoot(page, f"not-watched-{size['width']}")
    page.context.clear_cookies()  # signed out in between: what is shown stays
    with page.expect_response(re.compile("/accounts/login/")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#clock-trouble")).to_be_visible()


def ask_anew(page, answered_by):
    """What the board does each 15 seconds, now."""
    with page.expect_response(re.compile(answered_by)):
        page.evaluate("htmx.ajax('GET', board.getAttribute('hx-get'), { target: '#board', swap: 'innerHTML' })")


def test_the_public_page_on_a_phone(cast, page_for):
    page = visit(page_for(size=PHONE), "/refer/tornio/")
    assert_accessible(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Not sent yet")
    assert_accessible(page)
    page.get_by_label("Myself").check()
    page.get_by_label(re.compile("^It is a crisis")).check()
    expect(page.get_by_label(re.compile("^Does the person know"))).to_be_hidden()
    page.get_by_label(re.compile("^The person’s name")).fill("Oona")
    page.get_by_label(re.compile("^How can we reach you")).fill("050 111 2222")
    page.get_by_label(re.compile("^What is happening")).fill("I cannot sleep.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you. It has arrived.")).to_be_visible()
    expect(page.get_by_role("link", name="016 555 0100")).to_be_visible()
    assert_accessible(page)
    assert Referral.objects.latest("pk").told == "self"


@pytest.mark.parametrize("size", [{"width": 320, "height": 700}, PHONE], ids=["small", "phone"])
def test_the_rota_fits_a_phone_with_letters_of_twice_the_size(cast, page_for, size):
    page = visit(page_for(cast.lead.user, size=size), "/on-call/")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
