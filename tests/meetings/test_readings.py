"""Promise 9: every reading is on record, and the person sees who read what and when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from network.models import Reading
from tests.conftest import acting_as, role
from tests.factories import make_cast

HELSINKI = ZoneInfo("Europe/Helsinki")

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
    day = f"{cast.held.started_at.astimezone(HELSINKI):%-d} "
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


def log(cast, who, at, what="note", thing=None):
    """A reading of the past, as the owner of the tables."""
    return Reading.objects.create(
        network=cast.network, service=cast.service, reader=who.user, reader_name=who.name, reader_role="member", what=what,
        thing=thing or cast.held.uuid, at=at,
    )  # fmt: skip


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=HELSINKI)


def test_what_one_opened_on_one_day_is_one_line(cast, client):
    for hour, minute in ((9, 2), (9, 40), (10, 15), (11, 30)):
        log(cast, cast.mother, at(3, hour, minute))
    log(cast, cast.mother, at(4, 0, 1), what="pdf")
    page = readings(client, cast)
    assert page.count("<bdi>Marja</bdi>") == 2, "one minute past midnight is another day"
    assert "four times, between 09:02 and 11:30" in page
    assert [time in page for time in ("<li>09:02 ", "<li>09:40 ", "<li>10:15 ", "<li>11:30 ")] == [True] * 4
    assert page.index("as PDF") < page.index("four times"), "the latest first"


def test_different_things_are_counted_and_each_is_told(cast, client):
    log(cast, cast.mother, at(3, 9), what="note")
    log(cast, cast.mother, at(3, 9, 30), what="pdf")
    page = readings(client, cast)
    day = f"{cast.held.started_at.astimezone(HELSINKI):%-d} "
    assert f"read the meeting of {day}" in page.split("as PDF")[0]
    assert "as PDF <span" in page
    assert "twice, between 09:00 and 09:30" in page
    log(cast, cast.mother, at(3, 9, 45), what="case", thing=cast.case.uuid)
    page = readings(client, cast)
    assert "opened 3 things" in page
    assert "<li>09:45 read the case</li>" in page


def test_two_of_one_name_are_two(cast, client):
    cast.friend.name = "Marja"
    log(cast, cast.mother, at(3, 9))
    log(cast, cast.friend, at(3, 9))
    assert readings(client, cast).count("<bdi>Marja</bdi>") == 2


def test_pages_of_fifty_and_a_page_that_does_not_exist(cast, client):
    for n in range(51):
        log(cast, cast.mother, at(1, 9) + timedelta(days=n))
    assert readings(client, cast).count("<bdi>Marja</bdi>") == 50
    assert readings(client, cast, "?page=2").count("<bdi>Marja</bdi>") == 1
    for odd in ("?page=999", "?page=x", "?page=-1", "?page=%00"):
        assert "<bdi>Marja</bdi>" in readings(client, cast, odd)


def test_the_same_number_of_queries_for_one_and_for_many(cast, client):
    def asked():
        with CaptureQueriesContext(connection) as found:
            readings(client, cast)
        return len([one for one in found if "network_reading" in one["sql"] or "meetings_meeting" in one["sql"]])

    log(cast, cast.mother, at(1, 9))
    few = asked()
    for n in range(60):
        log(cast, cast.mother, at(1, 9) + timedelta(hours=n))
    assert asked() == few
