"""Everybody's own page: the person's, that of family and friends, and of staff who are also somebody's family."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meetings.mine import greeting
from meetings.models import DecidedWithout, Meeting
from network.models import Member, Reading
from tests.factories import (
    arrive,
    close,
    hours,
    make_case,
    make_cast,
    make_meeting,
    make_member,
    make_network,
    make_team,
    say,
    start,
)
from tests.meetings.test_notes import OVERHEAD

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def my(client, user):
    client.force_login(user)
    answer = client.get("/my/")
    assert answer.status_code == 200
    return answer.content.decode()


def exception(cast, **extra):
    return DecidedWithout.objects.create(
        case=cast.case, network=cast.network, service=cast.service, text="The ambulance comes back at two.", decided_by="Dr Salo",
        decided_at=timezone.now() - hours(30), why="Nobody could be reached.", brought_by=cast.clinician1,
        recorded_by=cast.clinician1, **extra,
    )  # fmt: skip


def test_the_person_finds_all_that_waits(cast, client):
    exception(cast, bring_to=cast.booked)
    page = my(client, cast.person.user)
    for said in (", <bdi>Elina</bdi>", "Next meeting", "at your home", "Leena and Mikko come.",
                 "Marja has not answered; Jussi has not answered.",
                 "Not yet talked about with you", "Dr Salo", "Nobody could be reached.", "<bdi>Leena</bdi> brings it",
                 "<bdi>Marja</bdi> · everything", "<bdi>Jussi</bdi> · nothing",
                 "She is so afraid of the night", "016 555 0100"):  # fmt: skip
        assert said in page, said
    assert "<title>Your page</title>" in page


@pytest.mark.parametrize(("urgency", "verb"), [("urgent", "meet"), ("not_crisis", "answer")])
def test_without_a_meeting_the_person_reads_by_when(cast, client, urgency, verb):
    network = make_network(cast.service)
    person = make_member(network, "Ilmari", is_person=True)
    make_case(network, cast.coordinator, urgency=urgency)
    page = my(client, person.user)
    first = page[page.index("No meeting is set yet") :]
    assert f"The team wants to {verb} you before <time" in first[: first.index("</section>")]


def test_a_decision_that_waits_for_the_persons_word(cast, client):
    meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - hours(20))
    Meeting.objects.filter(pk=meeting.pk).update(
        status="started", started_at=meeting.starts_at, entered_afterwards=True, entered_why="No battery"
    )
    meeting.refresh_from_db()
    arrive(meeting, cast.clinician1, at=meeting.starts_at)
    arrive(meeting, cast.person, at=meeting.starts_at)
    say(meeting, "We leave the medicine as it is.", kind="decision", state="to_be_confirmed", at=meeting.starts_at)
    close(meeting)
    page = my(client, cast.person.user)
    assert "These wait for your word" in page
    assert "We leave the medicine as it is." in page
    assert "These wait" not in my(client, cast.mother.user)


def test_strangers_among_the_readers_stand_out(cast, client):
    for user in (cast.mother.user, cast.clinician1.user, cast.coordinator.user):
        client.force_login(user)
        client.get(f"/notes/{cast.held.uuid}/")
    page = my(client, cast.person.user)
    assert "<b><bdi>Marja</bdi></b> read the meeting of" in page
    assert "<b><bdi>Aino</bdi></b>, who is not of your team, read the meeting of" in page
    assert "<b><bdi>Leena</bdi></b> read the meeting of" in page


def test_a_member_finds_when_where_and_what_is_shared(cast, client):
    page = my(client, cast.mother.user)
    for said in ("at Elina’s home", "Leena and Mikko come.", f"/notes/{cast.held.uuid}/", "016 555 0100"):
        assert said in page, said
    for unsaid in ("Jussi", "Who may read", "Who has read", "How it began", "so afraid"):
        assert unsaid not in page, unsaid


def test_a_member_with_nothing_shared_reads_a_calm_sentence(cast, client):
    page = my(client, cast.friend.user)
    assert "What <bdi>Elina</bdi> shares with you will be here." in page
    assert str(cast.held.uuid) not in page


def test_the_person_in_one_network_and_a_member_in_another(cast, client):
    network = make_network(cast.service)
    other = make_member(network, "Sanna", is_person=True)
    case = make_case(network, cast.coordinator)
    make_team(network, cast.clinician1, cast.clinician3)
    Member.objects.create(
        network=network, service=cast.service, name="Elina L.", user=cast.person.user, joined_at=timezone.now()
    )
    sister = network.members.get(name="Elina L.")
    sister.wanted, sister.wanted_word, sister.wanted_at = True, "by phone", timezone.now()
    sister.save()
    make_meeting(case, cast.clinician3, starts_at=timezone.now() + hours(50), invited=[other, sister])
    page = my(client, cast.person.user)
    assert "Your own network" in page
    assert "With <bdi>Sanna</bdi>" in page
    assert "at Sanna’s home" in page
    assert "at your home" in page


def test_staff_who_are_family_elsewhere_have_a_page_too(cast, client):
    Member.objects.create(
        network=cast.network2,
        service=cast.elsewhere,
        name="Leena K.",
        user=cast.clinician1.user,
        joined_at=timezone.now(),
    )
    page = my(client, cast.clinician1.user)
    assert "What <bdi>Oskari</bdi> shares with you will be here." in page
    assert "Elina" not in page


def test_somebody_in_no_network(cast, client):
    assert "Nothing is here right now" in my(client, cast.clinician3.user)


def test_a_page_for_the_signed_in_only(client):
    assert client.get("/my/").status_code == 302


def test_the_persons_page_is_on_record(cast, client):
    my(client, cast.person.user)
    assert Reading.objects.get().what == "person_page"


def test_the_same_number_of_queries_for_three_and_for_thirty(cast, client):
    for n in range(30):
        make_member(cast.network, f"Cousin {n}")
        exception(cast)
    for n in range(8):
        start_and_close(cast, hours(200 - n))
    for user in (cast.person.user, cast.mother.user):
        my(client, user)
        with CaptureQueriesContext(connection) as found:
            client.get("/my/")
        asked = [one["sql"] for one in found if not one["sql"].startswith(OVERHEAD)]
        assert len(asked) <= 8, asked


def start_and_close(cast, ago):
    at = timezone.now() - ago
    meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=at, minutes=30)
    start(meeting, cast.person, cast.clinician1, at=at)
    say(meeting, "One line is enough.", who=cast.person, at=at)
    return close(meeting, at=at + hours(0.5))


def test_a_family_page_is_light(cast, client):
    for n in range(15):
        make_member(cast.network, f"Cousin {n}")
    shipped = sum(Path(finders.find(name)).stat().st_size for name in ("css/look.css", "js/page.js"))
    for user in (cast.person.user, cast.mother.user):
        page = my(client, user)
        note = client.get(f"/notes/{cast.held.uuid}/").content
        assert "htmx.min" not in page
        assert max(len(page.encode()), len(note)) + shipped <= 60 * 1024


@pytest.mark.parametrize(
    ("hour", "word"), [(3, "Hello"), (6, "Good morning"), (13, "Good afternoon"), (19, "Good evening")]
)
def test_the_greeting_follows_the_clock_of_the_service(hour, word, time_machine):
    with timezone.override("Europe/Helsinki"):
        time_machine.move_to(timezone.make_aware(timezone.datetime(2026, 11, 28, hour, 30)))
        assert greeting() == word
