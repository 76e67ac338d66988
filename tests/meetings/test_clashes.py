"""Promise 5: nobody in two places, travel included; also when two book in the same second."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from meetings.actions.booking import Appointment, book_meeting, move_meeting
from meetings.agenda import free_slots, why_not
from meetings.models import Meeting
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network, make_team


def make():
    c = make_cast()
    c.other_network = make_network(c.service)
    make_member(c.other_network, "Ilmari", is_person=True)
    make_team(c.other_network, c.clinician1, c.clinician3)
    c.other = make_case(c.other_network, c.coordinator)
    c.at = timezone.now().replace(second=0, microsecond=0) + hours(48)
    return c


@pytest.fixture
def cast(db):
    return make()


def book(cast, case, *staff, minutes_later=0, travel=0):
    with role("od_app"), acting_as(cast.coordinator.user.pk):
        starts = cast.at + timedelta(minutes=minutes_later)
        return book_meeting(
            case=case, appointment=Appointment(starts, travel_minutes=travel), staff=staff, by=cast.coordinator.user
        )  # fmt: skip


@pytest.mark.parametrize(("later", "travel"), [(0, 0), (89, 0), (-89, 0), (90, 15), (104, 15)])
def test_one_cannot_be_in_two_places_nor_on_the_way(cast, later, travel):
    book(cast, cast.case, cast.clinician1, cast.clinician2)
    with pytest.raises(Refusal) as refusal:
        book(cast, cast.other, cast.clinician3, cast.clinician1, minutes_later=later, travel=travel)
    assert (refusal.value.rule, refusal.value.field) == ("staff_not_in_two_places", "starts_at")
    assert cast.other.meetings.count() == 0


def test_one_after_the_other_is_no_clash(cast):
    book(cast, cast.case, cast.clinician1, cast.clinician2)
    book(cast, cast.other, cast.clinician1, cast.clinician3, minutes_later=90)


def test_moving_into_another_meeting_is_refused_and_changes_nothing(cast):
    book(cast, cast.other, cast.clinician1, cast.clinician3)
    with role("od_app"), acting_as(cast.clinician2.user.pk), pytest.raises(Refusal) as refusal:
        move_meeting(meeting=cast.booked, appointment=Appointment(cast.at), seen_moves=0, by=cast.clinician2.user)
    assert refusal.value.rule == "staff_not_in_two_places"
    assert Meeting.objects.get(pk=cast.booked.pk).moves == 0


def test_straight_sql(cast):
    first = book(cast, cast.case, cast.clinician1, cast.clinician2).staffing.filter(staff=cast.clinician1)
    later = make_meeting(cast.other, cast.clinician3, starts_at=cast.at)

    def straight():
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            later.staffing.create(network=cast.other_network, service=cast.service, staff=cast.clinician1)

    with pytest.raises(IntegrityError, match="staff_not_in_two_places"), transaction.atomic():
        straight()
    first.update(active=False)
    straight()
    with pytest.raises(IntegrityError, match="staff_not_in_two_places"), transaction.atomic():
        first.update(active=True)


def test_slots_know_of_colleagues_time_and_of_nothing_else(cast):
    meeting = book(cast, cast.other, cast.clinician1, travel=30)
    with role("od_app"), acting_as(cast.clinician2.user.pk):
        assert not Meeting.objects.filter(pk=meeting.pk).exists()
        slots = free_slots([cast.clinician1, cast.clinician2], minutes=60, travel_minutes=0)
        said = why_not([cast.clinician1], cast.at, cast.at + hours(1), 0)
    assert all(slot.ends_at <= cast.at - hours(0.5) or slot.starts_at >= cast.at + hours(2) for slot in slots)
    assert said.startswith("Leena is not free ")
    assert "Ilmari" not in said


def test_a_meeting_that_moves_is_not_in_its_own_way(cast):
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        end = cast.booked.ends_at
        assert not why_not([cast.clinician1], cast.booked.starts_at, end, 0, but=cast.booked)
        assert why_not([cast.clinician1], cast.booked.starts_at, end, 0)


def test_the_page_says_who_is_not_free(client, cast):
    book(cast, cast.other, cast.clinician1)
    client.force_login(cast.clinician2.user)
    form = {
        "staff": [cast.clinician1.uuid, cast.clinician2.uuid],
        "minutes": 90,
        "place": "home",
        "slot": cast.at.isoformat(),
    }
    html = client.post(f"/cases/{cast.case.uuid}/meetings/new/", form).content.decode()
    assert "One of the team has another meeting" in html
    assert "Leena is not free" in html
    assert "Ilmari" not in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_two_who_book_in_the_same_second(turn):
    """Two real connections: one books, the other reads why not. Never both, never neither, never a deadlock."""
    with transaction.atomic():
        cast = make()
    start, results = threading.Barrier(2), []

    def press(case, *staff):
        try:
            with role("od_app"), acting_as(cast.coordinator.user.pk):
                start.wait(timeout=20)
                book_meeting(
                    case=case, appointment=Appointment(cast.at), staff=staff, by=cast.coordinator.user
                )  # fmt: skip
            results.append("booked")
        except Refusal as refusal:
            results.append(refusal.rule)
        except Exception as error:
            results.append(repr(error))
        finally:
            connection.close()

    both = [
        threading.Thread(target=press, args=(cast.case, cast.clinician1, cast.clinician3)),
        threading.Thread(target=press, args=(cast.other, cast.clinician3, cast.clinician1)),
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=60)
    assert sorted(results) == ["booked", "staff_not_in_two_places"]
