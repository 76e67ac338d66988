"""The Chromium of this machine, for whatever looks at pages in a real browser."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Playwright adds its own, so that the browser has nothing to do on the network for itself.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]


def program() -> str:
    """The path of Chromium. FileNotFoundError says how to get it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise FileNotFoundError("No Chromium: sudo apt-get install chromium")
    return found
