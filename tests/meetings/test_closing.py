"""Every meeting closes with the next date or who decided that there is none, and whom to call at night. Then nothing changes any more."""

from contextlib import nullcontext
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from meetings.actions.closing import close_meeting, read_back
from meetings.actions.record import arrive, keep_line, leave, take_back_presence
from meetings.models import Meeting
from network.rules import Refusal
from tests.factories import close, hours, make_cast, make_meeting, say, start
from tests.meetings.recording import acting, read_back_by_page, record, straight

pytestmark = pytest.mark.django_db
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def cast():
    cast = make_cast()
    start(cast.booked, cast.person, cast.mother, cast.clinician1)
    cast.line = say(cast.booked, "I am so tired.", who=cast.person)
    cast.decided = say(cast.booked, "We meet again.", kind="decision")
    return cast


def heard(cast, client):
    client.force_login(cast.clinician1.user)
    read_back_by_page(client, cast.booked)


def shut(cast, by=None, **said):
    by = by or cast.clinician1.user
    said = {"night_number": "016 555 0100", "no_next_decided_by": "All of us"} | said
    with acting(by):
        return close_meeting(meeting=cast.booked, by=by, **said)


def test_with_the_next_date_who_comes_and_whom_to_call(cast, client):
    following = make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() + hours(24), invited=[cast.person])
    heard(cast, client)
    meeting = shut(cast, next_meeting=following, no_next_decided_by="", who_comes="The same, and Jussi")
    assert (meeting.status, meeting.next_meeting, meeting.closed_by) == ("closed", following, cast.clinician1)
    assert not meeting.presences.filter(left_at=None).exists(), "everybody leaves when it ends"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"night_number": " "}, "close_says_next_and_night"),
        ({"no_next_decided_by": ""}, "close_says_next_and_night"),
    ],
)
def test_what_is_missing_keeps_it_open(cast, client, said, rule):
    heard(cast, client)
    with pytest.raises(Refusal, match=rule):
        shut(cast, **said)
    cast.booked.refresh_from_db()
    assert cast.booked.status == "started"


def test_the_next_one_is_a_booked_meeting_of_this_network(cast, client):
    heard(cast, client)
    for other in (cast.held, cast.meeting2):
        with pytest.raises(Refusal, match="next_meeting_is_booked"):
            shut(cast, next_meeting=other, no_next_decided_by="")


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician3", "clinician4", "person"])
def test_only_those_who_came_close_it(cast, client, who):
    heard(cast, client)
    somebody = getattr(cast, who)
    with pytest.raises(PermissionDenied):
        shut(cast, by=somebody.user)
    sql = """UPDATE meetings_meeting SET status = 'closed', closed_at = now(), closed_by_id = %s, no_next_decided_by = 'x',
        night_number = '1' WHERE id = %s"""
    try:
        with transaction.atomic(), acting(somebody.user):
            touched = straight(sql, cast.clinician1.pk, cast.booked.pk)
    except IntegrityError as refusal:
        assert "recorded_by_those_who_came" in str(refusal)  # noqa: PT017
    else:
        assert touched == 0


def test_nobody_closes_in_the_name_of_another(cast, client):
    heard(cast, client)
    sql = """UPDATE meetings_meeting SET status = 'closed', closed_at = clock_timestamp(), closed_by_id = %s, no_next_decided_by = 'x',
        night_number = '1' WHERE id = %s"""
    with (
        pytest.raises(IntegrityError, match="recorded_by_those_who_came"),
        transaction.atomic(),
        acting(cast.clinician1.user),
    ):
        straight(sql, cast.clinician2.pk, cast.booked.pk)


# After the close

