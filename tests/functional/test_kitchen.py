"""No word is lost: a meeting in a kitchen without signal, on a phone whose browser may be killed at any moment.

Each test has a profile of its own on the disk, so that a browser can be ended hard and opened again.
"""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from network.sealing import new_private_key
from tests.factories import close, make_cast, say, start
from tests.functional.conftest import PATIENCE, assert_accessible, shoot
from tests.functional.test_recording import TWO_TAPS, all_sent, tap, write
from tests.phone import Phone as Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ENTRIES = "**/record/entries/"


@pytest.fixture
def cast(transactional_db):
    with transaction.atomic():
        return make_cast()


class Phone(Browser):
    """A phone on which somebody of the cast works."""

    def __init__(self, chromium, live_server, profile):
        super().__init__(chromium.browser_type, live_server.url, profile, PATIENCE)

    def page(self, address):
        page = self.context.new_page()
        page.goto(address, wait_until="load")
        return page

    def record(self, cast):
        page = self.page(f"/meetings/{cast.booked.uuid}/record/")
        expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
        return page


@pytest.fixture
def phone(chromium, live_server, transactional_db, tmp_path):
    one = Phone(chromium, live_server, tmp_path / "profile").open()
    yield one
    one.close()


def texts(cast):
    return [line.text for line in cast.booked.lines.order_by("said_at", "pk")]


def begun(phone, cast):
    page = phone.sign_in(cast.clinician1).record(cast)
    tap(page, "Elina")
    tap(page, "Leena")
    all_sent(page)
    return page


def stored(page):
    """What lies in the device's store."""
    return page.evaluate(STORED)


def touch_the_store(page, change):
    page.evaluate(TOUCH, change)


STORED = """() => new Promise((done) => { const opening = indexedDB.open("kept", 1); opening.onsuccess = () => {
  const store = opening.result, all = store.transaction(["entries", "drafts"]);
  const entries = all.objectStore("entries").getAll(), drafts = all.objectStore("drafts").getAll();
  all.oncomplete = () => { store.close(); done({ entries: entries.result, drafts: drafts.result }); };
}; })"""
TOUCH = """(last) => new Promise((done) => { const opening = indexedDB.open("kept", 1); opening.onsuccess = () => {
  const store = opening.result, all = store.transaction("entries", "readwrite"), entries = all.objectStore("entries");
  entries.getAll().onsuccess = (event) => {
    for (const one of event.target.result) entries.put({ ...one, sealed: one.sealed.slice(0, -4) + last });
  };
  all.oncomplete = () => { store.close(); done(); };
}; })"""


def until_drafted(page, *, after=None):
    """Wait until what stands in the box is on the disk."""
    for _ in range(PATIENCE // 50):
        drafts = sorted(stored(page)["drafts"], key=lambda one: one["n"])
        if drafts and drafts[-1]["sealed"] != after:
            return drafts[-1]["sealed"]
        page.wait_for_timeout(50)
    raise AssertionError("Nothing was kept of what stands in the box.")


def on_this_phone(page, n):
    expect(page.locator("#sent")).to_have_text("1 entry on this phone" if n == 1 else f"{n} entries on this phone")
    expect(page.locator("#lines")).not_to_contain_text("Being kept on this phone")


def test_killed_without_signal_and_opened_again_days_later(phone, cast):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "First without signal.", whose="Elina")
    write(page, "decision", "Second without signal.")
    tap(page, "Elina", into_the_room=False)
    on_this_phone(page, 3)
    assert_accessible(page)
    shoot(page, "kitchen-without-signal")
    phone.kill()
    assert not cast.booked.lines.exists()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    all_sent(page)
    expect(page.locator("#lines")).to_contain_text("Second without signal.")
    assert texts(cast) == ["First without signal.", "Second without signal."]
    first, second = cast.booked.lines.order_by("said_at", "pk")
    assert (first.offline, second.offline, second.state, second.contested_at) == (True, True, "accepted", None)
    assert cast.booked.presences.get(member=cast.person).left_at > second.said_at
    assert stored(page) == {"entries": [], "drafts": []}


