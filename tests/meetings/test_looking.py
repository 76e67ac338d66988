"""Promise 8: before and after sharing, the page exactly as that member sees it. By the database, by the action, and on the page."""

import contextlib
import re
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from meetings.actions.sharing import look_as, share_note
from meetings.models import Addendum, NoteShare
from meetings.note import read_note
from meetings.reading import change_of
from network.identity import eyes_of
from network.models import AuditEntry, Consent, Member, Message, Reading, User
from network.rules import Refusal, log_reading
from tests.conftest import acting_as, role
from tests.factories import (
    consent,
    hours,
    make_case,
    make_cast,
    make_meeting,
    make_member,
    make_network,
    make_team,
    say,
    share,
)
from tests.meetings.test_my import start_and_close

pytestmark = pytest.mark.django_db
OURS = sorted(m._meta.db_table for m in apps.get_models() if m._meta.app_label in ("network", "referrals", "meetings"))
MAY = ["person", "clinician1"]
MAY_NOT = [
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
MEMBERS = ["mother", "friend", "uncle"]


@pytest.fixture
def cast():
    return make_cast()


def visible():
    """Every row of every table that the database shows now, by its table and id."""
    found = set()
    with connection.cursor() as cursor:
        for table in OURS:
            if _may_select(cursor, table):
                cursor.execute(f"SELECT id FROM {table}")
                found |= {(table, pk) for (pk,) in cursor.fetchall()}
    return found


def _may_select(cursor, table):
    cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table])
    return cursor.fetchone()[0]


def seen_by(who, member=None):
    """What the database shows to an account, or to an account with the eyes of a member."""
    with role("od_app"), acting_as(who.user.pk):
        if member is None:
            return visible()
        with eyes_of(member.pk):
            return visible()


# -- The database ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("who", MAY)
def test_sql_the_eyes_see_what_the_member_sees_and_nothing_that_oneself_may_not(cast, who, member):
    share(cast.held, cast.friend)
    start_and_close(cast, hours(100))
    who, member = getattr(cast, who), getattr(cast, member)
    eyes = seen_by(who, member)
    theirs = {row for row in seen_by(member) if row[0] not in ("network_user", "network_heartbeat")}
    assert {row for row in eyes if row[0] != "network_heartbeat"} == theirs
    assert eyes <= seen_by(who)


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("who", MAY_NOT)
def test_sql_nobody_else_has_eyes(cast, who, member):
    assert {table for table, _ in seen_by(getattr(cast, who), getattr(cast, member))} <= {"network_heartbeat"}


@pytest.mark.parametrize("who", MAY)
def test_sql_nobody_has_the_eyes_of_the_person_of_who_left_or_of_somebody_elsewhere(cast, who):
    Member.objects.filter(pk=cast.uncle.pk).update(left_at=cast.held.started_at, left_reason="He moved")
    stranger = make_member(cast.network2, "Ritva")
    for member in (cast.person, cast.uncle, cast.person2, stranger):
        assert {table for table, _ in seen_by(getattr(cast, who), member)} <= {"network_heartbeat"}


def test_sql_what_the_member_is_elsewhere_stays_unseen(cast):
    """The friend works for the service as coordinator, and is a member of two more networks, in one as its person."""
    friend = cast.coordinator.user
    Member.objects.filter(pk=cast.friend.pk).update(user=friend)
    own = make_network(cast.service)
    me = make_member(own, "Jussi", account=False, is_person=True)
    Member.objects.filter(pk=me.pk).update(user=friend, joined_at=cast.held.started_at)
    make_case(own, cast.lead)
    there = make_member(cast.network2, "Jussi", account=False)
    Member.objects.filter(pk=there.pk).update(user=friend, joined_at=cast.held.started_at)
    for who in (cast.person, cast.clinician1):
        eyes = seen_by(who, cast.friend)
        assert eyes <= seen_by(who)
        assert ("network_member", me.pk) not in eyes
        assert ("network_member", there.pk) not in eyes
        assert ("network_service", cast.elsewhere.pk) not in eyes
        assert {pk for table, pk in eyes if table == "network_network"} == {cast.network.pk}


