"""A meeting is opened from a cold start without signal: prepared on the day, locked, and nobody else's."""

import contextlib
import json
import select
import socket
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from meetings.views import device as device_views
from meetings.views import entries as entries_views
from meetings.views import record as record_views
from network import kept_parts
from network.models import Member, Reading
from tests.factories import close, make_meeting, say, start
from tests.functional.conftest import PATIENCE, assert_accessible, shoot
from tests.functional.test_kitchen import (  # noqa: F401  one is a fixture
    AHEAD,
    CANARIES,
    ENTRIES,
    PUT_UNSEALED,
    UNSEALED,
    Phone,
    all_sent,
    begun,
    cast,
    nothing_on_the_disk,
    on_this_phone,
    stored,
    texts,
    until_drafted,
)
from tests.functional.test_recording import here, tap, write

# ruff: noqa: F811
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = "seven boats under the bridge"
WRONG = "This is not the passphrase. Look at capital letters and spaces, and try again."
PREPARED = """() => new Promise((done) => { const opening = indexedDB.open("prepared", 1); opening.onsuccess = () => {
  const store = opening.result, all = store.transaction(["packs", "vaults"]);
  const packs = all.objectStore("packs").getAll(), vaults = all.objectStore("vaults").getAll();
  all.oncomplete = () => { store.close(); done({ packs: packs.result, vaults: vaults.result }); };
}; })"""


class Signal:
    """The way from the phone to the service: a relay that can be cut. The browser's own offline switch may come late to a service worker
    that is just being started."""

    def __init__(self, address):
        self.to, self.there, self.lines = urlsplit(address), True, []
        self.door = socket.create_server(("localhost", 0))
        self.url = f"http://localhost:{self.door.getsockname()[1]}"
        self.porter = threading.Thread(target=self.serve, daemon=True)
        self.porter.start()

    def serve(self):
        with contextlib.suppress(OSError):  # the door is closed
            while True:
                phone, _ = self.door.accept()
                line = threading.Thread(target=self.carry, args=[phone], daemon=True)
                line.start()
                self.lines.append(line)

    def carry(self, phone):
        with contextlib.suppress(OSError), phone:
            if not self.there:
                return
            with socket.create_connection((self.to.hostname, self.to.port)) as service:
                while self.there:
                    for end in select.select([phone, service], [], [], 0.1)[0]:
                        if not (data := end.recv(65536)):
                            return
                        (service if end is phone else phone).sendall(data)

    def set(self, there):
        self.there = there
        for line in [] if there else self.lines:
            line.join()

    def close(self):
        self.door.shutdown(socket.SHUT_RDWR)
        self.porter.join()
        self.door.close()
        self.set(False)


@pytest.fixture
def phone(chromium, live_server, transactional_db, tmp_path):
    """A phone whose signal can be cut, for its service worker, too."""
    signal = Signal(live_server.url)
    one = Phone(chromium, signal, tmp_path / "profile").open()
    one.signal = signal
    yield one
    one.close()
    signal.close()


def offline(phone, yes=True):
    phone.signal.set(not yes)
    phone.context.set_offline(yes)


def prepared(page):
    """What lies in the store of what is prepared."""
    return page.evaluate(PREPARED)


