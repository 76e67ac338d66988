"""The same where there is a lock: the record is loaded anew without signal, as it stood, and what was done before still waits."""

from django.db import transaction
from playwright.sync_api import expect

from tests.functional.test_prepared import (  # noqa: F401  two are fixtures
    again,
    begun,
    cast,
    lock_with_words,
    offline,
    on_this_phone,
    phone,
    pytestmark,
    ready,
    unlock,
    until,
    without_signal,
)
from tests.functional.test_recording import all_sent, tap
from tests.meetings.breaks import exception, waiting

# ruff: noqa: F811
ENTRIES = "**/record/entries/"


def locked(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    until(page, lambda found: found["packs"][0].get("now"))
    offline(phone)
    return page


def test_news_from_before_taps_that_still_wait_take_nobody_out_of_the_room(phone, cast):
    page = locked(phone, cast)
    tap(page, "Marja")
    page.get_by_role("link", name="Read back and close").click()
    page.get_by_role("group", name="Marja").get_by_role("radio", name="sees it differently").check()
    page.get_by_label("What Marja sees differently").fill("I did not whisper.")
    page = again(page)
    phone.context.route(ENTRIES, lambda route: route.abort())
    with page.expect_response("**/record/news/**"):
        offline(phone, False)
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(500)  # for the page to read it
    assert page.get_by_label("What Marja sees differently").input_value() == "I did not whisper."
    marja = page.locator(f'#here [data-who="member:{cast.mother.uuid}"]')
    assert marja.get_attribute("aria-pressed") == "true"
    phone.context.unroute(ENTRIES)
    all_sent(page)
    assert cast.booked.presences.filter(member=cast.mother, left_at=None).exists()
    expect(page.get_by_label("What Marja sees differently")).to_have_value("I did not whisper.")


def test_what_was_taken_up_before_a_reload_says_so_no_longer_once_it_is_there(phone, cast):
    with transaction.atomic():
        exception(cast)
        waiting(cast)
    page = locked(phone, cast)
    page.get_by_text("Talk about it now").click()
    page.get_by_label("What was said about it").fill("I was afraid that night.")
    page.get_by_role("button", name="It was talked about").click()
    page.get_by_role("button", name="Elina agrees").click()
    on_this_phone(page, 2)
    page = again(page)
    expect(page.get_by_text("On this phone, waiting to be sent")).to_have_count(2)
    offline(phone, False)
    all_sent(page)
    expect(page.get_by_text("On this phone, waiting to be sent")).to_have_count(0)
    assert cast.case.exceptions.get().taken_up_words == "I was afraid that night."


def test_what_is_said_aloud_is_said_on_the_page_that_stands_there(phone, cast):
    """Without signal one page takes the place of another in the same document."""
    lock_with_words(phone.sign_in(cast.clinician1))
    page = without_signal(phone, f"/meetings/{cast.booked.uuid}/", cast.clinician1)
    unlock(page)
    expect(page.locator("h1")).not_to_have_text("No connection")
    page.evaluate("document.querySelector('a[href=\"/\"]').click()")
    page.get_by_role("link", name="Record it").click()
    ready(page)
    tap(page, "Elina")
    expect(page.locator("#status")).to_have_text("No connection. What you write stays on this phone and is sent later.")
