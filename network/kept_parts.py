"""What a browser keeps of the service itself, so that a meeting can be recorded from a cold start without signal: scripts, one
stylesheet, one page that names nobody."""

from functools import cache
from hashlib import sha256

from django.conf import settings
from django.templatetags.static import static

PARTS = (
    "css/look.css",
    "icons/favicon.svg",
    "icons/home.png",
    "js/closing.js",
    "js/composer.js",
    "js/drafts.js",
    "js/kept.js",
    "js/lines.js",
    "js/packs.js",
    "js/page.js",
    "js/record.js",
    "js/recorded.js",
    "js/room.js",
    "js/shell.js",
    "js/store.js",
    "js/vault.js",
)


def parts() -> list[str]:
    """The addresses of all parts."""
    return [static(name) for name in PARTS]


def version() -> str:
    """Another one with each change of a page or a part: what is kept is replaced whole."""
    return _read() if settings.DEBUG else _once()


def _read() -> str:
    found = sha256()
    for folder in (settings.BASE_DIR / "templates", settings.BASE_DIR / "static"):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


_once = cache(_read)
