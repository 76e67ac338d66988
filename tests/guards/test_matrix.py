"""Who gets what at every address: nobody, each of the network, each of the service, somebody from elsewhere; own, foreign and missing.

One entry for each pattern of the resolver. What an entry does not name answers as if it were not there: "not found" to whoever is signed
in, the sign-in page to whoever is not. Foreign and missing answer the same, byte for byte.
"""

import re
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from django.urls import reverse

from network.models import Reading
from tests.guards.routes import routes
from tests.guards.world import ROLES, nothing, ours, standing, theirs, world
from tests.standing import taken_back

__all__ = ["standing", "world"]  # fixtures

STAFF = "team clinician former in_need coordinator lead elsewhere"
WORKS = "team coordinator lead"  # with our case
MEMBERS = "person mother friend uncle"
SIGNED_IN = f"{MEMBERS} {STAFF}"
EVERYBODY = f"nobody {SIGNED_IN}"
READERS = f"person mother {WORKS}"
IN_NEED = "in_need"  # opened it: to read the case and its notes, and for nothing else


@dataclass(frozen=True)
class Entry:
    """Status → who gets it, for GET and for an empty POST. `about`: which meeting the address is tried with."""

    get: dict[int, str]
    post: dict[int, str]
    about: str = "booked"
    reads: bool = field(default=False, kw_only=True)  # opening it is a reading, and put on record


def form(who, **more):
    """A form page: opened, and opened again with what is missing."""
    return Entry({200: who}, {200: who}, **more)


def page(who, refused=STAFF, **more):
    """A page without a form."""
    return Entry({200: who}, {405: refused}, **more)


def button(who, refused=STAFF, **more):
    """A form without a page of its own."""
    return Entry({405: refused}, {302: who}, **more)


def record(get, post, reads=False):
    return Entry(get, post, "going_on", reads=reads)


# Whose "not found" is compared byte for byte: one for each way in which the database decides what somebody sees.
ONE_OF_A_KIND = ["nobody", "person", "mother", "team", "clinician", "in_need", "coordinator", "elsewhere"]
DESK = {403: "coordinator lead"}  # who sees that there is a record, and was not in the room

TABLE = {
    "": Entry({200: "nobody", 302: SIGNED_IN}, {405: EVERYBODY}),
    # first contact
    "duty/": Entry({200: STAFF}, {200: "coordinator lead elsewhere", 403: "team clinician former in_need"}),
    "on-call/": Entry({200: STAFF}, {200: "coordinator lead elsewhere", 403: "team clinician former in_need"}),
    "on-call/<uuid:turn>/swap/": form(WORKS),  # whose turn it is, and who plans
    "on-call/<uuid:turn>/take-out/": button("coordinator lead"),
    "channels/": form(STAFF),
    "channels/browser/": Entry({405: STAFF}, {200: STAFF}),
    "channels/browser/renewed/": Entry({}, {}),  # for a browser that says which it is, and nobody else
    "in/": Entry({200: "nobody", 302: SIGNED_IN}, {200: "nobody", 302: SIGNED_IN}),
    "in/<str:key>/": Entry({200: EVERYBODY}, {302: EVERYBODY}),  # whatever the key
    "sw.js": page(EVERYBODY, EVERYBODY),
    "without-signal/": page(EVERYBODY, EVERYBODY),
    "manifest.webmanifest": page(EVERYBODY, EVERYBODY),
    "channels/<uuid:channel>/try/": button("team"),  # whose it is
    "channels/<uuid:channel>/put-away/": button("team"),
    "escalation/": page(STAFF),
    "escalation/<uuid:plan>/": form("lead"),
    "board/": page(STAFF),
    "clock/": page(STAFF),
    "board/rows/": page(STAFF),
    "referrals/new/": form(STAFF),
    "referrals/similar/": Entry({405: STAFF}, {200: STAFF}),
    "refer/": page(EVERYBODY, EVERYBODY),
    "refer/<slug:slug>/": form(EVERYBODY),
    "refer/thanks/<slug:slug>/": page(EVERYBODY, EVERYBODY),
    "cases/<uuid:case>/contacts/new/": form(WORKS),
    "cases/<uuid:case>/first-heard/": form(WORKS),
    "cases/<uuid:case>/urgency/": form(WORKS),
    "cases/<uuid:case>/take/": button(WORKS),
    "cases/<uuid:case>/hand-over/": form(WORKS),
    "cases/<uuid:case>/take-over/": Entry(
        {200: "team lead", 302: "coordinator"}, {200: "team lead", 302: "coordinator"}
    ),  # hers already
    "cases/<uuid:case>/told/<uuid:referral>/": form(WORKS),
    "cases/<uuid:case>/close/": form(WORKS),
    "cases/<uuid:case>/trail/": page(WORKS, reads=True),
    "waiting/<uuid:watch>/": Entry({200: WORKS}, {302: WORKS}, reads=True),
    # the case, its team and its members
    "cases/<uuid:case>/": page(f"person {WORKS} {IN_NEED}", SIGNED_IN, reads=True),
    "cases/<uuid:case>/team/": form(WORKS),
    "cases/<uuid:case>/members/new/": form(f"person {WORKS}"),
    "cases/<uuid:case>/members/<uuid:member>/": form(f"person {WORKS}"),
    "cases/<uuid:case>/members/<uuid:member>/pause/": form("team"),
    "cases/<uuid:case>/members/<uuid:member>/let-in/": button(WORKS),
    "cases/<uuid:case>/members/<uuid:member>/note/": Entry(
        {302: WORKS}, {302: WORKS}
    ),  # no note waits to be handed over
    "cases/<uuid:case>/exceptions/new/": form(WORKS),
    "cases/<uuid:case>/out-of-sight/<uuid:words>/": form(WORKS, about="case"),
    "cases/<uuid:case>/meetings/new/": form(WORKS),
    "cases/<uuid:case>/meetings/afterwards/": Entry({200: "team"} | DESK, {200: "team"} | DESK),
    # meetings before they start
    "meetings/": page(STAFF),
    "meetings/<uuid:meeting>/": page(f"person mother friend {WORKS}", SIGNED_IN, reads=True),
    "meetings/<uuid:meeting>/move/": form(WORKS),
    "meetings/<uuid:meeting>/cancel/": form(WORKS),
    "meetings/<uuid:meeting>/staff/": form(WORKS),
    "meetings/<uuid:meeting>/invite/": Entry({200: f"person {WORKS}"}, {302: f"person {WORKS}"}),
    "meetings/<uuid:meeting>/told/<uuid:invitation>/": button(WORKS),
    "meetings/<uuid:meeting>/on-the-way/": Entry({405: STAFF}, {302: "team"} | DESK),
    "meetings/<uuid:meeting>/answer/<uuid:invitation>/": form(f"mother {WORKS}"),
    # notes, and everybody's own page
    "notes/<uuid:meeting>/": page(f"{READERS} {IN_NEED}", SIGNED_IN, about="held", reads=True),
    "notes/<uuid:meeting>/pdf/": page(f"{READERS} {IN_NEED}", SIGNED_IN, about="held", reads=True),
    "notes/<uuid:meeting>/add/": form(READERS, about="held"),
    "notes/<uuid:meeting>/add/<uuid:line>/": form(READERS, about="held"),
    "notes/<uuid:meeting>/seen/<uuid:line>/": button("person", SIGNED_IN, about="late"),
    "notes/<uuid:meeting>/keep/<uuid:line>/": button("person", SIGNED_IN, about="held"),  # whose words it is
    "notes/<uuid:meeting>/out-of-sight/<uuid:words>/": form(WORKS, about="held"),
    "notes/<uuid:meeting>/share/": form("person team", about="held"),
    "in-need/": form(STAFF),
    "in-need/<uuid:opening>/end/": button(f"person {WORKS} {IN_NEED}", SIGNED_IN),
    "service/": page("lead"),
    "service/settings/": form("lead"),
    "service/changes/": page("lead"),
    "service/staff/": page("lead"),
    "service/staff/new/": form("lead"),
    "service/staff/<uuid:staff>/": form("lead"),
    "service/staff/<uuid:staff>/invite/": button("lead"),
    "service/staff/<uuid:staff>/end/": Entry({200: "lead"}, {302: "lead"}),  # what is theirs, others have as well
    "service/staff/<uuid:staff>/again/": button("lead"),
    "service/readings/": form("lead"),
    "service/readings/<uuid:inquiry>/": page("lead"),
    "service/readings/<uuid:inquiry>/csv/": page("lead"),
    "my/": page(SIGNED_IN, SIGNED_IN),
    "my/readers/": page("person", SIGNED_IN),
    "my/readers/<uuid:member>/": form("person"),
    "my/readings/": page("person", SIGNED_IN),
    "sees/<uuid:member>/": page("person team", SIGNED_IN, reads=True),
    "sees/<uuid:member>/<uuid:meeting>/": page("person team", SIGNED_IN, about="held", reads=True),
    "my/everything/": page("person", SIGNED_IN),
    "my/everything/pdf/": page("person", SIGNED_IN, reads=True),
    "my/everything/json/": page("person", SIGNED_IN, reads=True),
    "my/join/": Entry({302: SIGNED_IN}, {302: SIGNED_IN}),
    "my/wish/": form("person"),
    "my/bring/": form(MEMBERS),
    "my/messages/": form(MEMBERS),
    "fidelity/": page("coordinator lead elsewhere"),  # who oversees a service
    # the record
    "on-this-device/today/": page(STAFF),
    "meetings/<uuid:meeting>/prepare/": record({200: "team"} | DESK, {405: STAFF}, reads=True),
    "meetings/<uuid:meeting>/prepare/nameless/": record({200: "team"} | DESK, {405: STAFF}),
    "meetings/<uuid:meeting>/record/": record({200: WORKS}, {302: "team"} | DESK, reads=True),
    "meetings/<uuid:meeting>/record/arrive/": record({405: STAFF}, {}),  # an empty form names nobody who could arrive
    "meetings/<uuid:meeting>/record/leave/": record({405: STAFF}, {}),
    "meetings/<uuid:meeting>/record/mistake/": record({405: STAFF}, DESK),
    "meetings/<uuid:meeting>/record/guest/": record({405: STAFF}, {200: "team"} | DESK),
    "meetings/<uuid:meeting>/record/entries/": record(
        {405: STAFF}, {400: "team"} | DESK
    ),  # an empty form holds no entries
    "on-this-device/": page(STAFF),
    "meetings/<uuid:meeting>/record/lines/": record({405: STAFF}, {200: "team"} | DESK),
    "meetings/<uuid:meeting>/record/lines/<uuid:line>/change/": record({200: "team"} | DESK, {200: "team"} | DESK),
    "meetings/<uuid:meeting>/record/lines/<uuid:line>/choose/": record({405: STAFF}, {302: "team"} | DESK),
    "meetings/<uuid:meeting>/record/news/": record({200: WORKS}, {405: STAFF}),
    "meetings/<uuid:meeting>/record/confirm/<uuid:line>/": record({405: STAFF}, DESK),  # this line does not wait
    "meetings/<uuid:meeting>/record/take-up/<uuid:exception>/": record({405: STAFF}, {200: "team"} | DESK),
    "meetings/<uuid:meeting>/record/bring-up/<uuid:brought>/": record({405: STAFF}, {302: "team"} | DESK),
    "meetings/<uuid:meeting>/record/read-back/": record({200: "team"} | DESK, {200: "team"} | DESK),
    "meetings/<uuid:meeting>/record/close/": record({200: "team"} | DESK, {200: "team"} | DESK),
}
OPEN = (("slug",), ("key",))  # say nothing about anybody
ROUTES = {route.pattern: route for route in routes() if route.ours}
WITH_PARTS = {pattern: route for pattern, route in ROUTES.items() if route.parameters and route.parameters not in OPEN}
NESTED = {pattern: route for pattern, route in WITH_PARTS.items() if len(route.parameters) > 1}


