"""Who is in the room: one tap each, by those who came. Presence stops the clock, and a mistaken tap lets it run again."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from meetings.actions.moments import When
from meetings.actions.record import arrive, bring_guest, leave, start_meeting, take_back_presence
from meetings.models import MeetingStaff, Presence
from network.rules import Refusal
from referrals.actions import correct_first_heard, take_call
from referrals.models import ResponseTimer
from tests.factories import hours, make_cast, make_meeting, start
from tests.meetings.recording import acting, straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """The fixed cast, with a new crisis: its clock runs, and the meeting is booked for today."""
    cast = make_cast()
    heard = timezone.now() - hours(17)
    scope = {"network": cast.network, "service": cast.service}
    cast.clock = ResponseTimer.objects.create(
        case=cast.case, kind="meeting", urgency="urgent", hours=24, first_heard_at=heard, due_at=heard, **scope
    )
    return cast


def outcome(clock):
    clock.refresh_from_db()
    return clock.outcome, clock.met_at


def test_the_first_tap_starts_the_meeting_and_the_second_stops_the_clock(cast):
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician1, by=by)
        cast.booked.refresh_from_db()
        assert cast.booked.status == "started"
        assert outcome(cast.clock) == ("running", None)
        here = arrive(meeting=cast.booked, who=cast.person, by=by)
        assert outcome(cast.clock) == ("met", here.arrived_at)
    assert timedelta(hours=17) <= cast.clock.elapsed < timedelta(hours=17, minutes=1)


def test_the_person_alone_or_the_mother_does_not_stop_it(cast):
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.person, by=by)
        arrive(meeting=cast.booked, who=cast.mother, by=by)
        assert outcome(cast.clock) == ("running", None)
        leave(meeting=cast.booked, who=cast.person, by=by)
        arrive(meeting=cast.booked, who=cast.clinician1, by=by)
        assert outcome(cast.clock) == ("running", None), "they were not in the room together"


def test_whoever_covers_counts_as_the_team_for_this_meeting(cast):
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician3, by=by)
        arrive(meeting=cast.booked, who=cast.person, by=by)
        assert outcome(cast.clock)[0] == "met"
    assert cast.booked.staffing.get(staff=cast.clinician3).cover


def test_a_clinician_who_comes_though_booked_elsewhere_counts_and_is_not_booked_twice(cast):
    other = make_meeting(cast.case, cast.clinician3, starts_at=cast.booked.starts_at)
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician3, by=by)
    assert MeetingStaff.objects.get(meeting=cast.booked, staff=cast.clinician3).active is False
    assert MeetingStaff.objects.get(meeting=other, staff=cast.clinician3).active is True


def test_a_mistaken_tap_stays_on_record_and_the_clock_runs_again(cast):
    by = cast.clinician1.user
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician1, by=by)
        tapped = arrive(meeting=cast.booked, who=cast.person, by=by)
        assert outcome(cast.clock)[0] == "met"
        take_back_presence(presence=tapped, by=by)
        assert outcome(cast.clock) == ("running", None)
        again = arrive(meeting=cast.booked, who=cast.person, by=by)
        assert outcome(cast.clock) == ("met", again.arrived_at)
    assert cast.booked.presences.filter(member=cast.person).count() == 2


def test_tapping_twice_is_one_presence_and_so_is_sending_twice(cast):
    by = cast.clinician1.user
    with acting(by):
        first = arrive(meeting=cast.booked, who=cast.person, by=by)
        assert arrive(meeting=cast.booked, who=cast.person, by=by) == first
        assert arrive(meeting=cast.booked, who=cast.person, by=by, uuid=first.uuid) == first
        leave(meeting=cast.booked, who=cast.person, by=by)
        assert leave(meeting=cast.booked, who=cast.person, by=by) is None
        assert arrive(meeting=cast.booked, who=cast.person, by=by, uuid=first.uuid) == first, "not back by a late copy"
    assert cast.booked.presences.count() == 1


def test_a_device_clock_wrong_by_hours_is_corrected_and_kept_beside(cast):
    by = cast.clinician1.user
    truth = timezone.now() - timedelta(minutes=40)
    wrong = When(device_at=truth + hours(3), offset_ms=3 * 3600 * 1000, offline=True)
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician1, by=by, when=wrong)
        here = arrive(meeting=cast.booked, who=cast.person, by=by, when=wrong)
        assert (here.arrived_at, here.offset_ms, here.offline) == (truth, 3 * 3600 * 1000, True)
    cast.booked.refresh_from_db()
    assert cast.booked.started_at == truth
    assert outcome(cast.clock) == ("met", truth)
    assert cast.clock.recorded_offline
    assert cast.clock.known_at > truth + timedelta(minutes=39), "known when it came in, met when they met"


@pytest.mark.parametrize(
    ("days_off", "offset_ms"), [(400, None), (-20_000, None), (0, -(10**17)), (-20_000, -20_000 * 86_400_000)]
)
def test_nonsense_from_a_device_never_loses_a_tap_and_never_lies_in_the_future(cast, days_off, offset_ms):
    when = When(device_at=timezone.now() + timedelta(days=days_off), offset_ms=offset_ms)
    with acting(cast.clinician1.user):
        here = arrive(meeting=cast.booked, who=cast.person, by=cast.clinician1.user, when=when)
    assert abs(timezone.now() - here.arrived_at) < timedelta(minutes=1)


def test_another_phone_that_saw_them_earlier_moves_the_clock_back_to_that_moment(cast):
    by, earlier = cast.clinician1.user, timezone.now() - timedelta(minutes=20)
    with acting(by):
        arrive(meeting=cast.booked, who=cast.clinician1, by=by, when=When(device_at=earlier))
        seen = arrive(meeting=cast.booked, who=cast.person, by=by)
        before = arrive(meeting=cast.booked, who=cast.person, by=cast.clinician1.user, when=When(device_at=earlier))
        assert (before.arrived_at, before.left_at) == (earlier, seen.arrived_at)
        assert outcome(cast.clock) == ("met", earlier)


def test_a_departure_from_before_they_came_back_changes_nothing(cast):
    by, earlier = cast.clinician1.user, timezone.now() - timedelta(minutes=20)
    with acting(by):
        here = arrive(meeting=cast.booked, who=cast.person, by=by)
        assert leave(meeting=cast.booked, who=cast.person, by=by, when=When(device_at=earlier)) is None
    here.refresh_from_db()
    assert here.left_at is None


def test_somebody_new_becomes_a_member_by_the_word_of_the_person_in_the_room(cast):
    by = cast.clinician1.user
    with acting(by):
        unasked = bring_guest(meeting=cast.booked, name="Pekka", relation="neighbour", circle="other", by=by).member
        assert (unasked.wanted, unasked.wanted_word) == (None, ""), "she is not here: she has not been asked"
        arrive(meeting=cast.booked, who=cast.person, by=by)
        here = bring_guest(meeting=cast.booked, name="Anna", relation="her aunt", circle="family", by=by)
        assert (here.member.wanted, here.member.wanted_word) == (True, "in the room, to Leena")
        again = bring_guest(
            meeting=cast.booked, name="Anna", relation="her aunt", circle="family", by=by, uuid=here.uuid
        )
        assert again == here
        with pytest.raises(Refusal, match="member_name_given"):
            bring_guest(meeting=cast.booked, name=" \u0000", relation="", circle="other", by=by)
    assert cast.network.members.filter(name="Anna").count() == 1


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician3", "former", "clinician4", "person", "mother"])
def test_only_those_who_came_write_the_record(cast, who):
    """The coordinator owns this case, and still was not in the room."""
    user = getattr(cast, who).user
    with pytest.raises(PermissionDenied):
        arrive(meeting=cast.booked, who=cast.person, by=user)
    with pytest.raises(PermissionDenied):
        start_meeting(meeting=cast.booked, by=user)
    start(cast.booked)
    by = getattr(cast, who)
    staff_id = by.pk if hasattr(by, "profession") else cast.clinician1.pk
    refused = pytest.raises((ProgrammingError, IntegrityError), match=r"row-level security|of_the_same_network")
    with refused, transaction.atomic(), acting(user):
        insert(cast, staff_id)
    assert not cast.booked.presences.exists()
    with transaction.atomic(), acting(user):
        assert straight("UPDATE meetings_presence SET left_at = now()") == 0


@pytest.mark.parametrize("who", ["coordinator", "lead"])
def test_overseeing_does_not_start_a_meeting_at_the_database_either(cast, who):
    refused = pytest.raises(IntegrityError, match="recorded_by_those_who_came")
    with refused, transaction.atomic(), acting(getattr(cast, who).user):
        start_sql(cast)


def insert(cast, staff_id, member=None):
    straight(
        """INSERT INTO meetings_presence (uuid, service_id, network_id, meeting_id, member_id, name, arrived_at, recorded_by_id)
        VALUES (gen_random_uuid(), %s, %s, %s, %s, 'Elina', now(), %s)""",
        cast.service.pk, cast.network.pk, cast.booked.pk, (member or cast.person).pk, staff_id,
    )  # fmt: skip


def start_sql(cast):
    straight("UPDATE meetings_meeting SET status = 'started', started_at = now() WHERE id = %s", cast.booked.pk)


def test_nobody_arrives_at_a_meeting_of_others_or_that_is_over(cast):
    by = cast.clinician1.user
    with pytest.raises(PermissionDenied):
        arrive(meeting=cast.meeting2, who=cast.person2, by=by)
    with acting(by), pytest.raises(Refusal, match="of_the_same_network"):
        arrive(meeting=cast.booked, who=cast.person2, by=by)
    with acting(by), pytest.raises(Refusal, match="meeting_is_going_on"):
        arrive(meeting=cast.held, who=cast.person, by=by)
    start(cast.booked)
    with pytest.raises(IntegrityError, match="of_the_same_network"), transaction.atomic(), acting(by):
        insert(cast, cast.clinician1.pk, member=cast.person2)


def test_by_page_without_javascript(cast, client):
    client.force_login(cast.clinician1.user)
    address = f"/meetings/{cast.booked.uuid}/record/"
    for who in (f"staff:{cast.clinician1.uuid}", f"member:{cast.person.uuid}"):
        answer = client.post(f"{address}arrive/", {"who": who})
        assert (answer.status_code, answer["Location"]) == (302, address)
    assert outcome(cast.clock)[0] == "met"
    page = client.get(address).content.decode()
    assert page.count('aria-pressed="true"') == 2
    client.post(f"{address}leave/", {"who": f"member:{cast.person.uuid}"})
    assert "Elina is not in the room. Decisions wait until Elina is back." in client.get(address).content.decode()
    here = Presence.objects.get(member=cast.person, meeting=cast.booked)
    client.post(f"{address}mistake/", {"presence": here.uuid})
    assert outcome(cast.clock) == ("running", None)


def test_by_page_with_a_device_clock_hours_wrong(cast, client):
    client.force_login(cast.clinician1.user)
    truth = timezone.now() - timedelta(minutes=5)
    answer = client.post(
        f"/meetings/{cast.booked.uuid}/record/arrive/",
        {"who": f"member:{cast.person.uuid}", "said_at": (truth - hours(5)).isoformat(), "offset_ms": -5 * 3600_000,
         "offline": "1"},
        headers={"accept": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200
    here = cast.booked.presences.get()
    assert (here.arrived_at, here.offset_ms, here.offline) == (truth, -5 * 3600_000, True)


@pytest.mark.parametrize(
    ("who", "status"), [("coordinator", 403), ("lead", 403), ("clinician3", 404), ("clinician4", 404), ("person", 404)]
)
def test_others_tap_nobody_in(cast, client, who, status):
    client.force_login(getattr(cast, who).user)
    for verb in ("arrive", "leave", "guest", "mistake", "lines"):
        answer = client.post(f"/meetings/{cast.booked.uuid}/record/{verb}/", {"who": f"member:{cast.person.uuid}"})
        assert answer.status_code == status, verb
    cast.booked.refresh_from_db()
    assert cast.booked.status == "booked"


@pytest.mark.parametrize("who", ["", "member:", "member:x", "staff:00000000-0000-0000-0000-000000000000", "person2"])
def test_somebody_unknown_is_not_there(cast, client, who):
    client.force_login(cast.clinician1.user)
    who = f"member:{cast.person2.uuid}" if who == "person2" else who
    answer = client.post(f"/meetings/{cast.booked.uuid}/record/arrive/", {"who": who})
    assert answer.status_code == 404
    assert not cast.booked.presences.exists()


def test_the_guest_form_says_what_is_missing_and_keeps_what_was_typed(cast, client):
    client.force_login(cast.clinician1.user)
    address = f"/meetings/{cast.booked.uuid}/record/guest/"
    answer = client.post(address, {"name": "", "relation": "the neighbour <b>", "circle": "other"})
    assert answer.status_code == 200
    assert "Write a name, or what people call them." in answer.content.decode()
    assert "the neighbour &lt;b&gt;" in answer.content.decode()
    assert client.post(address, {"name": "Pekka", "relation": "the neighbour", "circle": "other"}).status_code == 302
    assert cast.booked.presences.get().name == "Pekka"


# A new call while they sit together


def call(cast, **extra):
    """A new crisis, told to a coordinator: the clock that it started."""
    by = cast.coordinator.user
    with acting(by):
        take_call(
            person_name="Elina", call_back="040 555 0134", words="He shouts again.", told="yes", join_case=cast.case.uuid, by=by, **extra
        )  # fmt: skip
    return cast.case.timers.order_by("pk").last()


@pytest.fixture
def together(cast):
    """They have sat together for half an hour."""
    start(cast.booked, cast.person, cast.clinician1)
    assert outcome(cast.clock)[0] == "met"
    return cast


def test_a_call_while_they_sit_together_is_met_as_it_begins(together):
    met_before = outcome(together.clock)
    clock = call(together)
    assert clock != together.clock
    assert outcome(clock) == ("met", clock.first_heard_at)
    assert clock.known_at == clock.ended_at >= clock.first_heard_at
    assert clock.watch.ended_why == "met"
    assert clock.referrals.get().words == "He shouts again."
    assert outcome(together.clock) == met_before
    together.case.refresh_from_db()
    assert together.case.due_at is None


def test_the_service_learns_of_it_no_sooner_than_of_the_call(together):
    clock = call(together, first_heard_at=timezone.now() - timedelta(minutes=10))
    assert outcome(clock) == ("met", clock.first_heard_at)
    assert clock.known_at >= clock.referrals.get().recorded_at


def test_heard_before_they_sat_together_it_is_met_when_they_did(together):
    clock = call(together, first_heard_at=timezone.now() - hours(3))
    assert outcome(clock) == ("met", together.booked.presences.first().arrived_at)


@pytest.mark.parametrize("gone", ["person", "clinician1"])
def test_a_call_after_one_of_them_left_runs_until_both_are_back(together, gone):
    by = together.clinician1.user
    with acting(by):
        leave(meeting=together.booked, who=getattr(together, gone), by=by)
    clock = call(together)
    assert outcome(clock) == ("running", None)
    with acting(by):
        here = arrive(meeting=together.booked, who=getattr(together, gone), by=by)
    assert outcome(clock) == ("met", here.arrived_at)


def test_a_presence_by_mistake_lets_the_new_clock_run_too(together):
    clock = call(together)
    by = together.clinician1.user
    with acting(by):
        take_back_presence(presence=together.booked.presences.get(member=together.person), by=by)
    assert (outcome(clock), outcome(together.clock)) == (("running", None), ("running", None))
    assert clock.watch.ended_at is None
    assert call(together) in (clock, together.clock)  # the next call joins one of them


def test_a_correction_into_the_time_they_sat_together_is_reckoned(cast):
    met_at = timezone.now() - timedelta(minutes=30)
    start(cast.booked, cast.person, cast.clinician1, at=met_at)
    by = cast.clinician1.user
    with acting(by):
        leave(meeting=cast.booked, who=cast.person, by=by)
    clock = call(cast)
    assert outcome(clock) == ("running", None)
    with acting(cast.coordinator.user):
        correct_first_heard(
            timer=clock, corrected=timezone.now() - timedelta(minutes=20), reason="She had called before", by=cast.coordinator.user
        )  # fmt: skip
    assert outcome(clock) == ("met", clock.first_heard_at)