def test_sql_a_member_without_an_account_has_eyes(cast):
    aunt, other = make_member(cast.network, "Aunt", account=False), make_member(cast.network, "Second", account=False)
    share(cast.held, aunt)
    assert ("meetings_line", cast.voice.pk) in seen_by(cast.person, aunt)
    assert ("meetings_line", cast.voice.pk) not in seen_by(cast.person, other)


def test_sql_who_is_no_longer_of_the_team_or_was_signed_out_for_good_has_none(cast):
    assert seen_by(cast.clinician1, cast.mother) - seen_by(cast.former, cast.mother)
    User.objects.filter(pk__in=[cast.clinician1.user.pk, cast.person.user.pk]).update(is_active=False)
    for who in (cast.clinician1, cast.person):
        assert {table for table, _ in seen_by(who, cast.mother)} <= {"network_heartbeat"}


def set_eyes(member):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.eyes_of', %s, true)", [str(member.pk)])


@pytest.mark.parametrize("who", MAY)
def test_sql_eyes_are_shut_where_something_could_be_written(cast, who):
    """Set by hand, without the read-only state, they show nothing at all: not to the member, nor to oneself."""
    with role("od_app"), acting_as(getattr(cast, who).user.pk), transaction.atomic():
        set_eyes(cast.mother)
        assert {table for table, _ in visible()} <= {"network_heartbeat"}
        transaction.set_rollback(True)


ATTEMPTS = {
    "answer an invitation": "UPDATE meetings_invitation SET answer = 'no', answered_at = now() WHERE member_id = {mother} RETURNING id",
    "change the contact": "UPDATE network_membercontact SET email = 'x@example.org' WHERE member_id = {mother} RETURNING id",
    "stand beside": "INSERT INTO meetings_addendum (uuid, meeting_id, member_id, kind, text, name)"
                    " VALUES (gen_random_uuid(), {held}, {mother}, 'added', 'Mine.', '') RETURNING id",
    "share": "INSERT INTO meetings_noteshare (uuid, meeting_id, member_id, how, witness, recorded_by_id)"
             " VALUES (gen_random_uuid(), {held}, {mother}, 'own_page', '', {user}) RETURNING id",
    "log a reading": "SELECT od.log_reading('note', gen_random_uuid(), {network})",
}  # fmt: skip
# What the database lets those do, too, who have not signed in: with eyes set by hand one is nobody, but for the read-only state.
OF_NOBODY = {
    "log a change": "SELECT od.log_audit('lied', 'x', gen_random_uuid())",
    "queue a message": "SELECT od.queue_message('x', 'message', {service}, {network}, '{email}', NULL)",
    "open the door": "SET TRANSACTION READ WRITE; SELECT od.log_audit('lied', 'x', gen_random_uuid())",
}
WAYS = [(attempt, read_only) for attempt in ATTEMPTS for read_only in (True, False)] + [
    (attempt, True) for attempt in OF_NOBODY
]


@pytest.mark.parametrize(("attempt", "read_only"), WAYS)
@pytest.mark.parametrize("who", MAY)
def test_sql_nothing_is_written_in_the_name_of_the_member(cast, who, attempt, read_only):
    who = getattr(cast, who)
    sql = (ATTEMPTS | OF_NOBODY)[attempt].format(
        mother=cast.mother.pk, held=cast.held.pk, user=who.user.pk, network=cast.network.pk, service=cast.service.pk,
        email=cast.mother.user.email,
    )  # fmt: skip

    def attempted():
        with transaction.atomic(), role("od_app"), acting_as(who.user.pk), connection.cursor() as cursor:
            set_eyes(cast.mother)
            if read_only:
                cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(sql)
            return cursor.fetchall()

    with contextlib.suppress(DatabaseError):
        assert attempted() == []
    assert [model for model in (Reading, Message, Addendum, NoteShare) if model.objects.exists()] == []
    assert not AuditEntry.objects.filter(verb="lied").exists()


