"""One lane: two clinicians with a phone each record one meeting after the other, and what they said is written down here as well."""

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import connections, transaction
from playwright.sync_api import Error, sync_playwright

from kitchen.phone import PATIENCE, Phone
from kitchen.plan import Tap, plan
from kitchen.wire import Wire
from meetings.models import Meeting
from tests.factories import close

A_MOMENT = 5_000  # milliseconds
TWO_TAPS = 0.5  # seconds after which a second tap on the same name is one of its own
ON_THE_PHONE = "On this phone"
NOT_ACCEPTED = "Not accepted: "
NOT_TAKEN, SEALED = "Not taken: ", "Sealed: it cannot be read here."  # on the page of the device


@dataclass
class Said:
    """One line as it was typed. `shown`: the page had said that it is on this phone or at the service."""

    meeting: str
    author: int
    phone: str
    words: str
    kind: str
    shown: bool = False
    held: bool = False  # at the end it stands on its phone's own page, with the reason why it was not taken


@dataclass
class Record:
    """What a lane saw with its own eyes."""

    said: list = field(default_factory=list)
    taps: dict = field(
        default_factory=dict
    )  # by meeting: how often the person came, as far as it was stored for certain
    given_back: list = field(default_factory=list)  # what was on the disk of a word being written, and what came back
    to_disk: list = field(default_factory=list)  # seconds from the last key to the disk
    scenes: Counter = field(default_factory=Counter)
    faults: Counter = field(default_factory=Counter)
    meetings: int = 0
    kills: int = 0


