"""Whoever covered a meeting that was closed while their phone was away sends what was said in it, nothing else, and reads nothing by it."""

import json
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from meetings.models import Line, Meeting
from network.identity import set_identity
from network.models import Member
from network.sealing import new_private_key
from tests.factories import close, hours, make_cast, make_meeting, say, share, start
from tests.meetings.recording import JSON, acting, record, straight
from tests.meetings.test_entries import at, minutes, refused, results, send, tap, voice
from tests.meetings.test_entries import of as written_by
from tests.meetings.test_union import answers, end, taken

pytestmark = pytest.mark.django_db
ONLY = "Only what was said in it is still taken."


@pytest.fixture
def cast(settings):
    """Sari covered the meeting with Leena, who closed it two minutes ago."""
    settings.SEALING_KEYS = new_private_key()
    cast = make_cast()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician3, starts_at=timezone.now() - minutes(60))
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, cast.clinician3, at=timezone.now() - minutes(50))
    return cast


@pytest.fixture
def closed(cast):
    cast.line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    close(cast.meeting, at=timezone.now() - minutes(2))
    return cast


@pytest.fixture
def sari(cast, client):
    client.force_login(cast.clinician3.user)
    return client


def of(cast, fields, **other):
    return written_by(cast, fields, author=cast.clinician3, **other)


def sent(client, cast, *entries):
    return send(client, cast, *entries, author=cast.clinician3)


def keep_late(cast, who="", **said):
    """The database's own function, as the service's role calls it."""
    line = {
        "uuid": str(uuid4()),
        "kind": "understanding",
        "text": "So far.",
        "said_at": str(timezone.now() - minutes(9)),
    } | said
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.keep_late_line(%s, %s, %s)", [cast.meeting.uuid, who, json.dumps(line)])
        return cursor.fetchone()[0]


def test_what_was_said_stands_late_each_once_by_all_the_rules(closed, sari):
    entries = [
        of(closed, voice(closed, "I am so tired.", ago=30)),
        of(closed, voice(closed, "We keep watch.", ago=25, voice=f"staff:{closed.clinician1.uuid}", kind="reflection")),
        of(closed, voice(closed, "I live next door.", ago=20, voice="other", voice_name="Kalle")),
        of(closed, {"do": "line", "kind": "decision", "text": "We meet."} | at(15)),
        of(closed, {"do": "line", "kind": "decision", "text": "Without her."} | at(1)),
    ]
    for _ in range(2):  # the answers were lost on the way back
        answer = sent(sari, closed, *entries)
        taken(answer)
        assert not any(name in answer.content.decode() for name in ("Elina", "Leena", "Marja", "whispered"))
    late = closed.meeting.lines.filter(late=True, recorded_by=closed.clinician3).order_by("said_at")
    assert [(one.voice, one.text, one.state, one.refused_why) for one in late] == [
        ("Elina", "I am so tired.", "kept", ""), ("Leena", "We keep watch.", "kept", ""), ("Kalle", "I live next door.", "kept", ""),
        ("", "We meet.", "accepted", ""), ("", "Without her.", "refused", "decision_in_a_meeting"),
    ]  # fmt: skip
    assert [(one.member, one.staff) for one in late[:2]] == [(closed.person, None), (None, closed.clinician1)]
    assert not late.exclude(seen_by_person_at=None).exists()


def test_nobody_reads_it_before_the_person_has(closed, sari):
    share(closed.meeting, closed.mother)
    taken(sent(sari, closed, of(closed, voice(closed, "So late.", ago=10))))
    with acting(closed.mother.user):
        assert not Line.objects.filter(text="So late.").exists()
    with acting(closed.person.user):
        assert Line.objects.get(text="So late.").late


@pytest.mark.parametrize("fields", [
    lambda c: tap("arrive", c.friend, 30),
    lambda c: tap("leave", c.mother, 30),
    lambda c: {"do": "guest", "name": "Kalle", "relation": "", "circle": "other"} | at(30),
    lambda c: {"do": "change", "line": str(c.line.uuid), "text": "I whispered."} | at(30),
    lambda c: {"do": "draft", "text": "I was about to"},
    lambda c: answers(c, 5),
    lambda c: end(c, 5, heard=[]),
    lambda c: voice(c, ago=60 * 24),
])  # fmt: skip
def test_nothing_else_is_taken_and_it_says_so(closed, sari, fields):
    before = closed.meeting.lines.count(), closed.meeting.presences.count(), Member.objects.count()
    assert ONLY in refused(sent(sari, closed, of(closed, fields(closed))))
    assert before == (closed.meeting.lines.count(), closed.meeting.presences.count(), Member.objects.count())


def test_words_of_nobody_in_the_network_are_refused(closed, sari):
    for who in (f"member:{closed.person2.uuid}", f"staff:{closed.clinician4.uuid}", f"member:{uuid4()}", "nobody"):
        assert "somebody else" in refused(sent(sari, closed, of(closed, voice(closed, voice=who))))
    assert not closed.meeting.lines.filter(recorded_by=closed.clinician3).exists()


