"""What a page says about the last thing that was done names people: it waits in the session, and in no cookie of the browser."""

import pytest

from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def test_no_cookie_carries_what_was_done(client):
    cast = make_cast()
    client.force_login(cast.person.user)
    shared = client.post(f"/notes/{cast.held.uuid}/share/", {"members": str(cast.friend.uuid)})
    assert shared.status_code == 302
    assert set(client.cookies) <= {"session", "token", "__Host-session", "__Host-token"}
    assert "Jussi can read this now." in client.get(shared.headers["Location"]).content.decode()
