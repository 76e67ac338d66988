"""Promise 9: every reading is on record, and the person sees who read what and when."""

import pytest
from django.db import DatabaseError, connection, transaction

from network.models import Reading
from tests.conftest import acting_as, role
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def read(client, member, cast, *pages):
    client.force_login(member.user)
    for page in pages:
        client.get(f"/notes/{cast.held.uuid}/{page}")


def readings(client, cast, query=""):
    client.force_login(cast.person.user)
    return client.get(f"/my/readings/{query}").content.decode()


def test_in_words_who_read_what(cast, client):
    read(client, cast.mother, cast, "", "pdf/")
    read(client, cast.clinician1, cast, "")
    read(client, cast.coordinator, cast, "")
    page = readings(client, cast)
    day = f"{cast.held.started_at:%-d} "
    assert f"<b><bdi>Marja</bdi></b> read the meeting of {day}" in page
    assert "as PDF" in page
    assert "<b><bdi>Leena</bdi></b> of your team read the meeting of" in page
    assert "<b><bdi>Aino</bdi></b>, coordinator, who is not of your team, read the meeting of" in page
    assert "<title>Who has read</title>" in page


def test_looking_is_on_record_too(cast, client):
    readings(client, cast)
    assert list(Reading.objects.values_list("what", "reader_role")) == [("readings", "person")]
    assert "<b>You</b> looked at the list of who has read" in readings(client, cast, "?own=1")
    assert "You" not in readings(client, cast).split("<main")[1].split("Nobody yet")[0].split("Others and me")[1]


@pytest.mark.parametrize(
    "who", ["mother", "friend", "uncle", "clinician1", "clinician3", "coordinator", "lead", "coordinator2"]
)
def test_nobody_else_sees_the_list(cast, client, who):
    read(client, cast.mother, cast, "")
    user = getattr(cast, who).user
    client.force_login(user)
    assert client.get("/my/readings/").status_code == 404
    with role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM network_reading")
        assert cursor.fetchone() == ((1,) if who == "lead" else (0,))


def test_only_of_their_own_network(cast, client):
    read(client, cast.mother, cast, "")
    client.force_login(cast.person2.user)
    assert "Marja" not in client.get("/my/readings/").content.decode()


def test_a_refused_reading_is_none(cast, client):
    read(client, cast.friend, cast, "", "pdf/", "add/", "share/")
    assert not Reading.objects.exists()


@pytest.mark.parametrize("change", ["UPDATE network_reading SET reader_name = 'x'", "DELETE FROM network_reading"])
def test_what_is_on_record_stays(cast, client, change):
    read(client, cast.mother, cast, "")
    with connection.cursor() as cursor:
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(change)
        with role("od_app"), pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(change)


def test_pages_of_fifty_and_a_page_that_does_not_exist(cast, client):
    user = cast.mother.user
    with role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
        for _ in range(51):
            cursor.execute("SELECT od.log_reading('note', %s, %s)", [cast.held.uuid, cast.network.pk])
    assert readings(client, cast).count("<bdi>Marja</bdi>") == 50
    assert readings(client, cast, "?page=2").count("<bdi>Marja</bdi>") == 1
    for odd in ("?page=999", "?page=x", "?page=-1", "?page=%00"):
        assert "<bdi>Marja</bdi>" in readings(client, cast, odd)
