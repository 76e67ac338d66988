"""Nobody is linked by an address alone: somebody says who they are, or that they are not."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from network.actions import joining
from network.models import Member, Message
from opendialogue.accounts import AccountAdapter
from tests.conftest import acting_as, role
from tests.factories import make_cast, make_meeting, make_member, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    c = make_cast()
    c.aunt = make_member(c.network, "Kerttu", account=False, email="kerttu@example.org")
    c.account = make_user("kerttu@example.org")
    return c


def test_signing_in_links_nothing_and_leads_to_the_question(cast, client):
    client.force_login(cast.account)
    assert client.get("/my/").headers["Location"] == "/my/join/"
    page = client.get("/my/join/").content.decode()
    assert "What are you called?" in page
    assert not [word for word in ("Kerttu", "Tornio", "Elina", "Dialogue", "meeting") if word in page]
    page = called(client, "kerttu LAHTI").content.decode()
    assert "<bdi>Kerttu</bdi>" in page
    assert "Tornio team" in page
    assert "Elina" not in page
    assert Member.objects.get(pk=cast.aunt.pk).user is None


def called(client, name):
    return client.post("/my/join/", {"called": name}, follow=True)


@pytest.mark.parametrize("name", ["Aino", "", "   ", "K", "Kert", "Elina", "ert"])
def test_who_is_called_otherwise_learns_nothing(cast, client, name):
    client.force_login(cast.account)
    page = called(client, name).content.decode()
    assert "not the name that was written down" in page
    assert not [word for word in ("Kerttu", "Tornio", "Dialogue") if word in page]
    client.post("/my/join/", {"yes": cast.aunt.uuid})
    cast.aunt.refresh_from_db()
    assert cast.aunt.user is None


def test_names_are_not_guessed_one_after_the_other(cast, client):
    client.force_login(cast.account)
    for name in ("Anna", "Aino", "Liisa", "Maria", "Tuula"):
        called(client, name)
    page = called(client, "Kerttu").content.decode()
    assert "Please call the team you know." in page
    assert "Tornio" not in page


def test_a_mistake_is_said_without_learning_whose(cast, client):
    client.force_login(cast.account)
    client.post("/my/join/", {"none": "yes"})
    cast.aunt.contact.refresh_from_db()
    assert cast.aunt.contact.email == ""


@pytest.mark.parametrize(
    ("written", "typed", "same"),
    [("Kerttu Lahti", "kerttu", True), ("Aunt Kerttu", "Kerttu Lahti", False), ("Łucja", "łucja", True),
     ("李雷", "李雷", True), ("Kerttu", "", False), ("?", "?", False)],
)  # fmt: skip
def test_what_counts_as_the_name(written, typed, same):
    assert joining.called(written, typed) is same


def test_yes_this_is_me(cast, client):
    client.force_login(cast.account)
    called(client, "Kerttu")
    assert client.post("/my/join/", {"yes": cast.aunt.uuid}, follow=True).redirect_chain[-1][0] == "/my/"
    cast.aunt.refresh_from_db()
    assert (cast.aunt.user, cast.aunt.joined_at is None) == (cast.account, False)
    assert "What <bdi>Elina</bdi> shares with you will be here." in client.get("/my/").content.decode()


def test_no_that_is_not_me(cast, client):
    client.force_login(cast.account)
    called(client, "Kerttu")
    assert client.post("/my/join/", {"no": cast.aunt.uuid}, follow=True).redirect_chain[-1][0] == "/my/"
    cast.aunt.refresh_from_db()
    assert (cast.aunt.user, cast.aunt.contact.email) == (None, "")
    message = Message.objects.get()
    assert (message.kind, message.to) == ("staff", cast.coordinator.user.email)
    assert "Nothing is here right now" in client.get("/my/").content.decode()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_nobody_answers_for_another(cast, client, answer):
    client.force_login(make_user("somebody@example.org"))
    for uuid in (cast.aunt.uuid, cast.friend.uuid, uuid4(), "x"):
        assert client.post("/my/join/", {answer: uuid}).status_code == 302
    cast.aunt.refresh_from_db()
    assert (cast.aunt.user, cast.aunt.contact.email) == (None, "kerttu@example.org")


def test_action_refuses_what_does_not_wait_for_them(cast):
    stranger = make_user("somebody@example.org")
    with role("od_app"), acting_as(stranger.pk):
        for verb in (joining.join, joining.decline):
            with pytest.raises(PermissionDenied):
                verb(member=cast.aunt.uuid, by=stranger)


def test_sql_no_account_is_put_on_a_member(cast):
    change = f"UPDATE network_member SET user_id = %s WHERE id = {cast.aunt.pk}"
    for user in (cast.account, cast.person.user, cast.coordinator.user, cast.clinician1.user):
        with (
            role("od_app"),
            acting_as(user.pk),
            connection.cursor() as cursor,
            pytest.raises(DatabaseError),
            transaction.atomic(),
        ):
            cursor.execute(change, [user.pk])


def test_sql_no_door_to_a_member_taken_already(cast):
    with role("od_app"), acting_as(cast.account.pk), connection.cursor() as cursor:
        for name in ("join_network", "not_me"):
            cursor.execute(f"SELECT od.{name}(%s)", [cast.friend.uuid])
            assert cursor.fetchone() == (False,)


def test_who_is_not_wanted_and_may_read_nothing_is_not_asked(cast, client):
    make_member(cast.network, "Unwanted", account=False, email="un@example.org", wanted=False)
    client.force_login(make_user("un@example.org"))
    assert "Nothing is here right now" in client.get("/my/").content.decode()


def test_somebody_of_another_network_is_asked_beside_their_page(cast, client):
    niece = make_member(cast.network2, "Kerttu", account=False)
    Member.objects.filter(pk=niece.pk).update(user=cast.account, joined_at=cast.held.starts_at)
    client.force_login(cast.account)
    assert "Say whether this is you" in client.get("/my/").content.decode()


def test_after_sign_in_the_question_comes_first(cast, rf):
    request = rf.post("/accounts/login/code/confirm/")
    for user, address in ((cast.account, "/my/join/"), (cast.mother.user, "/")):
        request.user = user
        with role("od_app"), acting_as(user.pk):
            assert AccountAdapter(request).get_login_redirect_url(request) == address


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician1", "cover"])
def test_nobody_who_works_with_a_network_joins_it(cast, client, who):
    """By an address they wrote down themselves they would give the person's word."""
    if who == "cover":
        make_meeting(cast.case, cast.clinician3)
    staff = getattr(cast, "clinician3" if who == "cover" else who)
    cast.aunt.contact.email = staff.user.email
    cast.aunt.contact.save(update_fields=["email"])
    client.force_login(staff.user)
    assert "Kerttu" not in client.get("/my/join/", follow=True).content.decode()
    assert client.post("/my/join/", {"yes": cast.aunt.uuid}).status_code == 302
    with role("od_app"), acting_as(staff.user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT od.join_network(%s)", [cast.aunt.uuid])
        assert cursor.fetchone() == (False,)
    assert Member.objects.get(pk=cast.aunt.pk).user is None


def test_a_clinician_of_another_team_may_have_an_aunt(cast, client):
    cast.aunt.contact.email = cast.clinician3.user.email
    cast.aunt.contact.save(update_fields=["email"])
    client.force_login(cast.clinician3.user)
    called(client, "Kerttu")
    client.post("/my/join/", {"yes": cast.aunt.uuid})
    assert Member.objects.get(pk=cast.aunt.pk).user == cast.clinician3.user
