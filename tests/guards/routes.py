"""Every address of the service, read from the resolver: what is not written down by hand cannot be forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# Addresses whose views are not ours to mark, each with the reason why that lets nobody in.
NOT_OURS = {
    "accounts/": "allauth: sign-in, second factors, own sessions; row security shows an account to itself alone",
    "healthz": "says that the process answers, and nothing else",
    "readyz": "says whether the parts answer, and nothing else",
    "local/mail/": "exists on a developer's own machine only (settings.LOCAL)",
}


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver."""

    name: str
    pattern: str
    view: Callable[..., Any]
    parameters: tuple[str, ...]

    @property
    def ours(self) -> bool:
        return not self.pattern.startswith(tuple(NOT_OURS))


def routes(resolver: URLResolver | None = None, prefix: str = "", parameters: tuple[str, ...] = ()) -> Iterator[Route]:
    """All routes below `resolver`, the whole service by default."""
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(entry.pattern)
        found = parameters + tuple(entry.pattern.converters)
        if isinstance(entry, URLResolver):
            yield from routes(entry, pattern, found)
        elif isinstance(entry, URLPattern):
            yield Route(entry.name or "", pattern, entry.callback, found)


def unclassified(of: Iterator[Route]) -> list[str]:
    """Patterns whose view nobody has marked with public_page, signed_in_page or staff_page."""
    return [route.pattern for route in of if route.ours and not hasattr(route.view, "audience")]