def test_they_read_nothing_more_by_it(closed, sari):
    taken(sent(sari, closed, of(closed, voice(closed, ago=30))))
    for address in (
        record(closed.meeting),
        record(closed.meeting, "news/"),
        f"/meetings/{closed.meeting.uuid}/",
        f"/notes/{closed.meeting.uuid}/",
    ):
        assert sari.get(address).status_code == 404
    assert (
        sari.post(record(closed.meeting, "lines/"), {"kind": "understanding", "text": "x"}, headers=JSON).status_code
        == 404
    )
    with acting(closed.clinician3.user), connection.cursor() as cursor:
        assert not Meeting.objects.filter(pk=closed.meeting.pk).exists()
        assert not Line.objects.filter(meeting=closed.meeting).exists()
        cursor.execute("SELECT * FROM od.to_record(%s)", [closed.meeting.uuid])
        [row] = cursor.fetchall()
    assert {type(value).__name__ for value in row} <= {"int", "UUID", "datetime", "bool", "str"}
    assert [value for value in row if isinstance(value, str)] == ["closed"]


def ends(cast, why):
    """What makes Sari one of many others."""
    set_identity(None)  # made by the owner, in nobody's name
    if why == "another meeting of the network":
        cast.meeting = cast.held
    elif why == "two weeks are over":
        cast.meeting = make_meeting(
            cast.case, cast.clinician1, cast.clinician3, starts_at=timezone.now() - hours(15 * 24)
        )
        start(cast.meeting, cast.person, cast.clinician3, at=timezone.now() - hours(15 * 24))
        close(cast.meeting, at=timezone.now() - hours(15 * 24 - 1))
    else:
        cast.clinician3.left_at = timezone.now()
        cast.clinician3.save(update_fields=["left_at"])


@pytest.mark.parametrize(
    "why",
    ["another meeting of the network", "two weeks are over", "they left the service"],
)
def test_for_others_it_does_not_exist(closed, sari, why):
    ends(closed, why)
    assert sent(sari, closed, of(closed, voice(closed))).status_code == 404
    with (
        pytest.raises(ProgrammingError, match="not of those who came"),
        transaction.atomic(),
        acting(closed.clinician3.user),
    ):
        keep_late(closed)
    assert not closed.meeting.lines.filter(recorded_by=closed.clinician3).exists()


@pytest.mark.parametrize(
    "who", ["clinician1", "clinician2", "coordinator", "lead", "former", "clinician4", "person", "mother"]
)
def test_sql_it_is_for_those_who_came_and_read_no_more(closed, who):
    with (
        pytest.raises(ProgrammingError, match="not of those who came"),
        transaction.atomic(),
        acting(getattr(closed, who).user),
    ):
        keep_late(closed)


def test_sql_while_it_goes_on_it_is_no_way_around_the_policies(cast):
    with (
        pytest.raises(ProgrammingError, match="not of those who came"),
        transaction.atomic(),
        acting(cast.clinician3.user),
    ):
        keep_late(cast)


@pytest.mark.parametrize("said", [
    {"kind": "told"}, {"kind": "left"}, {"kind": "answered"}, {"kind": None}, {"said_at": str(timezone.now() - hours(3))},
    {"said_at": str(timezone.now() + hours(2))},
])  # fmt: skip
def test_sql_no_other_line(closed, said):
    with (
        pytest.raises(IntegrityError, match="only_lines_of_the_meeting"),
        transaction.atomic(),
        acting(closed.clinician3.user),
    ):
        keep_late(closed, **said)


def test_sql_in_no_other_name_and_in_the_place_of_nothing(closed):
    with acting(closed.clinician3.user):
        forged = {"recorded_by_id": closed.clinician1.pk, "meeting_id": closed.held.pk, "member_id": closed.person.pk}
        beside = {
            "replaces_id": closed.line.pk,
            "kept_back": True,
            "seen_by_person_at": str(timezone.now()),
            "late": False,
        }
        keep_late(closed, **forged, **beside)
    line = closed.meeting.lines.get(late=True)
    assert (line.recorded_by, line.replaces, line.member, line.kept_back, line.seen_by_person_at) == (
        closed.clinician3,
        None,
        None,
        False,
        None,
    )


def test_sql_a_line_of_ones_own_past_the_function_is_refused(closed):
    sql = """INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, voice, text, said_at, recorded_by_id,
        refused_why, contested_why, action_who, action_looked_after_by)
        VALUES (gen_random_uuid(), %s, %s, %s, 'voice', 'kept', 'Elina', 'x', now(), %s, '', '', '', '')"""
    with pytest.raises(ProgrammingError), transaction.atomic(), acting(closed.clinician3.user):
        straight(sql, closed.service.pk, closed.network.pk, closed.meeting.pk, closed.clinician3.pk)


def test_the_close_that_ends_their_reading_is_answered(cast, sari):
    answer = sent(
        sari,
        cast,
        of(cast, answers(cast, 4) | {f"answer:staff:{cast.clinician3.uuid}": "agreed"}),
        of(cast, end(cast, 3)),
    )
    assert [one["done"] for one in results(answer)] == [True, True]
    assert (answer.json()["status_of"], results(answer)[1]["go"]) == ("closed", "/")
