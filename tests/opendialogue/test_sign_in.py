"""Signing in under the service's own database role, by code and by password; and what strangers learn from it."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.utils import timezone

from network import outbox
from network.models import Message
from tests.conftest import role
from tests.factories import make_member, make_network, make_service, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_memory_of_earlier_tries():
    cache.clear()


@pytest.fixture
def person():
    return make_member(make_network(make_service()), "Ben", is_person=True, email="ben@example.org").user


def signed_in(client):
    return "_auth_user_id" in client.session


def send():
    """What the worker does each two seconds. In the one transaction of a test nothing is due that was queued in it."""
    Message.objects.waiting().update(due_at=timezone.now() - timedelta(hours=1))
    with role("od_clock"):
        outbox.send_due()


def ask_for_code(client, email):
    answer = client.post("/accounts/login/code/", {"email": email})
    send()
    return answer


def code_in(mail):
    return re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.body).group()


def test_by_code(client, person, mailoutbox):
    ask_for_code(client, "ben@example.org")
    assert not signed_in(client)
    client.post("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])})
    assert signed_in(client)


def test_code_is_used_up_by_typing_it_not_by_looking(client, person, mailoutbox):
    ask_for_code(client, "ben@example.org")
    assert client.get("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])}).status_code == 200
    assert not signed_in(client)


def test_code_works_once(client, person, mailoutbox):
    ask_for_code(client, "ben@example.org")
    code = code_in(mailoutbox[0])
    client.post("/accounts/login/code/confirm/", {"code": code})
    client.post("/accounts/logout/")
    ask_for_code(client, "ben@example.org")
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert not signed_in(client)


def test_by_password_and_out(client, person):
    person.set_password("open-dialogue")
    person.save()
    client.post("/accounts/login/", {"login": "ben@example.org", "password": "open-dialogue"})
    assert signed_in(client)
    client.post("/accounts/logout/")
    assert not signed_in(client)


@pytest.mark.parametrize("known", [True, False])
def test_a_forgotten_password_is_replaced_after_a_code(client, person, mailoutbox, known):
    client.post("/accounts/password/reset/", {"email": "ben@example.org" if known else "nobody@example.org"})
    send()
    if not known:
        assert "no account" in mailoutbox[0].body
        return
    answer = client.post("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])})
    assert not signed_in(client)
    typed = {"password1": "a-long-way-home-42", "password2": "a-long-way-home-42"}
    client.post(answer.headers["Location"], typed)
    person.refresh_from_db()
    assert person.check_password("a-long-way-home-42")


def test_goes_on_while_the_broker_is_out_of_reach(client, person, mailoutbox, settings):
    settings.CACHES = {"default": {"BACKEND": "opendialogue.cache.StubbornCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    ask_for_code(client, "ben@example.org")
    client.post("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])})
    assert signed_in(client)
    client.post("/accounts/logout/")
    for _ in range(30):
        page = client.post("/accounts/login/", {"login": "nobody@example.org", "password": "guess"})
    assert "Too many" in page.content.decode()


def test_second_factor_is_asked_for(client):
    staff = make_staff(make_service(), "Aino", "clinician", email="aino@example.org")
    staff.user.set_password("open-dialogue")
    staff.user.save()
    staff.user.authenticator_set.create(type="totp", data={"secret": "x"})
    client.post("/accounts/login/", {"login": "aino@example.org", "password": "open-dialogue"})
    assert not signed_in(client)


def test_mail_gives_nobody_away(client, person, mailoutbox):
    ask_for_code(client, "ben@example.org")
    [mail] = mailoutbox
    everything = str(mail.message()).lower()
    assert mail.to == ["ben@example.org"]
    assert not [word for word in ("dialogue", "meeting", "crisis", "tornio", "ben,", "dear") if word in everything]


def test_nobody_signs_up(client):
    client.post(
        "/accounts/signup/", {"email": "new@example.org", "password1": "long-enough-42", "password2": "long-enough-42"}
    )
    assert not signed_in(client)
    assert not EmailAddress.objects.exists()


def test_too_many_tries_are_answered_in_words(client):
    for _ in range(40):
        page = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert page.status_code == 429
    assert "Please wait a few minutes" in page.content.decode()


def test_what_went_wrong_at_sign_in_says_what_to_do(client):
    empty = client.post("/accounts/login/code/", {"email": ""}).content.decode()
    assert "Write your e-mail address." in empty
    half = client.post("/accounts/login/code/", {"email": "aino@nowhere"}).content.decode()
    assert "This is not a whole address" in half
    client.post("/accounts/login/code/", {"email": "nobody@example.org"})
    wrong = client.post("/accounts/login/code/confirm/", {"code": "ABCD-EFGH"}).content.decode()
    assert "have a new one sent" in wrong