STATEMENTS = [
    "UPDATE meetings_line SET text = 'other words' WHERE id = %(line)s",
    "UPDATE meetings_line SET voice = 'Marja' WHERE id = %(line)s",
    "UPDATE meetings_line SET said_at = said_at - interval '1 hour' WHERE id = %(line)s",
    "UPDATE meetings_line SET state = 'confirmed', confirmed_in_id = %(meeting)s, confirmed_at = now() WHERE id = %(decided)s",
    "DELETE FROM meetings_line WHERE id = %(line)s",
    "UPDATE meetings_meeting SET status = 'started', closed_at = NULL WHERE id = %(meeting)s",
    "UPDATE meetings_meeting SET night_number = '1' WHERE id = %(meeting)s",
    "UPDATE meetings_meeting SET no_next_decided_by = 'somebody' WHERE id = %(meeting)s",
    "UPDATE meetings_meeting SET started_at = started_at - interval '1 day' WHERE id = %(meeting)s",
    "DELETE FROM meetings_meeting WHERE id = %(meeting)s",
    "UPDATE meetings_presence SET left_at = left_at - interval '1 minute' WHERE meeting_id = %(meeting)s",
    "UPDATE meetings_presence SET arrived_at = arrived_at - interval '1 day' WHERE meeting_id = %(meeting)s",
    "UPDATE meetings_presence SET name = 'x' WHERE meeting_id = %(meeting)s",
    "DELETE FROM meetings_presence WHERE meeting_id = %(meeting)s",
    "UPDATE meetings_readback SET answer = 'agreed', words = '' WHERE meeting_id = %(meeting)s",
    "DELETE FROM meetings_readback WHERE meeting_id = %(meeting)s",
    "UPDATE meetings_meetingstaff SET active = false WHERE meeting_id = %(meeting)s",
    "DELETE FROM meetings_meetingstaff WHERE meeting_id = %(meeting)s",
    "INSERT INTO meetings_meetingstaff (service_id, network_id, meeting_id, staff_id) VALUES (1, 1, %(meeting)s, %(staff)s)",
    """INSERT INTO meetings_presence (uuid, service_id, network_id, meeting_id, member_id, name, arrived_at, recorded_by_id)
       SELECT gen_random_uuid(), service_id, network_id, id, %(friend)s, 'Jussi', closed_at, closed_by_id FROM meetings_meeting
       WHERE id = %(meeting)s""",
    """INSERT INTO meetings_readback (service_id, network_id, meeting_id, member_id, name, answer, words)
       VALUES (1, 1, %(meeting)s, %(friend)s, 'Jussi', 'agreed', '')""",
]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("as_app", [True, False], ids=["app", "owner"])
def test_after_the_close_nothing_changes_for_any_role(cast, statement, as_app):
    close(cast.booked)
    names = {
        "line": cast.line.pk, "decided": cast.decided.pk, "meeting": cast.booked.pk, "friend": cast.friend.pk,
        "staff": cast.clinician3.pk,
    }  # fmt: skip
    before = written(cast)
    somebody = acting(cast.clinician1.user) if as_app else nullcontext()
    with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic(), somebody:
        execute(statement, names)
    assert written(cast) == before


def execute(statement, names):
    with connection.cursor() as cursor:
        cursor.execute(statement, names)


def written(cast):
    meeting = Meeting.objects.get(pk=cast.booked.pk)
    return [
        list(meeting.lines.values_list()), list(meeting.presences.values_list()), list(meeting.read_backs.values_list()),
        list(meeting.staffing.values_list()), Meeting.objects.filter(pk=meeting.pk).values_list()[0],
    ]  # fmt: skip


def test_no_action_changes_it(cast):
    close(cast.booked)
    by = cast.clinician1.user
    before = written(cast)
    for action, arguments in (
        (arrive, {"who": cast.friend}),
        (read_back, {"answers": []}),
        (close_meeting, {"night_number": "1", "no_next_decided_by": "x"}),
    ):
        try:
            with acting(by):
                action(meeting=cast.booked, by=by, **arguments)
        except Refusal:
            pass
    with acting(by):
        assert leave(meeting=cast.booked, who=cast.person, by=by) is None
    assert written(cast) == before


def test_a_late_line_is_late_and_changes_no_other(cast):
    close(cast.booked)
    before = written(cast)[0]
    by = cast.clinician2.user
    with acting(by):
        late = keep_line(meeting=cast.booked, kind="understanding", text="From my phone.", by=by)
    assert late.late
    assert written(cast)[0][: len(before)] == before


def test_a_presence_that_was_a_mistake_is_still_corrected_beside(cast):
    """Promise 1: the clock must never rest on somebody who was not there, however late that is found."""
    close(cast.booked)
    by = cast.clinician1.user
    with acting(by):
        take_back_presence(presence=cast.booked.presences.get(member=cast.person), by=by)
    cast.decided.refresh_from_db()
    assert cast.decided.contested_at


