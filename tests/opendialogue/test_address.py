"""An account is one address. Whoever could add another could add somebody else's, and would read what is theirs."""

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import IntegrityError, transaction

from tests.conftest import AppClient, acting_as, role
from tests.factories import make_cast
from tests.opendialogue.test_sign_in import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    cache.clear()
    return make_cast()


@pytest.mark.parametrize("door", ["", "accounts"])
def test_the_database_takes_no_other_address(cast, door):
    values = {"user": cast.friend.user, "email": cast.mother.user.email, "verified": True, "primary": False}
    with role("od_app"), acting_as(cast.friend.user.pk):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            EmailAddress.objects.create(**values)
        assert refused.value.__cause__.diag.constraint_name == "account_has_one_address"
        own = EmailAddress.objects.create(**values | {"email": cast.friend.user.email})
        with pytest.raises(IntegrityError), transaction.atomic():
            EmailAddress.objects.filter(pk=own.pk).update(email=cast.mother.user.email)


@pytest.mark.parametrize("button", ["action_add", "action_primary", "action_send", "action_remove"])
def test_the_page_only_shows_it(client, cast, button, mailoutbox):
    client.force_login(cast.friend.user)
    sent = client.post("/accounts/email/", {"email": cast.mother.user.email, button: ""})
    assert sent.status_code == 405
    page = client.get("/accounts/email/").content.decode()
    assert cast.friend.user.email in page
    assert 'name="email"' not in page
    assert not EmailAddress.objects.exists()
    assert not mailoutbox


def test_it_is_shown_to_nobody_who_has_not_signed_in(client):
    assert client.get("/accounts/email/").headers["Location"].startswith("/accounts/login/")


def test_a_code_opens_the_account_of_its_address(cast, mailoutbox):
    """Whoever signs in by code, password or reset gets an address row of their own account, and no other."""
    mother = AppClient()
    mother.post("/accounts/login/code/", {"email": cast.mother.user.email})
    send()
    code = mailoutbox[0].body.split("\n\n")[1]
    mother.post("/accounts/login/code/confirm/", {"code": code})
    assert mother.session["_auth_user_id"] == str(cast.mother.user.pk)