def test_sql_afterwards_oneself_writes_as_before(cast):
    with role("od_app"), acting_as(cast.person.user.pk):
        with eyes_of(cast.mother.pk):
            assert not Consent.objects.filter(member=cast.friend).exists()
        log_reading("note", cast.held.uuid, cast.network)
        with pytest.raises(Refusal), eyes_of(cast.mother.pk):
            raise Refusal("does_not_fit")
        share_note(meeting=cast.held, member=cast.friend, by=cast.person.user)
    assert Reading.objects.get().reader_role == "person"


# -- The action -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", MAY_NOT)
def test_the_action_refuses_everybody_else(cast, who):
    by = getattr(cast, who).user
    with role("od_app"), acting_as(by.pk), pytest.raises(PermissionDenied), look_as(member=cast.friend, by=by):
        pass
    assert not Reading.objects.exists()


@pytest.mark.parametrize("who", MAY)
@pytest.mark.parametrize("covers", ["all", "", "from_now"])
def test_what_would_be_given_is_there_while_looking_and_not_after(cast, who, covers):
    aunt = make_member(cast.network, "Aunt", account=False, email="aunt@example.org", wanted=False)
    by = getattr(cast, who).user
    before = (Consent.objects.count(), Message.objects.count(), AuditEntry.objects.count(), User.objects.count())
    with role("od_app"), acting_as(by.pk):
        change = change_of(aunt, [cast.held], covers=covers, meetings=[] if covers else [str(cast.held.uuid)])
        with look_as(member=aunt, by=by, change=change) as eyes:
            if covers == "from_now":
                assert not aunt.shares.exists()
            else:
                assert read_note(eyes, cast.held.uuid).for_member
    assert not aunt.shares.exists()
    assert (
        Consent.objects.count(),
        Message.objects.count(),
        AuditEntry.objects.count(),
        User.objects.count(),
    ) == before
    reading = Reading.objects.get()
    assert (reading.what, reading.thing, reading.reader_id) == ("as_member", aunt.uuid, by.pk)


# -- The page -------------------------------------------------------------------------------------------------------------------


def sees(cast, member, meeting=None, **query):
    return f"/sees/{member.uuid}/{f'{meeting.uuid}/' if meeting else ''}" + (
        "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
    )


def main(answer, member=None):
    """The page itself, without what looking takes away: where other links lead, what can be sent, and what cannot be pressed."""
    page = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)[0]
    if member:
        page = page.replace(f"/sees/{member.uuid}/", "/notes/")
    page = re.sub(r'<input type="hidden"[^>]*>', "", page)
    page = re.sub(r"<(/?)(?:form|div)[^>]*>", r"<\1div>", page)
    page = re.sub(r'<a (?!href="/notes/[^/]*/">)[^>]*>', "<a>", page)
    return page.replace(" disabled", "")


@pytest.mark.parametrize("who", MAY)
@pytest.mark.parametrize("member", MEMBERS)
def test_the_pages_are_the_members_own(cast, client, who, member):
    share(cast.held, cast.friend)
    share(start_and_close(cast, hours(100)), cast.friend)
    Addendum.objects.create(
        meeting=cast.held,
        network=cast.network,
        service=cast.service,
        kind="differs",
        text="& <b>Not</b> so’.",
        member=cast.friend,
        line=cast.voice,
    )
    say(cast.held, "This came late.", who=cast.mother, at=cast.held.closed_at)
    member = getattr(cast, member)
    client.force_login(member.user)
    own, note = client.get("/my/"), client.get(f"/notes/{cast.held.uuid}/")
    client.force_login(getattr(cast, who).user)
    looked, looked_note = client.get(sees(cast, member)), client.get(sees(cast, member, cast.held))
    assert looked.status_code == looked_note.status_code == 200
    assert main(looked, member) == main(own)
    assert main(looked_note, member) == main(note)
    page = looked.content.decode()
    assert f"This is what <bdi>{member.name}</bdi> sees.</b> Nothing you do here changes anything." in page
    assert "<title>What somebody sees</title>" in page
    assert ("For <bdi>Veli</bdi> there is no such page." in looked_note.content.decode()) is (member.name == "Veli")


