"""A departure that comes in after a decision was accepted: the decision stays, marked. And both at the same moment."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from meetings.actions.closing import Answer, close_meeting, read_back
from meetings.actions.moments import When
from meetings.actions.record import keep_line, leave, take_back_presence
from meetings.models import Line, Presence
from tests.factories import close, make_cast, say, start
from tests.meetings.recording import acting, record, straight


@pytest.fixture
def cast(db):
    cast = make_cast()
    start(cast.booked, cast.person, cast.clinician1, cast.clinician2)
    return cast


def minutes(n):
    return timedelta(minutes=n)


def test_a_departure_from_before_it_marks_the_decision_and_leaves_it(cast):
    now, by = timezone.now(), cast.clinician2.user
    before = say(cast.booked, "Earlier.", kind="decision", at=now - minutes(20))
    line = say(cast.booked, "We meet tomorrow.", kind="decision", at=now - minutes(5))
    with acting(by):
        leave(meeting=cast.booked, who=cast.person, by=by, when=When(now - minutes(10), 0, offline=True))
    line.refresh_from_db()
    before.refresh_from_db()
    assert (line.state, line.text, line.contested_why) == ("accepted", "We meet tomorrow.", "decision_with_the_person")
    assert line.contested_at
    assert before.contested_at is None


def test_a_presence_that_was_a_mistake_marks_it_too(cast):
    line = say(cast.booked, "We meet tomorrow.", kind="decision")
    by = cast.clinician1.user
    with acting(by):
        take_back_presence(presence=cast.booked.presences.get(member=cast.person), by=by)
    line.refresh_from_db()
    assert line.contested_at


def test_the_mark_stays(cast):
    line = say(cast.booked, "We meet tomorrow.", kind="decision")
    cast.booked.presences.filter(member=cast.person).update(mistaken_at=timezone.now())
    with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
        straight("UPDATE meetings_line SET contested_at = NULL WHERE id = %s", line.pk)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), acting(cast.clinician1.user):
        straight("UPDATE meetings_line SET contested_at = NULL, contested_why = '' WHERE id = %s", line.pk)


def test_the_close_marks_nothing(cast):
    line = say(cast.booked, "We meet tomorrow.", kind="decision")
    close(cast.booked)
    line.refresh_from_db()
    assert line.contested_at is None


def test_the_page_says_so_and_news_brings_it_to_the_other_phone(cast, client):
    now = timezone.now()
    say(cast.booked, "We meet tomorrow.", kind="decision", at=now - minutes(5))
    client.force_login(cast.clinician1.user)
    cursor = client.get(record(cast.booked)).context["cursor"]
    client.post(
        record(cast.booked, "leave/"),
        {"who": f"member:{cast.person.uuid}", "said_at": (now - minutes(10)).isoformat(), "offset_ms": "0"},
    )
    assert "Contested: the person was not in the room" in client.get(record(cast.booked)).content.decode()
    news = client.get(record(cast.booked, "news/"), {"since": cursor}).json()
    assert "Contested" in news["lines"][-1]["html"]


@pytest.fixture
def real(transactional_db):
    with transaction.atomic():
        cast = make_cast()
        start(cast.booked, cast.person, cast.clinician1, cast.clinician2)
    return cast


def at_once(*doings):
    """Each in a thread with a connection of its own, all let go together."""
    gate, failures = threading.Barrier(len(doings)), []

    def run(doing):
        try:
            connection.ensure_connection()
            gate.wait(timeout=20)
            doing()
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[doing]) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures, failures


def as_app(user, action, **arguments):
    def do():
        with acting(user):
            action(by=user, **arguments)

    return do


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_a_decision_and_a_departure_in_the_same_moment_never_contradict(real, turn):
    """Said at one moment, left at the same: whichever comes first, no uncontested decision stands without the person."""
    moment = When(timezone.now() - timedelta(seconds=1), 0)
    both = [
        as_app(
            real.clinician1.user, keep_line, meeting=real.booked, kind="decision", text="We meet tomorrow.", when=moment
        ),
        as_app(real.clinician2.user, leave, meeting=real.booked, who=real.person, when=moment),
    ]
    at_once(*(both if turn % 2 else reversed(both)))
    line = Line.objects.get(meeting=real.booked)
    assert Presence.objects.get(meeting=real.booked, member=real.person).left_at
    assert line.text == "We meet tomorrow."
    assert line.state == "refused" or line.contested_at


@pytest.mark.django_db(transaction=True)
def test_departures_lines_and_the_close_in_the_same_moment_end_nobody(real):
    def finish(by):
        answers = [Answer(presence, "agreed") for presence in real.booked.presences.all()]
        read_back(meeting=real.booked, answers=answers, by=by)
        close_meeting(meeting=real.booked, no_next_decided_by="All of us", night_number="016 555 0100", by=by)

    at_once(
        as_app(real.clinician1.user, keep_line, meeting=real.booked, kind="understanding", text="So far."),
        as_app(real.clinician2.user, leave, meeting=real.booked, who=real.mother),
        as_app(real.clinician2.user, leave, meeting=real.booked, who=real.clinician2),
        as_app(real.clinician1.user, finish),
    )
    real.booked.refresh_from_db()
    assert real.booked.status == "closed"
    assert not real.booked.presences.filter(left_at=None).exists()
    assert real.booked.lines.get().text == "So far."


@pytest.mark.django_db(transaction=True)
def test_the_same_line_from_two_connections_at_once_is_one_line(real):
    uuid = "0c3a3c6a-8a53-4b5e-9f52-0d5a6c1f7f10"
    same = as_app(real.clinician1.user, keep_line, meeting=real.booked, kind="understanding", text="Once.", uuid=uuid)
    at_once(same, same, same)
    assert Line.objects.filter(meeting=real.booked).count() == 1
