"""What a clinician's device is given before a meeting: whose, when, and on record."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from meetings.models import Meeting, MeetingStaff
from network.models import Reading
from tests.factories import arrive, close, hours, make_cast, make_meeting, make_member, say, start

pytestmark = pytest.mark.django_db
TODAY = "/on-this-device/today/"
CANARY = "Kanarie"


@pytest.fixture
def cast():
    return make_cast()


def move(meeting, **changes):
    """Another time or place, counted as the database wants it."""
    Meeting.objects.filter(pk=meeting.pk).update(moves=F("moves") + 1, **changes)
    meeting.refresh_from_db()


def given(client, who, address=TODAY):
    client.force_login(who.user)
    return client.get(address)


def listed(client, who):
    return [one["uuid"] for one in given(client, who).json()["meetings"]]


def test_today_is_by_numbers_and_hours_alone_and_no_reading(cast, client, django_assert_max_num_queries):
    client.force_login(cast.clinician1.user)
    with django_assert_max_num_queries(12):  # four of them step down to the role of the service and back
        answer = client.get(TODAY)
    assert answer.json()["author"] == str(cast.clinician1.uuid)
    [one] = answer.json()["meetings"]
    assert set(one) == {"uuid", "at", "until", "stamp"}
    assert one["uuid"] == str(cast.booked.uuid)
    assert one["until"] > one["at"]
    assert "Elina" not in answer.content.decode()
    assert not Reading.objects.exists()


def test_each_has_their_own(cast, client):
    own = [str(cast.booked.uuid)]
    assert [listed(client, who) for who in (cast.clinician1, cast.clinician2, cast.clinician3, cast.coordinator, cast.lead)] == [
        own, own, [], [], [],
    ]  # fmt: skip
    MeetingStaff.objects.filter(meeting=cast.booked, staff=cast.clinician2).update(active=False)
    assert listed(client, cast.clinician2) == []
    start(cast.booked, cast.person, cast.clinician1)
    assert listed(client, cast.clinician2) == own, "of the team: the record that goes on is theirs to write, too"


def test_what_is_over_or_far_away_is_not_there(cast, client):
    later = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() + hours(49))
    assert str(later.uuid) not in listed(client, cast.clinician1)
    stamp = given(client, cast.clinician1).json()["meetings"][0]["stamp"]
    move(cast.booked, address="Kauppakatu 1")
    assert given(client, cast.clinician1).json()["meetings"][0]["stamp"] != stamp
    start(cast.booked, cast.person, cast.clinician1)
    assert listed(client, cast.clinician1) == [str(cast.booked.uuid)]
    close(cast.booked)
    assert listed(client, cast.clinician1) == []


def test_the_pages_are_a_reading_and_the_person_sees_it(cast, client, django_assert_max_num_queries):
    client.force_login(cast.clinician1.user)
    with django_assert_max_num_queries(12):
        answer = client.get(f"/meetings/{cast.booked.uuid}/prepare/")
    assert answer["Cache-Control"] == "no-store, private"
    pages = answer.json()
    assert (pages["name"], pages["where"]) == ("Elina", "At Elina’s home")
    assert "We meet again tomorrow at five." in pages["page"], "what was agreed last time"
    assert 'id="composer"' in pages["record"]
    [reading] = Reading.objects.all()
    assert (reading.what, reading.thing, reading.reader) == ("prepared", cast.booked.uuid, cast.clinician1.user)
    own = Client()
    own.force_login(cast.person.user)
    told = own.get("/my/readings/").content.decode()
    assert "put on a device, locked, to open them without signal" in told


def test_the_record_that_goes_on_is_given_as_it_stands(cast, client):
    start(cast.booked, cast.person, cast.clinician1)
    say(cast.booked, "I am here.", who=cast.person)
    pages = given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/prepare/").json()
    assert "I am here." in pages["record"]
    assert 'data-status="started"' in pages["record"]


@pytest.mark.parametrize("which", ["prepare/", "prepare/nameless/"])
def test_nothing_is_given_of_a_meeting_that_is_not_to_be_recorded(cast, client, which):
    assert given(client, cast.clinician1, f"/meetings/{cast.held.uuid}/{which}").status_code == 404
    assert given(client, cast.clinician3, f"/meetings/{cast.booked.uuid}/{which}").status_code == 404
    assert given(client, cast.coordinator, f"/meetings/{cast.booked.uuid}/{which}").status_code == 403
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="Snow"
    )
    assert given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/{which}").status_code == 404
    assert not Reading.objects.exists()


def test_without_names_there_is_nothing_to_read(cast, client):
    """Names, relations, places, words: a canary in each of them, and none sings."""
    for number, one in enumerate(
        [cast.person, cast.mother, cast.friend, cast.uncle, cast.clinician1, cast.clinician2, cast.service]
    ):
        type(one).objects.filter(pk=one.pk).update(name=f"{CANARY}{number}")
    cast.mother.relation = f"{CANARY}Mother"
    cast.mother.save(update_fields=["relation"])
    move(cast.booked, address=f"{CANARY}Street")
    start(cast.booked, cast.person, cast.clinician1)
    arrive(cast.booked, cast.mother)
    say(cast.booked, f"{CANARY}Words", who=cast.person)
    record = given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/prepare/nameless/").json()["record"]
    assert CANARY not in record
    assert "Helsinki" not in record
    for called, key in (("The person", cast.person), ("You", cast.clinician1), ("A colleague", cast.clinician2)):
        assert f"<bdi>{called}</bdi>" in record
        assert str(key.uuid) in record
    assert str(cast.mother.uuid) not in record
    assert not Reading.objects.exists()


def test_of_two_with_one_name_neither_is_named(cast, client):
    """The page asks of a guest whether somebody known by that name is the same: with signal, or under the lock."""
    make_member(cast.network, CANARY, account=False, relation="her cousin")
    guest = make_member(cast.network, CANARY, account=False)
    start(cast.booked, cast.person, cast.clinician1)
    arrive(cast.booked, guest, uuid=guest.uuid)
    address = f"/meetings/{cast.booked.uuid}/prepare/"
    assert f"Two are called <bdi>{CANARY}</bdi>" in given(client, cast.clinician1, address).json()["record"]
    assert CANARY not in given(client, cast.clinician1, f"{address}nameless/").json()["record"]


def test_of_two_colleagues_neither_is_named(cast, client):
    """Nobody could tell them apart: who else is there is written by hand."""
    MeetingStaff.objects.create(
        meeting=cast.booked, staff=cast.clinician3, cover=True, network=cast.network, service=cast.service
    )
    record = given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/prepare/nameless/").json()["record"]
    assert "A colleague" not in record
    assert str(cast.clinician2.uuid) not in record


def test_far_ahead_it_is_given_ready_to_write(cast, client):
    """The page in hand asks first whether to start so early; a page that is opened tomorrow must not."""
    move(cast.booked, starts_at=timezone.now() + hours(14), ends_at=timezone.now() + hours(15))
    assert (
        "Nothing is recorded until it starts"
        in given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/record/").content.decode()
    )
    assert 'id="taps"' in given(client, cast.clinician1, f"/meetings/{cast.booked.uuid}/prepare/").json()["record"]


def test_how_long_it_may_rest(cast, client):
    [one] = given(client, cast.clinician1).json()["meetings"]
    assert one["until"] == round((cast.booked.ends_at + timedelta(hours=24)).timestamp() * 1000)