def test_nothing_can_be_sent_from_there_and_links_stay_there(cast, client):
    client.force_login(cast.person.user)
    for page in (client.get(sees(cast, cast.mother)), client.get(sees(cast, cast.mother, cast.held))):
        shown = re.search(r"<main.*</main>", page.content.decode(), re.DOTALL)[0]
        assert "<form" not in shown
        assert "csrf" not in shown
        assert all(" disabled" in control for control in re.findall(r"<(?:button|input|select|textarea)[^>]*>", shown))
        links = re.findall(r'href="([^"]*)"', shown)
        assert links
        assert all(link.startswith((f"/sees/{cast.mother.uuid}/", "tel:", "#")) for link in links), links
    for address in (sees(cast, cast.mother), sees(cast, cast.mother, cast.held)):
        assert client.post(address).status_code == 405


@pytest.mark.parametrize("who", MAY_NOT)
def test_the_page_is_not_there_for_anybody_else(cast, client, who):
    client.force_login(getattr(cast, who).user)
    for member in (cast.mother, cast.friend):
        for address in (
            sees(cast, member),
            sees(cast, member, cast.held),
            sees(cast, member, covers="all"),
            sees(cast, member, cast.held, also=cast.held.uuid),
        ):
            assert client.get(address).status_code == 404
    assert not Reading.objects.exists()


@pytest.mark.parametrize("who", MAY)
def test_no_page_of_the_person_of_who_left_or_of_anything_elsewhere(cast, client, who):
    Member.objects.filter(pk=cast.uncle.pk).update(left_at=cast.held.started_at, left_reason="He moved")
    client.force_login(getattr(cast, who).user)
    for address in (sees(cast, cast.person), sees(cast, cast.uncle), sees(cast, cast.person2), f"/sees/{uuid4()}/",
                    sees(cast, cast.mother, cast.meeting2), sees(cast, cast.mother, cast.booked), f"/sees/{cast.mother.uuid}/{uuid4()}/",
                    sees(cast, cast.mother, covers="everything"), sees(cast, cast.mother, covers="single", meetings=cast.meeting2.uuid),
                    sees(cast, cast.mother, also=cast.booked.uuid), sees(cast, cast.mother, also="x")):  # fmt: skip
        assert client.get(address).status_code == 404, address


def test_a_coordinator_who_is_family_is_shown_as_family_alone(cast, client):
    Member.objects.filter(pk=cast.friend.pk).update(user=cast.coordinator.user)
    client.force_login(cast.person.user)
    page = client.get(sees(cast, cast.friend)).content.decode()
    assert "What <bdi>Elina</bdi> shares with you will be here." in page
    assert "With <bdi>" not in page
    assert "/notes/" not in page


def test_before_sharing_the_person_sees_what_it_would_be(cast, client):
    client.force_login(cast.person.user)
    sure = client.post(f"/my/readers/{cast.friend.uuid}/", {"covers": "all"}).content.decode()
    address = f"/sees/{cast.friend.uuid}/?covers=all"
    assert f'href="{address}"' in sure
    page = client.get(address).content.decode()
    assert "<bdi>Jussi</bdi> would see.</b> Nothing you do here changes anything, and nothing is shared yet." in page
    note = sees(cast, cast.friend, cast.held, covers="all")
    assert f'href="{note}"' in page
    assert "I whisper because I am afraid." in client.get(note).content.decode()
    assert "I whisper because I am afraid." not in client.get(sees(cast, cast.friend, cast.held)).content.decode()
    assert f'href="/my/readers/{cast.friend.uuid}/?covers=all"' in page
    assert re.search(
        r'value="all"[^>]*checked', client.get(f"/my/readers/{cast.friend.uuid}/?covers=all").content.decode()
    )
    assert (Consent.objects.active().count(), Message.objects.count()) == (1, 0)
    client.force_login(cast.friend.user)
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 404


