"""The rows of the board as HTML. Fifty of them in a template cost more than everything else on the page; here each is put together once.

Whatever somebody typed goes through `escape`; the rest are our own words, keys and times.
"""

from datetime import datetime
from functools import lru_cache
from html import escape

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from network.templatetags.look import call_back, clock, when
from referrals.board import Chip, Hold, Row

RUNNING = {"running", "reply", "emergency"}
WORDS = 180  # letters shown
ADVICE = 200


def draw(rows: list[Row], *, now: datetime, token: str, advice: str) -> SafeString:
    """The list of cases. `token` is what a form has to bring along, `advice` what the service says for an emergency."""
    keep = f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(token)}">'
    advice = f'<p class="notice notice--wait small">{escape(_cut(advice, ADVICE))}</p>'
    return mark_safe("".join(_case(row, now, keep, advice) for row in rows))  # noqa: S308 — escaped where it was typed


def _case(row: Row, now: datetime, keep: str, advice: str) -> str:
    case, name, heard = row.case, escape(row.name), row.heard
    ring = "<span></span>"
    if heard:
        ring = clock(heard.first_heard_at, heard.due_at, now, state=row.clock, met_at=heard.met_at, look="below")
    chips = "".join(map(_chip, row.chips))
    return f"""
  <article class="case" aria-labelledby="case-{case.pk}">
    {ring}
    <div class="stack-tight">
      <h2><a id="case-{case.pk}" href="/cases/{case.uuid}/"><bdi>{name}</bdi></a></h2>
      {advice if row.emergency else ""}{_said(row)}
    </div>
    <div class="case__side stack-tight">
      <ul class="chips">{chips}</ul>
      {_whose(row, name, keep)}
      {_hold(row.hold, name, keep, ask=bool(case.taken_at)) if row.hold else ""}
    </div>
  </article>"""


def _said(row: Row) -> str:
    """The caller's words, who that was, and while their clock runs how to call back."""
    if not row.heard:
        return ""
    words = '<p class="soft">The words wait until the caller knows that they can be read.</p>'
    if row.heard.words:
        words = f'<p class="voice voice--small" dir="auto">“{escape(_cut(row.heard.words, WORDS))}”</p>'
    said = [f"<bdi>{escape(row.caller)}</bdi>", f"first heard {when(row.heard.first_heard_at)}"]
    if row.clock in RUNNING:  # once they have met or a reply was given, it stands on the page of the case
        said.append(f"call back: {call_back(row.heard.call_back)}")
    return f'{words}<p class="small soft">{" · ".join(said)}</p>'


def _whose(row: Row, name: str, keep: str) -> str:
    case = row.case
    contact = f" · <bdi>{escape(row.contact)}</bdi>" if row.contact else ""
    whose = f"<bdi>{escape(case.owner_name)}</bdi>{contact}"
    if case.taken_at:
        return f'<div class="row small soft"><span>{whose}</span></div>'
    return (
        f'<div class="row small soft"><span>On duty: {whose}</span><form method="post" action="{_address("take_case", case.uuid)}">'
        f'{keep}<button class="button button--quiet" id="take-{case.pk}">Take it'
        f'<span class="visually-hidden">: {name}</span></button></form></div>'
    )


def _hold(hold: Hold, name: str, keep: str, *, ask: bool) -> str:
    """As referrals/hold.html says it on the page of a case. What nobody has taken is taken, and with it all that is asked."""
    about = f"For {hold.about}: " if hold.about else ""
    if hold.since:
        said = f"{about}<bdi>{escape(hold.name) or 'Somebody'}</bdi> has it since {when(hold.since)}"
        return f'<div class="row small soft"><span>{said}</span></div>'
    nobody = "nobody has said “I have it” · " if hold.asked else ""
    said = f"{about}{nobody}next word goes out {when(hold.next_at)}"
    button = ""
    if ask and hold.asked:
        whom = ", ".join(filter(None, [name, hold.about]))
        button = (
            f'<form method="post" action="{_address("waiting", hold.uuid)}">{keep}<button class="button button--quiet" '
            f'id="have-{hold.uuid}">I have it<span class="visually-hidden">: {whom}</span></button></form>'
        )
    return f'<div class="row small soft"><span>{said[:1].upper()}{said[1:]}</span>{button}</div>'


def _chip(chip: Chip) -> str:
    return f'<li><span class="chip{f" chip--{chip.kind}" if chip.kind else ""}">{escape(chip.text)}</span></li>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else Truncator(text).chars(most)


def _address(name: str, key: object) -> str:
    return _pattern(name).replace(NO_ONE, str(key))


@lru_cache
def _pattern(name: str) -> str:
    """Looking up an address costs more than a row: once is enough."""
    return reverse(name, args=[NO_ONE])


NO_ONE = "00000000-0000-0000-0000-000000000000"
