"""Booking, moving and cancelling: who comes, when all are free, and that everybody is told once."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meetings.actions.booking import Appointment, book_meeting, cancel_meeting, change_who_comes, move_meeting
from meetings.models import Meeting
from network.identity import set_identity
from network.models import Message, User
from network.rules import Refusal
from referrals.models import CaseClosure
from tests.conftest import acting_as, role
from tests.factories import (
    flush_constraints,
    hours,
    make_case,
    make_cast,
    make_meeting,
    make_member,
    make_network,
    make_team,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    c = make_cast()
    c.later = timezone.now().replace(second=0, microsecond=0) + hours(48)
    return c


def book(cast, by=None, case=None, staff=None, starts_at=None, members=(), **extra):
    by = by or cast.coordinator.user
    assert (case or cast.case).network.person  # as the owner: the action has to refuse, not the reading
    staff = [cast.clinician1, cast.clinician2] if staff is None else staff
    with role("od_app"), acting_as(by.pk):
        return book_meeting(
            case=case or cast.case, appointment=Appointment(starts_at or cast.later, **extra), staff=staff, members=members, by=by
        )  # fmt: skip


def messages(meeting):
    keys = Message.objects.filter(dedupe_key__startswith=f"meeting:{meeting.uuid}:", cancelled_at=None)
    return sorted(keys.values_list("kind", "to"))


@pytest.mark.parametrize("who", ["coordinator", "clinician1"])
def test_book(cast, who):
    meeting = book(cast, by=getattr(cast, who).user, members=[cast.mother], travel_minutes=40, address="Kauppakatu 3")
    assert {one.staff: one.cover for one in meeting.staffing.all()} == {cast.clinician1: False, cast.clinician2: False}
    assert [one.member for one in meeting.invitations.all()] == [cast.person, cast.mother]
    assert meeting.invitations.get(member=cast.mother).word == "the person, by phone"
    assert meeting.staffing.first().busy.lower == cast.later - timedelta(minutes=40)
    told = {to for kind, to in messages(meeting) if kind == "meeting"}
    assert told == {cast.person.contact.email, cast.mother.contact.email}


@pytest.mark.parametrize("who", ["clinician3", "former", "person", "mother", "coordinator2"])
def test_others_book_nothing(cast, who):
    with pytest.raises(PermissionDenied):
        book(cast, by=getattr(cast, who).user)


def test_nobody_in_the_world_but_the_person_is_asked_by_itself(cast):
    assert [one.member for one in book(cast).invitations.all()] == [cast.person]


def test_the_same_form_twice_books_once(cast):
    uuid = "6f1c2d2e-6a44-4b6e-9a0e-3a0d5d1c0f11"
    for _ in range(2):
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            meeting = book_meeting(
                case=cast.case, appointment=Appointment(cast.later), staff=[cast.clinician1], by=cast.coordinator.user, uuid=uuid
            )  # fmt: skip
    assert Meeting.objects.filter(uuid=meeting.uuid).count() == 1


def refused(rule, of, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        of(*args, **kwargs)
    assert refusal.value.rule == rule


def test_cover_is_marked_by_the_database(cast):
    meeting = book(cast, staff=[cast.clinician1, cast.clinician3])
    assert meeting.staffing.get(staff=cast.clinician3).cover


def test_refused_bookings(cast):
    refused("somebody_comes", book, cast, staff=[])
    refused("booked_ahead", book, cast, starts_at=timezone.now() - hours(2))
    refused("meeting_elsewhere_says_where", book, cast, place="elsewhere")
    refused("of_the_same_network", book, cast, staff=[cast.clinician1, cast.clinician4])
    refused("team_of_clinicians", book, cast, staff=[cast.coordinator])
    refused("meeting_ends_after_start", book, cast, minutes=600)
    assert cast.case.meetings.count() == 2


def test_a_closed_case_takes_no_meeting(cast):
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="-"
    )
    CaseClosure.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="together", reason="We are done.",
        first_staff=cast.clinician1, decided_in=cast.held.uuid,
    )  # fmt: skip
    refused("case_is_open", book, cast)


def test_straight_sql_books_nothing_without_the_person(cast):
    def straight(**who):
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            meeting = Meeting.objects.create(
                case=cast.case, network=cast.network, service=cast.service, starts_at=cast.later, ends_at=cast.later + hours(1),
                booked_by=cast.coordinator,
            )  # fmt: skip
            for staff in who.values():
                meeting.staffing.create(network=cast.network, service=cast.service, staff=staff)
            flush_constraints()

    with pytest.raises(IntegrityError, match="somebody_comes"), transaction.atomic():
        straight()
    with pytest.raises(IntegrityError, match="person_is_always_asked"), transaction.atomic():
        straight(comes=cast.clinician1)


def move(cast, by=None, seen=0, meeting=None, **extra):
    by = by or cast.coordinator.user
    with role("od_app"), acting_as(by.pk):
        return move_meeting(
            meeting=meeting or cast.booked, appointment=Appointment(**{"starts_at": cast.later} | extra), seen_moves=seen, by=by
        )  # fmt: skip


def test_moving_tells_everybody_once_and_asks_anew(cast):
    cast.booked.invitations.filter(member=cast.mother).update(answer="yes", answered_at=timezone.now())
    moved = move(cast)
    assert (moved.moves, moved.starts_at) == (1, cast.later)
    assert set(moved.invitations.values_list("answer", flat=True)) == {""}
    invited = {one.contact.email for one in (cast.person, cast.mother, cast.friend)}
    assert {to for kind, to in messages(moved) if kind == "moved"} == invited
    again = Meeting.objects.get(pk=moved.pk)
    move(cast, seen=1, meeting=again)  # to the same time: nothing moves, nobody is told
    assert len([kind for kind, _ in messages(moved) if kind == "moved"]) == 3
    assert again.moves == 1


def test_what_was_queued_about_the_old_time_stays_unsent(cast):
    meeting = book(cast, members=[cast.mother])
    move(cast, meeting=meeting, starts_at=cast.later + hours(3))
    assert {kind for kind, _ in messages(meeting)} == {"moved", "staff"}


def test_two_who_move_at_once_hear_of_each_other(cast):
    move(cast)
    stale = Meeting.objects.get(pk=cast.booked.pk)
    refused("moved_meanwhile", move, cast, meeting=stale, seen=0, starts_at=cast.later + hours(5))


def test_the_database_counts_moves_and_does_not_move_into_the_past(cast):
    def straight(**columns):
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            Meeting.objects.filter(pk=cast.booked.pk).update(**columns)

    end = cast.later + hours(1)
    past = timezone.now() - hours(9)
    for columns, rule in (
        ({"starts_at": cast.later, "ends_at": end}, "moved_meanwhile"),
        ({"moves": 1}, "moved_meanwhile"),
        ({"starts_at": past, "ends_at": past + hours(1), "moves": 1}, "booked_ahead"),
    ):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            straight(**columns)


def test_cancelling_says_why_frees_the_team_and_tells_once(cast):
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        with pytest.raises(Refusal) as refusal:
            cancel_meeting(meeting=cast.booked, reason=" ", by=cast.clinician1.user)
        assert refusal.value.rule == "cancelling_says_why"
        cancel_meeting(meeting=cast.booked, reason="Elina has a fever", by=cast.clinician1.user)
    assert not cast.booked.staffing.filter(active=True).exists()
    assert len([kind for kind, _ in messages(cast.booked) if kind == "cancelled"]) == 3
    assert (("staff", cast.clinician2.user.email)) in messages(cast.booked)
    refused("stays_as_written", move, cast)


def test_members_without_address_are_queued_nothing_and_times_only_by_choice(cast):
    cast.mother.contact.time_in_messages = True
    cast.mother.contact.save(update_fields=["time_in_messages"])
    grandfather = make_member(cast.network, "Eino", account=False)
    meeting = book(cast, members=[cast.mother, grandfather])
    rows = Message.objects.filter(dedupe_key__startswith=f"meeting:{meeting.uuid}:", kind="meeting")
    assert {row.to: row.meeting_at for row in rows} == {
        cast.person.contact.email: None,
        cast.mother.contact.email: cast.later,
    }


def test_who_is_invited_can_be_mailed_a_code(cast):
    aunt = make_member(cast.network, "Aune", account=False, email="aune@example.org")
    book(cast, members=[aunt])
    assert User.objects.filter(email="aune@example.org").exists()
    aunt.refresh_from_db()
    assert aunt.user is None  # nothing is linked by an address


def test_changing_who_comes(cast):
    def change(*staff):
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            change_who_comes(meeting=cast.booked, staff=staff, by=cast.coordinator.user)

    change(cast.clinician1, cast.clinician3)
    coming = cast.booked.staffing.filter(active=True)
    assert {one.staff: one.cover for one in coming} == {cast.clinician1: False, cast.clinician3: True}
    change(cast.clinician1, cast.clinician2)
    assert set(coming.values_list("staff", flat=True)) == {cast.clinician1.pk, cast.clinician2.pk}
    refused("somebody_comes", change)


def test_the_page_books(client, cast):
    client.force_login(cast.coordinator.user)
    html = client.get(f"/cases/{cast.case.uuid}/meetings/new/").content.decode()
    assert "Leena" in html
    mother = f"m{cast.mother.pk}"
    typed = {
        "staff": [cast.clinician1.uuid, cast.clinician2.uuid], "minutes": 90, "travel_minutes": 15, "slot": cast.later.isoformat(),
        "place": "home", "address": "", f"{mother}-ask": "on", "uuid": "6f1c2d2e-6a44-4b6e-9a0e-3a0d5d1c0f12",
    }  # fmt: skip
    response = client.post(f"/cases/{cast.case.uuid}/meetings/new/", typed)
    meeting = Meeting.objects.get(uuid=typed["uuid"])
    assert response["Location"] == f"/meetings/{meeting.uuid}/"
    assert [one.member for one in meeting.invitations.all()] == [cast.person, cast.mother]
    assert client.get(response["Location"]).status_code == 200


def test_what_is_missing_stands_in_one_list(client, cast):
    client.force_login(cast.coordinator.user)
    cousins = [make_member(cast.network, name, account=False, wanted=False) for name in ("Anni", "Veikko")]
    asked = {f"m{one.pk}-wanted": "yes" for one in cousins}
    typed = {"minutes": "", "slot": cast.later.isoformat(), "place": "home"} | asked
    html = client.post(f"/cases/{cast.case.uuid}/meetings/new/", typed).content.decode()
    assert html.count("Not saved yet") == html.count("data-errors") == 1
    assert html.count("Say where the person gave their word, and to whom.") == 4, "in the list, and at each box"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("minutes", "5", "Write 15 or more."),
        ("minutes", "x", "Write a number."),
        ("place", "moon", "Choose one of those shown."),
    ],
)
def test_what_cannot_be_is_said_in_our_words(client, cast, field, typed, said):
    client.force_login(cast.coordinator.user)
    form = {"minutes": "90", "slot": cast.later.isoformat(), "place": "home", field: typed}
    assert said in client.post(f"/cases/{cast.case.uuid}/meetings/new/", form).content.decode()


def test_free_times_are_shown_anew_and_nothing_is_saved(client, cast):
    client.force_login(cast.coordinator.user)
    response = client.post(
        f"/cases/{cast.case.uuid}/meetings/new/",
        {"look": "yes", "minutes": "oh", "travel_minutes": "-4", "address": "Kirkkokatu 1"},
    )
    assert response.status_code == 200
    assert "Kirkkokatu 1" in response.content.decode()
    assert "Not saved yet" not in response.content.decode()
    assert cast.case.meetings.count() == 2


@pytest.mark.parametrize("typed", ["", "yesterday", "2027-03-28T03:30", "2199-13-45T99:99", "0001-01-01T00:00"])
def test_times_that_are_none_are_explained_and_the_rest_is_kept(client, cast, typed):
    client.force_login(cast.coordinator.user)
    form = {"staff": [cast.clinician1.uuid], "minutes": 90, "slot": "other", "starts_at": typed, "place": "elsewhere"}
    response = client.post(f"/cases/{cast.case.uuid}/meetings/new/", form | {"address": "At the river ✨\u202e"})
    html = response.content.decode()
    assert response.status_code == 200
    assert "Not saved yet" in html
    assert "At the river ✨" in html


def test_a_case_without_a_team_chooses_one_first(client, cast):
    network = make_network(cast.service)
    make_member(network, "Ilmari", is_person=True)
    case = make_case(network, cast.coordinator)
    client.force_login(cast.coordinator.user)
    assert client.get(f"/cases/{case.uuid}/meetings/new/")["Location"] == f"/cases/{case.uuid}/team/"


@pytest.mark.parametrize("page", ["", "move/", "cancel/", "staff/", "invite/"])
@pytest.mark.parametrize("who", ["clinician3", "coordinator2", "uncle", "person2"])
def test_a_meeting_does_not_exist_for_others(client, cast, page, who):
    client.force_login(getattr(cast, who).user)
    assert client.get(f"/meetings/{cast.booked.uuid}/{page}").status_code == 404


@pytest.mark.parametrize(("page", "word"), [("move/", "Move it"), ("cancel/", "Cancel it"), ("staff/", "Who comes")])
def test_pages_that_change_a_meeting(client, cast, page, word):
    client.force_login(cast.clinician1.user)
    response = client.get(f"/meetings/{cast.booked.uuid}/{page}")
    assert word in response.content.decode()


def test_the_page_moves_and_cancels(client, cast):
    client.force_login(cast.clinician1.user)
    form = {
        "slot": "other",
        "starts_at": (cast.later + hours(24)).strftime("%Y-%m-%dT%H:%M"),
        "minutes": 60,
        "place": "home",
    }
    address = f"/meetings/{cast.booked.uuid}/"
    assert client.post(f"{address}move/", form | {"seen_moves": 0})["Location"] == address
    assert "Somebody else changed this meeting" in client.post(f"{address}move/", form | {
        "seen_moves": 0, "minutes": 75}).content.decode()  # fmt: skip
    assert "Say why" in client.post(f"{address}cancel/", {"cancelled_reason": "\x00 "}).content.decode()
    client.post(f"{address}cancel/", {"cancelled_reason": "Fever"})
    cast.booked.refresh_from_db()
    assert (cast.booked.status, cast.booked.moves) == ("cancelled", 1)


def test_the_list_of_meetings(client, cast):
    other = make_network(cast.service)
    make_member(other, "Ilmari", is_person=True)
    make_team(other, cast.clinician3, cast.former)
    theirs = make_case(other, cast.coordinator)
    make_meeting(theirs, cast.clinician3, starts_at=cast.later, address="Rantatie 2", place="elsewhere")
    client.force_login(cast.clinician1.user)
    html = client.get("/meetings/").content.decode()
    assert "Elina" in html
    assert "Ilmari" not in html
    client.force_login(cast.coordinator.user)
    html = client.get("/meetings/").content.decode()
    assert "Elina" in html
    assert "geo:0,0?q=Rantatie%202" in html
    assert "Oskari" not in html


def test_as_many_queries_for_few_as_for_many(client, cast):
    def counted():
        found = {}
        for page in ("/meetings/", f"/meetings/{cast.booked.uuid}/", f"/cases/{cast.case.uuid}/meetings/new/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            asked = [q["sql"] for q in queries if q["sql"] != "SELECT current_user"]  # that one is the test's own
            found[page] = sum(sql.upper().startswith(("SELECT", "INSERT", "UPDATE")) for sql in asked)
        set_identity(None)
        return found

    client.force_login(cast.coordinator.user)
    few = counted()
    for n in range(27):
        cousin = make_member(cast.network, f"Cousin {n}", account=False)
        cast.booked.invitations.create(network=cast.network, service=cast.service, member=cousin, word="Elina")
        make_meeting(cast.case, cast.clinician1, starts_at=cast.later + hours(4 * n), invited=[cast.person, cousin])
    assert counted() == few
    assert max(few.values()) <= 8, few


def test_whose_home_it_is_and_that_its_address_is_missing(client, cast):
    address = f"/meetings/{cast.booked.uuid}/"
    for user, words in ((cast.person.user, "At your home"), (cast.clinician1.user, f"At {cast.person.name}’s home")):
        client.force_login(user)
        page = client.get(address).content.decode()
        assert words in page
        assert ("No address is written down yet" in page) is bool(user == cast.clinician1.user)
    assert f"/members/{cast.person.uuid}/" in page  # beside the person: nobody is asked anew
