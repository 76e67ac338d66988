"""Promise 4: who belongs to a network, the person's word on them, one address for one member."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from meetings.actions.members import Word, add_member, change_member, give_word, member_comes_back, member_leaves
from meetings.models import Meeting
from network.models import Member, Message
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import make_cast, share

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def acted(user, action, **arguments):
    with role("od_app"), acting_as(user.pk):
        return action(by=user, **arguments)


def add(cast, by=None, **contact):
    return acted(
        (by or cast.clinician1).user, add_member, network=cast.network, details={"name": "Aune", "relation": "her aunt"},
        contact=contact, word=None,
    )  # fmt: skip


@pytest.mark.parametrize("who", ["coordinator", "clinician1", "person"])
def test_somebody_is_added(cast, who):
    member = add(cast, getattr(cast, who), email="Aune@Example.org")
    assert (member.contact.email, member.wanted, member.user) == ("aune@example.org", None, None)


@pytest.mark.parametrize("who", ["clinician3", "former", "mother", "coordinator2"])
def test_others_add_nobody(cast, who):
    with pytest.raises(PermissionDenied):
        add(cast, getattr(cast, who))


def test_one_address_one_member(cast):
    with pytest.raises(Refusal) as refusal:
        add(cast, email=cast.mother.contact.email.upper())
    assert (refusal.value.rule, refusal.value.field) == ("one_address_one_member", "email")


def test_a_word_says_where_it_was_given(cast):
    with pytest.raises(Refusal) as refusal:
        acted(cast.clinician1.user, give_word, member=cast.friend, word=Word(True, " "))
    assert refusal.value.rule == "member_wanted_says_where"


def test_a_no_takes_back_what_somebody_was_asked_to(cast):
    acted(cast.clinician1.user, give_word, member=cast.friend, word=Word(False, "Elina to Leena, in the kitchen"))
    assert cast.booked.invitations.get(member=cast.friend).withdrawn_at
    assert not cast.booked.invitations.get(member=cast.mother).withdrawn_at


def test_a_new_address_is_told_what_it_is_asked_to(cast):
    acted(
        cast.clinician1.user, change_member, member=cast.friend, details={}, contact={"email": "jussi.new@example.org"}, word=None
    )  # fmt: skip
    assert Message.objects.filter(to="jussi.new@example.org", kind="meeting").count() == 1


def test_leaving_needs_its_reason_and_ends_reading(cast):
    share(cast.held, cast.friend)
    with pytest.raises(Refusal) as refusal:
        acted(cast.clinician1.user, member_leaves, member=cast.mother, reason=" ")
    assert refusal.value.rule == "member_leaves_with_reason"
    for who in (cast.mother, cast.friend):
        acted(cast.clinician1.user, member_leaves, member=who, reason="Elina asked for it")
        assert not Meeting.objects.readable_by(who.user).exists()
    acted(cast.clinician1.user, member_comes_back, member=cast.mother)
    cast.mother.refresh_from_db()
    assert (cast.mother.left_at, cast.mother.wanted) == (None, None)
    assert not Meeting.objects.readable_by(cast.mother.user).exists()
    assert not cast.booked.invitations.filter(member=cast.mother, withdrawn_at=None).exists()


def test_the_person_stays(cast):
    with pytest.raises(Refusal) as refusal:
        acted(cast.clinician1.user, member_leaves, member=cast.person, reason="x")
    assert refusal.value.rule == "person_stays_in_network"


def test_straight_sql(cast):
    def straight(user, **columns):
        with role("od_app"), acting_as(user.pk):
            return Member.objects.filter(pk=cast.friend.pk).update(**columns)

    with pytest.raises(IntegrityError, match="member_leaves_with_reason"), transaction.atomic():
        straight(cast.clinician1.user, left_at="2026-01-01T00:00Z")
    with pytest.raises(IntegrityError, match="member_wanted_says_where"), transaction.atomic():
        straight(cast.clinician1.user, wanted=True, wanted_at="2026-01-01T00:00Z", wanted_word="")
    for who in (cast.friend, cast.mother, cast.clinician3, cast.coordinator2):
        assert straight(who.user, name="Somebody else") == 0


FORM = {"name": "Aune", "relation": "her aunt", "circle": "family", "wanted": "", "wanted_word": "", "email": ""}


def test_the_page_adds(client, cast):
    client.force_login(cast.clinician1.user)
    address = f"/cases/{cast.case.uuid}/members/new/"
    assert client.get(address).status_code == 200
    form = FORM | {"uuid": "6f1c2d2e-6a44-4b6e-9a0e-3a0d5d1c0f15"}
    assert client.post(address, form)["Location"] == f"/cases/{cast.case.uuid}/"
    client.post(address, form)
    assert cast.network.members.filter(name="Aune").count() == 1


def test_the_page_explains(client, cast):
    client.force_login(cast.clinician1.user)
    address = f"/cases/{cast.case.uuid}/members/new/"
    for wrong, sentence in (
        ({"name": "\u200b\x00 "}, "Write a name"),
        ({"email": cast.mother.contact.email}, "Each needs their own"),
        ({"email": "aune@"}, "not an e-mail address"),
        ({"wanted": "yes"}, "Say where the person gave their word"),
        ({"name": "x" * 5000}, "Please shorten it"),
        ({"circle": "patient"}, "This cannot be chosen, or not any more. Choose one of those shown."),
    ):
        html = client.post(address, FORM | {"relation": "her aunt ✨"} | wrong).content.decode()
        assert sentence in html, wrong
        assert "her aunt ✨" in html
    assert not cast.network.members.filter(name="Aune").exists()


def test_the_page_changes_and_says_who_left(client, cast):
    client.force_login(cast.person.user)
    address = f"/cases/{cast.case.uuid}/members/{cast.friend.uuid}/"
    assert "Jussi" in client.get(address).content.decode()
    form = {
        "name": "Jussi K.",
        "circle": "friend",
        "wanted": "no",
        "wanted_word": "I say so",
        "email": "",
        "phone": "040 1",
    }
    assert client.post(address, form).status_code == 302
    cast.friend.refresh_from_db()
    assert (cast.friend.name, cast.friend.wanted, cast.friend.contact.phone) == ("Jussi K.", False, "040 1")
    assert "Say why they leave" in client.post(address, {"leave": "yes"}).content.decode()
    client.post(address, {"leave": "yes", "left_reason": "We are no longer in touch"})
    assert "no longer in touch" in client.get(address).content.decode()
    client.post(address, {"back": "yes"})
    cast.friend.refresh_from_db()
    assert cast.friend.left_at is None


def test_the_person_has_a_home_and_an_interpreter(client, cast):
    client.force_login(cast.coordinator.user)
    address = f"/cases/{cast.case.uuid}/members/{cast.person.uuid}/"
    form = {"name": "Elina", "email": cast.person.contact.email, "home_address": "Kauppakatu 3", "interpreter": "Dari"}
    client.post(address, form)
    cast.person.contact.refresh_from_db()
    assert (cast.person.contact.home_address, cast.person.contact.interpreter) == ("Kauppakatu 3", "Dari")
    assert "Kauppakatu 3" in client.get(f"/cases/{cast.case.uuid}/meetings/new/").content.decode()


def test_a_member_of_another_network_does_not_exist_here(client, cast):
    client.force_login(cast.coordinator.user)
    assert client.get(f"/cases/{cast.case.uuid}/members/{cast.person2.uuid}/").status_code == 404


@pytest.mark.parametrize("who", ["mother", "friend", "clinician3", "coordinator2"])
def test_contacts_are_not_for_others(client, cast, who):
    client.force_login(getattr(cast, who).user)
    assert client.get(f"/cases/{cast.case.uuid}/members/{cast.mother.uuid}/").status_code == 404


def test_coming_back_twice_forgets_nothing_that_was_said_since(cast):
    acted(cast.clinician1.user, give_word, member=cast.friend, word=Word(True, "Elina to Leena"))
    acted(cast.clinician1.user, member_comes_back, member=cast.friend)
    cast.friend.refresh_from_db()
    assert (cast.friend.wanted, cast.friend.wanted_word) == (True, "Elina to Leena")


def test_an_address_too_long_to_keep_is_a_sentence(client, cast):
    client.force_login(cast.coordinator.user)
    long = f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.fi"
    page = client.post(
        f"/cases/{cast.case.uuid}/members/{cast.friend.uuid}/", {"name": "Jussi", "circle": "friend", "email": long}
    )
    assert "longer than an e-mail address can be" in page.content.decode()
    assert long in page.content.decode()


def test_what_no_column_takes_is_a_refusal(cast):
    with pytest.raises(Refusal) as refusal:
        add(cast, email=f"{'a' * 300}@example.org")
    assert refusal.value.rule == "does_not_fit"
