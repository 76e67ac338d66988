"""The database of a test run, and the roles the service works under."""

import contextlib
import os
import threading

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from network.identity import acting_as
from opendialogue.local import chromium as browsers

from . import database

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose

# The same examples each time, and none is too slow: how fast the machine is decides nothing.
hypothesis_settings.register_profile(
    "calm", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("calm")

__all__ = ["acting_as", "role", "sign_in"]


@contextlib.contextmanager
def role(name):
    """Work under a role of the database. Row security holds for od_app and od_clock, not for the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (before,) = cursor.fetchone()
        cursor.execute(f'SET ROLE "{name}"')
    try:
        yield
    finally:
        # In a broken transaction nothing can be said; the rollback brings the role back.
        if not connection.needs_rollback and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute(f'SET ROLE "{before}"')


class AppClient(Client):
    """A browser: each of its requests reaches the service under the service's own role."""

    def request(self, **request):
        with role("od_app"):
            return super().request(**request)


@pytest.fixture
def client():
    return AppClient()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker):
    """A database of this run's own, copied from a migrated one."""
    database.name_after_this_run()
    with django_db_blocker.unblock():
        database.start_from_template()


@pytest.fixture(scope="session", autouse=True)
def _service_threads():
    """A live server answers in threads with connections of their own: they work as the service, too."""

    def step_down(connection, **kwargs):
        if threading.current_thread() is not threading.main_thread():
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE od_app")

    connection_created.connect(step_down)
    yield
    connection_created.disconnect(step_down)


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for the whole run, with nothing of its own to do on the network."""
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.program(), args=browsers.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(live_server, chromium):
    """A page of the live server, with relative addresses; an error of a script or a missing file fails the test."""
    errors = []
    context = chromium.new_context(base_url=live_server.url, locale="en-GB", timezone_id="Europe/Helsinki")
    context.set_default_timeout(60_000)  # a busy machine is not a fault of the page
    page = context.new_page()

    def listen(message):
        # A refused page and a cut network are what some tests are about.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    def look(response):
        if response.status >= 400 and response.request.resource_type in {"script", "stylesheet", "image", "font"}:
            errors.append(f"{response.status} {response.url}")

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", listen)
    page.on("response", look)
    yield page
    context.close()
    assert not errors, errors


def sign_in(page, user):
    """Give the page's browser the session of somebody who signed in."""
    browser = Client()
    browser.force_login(user)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "domain": "localhost", "path": "/"}])
