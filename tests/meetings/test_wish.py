"""The person asks for a meeting, and members choose what messages say. Nobody writes into the void (promise 14)."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from meetings.actions import sharing
from network.models import MemberContact, Message
from network.rules import Refusal
from referrals.models import CaseClosure, Contact
from tests.conftest import acting_as, role
from tests.factories import close, hours, make_cast, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def test_the_page_says_when_it_is_read_and_whom_to_call_now(cast, client):
    client.force_login(cast.person.user)
    page = client.get("/my/wish/").content.decode()
    for said in ("<bdi>Aino</bdi> gets a message at once", "Nobody watches this page at night.", "016 555 0100", "112"):
        assert said in page


def test_a_wish_stands_on_the_case_and_its_owner_is_told_without_a_word_of_it(cast, client):
    client.force_login(cast.person.user)
    form = {"once": uuid4(), "words": "I cannot wait until Monday."}
    for _ in range(2):
        assert client.post("/my/wish/", form).headers["Location"] == "/my/"
    wish = Contact.objects.get(kind="wish")
    assert (wish.words, wish.by_member) == ("I cannot wait until Monday.", cast.person)
    cast.case.refresh_from_db()
    assert cast.case.wish_waiting_since == wish.at
    message = Message.objects.get()
    assert (message.kind, message.to) == ("staff", cast.coordinator.user.email)
    assert "<bdi>Aino</bdi> looks after it." in client.get("/my/").content.decode()


@pytest.mark.parametrize("who", ["mother", "friend", "coordinator", "clinician1", "person2"])
def test_nobody_wishes_in_the_persons_name(cast, client, who):
    user = getattr(cast, who).user
    client.force_login(user)
    before = Contact.objects.filter(network=cast.network).count()
    client.post("/my/wish/", {"once": uuid4(), "words": "She wants this."})
    with role("od_app"), acting_as(user.pk):
        with pytest.raises(PermissionDenied):
            sharing.wish_for_meeting(network=cast.network, words="She wants this.", once=uuid4(), by=user)
        insert = (
            "INSERT INTO referrals_contact (uuid, service_id, network_id, case_id, kind, whom, words, declined_by, declined_what, offered,"
            " next_contact, by_member_id) VALUES (%s, %s, %s, %s, 'wish', '', 'x', '', '', '', '', %s)"
        )
        scope = [uuid4(), cast.service.pk, cast.network.pk, cast.case.pk, cast.person.pk]
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert, scope)
    assert Contact.objects.filter(network=cast.network).count() == before


def test_without_an_open_case_the_page_says_how_to_begin_again(cast, client):
    start(cast.booked, cast.person, cast.clinician1, at=cast.held.closed_at + hours(1))
    close(cast.booked, at=cast.held.closed_at + hours(2))
    CaseClosure.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="together", reason="We are well.",
        first_staff=cast.clinician1, decided_in=cast.booked.uuid,
    )  # fmt: skip
    client.force_login(cast.person.user)
    assert "Your meetings have come to an end." in client.get("/my/wish/").content.decode()
    answer = client.post("/my/wish/", {"once": uuid4(), "words": "Once more, please."})
    assert "This case is closed." in answer.content.decode()
    with role("od_app"), acting_as(cast.person.user.pk), pytest.raises(Refusal):
        sharing.wish_for_meeting(network=cast.network, words="Again", once=uuid4(), by=cast.person.user)


def test_empty_and_endless_words_get_a_sentence(cast, client):
    client.force_login(cast.person.user)
    for words, sentence in (("\u200b", "Write what you would like"), ("x" * 20_001, "20,000 is the most")):
        page = client.post("/my/wish/", {"once": uuid4(), "words": words}).content.decode()
        assert sentence in page
        assert words in page


# How messages reach me


def test_a_member_chooses_whether_messages_carry_the_time(cast, client):
    client.force_login(cast.mother.user)
    page = client.get("/my/messages/").content.decode()
    assert cast.mother.user.email in page
    form = {"network": cast.network.uuid, "time_in_messages": "yes"}
    assert client.post("/my/messages/", form).status_code == 302
    assert MemberContact.objects.get(member=cast.mother).time_in_messages
    assert not MemberContact.objects.get(member=cast.friend).time_in_messages
    assert client.post("/my/messages/", form | {"time_in_messages": "maybe"}).status_code == 200


def test_nobody_chooses_for_another(cast, client):
    client.force_login(cast.friend.user)
    client.post("/my/messages/", {"network": cast.network2.uuid, "time_in_messages": "yes"})
    with role("od_app"), acting_as(cast.friend.user.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE network_membercontact SET time_in_messages = true")
        assert cursor.rowcount == 1
    assert list(MemberContact.objects.filter(time_in_messages=True)) == [cast.friend.contact]


def test_staff_outside_a_network_have_no_such_page(cast, client):
    client.force_login(cast.clinician1.user)
    assert client.get("/my/messages/").status_code == 404
