"""Reading back: each one who was there agrees, differs in their own words, or left before."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from meetings.actions.closing import Answer, close_meeting, read_back
from meetings.actions.record import keep_line
from meetings.models import ReadBack
from network.models import Reading
from network.rules import Refusal
from tests.factories import arrive, make_cast, say, start
from tests.meetings.recording import acting, record, straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    cast = make_cast()
    start(cast.booked, cast.person, cast.mother, cast.clinician1)
    say(cast.booked, "I am so tired.", who=cast.person)
    return cast


def heard(cast, by=None, **answers):
    """Read back to all; `mother="differs"` for one of them."""
    by = by or cast.clinician1.user
    named = {cast.person.name: "person", cast.mother.name: "mother", cast.clinician1.name: "clinician1"}
    all_of_them = [
        Answer(one, answers.get(named[one.name], "agreed"), answers.get("words", ""))
        for one in cast.booked.presences.filter(mistaken_at=None)
    ]
    with acting(by):
        read_back(meeting=cast.booked, answers=all_of_them, by=by)


def close(cast):
    by = cast.clinician1.user
    with acting(by):
        close_meeting(meeting=cast.booked, by=by, night_number="016 555 0100", no_next_decided_by="All of us")


def test_each_one_is_heard_once_and_may_say_otherwise_later(cast):
    heard(cast)
    heard(cast, mother="differs", words="I did not whisper.")
    assert sorted(cast.booked.read_backs.values_list("name", "answer")) == [
        ("Elina", "agreed"), ("Leena", "agreed"), ("Marja", "differs"),
    ]  # fmt: skip


def test_to_differ_takes_words(cast):
    with pytest.raises(Refusal, match="differs_in_own_words"):
        heard(cast, mother="differs", words=" ")


def test_only_to_those_who_were_there(cast):
    stranger = arrive(cast.booked, cast.friend)
    stranger.mistaken_at = timezone.now()
    stranger.save(update_fields=["mistaken_at"])
    by = cast.clinician1.user
    with acting(by), pytest.raises(Refusal, match="read_back_to_those_present"):
        read_back(meeting=cast.booked, answers=[Answer(stranger, "agreed")], by=by)


def test_no_close_before_everyone_is_heard(cast):
    with pytest.raises(Refusal, match="close_reads_back"):
        close(cast)
    heard(cast)
    arrive(cast.booked, cast.friend)
    with pytest.raises(Refusal, match="close_reads_back"):
        close(cast)


def test_what_was_written_since_is_read_back_too(cast):
    heard(cast)
    by = cast.clinician2.user
    with acting(by):
        keep_line(meeting=cast.booked, kind="understanding", text="One more.", by=by)
    with pytest.raises(Refusal, match="close_reads_back_all"):
        close(cast)
    heard(cast)
    close(cast)


def test_the_time_of_an_answer_is_the_databases(cast):
    heard(cast)
    with acting(cast.clinician1.user):
        straight("UPDATE meetings_readback SET at = now() + interval '1 day' WHERE meeting_id = %s", cast.booked.pk)
    assert all(one.at < timezone.now() + timedelta(minutes=1) for one in cast.booked.read_backs.all())


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician3", "clinician4", "person", "mother"])
def test_nobody_answers_for_a_meeting_they_did_not_come_to(cast, who):
    user = getattr(cast, who).user
    with pytest.raises(PermissionDenied):
        read_back(meeting=cast.booked, answers=[], by=user)
    sql = """INSERT INTO meetings_readback (service_id, network_id, meeting_id, member_id, name, answer, words)
        VALUES (%s, %s, %s, %s, 'Elina', 'agreed', '')"""
    with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), acting(user):
        straight(sql, cast.service.pk, cast.network.pk, cast.booked.pk, cast.person.pk)
    heard(cast)
    with acting(user):
        assert straight("UPDATE meetings_readback SET answer = 'differs', words = 'x'") == 0


def answers(cast, **changed):
    fields = {f"answer_{one.uuid}": "agreed" for one in cast.booked.presences.all()}
    return fields | {"heard": " ".join(str(one.uuid) for one in cast.booked.lines.standing())} | changed


def test_the_page_shows_what_stands_and_asks_everyone(cast, client):
    client.force_login(cast.clinician1.user)
    address = record(cast.booked, "read-back/")
    page = client.get(address).content.decode()
    assert "I am so tired." in page
    assert Reading.objects.filter(what="record", thing=cast.booked.uuid).exists()
    mother = cast.booked.presences.get(member=cast.mother)
    answer = client.post(address, answers(cast, **{f"answer_{mother.uuid}": ""}))
    assert "Ask them too, or say that they left." in answer.content.decode()
    assert not ReadBack.objects.filter(meeting=cast.booked).exists()
    answer = client.post(address, answers(cast, **{f"answer_{mother.uuid}": "differs", f"words_{mother.uuid}": " "}))
    assert "Write in their words what they see differently." in answer.content.decode()
    answer = client.post(
        address, answers(cast, **{f"answer_{mother.uuid}": "differs", f"words_{mother.uuid}": "No <b>."})
    )
    assert answer["Location"] == record(cast.booked, "close/")
    assert cast.booked.read_backs.get(member=cast.mother).words == "No <b>."
    assert "No &lt;b&gt;." in client.get(address).content.decode(), "said once, it is there when something is added"


def test_whoever_has_left_is_so_marked_to_begin_with(cast, client):
    mother = cast.booked.presences.get(member=cast.mother)
    mother.left_at = timezone.now()
    mother.save(update_fields=["left_at"])
    client.force_login(cast.clinician1.user)
    form = client.get(record(cast.booked, "read-back/")).context["form"]
    assert form[f"answer_{mother.uuid}"].value() == "left_before"


def test_somebody_who_came_twice_is_asked_once(cast, client):
    ago = timezone.now() - timedelta(minutes=9)
    arrive(cast.booked, cast.friend, at=ago, left_at=ago)
    arrive(cast.booked, cast.friend)
    client.force_login(cast.clinician1.user)
    form = client.get(record(cast.booked, "read-back/")).context["form"]
    assert [row["presence"].name for row in form.rows].count("Jussi") == 1


def test_before_the_start_and_after_the_close_there_is_nothing_to_read_back(cast, client):
    client.force_login(cast.clinician1.user)
    assert client.get(record(cast.held, "read-back/")).status_code == 302
    assert client.post(record(cast.held, "read-back/"), {}).status_code == 302
