"""What a device sends again, which two have taken out of sight since, has come: it may let go. Of others' lines nothing is said."""

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from meetings.actions.beside import came_already
from meetings.actions.record import keep_line
from meetings.actions.sharing import ask_out_of_sight, confirm_out_of_sight
from meetings.models import Line
from network.rules import Refusal
from network.sealing import new_private_key
from tests.factories import close, make_cast, make_meeting, say, start
from tests.meetings.recording import acting
from tests.meetings.test_entries import at, minutes, of, results, send, voice
from tests.meetings.test_union import answers, end, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings):
    settings.SEALING_KEYS = new_private_key()
    cast = make_cast()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - minutes(60))
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    cast.first = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    return cast


@pytest.fixture
def leena(cast, client):
    client.force_login(cast.clinician1.user)
    return client


def gone(cast, line):
    """Two people take a line out of sight."""
    with acting(cast.clinician1.user):
        asked = ask_out_of_sight(words=line, why="wrong_case", reason="Another family.", by=cast.clinician1.user)
    with acting(cast.clinician2.user):
        confirm_out_of_sight(asked=asked, by=cast.clinician2.user)


@pytest.mark.parametrize("fields", [
    lambda c: voice(c, "The neighbours.", ago=30),
    lambda c: {"do": "line", "kind": "decision", "text": "The neighbours."} | at(30),
    lambda c: {"do": "change", "line": str(c.first.uuid), "text": "The neighbours."} | at(30),
])  # fmt: skip
@pytest.mark.parametrize("late", [False, True])
def test_a_line_is_answered_as_done_and_nothing_of_it_is_shown(cast, leena, fields, late):
    if late:
        close(cast.meeting, at=timezone.now() - minutes(2))
    entry = of(cast, fields(cast))
    taken(send(leena, cast, entry))
    if not late:
        close(cast.meeting)
    gone(cast, Line.objects.get(uuid=entry["uuid"]))
    lines = Line.objects.count()
    answer = send(leena, cast, entry, of(cast, voice(cast, "After it.", ago=20)))
    first, second = results(answer)
    assert first == {"done": True, "uuid": entry["uuid"]}
    assert second["done"]
    assert "neighbours" not in answer.content.decode()
    assert Line.objects.count() == lines + 1


def test_an_answer_and_a_close_that_stand_beside(cast, leena):
    close(cast.meeting, at=timezone.now() - minutes(2))
    entries = [
        of(cast, answers(cast, 5, mother="differs: The neighbours.")),
        of(cast, end(cast, 4, heard=[], who_comes="The neighbours")),
    ]
    taken(send(leena, cast, *entries))
    beside = list(Line.objects.filter(text__contains="neighbours"))
    assert {one.kind for one in beside} == {"answered", "told"}
    for one in beside:
        gone(cast, one)
    lines = Line.objects.count()
    answer = send(leena, cast, *entries)
    taken(answer)
    assert "neighbours" not in answer.content.decode()
    assert Line.objects.count() == lines


def test_it_is_said_of_ones_own_lines_in_that_meeting_alone(cast):
    own = say(cast.meeting, "Own.", who=cast.person)
    assert own.recorded_by == cast.clinician1

    def asks(who, uuid=own.uuid, meeting=cast.meeting):
        with acting(who.user):
            return came_already(uuid, meeting)

    assert asks(cast.clinician1)
    assert not asks(cast.clinician1, uuid=uuid4())
    assert not asks(cast.clinician1, meeting=cast.held)
    for who in (cast.clinician2, cast.clinician3, cast.coordinator, cast.clinician4, cast.person, cast.mother):
        assert not asks(who)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_function_result('od.line_came'::regproc)")
        assert cursor.fetchone() == ("boolean",)


def test_the_action_makes_no_second_line_of_it(cast):
    close(cast.meeting)
    by, uuid = cast.clinician1.user, uuid4()
    with acting(by):
        line = keep_line(meeting=cast.meeting, kind="understanding", text="The neighbours.", by=by, uuid=uuid)
    gone(cast, line)
    with acting(by), pytest.raises(Refusal, match="meetings_line_uuid_key"):
        keep_line(meeting=cast.meeting, kind="understanding", text="The neighbours.", by=by, uuid=uuid)
    assert Line.objects.filter(uuid=uuid).count() == 1