# At the page


def closing(client, cast, **fields):
    fields = {"next": "none", "no_next_decided_by": "All of us", "night_number": "016 555 0100"} | fields
    return client.post(record(cast.booked, "close/"), fields)


def test_the_page_offers_the_booked_meeting_and_the_services_night_number(cast, client):
    following = make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() + hours(24), invited=[cast.person])
    heard(cast, client)
    form = client.get(record(cast.booked, "close/")).context["form"]
    assert form["next"].value() == str(following.uuid)
    assert form["night_number"].value() == cast.service.night_number
    answer = closing(client, cast, next=str(following.uuid), no_next_decided_by="")
    assert answer["Location"] == f"/notes/{cast.booked.uuid}/"
    cast.booked.refresh_from_db()
    assert (cast.booked.next_meeting, cast.booked.no_next_decided_by) == (following, "")
    answer = client.get(record(cast.booked))
    assert answer["Location"] == f"/notes/{cast.booked.uuid}/"


def test_the_next_one_is_booked_here(cast, client):
    heard(cast, client)
    at = timezone.localtime(timezone.now() + hours(26), HELSINKI).replace(second=0, microsecond=0)
    answer = closing(client, cast, next="new", next_at=f"{at:%Y-%m-%dT%H:%M}", no_next_decided_by="")
    assert answer.status_code == 302, answer.context["form"].errors
    cast.booked.refresh_from_db()
    following = cast.booked.next_meeting
    assert {one.staff for one in following.staffing.all()} == {cast.clinician1, cast.clinician2}
    assert cast.person in [one.member for one in following.invitations.all()]


def test_a_time_that_is_taken_books_nothing_and_closes_nothing(cast, client):
    make_meeting(cast.case2, cast.clinician4, starts_at=timezone.now() + hours(26))
    busy = make_meeting(cast.case, cast.clinician2, starts_at=timezone.now() + hours(26))
    heard(cast, client)
    before = Meeting.objects.count()
    at = timezone.localtime(busy.starts_at, HELSINKI)
    answer = closing(client, cast, next="new", next_at=f"{at:%Y-%m-%dT%H:%M}", who_comes="Jussi too")
    assert "One of the team has another meeting" in answer.content.decode()
    assert "Jussi too" in answer.content.decode()
    cast.booked.refresh_from_db()
    assert (cast.booked.status, Meeting.objects.count()) == ("started", before)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"next": ""}, "Choose when you meet next, or say that there is no next meeting."),
        ({"next": "somewhere"}, "Choose when you meet next, or say that there is no next meeting."),
        ({"no_next_decided_by": "\u200b"}, "Say who decided that there is no next meeting."),
        ({"next": "new"}, "Say when you meet next."),
        ({"next": "new", "next_at": "tomorrow"}, "Write a day and a time"),
        ({"next": "new", "next_at": "2020-01-01T10:00"}, "This time has passed."),
        ({"night_number": ""}, "Write whom to call at night."),
        ({"night_number": "1" * 41}, "40 is the most"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(cast, client, fields, sentence):
    heard(cast, client)
    answer = closing(client, cast, **{"who_comes": "The same & Jussi"} | fields)
    assert sentence in answer.content.decode()
    assert "The same &amp; Jussi" in answer.content.decode()
    cast.booked.refresh_from_db()
    assert cast.booked.status == "started"


def test_the_page_does_not_close_what_was_not_read_back(cast, client):
    client.force_login(cast.clinician1.user)
    assert "It has not been read back to everyone yet." in client.get(record(cast.booked, "close/")).content.decode()
    assert "Read back to each one who was there" in closing(client, cast).content.decode()


def test_whoever_covered_closes_and_sees_no_more_of_it(cast, client):
    cover = make_meeting(cast.case, cast.clinician3, starts_at=timezone.now() + hours(48))
    start(cover, cast.person, cast.clinician3, at=timezone.now() - timedelta(minutes=10))
    client.force_login(cast.clinician3.user)
    read_back_by_page(client, cover)
    answer = client.post(record(cover, "close/"), {"next": "none", "no_next_decided_by": "us", "night_number": "1"})
    cover.refresh_from_db()
    assert (cover.status, answer["Location"]) == ("closed", "/")
    assert client.get(record(cover)).status_code == 404
