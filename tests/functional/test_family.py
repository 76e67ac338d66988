"""Journey 6 and after, in the browser: the person chooses who reads, the mother reads and adds, the person sees that."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from tests.factories import make_cast

from .conftest import DESK, PHONE, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_person_shares_a_meeting_and_sees_who_has_read_it(page_for):
    # Given a meeting that was held, and a friend who may read nothing
    with transaction.atomic():
        cast = make_cast()
    person, friend = page_for(cast.person.user), page_for(cast.friend.user)
    visit(friend, "/my/")
    expect(friend.get_by_text("What Elina shares with you will be here.")).to_be_visible()
    assert_accessible(friend)

    # When the person lets him read it
    visit(person, "/my/")
    assert_accessible(person)
    shoot(person, "my-person")
    person.get_by_role("link", name=re.compile("^At home")).click()
    expect(person.get_by_role("heading", level=1)).to_contain_text("At home")
    assert_accessible(person)
    person.get_by_role("link", name="Choose").click()
    person.get_by_label("Jussi").check()
    assert_accessible(person)
    person.get_by_role("button", name="Yes, they may read it").click()
    expect(person.get_by_text("They may read this now.")).to_be_visible()

    # Then he reads it, and adds a line of his own
    visit(friend, "/my/")
    friend.get_by_role("link", name=re.compile("^At .+ home")).click()
    expect(friend.get_by_text("Elina shares this with you")).to_be_visible()
    assert_accessible(friend)
    shoot(friend, "note-friend")
    friend.get_by_role("link", name=re.compile(r"^Add to this\s*: I would like")).click()
    friend.get_by_label("In your own words").fill("I am glad that you said it.")
    assert_accessible(friend)
    friend.get_by_role("button", name="Put it beside the text").click()
    expect(friend.get_by_text("I am glad that you said it.")).to_be_visible()

    # And the person sees that he has read it, and takes it back at once
    visit(person, "/my/")
    expect(person.get_by_text(re.compile("^Jussi read the meeting of")).first).to_be_visible()
    expect(person.get_by_text("Jussi added something")).to_be_visible()
    visit(person, f"/my/readers/{cast.friend.uuid}/")
    expect(person.get_by_text("Jussi will not be told, but may notice")).to_be_visible()
    assert_accessible(person)
    person.get_by_label("nothing").check()
    person.get_by_role("button", name="Keep this").click()
    expect(person.get_by_text("Done. It holds from now on.")).to_be_visible()
    visit(friend, "/my/")
    expect(friend.get_by_text("What Elina shares with you will be here.")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_person_looks_as_a_friend_before_saying_yes(page_for, size):
    # Given a friend who may read nothing
    with transaction.atomic():
        cast = make_cast()
    person, name = page_for(cast.person.user, size=size), "phone" if size == PHONE else "desk"

    # When the person is about to let him read, and looks first
    visit(person, "/my/readers/")
    assert_accessible(person)
    shoot(person, f"looking-readers-{name}")
    person.get_by_role("link", name="Change what Jussi may read").click()
    shoot(person, f"looking-reader-{name}")
    person.get_by_label("everything, also what was written before").check()
    person.get_by_role("button", name="Keep this").click()
    expect(person.get_by_role("link", name="See what Jussi would see")).to_be_visible()
    assert_accessible(person)
    shoot(person, f"looking-sure-{name}")
    person.get_by_role("link", name="See what Jussi would see").click()

    # Then it is his page, on which nothing can be done but to look
    expect(person.get_by_text("This is what Jussi would see.")).to_be_visible()
    expect(person.get_by_role("button", name="I will be there")).to_be_disabled()
    assert_accessible(person)
    shoot(person, f"looking-page-{name}")
    person.get_by_role("link", name=re.compile("^At .+ home")).click()
    expect(person.get_by_text("Elina shares this with you")).to_be_visible()
    assert_accessible(person)
    shoot(person, f"looking-note-{name}")

    # And back, with the choice as it was
    person.get_by_role("link", name="Stop looking").click()
    expect(person.get_by_label("everything, also what was written before")).to_be_checked()
    visit(person, f"/notes/{cast.held.uuid}/share/")
    assert_accessible(person)
    shoot(person, f"looking-share-{name}")
    person.get_by_role("link", name="See it as Jussi").click()
    expect(person.get_by_text("This is what Jussi would see.")).to_be_visible()
    person.get_by_role("link", name="Stop looking").click()
    expect(person.get_by_label("Jussi")).to_be_checked()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_person_takes_everything_along(page_for, size):
    with transaction.atomic():
        cast = make_cast()
    person = page_for(cast.person.user, size=size)
    visit(person, "/my/")
    person.get_by_role("link", name="Take everything along").click()
    expect(person.get_by_role("heading", level=1)).to_have_text("Take everything along")
    assert_accessible(person)
    shoot(person, f"take-along-{'phone' if size == PHONE else 'desk'}")
    for name, file in (("Take it as PDF", "everything.pdf"), ("Take it as JSON", "everything.json")):
        with person.expect_download() as download:
            person.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == file
        download.value.delete()
