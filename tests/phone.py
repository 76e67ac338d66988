"""A phone: a real browser with a profile on the disk, which can be ended hard and opened again."""

import contextlib
import os
import signal
import time
from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import Error

from opendialogue.local import chromium

SIZE = {"width": 390, "height": 844}


class Phone:
    """`browsers` is Playwright's Chromium; what takes more than `patience` milliseconds is broken. `who` is signed in, if anybody."""

    def __init__(self, browsers, address, profile, patience):
        self.browsers, self.address, self.profile, self.patience = browsers, address, profile, patience
        self.context = self.who = self.session = None

    def open(self):
        if not self.context:
            self.context = self.browsers.launch_persistent_context(
                str(self.profile),
                executable_path=chromium.program(),
                base_url=self.address,
                viewport=SIZE,
                locale="en-GB",
                args=chromium.FLAGS,
            )
            self.context.set_default_timeout(self.patience)
        return self

    def sign_in(self, who):
        """A new session for `who`, whoever was signed in before."""
        browser = Client()
        browser.force_login(who.user)
        cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": self.address, "expires": time.time() + 86_400}]
        )
        self.who, self.session = who, cookie.value
        return self

    def kill(self):
        """SIGKILL to every process of this browser, as the battery would. Nothing writes to the profile any more when it comes back."""
        ours = family(f"--user-data-dir={self.profile}".encode())
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + self.patience / 1000
        while left := ours & running().keys():
            assert time.monotonic() < end, f"Killed and still there: {left}"
            time.sleep(0.01)
        self.close()
        for lock in self.profile.glob("Singleton*"):
            lock.unlink()

    def close(self):
        if self.context:
            with contextlib.suppress(Error):  # it was killed
                self.context.close()
        self.context = None


def family(argument):
    """The processes started with this argument, and all that they started: of Chromium's, many write another command over their own."""
    parents = running()
    found = {pid for pid in parents if argument in command(pid)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def running():
    """Each process with its parent. One that has ended and only waits to be noticed is none, once the last of its threads is gone."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # gone already
            state, parent, *more = stat.read_bytes().rpartition(b")")[2].split()
            if state not in (b"Z", b"X") or int(more[15]) > 1:
                parents[int(stat.parent.name)] = int(parent)
    return parents


def command(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []
