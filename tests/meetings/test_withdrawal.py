"""Withdrawal says nothing: whole answers compared between somebody whose access ended and somebody who never had any."""

import re

import pytest

from meetings.models import NoteShare
from network.models import Consent, Message
from tests.factories import consent, make_cast, make_member, share

pytestmark = pytest.mark.django_db
TOKEN = re.compile(
    rb'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|nonce-[\w+/=-]+|data-(?:me|keep-key)="[^"]+"'
)


@pytest.fixture
def cast():
    return make_cast()


def every_answer(client, member, cast):
    """Status, headers and bytes of all that a member can ask for."""
    client.force_login(member.user)
    note = f"/notes/{cast.held.uuid}/"
    addresses = ["/", "/my/", "/my/messages/", "/my/readers/", "/my/readings/", "/my/wish/", "/my/join/", note, f"{note}pdf/",
                 f"{note}add/", f"{note}add/{cast.voice.uuid}/", f"{note}share/", f"{note}seen/{cast.voice.uuid}/",
                 f"/my/readers/{cast.mother.uuid}/", "/my/everything/", "/my/everything/json/",
                 f"/sees/{cast.mother.uuid}/", f"/sees/{cast.mother.uuid}/{cast.held.uuid}/"]  # fmt: skip
    found = {}
    for address in addresses:
        for ask in (client.get, client.post):
            answer = ask(address)
            body = TOKEN.sub(b"", answer.content).replace(member.user.email.encode(), b"address")
            headers = {k: TOKEN.sub(b"", v.encode()) for k, v in answer.headers.items() if k != "Content-Length"}
            found[address, ask.__name__] = (answer.status_code, headers, body)
    return found


def take_back(row, cast):
    type(row).objects.filter(pk=row.pk).update(withdrawn_at=row.given_at, withdrawn_by=cast.person.user)


@pytest.mark.parametrize("given", ["all", "from_now", "one meeting"])
def test_withdrawn_and_never_shared_with_are_the_same_to_the_byte(cast, client, given):
    never, ended = make_member(cast.network, "Kaisa"), make_member(cast.network, "Kaisa")
    word = share(cast.held, ended) if given == "one meeting" else consent(ended, covers=given)
    if given != "from_now":
        client.force_login(ended.user)
        assert client.get(f"/notes/{cast.held.uuid}/").status_code == 200
    take_back(word, cast)
    assert every_answer(client, ended, cast) == every_answer(client, never, cast)


def test_it_works_on_the_next_request_while_a_page_is_open(cast, client):
    client.force_login(cast.mother.user)
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 200
    take_back(cast.consent, cast)
    words = {"once": "7f5ad5e6-5d5f-4a39-8a0e-0f3b6d1f2a10", "kind": "added", "text": "Still here"}
    assert client.post(f"/notes/{cast.held.uuid}/add/", words).status_code == 404
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 404


def test_a_foreign_and_a_missing_note_are_the_same_to_the_byte(cast, client):
    client.force_login(cast.friend.user)
    missing = "00000000-0000-4000-8000-000000000000"
    for page in ("", "pdf/", "add/", "share/"):
        foreign, none = (client.get(f"/notes/{uuid}/{page}") for uuid in (cast.held.uuid, missing))
        assert (foreign.status_code, TOKEN.sub(b"", foreign.content)) == (
            none.status_code,
            TOKEN.sub(b"", none.content),
        )


def test_somebody_who_left_the_network_reads_nothing(cast, client):
    client.force_login(cast.mother.user)
    cast.mother.left_at = cast.consent.given_at
    cast.mother.left_reason = "She moved abroad"
    cast.mother.save(update_fields=["left_at", "left_reason"])
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 404
    assert "Nothing is here right now" in client.get("/my/").content.decode()


def test_nothing_is_sent_when_access_ends(cast, client):
    client.force_login(cast.person.user)
    client.post(f"/my/readers/{cast.mother.uuid}/", {"covers": "nothing"})
    assert Consent.objects.active().count() == 0
    assert NoteShare.objects.count() == 0
    assert Message.objects.count() == 0
