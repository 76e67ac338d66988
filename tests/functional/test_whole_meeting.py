"""A whole meeting in a kitchen without signal, from the first tap to the close; and two phones that knew nothing of each other."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from network.models import Member
from tests.factories import close, make_cast, make_meeting, say, start
from tests.functional.conftest import DESK, assert_accessible, shoot
from tests.functional.test_kitchen import ENTRIES, Phone, begun, on_this_phone, stored, texts, until_drafted
from tests.functional.test_recording import TWO_TAPS, all_sent, here, tap, write
from tests.meetings.breaks import exception, waiting

HELSINKI = ZoneInfo("Europe/Helsinki")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db):
    with transaction.atomic():
        return make_cast()


@pytest.fixture
def phones(chromium, live_server, transactional_db, tmp_path):
    """One for each clinician."""
    both = [Phone(chromium, live_server, tmp_path / name).open() for name in ("leena", "mikko")]
    yield both
    for one in both:
        one.close()


@pytest.fixture
def phone(phones):
    return phones[0]


def noon_in_two_days():
    """At an hour that every day has once."""
    return timezone.localtime(timezone.now() + timedelta(days=2), HELSINKI).replace(
        hour=12, minute=0, second=0, microsecond=0
    )


def guest(page, name, relation=""):
    page.get_by_text("+ Somebody new").click()
    page.get_by_label("Name", exact=False).first.fill(name)
    page.get_by_label("How they are related").fill(relation)
    page.get_by_role("button", name="They are here").click()
    expect(here(page, name)).to_have_attribute("aria-pressed", "true")


def change(page, words, into):
    page.locator("#lines > li", has_text=words).get_by_role("link", name=re.compile("Change")).click()
    expect(page.locator("#changing")).to_contain_text(words)
    page.get_by_label("The words").fill(into)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#lines")).to_contain_text(into)
    expect(page.locator("#changing")).to_be_hidden()


def read_back(page, differs=(), **said):
    """Read back to everybody: agreed, but for those who differ in their words or are asked nothing."""
    page.get_by_role("link", name="Read back and close").click()
    expect(page.get_by_role("heading", name="Is this how it was?")).to_be_visible()
    for group in page.locator("#read-back-rows > div").all():
        name = group.get_attribute("data-row")
        if name in said:
            group.get_by_role("radio", name="sees it differently").check()
            group.get_by_role("textbox").fill(said[name])
        elif not group.locator("input:checked").count():
            group.get_by_role("radio", name="agreed").check()
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()


def end(page, decided="All of us"):
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill(decided)
    page.get_by_role("button", name="Close the meeting").click()


def test_from_the_first_tap_to_the_close_without_signal(phone, cast):
    with transaction.atomic():
        exception(cast)
        waiting(cast)
    page = phone.sign_in(cast.clinician1).record(cast)
    phone.context.set_offline(True)
    for name in ("Elina", "Marja", "Leena"):
        tap(page, name)
    tap(page, "Jussi")
    page.get_by_text("Tapped by mistake?").click()
    page.get_by_role("button", name=re.compile("Jussi was not here")).click()
    expect(here(page, "Jussi")).to_have_attribute("aria-pressed", "false")
    guest(page, "Kalle", "a neighbour")
    write(page, "voice", "I bring soup.", whose="Kalle")
    write(page, "voice", "I am so tired.", whose="Elina")
    change(page, "I am so tired.", "I am so very tired.")
    page.get_by_text("Talk about it now").click()
    page.get_by_role("button", name="It was talked about").click()
    expect(page.get_by_role("alert").filter(has_text="Write what was said about it.")).to_be_visible()
    page.get_by_label("What was said about it").fill("I was afraid that night.")
    page.get_by_role("button", name="It was talked about").click()
    page.get_by_role("button", name="Elina agrees").click()
    write(page, "decision", "We meet again.")
    tap(page, "Elina", into_the_room=False)
    expect(page.locator("#decisions-wait")).to_have_text(
        "Elina is not in the room. Decisions wait until Elina is back."
    )
    page.locator("#lines > li", has_text="We meet again.").get_by_role("link", name=re.compile("Change")).click()
    page.get_by_label("The words").fill("We part.")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Elina is not in the room.")).to_be_visible()
    page.get_by_role("button", name="Leave it as it is").click()
    page.wait_for_timeout(TWO_TAPS)
    tap(page, "Elina")
    tap(page, "Marja", into_the_room=False)
    assert_accessible(page)
    shoot(page, "whole-room")

    page.get_by_role("link", name="Read back and close").click()
    rows = page.locator("#read-back-rows > div")
    expect(rows).to_have_count(4)
    expect(page.get_by_role("group", name="Marja").get_by_role("radio", name="left before")).to_be_checked()
    expect(page.get_by_role("group", name="Jussi")).to_have_count(0)
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("alert").filter(has_text="Elina: Ask them too, or say that they left.")).to_be_visible()
    assert_accessible(page)
    shoot(page, "whole-read-back-error")
    page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently").check()
    page.get_by_label("What Elina sees differently").fill("I did not say very.")
    for name in ("Leena", "Kalle"):
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    shoot(page, "whole-read-back")
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()
    page.get_by_label("Whom to call at night").fill("")
    page.get_by_role("button", name="Close the meeting").click()
    alert = page.get_by_role("alert").filter(has_text="Not closed yet")
    expect(alert).to_contain_text("Choose when you meet next, or say that there is no next meeting.")
    expect(alert).to_contain_text("Write whom to call at night.")
    assert_accessible(page)
    shoot(page, "whole-close-error")
    page.get_by_role("radio", name="A new time").check()
    page.get_by_label("The new time").fill("2020-01-01T10:00")
    page.get_by_label("Whom to call at night").fill("016 555 0100")
    page.get_by_role("button", name="Close the meeting").click()
    expect(alert).to_contain_text("This time has passed. Choose a time to come.")
    at = noon_in_two_days()
    page.get_by_label("The new time").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_label("Who comes next time?").fill("The same")
    shoot(page, "whole-close")
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    expect(page.locator("#closed")).to_contain_text("On this phone, waiting to be sent")
    expect(page.locator("#closed")).to_contain_text("016 555 0100")
    assert_accessible(page)
    shoot(page, "whole-closed")
    page.set_viewport_size(DESK)
    shoot(page, "whole-closed-desk")
    assert not cast.booked.presences.exists()

    phone.context.set_offline(False)
    page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    kalle = Member.objects.get(name="Kalle")
    assert (cast.booked.status, cast.booked.who_comes, cast.booked.next_meeting.starts_at) == ("closed", "The same", at)
    assert kalle.relation == "a neighbour"
    assert {one.text: one.state for one in cast.booked.lines.standing()} == {
        "I bring soup.": "kept", "I am so very tired.": "kept", "We meet again.": "accepted",
    }  # fmt: skip
    assert cast.booked.lines.get(text="I bring soup.").member == kalle
    assert not cast.booked.lines.filter(late=True).exists()
    said = {one.name: (one.answer, one.words) for one in cast.booked.read_backs.all()}
    assert said == {
        "Elina": ("differs", "I did not say very."), "Marja": ("left_before", ""), "Leena": ("agreed", ""), "Kalle": ("agreed", ""),
    }  # fmt: skip
    assert cast.booked.presences.get(member=cast.friend).mistaken_at
    assert cast.case.exceptions.get().taken_up_words == "I was afraid that night."
    assert cast.booked.confirmed_lines.get().state == "confirmed"
    shoot(page, "whole-note")


def test_after_the_close_is_kept_nothing_is_lost_with_the_browser(phone, cast):
    """Killed between the close and the signal; and the answers of the service are lost on the way back."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "So tired.", whose="Elina")
    read_back(page)
    end(page)
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    on_this_phone(page, 3)
    phone.kill()
    lost = []

    def lose(route):
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    phone.open().sign_in(cast.clinician1).context.route(ENTRIES, lose)
    page = phone.page("/board/")
    expect(page.locator("[data-kept]")).to_have_text("3 entries from this device are at the service now.")
    cast.booked.refresh_from_db()
    assert lost == [200, 200]
    assert (cast.booked.status, texts(cast), cast.booked.read_backs.count()) == ("closed", ["So tired."], 2)
    assert cast.booked.no_next_decided_by == "All of us"
    assert stored(page)["entries"] == []


