"""What has ended, or was never for everybody, opens nothing: said by row security alone, whatever a page asks for.

The scopes of the pages say the same (test_scopes.py), so that a test through a page does not see which of the two has a hole.
"""

import pytest
from django.utils import timezone

from meetings.models import Line, Meeting
from network.models import Member
from tests.conftest import acting_as, role
from tests.factories import close, consent, hours, make_cast, open_in_need, say, share, start
from tests.meetings.held import untriggered
from tests.meetings.test_until import over, pause

pytestmark = pytest.mark.django_db

GIVEN = {"for all": lambda c: consent(c.friend), "for one meeting": lambda c: share(c.held, c.friend)}


def changed(word, **fields):
    """As the owner of the tables writes it: what the app's role may not write, time brings about."""
    with untriggered(word._meta.db_table):
        type(word).objects.filter(pk=word.pk).update(**fields)


ENDS = {
    "withdrawn": lambda c, word: changed(word, withdrawn_at=timezone.now(), withdrawn_by=c.person.user),
    "its last day is over": lambda c, word: over(word),
    "a pause": lambda c, word: pause(c.friend),
    "who has left": lambda c, word: Member.objects.filter(pk=c.friend.pk).update(
        left_at=timezone.now(), left_reason="asked"
    ),
}


def rows(user, status="closed"):
    """How many meetings, and how many lines, the database shows to `user`."""
    with role("od_app"), acting_as(user.pk):
        return Meeting.objects.filter(status=status).count(), Line.objects.filter(meeting__status=status).count()


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("end", ENDS)
def test_a_word_that_has_ended(given, end):
    cast = make_cast()
    lines = Line.objects.filter(meeting=cast.held).count()
    assert rows(cast.friend.user) == (0, 0)
    word = GIVEN[given](cast)
    assert rows(cast.friend.user) == (1, lines)
    ENDS[end](cast, word)
    assert rows(cast.friend.user) == (0, 0)


def test_a_line_that_was_refused():
    cast = make_cast()
    consent(cast.friend)
    start(cast.booked, cast.mother, cast.clinician1)
    refused = say(cast.booked, "She goes.", kind="decision", state="refused", refused_why="decision_with_the_person")
    said = say(cast.booked, "She is not here.", who=cast.mother)
    close(cast.booked)
    assert shown(cast.friend.user, refused, said) == {said}


def test_a_late_line_until_the_person_has_seen_it():
    cast = make_cast()
    consent(cast.friend)
    late = say(cast.held, "This came late.", who=cast.mother, at=timezone.now() - hours(200))
    assert shown(cast.friend.user, late, cast.voice) == {cast.voice}
    changed(late, seen_by_person_at=timezone.now())
    assert shown(cast.friend.user, late, cast.voice) == {late, cast.voice}


def test_a_line_kept_back():
    cast = make_cast()
    consent(cast.friend)
    changed(cast.voice, kept_back=True)
    assert shown(cast.friend.user, cast.voice, cast.mothers_voice) == {cast.mothers_voice}


def shown(user, *lines):
    with role("od_app"), acting_as(user.pk):
        return set(Line.objects.filter(pk__in=[one.pk for one in lines]))


def test_who_has_left_the_service():
    cast = make_cast()
    assert rows(cast.lead.user)[0] == 1
    changed(cast.lead, left_at=timezone.now())
    assert rows(cast.lead.user) == (0, 0)


def test_who_has_left_the_team():
    cast = make_cast()
    assert rows(cast.clinician2.user)[0] == 1
    assert rows(cast.former.user) == (0, 0)


def test_an_invitation_that_was_withdrawn():
    cast = make_cast()
    assert rows(cast.friend.user, "booked") == (1, 0)
    changed(cast.booked.invitations.get(member=cast.friend), withdrawn_at=timezone.now())
    assert rows(cast.friend.user, "booked") == (0, 0)


@pytest.mark.parametrize("end", ["ends_at", "ended_at"])
def test_an_opening_in_need(end):
    cast = make_cast()
    assert rows(cast.clinician3.user) == (0, 0)
    opening = open_in_need(cast.network, cast.clinician3)
    assert rows(cast.clinician3.user)[0] == 1
    by = {"ended_by": cast.person.user} if end == "ended_at" else {}
    changed(opening, opened_at=timezone.now() - hours(2), **{end: timezone.now() - hours(1)}, **by)
    assert rows(cast.clinician3.user) == (0, 0)
