"""A real browser. Each person gets a context of their own; every page is ready before anybody types."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import BrowserContext, Error, Page, expect

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
PATIENCE = 60_000  # milliseconds: a busy machine is not a fault of the page

expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def answered_to_the_end(live_server) -> Iterator[None]:
    """Pages ask by themselves, too. What is still being answered when they are closed has to end before the tables are emptied."""
    going_on: set[int] = set()
    ways = [(request_started, going_on.add), (request_finished, going_on.discard)]
    receivers = [(signal, lambda what=what, **_: what(threading.get_ident())) for signal, what in ways]
    for signal, receiver in receivers:
        signal.connect(receiver, weak=False)
    yield
    until = time.monotonic() + PATIENCE / 1000
    calm = 0
    while calm < 3 and time.monotonic() < until:  # one that was just taken has not begun yet
        calm = 0 if going_on else calm + 1
        time.sleep(0.05)
    for signal, receiver in receivers:
        signal.disconnect(receiver)
    assert not going_on


@pytest.fixture
def page_for(chromium, live_server, transactional_db) -> Iterator[Callable[..., Page]]:
    """`page_for(user, size=PHONE)`: a page in a context of its own, signed in as `user` (nobody when None)."""
    contexts: list[BrowserContext] = []

    def open_page(user=None, *, size=PHONE, **options) -> Page:
        context = chromium.new_context(viewport=size, base_url=live_server.url, locale="en-GB", **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if user:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def visit(page: Page, address: str) -> Page:
    """Open `address` and wait until its scripts have run: nobody types into a page that is not ready."""
    page.goto(address, wait_until="load")
    page.wait_for_load_state("networkidle")
    return page


def assert_accessible(page: Page) -> None:
    """axe finds nothing on the page as it stands. A page that gives way to the next one meanwhile is not the one to look at."""
    page.wait_for_load_state()
    try:
        results = Axe().run(page)
    except Error as error:
        if "context was destroyed" not in error.message:
            raise
        page.wait_for_load_state()
        results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, when SHOTS names a folder for them."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
