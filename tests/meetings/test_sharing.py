"""Promise 8: nobody reads without the person's word. Broken into at the database, at the action and on the page."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from meetings.actions import sharing
from meetings.models import NoteShare
from network.actions import consent as consents
from network.models import Consent, Message, User
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import close, hours, make_cast, make_meeting, make_member, share, start
from tests.meetings.test_my import start_and_close

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def insert_share(cast, by, *, meeting=None, member=None, how="own_page", witness="", where="", as_=None):
    """Straight SQL under the app's own role; whether a row came of it."""
    meeting, member, user = meeting or cast.held, member or cast.friend, by.user
    try:
        with transaction.atomic(), role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO meetings_noteshare (uuid, service_id, network_id, meeting_id, member_id, how, "where", witness,'
                " recorded_by_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [uuid4(), meeting.service_id, meeting.network_id, meeting.pk, member.pk, how, where, witness, (as_ or user).pk],
            )  # fmt: skip
    except DatabaseError:
        return False
    return True


def insert_consent(cast, by, *, member=None, how="own_page", witness="", where="", as_=None):
    member, user = member or cast.friend, by.user
    try:
        with transaction.atomic(), role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO network_consent (uuid, service_id, network_id, member_id, covers, how, "where", witness, recorded_by_id)'
                " VALUES (%s, %s, %s, %s, 'all', %s, %s, %s, %s)",
                [uuid4(), member.service_id, member.network_id, member.pk, how, where, witness, (as_ or user).pk],
            )  # fmt: skip
    except DatabaseError:
        return False
    return True


NOBODY_ELSE = [
    "mother",
    "friend",
    "uncle",
    "coordinator",
    "lead",
    "clinician3",
    "former",
    "coordinator2",
    "clinician4",
    "person2",
]


@pytest.mark.parametrize("who", [*NOBODY_ELSE, "clinician1"])
@pytest.mark.parametrize("insert", [insert_share, insert_consent])
def test_sql_only_the_person_gives_their_word_on_their_own_page(cast, who, insert):
    assert not insert(cast, getattr(cast, who))
    assert insert(cast, cast.person)


@pytest.mark.parametrize("who", [*NOBODY_ELSE, "person"])
@pytest.mark.parametrize("insert", [insert_share, insert_consent])
def test_sql_only_the_team_writes_it_down(cast, who, insert):
    said = {"how": "in_the_room", "witness": "Marja", "where": "the kitchen"}
    assert not insert(cast, getattr(cast, who), **said)
    assert insert(cast, cast.clinician1, **said)


def test_sql_the_team_names_a_witness_and_nobody_writes_in_anothers_name(cast):
    for insert in (insert_share, insert_consent):
        for left_out in ({"witness": "Marja"}, {"where": "the kitchen"}, {"where": " ", "witness": "Marja"}):
            assert not insert(cast, cast.clinician1, how="in_the_room", **left_out)
    assert not insert_share(cast, cast.clinician1, as_=cast.person.user)
    assert not insert_consent(cast, cast.mother, as_=cast.person.user)
    said = {"how": "in_the_room", "witness": "Marja", "where": "the kitchen"}
    for insert in (insert_share, insert_consent):
        assert not insert(cast, cast.clinician1, as_=cast.clinician2.user, **said)
        assert not insert(cast, cast.person, as_=cast.mother.user)


def test_sql_a_cover_writes_it_down_for_the_meeting_they_come_to(cast):
    covered = make_meeting(cast.case, cast.clinician3)
    start(covered, cast.person, cast.clinician3)
    said = {"how": "in_the_room", "witness": "Marja", "where": "the kitchen"}
    assert insert_share(cast, cast.clinician3, meeting=covered, **said)
    assert not insert_share(cast, cast.clinician3, meeting=cast.held, **said)
    assert not insert_consent(cast, cast.clinician3, **said)


def test_sql_no_meeting_and_no_member_of_another_network(cast):
    stranger = make_member(cast.network2, "Ritva")
    start(cast.meeting2, cast.person2, cast.clinician4)
    assert not insert_share(cast, cast.person, member=stranger)
    assert not insert_share(cast, cast.person, meeting=cast.meeting2)
    assert not insert_share(cast, cast.person, meeting=cast.meeting2, member=stranger)
    assert not insert_consent(cast, cast.person, member=stranger)
    assert insert_share(cast, cast.person2, meeting=cast.meeting2, member=stranger)
    assert not insert_share(cast, cast.person, meeting=cast.booked)