class Lane(threading.Thread):
    """Its meetings are those whose number leaves its own rest."""

    def __init__(self, number, table, options, home, house):
        super().__init__(daemon=True, name=f"lane-{number}")
        self.number, self.table, self.options, self.home, self.house = number, table, options, home, house
        self.team = table.clinicians[number]
        self.record, self.troubles, self.now, self.tapped = Record(), [], "", 0.0

    def run(self):
        wires = [Wire(self.house.port, self.house.kill_web) for _ in self.team]
        try:
            with sync_playwright() as playwright:
                self.phones = [
                    Phone(playwright, wire, self.home / f"phone-{self.number}-{n}") for n, wire in enumerate(wires)
                ]
                for n in range(self.number, self.options.meetings, self.options.lanes):
                    self.meet_or_tell(n)
                self.now = "the rest"
                self.send_the_rest()
                for phone in self.phones:
                    phone.close()
        except BaseException as error:
            self.tell(error)
            if not isinstance(error, (Exception, SystemExit)):
                raise
        finally:
            for wire in wires:
                self.record.faults.update(wire.happened)
                wire.close()
            connections.close_all()

    # One meeting

    def meet_or_tell(self, number):
        """One that comes to no end says so at once, and the next has phones that were switched off and on."""
        try:
            self.meet(number)
            self.record.meetings += 1
        except (Error, OSError, AssertionError) as error:  # OSError: a timeout
            self.tell(error)
            for phone in self.phones:
                phone.wire.down = phone.wire.slow = False
                phone.wire.faults.clear()
                if phone.context:
                    phone.kill()
                phone.session = None

    def tell(self, error):
        self.troubles.append(f"{self.now}: {error!r}")
        print(f"Lane {self.number}, {self.troubles[-1]}", flush=True)

    def meet(self, number):
        self.now = f"meeting {number}, the beginning"
        self.meeting = self.table.meetings[number]
        self.comes, self.here = 0, False
        scenes = plan(self.options.seed, number)
        used = {one.phone for scene in scenes for one in scene.said} | {0}
        for n in used:
            phone = self.phones[n].open()
            if phone.who != self.team[n]:
                phone.sign_in(self.team[n])
            phone.record(self.meeting)
        self.tap(0, f"staff:{self.team[0].uuid}")
        self.person_comes_or_goes(0)
        for scene in scenes:
            self.now = f"meeting {number}, {scene.what}"
            self.record.scenes[scene.what] += 1
            getattr(self, scene.what)(scene)
        if scenes[-1].what != "left_for_later":
            self.now = f"meeting {number}, the end"
            for n in sorted(used):
                self.settle(n)
            self.record.taps[str(self.meeting.uuid)] = (
                self.comes,
                len(used) == 1 and scenes[-1].what != "closed_meanwhile",
            )
        for phone in self.phones:
            phone.leave()

    def say_all(self, scene, wait=True):
        for one in scene.said:
            if isinstance(one, Tap):
                self.person_comes_or_goes(one.phone)
            else:
                self.say(one, wait=wait or one is not scene.said[-1])

    def say(self, line, wait=True):
        """Type it and press Keep, once or twice; then, mostly, wait until the page says that it is on this phone."""
        page = self.phones[line.phone].page
        said = Said(
            str(self.meeting.uuid), self.team[line.phone].pk, f"{self.number}/{line.phone}", line.words, line.kind
        )
        self.compose(page, line, said)
        self.record.said.append(said)
        keep = page.get_by_role("button", name="Keep", exact=True)
        keep.dblclick() if line.doubled else keep.click()

        def kept():
            # News of the room may take a choice back before Keep is pressed: the page says so, and the words stay in the box.
            if (
                page.locator(".composer__error").is_visible()
                and page.locator("[name=text]").input_value() == line.words
            ):
                self.compose(page, line, said)
                keep.click()
            return self.see(line.phone, said)

        if wait:
            self.until(kept, "a line to be on the phone")

    def compose(self, page, line, said):
        """Choose and type; again, if words from before came back into the box meanwhile and brought their own choices."""
        said.kind = line.kind
        if line.kind == "decision" and page.locator("#kind-decision").is_disabled():
            said.kind = "understanding"

        def composed():
            page.locator(f"#kind-{said.kind}").check()
            if said.kind in ("voice", "reflection") and not self.whose(page):
                return False
            if said.kind == "action":
                for name, value in (("who", "Leena"), ("by", "2027-01-01"), ("looked_after_by", "Mikko")):
                    page.locator(f"[name=action_{name}]").fill(value)
            page.locator("[name=text]").fill(line.words)
            return page.locator(f"#kind-{said.kind}").is_checked()

        self.until(composed, "a line to be composed")

    def whose(self, page):
        """The first who is there; when nobody is, somebody else. News of the room may take that choice back in between."""
        there = page.locator(".whose label:not([hidden]) input").first
        try:
            there.check(timeout=A_MOMENT)
            if there.get_attribute("value") == "other":
                page.locator("[name=voice_name]").fill("The neighbour", timeout=A_MOMENT)
        except Error:
            return False
        return True

    def see(self, phone, wanted=None):
        """Read what the page says of each line; whether `wanted` is known to be safe."""
        states = {words.strip(): state for words, state in self.phones[phone].shown()}
        for said in self.record.said[-40:]:
            state = states.get(said.words)
            if state is not None and said.meeting == str(self.meeting.uuid) and said.phone == f"{self.number}/{phone}":
                said.shown |= state == "" or state.startswith((ON_THE_PHONE, NOT_ACCEPTED))
        return bool(wanted and wanted.shown)

    def tap(self, n, key):
        phone = self.phones[n]
        before = {one["uuid"] for one in phone.stored()["entries"]}
        time.sleep(max(0, self.tapped + TWO_TAPS - time.monotonic()))
        button = phone.page.locator(f'#here [data-who="{key}"]')
        pressed = button.get_attribute("aria-pressed") == "true"
        sent = phone.page.locator("#sent")
        button.click()
        self.tapped = time.monotonic()

        def stored():
            # Sent before it was seen in the store: then nothing waits any more, which the page says from the tap on.
            new = {one["uuid"] for one in phone.stored()["entries"]} - before
            return new or sent.inner_text() == "All at the service" or "not taken" in sent.inner_text()

        self.until(stored, "a tap to be on the phone")
        return not pressed

    def person_comes_or_goes(self, n):
        """A page that was opened before the last tap was sent may still show them as they were: the same tap again changes nothing."""
        here = self.tap(n, f"member:{self.meeting.person.uuid}")
        self.comes += here and not self.here
        self.here = here

    def until(self, holds, what):
        end = time.monotonic() + PATIENCE / 1000
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {what} in vain; {self.told()}")
            time.sleep(0.03)

    def told(self):
        """What the pages say, for whoever has to find out."""
        pages = [phone.page for phone in self.phones if phone.page]
        with suppress(Error):
            said = [" ".join(page.locator("body").inner_text().split()) for page in pages]
            return [f"{words[:300]} … {words[-200:]}" for words in said]

    # The end: all that waits is at the service, or says why not

    def settle(self, n):
        phone = self.phones[n]
        phone.wire.down = phone.wire.slow = False
        phone.wire.faults.clear()
        if not phone.page or not phone.session:
            self.come_back(n)
        self.until(lambda: not self.waits(n), "everything to be at the service")
        self.see(n)

    def waits(self, n):
        """What is still to be sent from this phone by whoever is signed in there, as its store says."""
        if self.phones[n].page.locator("#signed-out").is_visible():
            self.sign_in_again(n)
        mine = [one for one in self.phones[n].stored()["entries"] if one["author"] == str(self.phones[n].who.uuid)]
        return [one for one in mine if not one.get("refused")]

    def come_back(self, n):
        """Open the browser again, signed in; a closed meeting has no record any more, and the board sends what waits."""
        phone = self.phones[n]
        phone.open()
        if Meeting.objects.get(pk=self.meeting.pk).status != Meeting.Status.CLOSED:
            phone.record(self.meeting)
            return
        phone.leave()
        phone.sign_in(phone.who)
        phone.page = phone.context.new_page()
        phone.visit("/on-this-device/")

    def sign_in_again(self, n):
        """In another window, as the page says; then come back to the one with the record."""
        phone = self.phones[n]
        phone.sign_in(self.team[n])
        phone.page.evaluate("() => dispatchEvent(new Event('online'))")
        self.until(lambda: not phone.page.locator("#signed-out").is_visible(), "the page to see the new session")

    def send_the_rest(self):
        """What was left on a phone goes out days later, for each who wrote there, in their own session only. What was not taken is read
        from the page that has to show it."""
        for n, phone in enumerate(self.phones):
            for who in self.team:
                self.now = f"lane {self.number}, the rest of {who.name}"
                phone.open().leave()
                phone.wire.down = phone.wire.slow = False
                phone.sign_in(who)
                phone.page = phone.context.new_page()
                phone.visit("/on-this-device/")
                cards = []

                def told(phone=phone, who=who, cards=cards):
                    mine = [one for one in phone.stored()["entries"] if one["author"] == str(who.uuid)]
                    texts = phone.page.locator("#on-this-device > li").all_inner_texts()
                    cards[:] = [text.splitlines() for text in texts if NOT_TAKEN in text and SEALED not in text]
                    return all(one.get("refused") for one in mine) and len(cards) == len(mine)

                self.until(told, "the rest to be sent, or shown with the reason")
                for said in self.record.said:
                    if (said.phone, said.author) == (f"{self.number}/{n}", who.pk):
                        said.held = any(said.words in card for card in cards)

    # What may be wrong

    def offline(self, scene):
        phone = self.phones[0]
        phone.context.set_offline(True)
        self.say_all(scene)
        phone.context.set_offline(False)

    def unreachable(self, scene):
        phone = self.phones[0]
        phone.wire.down = True
        self.say_all(scene)
        phone.wire.down = False
        phone.page.evaluate("() => dispatchEvent(new Event('online'))")

    def slow_line(self, scene):
        self.phones[0].wire.slow = True
        self.say_all(scene)
        self.phones[0].wire.slow = False

    def one_of(self, scene):
        """The phone that something is said on in any case."""
        return self.phones[scene.said[-1].phone]

    def answers_lost(self, scene):
        faults = self.one_of(scene).wire.faults
        faults.extend([scene.what] * (1 + (scene.dice < 0.5)))
        self.say_all(scene)
        self.until(lambda: not faults, "everything to go wrong")

    answers_halved = bodies_cut = answers_lost

    def server_killed(self, scene):
        """Several wait, and the server is killed while it works on them."""
        phone = self.one_of(scene)
        phone.wire.down = True
        self.say_all(scene)
        phone.wire.faults.append(scene.what)
        phone.wire.down = False
        phone.page.evaluate("() => dispatchEvent(new Event('online'))")
        self.until(lambda: not phone.wire.faults, "the server to be killed")

    def two_phones(self, scene):
        """Both without signal, and both are back at once."""
        for phone in self.phones:
            phone.context.set_offline(True)
        self.say_all(scene)
        for phone in self.phones:
            phone.context.set_offline(False)

    def reloaded(self, scene):
        self.say_all(scene, wait=scene.dice < 0.5)
        self.see(0)
        self.phones[0].reopen(f"/meetings/{self.meeting.uuid}/record/")

    def killed(self, n):
        self.see(n)
        self.phones[n].kill()
        self.record.kills += 1

    def killed_offline(self, scene):
        self.phones[0].context.set_offline(True)
        self.say_all(scene, wait=scene.dice < 0.5)
        self.killed(0)
        self.come_back(0)

    def expired(self, scene):
        self.phones[0].expire()
        self.say_all(scene)
        self.until(
            lambda: self.phones[0].page.locator("#signed-out").is_visible(), "the page to say that nobody is signed in"
        )
        self.sign_in_again(0)

    def killed_expired(self, scene):
        self.phones[0].expire()
        self.say_all(scene)
        self.killed(0)
        self.come_back(0)

    def killed_typing(self, scene):
        """In the middle of a word: what is on the disk has to come back, and what was typed after it may."""
        self.say_all(scene)
        page, box = self.phones[0].page, self.phones[0].page.locator("[name=text]")
        start = f"I was about to say {scene.dice:.6f}"
        box.fill(start)
        typed = time.monotonic()
        mine = str(self.meeting.uuid)
        self.until(
            lambda: any(one["of"] == mine for one in self.phones[0].stored()["drafts"]), "a word to be on the disk"
        )
        self.record.to_disk.append(time.monotonic() - typed)
        page.keyboard.type(" that")
        self.killed(0)
        self.come_back(0)
        box = self.phones[0].page.locator("[name=text]")
        self.until(box.input_value, "the word to come back")
        self.record.given_back.append((start, box.input_value()))
        box.fill("")
        self.until(
            lambda: not any(one["of"] == mine for one in self.phones[0].stored()["drafts"]), "the word to be gone"
        )

    def closed_meanwhile(self, scene):
        phone = self.phones[0]
        self.until(lambda: not self.waits(0), "a quiet moment")
        phone.context.set_offline(True)
        self.say_all(scene)
        with transaction.atomic():
            close(Meeting.objects.get(pk=self.meeting.pk))
        phone.context.set_offline(False)

    def left_for_later(self, scene):
        self.phones[0].context.set_offline(True)
        self.say_all(scene)
        self.killed(0)

    def shared_phone(self, scene):
        """The colleague takes this phone while it holds words of its owner; those go out when the owner is back."""
        phone = self.phones[0]
        phone.context.set_offline(True)
        self.say_all(scene)
        self.killed(0)
        phone.open().sign_in(self.team[1])
        phone.record(self.meeting)
        self.until(lambda: not self.waits(0), "nothing of the colleague to wait")
        mine = str(self.team[0].uuid)
        if not any(one["author"] == mine for one in phone.stored()["entries"]):
            raise AssertionError("What one clinician wrote was sent by another.")
        phone.leave()
        phone.sign_in(self.team[0])
        phone.record(self.meeting)
