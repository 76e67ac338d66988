"""Promise 13: titles, addresses, file names, logs and mail carry nobody's name. Canaries in every name and word would sing."""

import logging
import re
from itertools import count

import pytest
from django.core import mail
from django.db.models import F
from django.urls import reverse

from meetings.models import Line, Meeting
from network import outbox
from network.models import Member, Message, Service, Staff
from referrals.models import Referral
from tests.conftest import role
from tests.guards.test_matrix import ROUTES, TABLE, ask
from tests.guards.world import ours, standing, world
from tests.standing import taken_back

__all__ = ["standing", "world"]  # fixtures

CANARY = re.compile(r"kanarie\d+", re.IGNORECASE)
READERS = ("nobody", "person", "mother", "team", "coordinator")


@pytest.fixture(scope="module")
def singing(world):
    """The world, with a canary in each name, place and word that may still change; addresses of mail excepted."""
    number = count(1)
    for model, field in ((Member, "name"), (Member, "relation"), (Staff, "name"), (Service, "name")):
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(**{field: f"Kanarie{next(number)}"})
    Meeting.objects.filter(status="booked").update(address=f"Kanarie{next(number)}", moves=F("moves") + 1)
    assert Referral.objects.exists()
    assert Line.objects.exists()
    return world


def answers(world):
    """Each page as each who may open it sees it, and each empty form sent."""
    for pattern, route in sorted(ROUTES.items()):
        if pattern not in TABLE:
            continue
        entry = TABLE[pattern]
        for method, declared in (("get", entry.get), ("post", entry.post)):
            for who in READERS:
                if who in f"{declared.get(200, '')} {declared.get(302, '')}".split():
                    yield pattern, ask(world, who, method, route, ours(world, entry.about))


@pytest.mark.django_db
def test_there_are_canaries_to_hear():
    assert CANARY.search("Kanarie12 was here")


def test_nothing_outside_gives_the_person_away(singing, caplog):
    caplog.set_level(logging.DEBUG)
    heard, sung = {}, 0
    for pattern, answer in answers(singing):
        page = answer.content.decode(errors="replace") if "text/html" in answer.get("Content-Type", "") else ""
        sung += len(CANARY.findall(page))
        titles = re.findall(r"<title>.*?</title>|<meta[^>]*>|<link[^>]*>", page, re.DOTALL)
        # geo: opens the map of the device itself, when it is tapped.
        addresses = re.findall(r'(?:href|src|action|hx-get|hx-post)="(?!geo:)([^"]*)"', page)
        for place, text in {"title": titles, "address": addresses, "header": list(answer.headers.items())}.items():
            if found := CANARY.findall(str(text)):
                heard[pattern, place] = found
    assert heard == {}
    assert sung > 100, "the pages themselves do carry names"
    logged = [
        f"{record.name} {record.getMessage()}" for record in caplog.records if not record.name.startswith("django.db")
    ]
    assert [line for line in logged if CANARY.search(line)] == []


def test_addresses_hold_numbers_and_plain_words_only(singing):
    for pattern, route in ROUTES.items():
        parts = ours(singing, "held")
        path = reverse(route.name, kwargs={name: parts[name] for name in route.parameters})
        left = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|tornio", "", path)
        assert re.fullmatch(r"[a-z/.-]*", left), pattern


def test_mail_of_the_outbox(singing, settings):
    long_ago = singing.held.starts_at
    with taken_back():
        for n, kind in enumerate(Message.Kind.values):
            Message.objects.create(
                service=singing.service, network=singing.network, kind=kind, to=f"{n}@example.org", dedupe_key=f"canary{n}",
                due_at=long_ago, meeting_at=singing.booked.starts_at if n % 2 else None,
            )  # fmt: skip
        Message.objects.update(due_at=long_ago)
        mail.outbox = []
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with role("od_clock"):
            outbox.send_due()
    assert len(mail.outbox) >= len(Message.Kind.values)
    assert_neutral(mail.outbox)


def test_mail_of_the_sign_in(singing, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    with taken_back():
        answer = singing.clients["nobody"].post(
            reverse("account_request_login_code"), {"email": singing.mother.user.email}
        )
    assert answer.status_code == 302
    assert len(mail.outbox) == 1
    assert_neutral(mail.outbox)


def assert_neutral(letters):
    for letter in letters:
        whole = letter.message().as_string()
        assert not CANARY.search(whole)
        words = letter.subject + letter.body
        assert not re.search(
            r"crisis|dialogue|mental|psych|team|network|clinic|therap|hospital", words, re.IGNORECASE
        ), words
        assert letter.message()["Message-ID"].rstrip(">").endswith("@localhost"), "the machine's own name"
        assert len(letter.recipients()) == 1