def test_killed_in_the_middle_of_a_word(phone, cast):
    page = begun(phone, cast)
    page.get_by_label("The words").fill("I was about to say")
    before = until_drafted(page)
    page.get_by_label("The words").fill("I was about to say that I am afraid")
    until_drafted(page, after=before)
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.get_by_label("The words")).to_have_value("I was about to say that I am afraid")
    assert not cast.booked.lines.exists()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Say whose words these are.")  # nobody is taken to have said it
    expect(page.locator(".whose").get_by_role("radio", name="Elina")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    assert texts(cast) == ["I was about to say that I am afraid"]
    assert stored(page) == {"entries": [], "drafts": []}


def test_the_answer_is_lost_on_the_way_back(phone, cast):
    """The service has it, the phone does not know: it sends again, and there is one of each."""
    page = begun(phone, cast)
    lost = []

    def lose(route):
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route(ENTRIES, lose)
    write(page, "voice", "Once only.", whose="Elina")
    tap(page, "Elina", into_the_room=False)
    page.wait_for_timeout(TWO_TAPS)
    tap(page, "Elina")
    all_sent(page)
    assert lost == [200, 200]
    assert texts(cast) == ["Once only."]
    assert cast.booked.presences.filter(member=cast.person).count() == 2
    assert cast.booked.presences.filter(member=cast.person, left_at=None).count() == 1
    expect(page.locator("#lines > li")).to_have_count(1)


def one_batch(phone, cast, reaches):
    """The phone sends, is answered once, and is killed; with `reaches`, after it has read the answer. Says how many went out, and how many
    wait then."""
    sent, lost = [], []

    def take_one(route):
        sent.append(len(route.request.post_data_json["entries"]))
        answer = route.fetch() if len(sent) == 1 else None
        if answer and reaches:
            route.fulfill(response=answer)
        else:
            route.abort()
            lost.append(sent[-1])

    phone.open().sign_in(cast.clinician1).context.route(ENTRIES, take_one)
    page = phone.page("/board/")
    for _ in range(PATIENCE // 50):
        if lost or not stored(page)["entries"]:
            break
        page.wait_for_timeout(50)
    left = len(stored(page)["entries"])
    phone.kill()
    return sent[0], left


def test_killed_after_each_batch(phone, cast):
    """More waits than goes out at a time: the browser ends after each answer, before and after it has reached the phone."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    said = [f"Line {n:02}." for n in range(24)]
    for words in said:
        write(page, "voice", words, whose="Elina")
    tap(page, "Elina", into_the_room=False)
    on_this_phone(page, 25)
    phone.kill()
    assert [one_batch(phone, cast, reaches) for reaches in (False, True, True, True)] == [
        (10, 25), (10, 15), (10, 5), (5, 0),
    ]  # fmt: skip
    assert texts(cast) == said
    assert cast.booked.presences.filter(member=cast.person).count() == 1
    page = phone.open().sign_in(cast.clinician1).page("/on-this-device/")
    expect(page.locator("#on-this-device-state")).to_have_text("Nothing waits here.")


# Milliseconds until so many bytes are there and back again.
SENT = """async (bytes) => { const from = performance.now();
  await (await fetch("/healthz", { method: "POST", body: "x".repeat(bytes) })).text();
  return performance.now() - from;
}"""
FETCHED = """async () => { const from = performance.now();
  const body = await (await fetch(location.href, { cache: "no-store" })).arrayBuffer();
  return [body.byteLength, performance.now() - from];
}"""


def test_a_line_of_400_kbit_a_second_and_400_ms(phone, cast):
    """All goes its way, only slower: words, a long one, who comes and goes, and nothing twice."""
    page = phone.sign_in(cast.clinician1).page("/board/")
    line = phone.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    line.send("Network.emulateNetworkConditions", slow)
    page.goto(f"/meetings/{cast.booked.uuid}/record/")
    expect(page.locator("#record")).to_have_attribute("data-ready", "yes")
    assert page.evaluate(SENT, 50_000) > 1_300  # the line is as slow as its name
    size, took = page.evaluate(FETCHED)
    assert took > 400 + 0.9 * size / 50, (size, took)
    tap(page, "Elina")
    tap(page, "Leena")
    long = "She says it slowly, and once more. " * 500
    said = ["First.", long.strip(), "And then we were quiet."]
    for words in said:
        write(page, "voice", words, whose="Elina")
    write(page, "decision", "We meet tomorrow.")
    tap(page, "Elina", into_the_room=False)
    all_sent(page)
    expect(page.locator("#lines > li")).to_have_count(4)
    assert texts(cast) == [*said, "We meet tomorrow."]
    assert cast.booked.lines.get(kind="decision").state == "accepted"
    assert cast.booked.presences.get(member=cast.person).left_at
    assert stored(page) == {"entries": [], "drafts": []}


@pytest.mark.parametrize("fault", ["connectionrefused", 502, 500])
def test_the_server_is_stopped(phone, cast, fault):
    page = begun(phone, cast)
    page.route(ENTRIES, lambda route: route.abort(fault) if isinstance(fault, str) else route.fulfill(status=fault))
    write(page, "voice", "While it is down.", whose="Elina")
    on_this_phone(page, 1)
    expect(page.locator("#lines")).to_contain_text("On this phone, waiting to be sent")
    page.unroute(ENTRIES)
    all_sent(page)
    expect(page.locator("#lines")).not_to_contain_text("On this phone")
    assert texts(cast) == ["While it is down."]


def test_the_session_ends_and_the_browser_with_it(phone, cast):
    page = begun(phone, cast)
    phone.context.clear_cookies()
    write(page, "voice", "These words stay.", whose="Elina")
    expect(page.get_by_role("alert").filter(has_text="You are signed out.")).to_be_visible()
    on_this_phone(page, 1)
    phone.kill()
    assert not cast.booked.lines.exists()

    page = phone.open().sign_in(cast.clinician1).page("/board/")
    expect(page.locator("[data-kept]")).to_have_text("1 entry from this device is at the service now.")
    assert texts(cast) == ["These words stay."]


def test_another_clinician_on_the_same_phone(phone, cast):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "Of Leena's meeting.", whose="Elina")
    on_this_phone(page, 1)
    phone.kill()

    phone.open().context.clear_cookies()
    page = phone.sign_in(cast.clinician2).record(cast)
    all_sent(page)
    expect(page.locator("#kept-note")).to_be_hidden()
    write(page, "voice", "Of Mikko's own.", whose="Elina")
    all_sent(page)
    elsewhere = phone.page("/on-this-device/")
    expect(elsewhere.locator("#on-this-device-state")).to_have_text("Nothing waits here.")
    assert texts(cast) == ["Of Mikko's own."]
    [left] = stored(page)["entries"]
    assert left["author"] == str(cast.clinician1.uuid)

    phone.context.clear_cookies()
    page = phone.sign_in(cast.clinician1).record(cast)
    all_sent(page)
    assert texts(cast) == ["Of Leena's meeting.", "Of Mikko's own."]
    recorded = cast.booked.lines.get(text="Of Leena's meeting.")
    assert recorded.recorded_by == cast.clinician1


def test_closed_while_away(phone, cast):
    """What was said is kept and marked; what the service cannot take stays here with the reason."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "Said before the close.", whose="Elina")
    tap(page, "Marja")
    on_this_phone(page, 2)
    touch_the_store(page, "AAAA")
    write(page, "voice", "And this, too.", whose="Elina")
    on_this_phone(page, 3)
    with transaction.atomic():
        cast.booked.refresh_from_db()
        close(cast.booked)
    phone.kill()
    held = phone.open().sign_in(cast.clinician1).page("/on-this-device/")
    expect(held.locator("#on-this-device > li")).to_have_count(2)
    expect(held.locator("#on-this-device")).to_contain_text("cannot be opened")
    line = cast.booked.lines.get()
    assert (line.text, line.late, line.seen_by_person_at) == ("And this, too.", True, None)
    assert_accessible(held)
    shoot(held, "kitchen-on-this-device")
    for _ in range(4):
        held.locator("#on-this-device").get_by_role("button").first.click()
    expect(held.locator("#on-this-device > li")).to_have_count(0)
    expect(held.locator("#on-this-device-state")).to_have_text("1 entry from this device is at the service now.")
    assert stored(held)["entries"] == []


def touched_on_the_disk(phone, cast):
    """A line was kept without signal, somebody changed it in the store, and the browser was killed."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "Written in peace.", whose="Elina")
    on_this_phone(page, 1)
    touch_the_store(page, "AAAA" if not stored(page)["entries"][0]["sealed"].endswith("AAAA") else "BBBB")
    phone.kill()


def test_touched_on_the_disk_it_is_refused_and_kept(phone, cast):
    touched_on_the_disk(phone, cast)
    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.locator("#sent")).to_have_text("1 not taken")
    expect(page.locator("#lines")).to_contain_text("This is not as it was when it was sealed, and cannot be opened.")
    assert len(stored(page)["entries"]) == 1
    assert not cast.booked.lines.exists()


def test_what_is_removed_is_not_said_to_be_at_the_service(phone, cast):
    touched_on_the_disk(phone, cast)
    held = phone.open().sign_in(cast.clinician1).page("/on-this-device/")
    state = held.locator("#on-this-device-state")
    expect(state).to_have_text("1 entry on this device was not taken by the service.")
    for words in ("Remove it from this device", "Remove it for good: I have kept what matters elsewhere"):
        held.get_by_role("button", name=words).click()
    expect(state).to_have_text("Nothing waits here.")
    assert stored(held)["entries"] == []
    assert not cast.booked.lines.exists()


def test_with_the_key_gone_it_waits_until_the_key_is_back(phone, cast, settings):
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "Sealed to the old key.", whose="Elina")
    on_this_phone(page, 1)
    old, settings.SEALING_KEYS = settings.SEALING_KEYS, new_private_key()
    phone.context.set_offline(False)
    expect(page.locator("#lines")).to_contain_text("no longer has the key")
    settings.SEALING_KEYS = f"{settings.SEALING_KEYS} {old}"
    page = phone.record(cast)
    all_sent(page)
    assert texts(cast) == ["Sealed to the old key."]


def test_what_was_not_taken_can_be_mended_after_a_kill(phone, cast):
    """The service gives its author the words back, because the phone cannot read them."""
    page = phone.sign_in(cast.clinician1).record(cast)
    phone.context.set_offline(True)
    page.get_by_label("Whose words").fill("The neighbour")
    write(page, "voice", "Before anybody had come.")
    on_this_phone(page, 1)
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    expect(page.locator("#lines")).to_contain_text("Before anybody had come.")
    expect(page.locator("#lines")).to_contain_text("Not accepted: This meeting has not started yet.")
    expect(page.locator("#sent")).to_have_text("1 not taken")
    page.get_by_role("button", name="Put them back into the box").click()
    expect(page.get_by_label("The words")).to_have_value("Before anybody had come.")
    expect(page.locator("#sent")).to_have_text("Not started")
    tap(page, "Elina")
    page.locator(".whose").get_by_role("radio", name="Elina").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    assert texts(cast) == ["Before anybody had come."]
    assert stored(page) == {"entries": [], "drafts": []}


def test_no_room_on_the_phone_is_said_and_nothing_is_lost(phone, cast):
    page = begun(phone, cast)
    full = "throw new DOMException('full', 'QuotaExceededError');"
    page.evaluate(f"() => {{ IDBObjectStore.prototype.add = () => {{ {full} }}; }}")
    phone.context.set_offline(True)
    write(page, "voice", "Only in the window.", whose="Elina")
    expect(page.locator("#kept-note")).to_contain_text("There is no room on this phone")
    expect(page.locator("#lines")).to_contain_text("In this window only: keep it open, waiting to be sent")
    assert_accessible(page)
    shoot(page, "kitchen-no-room")
    phone.context.set_offline(False)
    all_sent(page)
    expect(page.locator("#kept-note")).to_be_hidden()
    assert texts(cast) == ["Only in the window."]


def test_without_a_key_the_page_says_what_it_cannot_do(phone, cast, settings):
    settings.SEALING_KEYS = ""
    page = begun(phone, cast)
    expect(page.locator("#kept-note")).to_contain_text("This browser can keep nothing on this phone.")
    phone.context.set_offline(True)
    write(page, "voice", "Unsealed.", whose="Elina")
    on_this_phone(page, 1)
    assert stored(page) == {"entries": [], "drafts": []}
    phone.context.set_offline(False)
    all_sent(page)
    assert texts(cast) == ["Unsealed."]


def test_nothing_is_refused_for_want_of_a_token(phone, cast):
    """Two answers at once can bring two tokens after a sign-in: the one that stays may not be the one that is sent next."""
    page = begun(phone, cast)
    wrong = []

    def spoil(route):
        if len(wrong) < 3:
            answer = route.fetch(headers=route.request.headers | {"x-csrftoken": "w" * 64})
            wrong.append(answer.status)
            route.fulfill(response=answer)
        else:
            route.continue_()

    page.route(ENTRIES, spoil)
    write(page, "voice", "With a token of before.", whose="Elina")
    all_sent(page)
    assert wrong == [403, 403, 403]
    assert texts(cast) == ["With a token of before."]


def test_an_error_of_the_service_is_not_taken_for_being_signed_out(phone, cast):
    """What waits needs a new token, and the page that would have it is an error: it is asked again, and nobody has to sign in."""
    page = begun(phone, cast)
    phone.context.set_offline(True)
    write(page, "voice", "While it had trouble.", whose="Elina")
    on_this_phone(page, 1)
    phone.kill()
    errors = []

    def spoil(route):
        if len(errors) < 2:
            route.fulfill(response=route.fetch(headers=route.request.headers | {"x-csrftoken": "w" * 64}))
        else:
            route.continue_()

    def fail(route):
        errors.append(route.request.url)
        route.fulfill(status=500, content_type="text/html", body="<!doctype html><title>Error</title><h1>Error</h1>")

    context = phone.open().sign_in(cast.clinician1).context
    context.route(ENTRIES, spoil)
    context.route("**/on-this-device/", fail)
    page = phone.page("/board/")
    expect(page.locator("[data-kept]")).to_have_text("1 entry of a meeting from this device is being sent.")
    expect(page.locator("[data-kept]")).to_have_text("1 entry from this device is at the service now.")
    assert len(errors) == 2
    assert texts(cast) == ["While it had trouble."]


def test_signing_out_in_another_window_empties_this_one(phone, cast):
    page = begun(phone, cast)
    other = phone.page("/board/")
    other.get_by_role("button", name="Sign out").click()
    expect(page.locator("#record")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("Elina")
    other.wait_for_url("**/")
    expect(other.get_by_role("link", name="Sign in")).to_be_visible()


def test_on_our_way_before_the_signal_ends(phone, cast):
    page = phone.sign_in(cast.clinician1).page(f"/meetings/{cast.booked.uuid}/")
    assert_accessible(page)
    shoot(page, "kitchen-before-setting-off")
    page.get_by_role("button", name="We are on our way, no signal there").click()
    expect(page.get_by_role("region", name="On the way")).to_contain_text("Said by Leena")
    assert_accessible(page)
    shoot(page, "kitchen-on-the-way")
    board = phone.page("/board/")
    expect(board.locator("article").filter(has_text="Elina")).to_contain_text("no signal there")
    assert_accessible(board)
    shoot(board, "kitchen-on-the-way-board")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("button", name="We are on our way, no signal there")).to_be_visible()


CANARIES = [f"Kanarie{n:02}Zwitschert" for n in range(50)]
UNSEALED = ["KanarieOhneKaefig", "KanarieInZweiByteΩ"]  # a browser writes down the second one as UTF-16
PUT_UNSEALED = """(words) => new Promise((done) => { const opening = indexedDB.open("unsealed", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("words", { keyPath: "n" });
  opening.onsuccess = () => {
    const store = opening.result, all = store.transaction("words", "readwrite", { durability: "strict" });
    for (const [n, one] of words.entries()) all.objectStore("words").put({ n, words: one });
    all.oncomplete = () => { store.close(); done(); };
  };
})"""


def _on_the_disk(profile, words):
    raws = (path.read_bytes() for path in (profile / "Default" / "Session Storage").glob("*") if path.is_file())
    return any(words.encode() in raw or words.encode("utf-16-le") in raw for raw in raws)


def nothing_on_the_disk(profile, *words):
    """None of these stands in any file of a profile, read as it lies and as UTF-16. What was put there unsealed (PUT_UNSEALED) shows that
    this would find it."""
    found = {one: set() for one in (*words, *UNSEALED)}
    for path in (path for path in profile.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        for one, places in found.items():
            if one.encode() in raw or one.encode("utf-16-le") in raw:
                places.add(str(path.relative_to(profile)))
    found = {one: places for one, places in found.items() if places}
    assert list(found) == UNSEALED, found


def test_words_from_before_wait_beside_what_is_written_now(phone, cast):
    """Killed in the middle of a word, opened where the service is out of reach, killed again in the next: both come back, one by one."""
    page = begun(phone, cast)
    page.locator("#kind-understanding").check()
    page.get_by_label("The words").fill("The first thing")
    until_drafted(page)
    phone.kill()
    phone.open().sign_in(cast.clinician1).context.route(ENTRIES, lambda route: route.abort())
    page = phone.record(cast)
    box = page.get_by_label("The words")
    expect(page.locator("#kept-note")).to_contain_text("What you were writing before is sealed on this phone.")
    expect(page.locator("#sent")).to_have_text("Words on this phone")
    expect(box).to_have_value("")
    page.locator("#kind-understanding").check()
    box.fill("The second thing")
    until_drafted(page, after=stored(page)["drafts"][0]["sealed"])
    page.wait_for_function(f"async () => (await ({STORED})()).drafts.length === 2")
    phone.kill()

    page = phone.open().sign_in(cast.clinician1).record(cast)
    box = page.get_by_label("The words")
    for words in ("The first thing", "The second thing"):
        expect(box).to_have_value(words, timeout=PATIENCE)
        page.get_by_role("button", name="Keep", exact=True).click()
    all_sent(page)
    expect(page.locator("#kept-note")).not_to_contain_text("writing before")
    assert texts(cast) == ["The first thing", "The second thing"]
    assert stored(page) == {"entries": [], "drafts": []}


def test_a_second_tap_on_keep_is_no_empty_line(phone, cast):
    page = begun(phone, cast)
    page.locator("#kind-understanding").check()
    page.get_by_label("The words").fill("Once.")
    page.get_by_role("button", name="Keep", exact=True).dblclick()
    all_sent(page)
    expect(page.locator("#lines")).to_contain_text("Once.")
    expect(page.get_by_text("Write something first.")).to_have_count(0)
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Write something first.")).to_be_visible()
    assert texts(cast) == ["Once."]


def test_a_copied_profile_tells_nothing(phone, cast):
    """After a recorded, unsent meeting the whole profile is read off the disk, as it lies and as UTF-16."""
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1)
    page = phone.sign_in(cast.clinician1).record(cast)
    page.evaluate(PUT_UNSEALED, UNSEALED)
    phone.context.set_offline(True)
    for canary in CANARIES[:-1]:
        page.locator(".whose").get_by_role("radio", name="Elina").check()
        page.get_by_label("The words").fill(canary)
        page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_label("The words").fill(CANARIES[-1])
    on_this_phone(page, len(CANARIES) - 1)
    until_drafted(page)
    expect(page.locator("#composer")).to_have_attribute("autocomplete", "off")
    left = stored(page)
    assert (len(left["entries"]), len(left["drafts"])) == (49, 1)
    phone.kill()
    # What stands in other forms a browser writes down, seconds later, to bring a closed window back.
    nothing_on_the_disk(phone.profile, *CANARIES, "Elina", "Marja")


def test_words_on_their_way_lie_sealed(phone, cast):
    """A plain form keeps its words in the tab until an answer has come, and a browser writes that down, too."""
    with transaction.atomic():
        start(cast.booked, cast.person, cast.clinician1)
        line = say(cast.booked, "So tired.", who=cast.person)
    page = phone.sign_in(cast.clinician1).page(f"/meetings/{cast.booked.uuid}/record/lines/{line.uuid}/change/")
    page.evaluate("(words) => words.forEach((one, n) => sessionStorage.setItem(n, one))", UNSEALED)
    held = []
    phone.context.route(
        "**/change/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    page.get_by_role("textbox").fill(CANARIES[0])
    page.get_by_role("button", name="Keep these words").click(no_wait_after=True)
    end = time.monotonic() + PATIENCE / 1000
    while not _on_the_disk(phone.profile, "od.unsent") and time.monotonic() < end:
        time.sleep(0.2)  # no question to the page: it waits for the next
    phone.kill()
    assert _on_the_disk(phone.profile, "od.unsent"), "kept while it was on its way"
    nothing_on_the_disk(phone.profile, CANARIES[0])


def test_words_not_kept_of_a_meeting_closed_since(phone, cast):
    """The box they stood in is gone: they are found on the device's own page, and removed there."""
    page = begun(phone, cast)
    page.get_by_label("The words").fill("And one more thing")
    until_drafted(page)
    phone.kill()
    with transaction.atomic():
        cast.booked.refresh_from_db()
        close(cast.booked)
    page = phone.open().sign_in(cast.clinician1).page("/board/")
    expect(page.locator("[data-kept]")).to_contain_text("Words you had not kept yet are on this device.")
    page.get_by_role("link", name="See what is on this device").click()
    held = page.locator("#on-this-device")
    expect(held).to_contain_text("And one more thing")
    for _ in range(2):
        held.get_by_role("button").click()
    expect(held.locator("li")).to_have_count(0)
    assert stored(page)["drafts"] == []


AHEAD = """() => {
  const ahead = %d, now = Date.now.bind(Date), Real = Date, origin = performance.timeOrigin + ahead;
  window.Date = class extends Real { constructor(...given) { if (given.length) super(...given); else super(now() + ahead); }
    static now() { return now() + ahead; } };
  Object.defineProperty(Performance.prototype, "timeOrigin", { get: () => origin });
}"""


@pytest.mark.parametrize(
    ("minutes", "words"), [(423, "7 h 3 min ahead"), (-120, "2 h behind"), (-3, "3 min behind"), (1, "")]
)
def test_a_clock_that_is_wrong_is_said_and_corrected(phone, cast, minutes, words):
    phone.context.add_init_script(f"({AHEAD % (minutes * 60_000)})()")
    page = begun(phone, cast)
    if words:
        note = f"The clock of this device is {words}. What you write gets the right time."
        expect(page.locator("#kept-note")).to_have_text(note)
        assert_accessible(page)
    else:
        expect(page.locator("#kept-note")).to_be_hidden()
    phone.context.set_offline(True)
    write(page, "voice", "At the right time.", whose="Elina")
    on_this_phone(page, 1)
    phone.context.set_offline(False)
    all_sent(page)
    line = cast.booked.lines.get()
    device = line.device_said_at - timedelta(minutes=minutes)
    assert abs(line.said_at - device) < timedelta(minutes=1)
    assert abs(line.offset_ms - minutes * 60_000) < 60_000


@pytest.mark.parametrize(
    ("persistent", "free", "said"),
    [
        (True, 500, ""),
        (False, 500, "This browser may clear what waits here after a week."),
        (True, 12, "There is little room left on this device: 12 MB. Make room before the meeting."),
    ],
)
def test_what_may_happen_to_the_store_is_said_before_the_meeting(phone, cast, persistent, free, said):
    phone.context.add_init_script(
        f"""StorageManager.prototype.persisted = async () => false;
        StorageManager.prototype.persist = async () => {str(persistent).lower()};
        StorageManager.prototype.estimate = async () => ({{ quota: {free + 1} * 1048576, usage: 1048576 }});"""
    )
    page = phone.sign_in(cast.clinician1).record(cast)
    expect(page.locator("#sent")).to_have_text("Not started")
    held = phone.page("/on-this-device/")
    expect(held.locator("#on-this-device-state")).to_have_text("Nothing waits here.")
    if said:
        expect(page.locator("main")).to_contain_text(said)
        expect(held.locator("main")).to_contain_text(said)
        assert_accessible(page)
    else:
        expect(page.locator("#kept-note")).to_be_hidden()
        expect(page.locator("#kept-hint")).to_be_hidden()
    shoot(page, f"kitchen-room-{persistent}-{free}")


MOVES = """() => {
  const record = document.getElementById("record");
  let top = record.offsetTop;
  window.moved = 0;
  const look = () => {
    if (record.offsetTop !== top) window.moved += 1;
    top = record.offsetTop;
    requestAnimationFrame(look);
  };
  look();
}"""


def test_nothing_moves_under_the_finger_while_entries_are_sent(phone, cast):
    """A browser that may clear its store says so only where something stays in it: not for the moment in which an entry is on its way."""
    phone.context.add_init_script(
        "StorageManager.prototype.persist = StorageManager.prototype.persisted = async () => false;"
    )
    page = begun(phone, cast)
    page.evaluate(MOVES)
    phone.context.route("**/record/entries/", lambda route: (page.wait_for_timeout(300), route.continue_()))
    write(page, "voice", "With signal.", whose="Elina")
    all_sent(page)
    assert page.evaluate("() => window.moved") == 0
    phone.context.set_offline(True)
    write(page, "voice", "Without.", whose="Elina")
    on_this_phone(page, 1)
    expect(page.locator("#kept-hint")).to_contain_text("This browser may clear what waits here after a week.")
