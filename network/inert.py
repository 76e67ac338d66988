"""A page to look at and not to use: links lead where looking goes on or nowhere, and nothing can be sent."""

from collections.abc import Callable
from html.parser import HTMLParser

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

CONTROLS = {"button", "input", "select", "textarea"}
HARMLESS = ("#", "tel:")


def inert(html: str, address: Callable[[str], str]) -> SafeString:
    """`html` with each link sent through `address` (empty: nowhere), each form a plain block, each button and field switched off."""
    page = _Inert(address)
    page.feed(html)
    page.close()
    return mark_safe("".join(page.written))  # noqa: S308  escaped where it came from; what is changed here is escaped below


class _Inert(HTMLParser):
    """Writes down what it reads, but for forms, their parts, and links."""

    def __init__(self, address: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.address, self.written = address, [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._tag("div", {name: value for name, value in given.items() if name in ("class", "id")})
        elif tag in CONTROLS:
            if given.get("type") != "hidden":
                self._tag(tag, given | {"disabled": None})
        elif tag == "a" and not (given.get("href") or "").startswith(HARMLESS):
            self._link(given)
        else:
            self.written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.written.append(f"</{'div' if tag == 'form' else tag}>")

    def handle_data(self, data: str) -> None:
        self.written.append(data)

    def handle_entityref(self, name: str) -> None:
        self.written.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.written.append(f"&#{name};")

    def _link(self, given: dict[str, str | None]) -> None:
        to = self.address(given.pop("href", None) or "")
        self._tag("a", given | ({"href": to} if to else {"role": "link", "aria-disabled": "true"}))

    def _tag(self, tag: str, attrs: dict[str, str | None]) -> None:
        said = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attrs.items())
        self.written.append(f"<{tag}{said}>")