@pytest.mark.parametrize("who", [*NOBODY_ELSE, "mother"])
def test_sql_only_the_person_or_the_team_takes_it_back(cast, who):
    one = share(cast.held, cast.friend)
    user = getattr(cast, who).user
    for table, row in (("meetings_noteshare", one), ("network_consent", cast.consent)):
        with role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET withdrawn_at = now(), withdrawn_by_id = %s WHERE id = %s", [user.pk, row.pk]
            )
            assert cursor.rowcount == 0


def test_sql_what_was_taken_back_stays_and_says_who_did_it(cast):
    withdrawn = Consent.objects.get(member=cast.uncle)
    for change in ("withdrawn_at = NULL, withdrawn_by_id = %s", "withdrawn_by_id = %s"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            role("od_app"),
            acting_as(cast.clinician1.user.pk),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"UPDATE network_consent SET {change} WHERE id = %s", [cast.clinician1.user.pk, withdrawn.pk]
            )


@pytest.mark.parametrize("who", NOBODY_ELSE)
def test_actions_refuse_everybody_else(cast, who):
    by = getattr(cast, who).user
    written = {"how": "in_the_room", "where": "here", "witness": "Marja", "by": by}
    with role("od_app"), acting_as(by.pk):
        for attempt in (
            lambda: sharing.share_note(meeting=cast.held, member=cast.friend, by=by),
            lambda: sharing.write_down_share(meeting=cast.held, member=cast.friend, **written),
            lambda: sharing.withdraw_share(meeting=cast.held, member=cast.friend, by=by),
            lambda: consents.give_consent(member=cast.friend, covers="all", by=by),
            lambda: consents.write_down_consent(member=cast.friend, covers="all", **written),
            lambda: consents.withdraw_consent(member=cast.mother, by=by),
        ):
            with pytest.raises(PermissionDenied):
                attempt()


def test_actions_refuse_a_member_of_another_network(cast):
    stranger = make_member(cast.network2, "Ritva")
    with role("od_app"), acting_as(cast.person.user.pk):
        with pytest.raises(Refusal) as refusal:
            sharing.share_note(meeting=cast.held, member=stranger, by=cast.person.user)
        assert refusal.value.rule == "of_the_same_network"
        with pytest.raises(Refusal) as refusal:
            sharing.share_note(meeting=cast.held, member=cast.person, by=cast.person.user)
        assert refusal.value.rule == "consent_is_for_others"


@pytest.mark.parametrize("who", NOBODY_ELSE)
def test_pages_refuse_everybody_else(cast, client, who):
    client.force_login(getattr(cast, who).user)
    form = {"members": str(cast.friend.uuid), "covers": "this", "how": "in_the_room", "witness": "Marja"}
    assert client.post(f"/notes/{cast.held.uuid}/share/", form).status_code == 404
    assert client.get(f"/notes/{cast.held.uuid}/share/").status_code == 404
    if who != "person2":
        assert client.get("/my/readers/").status_code == 404
    assert client.post(f"/my/readers/{cast.friend.uuid}/", {"covers": "all", "sure": "yes"}).status_code == 404
    assert not cast.held.shares.exists()
    assert Consent.objects.count() == 2


def test_the_person_shares_one_meeting_and_takes_it_back(cast, client):
    client.force_login(cast.person.user)
    page = f"/notes/{cast.held.uuid}/share/"
    assert "Jussi" in client.get(page).content.decode()
    assert client.post(page, {"members": str(cast.friend.uuid)}).status_code == 302
    assert reads(client, cast.friend, cast.held)
    client.force_login(cast.person.user)
    assert "Jussi</bdi> will not be told, but may notice" in client.get(page).content.decode()
    assert client.post(page, {"take_back": str(cast.friend.uuid)}).status_code == 302
    assert not reads(client, cast.friend, cast.held)


def test_the_team_writes_down_the_persons_word_with_a_witness(cast, client):
    client.force_login(cast.clinician1.user)
    page = f"/notes/{cast.held.uuid}/share/"
    form = {"members": str(cast.friend.uuid), "covers": "this", "how": "in_the_room"}
    answer = client.post(page, form)
    assert "Say who was there when the person gave their word." in answer.content.decode()
    assert "Say where the person gave their word." in answer.content.decode()
    assert not NoteShare.objects.exists()
    assert client.post(page, form | {"witness": "Marja", "where": "at the door"}).status_code == 302
    assert (NoteShare.objects.get().witness, NoteShare.objects.get().where) == ("Marja", "at the door")
    wider = form | {"members": str(cast.uncle.uuid), "covers": "all", "witness": "Marja"}
    assert "Say where the person gave their word." in client.post(page, wider).content.decode()
    assert client.post(page, wider | {"where": "in the kitchen"}).status_code == 302
    for who in (cast.clinician1, cast.person):
        client.force_login(who.user)
        seen = client.get(page).content.decode()
        assert "The word was given in the room: <bdi>at the door</bdi>. There was: <bdi>Marja</bdi>" in seen
        assert "<bdi>in the kitchen</bdi>" in seen
    assert (reads(client, cast.friend, cast.held), reads(client, cast.uncle, cast.held)) == (True, True)


