"""What stands beside a note: in one's own name, beside what one may read, and only added to (promises 10 and 14)."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from meetings.actions import sharing
from meetings.models import Addendum, Line
from network.models import Message
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import consent, make_cast, say, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def insert(cast, by, *, member=None, staff=None, line=None, meeting=None, name="Leena"):
    meeting = meeting or cast.held
    with role("od_app"), acting_as(by.user.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO meetings_addendum (uuid, service_id, network_id, meeting_id, line_id, member_id, staff_id, kind, text, name)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, 'added', 'So it was.', %s) RETURNING name",
            [uuid4(), meeting.service_id, meeting.network_id, meeting.pk, getattr(line, "pk", None), getattr(member, "pk", None),
             getattr(staff, "pk", None), name],
        )  # fmt: skip
        return cursor.fetchone()[0]


def seen(client, cast, who):
    client.force_login(who.user)
    return client.get(f"/notes/{cast.held.uuid}/").content.decode()


def late(cast, text="We forgot to write this down."):
    return say(cast.held, text, who=cast.mother, at=cast.held.closed_at)


def test_sql_nobody_speaks_under_anothers_name(cast):
    assert insert(cast, cast.mother, member=cast.mother) == "Marja"
    assert insert(cast, cast.coordinator, staff=cast.coordinator) == "Aino"
    for by, side in (
        (cast.mother, {"staff": cast.clinician1}),
        (cast.mother, {"member": cast.person}),
        (cast.clinician1, {"member": cast.mother}),
        (cast.clinician1, {"staff": cast.clinician2}),
    ):
        with pytest.raises(DatabaseError):
            insert(cast, by, **side)


@pytest.mark.parametrize("who", ["friend", "uncle", "person2"])
def test_sql_only_who_may_read_adds(cast, who):
    with pytest.raises(DatabaseError):
        insert(cast, getattr(cast, who), member=getattr(cast, who))


def test_sql_only_who_may_read_adds_staff(cast):
    for who in (cast.clinician3, cast.former, cast.coordinator2):
        with pytest.raises(DatabaseError):
            insert(cast, who, staff=who)


def test_sql_a_member_neither_sees_nor_answers_what_stands_beside_a_line_that_is_not_shared(cast):
    hidden = late(cast)
    insert(cast, cast.clinician1, staff=cast.clinician1, line=hidden)
    with role("od_app"), acting_as(cast.mother.user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM meetings_addendum")
        assert cursor.fetchone() == (0,)
    with pytest.raises(DatabaseError):
        insert(cast, cast.mother, member=cast.mother, line=hidden)
    Line.objects.filter(pk=hidden.pk).update(seen_by_person_at=cast.held.closed_at)
    assert insert(cast, cast.mother, member=cast.mother, line=hidden) == "Marja"


def test_sql_what_was_added_stays(cast):
    insert(cast, cast.mother, member=cast.mother)
    for change in ("UPDATE meetings_addendum SET text = 'Otherwise.'", "DELETE FROM meetings_addendum"):
        with pytest.raises(DatabaseError), transaction.atomic(), role("od_app"), connection.cursor() as cursor:
            cursor.execute(change)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_sql_nothing_beside_a_meeting_that_goes_on(cast):
    start(cast.booked, cast.person, cast.clinician1)
    with pytest.raises(DatabaseError):
        insert(cast, cast.person, member=cast.person, meeting=cast.booked)


def test_action_once_however_often_it_is_sent(cast):
    once, by = uuid4(), cast.mother.user
    with role("od_app"), acting_as(by.pk):
        for _ in range(2):
            sharing.add_to_note(meeting=cast.held, line=cast.voice, kind="added", text="I know.", once=once, by=by)
    with role("od_app"), acting_as(cast.person.user.pk):
        sharing.add_to_note(meeting=cast.held, line=None, kind="differs", text="Not I.", once=once, by=cast.person.user)
    assert [one.name for one in Addendum.objects.all()] == ["Marja", "Elina"]


def test_action_refuses_who_may_not_read_and_empty_words(cast):
    said = {"meeting": cast.held, "line": None, "kind": "added", "once": uuid4()}
    with role("od_app"), acting_as(cast.friend.user.pk), pytest.raises(PermissionDenied):
        sharing.add_to_note(text="Me too.", by=cast.friend.user, **said)
    with role("od_app"), acting_as(cast.mother.user.pk), pytest.raises(Refusal) as refusal:
        sharing.add_to_note(text=" \x00 ", by=cast.mother.user, **said)
    assert refusal.value.rule == "addendum_says_something"


def test_each_who_may_read_stands_beside_with_name_and_time(cast, client):
    consent(cast.friend, covers="all")
    for who, words in (
        (cast.mother, "I meant the nights."),
        (cast.person, "So did I."),
        (cast.clinician1, "We heard that."),
    ):
        client.force_login(who.user)
        form = {"once": uuid4(), "kind": "differs", "text": words}
        answer = client.post(f"/notes/{cast.held.uuid}/add/{cast.voice.uuid}/", form)
        assert answer.headers["Location"] == f"/notes/{cast.held.uuid}/#line-{cast.voice.uuid}"
    for reader in (cast.person, cast.mother, cast.friend, cast.clinician2, cast.coordinator):
        page = seen(client, cast, reader)
        for said in ("I meant the nights.", "So did I.", "We heard that.", "sees it differently · "):
            assert said in page
    assert cast.voice.text == Line.objects.get(pk=cast.voice.pk).text


def test_beside_the_whole(cast, client):
    client.force_login(cast.mother.user)
    client.post(f"/notes/{cast.held.uuid}/add/", {"once": uuid4(), "kind": "added", "text": "Thank you for coming."})
    assert "Beside the whole" in seen(client, cast, cast.person)


def test_the_person_finds_on_their_page_that_somebody_added(cast, client):
    client.force_login(cast.mother.user)
    client.post(f"/notes/{cast.held.uuid}/add/", {"once": uuid4(), "kind": "added", "text": "Thank you for coming."})
    client.force_login(cast.person.user)
    assert "<bdi>Marja</bdi> added something" in client.get("/my/").content.decode()


def test_the_owner_is_told_that_something_waits_and_nothing_else(cast, client):
    client.force_login(cast.mother.user)
    client.post(f"/notes/{cast.held.uuid}/add/", {"once": uuid4(), "kind": "added", "text": "Thank you for coming."})
    message = Message.objects.get()
    assert (message.kind, message.to) == ("staff", cast.coordinator.user.email)


def test_every_box_says_who_reads_it_and_whom_to_call(cast, client):
    for who in (cast.mother, cast.person):
        client.force_login(who.user)
        page = client.get(f"/notes/{cast.held.uuid}/add/{cast.voice.uuid}/").content.decode()
        assert "reads it before you meet next" in page
        assert "016 555 0100" in page
    client.force_login(cast.clinician1.user)
    assert "<bdi>Elina</bdi> can read this." in client.get(f"/notes/{cast.held.uuid}/add/").content.decode()


def test_a_page_only_for_a_line_that_one_can_see(cast, client):
    hidden, elsewhere = late(cast), uuid4()
    client.force_login(cast.mother.user)
    for line in (hidden.uuid, elsewhere):
        assert client.get(f"/notes/{cast.held.uuid}/add/{line}/").status_code == 404


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first."),
        ("\u200b \x00", "Write something first."),
        ("x" * 20_001, "20,001 characters long, and 20,000 is the most"),
    ],
)
def test_words_that_cannot_be_kept_get_a_sentence_and_stay_in_the_box(cast, client, text, sentence):
    client.force_login(cast.mother.user)
    answer = client.post(f"/notes/{cast.held.uuid}/add/", {"once": uuid4(), "kind": "added", "text": text})
    page = answer.content.decode()
    assert (answer.status_code, Addendum.objects.count()) == (200, 0)
    assert sentence in page
    assert text.replace("\x00", "").strip() in page


def test_words_in_any_script_come_out_as_they_went_in(cast, client):
    words = "<b>\N{HEBREW LETTER SHIN}שלום</b> 😀 e\u0301 {{ x }} #panic"
    client.force_login(cast.mother.user)
    client.post(f"/notes/{cast.held.uuid}/add/", {"once": uuid4(), "kind": "added", "text": words})
    assert Addendum.objects.get().text == words
    assert "&lt;b&gt;ששלום&lt;/b&gt; 😀 e\u0301 {{ x }} #panic" in seen(client, cast, cast.person)


# Late lines


def test_a_late_line_is_unshared_until_the_person_has_read_it(cast, client):
    line = late(cast)
    assert "We forgot" not in seen(client, cast, cast.mother)
    page = seen(client, cast, cast.person)
    assert "I have read this" in page
    assert "Not read back" in page
    client.force_login(cast.person.user)
    assert client.post(f"/notes/{cast.held.uuid}/seen/{line.uuid}/").status_code == 302
    page = seen(client, cast, cast.mother)
    assert "We forgot" in page
    assert "Not read back: it came after the meeting" in page


@pytest.mark.parametrize("who", ["clinician1", "coordinator", "mother", "friend", "person2"])
def test_nobody_else_says_that_the_person_has_read_it(cast, client, who):
    line, user = late(cast), getattr(cast, who).user
    client.force_login(user)
    assert client.post(f"/notes/{cast.held.uuid}/seen/{line.uuid}/").status_code == 404
    with role("od_app"), acting_as(user.pk), pytest.raises(PermissionDenied):
        sharing.see_late_line(line=line, by=user)
    try:
        with transaction.atomic(), role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute("UPDATE meetings_line SET seen_by_person_at = now() WHERE id = %s", [line.pk])
    except DatabaseError:
        pass
    line.refresh_from_db()
    assert line.seen_by_person_at is None


def test_a_refused_line_is_shown_to_team_and_person_only(cast, client):
    start(cast.booked, cast.clinician1, cast.mother)
    say(cast.booked, "She goes to the ward.", kind="decision", state="refused", refused_why="decision_with_the_person")
    for who, shown in ((cast.person, True), (cast.clinician1, True)):
        client.force_login(who.user)
        page = client.get(f"/notes/{cast.booked.uuid}/").content.decode()
        assert ("She goes to the ward." in page) is shown
        assert "The service could not keep this as a decision: the person was not in the room" in page
