"""The lead looks into the log of readings: with the purpose, page by page, seen by those whose log it was."""

import csv
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from network.models import AuditEntry, Inquiry, Member, Reading
from tests.factories import make_cast, make_member, make_network

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, tzinfo=ZoneInfo("Europe/Helsinki"))


@pytest.fixture
def cast(client):
    cast = make_cast()
    client.force_login(cast.lead.user)
    return cast


def log(cast, who, at=NOON, network=None, **extra):
    network = network or cast.network
    return Reading.objects.create(
        network=network, service=network.service, reader=who.user, reader_name=who.name, reader_role="team", what="case",
        thing=cast.case.uuid, at=at, **extra,
    )  # fmt: skip


def ask(client, **said):
    return client.post("/service/readings/", {"purpose": "A complaint."} | said)


def results(client, **said):
    return client.get(ask(client, **said).headers["Location"])


def test_the_lead_finds_the_way(cast, client):
    assert 'href="/service/readings/"' in client.get("/duty/").content.decode()
    client.force_login(cast.coordinator.user)
    assert "/service/readings/" not in client.get("/duty/").content.decode()


def test_each_search_says_what_for(cast, client):
    assert "Say what for" in ask(client, purpose=" ").content.decode()
    assert not Inquiry.objects.exists()
    log(cast, cast.clinician1, outside_team=True, in_need=True)
    page = results(client).content.decode()
    assert "A complaint." in page
    assert "<bdi>Leena</bdi></b>, team, not of the team, opened in need: read the case" in page
    assert AuditEntry.objects.filter(verb="looked into the log of readings", user=cast.lead.user).exists()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {"Leena", "Mikko", "Outsider"}),
        ({"person": " elina "}, {"Leena", "Mikko"}),
        ({"first_day": "2026-03-04"}, {"Mikko"}),
        ({"last_day": "2026-03-03"}, {"Leena", "Outsider"}),
        ({"first_day": "2026-03-05"}, set()),
    ],
)
def test_by_reader_person_and_days(cast, client, said, found):
    other = make_network(cast.service)
    make_member(other, "Ville", is_person=True)
    outsider = make_member(other, "Outsider")
    log(cast, cast.clinician1)
    log(cast, cast.clinician2, at=NOON + timedelta(hours=13))
    log(cast, outsider, network=other)
    page = results(client, **said).content.decode()
    assert {name for name in ("Leena", "Mikko", "Outsider") if f"<bdi>{name}</bdi></b>" in page} == found


def test_by_one_reader_who_has_left_too(cast, client):
    log(cast, cast.former)
    log(cast, cast.clinician1)
    page = results(client, reader=cast.former.pk).content.decode()
    assert "<bdi>Olli</bdi></b>" in page
    assert "<bdi>Leena</bdi></b>" not in page


@pytest.mark.parametrize(
    "said",
    [
        {"person": "Nobody"},
        {"person": "Oskari"},  # of another service
        {"reader": "999999"},
        {"first_day": "no day"},
        {"first_day": "2026-03-04", "last_day": "2026-03-03"},
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_looked_up(cast, client, said):
    answer = ask(client, **said)
    assert answer.status_code == 200
    assert "A complaint." in answer.content.decode(), "the typed text is kept"
    assert not Inquiry.objects.exists()


def test_two_of_one_name_are_asked_about(cast, client):
    Member.objects.filter(pk=cast.person2.pk).update(name="Elina")
    assert ask(client, person="Elina").status_code == 302, "the other one is of another service"
    other = make_network(cast.service)
    make_member(other, "Elina", is_person=True)
    assert ask(client, person="Elina").status_code == 302, "without a case nothing was ever read"


def test_the_person_reads_that_and_what_for(cast, client):
    log(cast, cast.clinician1)
    results(client, person="Elina")
    assert Reading.objects.get(what="inquiry").network == cast.network
    client.force_login(cast.person.user)
    page = client.get("/my/readings/").content.decode()
    assert "<bdi>Leo</bdi></b>, lead, who is not of your team, looked into who has read, for: “A complaint.”" in page


@pytest.mark.parametrize("rest", ["", "csv/"])
def test_the_person_reads_it_also_when_nothing_was_found(cast, client, rest):
    address = ask(client, person="Elina", first_day="2026-03-05").headers["Location"]
    client.get(address + rest)
    assert Reading.objects.get().network == cast.network
    client.force_login(cast.person.user)
    assert "looked into who has read, for: “A complaint.”" in client.get("/my/readings/").content.decode()


def test_whom_it_is_not_about_reads_that_and_not_what_for(cast, client):
    """A complaint of somebody else is nobody's business here."""
    log(cast, cast.clinician1)
    results(client, reader=cast.clinician1.pk)
    client.force_login(cast.person.user)
    page = client.get("/my/readings/").content.decode()
    assert "looked into who has read" in page
    assert "A complaint." not in page


def test_pages_go_on_where_the_last_one_ended(cast, client):
    for n in range(120):
        log(cast, cast.clinician1, at=NOON - timedelta(minutes=n // 3))  # three at each moment
    seen, address = [], ask(client).headers["Location"]
    where = address
    for _ in range(3):
        answer = client.get(where)
        seen += [row.pk for row in answer.context["rows"]]
        where = f"{address}?before={answer.context['older'].replace('+', '%2B')}"
    assert len(seen) == len(set(seen)) == 120
    for odd in (
        "x",
        "2026-03-03_1",
        "_",
        "2026-13-03T00:00:00+00:00_1",
        "%00",
        "2026-03-03T00:00:00+00:00_9" + "9" * 30,
    ):
        assert client.get(f"{address}?before={odd}").status_code == 404, odd


def test_as_many_queries_for_many_as_for_one(cast, client):
    address = ask(client).headers["Location"]

    def asked():
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        overhead = ("SET", "SAVEPOINT", "RELEASE", "SELECT current_user", "SELECT set_config")
        return [one["sql"] for one in found if not one["sql"].startswith(overhead)]

    log(cast, cast.clinician1)
    few = asked()
    for n in range(60):
        network = make_network(cast.service)
        make_member(network, f"Person {n}", is_person=True)
        log(cast, cast.clinician1, network=network)
    many = asked()
    assert len(few) == len(many) <= 8, many


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1"])
def test_as_a_table_in_which_nothing_is_a_formula(cast, client, name):
    log(cast, cast.clinician1)
    Member.objects.filter(pk=cast.person.pk).update(name=name)
    answer = client.get(ask(client).headers["Location"] + "csv/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="readings.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.reader(answer.content.decode().splitlines()))
    assert rows[1][1:6] == ["Leena", "team", "yes", "no", "read the case"]
    assert rows[1][6].startswith("'")
    assert Reading.objects.filter(what="inquiry").count() == 1


@pytest.mark.parametrize("who", ["coordinator", "clinician1", "person", "coordinator2"])
def test_only_the_lead_of_this_service(cast, client, who):
    log(cast, cast.clinician1)
    made = ask(client).headers["Location"]
    client.force_login(getattr(cast, who).user)
    assert [client.get(page).status_code for page in ("/service/readings/", made, f"{made}csv/")] == [404] * 3
    assert ask(client).status_code == 404
