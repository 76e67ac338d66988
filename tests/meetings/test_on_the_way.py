"""On our way, no signal there: a word to the board before a meeting, which stops no clock; and the meeting itself, known later."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from meetings.actions.record import When, arrive
from meetings.actions.telling import say_on_the_way
from meetings.models import Meeting, OnTheWay
from network.models import AuditEntry
from network.rules import Refusal
from network.templatetags.look import when_text
from referrals.models import WatchStep
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network, make_team, start
from tests.meetings.recording import acting, straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """A case whose clock runs, and a meeting in an hour."""
    c = make_cast()
    c.network = make_network(c.service)
    c.person = make_member(c.network, "Iida", is_person=True)
    c.case = make_case(c.network, c.coordinator, first_heard_at=timezone.now() - hours(20))
    make_team(c.network, c.clinician1, c.clinician2)
    c.booked = make_meeting(c.case, c.clinician1, c.clinician2, starts_at=timezone.now() + hours(1), invited=[c.person])
    return c


def say(c, going=True, moves=0, who=None):
    by = (who or c.clinician1).user
    with acting(by):
        return say_on_the_way(meeting=c.booked, seen_moves=moves, going=going, by=by)


def since(c):
    c.case.refresh_from_db()
    return c.case.on_the_way_since


@pytest.fixture
def read(client):
    def page(who, address):
        client.force_login(who.user)
        answer = client.get(address)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return page


def test_one_tap_says_it_on_the_board_and_on_the_pages(cast, client, read):
    address = f"/meetings/{cast.booked.uuid}/"
    assert "We are on our way, no signal there" in read(cast.clinician1, address)
    answer = client.post(f"{address}on-the-way/", {"going": "1", "seen_moves": "0"}, follow=True)
    assert "The board says that you are on the way. The clock runs until you have met." in answer.content.decode()
    word = OnTheWay.objects.get()
    assert (word.by, word.name, word.going, since(cast)) == (cast.clinician1, "Leena", True, word.at)
    assert AuditEntry.objects.filter(verb="said that the team is on the way", thing_uuid=word.uuid).exists()
    with timezone.override(cast.service.time_zone):
        said = when_text(word.at)
    assert f"On the way since {said}, no signal there" in read(cast.coordinator, "/board/")
    for who in (cast.clinician2, cast.coordinator):
        page = read(who, address)
        assert "Said by <bdi>Leena</bdi> <time" in page
        assert "We are on our way" not in page
    assert "Take it back" not in page  # who was not in the car
    assert "The team is on the way to you." in read(cast.person, address)
    case = read(cast.person, f"/cases/{cast.case.uuid}/")
    assert "The team is on the way since <time" in case
    assert "Said by <bdi>Leena</bdi>" in case


def test_it_stops_no_clock_and_withdraws_no_step(cast):
    steps = WatchStep.objects.filter(watch__case=cast.case).order_by("pk").values()
    before = cast.case.timers.values().get(), list(steps)
    assert before[1]
    say(cast)
    assert (cast.case.timers.values().get(), list(steps)) == before
    assert cast.case.timers.get().outcome == "running"


def test_it_can_be_taken_back_and_said_again(cast, client, read):
    say(cast)
    client.force_login(cast.clinician2.user)
    address = f"/meetings/{cast.booked.uuid}/on-the-way/"
    assert "Taken back." in client.post(address, {"seen_moves": "0"}, follow=True).content.decode()
    assert since(cast) is None
    assert "On the way since" not in read(cast.coordinator, "/board/")
    case = read(cast.person, f"/cases/{cast.case.uuid}/")
    assert "Taken back that the team is on the way" in case
    assert "The team is on the way since" not in case
    again = say(cast)
    assert since(cast) == again.at
    assert OnTheWay.objects.count() == 3


def test_a_double_tap_says_it_once(cast, client):
    client.force_login(cast.clinician1.user)
    for _ in range(2):
        answer = client.post(
            f"/meetings/{cast.booked.uuid}/on-the-way/", {"going": "1", "seen_moves": "0"}, follow=True
        )
    assert "This stands there already." in answer.content.decode()
    assert OnTheWay.objects.count() == 1


@pytest.mark.parametrize("form", [{"going": "1"}, {"going": "1", "seen_moves": "x"}, {"seen_moves": "-1"}])
def test_a_form_that_cannot_be_read_changes_nothing(cast, client, form):
    client.force_login(cast.clinician1.user)
    answer = client.post(f"/meetings/{cast.booked.uuid}/on-the-way/", form, follow=True)
    assert "That could not be read." in answer.content.decode()
    assert not OnTheWay.objects.exists()


def move(c):
    Meeting.objects.filter(pk=c.booked.pk).update(
        starts_at=c.booked.starts_at + hours(1), ends_at=c.booked.ends_at + hours(1), moves=1
    )


def cancel(c):
    Meeting.objects.filter(pk=c.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="Snow"
    )


@pytest.mark.parametrize("change", [move, cancel, lambda c: start(c.booked, c.clinician1)])
def test_it_goes_when_the_meeting_starts_is_moved_or_cancelled(cast, read, change):
    say(cast)
    change(cast)
    assert since(cast) is None
    assert "On the way, no signal there." not in read(cast.clinician1, f"/meetings/{cast.booked.uuid}/")
    assert "Said by <bdi>Leena</bdi>" in read(cast.clinician1, f"/cases/{cast.case.uuid}/")  # it was said


def test_of_the_new_time_it_is_said_anew(cast):
    say(cast)
    move(cast)
    with pytest.raises(Refusal) as refused:
        say(cast)
    assert refused.value.rule == "moved_meanwhile"
    assert since(cast) is None
    word = say(cast, moves=1)
    assert since(cast) == word.at


@pytest.mark.parametrize(("ahead", "fits"), [(5.9, True), (6.1, False), (-5.9, True), (-6.1, False)])
def test_it_is_said_within_hours_of_the_meeting(cast, read, ahead, fits):
    cast.booked = make_meeting(cast.case, cast.clinician3, starts_at=timezone.now() + hours(ahead))
    page = read(cast.clinician3, f"/meetings/{cast.booked.uuid}/")
    assert ("We are on our way, no signal there" in page) == fits
    if fits:
        say(cast, who=cast.clinician3)
    else:
        with pytest.raises(Refusal) as refused:
            say(cast, who=cast.clinician3)
        assert refused.value.rule == "on_the_way_within_hours"


def test_a_meeting_by_video_is_on_no_way(cast, read):
    cast.booked = make_meeting(cast.case, cast.clinician3, starts_at=timezone.now() + hours(3), place="remote")
    assert "We are on our way" not in read(cast.clinician3, f"/meetings/{cast.booked.uuid}/")


@pytest.mark.parametrize(("who", "status"), [("coordinator", 403), ("lead", 403), ("clinician3", 404), ("person", 404)])
def test_only_those_who_go_there_say_it(cast, client, who, status):
    who = getattr(cast, who)
    client.force_login(who.user)
    address = f"/meetings/{cast.booked.uuid}/on-the-way/"
    assert client.post(address, {"going": "1", "seen_moves": "0"}).status_code == status
    with pytest.raises(PermissionDenied):
        say(cast, who=who)
    assert not OnTheWay.objects.exists()


def test_straight_sql_neither_changes_it_nor_says_it_in_anothers_name(cast):
    say(cast)
    row = (
        "INSERT INTO meetings_ontheway (uuid, service_id, network_id, meeting_id, moves, going, by_id, name)"
        f" VALUES (gen_random_uuid(), 0, 0, {cast.booked.pk}, 0, false, {cast.clinician2.pk}, 'Mikko')"
    )
    tries = (
        row, "UPDATE meetings_ontheway SET going = false", "DELETE FROM meetings_ontheway",
        "UPDATE referrals_case SET on_the_way_since = NULL",
    )  # fmt: skip
    for sql in tries:
        with pytest.raises(DatabaseError), transaction.atomic(), acting(cast.clinician1.user):
            straight(sql)
    for who, number in (("person", 1), ("lead", 1), ("clinician3", 0), ("coordinator2", 0)):
        with acting(getattr(cast, who).user):
            assert OnTheWay.objects.count() == number, who


def test_met_without_signal_is_met_when_they_met_and_says_when_it_was_known(cast, read):
    by = cast.clinician1.user
    met = timezone.now() - hours(2)
    with acting(by):
        for who in (cast.clinician1, cast.person):
            arrive(meeting=cast.booked, who=who, by=by, when=When(device_at=met, offset_ms=0, offline=True))
    timer = cast.case.timers.get()
    assert (timer.outcome, timer.met_at, timer.recorded_offline) == ("met", met, True)
    assert timer.known_at >= met + timedelta(hours=1, minutes=59)
    with timezone.override(cast.service.time_zone):
        known = when_text(timer.known_at)
    board = read(cast.coordinator, "/board/")
    assert f"Recorded offline, known {known}" in board
    assert "Met in 18 h" in board
    assert "Recorded offline. The service learned of it <time" in read(cast.person, f"/cases/{cast.case.uuid}/")
