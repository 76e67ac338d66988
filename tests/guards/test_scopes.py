"""What the scopes in Django's words hold by themselves: asked as the owner of the tables, for whom row security does not hold.

The matrix asks the same at every address (test_without_row_security.py); here stands what depends on a date, a word or a state of a row.
"""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from meetings.models import Line, Meeting, MeetingStaff
from network.models import Member, Reading
from referrals.models import Case
from tests.factories import consent, hours, make_cast, make_member, make_user, say, share, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def browser(cast):
    """A browser of the person, asked without the second lock."""
    browser = Client()
    browser.force_login(cast.person.user)
    return browser


@pytest.mark.parametrize("who", [AnonymousUser, make_user], ids=["nobody", "an account of nobody"])
def test_nobody_is_shown_nothing(cast, who):
    who = who()
    share(cast.held, cast.friend)
    for scope in (
        Meeting.objects.visible_to,
        Meeting.objects.shared_with,
        Meeting.objects.readable_by,
        Case.objects.visible_to,
    ):
        assert not scope(who).exists(), scope


def test_nobody_reads_what_is_kept_back(cast):
    Line.objects.filter(pk=cast.voice.pk).update(kept_back=True)
    for who in (AnonymousUser(), cast.mother.user):
        assert cast.voice not in Line.objects.filter(meeting=cast.held).shared_with(who)


def test_a_share_that_was_withdrawn(cast):
    one = share(cast.held, cast.friend)
    assert Meeting.objects.shared_with(cast.friend.user).get() == cast.held
    one.withdrawn_at, one.withdrawn_by = timezone.now(), cast.person.user
    one.save()
    assert not Meeting.objects.shared_with(cast.friend.user).exists()


@pytest.mark.parametrize("word", [consent, lambda member: share(member.network.meetings.held().get(), member)])
def test_who_has_left_the_network(cast, word):
    word(cast.friend)
    assert Meeting.objects.shared_with(cast.friend.user).exists()
    Member.objects.filter(pk=cast.friend.pk).update(left_at=timezone.now(), left_reason="asked")
    assert not Meeting.objects.shared_with(cast.friend.user).exists()


def test_a_line_that_was_refused(cast):
    booked = start(cast.booked, cast.mother, cast.clinician1)
    say(booked, "She goes to the ward.", kind="decision", state="refused", refused_why="decision_with_the_person")
    said = say(booked, "She is not here.", who=cast.mother)
    assert Line.objects.filter(meeting=booked).count() == 2
    assert Line.objects.filter(meeting=booked).shared_with(cast.mother.user).get() == said


def test_a_late_line_before_the_person_has_seen_it(cast):
    late = say(cast.held, "This came late.", who=cast.mother, at=timezone.now() - hours(200))
    told = Line.objects.filter(meeting=cast.held)
    late.refresh_from_db()
    assert late.late
    assert late not in told.shared_with(cast.mother.user)
    Line.objects.filter(pk=late.pk).update(seen_by_person_at=timezone.now())
    assert late in told.shared_with(cast.mother.user)


def test_cover_that_was_taken_back(cast):
    cover = MeetingStaff.objects.create(
        meeting=cast.booked, network=cast.network, service=cast.service, staff=cast.clinician3, cover=True
    )
    assert Meeting.objects.visible_to(cast.clinician3.user).get() == cast.booked
    cover.active = False
    cover.save()
    assert not Meeting.objects.visible_to(cast.clinician3.user).exists()


def test_the_readings_of_another_network(cast, browser):
    for network in (cast.network, cast.network2):
        Reading.objects.create(
            network=network, service=network.service, reader=make_user(), reader_name=f"Reader of {network.pk}", reader_role="team",
            what="note", thing=cast.held.uuid,
        )  # fmt: skip
    page = browser.get(reverse("readings")).content.decode()
    assert f"Reader of {cast.network.pk}" in page
    assert f"Reader of {cast.network2.pk}" not in page


def test_a_reader_of_another_network(cast, browser):
    friend2 = make_member(cast.network2, "Aila", relation="a friend", circle="friend")
    assert browser.get(reverse("reader", args=[cast.friend.uuid])).status_code == 200
    assert browser.get(reverse("reader", args=[friend2.uuid])).status_code == 404


def test_the_board_of_another_service(cast):
    browser = Client()
    browser.force_login(cast.coordinator.user)
    board = browser.get(reverse("board")).content.decode()
    assert "Elina" in board
    assert "Oskari" not in board


def test_a_decision_of_another_network_is_missing(cast):
    """One of our own that does not wait is answered with a sentence."""
    start(cast.booked, cast.person, cast.clinician1)
    start(cast.meeting2, cast.person2, cast.clinician4)
    theirs = say(cast.meeting2, "We meet at six.", kind="decision")
    browser = Client()
    browser.force_login(cast.clinician1.user)
    for line, status in ((cast.decision, 302), (theirs, 404)):
        assert browser.post(reverse("record_confirm", args=[cast.booked.uuid, line.uuid])).status_code == status