@pytest.mark.parametrize("who", MAY)
def test_from_the_page_that_shares_one_meeting(cast, client, who):
    client.force_login(getattr(cast, who).user)
    share_page = f"/notes/{cast.held.uuid}/share/"
    address = sees(cast, cast.friend, cast.held, also=cast.held.uuid)
    page = client.get(share_page).content.decode()
    assert f'href="{address}"' in page
    assert f'href="{sees(cast, cast.mother, cast.held)}"' in page
    looked = client.get(address).content.decode()
    assert "I whisper because I am afraid." in looked
    assert f'href="{share_page}?member={cast.friend.uuid}"' in looked
    assert ("Look at it together with <bdi>Elina</bdi>." in looked) is (who == "clinician1")
    assert re.search(
        rf'value="{cast.friend.uuid}"[^>]*checked',
        client.get(f"{share_page}?member={cast.friend.uuid}").content.decode(),
    )
    assert not NoteShare.objects.exists()


def test_taking_back_can_be_looked_at_before(cast, client):
    client.force_login(cast.person.user)
    assert "there is no such page" in client.get(sees(cast, cast.mother, cast.held, covers="nothing")).content.decode()
    client.force_login(cast.mother.user)
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 200


def test_somebody_who_has_not_signed_in_yet(cast, client):
    aunt = make_member(cast.network, "Aunt", account=False)
    meeting = make_meeting(cast.case, cast.clinician1, starts_at=cast.booked.starts_at + hours(20), invited=[aunt])
    make_member(cast.network, "Second", account=False)
    consent(aunt)
    client.force_login(cast.person.user)
    page = client.get(sees(cast, aunt)).content.decode()
    assert "<bdi>Aunt</bdi> has not signed in yet, and will find this then." in page
    assert ", <bdi>Aunt</bdi></h1>" in page
    assert sees(cast, aunt, cast.held) in page
    assert "I will be there" in page
    assert meeting.invitations.get().answer == ""


def test_that_somebody_looked_is_on_record_in_their_own_name(cast, client):
    for who in (cast.person, cast.clinician1):
        client.force_login(who.user)
        client.get(sees(cast, cast.mother))
        client.get(sees(cast, cast.mother, cast.held))
    assert list(Reading.objects.order_by("pk").values_list("reader_name", "reader_role", "what")) == [
        ("Elina", "person", "as_member"), ("Elina", "person", "as_member"), ("Leena", "team", "as_member"), ("Leena", "team", "as_member")
    ]  # fmt: skip
    client.force_login(cast.person.user)
    assert "<b><bdi>Leena</bdi></b> looked at what Marja sees" in client.get("/my/").content.decode()
    assert "<bdi>Leena</bdi></b> of your team looked at what Marja sees" in client.get("/my/readings/").content.decode()


def test_links_lead_there(cast, client):
    client.force_login(cast.person.user)
    for page in ("/my/readers/", f"/my/readers/{cast.mother.uuid}/"):
        assert f'href="/sees/{cast.mother.uuid}/"' in client.get(page).content.decode()


def test_the_team_of_another_network_of_the_same_service(cast, client):
    other = make_network(cast.service)
    make_member(other, "Sanna", is_person=True)
    make_case(other, cast.coordinator)
    make_team(other, cast.clinician3, cast.clinician1)
    client.force_login(cast.clinician3.user)
    assert client.get(sees(cast, cast.mother)).status_code == 404