def test_opened_again_as_long_as_it_has_not_gone_out(phone, cast):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    read_back(page)
    end(page)
    page.get_by_role("button", name="Something is missing: open it again").click()
    write(page, "voice", "One more thing.", whose="Elina")
    page.get_by_role("link", name="Read back and close").click()
    page.evaluate("location.hash = 'close'")
    end(page)
    expect(page.get_by_role("alert").filter(has_text="Something was written after you read back.")).to_be_visible()
    page.get_by_role("link", name="Back to reading back").click()
    page.get_by_role("button", name="Keep, and go on to the close").click()
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    phone.context.set_offline(False)
    page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    assert (cast.booked.status, texts(cast)) == ("closed", ["One more thing."])
    assert not cast.booked.lines.filter(late=True).exists()


def closed_with_a_time_that_is_taken(phone, cast, comes):
    """The page of a meeting that was read back and closed without signal; the service will not take the close."""
    page = begun(phone, cast)
    at = noon_in_two_days()
    phone.context.set_offline(True)
    read_back(page)
    page.get_by_role("radio", name="A new time").check()
    page.get_by_label("The new time").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_label("Who comes next time?").fill(comes)
    page.get_by_role("button", name="Close the meeting").click()
    with transaction.atomic():
        make_meeting(cast.case, cast.clinician2, starts_at=at)
    return page