def until(page, holds):
    """Wait until that store is as it should be."""
    for _ in range(PATIENCE // 50):
        if holds(found := prepared(page)):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(found)


def holds(page, what):
    """Wait until something is so on the page, whose rules forbid Playwright's own way to wait for it."""
    for _ in range(PATIENCE // 50):
        if page.evaluate(what):
            return
        page.wait_for_timeout(50)
    raise AssertionError(what)


def kept_as_it_stands(page):
    """Wait until the record is in the store as it stands on the page now."""
    now = page.evaluate("() => { document.body.dataset.looked = 'yes'; return Date.now(); }")
    page.evaluate("delete document.body.dataset.looked")
    until(page, lambda found: found["packs"][0].get("nowAt", 0) > now)


def marked(page):
    """What the list says of the one meeting of today."""
    return page.locator("[data-prepared]")


def lock_with_words(phone, words=WORDS):
    page = phone.page("/on-this-device/")
    page.get_by_text("Lock with a passphrase instead").click()
    page.get_by_label("A passphrase").fill(words)
    page.get_by_label("The same again").fill(words)
    page.get_by_role("button", name="Lock with these words").click()
    expect(page.locator("#lock-state")).to_have_text("The lock on this device opens with your passphrase.")
    expect(page.locator("#lock-meetings")).to_contain_text("with names and place, locked")
    return page


def without_signal(phone, address, who):
    """The browser is killed, and opened again where there is no signal."""
    phone.kill()
    phone.open().sign_in(who)
    offline(phone)
    return phone.page(address)


def unlock(page, words=WORDS):
    page.get_by_label("Your passphrase for this device").fill(words)
    page.get_by_role("button", name="Open", exact=True).click()


def ready(page):
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
    return page


def record_of(cast):
    return f"/meetings/{cast.booked.uuid}/record/"


def test_cold_start_without_a_lock(phone, cast):
    page = phone.sign_in(cast.clinician1).page("/meetings/")
    expect(marked(page)).to_have_text("Ready, without names")
    expect(page.locator("#prepared-room")).to_contain_text("There is no lock on this phone yet.")
    assert_accessible(page)
    shoot(page, "prepared-list-nameless")
    page = ready(without_signal(phone, record_of(cast), cast.clinician1))
    for name in ("Elina", "Marja", "Leena", "Mikko"):
        expect(page.locator("body")).not_to_contain_text(name)
    expect(page.locator("#from-device")).to_contain_text("Nobody is named here.")
    tap(page, "The person")
    tap(page, "You")
    page.get_by_label("The words").fill("Whose are they?")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Say whose words these are.")
    write(page, "voice", "From a cold start.", whose="The person")
    write(page, "decision", "Decided without signal.")
    on_this_phone(page, 4)
    assert_accessible(page)
    shoot(page, "prepared-record-nameless")
    page = phone.page(f"/meetings/{cast.booked.uuid}/")
    expect(page.locator("#shell-said")).to_contain_text("Its place and its people are not on this device")
    assert_accessible(page)
    shoot(page, "prepared-meeting-nameless")
    offline(phone, False)
    page = ready(phone.page(record_of(cast)))
    all_sent(page)
    assert texts(cast) == ["From a cold start.", "Decided without signal."]
    first, second = cast.booked.lines.order_by("said_at")
    assert (first.member, first.voice, second.state) == (cast.person, "Elina", "accepted")
    assert not Reading.objects.filter(what="prepared").exists()


def test_cold_start_with_a_passphrase(phone, cast):
    page = lock_with_words(phone.sign_in(cast.clinician1))
    assert_accessible(page)
    shoot(page, "prepared-lock-there")
    page = phone.page("/meetings/")
    expect(marked(page)).to_have_text("Ready for offline")
    shoot(page, "prepared-list-named")
    page = without_signal(phone, "/", cast.clinician1)
    expect(page.locator("#shell-list")).to_contain_text("A meeting")
    expect(page.locator("body")).not_to_contain_text("Elina")
    assert_accessible(page)
    shoot(page, "prepared-start-locked")
    unlock(page, "seven boats under the bride")
    expect(page.get_by_role("alert")).to_have_text(WRONG)
    assert_accessible(page)
    shoot(page, "prepared-wrong-words")
    unlock(page)
    expect(page.locator("#shell-list")).to_contain_text("Elina")
    assert_accessible(page)
    shoot(page, "prepared-start-open")
    page.get_by_role("link", name="Place and people").click()
    expect(page.locator("#from-device")).to_contain_text("No connection. This is from")
    expect(page.locator("main")).to_contain_text("We meet again tomorrow at five.")
    expect(page.locator("main")).to_contain_text("Marja")
    assert_accessible(page)
    shoot(page, "prepared-meeting-page")
    page.get_by_role("link", name="Your page").click()
    expect(page.locator("#shell-list")).to_contain_text("Elina")
    page.get_by_role("link", name="Record it").click()
    ready(page)
    tap(page, "Elina")
    page.get_by_role("link", name="Read back and close").click()
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("alert")).to_contain_text("Elina: Ask them too")
    page.get_by_role("link", name="Something is missing: back to the record").click()
    write(page, "voice", "I am here.", whose="Elina")
    on_this_phone(page, 2)
    assert_accessible(page)
    shoot(page, "prepared-record-named")
    offline(phone, False)
    all_sent(page)
    assert texts(cast) == ["I am here."]
    [reading] = Reading.objects.filter(what="prepared")
    assert (reading.reader, reading.thing) == (cast.clinician1.user, cast.booked.uuid)


PASSKEY = {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True, "hasPrf": True,
           "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


def authenticator(page, **options):
    """A phone that answers for its owner's finger."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEY | options})


def make_passkey(page):
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("A name for it").fill("my phone")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)


def test_cold_start_with_a_passkey(phone, cast):
    page = phone.sign_in(cast.clinician1).page("/on-this-device/")
    authenticator(page)
    page.get_by_role("button", name="Lock with my passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("You have no passkey yet.")
    assert_accessible(page)
    shoot(page, "prepared-lock-no-passkey")
    make_passkey(page)
    page.goto("/on-this-device/")
    page.get_by_role("button", name="Lock with my passkey").click()
    expect(page.locator("#lock-state")).to_have_text("The lock on this device opens with your passkey.")
    assert "wrapped" in prepared(page)["vaults"][0]
    page.goto("about:blank")  # nothing of it stays in memory
    offline(phone)
    page.goto(record_of(cast))
    page.evaluate("() => { CredentialsContainer.prototype.found = CredentialsContainer.prototype.get; }")
    page.evaluate(
        "() => { CredentialsContainer.prototype.get = async () => { throw new DOMException('', 'NotAllowedError'); }; }"
    )
    page.get_by_role("button", name="Open with your passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "That did not work, or you stopped it. You can try again, or write without opening it."
    )
    assert_accessible(page)
    shoot(page, "prepared-passkey-stopped")
    page.evaluate("() => { CredentialsContainer.prototype.get = CredentialsContainer.prototype.found; }")
    page.get_by_role("button", name="Open with your passkey").click()
    ready(page)
    tap(page, "Elina")
    write(page, "voice", "Opened with a finger.", whose="Elina")
    offline(phone, False)
    all_sent(page)
    assert texts(cast) == ["Opened with a finger."]


def test_a_passkey_that_gives_no_secret(phone, cast):
    page = phone.sign_in(cast.clinician1).page("/on-this-device/")
    authenticator(page, hasPrf=False)
    make_passkey(page)
    page.goto("/on-this-device/")
    page.get_by_role("button", name="Lock with my passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This passkey, or this browser, cannot be used for a lock.")
    assert prepared(page)["vaults"] == []


@pytest.mark.parametrize(
    ("words", "again", "said"),
    [
        ("too short", "", "This has 9 characters."),
        ("abababababababababab", "", "The same few letters"),
        (WORDS, f"{WORDS}s", "The two are not the same."),
    ],
)
def test_a_passphrase_that_does_not_do(phone, cast, words, again, said):
    page = phone.sign_in(cast.clinician1).page("/on-this-device/")
    page.get_by_text("Lock with a passphrase instead").click()
    page.get_by_label("A passphrase").fill(words)
    page.get_by_label("The same again").fill(again or words)
    page.get_by_role("button", name="Lock with these words").click()
    expect(page.get_by_role("alert")).to_contain_text(said)
    assert_accessible(page)
    shoot(page, f"prepared-lock-{len(words)}")
    assert prepared(page)["vaults"] == []


def test_closed_and_reopened_and_reloaded_without_signal(phone, cast):
    """With a lock the record stands as it was: who is in the room, what was said, and what was being written."""
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    until(page, lambda found: found["packs"][0].get("now"))
    offline(phone)
    tap(page, "Marja")
    write(page, "voice", "Said before the reload.", whose="Elina")
    on_this_phone(page, 2)
    page.locator(".whose").get_by_role("radio", name="Marja").check()
    page.get_by_label("The words").fill("I was about to")
    kept_as_it_stands(page)
    page.close(run_before_unload=False)
    page = phone.page(record_of(cast))
    unlock(page)
    ready(page)
    expect(here(page, "Marja")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#kept-note")).to_be_hidden()
    expect(page.locator("#lines")).to_contain_text("Said before the reload.")
    expect(page.locator("#lines")).to_contain_text("On this phone, waiting to be sent")
    expect(page.get_by_label("The words")).to_have_value("I was about to")
    expect(page.locator(".whose").get_by_role("radio", name="Marja")).to_be_checked()
    on_this_phone(page, 2)
    page.get_by_role("button", name="Keep", exact=True).click()
    tap(page, "Elina", into_the_room=False)
    on_this_phone(page, 4)
    assert_accessible(page)
    shoot(page, "prepared-reloaded")
    kept_as_it_stands(page)
    page.reload()
    unlock(page)
    ready(page)
    on_this_phone(page, 4)
    offline(phone, False)
    all_sent(page)
    assert texts(cast) == ["Said before the reload.", "I was about to"]
    expect(page.locator("#lines > li")).to_have_count(2)
    assert stored(page) == {"entries": [], "drafts": []}


# The store does not open, and nothing else that the script waits for comes.
NOT_LOOKED = """
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...all) { return all[0] === "kept" ? {} : open.apply(this, all); };
  StorageManager.prototype.persisted = () => new Promise(() => {});
"""


def test_a_record_as_it_stood_says_nothing_of_what_waits_before_it_has_looked(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    until(page, lambda found: found["packs"][0].get("now"))
    offline(phone)
    kept_as_it_stands(page)
    phone.kill()
    phone.open().sign_in(cast.clinician1).context.add_init_script(NOT_LOOKED)
    offline(phone)
    page = phone.page(record_of(cast))
    unlock(page)
    expect(here(page, "Elina")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#sent")).to_be_hidden()


def again(page):
    """Loaded anew without signal, and opened."""
    kept_as_it_stands(page)
    page.reload()
    unlock(page)
    return ready(page)


# As if the browser were killed before the page is saved anew: what is kept goes to the store, the page as it stands does not.
NOT_SAVED = """() => {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...all) { return this.name === "packs" ? undefined : put.apply(this, all); };
}"""


def killed_before_the_page_was_saved(phone, cast, act):
    """Words stand in the box and in the page as it was saved; then `act`, and the end."""
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    until(page, lambda found: found["packs"][0].get("now"))
    offline(phone)
    page.locator(".whose").get_by_role("radio", name="Elina").check()
    page.get_by_label("The words").fill("I whisper.")
    until_drafted(page)
    kept_as_it_stands(page)
    page.evaluate(NOT_SAVED)
    act(page)
    on_this_phone(page, 1)
    page = without_signal(phone, record_of(cast), cast.clinician1)
    unlock(page)
    on_this_phone(ready(page), 1)
    return page


def test_words_that_were_kept_just_before_a_kill_are_not_in_the_box_again(phone, cast):
    page = killed_before_the_page_was_saved(
        phone, cast, lambda page: page.get_by_role("button", name="Keep", exact=True).click()
    )
    note = page.locator("[data-kept-since]")
    expect(note).to_contain_text("1 entry was kept on this phone just before this page was closed")
    expect(note).to_contain_text("I whisper.")
    expect(page.get_by_label("The words")).to_have_value("")
    expect(page.locator(".whose input:checked")).to_have_count(0)
    assert_accessible(page)
    shoot(page, "prepared-kept-since")
    page = again(page)
    expect(note).to_contain_text("1 entry was kept on this phone just before this page was closed")
    note.get_by_role("button", name="They are not kept: put them back into the box").click()
    expect(page.get_by_label("The words")).to_have_value("I whisper.")
    expect(note).not_to_contain_text("I whisper.")
    page.get_by_label("The words").fill("")
    offline(phone, False)
    all_sent(page)
    expect(note).to_have_count(0)
    assert texts(cast) == ["I whisper."]
    expect(page.locator("#lines > li")).to_have_count(1)


def test_words_that_were_not_kept_before_a_kill_stay_in_the_box(phone, cast):
    """Somebody was tapped instead: that is said, and the words are still to be kept."""
    page = killed_before_the_page_was_saved(phone, cast, lambda page: tap(page, "Marja"))
    note = page.locator("[data-kept-since]")
    expect(note).to_contain_text("1 entry was kept on this phone just before this page was closed")
    expect(note).not_to_contain_text("I whisper.")
    expect(page.get_by_label("The words")).to_have_value("I whisper.")
    page.get_by_role("button", name="Keep", exact=True).click()
    offline(phone, False)
    all_sent(page)
    expect(note).to_have_count(0)
    assert texts(cast) == ["I whisper."]
    assert cast.booked.presences.filter(member=cast.mother).count() == 1


def test_all_that_was_typed_stands_again_after_a_reload_without_signal(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    write(page, "voice", "I whisper.", whose="Elina")
    all_sent(page)
    until(page, lambda found: found["packs"][0].get("now"))
    offline(phone)

    # Other words for a line, and somebody new
    page.locator("#lines").get_by_role("link", name="Change").click()
    page.get_by_label("The words").fill("I do not whisper.")
    page.get_by_text("+ Somebody new").click()
    page.locator("#guest").get_by_label("Name").fill("Anna")
    page = again(page)
    expect(page.locator("#changing")).to_be_visible()
    expect(page.locator("#guest").get_by_label("Name")).to_have_value("Anna")
    expect(page.get_by_label("The words")).to_have_value("I do not whisper.")
    page.get_by_role("button", name="Keep", exact=True).click()
    on_this_phone(page, 1)
    page.get_by_role("button", name="They are here").click()
    expect(here(page, "Anna")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#guest [name=name]")).to_have_value("")

    # What somebody does
    page.locator("#kind-action").check()
    page.get_by_label("Who does it").fill("Leena")
    page.get_by_label("By when").fill("2027-01-01")
    page.get_by_label("The words").fill("Calls the school.")
    page = again(page)
    expect(page.locator("#kind-action")).to_be_checked()
    expect(page.get_by_label("Who does it")).to_have_value("Leena")
    expect(page.get_by_label("By when")).to_have_value("2027-01-01")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Say who looks after it.")
    page.get_by_label("Who looks after it").fill("Mikko")
    page.get_by_role("button", name="Keep", exact=True).click()
    on_this_phone(page, 3)

    # Read back
    page.get_by_role("link", name="Read back and close").click()
    page.get_by_role("group", name="Elina").get_by_role("radio", name="sees it differently").check()
    page.get_by_label("What Elina sees differently").fill("It was at night.")
    page = again(page)
    expect(page.get_by_role("heading", name="Is this how it was?")).to_be_visible()
    expect(page.get_by_label("What Elina sees differently")).to_have_value("It was at night.")
    page.get_by_role("button", name="Keep, and go on to the close").click()
    expect(page.get_by_role("alert")).to_contain_text("Anna: Ask them too")
    for name in ("Anna", "Leena"):
        page.get_by_role("group", name=name).get_by_role("radio", name="agreed").check()
    page.get_by_role("button", name="Keep, and go on to the close").click()

    # The close
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose when you meet next")
    page.get_by_role("radio", name="No next meeting").check()
    page.get_by_label("Who decided that there is no next meeting?").fill("All of us")
    page.get_by_role("button", name="Close the meeting").click()
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    on_this_phone(page, 5)
    page = again(page)
    expect(page.get_by_role("heading", name="Closed on this phone")).to_be_visible()
    expect(page.locator("#closed-next")).to_contain_text("All of us")
    assert_accessible(page)
    shoot(page, "prepared-closed-reloaded")
    page.get_by_role("button", name="Something is missing: open it again").click()
    expect(page.locator("#composer")).to_be_visible()
    on_this_phone(page, 4)
    offline(phone, False)
    all_sent(page)
    assert texts(cast)[0] == "I whisper."
    assert {"I do not whisper.", "Calls the school."} <= set(texts(cast))
    first = cast.booked.lines.get(text="I whisper.")
    assert first.replaced_by.text == "I do not whisper."
    assert cast.booked.presences.filter(member__name="Anna").count() == 1


def test_another_clinician_finds_nothing_of_the_first(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    phone.context.clear_cookies()
    page = phone.sign_in(cast.clinician3).page("/meetings/")
    found = until(page, lambda found: not found["packs"])
    assert [one["author"] for one in found["vaults"]] == [str(cast.clinician1.uuid)]
    held = phone.page("/on-this-device/")
    expect(held.locator("#lock-state")).to_contain_text("There is no lock on this device.")
    page = without_signal(phone, record_of(cast), cast.clinician3)
    expect(page.locator("#shell-said")).to_contain_text("There is no meeting on this device.")
    expect(page.locator("#shell-lock")).to_be_hidden()


def test_a_window_of_another_clinician_takes_nothing_of_who_is_signed_in(phone, cast):
    """She left it open; with the next signal it must not take itself for the one whose phone this is."""
    stale = phone.sign_in(cast.clinician1).page("/meetings/")
    expect(marked(stale)).to_have_text("Ready, without names")
    phone.context.clear_cookies()
    page = phone.sign_in(cast.clinician2).page("/meetings/")
    expect(marked(page)).to_have_text("Ready, without names")
    [pack] = prepared(page)["packs"]
    assert pack["author"] == str(cast.clinician2.uuid)
    stale.evaluate("dispatchEvent(new Event('online'))")
    holds(stale, NOBODY_PREPARES)
    assert prepared(page)["packs"] == [pack]


def test_signing_out_leaves_what_is_unsent_and_nothing_to_open(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    offline(phone)
    write(page, "voice", "Not sent when she signed out.", whose="Elina")
    on_this_phone(page, 1)
    phone.context.route("**/record/entries/", lambda route: route.abort())
    offline(phone, False)
    other = phone.page("/board/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()
    assert prepared(other)["packs"] == []
    [entry] = stored(other)["entries"]
    assert entry["author"] == str(cast.clinician1.uuid)
    assert not cast.booked.lines.exists()
    offline(phone)
    again = phone.page(record_of(cast))
    expect(again.locator("#shell-said")).to_contain_text("There is no meeting on this device.")
    expect(again.locator("#shell-lock")).to_be_hidden()
    assert_accessible(again)
    shoot(again, "prepared-nothing")


HOLD = """() => {
  const encrypt = SubtleCrypto.prototype.encrypt, held = new Promise((done) => { window.release = done; });
  SubtleCrypto.prototype.encrypt = async function (...all) { window.sealing = true; await held; return encrypt.apply(this, all); };
}"""
PREPARING = "async () => (await navigator.locks.query()).held.some(({ name }) => name === 'preparing')"
NOBODY_PREPARES = """async () => {
  const { held, pending } = await navigator.locks.query();
  return ![...held, ...pending].some(({ name }) => name === "preparing");
}"""


def test_what_was_just_being_prepared_when_she_signed_out_is_not_put_here(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = phone.page("/meetings/")
    expect(marked(page)).to_have_text("Ready for offline")
    with transaction.atomic():
        cast.booked.address, cast.booked.moves = "Kauppakatu 1", 1
        cast.booked.save(update_fields=["address", "moves"])
    page.evaluate(HOLD)
    page.evaluate("dispatchEvent(new Event('online'))")
    holds(page, "window.sealing")
    other = phone.page("/board/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.evaluate(PREPARING)
    page.evaluate("window.release()")
    holds(page, f"async () => !(await ({PREPARING})())")
    assert prepared(page)["packs"] == []


def test_a_window_from_before_takes_nothing_of_what_is_prepared_after_signing_in_again(phone, cast):
    """One that lies open with its list, and one whose record could not be stored and stays for that."""
    lock_with_words(phone.sign_in(cast.clinician1))
    listed = phone.page("/meetings/")
    expect(marked(listed)).to_have_text("Ready for offline")
    record = begun(phone, cast)
    phone.context.route(ENTRIES, lambda route: route.abort())
    record.evaluate("() => { IDBObjectStore.prototype.add = () => { throw new Error('full'); }; }")
    write(record, "voice", "Only in this window.", whose="Elina")
    other = phone.page("/board/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()
    until(other, lambda found: not found["packs"])

    page = phone.sign_in(cast.clinician1).page("/meetings/")
    expect(marked(page)).to_have_text("Ready for offline")
    listed.evaluate("dispatchEvent(new Event('online'))")
    holds(listed, NOBODY_PREPARES)
    assert prepared(page)["packs"]
    record.evaluate("document.body.dataset.changed = 'yes'")
    record.wait_for_timeout(1500)  # more than it takes to save the record as it stands
    assert prepared(page)["packs"]


def test_signing_out_closes_what_is_open_without_signal_in_another_window(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1))
    page = without_signal(phone, f"/meetings/{cast.booked.uuid}/", cast.clinician1)
    unlock(page)
    expect(page.locator("main")).to_contain_text("Marja")
    offline(phone, False)
    other = phone.page("/board/")
    expect(page.locator("main")).to_contain_text("Marja")
    release = signing_out_slowly(phone, other)
    expect(page.locator("body")).not_to_contain_text("Marja")
    release()
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()
    assert prepared(page)["packs"] == []


def signing_out_slowly(phone, page):
    """`page` signs out, and the service hears of it only when the returned function is called."""
    held = []
    phone.context.route(
        "**/accounts/logout/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    page.get_by_role("button", name="Sign out").click(no_wait_after=True)
    for _ in range(1000):
        if held:
            return held[0].continue_
        page.wait_for_timeout(20)
    raise AssertionError("Nothing was sent.")


def test_a_session_that_is_ended_elsewhere_leaves_nothing_to_open(phone, cast):
    """The phone hears of it with whatever it asks next. What is being written goes on, and so does the lock once she is back."""
    lock_with_words(phone.sign_in(cast.clinician1))
    page = begun(phone, cast)
    until(page, lambda found: found["packs"][0].get("now"))
    Session.objects.filter(session_key=phone.session).delete()
    page.evaluate("dispatchEvent(new Event('online'))")
    [vault] = until(page, lambda found: not found["packs"])["vaults"]
    expect(page.get_by_role("alert").filter(has_text="You are signed out.")).to_be_visible()
    write(page, "voice", "These words stay.", whose="Elina")
    on_this_phone(page, 1)
    assert prepared(page)["packs"] == []

    other = phone.sign_in(cast.clinician1).page("/meetings/")
    expect(marked(other)).to_have_text("Ready for offline")
    assert prepared(other)["vaults"] == [vault]
    all_sent(page)
    assert texts(cast) == ["These words stay."]


def test_a_page_on_which_nobody_is_signed_in_empties_the_phone(phone, cast):
    lock_with_words(phone.sign_in(cast.clinician1)).goto("about:blank")
    Session.objects.filter(session_key=phone.session).delete()
    page = phone.page("/board/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    until(page, lambda found: not found["packs"])


def test_somebody_of_a_family_signs_in_on_the_phone_of_a_clinician(phone, cast):
    with transaction.atomic():
        cast.mother.user.set_password("open-dialogue")
        cast.mother.user.save()
    lock_with_words(phone.sign_in(cast.clinician1)).goto("about:blank")
    phone.context.clear_cookies()
    page = phone.page("/accounts/login/")
    assert prepared(page)["packs"]
    page.get_by_text("Sign in with a password").click()
    page.locator("[name=login]").fill(cast.mother.user.email)
    page.locator("[name=password]").fill("open-dialogue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/")
    until(page, lambda found: not found["packs"])
    holds(page, "!/(^|; )(__Host-)?ended=/.test(document.cookie)")


def test_whoever_did_nothing_for_a_while_still_opens_the_meeting_without_signal(phone, cast, settings):
    page = lock_with_words(phone.sign_in(cast.clinician1))
    settings.SESSION_STAFF_IDLE = 0
    assert (
        page.evaluate("fetch('/on-this-device/today/', { redirect: 'manual' }).then((one) => one.type)")
        == "opaqueredirect"
    )
    page = phone.page("/board/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page = without_signal(phone, record_of(cast), cast.clinician1)
    unlock(page)
    tap(ready(page), "Elina")


OVER = """() => new Promise((done) => { const opening = indexedDB.open("prepared", 1); opening.onsuccess = () => {
  const store = opening.result, all = store.transaction("packs", "readwrite"), packs = all.objectStore("packs");
  packs.getAll().onsuccess = (event) => { for (const one of event.target.result) packs.put({ ...one, until: Date.now() - 1 }); };
  all.oncomplete = () => { store.close(); done(); };
}; })"""


def test_what_is_over_for_a_day_goes_without_signal_too(phone, cast):
    page = lock_with_words(phone.sign_in(cast.clinician1))
    page.evaluate(OVER)
    page = without_signal(phone, record_of(cast), cast.clinician1)
    expect(page.locator("#shell-said")).to_contain_text("There is no meeting on this device.")
    assert prepared(page)["packs"] == []


AWAY = timedelta(hours=30)


def test_opened_again_more_than_a_day_later(phone, cast, monkeypatch):
    """Prepared and recorded yesterday, by the phone's clock and by the service's; opened today. What was prepared has gone; what was
    written has not, and it has the hours of yesterday."""
    with transaction.atomic():
        cast.booked.starts_at, cast.booked.ends_at = cast.booked.starts_at - AWAY, cast.booked.ends_at - AWAY
        cast.booked.moves = 1
        cast.booked.save(update_fields=["starts_at", "ends_at", "moves"])
        start(cast.booked, cast.person, cast.clinician1, at=timezone.now() - AWAY - timedelta(minutes=5))
    with monkeypatch.context() as yesterday:
        for views in (record_views, device_views, entries_views):
            yesterday.setattr(views, "milliseconds", lambda moment: round((moment - AWAY).timestamp() * 1000))
        phone.context.add_init_script(f"({AHEAD % -(AWAY.total_seconds() * 1000)})()")
        lock_with_words(phone.sign_in(cast.clinician1))
        page = phone.record(cast)
        until(page, lambda found: found["packs"][0].get("now"))
        expect(page.locator("#kept-note")).to_be_hidden()
        offline(phone)
        write(page, "voice", "Said yesterday.", whose="Elina")
        write(page, "decision", "Decided yesterday.")
        tap(page, "Elina", into_the_room=False)
        on_this_phone(page, 3)
        page.locator("#kind-understanding").check()
        page.get_by_label("The words").fill("Begun yesterday.")
        until_drafted(page)
    then = timezone.now() - AWAY

    page = without_signal(phone, record_of(cast), cast.clinician1)
    expect(page.locator("#shell-said")).to_contain_text("There is no meeting on this device.")
    assert prepared(page)["packs"] == []
    assert (len(stored(page)["entries"]), len(stored(page)["drafts"])) == (3, 1)
    page.close()  # else its words would come back there, once there is signal
    offline(phone, False)
    page = ready(phone.page(record_of(cast)))
    expect(page.get_by_label("The words")).to_have_value("Begun yesterday.")
    page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    expect(page.locator("#kept-note")).to_be_hidden()
    assert texts(cast) == ["Said yesterday.", "Decided yesterday.", "Begun yesterday."]
    first, second, third = cast.booked.lines.order_by("said_at")
    left_at = cast.booked.presences.get(member=cast.person).left_at
    for moment, at in ((first.said_at, then), (second.said_at, then), (left_at, then), (third.said_at, timezone.now())):
        assert abs(moment - at) < timedelta(minutes=5)
    assert (first.offline, second.offline, second.state, second.contested_at) == (True, True, "accepted", None)
    assert stored(page) == {"entries": [], "drafts": []}


def test_who_is_of_the_service_no_more_can_open_nothing(phone, cast):
    page = lock_with_words(phone.sign_in(cast.clinician1))
    with transaction.atomic():
        cast.clinician1.left_at = timezone.now()
        cast.clinician1.save(update_fields=["left_at"])
    page.evaluate("dispatchEvent(new Event('online'))")
    assert until(page, lambda found: not found["packs"]) == {"packs": [], "vaults": []}


def test_a_new_version_while_lines_wait(phone, cast, monkeypatch):
    """It is fetched whole, waits until the record is closed, and what waited in the store goes out."""
    lock_with_words(phone.sign_in(cast.clinician1))
    phone.page("/meetings/").close()
    page = begun(phone, cast)
    old = kept_parts.version()
    assert page.evaluate("caches.keys()") == [f"parts {old}"]
    page.route("**/record/entries/", lambda route: route.abort())
    write(page, "voice", "Written under the old version.", whose="Elina")
    on_this_phone(page, 1)
    monkeypatch.setattr(kept_parts, "version", lambda: "another")
    state = page.evaluate("""async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update();
      while (!registration.waiting) await new Promise((go) => setTimeout(go, 50));
      return [Boolean(registration.active), await caches.keys()];
    }""")
    assert state == [True, [f"parts {old}", "parts another"]]
    write(page, "voice", "Written while it waits.", whose="Elina")
    on_this_phone(page, 2)
    kept_as_it_stands(page)
    page.close(run_before_unload=False)
    page = without_signal(phone, record_of(cast), cast.clinician1)
    unlock(page)
    ready(page)
    assert page.evaluate("caches.keys()") == ["parts another"]
    expect(page.locator("#lines")).to_contain_text("Written while it waits.")
    on_this_phone(page, 2)
    offline(phone, False)
    all_sent(page)
    assert texts(cast) == ["Written under the old version.", "Written while it waits."]


def test_a_record_that_was_looked_at_too_early_can_be_written_in_without_signal(phone, cast, monkeypatch):
    """The page that asks first whether to start has nothing to write in: it must not take the place of what was prepared."""
    monkeypatch.setattr(record_views, "EARLY", timedelta(hours=1))
    lock_with_words(phone.sign_in(cast.clinician1))
    page = ready(phone.page(record_of(cast)))
    expect(page.locator("#record")).to_contain_text("Nothing is recorded until it starts.")
    holds(page, NOBODY_PREPARES)
    page.wait_for_timeout(1500)  # more than it takes to save a record as it stands
    page = without_signal(phone, record_of(cast), cast.clinician1)
    unlock(page)
    tap(ready(page), "Elina")
    on_this_phone(page, 1)


def test_what_has_changed_is_fetched_anew_and_what_is_over_goes(phone, cast):
    page = phone.sign_in(cast.clinician1).page("/meetings/")
    expect(marked(page)).to_have_text("Ready, without names")
    [first] = prepared(page)["packs"]
    with transaction.atomic():
        cast.booked.address, cast.booked.moves = "Kauppakatu 1", 1
        cast.booked.save(update_fields=["address", "moves"])
    page = phone.page("/meetings/")
    expect(marked(page)).to_have_text("Ready, without names")
    [second] = until(page, lambda found: found["packs"][0]["stamp"] != first["stamp"])["packs"]
    assert second["meeting"] == first["meeting"]
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1)
        close(cast.booked)
    page = phone.page("/meetings/")
    until(page, lambda found: not found["packs"])


def test_what_has_changed_and_cannot_be_fetched_is_not_ready(phone, cast):
    """The old place is still on the phone: nobody must set off by it in the belief that it is the new one."""
    lock_with_words(phone.sign_in(cast.clinician1))
    with transaction.atomic():
        cast.booked.address, cast.booked.moves = "Kauppakatu 1", 1
        cast.booked.save(update_fields=["address", "moves"])
    phone.context.route("**/prepare/", lambda route: route.abort())
    phone.context.route("**/prepare/nameless/", lambda route: route.abort())
    page = phone.page("/meetings/")
    expect(marked(page)).to_have_text("Changed: not on this phone yet")
    assert_accessible(page)
    shoot(page, "prepared-list-changed")
    phone.context.unroute("**/prepare/nameless/")
    phone.context.unroute("**/prepare/")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(marked(page)).to_have_text("Ready for offline")


def test_a_copied_profile_tells_nothing_of_what_is_prepared(phone, cast):
    """With a lock, opened and in use; then the whole profile is read off the disk."""
    names = iter(CANARIES)
    with transaction.atomic():
        for member in (cast.person, cast.mother, cast.friend):
            Member.objects.filter(pk=member.pk).update(name=next(names))
        cast.booked.address = next(names)
        cast.booked.moves = 1
        cast.booked.save(update_fields=["address", "moves"])
        last = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - timedelta(hours=30))
        start(last, cast.person, cast.clinician1, at=last.starts_at)
        say(last, next(names), kind="decision", at=last.starts_at + timedelta(minutes=5))
        close(last, at=last.starts_at + timedelta(minutes=50))
    page = lock_with_words(phone.sign_in(cast.clinician1))
    page.evaluate(PUT_UNSEALED, UNSEALED)
    page = without_signal(phone, f"/meetings/{cast.booked.uuid}/", cast.clinician1)
    unlock(page)
    for canary in CANARIES[:5]:
        expect(page.locator("main")).to_contain_text(canary)
    page.get_by_role("link", name="Start and record").click()
    ready(page)
    tap(page, CANARIES[0])
    for canary in list(names)[:5]:
        write(page, "voice", canary, whose=CANARIES[0])
    page.get_by_label("The words").fill(CANARIES[-1])
    kept_as_it_stands(page)
    phone.kill()
    nothing_on_the_disk(phone.profile, *CANARIES, "Leena", "Mikko", WORDS, json.dumps(WORDS))
