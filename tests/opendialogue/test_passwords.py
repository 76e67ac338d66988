"""A password: asked for in our words, and a new one ends notifications to whatever device is not at hand."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from network import outbox
from network.models import Message, StaffChannel
from tests.conftest import acting_as, role
from tests.factories import make_browser, make_cast

pytestmark = pytest.mark.django_db
OLD, NEW = "a-long-word-of-theirs", "kettle-ferry-onion"


@pytest.fixture
def cast():
    cache.clear()
    cast = make_cast()
    cast.clinician1.user.set_password(OLD)
    cast.clinician1.user.save()
    return cast


@pytest.fixture
def browser(client, cast):
    client.post("/accounts/login/", {"login": cast.clinician1.user.email, "password": OLD})
    return client


def change(browser, old=OLD, new=NEW, again=NEW):
    return browser.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": again})


def words(answer):
    return re.sub(r"<[^>]+>", " ", answer.content.decode())


def active():
    return set(StaffChannel.objects.filter(active=True).values_list("device", flat=True))


def test_the_pages_ask_in_our_words(browser, mailoutbox):
    page = words(browser.get("/accounts/password/change/"))
    for label in ("Your password now", "A new password", "The same once more", "I do not know it any more"):
        assert label in page
    assert "Current Password" not in page
    assert "personal information" not in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"old": ""}, "Write your password."),
        ({"old": "guess"}, "This is not your password. Type it again."),
        ({"new": ""}, "Write a new password."),
        ({"again": "another"}, "This is not the same as above."),
        ({"new": "kettle", "again": "kettle"}, "Too short"),
        ({"new": "password", "again": "password"}, "Many people use this one"),
        ({"new": "clinician1@example.org", "again": "clinician1@example.org"}, "Too much like your address"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(browser, cast, typed, said):
    if "@" in typed.get("new", ""):
        typed = dict.fromkeys(("new", "again"), cast.clinician1.user.email)
    answer = change(browser, **typed)
    assert answer.status_code == 200
    assert said in words(answer)
    cast.clinician1.user.refresh_from_db()
    assert cast.clinician1.user.check_password(OLD)


def test_a_new_password_ends_notifications_elsewhere(browser, cast):
    make_browser(cast.clinician1, "The phone that is gone")
    make_browser(cast.clinician2, "A colleague's", endpoint="https://fcm.googleapis.com/send/other")
    assert change(browser).status_code == 302
    assert active() == {"A colleague's"}
    assert set(StaffChannel.objects.filter(active=False).values_list("put_away_why", flat=True)) == {"signed_out"}


def test_so_does_one_set_with_a_code_by_whoever_forgot_it(client, cast, mailoutbox):
    make_browser(cast.clinician1, "The phone that is gone")
    make_browser(cast.clinician2, "A colleague's", endpoint="https://fcm.googleapis.com/send/other")
    client.post("/accounts/password/reset/", {"email": cast.clinician1.user.email})
    Message.objects.waiting().update(due_at=timezone.now() - timedelta(hours=1))
    with role("od_clock"):
        outbox.send_due()
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mailoutbox[0].body).group()
    link = client.post("/accounts/login/code/confirm/", {"code": code}).headers["Location"]
    form = client.get(link, follow=True)
    assert "The same once more" in words(form)
    client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    cast.clinician1.user.refresh_from_db()
    assert cast.clinician1.user.check_password(NEW)
    assert active() == {"A colleague's"}


def test_nobody_ends_what_goes_to_somebody_else(cast):
    make_browser(cast.clinician1, "Mine")
    for who in (cast.clinician2.user.pk, None):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            role("od_app"),
            acting_as(who),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT od.end_other_browsers(%s, NULL)", [cast.clinician1.user_id])
    assert active() == {"Mine"}
