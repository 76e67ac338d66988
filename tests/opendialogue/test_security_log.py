"""Who signed in, who could not, what was refused: on record by number, and without a word about anybody."""

import pytest

from tests.factories import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def lines(caplog):
    caplog.set_level("INFO", logger="security")
    return lambda: [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "security"]


def test_a_sign_in_by_password_and_its_end(cast, client, lines):
    user = cast.clinician1.user
    user.set_password("a long way home")
    user.save()
    client.post("/accounts/login/", {"login": user.email, "password": "a long way home"})
    client.post("/accounts/logout/")
    assert [words for _, words in lines()] == [
        f"account {user.pk} signed in by password",
        f"account {user.pk} signed out",
    ]


@pytest.mark.parametrize("known", [True, False])
def test_a_sign_in_that_failed_says_from_where_and_not_who(cast, client, lines, known):
    email = cast.clinician1.user.email if known else "nobody@example.org"
    client.post("/accounts/login/", {"login": email, "password": "wrong words"}, REMOTE_ADDR="192.0.2.7")
    assert lines() == [("WARNING", "sign-in failed by password, from 192.0.2.7")]


def test_what_was_refused(cast, client, lines):
    client.force_login(cast.mother.user)
    client.get(f"/cases/{cast.case.uuid}/")
    client.get("/board/")
    refused = [words for _, words in lines() if "refused" in words]
    account = f"account {cast.mother.user.pk}"
    assert refused == [f"404 refused case to {account}", f"404 refused board to {account}"]
    assert not any(str(cast.case.uuid) in words for _, words in lines())
