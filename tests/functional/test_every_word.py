"""Nothing that was typed or tapped on a record page is lost, told wrongly or put where it does not belong: the corners of it."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import close, make_meeting, say, start
from tests.functional.conftest import assert_accessible, shoot
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
from tests.functional.test_recording import all_sent, tap, write
from tests.functional.test_whole_meeting import closed_with_a_time_that_is_taken, end, read_back
from tests.meetings.breaks import exception

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
    on_this_phone(closed_with_a_time_that_is_taken(phone, cast, "The same as in A"), 2)
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


def test_two_windows_give_the_same_words_back_in_one(phone, cast):
    """Both are opened while the service takes its time: the words stand in one box, and nobody keeps them twice."""
    page = begun(phone, cast)
    page.locator("#kind-understanding").check()
    page.get_by_label("The words").fill("Written once.")
    until(page, lambda: stored(page)["drafts"])
    phone.kill()
    phone.open().sign_in(cast.clinician1)
    phone.context.route(ENTRIES, lambda route: (pages[0].wait_for_timeout(500), route.continue_()))
    pages = [phone.context.new_page() for _ in range(2)]
    for one in pages:
        one.goto(f"/meetings/{cast.booked.uuid}/record/")
    for one in pages:
        expect(one.locator("#record")).to_have_attribute("data-ready", "yes")
    boxes = [one.get_by_label("The words") for one in pages]
    assert sorted(box.input_value() for box in boxes) == ["", "Written once."]
    has = next(one for one, box in zip(pages, boxes, strict=True) if box.input_value())
    has.get_by_role("button", name="Keep", exact=True).click()
    all_sent(has)
    assert (texts(cast), stored(has)) == (["Written once."], {"entries": [], "drafts": []})


def test_what_was_typed_into_a_refused_close_stands_on_the_page_of_the_device(phone, cast):
    refused_close(phone, cast)
    held = phone.open().sign_in(cast.clinician1).page("/on-this-device/")
    card = held.locator("#on-this-device > li")
    expect(card).to_contain_text("The close of the meeting")
    expect(card.locator(".voice")).to_contain_text("The same as in A")
    assert_accessible(held)
    shoot(held, "on-this-device-close")


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


def test_words_in_every_form_outlive_the_browser(phone, cast):
    """What was said about an exception, somebody new, what somebody sees differently, and the close."""
    with transaction.atomic():
        exception(cast)
    page = begun(phone, cast)
    page.get_by_text("Talk about it now").click()
    page.get_by_label("What was said about it").fill("I was afraid that night.")
    page.get_by_text("+ Somebody new").click()
    page.locator("#guest").get_by_label("Name").fill("Kalle")
    page.locator("#guest").get_by_label("How they are related").fill("a neighbour")
    page.get_by_role("link", name="Read back and close").click()
    page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently").check()
    page.get_by_label("What Elina sees differently").fill("It was at night.")
    until(page, lambda: len(drafts(page)) == 3)
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.get_by_label("What was said about it")).to_have_value("I was afraid that night.")
    expect(page.get_by_label("What was said about it")).to_be_visible()
    expect(page.locator("#guest").get_by_label("How they are related")).to_have_value("a neighbour")
    page.get_by_role("button", name="It was talked about").click()
    page.get_by_role("button", name="They are here").click()
    page.get_by_role("link", name="Read back and close").click()
    expect(page.get_by_label("What Elina sees differently")).to_have_value("It was at night.")
    expect(page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently")).to_be_checked()
    for name in ("Leena", "Kalle"):
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    page.get_by_role("button", name="Keep, and go on to the close").click()
    all_sent(page)
    until(page, lambda: not drafts(page))
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill("All of us")
    page.get_by_label("Who comes next time?").fill("Nobody")
    until(page, lambda: len(drafts(page)) == 1)
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.get_by_label("Who comes next time?")).to_have_value("Nobody")
    read_back(page)
    expect(page.get_by_role("radio", name="No next meeting")).to_be_checked()
    page.get_by_role("button", name="Close the meeting").click()
    page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    assert (cast.booked.no_next_decided_by, cast.booked.who_comes) == ("All of us", "Nobody")
    assert cast.case.exceptions.get().taken_up_words == "I was afraid that night."
    assert stored(page) == {"entries": [], "drafts": []}


def test_a_close_that_is_opened_again_has_its_words_on_the_disk(phone, cast):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    read_back(page)
    end(page, decided="All of us in the kitchen")
    on_this_phone(page, 2)
    page.get_by_role("button", name="Something is missing: open it again").click()
    on_this_phone(page, 1)
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.get_by_label("Who decided that there is no next meeting?")).to_have_value("All of us in the kitchen")


def test_words_that_could_not_be_kept_are_not_left_without_a_word(phone, cast, settings):
    settings.SEALING_KEYS = ""
    page = begun(phone, cast)
    page.get_by_role("link", name="Read back and close").click()
    page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently").check()
    page.get_by_label("What Elina sees differently").fill("It was at night.")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()


def closed_elsewhere(cast):
    with transaction.atomic():
        cast.booked.refresh_from_db()
        close(cast.booked)


@pytest.mark.parametrize("form", ["guest", "read_back", "close"])
def test_closed_on_another_phone_while_words_stand_in_a_form(phone, cast, form):
    """The page says so, and stays until the words are kept or taken out."""
    page = begun(phone, cast)
    if form == "guest":
        page.get_by_text("+ Somebody new").click()
        field = page.locator("#guest").get_by_label("How they are related")
    elif form == "read_back":
        page.get_by_role("link", name="Read back and close").click()
        page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently").check()
        field = page.get_by_label("What Elina sees differently")
    else:
        read_back(page)
        all_sent(page)
        field = page.get_by_label("Who comes next time?")
    field.fill("These words stay.")
    closed_elsewhere(cast)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#kept-note")).to_contain_text("This meeting was closed meanwhile.")
    expect(field).to_have_value("These words stay.")
    field.fill("")
    page.wait_for_url("**/notes/**")


def change_link(page, words):
    return page.locator("#lines > li", has_text=words).get_by_role("link", name=re.compile("Change"))


def test_change_on_another_line_throws_no_words_away(phone, cast):
    page = begun(phone, cast)
    write(page, "voice", "The first line.", whose="Elina")
    write(page, "voice", "The second line.", whose="Elina")
    all_sent(page)
    change_link(page, "The first line.").click()
    box(page).fill("Other words for the first.")
    change_link(page, "The second line.").click()
    expect(page.get_by_role("alert").filter(has_text="Keep first what you are writing here.")).to_be_visible()
    expect(box(page)).to_have_value("Other words for the first.")
    page.get_by_role("button", name="Leave it as it is").click()
    change_link(page, "The first line.").click()
    change_link(page, "The second line.").click()
    expect(page.locator("#changing")).to_contain_text("The second line.")
    expect(box(page)).to_have_value("The second line.")


def neighbour(page, words):
    """Something that the service refuses as long as nobody has come."""
    page.get_by_label("Whose words").fill("The neighbour")
    write(page, "voice", words)


def test_what_another_window_sent_and_the_service_refused_is_told(phone, cast):
    page = phone.sign_in(cast.clinician1).record(cast)
    page.route(ENTRIES, lambda route: route.abort())
    neighbour(page, "Before anybody had come.")
    on_this_phone(page, 1)
    elsewhere = phone.page("/on-this-device/")
    expect(elsewhere.locator("#on-this-device")).to_contain_text("Not taken: This meeting has not started yet.")
    expect(page.locator("#lines")).to_contain_text("Not accepted: This meeting has not started yet.")
    expect(page.locator("#sent")).to_have_text("1 not taken")
    expect(page.get_by_role("button", name="Put them back into the box")).to_be_visible()


def test_a_line_that_is_refused_while_it_gets_other_words(phone, cast):
    page = phone.sign_in(cast.clinician1).record(cast)
    phone.context.set_offline(True)
    neighbour(page, "Before anybody had come.")
    on_this_phone(page, 1)
    change_link(page, "Before anybody had come.").click()
    box(page).fill("In other words.")
    phone.context.set_offline(False)
    expect(page.locator("#lines")).to_contain_text("Not accepted: This meeting has not started yet.")
    expect(page.locator("#changing")).to_be_hidden()
    expect(box(page)).to_have_value("In other words.")
    tap(page, "Elina")
    page.locator("#kind-understanding").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#sent")).to_have_text("1 not taken")
    until(page, lambda: texts(cast) == ["In other words."])


NO_ROOM = "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"


def test_other_words_for_a_line_are_on_the_disk_until_their_entry_is(phone, cast):
    page = begun(phone, cast)
    write(page, "voice", "I whispered.", whose="Elina")
    all_sent(page)
    change_link(page, "I whispered.").click()
    box(page).fill("I spoke low.")
    until(page, lambda: drafts(page))
    phone.context.set_offline(True)
    page.evaluate(NO_ROOM)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#lines")).to_contain_text("In this window only: keep it open")
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(box(page)).to_have_value("I spoke low.")
    expect(page.locator("#changing")).to_contain_text("I whispered.")


def test_a_refused_close_is_on_the_disk_until_the_next_one_is(phone, cast):
    refused_close(phone, cast)
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(comes_of(page)).to_have_value("The same as in A")
    for name in ("Elina", "Leena"):
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill("All of us")
    phone.context.set_offline(True)
    page.evaluate(NO_ROOM)
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.locator("#closed")).to_contain_text("In this window only: keep it open")
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(comes_of(page)).to_have_value("The same as in A")


def comes_of(page):
    return page.get_by_label("Who comes next time?")


def test_what_is_put_back_into_the_box_is_whole(phone, cast):
    """Its kind, whose words, and who does what by when; and it is not mixed with what is being written."""
    page = phone.sign_in(cast.clinician1).record(cast)
    phone.context.set_offline(True)
    page.locator("#kind-action").check()
    page.get_by_label("Who does it").fill("Leena")
    page.get_by_label("By when").fill("2027-01-01")
    page.get_by_label("Who looks after it").fill("Mikko")
    box(page).fill("Calls the school.")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator("#kind-reflection").check()
    page.get_by_label("Whose words").fill("The neighbour")
    box(page).fill("I thought of the stairs.")
    page.get_by_role("button", name="Keep", exact=True).click()
    on_this_phone(page, 2)
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    back = page.get_by_role("button", name="Put them back into the box")
    expect(back).to_have_count(2)
    page.locator("#kind-voice").check()
    back.first.click()
    expect(page.locator("#kind-action")).to_be_checked()
    expect(page.get_by_label("Who does it")).to_have_value("Leena")
    expect(page.get_by_label("By when")).to_have_value("2027-01-01")
    expect(page.get_by_label("Who looks after it")).to_have_value("Mikko")
    expect(box(page)).to_have_value("Calls the school.")
    back.click()
    expect(page.get_by_role("alert").filter(has_text="Keep first what you are writing here.")).to_be_visible()
    expect(box(page)).to_have_value("Calls the school.")
    tap(page, "Elina")
    page.get_by_role("button", name="Keep", exact=True).click()
    back.click()
    expect(page.locator("#kind-reflection")).to_be_checked()
    expect(page.get_by_label("Whose words")).to_have_value("The neighbour")
    expect(page.locator("#whose-other")).to_be_checked()
    page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    assert [(one.kind, one.voice, one.action_who) for one in cast.booked.lines.order_by("recorded_at", "pk")] == [
        ("action", "", "Leena"),
        ("reflection", "The neighbour", ""),
    ]


def lost_answers(route):
    """The service has it; the phone does not know."""
    route.fetch()
    route.abort()


def test_a_close_that_has_arrived_is_not_opened_again(phone, cast):
    page = begun(phone, cast)
    page.route(ENTRIES, lost_answers)
    read_back(page)
    end(page)
    until(page, lambda: type(cast.booked).objects.get(pk=cast.booked.pk).status == "closed")
    with page.expect_response("**/record/news/**"):
        page.get_by_role("button", name="Something is missing: open it again").click()
    page.wait_for_timeout(500)  # for the page to read it
    assert page.locator("#closed").is_visible()
    page.unroute(ENTRIES)
    page.wait_for_url("**/notes/**")
    assert stored(page) == {"entries": [], "drafts": []}


def test_a_close_that_may_have_arrived_is_opened_again_with_a_word(phone, cast):
    page = begun(phone, cast)
    page.route(ENTRIES, lost_answers)
    read_back(page)
    end(page)
    until(page, lambda: type(cast.booked).objects.get(pk=cast.booked.pk).status == "closed")
    phone.context.set_offline(True)
    page.get_by_role("button", name="Something is missing: open it again").click()
    expect(page.locator("#kept-note")).to_contain_text("Opened again on this phone only")
    page.unroute(ENTRIES)
    phone.context.set_offline(False)
    expect(page.locator("#kept-note")).to_contain_text("This meeting was closed meanwhile.")
    expect(page.locator("#kept-note")).not_to_contain_text("Opened again")


def close_again_before_the_first_is_sent(phone, cast):
    """After a close that will be refused: its entries cannot be sent yet, and it is closed once more."""
    refused_close(phone, cast)
    phone.open().sign_in(cast.clinician1).context.route(ENTRIES, lambda route: route.abort())
    page = phone.record(cast)
    read_back(page)
    end(page)
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    on_this_phone(page, 4)
    return page


def test_an_older_close_that_is_refused_does_not_open_a_newer_one(phone, cast):
    page = close_again_before_the_first_is_sent(phone, cast)
    phone.context.unroute(ENTRIES)
    page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    assert (cast.booked.status, cast.booked.no_next_decided_by) == ("closed", "All of us")
    assert len(refused(page)) == 1


def test_a_close_that_comes_back_does_not_write_over_what_is_typed(phone, cast):
    refused_close(phone, cast)
    phone.open().sign_in(cast.clinician1).context.route(ENTRIES, lambda route: route.abort())
    page = phone.record(cast)
    read_back(page)
    comes_of(page).fill("Typed meanwhile")
    phone.context.unroute(ENTRIES)
    expect(page.get_by_role("alert").filter(has_text="One of the team has another meeting")).to_be_visible()
    expect(comes_of(page)).to_have_value("Typed meanwhile")


def test_a_line_whose_other_words_are_refused_stands_again_though_news_are_on_the_way(phone, cast):
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1)
        say(cast.booked, "I whispered.", who=cast.person, at=timezone.now() - timedelta(minutes=10))
    page = phone.sign_in(cast.clinician1).record(cast)
    all_sent(page)
    page.route(ENTRIES, lambda route: route.abort())
    change_link(page, "I whispered.").click()
    box(page).fill("I spoke low.")
    page.get_by_role("button", name="Keep", exact=True).click()
    on_this_phone(page, 1)
    touch_the_store(page, "AAAA" if not stored(page)["entries"][0]["sealed"].endswith("AAAA") else "BBBB")
    page.evaluate("new BroadcastChannel('kept').postMessage('changed')")  # as another window of this browser would
    held = []

    def hold(route):
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/record/news/**", hold)
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, lambda: held)
    page.unroute(ENTRIES)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#lines")).to_contain_text("Not accepted:")
    [(route, response)] = held
    route.fulfill(response=response)
    expect(page.locator("#lines > [data-line]")).to_contain_text("I whispered.")


@pytest.mark.parametrize("code", [429, 503])
def test_a_service_that_does_not_answer_is_not_told_as_no_connection(phone, cast, code):
    page = begun(phone, cast)
    page.route(ENTRIES, lambda route: route.fulfill(status=code))
    write(page, "voice", "While it is busy.", whose="Elina")
    expect(page.locator("#status")).to_have_text(
        "The service does not answer just now. What you write stays on this phone and is sent later."
    )


SLOW_SEAL = """() => {
  const encrypt = SubtleCrypto.prototype.encrypt;
  SubtleCrypto.prototype.encrypt = async function (...given) {
    document.body.dataset.sealing = "yes";
    await new Promise((go) => { window.goOn = go; });
    return encrypt.apply(this, given);
  };
}"""


def test_signing_out_while_words_are_being_sealed_still_closes_the_record(phone, cast):
    page = begun(phone, cast)
    other = phone.page("/board/")
    page.evaluate(SLOW_SEAL)
    box(page).fill("Being written")
    expect(page.locator("body")).to_have_attribute("data-sealing", "yes")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()
    page.evaluate("goOn()")
    expect(page.locator("#record")).to_have_count(0)
    [draft] = drafts(other)
    assert draft["of"] == str(cast.booked.uuid)


BROKEN = """() => Object.defineProperty(document.getElementById("sent"), "textContent", { set() { throw new Error("broken"); } })"""


def test_a_fault_of_the_page_ends_no_storing(phone, cast):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    page.evaluate(BROKEN)
    write(page, "voice", "The first line.", whose="Elina")
    until(page, lambda: len(stored(page)["entries"]) == 1)
    write(page, "voice", "The second line.", whose="Elina")
    until(page, lambda: len(stored(page)["entries"]) == 2)
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    all_sent(page)
    assert texts(cast) == ["The first line.", "The second line."]


SLOWLY_SEALED = """(what) => {
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  crypto.subtle.encrypt = (how, key, block) => {
    if (!new TextDecoder().decode(block).includes(`"do":"${what}"`)) return encrypt(how, key, block);
    window.sealing = true;
    return new Promise((go) => { window.go = go; }).then(() => encrypt(how, key, block));
  };
}"""


def test_a_line_waits_for_no_draft_and_its_draft_comes_too_late(phone, cast):
    """Keep while the same words are being sealed as a draft: the line is on the disk first, and the draft never is."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    page.evaluate(SLOWLY_SEALED, "draft")
    page.locator("#kind-understanding").check()
    box(page).fill("Said once.")
    until(page, lambda: page.evaluate("window.sealing"))
    page.get_by_role("button", name="Keep", exact=True).click()
    until(page, lambda: stored(page)["entries"])
    expect(page.locator("#lines [data-state]")).to_contain_text("On this phone")
    box(page).fill("The next words.")
    page.evaluate("window.sealing = false; window.go()")
    until(page, lambda: page.evaluate("window.sealing"))
    assert drafts(page) == []
    page.evaluate("window.go()")
    until(page, lambda: drafts(page))
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    all_sent(page)
    expect(box(page)).to_have_value("The next words.")
    assert texts(cast) == ["Said once."]


def test_a_draft_waits_for_what_was_said_before_it(phone, cast):
    """The next words are typed while a line is still being sealed: its storing takes their draft along no more."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    page.evaluate(SLOWLY_SEALED, "line")
    write(page, "understanding", "Said first.")
    until(page, lambda: page.evaluate("window.sealing"))
    expect(page.locator("#lines [data-state]")).to_have_text("Being kept on this phone")
    box(page).fill("The next words.")
    page.wait_for_timeout(1500)  # its draft would be there by now
    assert stored(page) == {"entries": [], "drafts": []}
    page.evaluate("window.go()")
    until(page, lambda: drafts(page))
    assert len(stored(page)["entries"]) == 1
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    all_sent(page)
    expect(box(page)).to_have_value("The next words.")
    assert texts(cast) == ["Said first."]