def test_a_close_that_the_service_does_not_take_comes_back_into_its_form(phone, cast):
    page = closed_with_a_time_that_is_taken(phone, cast, "The same")
    phone.context.set_offline(False)
    alert = page.get_by_role("alert").filter(has_text="One of the team has another meeting")
    expect(alert).to_be_visible()
    expect(page.get_by_label("Who comes next time?")).to_have_value("The same")
    expect(page.locator("#sent")).to_have_text("1 not taken")
    assert_accessible(page)
    shoot(page, "whole-close-not-taken")
    end(page)
    page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    assert (cast.booked.status, cast.booked.no_next_decided_by, cast.booked.who_comes) == (
        "closed",
        "All of us",
        "The same",
    )
    assert stored(page)["entries"] == []


def test_two_taps_on_everything_are_one(phone, cast):
    page = begun(phone, cast)
    page.get_by_label("The words").fill("Once.")
    page.locator(".whose").get_by_role("radio", name="Elina").check()
    page.get_by_role("button", name="Keep", exact=True).dblclick()
    page.get_by_text("+ Somebody new").click()
    page.get_by_label("Name", exact=False).first.fill("Kalle")
    page.get_by_role("button", name="They are here").dblclick()
    here(page, "Marja").dblclick()
    all_sent(page)
    expect(here(page, "Marja")).to_have_attribute("aria-pressed", "true")
    assert cast.booked.presences.get(member=cast.mother).left_at is None
    page.wait_for_timeout(TWO_TAPS)
    here(page, "Marja").dblclick()
    all_sent(page)
    expect(here(page, "Marja")).to_have_attribute("aria-pressed", "false")
    assert cast.booked.presences.get(member=cast.mother).left_at
    phone.context.set_offline(True)
    read_back(page)
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill("All of us")
    page.get_by_role("button", name="Close the meeting").dblclick()
    on_this_phone(page, 2)
    phone.context.set_offline(False)
    page.wait_for_url("**/notes/**")
    assert (texts(cast), Member.objects.filter(name="Kalle").count()) == (["Once."], 1)


def test_other_words_being_written_when_the_browser_ends(phone, cast):
    page = begun(phone, cast)
    write(page, "voice", "I whispered.", whose="Elina")
    all_sent(page)
    page.get_by_role("link", name=re.compile("Change")).click()
    page.get_by_label("The words").fill("I spoke low, for I was afraid.")
    until_drafted(page)
    phone.kill()
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.get_by_label("The words")).to_have_value("I spoke low, for I was afraid.")
    expect(page.locator("#changing")).to_contain_text("I whispered.")
    page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    assert [one.text for one in cast.booked.lines.standing()] == ["I spoke low, for I was afraid."]


