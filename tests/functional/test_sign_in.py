"""Staff come in by a code, have to set up a passkey, and from then on come in with it alone; in a real browser."""

import re

import pytest

from network import outbox
from tests.factories import make_service, make_staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def device(browser_page):
    """A phone that answers for its owner's finger."""
    session = browser_page.context.new_cdp_session(browser_page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    options |= {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_passkey_from_first_code_to_next_sign_in(browser_page, device, settings, mailoutbox):
    settings.REQUIRE_SECOND_FACTOR = True
    make_staff(make_service(), "Aino", "coordinator", email="aino@example.org")
    page = browser_page

    page.goto("/accounts/login/code/")
    page.get_by_label("E-mail").fill("aino@example.org")
    page.keyboard.press("Enter")
    code = page.get_by_label("The code")
    code.wait_for()
    outbox.send_due()
    code.fill(re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mailoutbox[0].body).group())
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/2fa/")

    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("A name for it").fill("my phone")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)

    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="passkey").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    assert "/accounts/" not in page.url
