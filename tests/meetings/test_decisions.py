"""Promise 6: nothing is decided without the person. Tried at the database, at the action and at the page."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from meetings.actions.moments import NOW, When
from meetings.actions.record import arrive, confirm_line, keep_line, leave, take_back_presence
from meetings.models import DecidedWithout, Line
from network.rules import Refusal
from tests.factories import arrive as was_there
from tests.factories import close, hours, make_cast, make_meeting, start
from tests.meetings.recording import JSON, acting, record, straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def minutes(n):
    return timedelta(minutes=n)


def decide(cast, at=None, *, meeting=None, by=None, text="We meet again tomorrow.", **extra):
    by = by or cast.clinician1.user
    when = When(device_at=at) if at else NOW
    with acting(by):
        return keep_line(meeting=meeting or cast.booked, kind="decision", text=text, by=by, when=when, **extra)


def decide_sql(cast, at, *, meeting=None, state="accepted", late=False):
    meeting = meeting or cast.booked
    return straight(
        """INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, voice, text, said_at, recorded_by_id,
             refused_why, contested_why, action_who, action_looked_after_by, late)
           VALUES (gen_random_uuid(), %s, %s, %s, 'decision', %s, '', 'Something', %s, %s, '', '', '', '', %s)""",
        meeting.service_id, meeting.network_id, meeting.pk, state, at, cast.clinician1.pk, late,
    )  # fmt: skip


def test_with_the_person_in_the_room_it_is_decided(cast):
    start(cast.booked, cast.person, cast.clinician1)
    line = decide(cast)
    assert (line.state, line.refused_why, line.late) == ("accepted", "", False)


def situations(cast):
    """Moments at which nothing can be decided: when, and the rule that says so."""
    now = timezone.now()
    start(cast.booked, cast.mother, cast.clinician1, at=now - minutes(60))
    was_there(cast.booked, cast.person, at=now - minutes(40), left_at=now - minutes(20))
    return {
        "before the meeting": (now - minutes(70), "decision_in_a_meeting"),
        "before she came": (now - minutes(50), "decision_with_the_person"),
        "at the moment she left": (now - minutes(20), "decision_with_the_person"),
        "after she left": (now - minutes(10), "decision_with_the_person"),
        "in the future": (now + minutes(90), "said_not_in_future"),
    }


SITUATIONS = ["before the meeting", "before she came", "at the moment she left", "after she left", "in the future"]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_database_refuses_it(cast, situation):
    at, rule = situations(cast)[situation]
    with pytest.raises(IntegrityError, match=rule), transaction.atomic(), acting(cast.clinician1.user):
        decide_sql(cast, at)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        decide_sql(cast, at)  # the owner of the tables, too
    assert not cast.booked.lines.exists()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_its_words_are_kept_as_a_refused_line(cast, situation):
    at, rule = situations(cast)[situation]
    line = decide(cast, at, text="Nothing new to take.")
    assert (line.state, line.refused_why, line.text) == ("refused", rule, "Nothing new to take.")
    assert line.device_said_at == at
    assert line.said_at <= timezone.now()


def test_while_she_was_there_it_stands_though_it_comes_in_hours_later(cast):
    situations(cast)
    assert decide(cast, timezone.now() - minutes(30)).state == "accepted"


def test_somebody_else_in_the_room_is_not_the_person(cast):
    start(cast.booked, cast.mother, cast.friend, cast.clinician1)
    assert decide(cast).refused_why == "decision_with_the_person"


def test_a_mistaken_presence_is_nobody(cast):
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician1, by=by)
        take_back_presence(presence=arrive(meeting=cast.booked, who=cast.person, by=by), by=by)
    assert decide(cast).refused_why == "decision_with_the_person"


def test_not_while_the_meeting_is_booked(cast):
    with pytest.raises(Refusal, match="meeting_has_started"):
        decide(cast)
    with pytest.raises(IntegrityError, match="meeting_has_started"), transaction.atomic(), acting(cast.clinician1.user):
        decide_sql(cast, timezone.now())


def test_not_after_the_close(cast):
    start(cast.booked, cast.person, cast.clinician1, at=timezone.now() - minutes(60))
    close(cast.booked, at=timezone.now() - minutes(5))
    assert decide(cast).refused_why == "decision_in_a_meeting"
    late = decide(cast, timezone.now() - minutes(30))
    assert (late.state, late.late) == ("accepted", True), "said in the meeting, on a phone without signal"
    with (
        pytest.raises(IntegrityError, match="decision_in_a_meeting"),
        transaction.atomic(),
        acting(cast.clinician1.user),
    ):
        decide_sql(cast, timezone.now())


def test_not_in_a_meeting_of_another_network(cast):
    start(cast.meeting2, cast.person2, cast.clinician4)
    with pytest.raises(PermissionDenied):
        decide(cast, meeting=cast.meeting2)
    with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), acting(cast.clinician1.user):
        decide_sql(cast, timezone.now() - minutes(1), meeting=cast.meeting2)


@pytest.mark.parametrize("state", ["kept", "confirmed", "to_be_confirmed"])
def test_no_other_state_is_a_way_around(cast, state):
    start(cast.booked, cast.mother, cast.clinician1)
    with pytest.raises(IntegrityError), transaction.atomic(), acting(cast.clinician1.user):
        decide_sql(cast, timezone.now() - minutes(1), state=state)


def test_a_refused_line_becomes_no_decision_later(cast):
    start(cast.booked, cast.mother, cast.clinician1)
    line = decide(cast)
    was_there(cast.booked, cast.person)
    for change in ("state = 'accepted', refused_why = ''", "state = 'confirmed'", "text = 'x'", "said_at = now()"):
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic(), acting(cast.clinician1.user):
            straight(f"UPDATE meetings_line SET {change} WHERE id = %s", line.pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            straight(f"UPDATE meetings_line SET {change} WHERE id = %s", line.pk)
    again = decide(cast, uuid=line.uuid)
    assert (again.pk, again.state) == (line.pk, "refused"), "the same line sent again gets the same answer"
    by = cast.clinician1.user
    with acting(by):
        beside = keep_line(meeting=cast.booked, kind="decision", text="y", by=by, replaces=line)
    assert beside.refused_why == "stays_as_written"
    line.refresh_from_db()
    assert line.replaced_by is None


def test_other_words_for_a_decision_need_the_person_too(cast):
    start(cast.booked, cast.person, cast.clinician1)
    line, by = decide(cast), cast.clinician1.user
    with acting(by):
        leave(meeting=cast.booked, who=cast.person, by=by)
        changed = keep_line(meeting=cast.booked, kind="decision", text="Something else.", by=by, replaces=line)
    line.refresh_from_db()
    assert (changed.state, line.replaced_by, line.state) == ("refused", None, "accepted")


# At the page


def test_the_page_says_why_and_offers_no_decision_while_she_is_out(cast, client):
    client.force_login(cast.clinician1.user)
    start(cast.booked, cast.mother, cast.clinician1)
    page = client.get(record(cast.booked)).content.decode()
    assert "Elina is not in the room. Decisions wait until Elina is here." in page
    assert 'value="decision" disabled' in page
    was_there(cast.booked, cast.person)
    page = client.get(record(cast.booked)).content.decode()
    assert "Decisions wait" not in page
    assert 'value="decision" disabled' not in page


def test_posted_all_the_same_it_is_kept_as_refused_and_shown_to_team_and_person(cast, client):
    start(cast.booked, cast.mother, cast.clinician1)
    client.force_login(cast.clinician1.user)
    answer = client.post(
        record(cast.booked, "lines/"), {"kind": "decision", "text": "Nothing new to take."}, follow=True
    )
    page = answer.content.decode()
    assert "Nothing new to take." in page
    assert "Kept, but not as a decision." in page
    assert "The service could not keep this as a decision" in page
    assert "Decided together" not in page
    json = client.post(record(cast.booked, "lines/"), {"kind": "decision", "text": "x"}, headers=JSON).json()
    assert (json["state"], json["refused"]) == ("refused", True)
    close(cast.booked)
    client.force_login(cast.person.user)
    assert "Nothing new to take." in client.get(f"/notes/{cast.booked.uuid}/").content.decode()
    client.force_login(cast.mother.user)
    assert "Nothing new to take." not in client.get(f"/notes/{cast.booked.uuid}/").content.decode()


def test_the_page_names_who_was_present(cast, client):
    start(cast.booked, cast.person, cast.mother, cast.clinician1)
    client.force_login(cast.clinician1.user)
    client.post(record(cast.booked, "lines/"), {"kind": "decision", "text": "We meet tomorrow."})
    assert "Elina, Marja, Leena present" in client.get(record(cast.booked)).content.decode()


# What earlier decisions wait for


def waiting(cast):
    """A decision of a meeting that was entered afterwards."""
    meeting = make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() - hours(30))
    meeting.status, meeting.started_at = "started", meeting.starts_at
    meeting.entered_afterwards, meeting.entered_why = True, "A dead phone"
    meeting.save()
    was_there(meeting, cast.person, at=meeting.starts_at)
    was_there(meeting, cast.clinician1, at=meeting.starts_at)
    line = Line.objects.create(
        meeting=meeting, network=cast.network, service=cast.service, kind="decision", state="to_be_confirmed",
        text="She sleeps at her mother's.", said_at=meeting.starts_at + minutes(20), recorded_by=cast.clinician1,
    )  # fmt: skip
    close(meeting)
    return line


def test_it_is_confirmed_with_the_person_in_a_meeting_and_not_before(cast):
    line, by = waiting(cast), cast.clinician1.user
    with acting(by), pytest.raises(Refusal, match="confirmed_by_the_person_in_a_meeting"):
        confirm_line(line=line, meeting=cast.booked, by=by)
    start(cast.booked, cast.clinician1)
    with acting(by), pytest.raises(Refusal, match="confirmed_by_the_person_in_a_meeting"):
        confirm_line(line=line, meeting=cast.booked, by=by)
    was_there(cast.booked, cast.person)
    with acting(by), pytest.raises(Refusal, match="confirmed_by_the_person_in_a_meeting"):
        confirm_line(line=line, meeting=cast.held, by=by)
    with acting(by):
        confirm_line(line=line, meeting=cast.booked, by=by)
    line.refresh_from_db()
    assert (line.state, line.confirmed_in) == ("confirmed", cast.booked)


def test_the_database_lets_nobody_else_confirm(cast):
    line = waiting(cast)
    start(cast.booked, cast.person, cast.clinician1)
    sql = "UPDATE meetings_line SET state = 'confirmed', confirmed_in_id = %s, confirmed_at = now() WHERE id = %s"
    for who in (cast.coordinator, cast.lead, cast.person, cast.mother, cast.clinician3, cast.clinician4):
        try:
            with transaction.atomic(), acting(who.user):
                touched = straight(sql, cast.booked.pk, line.pk)
        except IntegrityError as refusal:
            assert "recorded_by_those_who_came" in str(refusal)  # noqa: PT017
        else:
            assert touched == 0
    line.refresh_from_db()
    assert line.state == "to_be_confirmed"


def test_what_waits_is_offered_on_top_when_the_person_is_here(cast, client):
    line = waiting(cast)
    exception = DecidedWithout.objects.create(
        case=cast.case, network=cast.network, service=cast.service, text="Two nights on the ward", decided_by="Dr. Salo",
        decided_at=timezone.now() - hours(20), why="danger to life", brought_by=cast.clinician1, recorded_by=cast.clinician1,
    )  # fmt: skip
    client.force_login(cast.clinician1.user)
    start(cast.booked, cast.clinician1)
    assert 'id="brings" class="stack" hidden' in client.get(record(cast.booked)).content.decode()
    take_up = record(cast.booked, f"take-up/{exception.uuid}/")
    answer = client.post(take_up, {"words": "I was frightened <there>."})
    assert "Only in a meeting that is going on, with the person in the room." in answer.content.decode()
    assert "I was frightened &lt;there&gt;." in answer.content.decode(), "what was typed is still there"
    was_there(cast.booked, cast.person)
    page = client.get(record(cast.booked)).content.decode()
    assert 'id="brings" class="stack">' in page
    assert "Two nights on the ward" in page
    assert "Write what was said about it." in client.post(take_up, {"words": " "}).content.decode()
    client.post(take_up, {"words": "I was frightened there."})
    client.post(record(cast.booked, f"confirm/{line.uuid}/"))
    exception.refresh_from_db()
    line.refresh_from_db()
    assert (exception.taken_up_in, exception.taken_up_words) == (cast.booked, "I was frightened there.")
    assert line.state == "confirmed"
    page = client.get(record(cast.booked)).content.decode()
    assert 'id="brings"' not in page
    for place in (page, client.get(record(cast.booked, "read-back/")).content.decode()):
        assert "Talked about together" in place, "what was said about it is read back, too"
        assert "Two nights on the ward" in place
        assert "I was frightened there." in place


def test_what_waits_in_another_network_is_not_found(cast, client):
    start(cast.booked, cast.person, cast.clinician1)
    other = DecidedWithout.objects.create(
        case=cast.case2, network=cast.network2, service=cast.elsewhere, text="x", decided_by="x", why="x",
        decided_at=timezone.now() - hours(2), brought_by=cast.clinician4, recorded_by=cast.clinician4,
    )  # fmt: skip
    client.force_login(cast.clinician1.user)
    assert client.post(record(cast.booked, f"take-up/{other.uuid}/"), {"words": "x"}).status_code == 404
    assert client.post(record(cast.booked, f"confirm/{uuid4()}/")).status_code == 404
    assert client.post(record(cast.booked, f"confirm/{cast.voice.uuid}/")).status_code == 404
