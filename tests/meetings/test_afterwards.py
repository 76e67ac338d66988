"""A meeting entered afterwards: marked so, with why; times typed; its decisions wait for the person."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from meetings.actions.record import enter_afterwards, keep_line
from meetings.models import Meeting
from network.rules import Refusal
from referrals.models import ResponseTimer
from tests.factories import hours, make_cast, make_meeting, start
from tests.meetings.recording import acting, read_back_by_page, record, straight

pytestmark = pytest.mark.django_db
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def cast():
    cast = make_cast()
    cast.began = (timezone.now() - hours(20)).replace(second=0, microsecond=0)
    heard = cast.began - hours(9)
    scope = {"network": cast.network, "service": cast.service}
    cast.clock = ResponseTimer.objects.create(
        case=cast.case, kind="meeting", urgency="urgent", hours=24, first_heard_at=heard, due_at=heard, **scope
    )
    return cast


def enter(cast, by=None, **said):
    cast.case.network = cast.network
    by = by or cast.clinician1.user
    said = {
        "why": "A dead phone",
        "started_at": cast.began,
        "present": [cast.person, cast.clinician1, cast.mother],
    } | said
    with acting(by):
        return enter_afterwards(case=cast.case, by=by, **said)


def test_it_is_marked_and_the_clock_stops_at_the_moment_they_met(cast):
    meeting = enter(cast)
    assert (meeting.status, meeting.entered_afterwards, meeting.entered_why) == ("started", True, "A dead phone")
    assert meeting.presences.count() == 3
    cast.clock.refresh_from_db()
    assert (cast.clock.outcome, cast.clock.met_at) == ("met", cast.began)
    assert cast.clock.known_at > cast.began + hours(19), "known when it was entered"


def test_what_was_decided_waits_for_the_person(cast):
    meeting, by = enter(cast), cast.clinician1.user
    with acting(by):
        line = keep_line(meeting=meeting, kind="decision", text="She sleeps at her mother's.", by=by)
    assert line.state == "to_be_confirmed"
    sql = """INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, voice, text, said_at, recorded_by_id,
             refused_why, contested_why, action_who, action_looked_after_by)
           VALUES (gen_random_uuid(), %s, %s, %s, 'decision', 'accepted', '', 'x', %s, %s, '', '', '', '')"""
    with pytest.raises(IntegrityError, match="entered_afterwards_waits"), transaction.atomic(), acting(by):
        straight(sql, cast.service.pk, cast.network.pk, meeting.pk, cast.began + hours(1), cast.clinician1.pk)


def test_the_mark_cannot_be_taken_off(cast):
    meeting = enter(cast)
    for change in ("entered_afterwards = false", "entered_why = 'x'", "started_at = now()"):
        with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
            straight(f"UPDATE meetings_meeting SET {change} WHERE id = %s", meeting.pk)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"why": " "}, "entered_afterwards_says_why"),
        ({"started_at": timezone.now() + hours(1)}, "meeting_not_in_future"),
        ({"present": []}, "close_says_who_was_there"),
        ({"place": "elsewhere"}, "meeting_elsewhere_says_where"),
    ],
)
def test_what_is_missing_enters_nothing(cast, said, rule):
    before = Meeting.objects.count()
    with pytest.raises(Refusal, match=rule):
        enter(cast, **said)
    assert Meeting.objects.count() == before


def test_a_booked_meeting_whose_hour_has_passed_becomes_it(cast):
    booked = make_meeting(cast.case, cast.clinician1, starts_at=cast.began, invited=[cast.person])
    assert enter(cast, booked=booked) == booked


def test_a_started_one_does_not(cast):
    booked = make_meeting(cast.case, cast.clinician1, starts_at=cast.began, invited=[cast.person])
    start(booked, cast.person, cast.clinician1)
    with pytest.raises(Refusal, match="stays_as_written"):
        enter(cast, booked=booked)


def test_who_was_there_though_booked_elsewhere_that_evening(cast):
    make_meeting(cast.case, cast.clinician1, starts_at=cast.began)
    meeting = enter(cast)
    assert meeting.staffing.get(staff=cast.clinician1).active is False
    cast.clock.refresh_from_db()
    assert cast.clock.outcome == "met"


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician3", "clinician4", "person"])
def test_only_those_who_came_enter_it(cast, who):
    with pytest.raises(PermissionDenied):
        enter(cast, by=getattr(cast, who).user)


# At the page


def form(cast, **changed):
    local = timezone.localtime(cast.began, HELSINKI)
    return {
        "booked": "new", "started_at": f"{local:%Y-%m-%dT%H:%M}", "place": "home", "why": "A dead phone",
        "present": [f"member:{cast.person.uuid}", f"staff:{cast.clinician1.uuid}"],
    } | changed  # fmt: skip


def address(cast):
    return f"/cases/{cast.case.uuid}/meetings/afterwards/"


def test_typed_times_become_the_times_of_the_record(cast, client):
    client.force_login(cast.clinician1.user)
    assert "Which meeting was it?" in client.get(address(cast)).content.decode()
    answer = client.post(address(cast), form(cast))
    meeting = Meeting.objects.get(entered_afterwards=True)
    assert answer["Location"] == record(meeting)
    assert meeting.started_at == cast.began
    said = f"{timezone.localtime(cast.began + timedelta(minutes=20), HELSINKI):%H:%M}"
    client.post(record(meeting, "lines/"), {"kind": "decision", "text": "She sleeps at her mother's.", "at": said})
    client.post(record(meeting, "lines/"), {"kind": "understanding", "text": "Nobody has slept."})
    decided, so_far = meeting.lines.order_by("pk")
    assert (decided.said_at, so_far.said_at) == (cast.began + timedelta(minutes=20), cast.began)
    client.post(record(meeting, "arrive/"), {"who": f"member:{cast.mother.uuid}", "at": said})
    assert meeting.presences.get(member=cast.mother).arrived_at == decided.said_at
    page = client.get(record(meeting)).content.decode()
    assert "Entered afterwards." in page
    assert "To be confirmed" in page
    read_back_by_page(client, meeting, "left_before")
    ended = f"{timezone.localtime(cast.began + timedelta(minutes=75), HELSINKI):%Y-%m-%dT%H:%M}"
    fields = {"next": "none", "no_next_decided_by": "All", "night_number": "016", "ended_at": ended}
    assert client.post(record(meeting, "close/"), fields).status_code == 302
    meeting.refresh_from_db()
    assert (meeting.status, meeting.closed_at) == ("closed", cast.began + timedelta(minutes=75))


def test_weeks_later_the_times_are_still_those_that_were_typed(cast, client):
    client.force_login(cast.clinician1.user)
    began = (cast.began - timedelta(days=40)).replace(hour=10)  # an hour that every day has once
    client.post(address(cast), form(cast, started_at=f"{timezone.localtime(began, HELSINKI):%Y-%m-%dT%H:%M}"))
    meeting = Meeting.objects.get(entered_afterwards=True)
    mother = {"who": f"member:{cast.mother.uuid}"}
    client.post(record(meeting, "arrive/"), mother)
    client.post(record(meeting, "lines/"), {"kind": "understanding", "text": "Nobody has slept."})
    assert (meeting.presences.get(member=cast.mother).arrived_at, meeting.lines.get().said_at) == (began, began)
    for typed in ("", "soon", "25:99"):
        page = client.post(record(meeting, "leave/"), mother | {"at": typed}, follow=True).content.decode()
        assert "Write first at what time they came or went" in page
    left = began + timedelta(minutes=30)
    client.post(record(meeting, "leave/"), mother | {"at": f"{timezone.localtime(left, HELSINKI):%H:%M}"})
    assert meeting.presences.get(member=cast.mother).left_at == left


def test_nothing_is_decided_at_a_time_that_never_was(cast, client):
    """The night the clocks go forward in Helsinki: 03:30 does not exist."""
    client.force_login(cast.clinician1.user)
    answer = client.post(address(cast), form(cast, started_at="2026-03-29T03:30"))
    assert "it never was" in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"why": ""}, "Say why it was not recorded in the room."),
        ({"started_at": ""}, "Say when it began."),
        ({"started_at": "2199-01-01T10:00"}, "This time is still to come."),
        ({"present": []}, "Say who was there."),
        ({"present": ["member:x"]}, "Choose from the network and the team."),
        ({"place": "elsewhere"}, "Write where it was."),
        ({"booked": ""}, "Choose the meeting."),
        ({"booked": "11111111-1111-1111-1111-111111111111"}, "Choose the meeting."),
    ],
)
def test_what_is_missing_is_said(cast, client, changed, sentence):
    client.force_login(cast.clinician1.user)
    answer = client.post(address(cast), form(cast, **changed))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Meeting.objects.filter(entered_afterwards=True).exists()


def test_the_team_has_to_have_been_there(cast, client):
    client.force_login(cast.clinician1.user)
    answer = client.post(address(cast), form(cast, present=[f"member:{cast.person.uuid}"]))
    assert "Say which of the team was there." in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("coordinator", 403), ("lead", 403), ("clinician3", 404), ("clinician4", 404), ("person", 404)]
)
def test_others_enter_nothing(cast, client, who, status):
    client.force_login(getattr(cast, who).user)
    assert client.get(address(cast)).status_code == status
    assert client.post(address(cast), form(cast)).status_code == status
