"""What the service tells browsers, so that they guard a page; and that each page of family can be left quickly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from tests.factories import make_service, make_staff
from tests.guards.routes import routes
from tests.guards.test_matrix import ROUTES, TABLE
from tests.guards.world import ours, standing, world

__all__ = ["standing", "world"]  # fixtures

PRODUCTION = """
import django; django.setup()
from django.test import Client
answer = Client(headers={"host": "word.example"}).get("/healthz", secure=True)
for name, value in sorted(answer.headers.items()): print(f"{name}: {value}")
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.DEVICE_COOKIE_NAME, s.ENDED_COOKIE_NAME)
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE)
"""


@pytest.fixture(scope="module")
def production():
    """What a process says that was started with nothing but what it has to be told."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "opendialogue.settings", "PATH": "", "SECRET_KEY": "x", "SITE_URL": "https://word.example",
        "DATABASE_URL": "postgresql://x/y", "REDIS_URL": "memory://",
    }  # fmt: skip
    command = [sys.executable, "-c", PRODUCTION]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "line",
    [
        "Strict-Transport-Security: max-age=31536000", "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
        "Referrer-Policy: same-origin", "Cross-Origin-Opener-Policy: same-origin", "Cache-Control: no-store, private",
        "__Host-session __Host-token __Host-device __Host-ended", "True True True True Lax",
    ],
)  # fmt: skip
def test_headers_and_cookies_in_production(production, line):
    assert line in production


def test_no_page_may_use_what_is_in_a_phone_but_its_passkeys(production):
    [policy] = re.findall(r"Permissions-Policy: (.*)", production)
    rules = dict(rule.split("=", 1) for rule in policy.split(", "))
    assert {rules.pop("publickey-credentials-get"), rules.pop("publickey-credentials-create")} == {"(self)"}
    assert set(rules.values()) == {"()"}
    assert {"camera", "microphone", "geolocation"} <= set(rules)


def test_only_our_own_scripts_and_styles(production):
    [policy] = re.findall(r"Content-Security-Policy: (.*)", production)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert "object-src" not in policy, "falls back to default-src"


@pytest.mark.django_db
def test_no_answer_lets_another_site_read_it(client):
    for address in ("/", "/refer/", "/accounts/login/", "/readyz", "/nowhere/"):
        answer = client.get(address, HTTP_ORIGIN="https://elsewhere.example")
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_each_page_of_family_is_left_quickly(world, settings):
    settings.LEAVE_QUICKLY_URL = "https://weather.example/"
    left = 0
    for pattern, entry in TABLE.items():
        if pattern == "without-signal/":  # the shell of clinicians: it holds nothing, and leads nowhere without signal
            continue
        for role in {"person", "mother", "nobody"} & set(entry.get.get(200, "").split()):
            route = ROUTES[pattern]
            path = reverse(route.name, kwargs={name: ours(world, entry.about)[name] for name in route.parameters})
            answer = world.clients[role].get(path)
            if "text/html" not in answer.headers["Content-Type"]:
                continue
            link = re.search(r'<a href="https://weather.example/" rel="noreferrer" data-leave', answer.content.decode())
            assert link, (pattern, role)
            if role != "nobody" and not pattern.startswith("in/"):  # a link shows a button and nothing else
                assert "may stay in the history" in answer.content.decode(), pattern
            left += 1
    assert left > 20
    script = Path(settings.BASE_DIR, "static/js/page.js").read_text()
    assert "location.replace(leave.href)" in script


@pytest.mark.django_db
@pytest.mark.parametrize("roles", [["coordinator"], ["clinician"], ["lead"]])
def test_staff_see_nothing_before_their_second_step_is_set_up(client, settings, roles):
    """No case, no board, no poll: at every address of the service, whether there is something behind it or not."""
    settings.REQUIRE_SECOND_FACTOR = True
    client.force_login(make_staff(make_service(), "Aino", *roles).user)
    parts = {"key": "x", "slug": "s"}
    seen = {}
    for route in routes():
        if not route.ours or route.pattern.startswith("in/"):
            continue
        uuid = "6e1f2a44-1d1f-4f57-9f3c-000000000001"
        path = reverse(route.name, kwargs={name: parts.get(name, uuid) for name in route.parameters})
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            if (answer.status_code, answer.headers.get("Location")) != (302, "/accounts/2fa/"):
                seen[route.pattern, method] = answer.status_code
    assert {pattern for pattern, _ in seen} == {"sw.js", "manifest.webmanifest", "without-signal/"}, (
        seen
    )  # each the same for everybody