def test_sharing_in_the_room_opens_when_the_meeting_is_closed(cast, client):
    start(cast.booked, cast.person, cast.mother, cast.clinician1)
    client.force_login(cast.person.user)
    assert client.get(f"/notes/{cast.booked.uuid}/").status_code == 200
    assert client.post(f"/notes/{cast.booked.uuid}/share/", {"members": str(cast.friend.uuid)}).status_code == 302
    assert not reads(client, cast.friend, cast.booked)
    assert not reads(client, cast.mother, cast.booked)


def test_no_member_of_another_network_can_be_chosen(cast, client):
    client.force_login(cast.person.user)
    answer = client.post(f"/notes/{cast.held.uuid}/share/", {"members": str(cast.person2.uuid)})
    assert answer.status_code == 200
    assert client.get(f"/notes/{cast.meeting2.uuid}/share/").status_code == 404
    assert client.get(f"/my/readers/{cast.person2.uuid}/").status_code == 404
    assert not NoteShare.objects.exists()


def test_being_at_a_meeting_gives_no_right_to_read(cast, client):
    meeting = make_meeting(
        cast.case, cast.clinician1, starts_at=cast.booked.starts_at - hours(30), invited=[cast.friend]
    )
    start(meeting, cast.person, cast.friend, cast.clinician1, at=meeting.starts_at)
    close(meeting, at=meeting.starts_at + hours(1))
    assert not reads(client, cast.friend, meeting)


def test_from_now_on_opens_nothing_that_was_written_before(cast, client):
    change(client, cast, cast.friend, covers="from_now", sure="yes")
    assert not reads(client, cast.friend, cast.held)


def test_giving_is_confirmed_in_words_and_not_before(cast, client):
    start_and_close(cast, hours(100))
    page = change(client, cast, cast.friend, covers="all").content.decode()
    assert "Jussi will be able to read all that was written on " in page
    assert "Jussi will be able to read what will be written in meetings from now on." in page
    assert not reads(client, cast.friend, cast.held)
    assert change(client, cast, cast.friend, covers="all", sure="yes").status_code == 302
    assert reads(client, cast.friend, cast.held)


def test_taking_back_is_done_at_once_and_said_before(cast, client):
    client.force_login(cast.person.user)
    before = client.get(f"/my/readers/{cast.mother.uuid}/").content.decode()
    assert "Marja will not be told, but may notice, and may keep what has been read or saved." in before
    assert reads(client, cast.mother, cast.held)
    assert change(client, cast, cast.mother, covers="nothing").status_code == 302
    assert not reads(client, cast.mother, cast.held)
    assert not Message.objects.filter(to=cast.mother.user.email).exists()


def test_from_everything_to_one_meeting(cast, client):
    other = start_and_close(cast, hours(100))
    assert change(client, cast, cast.mother, covers="single", meetings=[str(other.uuid)]).status_code == 302
    assert (reads(client, cast.mother, other), reads(client, cast.mother, cast.held)) == (True, False)
    assert change(client, cast, cast.mother, covers="single", meetings=[]).status_code == 200


def test_a_message_that_waits_is_not_sent_after_the_word_was_taken_back(cast, client):
    change(client, cast, cast.friend, covers="all", sure="yes")
    message = Message.objects.get(to=cast.friend.user.email)
    assert (message.kind, message.cancelled_at) == ("message", None)
    change(client, cast, cast.friend, covers="nothing")
    message.refresh_from_db()
    assert message.cancelled_at


def test_whom_the_person_lets_read_can_come_in(cast, client):
    aunt = make_member(cast.network, "Aunt", account=False, email="aunt@example.org", wanted=False)
    change(client, cast, aunt, covers="all", sure="yes")
    client.force_login(User.objects.get(email="aunt@example.org"))
    assert client.get("/my/").headers["Location"] == "/my/join/"


def change(client, cast, member, **form):
    client.force_login(cast.person.user)
    return client.post(f"/my/readers/{member.uuid}/", form)


def reads(client, member, meeting):
    client.force_login(member.user)
    return client.get(f"/notes/{meeting.uuid}/").status_code == 200
