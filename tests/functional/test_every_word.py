"""Nothing that was typed or tapped on a record page is lost, told wrongly or put where it does not belong: the corners of it."""

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_meeting, start
from tests.functional.test_kitchen import (  # noqa: F401  two are fixtures
    ENTRIES,
    begun,
    cast,
    on_this_phone,
    phone,
    stored,
    texts,
    touch_the_store,
)
from tests.functional.test_recording import all_sent, write
from tests.functional.test_whole_meeting import end, noon_in_two_days, read_back

# ruff: noqa: F811
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def another_meeting(cast):
    """One of the same network that goes on just now."""
    with transaction.atomic():
        other = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now())
        start(other, cast.person, cast.clinician1)
    return other


def refused_close(phone, cast):
    """The close of a meeting, kept without signal, which the service will not take; its browser is killed."""
    page = begun(phone, cast)
    at = noon_in_two_days()
    phone.context.set_offline(True)
    read_back(page)
    page.get_by_role("radio", name="A new time").check()
    page.get_by_label("The new time").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_label("Who comes next time?").fill("The same as in A")
    page.get_by_role("button", name="Close the meeting").click()
    on_this_phone(page, 2)
    with transaction.atomic():
        make_meeting(cast.case, cast.clinician2, starts_at=at)
    phone.kill()


def refused(page):
    return [one for one in stored(page)["entries"] if one.get("refused")]


def test_a_refused_close_of_one_meeting_stays_out_of_another(phone, cast):
    """The page of another meeting sends it, and has nothing to do with it."""
    refused_close(phone, cast)
    other = another_meeting(cast)
    page = phone.open().sign_in(cast.clinician1).page(f"/meetings/{other.uuid}/record/")
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
    until(page, lambda: refused(page))
    all_sent(page)
    expect(page.locator("#composer")).to_be_visible()
    expect(page.get_by_label("Who comes next time?")).to_have_value("")
    read_back(page)
    end(page)
    page.wait_for_url("**/notes/**")
    assert [one["meeting"] for one in refused(page)] == [str(cast.booked.uuid)]


def until(page, holds):
    """Wait until something is so that no element of the page tells."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("It never came to be so.")


def drafts(page):
    return stored(page)["drafts"]


def box(page):
    return page.get_by_label("The words")


def test_two_windows_of_one_record_leave_each_others_words_alone(phone, cast):
    page = begun(phone, cast)
    box(page).fill("Being written in the first")
    until(page, lambda: drafts(page))
    second = phone.record(cast)
    expect(box(second)).to_have_value("")
    write(second, "voice", "Kept in the second.", whose="Elina")
    all_sent(second)
    assert len(drafts(second)) == 1
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(box(page)).to_have_value("Being written in the first")
    assert texts(cast) == ["Kept in the second."]


def test_words_of_a_window_that_was_closed_come_into_the_one_that_is_open(phone, cast):
    page = begun(phone, cast)
    second = phone.record(cast)
    box(second).fill("Being written in the second")
    until(page, lambda: drafts(page))
    second.close()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(box(page)).to_have_value("Being written in the second")


TYPED_EARLY = """new MutationObserver((_, watch) => {
  const box = document.getElementById("id_text");
  if (box) { watch.disconnect(); box.value = "Typed before the page was ready"; }
}).observe(document, { childList: true, subtree: true });"""


def test_words_from_before_outlive_a_box_that_is_not_empty(phone, cast):
    page = begun(phone, cast)
    box(page).fill("From before")
    until(page, lambda: drafts(page))
    phone.kill()
    phone.open().sign_in(cast.clinician1).context.add_init_script(TYPED_EARLY)
    page = phone.record(cast)
    until(page, lambda: len(drafts(page)) == 2)
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    page.locator("#kind-understanding").check()
    for words in ("From before", "Typed before the page was ready"):
        expect(box(page)).to_have_value(words)
        page.locator("#kind-understanding").check()
        page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    assert texts(cast) == ["From before", "Typed before the page was ready"]
