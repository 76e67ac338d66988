"""What is not there, or not yours, reads the same in local use and in a service."""

from uuid import uuid4

import pytest

from tests.factories import make_service, make_staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("debug", [True, False])
def test_an_outsider_reads_our_page(client, settings, debug):
    settings.DEBUG = debug
    client.force_login(make_staff(make_service(), "Aino", "coordinator").user)
    answer = client.get(f"/cases/{uuid4()}/")
    assert answer.status_code == 404
    assert "There is nothing here for you" in answer.content.decode()


def test_an_address_that_only_takes_what_is_sent_says_so(client):
    """Who had to sign in on the way comes to it as to a page."""
    client.force_login(make_staff(make_service(), "Aino", "coordinator").user)
    answer = client.get(f"/cases/{uuid4()}/take/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing was sent" in answer.content.decode()
    assert client.head(f"/cases/{uuid4()}/take/").content == b""


@pytest.mark.parametrize("debug", [True, False])
def test_an_address_that_does_not_exist_reads_the_same(client, settings, debug):
    settings.DEBUG = debug
    for user in (None, make_staff(make_service(), "Aino", "coordinator").user):
        if user:
            client.force_login(user)
        answer = client.get("/no/such/address/")
        assert answer.status_code == 404
        assert "There is nothing here for you" in answer.content.decode()
