"""A phone of the kitchen: what is seen and done on it while everything goes wrong around it."""

import contextlib
import time

from django.conf import settings
from django.contrib.sessions.models import Session
from playwright.sync_api import Error

from tests import phone

PATIENCE = 180_000  # milliseconds until something is not slow but broken

STORED = """() => new Promise((done, failed) => { const opening = indexedDB.open("kept"); opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => { const store = opening.result;
    if (!store.objectStoreNames.contains("entries")) { store.close(); done({ entries: [], drafts: [] }); return; }
    const all = store.transaction(["entries", "drafts"]);
    const entries = all.objectStore("entries").getAll(), drafts = all.objectStore("drafts").getAll();
    all.oncomplete = () => { store.close(); done({ entries: entries.result, drafts: drafts.result }); }; }; })"""
# What the page says of each line: its words, and where they are. Nothing: at the service.
SHOWN = """() => [...document.querySelectorAll("#lines > li")].map((one) =>
  [one.querySelector(".voice, .line__rest > p")?.textContent || "", one.querySelector("[data-state]")?.textContent || ""])"""


class Phone(phone.Phone):
    """One of a lane, behind a wire."""

    def __init__(self, playwright, wire, profile):
        super().__init__(playwright.chromium, wire.address, profile, PATIENCE)
        self.wire, self.page = wire, None

    def expire(self):
        """The service forgets the session; the phone does not know."""
        Session.objects.filter(session_key=self.cookie()).delete()
        self.session = None

    def cookie(self):
        """The session that the browser holds: one that was killed may have come back with an earlier one."""
        name = settings.SESSION_COOKIE_NAME
        return next((one["value"] for one in self.context.cookies(self.address) if one["name"] == name), None)

    def record(self, meeting):
        """The record of a meeting, ready."""
        self.open()
        self.leave()
        if not self.session or self.session != self.cookie():
            self.sign_in(self.who)
        self.page, self.errors = self.context.new_page(), []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(f"{request.resource_type} {request.failure}"))
        self.reopen(f"/meetings/{meeting.uuid}/record/")

    def reopen(self, address):
        """Load a record, and again as somebody would if the server was killed between the page and its script."""
        self.visit(address)
        if "/accounts/" in self.page.url:  # a browser that is killed may not have written its cookie down yet
            self.sign_in(self.who)
            self.visit(address)
        try:
            self.page.wait_for_selector("#record[data-ready=yes]", state="attached", timeout=PATIENCE / 2)
        except Error as error:
            if not any(one.startswith("script") for one in self.errors):
                said = self.page.locator("body").inner_text()[:300]
                raise AssertionError(f"The record is not ready; {self.page.url} says: {said}; {self.errors}") from error
            self.errors.clear()
            self.reopen(address)

    def visit(self, address):
        """Open an address as somebody does who tries again: the server may just have been killed by others."""
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                answer = self.page.goto(address, wait_until="load")
                without_signal = self.page.locator("#shell").count()  # what the phone shows of its own accord
                if answer and answer.ok and not without_signal:
                    return
                trouble = f"{address} answered {answer and answer.status}{', from the phone' * without_signal}"
            except Error as error:
                trouble = error
            if time.monotonic() > end:
                raise SystemExit(f"The page does not open: {trouble}")
            time.sleep(0.5)

    def leave(self):
        if self.page:
            with contextlib.suppress(Error):
                self.page.close()
        self.page = None

    def stored(self):
        return self.ask(STORED)

    def shown(self):
        return self.ask(SHOWN)

    def ask(self, script):
        """What the page answers; once more if it just gave way to the next, as the record of a closed meeting does. A page of the browser's
        own, because the server was killed just then, is loaded anew, as somebody does who sees it.
        """
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                return self.page.evaluate(script)
            except Error as error:
                gone, no_page = "Execution context was destroyed", "denied in this context"
                if time.monotonic() > end or not any(what in str(error) for what in (gone, no_page)):
                    raise
                with contextlib.suppress(Error):
                    self.page.reload() if no_page in str(error) else self.page.wait_for_load_state()

    def close(self):
        super().close()
        self.page = None