@pytest.mark.django_db
def test_every_address_has_an_entry():
    assert set(ROUTES) - set(TABLE) == set(), "addresses that nobody has said who may open"
    assert set(TABLE) - set(ROUTES) == set(), "addresses that are no more"


def expected(route, answers, role):
    """The status that an entry declares."""
    for status, who in answers.items():
        if role in who.split():
            return status
    return 302 if role == "nobody" and route.view.audience != "public" else 404


def ask(world, role, method, route, parts):
    """The answer to `role`; what it may have written is taken back."""
    path = reverse(route.name, kwargs={name: parts[name] for name in route.parameters})
    browser = world.clients[role]
    with taken_back():
        answer = getattr(browser, method)(path)
    browser.cookies.pop("messages", None)  # a word that waits for the next page
    return answer


def stripped(answer, *parts):
    """Everything of an answer that may differ from one to the next of the same kind is taken out."""
    headers = sorted(
        (k, v) for k, v in answer.headers.items() if k != "Content-Length"
    )  # of the text, which is compared
    text = answer.content.decode(errors="replace") + "\n".join(f"{k}: {v}" for k, v in headers)
    for uuid in {str(value) for some in parts for value in some.values() if isinstance(value, UUID)}:
        text = text.replace(uuid, "…")
    # Staff read on top of every page when messages wait too long: that is about the hour, and comes when the suite is slow.
    text = re.sub(r'(<div id="clock-watch"[^>]*>).*?</div>', r"\1", text, flags=re.DOTALL)
    text = re.sub(r'(csrfmiddlewaretoken" value=|nonce[-=]|X-CSRFToken["&quot;: ]+)["\']?[\w+/=-]+', r"\1", text)
    return answer.status_code, text


