"""The pages of an account, and those that say what went wrong."""

import re

import pytest
from django.template.loader import render_to_string

from tests.factories import make_member, make_network, make_service, make_staff

pytestmark = pytest.mark.django_db

PAGES = ["2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/", "sessions/", "email/", "logout/"]


@pytest.fixture(params=["staff", "person"])
def user(request):
    if request.param == "staff":
        return make_staff(make_service(), "Aino Canary", "coordinator").user
    return make_member(make_network(make_service()), "Elina Canary", is_person=True).user


def kept_by_the_policy(html):
    """No inline style, no handler, no script with a body that would run."""
    return not re.search(r'<[^>]+\s(style|on\w+)=|<style|<script(?![^>]*(src=|type="application/json"))', html)


@pytest.mark.parametrize("page", PAGES)
def test_account_pages_open_for_everybody_who_has_one(client, user, page):
    client.force_login(user)
    response = client.get(f"/accounts/{page}", follow=True)
    html = response.content.decode()
    assert response.status_code == 200
    assert kept_by_the_policy(html)
    assert len(re.findall(r"<h1", html)) == 1
    assert "Canary" not in re.search(r"<title>(.*?)</title>", html).group(1)


def test_where_people_are_signed_in_is_said_in_their_words(client, user):
    user.set_password("open-dialogue")
    user.save()
    agent = "Mozilla/5.0 (Linux; Android 14) Chrome/138.0 Mobile Safari/537.36"
    typed = {"login": user.email, "password": "open-dialogue"}
    client.post("/accounts/login/", typed, HTTP_USER_AGENT=agent)
    html = client.get("/accounts/sessions/").content.decode()
    assert "Chrome on Android" in html
    assert "Mozilla" not in html


@pytest.mark.parametrize("page", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_pages_about_failures_need_nothing_to_say_so(page):
    html = render_to_string(page)
    assert kept_by_the_policy(html)
    assert "js/page.js" not in html  # it would forget the words that were just not saved
    assert "<h1" in html


def test_a_missing_page_does_not_repeat_its_address(client, user):
    client.force_login(user)
    response = client.get("/Elina-Canary/")
    assert response.status_code == 404
    assert b"Canary/" not in response.content