# -- Two phones ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def both(phones, cast):
    """Both are in the room, have seen the same line, and lose their signal."""
    with transaction.atomic():
        start(cast.booked, cast.person, cast.mother, cast.clinician1, cast.clinician2)
        say(cast.booked, "She whispered.", who=cast.mother)
    pages = [one.sign_in(who).record(cast) for one, who in zip(phones, (cast.clinician1, cast.clinician2), strict=True)]
    for one in phones:
        one.context.set_offline(True)
    return pages


def test_both_change_the_same_line_and_the_network_chooses_in_the_room(phones, both, cast):
    leena, mikko = both
    change(leena, "She whispered.", "I whispered.")
    write(mikko, "voice", "Said to Mikko.", whose="Elina")
    change(mikko, "She whispered.", "I spoke low.")
    for one, page in zip(phones, both, strict=True):
        one.context.set_offline(False)
        all_sent(page)
    for page in both:
        expect(page.locator("#lines")).to_contain_text("Written down in 2 ways; this one by Leena.")
        expect(page.locator("#lines")).to_contain_text("Written down in 2 ways; this one by Mikko.")
        expect(page.locator("#lines > li")).to_have_count(3)
    assert_accessible(leena)
    shoot(leena, "whole-two-ways")
    leena.get_by_role("link", name="Read back and close").click()
    expect(leena.get_by_text("Some of this was written down in two ways.")).to_be_visible()
    shoot(leena, "whole-two-ways-read-back")
    leena.locator("#lines > li", has_text="I spoke low.").get_by_role("button").click()
    expect(leena.get_by_text("Some of this was written down in two ways.")).to_be_hidden()
    for page in both:
        expect(page.locator("#lines > li")).to_have_count(2)
        expect(page.locator("#lines")).not_to_contain_text("I whispered.")
    assert {one.text for one in cast.booked.lines.standing()} == {"Said to Mikko.", "I spoke low."}
    assert cast.booked.lines.count() == 5


def test_both_close_without_signal_and_the_second_joins(phones, both, cast):
    leena, mikko = both
    write(leena, "voice", "On Leena's phone.", whose="Elina")
    write(mikko, "voice", "On Mikko's phone.", whose="Elina")
    read_back(leena)
    end(leena)
    read_back(mikko, **{f"member:{cast.mother.uuid}": "I did not whisper."})
    end(mikko, decided="Elina")
    for one, page in zip(phones, both, strict=True):
        one.context.set_offline(False)
        page.wait_for_url("**/notes/**")
    cast.booked.refresh_from_db()
    assert (cast.booked.status, cast.booked.closed_by, cast.booked.no_next_decided_by) == (
        "closed",
        cast.clinician1,
        "All of us",
    )
    assert cast.booked.read_backs.get(member=cast.mother).answer == "agreed"
    assert {(one.text, one.late) for one in cast.booked.lines.all()} == {
        ("She whispered.", False), ("On Leena's phone.", False), ("On Mikko's phone.", True), ("I did not whisper.", True),
        ("It was closed on another phone as well, with this: No next meeting. Decided by: Elina.", True),
    }  # fmt: skip
    expect(mikko.locator("main")).to_contain_text("Marja, when it was read back")
    shoot(mikko, "whole-closed-twice")


def test_closed_while_one_phone_was_away(phones, both, cast):
    _, mikko = both
    tap(mikko, "Jussi")
    write(mikko, "voice", "Before it ended.", whose="Jussi")
    tap(mikko, "Elina", into_the_room=False)
    with transaction.atomic():
        cast.booked.refresh_from_db()
        close(cast.booked, at=timezone.now() + timedelta(seconds=30))
    phones[1].context.set_offline(False)
    mikko.wait_for_url("**/notes/**")
    expect(mikko.locator("main")).to_contain_text("Told later")
    expect(mikko.locator("main")).to_contain_text("Jussi came in.")
    assert not cast.booked.lines.filter(late=True).exclude(seen_by_person_at=None).exists()
    assert {one.text for one in cast.booked.lines.filter(late=True)} == {"Jussi came in.", "Before it ended."}