@pytest.mark.parametrize("pattern", sorted(set(ROUTES) & set(TABLE)))
def test_who_gets_what(world, pattern):
    """The declared status for each of them; and what is refused, foreign or missing looks the same."""
    route, entry = ROUTES[pattern], TABLE[pattern]
    missing, foreign, own = (make(world, entry.about) for make in (nothing, theirs, ours))
    for method, answers in (("get", entry.get), ("post", entry.post)):
        got = {role: ask(world, role, method, route, own) for role in ROLES}
        assert {role: answer.status_code for role, answer in got.items()} == {
            role: expected(route, answers, role) for role in ROLES
        }, method
        for role in ONE_OF_A_KIND if pattern in WITH_PARTS else []:
            if got[role].status_code == 405:  # said before anything is looked for
                continue
            not_there = stripped(ask(world, role, method, route, missing), missing)
            assert not_there[0] == 404 or role == "nobody", (method, role)
            if role != "elsewhere":  # who has every right to what is foreign to us
                assert stripped(ask(world, role, method, route, foreign), foreign) == not_there, (method, role)
            if role not in " ".join(answers.values()).split():
                assert stripped(got[role], own) == not_there, (method, role)


@pytest.mark.parametrize("pattern", sorted(set(NESTED) & set(TABLE)))
def test_a_part_of_another_parent_is_missing(world, pattern):
    """Our case with their referral, their meeting with our line, and our meeting with a line of another of ours."""
    route, entry = ROUTES[pattern], TABLE[pattern]
    missing, foreign, own = (make(world, entry.about) for make in (nothing, theirs, ours))
    others = route.parameters[1:]
    mixed = [
        own | {name: foreign[name] for name in others},
        own | {name: missing[name] for name in others},
        foreign | {name: own[name] for name in others},
    ]
    if "line" in others:
        mixed.append(own | {"line": ours(world, "held" if entry.about == "going_on" else "going_on")["line"]})
    if "invitation" in others:
        mixed.append(own | {"meeting": world.going_on.uuid})
    for method, answers in (("get", entry.get), ("post", entry.post)):
        for role in ("person", "team", "coordinator", "elsewhere"):
            if expected(route, answers, role) == 405:
                continue
            not_there = stripped(ask(world, role, method, route, missing), missing)
            # At a desk one is told that one was not in the room before anything is looked for; also at the desk elsewhere, of theirs.
            desk = role in f"{answers.get(403, '')} {'elsewhere' if 403 in answers else ''}".split()
            for some in mixed:
                answer = stripped(ask(world, role, method, route, some), some, missing)
                assert answer == not_there or (desk and answer[0] == 403), (method, role, some)


@pytest.mark.parametrize("pattern", [p for p, route in ROUTES.items() if route.parameters == ("slug",)])
def test_a_service_that_is_not_there(world, pattern):
    for role in ("nobody", "person", "coordinator"):
        assert ask(world, role, "get", ROUTES[pattern], nothing(world)).status_code == 404


@pytest.mark.parametrize("pattern", sorted(pattern for pattern, entry in TABLE.items() if entry.reads))
def test_opening_is_on_record(world, pattern):
    """Promise 9: who opened it, what and when, before anybody sees the page."""
    route, entry = ROUTES[pattern], TABLE[pattern]
    parts = ours(world, entry.about)
    for role in entry.get[200].split():
        reader = getattr(world, ROLES[role]).user
        with taken_back():
            before = Reading.objects.filter(reader=reader).count()
            path = reverse(route.name, kwargs={name: parts[name] for name in route.parameters})
            assert world.clients[role].get(path).status_code == 200
            assert Reading.objects.filter(reader=reader).count() == before + 1, role


@pytest.mark.parametrize("pattern", sorted(pattern for pattern, entry in TABLE.items() if entry.reads))
def test_what_was_not_opened_is_not_on_record(world, pattern):
    """Somebody who found nothing has read nothing."""
    route, entry = ROUTES[pattern], TABLE[pattern]
    before = Reading.objects.count()
    for role in ("nobody", "uncle", "clinician", "elsewhere"):
        with taken_back():
            path = reverse(route.name, kwargs={name: ours(world, entry.about)[name] for name in route.parameters})
            world.clients[role].get(path)
            assert Reading.objects.count() == before
