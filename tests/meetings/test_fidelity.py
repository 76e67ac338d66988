"""The figures of a service: counted by hand and by the page, with what is missing beside each, and for nobody but those who oversee it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.counts import read_counts
from meetings.fidelity import Figure, start_of
from meetings.models import Invitation, Presence
from network.identity import acting_as, set_identity
from referrals.models import CaseClosure, FirstHeardCorrection
from tests.conftest import role
from tests.factories import (
    arrive,
    close,
    flush_constraints,
    hours,
    make_case,
    make_cast,
    make_meeting,
    make_member,
    make_staff,
    say,
    start,
)
from tests.meetings.held import HELSINKI, Place


@pytest.fixture
def place(db):
    return Place()


def parts(figure):
    return figure.numerator, figure.denominator


# Whether a figure may be shown


def figure(numerator=0, denominator=0, basis=9, **extra):
    return Figure("F", "", numerator, denominator, "meetings", basis, **extra)


@pytest.mark.parametrize(
    ("unit", "basis", "shown"), [("meeting", 2, False), ("meeting", 3, True), ("case", 4, False), ("case", 5, True)]
)
def test_too_few_are_not_shown(unit, basis, shown):
    one = figure(1, 2, basis, unit=unit)
    assert one.shown is shown
    assert (one.text == "50 %") is shown
    assert (one.text == "too few to show") is not shown
    assert (one.counted == "1 of 2 meetings") is shown


def test_nothing_to_divide_by_is_not_zero():
    assert figure(0, 0).value is None
    assert figure(0, 0).text == "nothing to count yet"
    assert figure(0, 4).text == "0 %"


@given(st.integers(1, 5000), st.data())
def test_a_share_is_all_or_none_only_when_it_is(denominator, data):
    numerator = data.draw(st.integers(0, denominator))
    percent = figure(numerator, denominator).percent
    assert (percent == 100) == (numerator == denominator)
    assert (percent == 0) == (numerator == 0)
    assert abs(percent - 100 * numerator / denominator) <= 1


# Periods


def test_a_period_begins_at_midnight_on_the_same_day():
    now = datetime(2026, 5, 31, 21, 30, tzinfo=UTC)  # 1 June in Helsinki
    assert start_of("3", now, HELSINKI) == datetime(2026, 3, 1, tzinfo=HELSINKI)
    assert start_of("12", now, HELSINKI) == datetime(2025, 6, 1, tzinfo=HELSINKI)
    assert start_of("3", datetime(2026, 5, 31, 12, tzinfo=UTC), HELSINKI) == datetime(2026, 2, 28, tzinfo=HELSINKI)
    assert start_of("all", now, HELSINKI) is None


@given(st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), st.sampled_from(["3", "12"]))  # noqa: DTZ001
def test_a_period_is_never_longer_than_its_months(now, period):
    days = (now - start_of(period, now, HELSINKI)).total_seconds() / 86400
    assert (89, 365)[period == "12"] - 1 <= days <= (93, 367)[period == "12"] + 1


def test_only_what_falls_into_the_period_counts(place):
    old = place.case(heard=24 * 200)
    place.held(old, at=place.now - timedelta(days=199))
    place.case(heard=24 * 20)
    assert place.read("3").figure("Met within 24 hours").denominator == 1
    assert place.read("3").figure("The person was there").denominator == 0
    assert place.read("12").figure("Met within 24 hours").denominator == 2
    assert place.read("12").figure("The person was there").denominator == 1


# First meeting


WITH, WITHOUT = "Met within 24 hours", "Met within 24 hours, coded exceptions left out"


def test_both_figures_by_hand(place):
    """Two in time, one late, one exactly on the hour, one closed without, two with a code, one overdue, one still inside its day."""
    for after in (3, 23, 24, 40):
        heard = 100 + 5 * after
        place.held(place.case(heard=heard), at=place.now - hours(heard - after))
    place.not_met(place.case())
    place.not_met(place.case(), code="person_declined")
    place.not_met(place.case(), code="not_found")
    place.case(heard=30)
    place.case(heard=5)
    found = place.read()
    assert parts(found.figure(WITH)) == (3, 8)
    assert parts(found.figure(WITHOUT)) == (3, 6)
    assert found.figure(WITH).missing == found.figure(WITHOUT).missing == 1
    assert "3 closed without a meeting, 1 over 24 hours" in " ".join(found.figure(WITH).notes)
    assert found.figure(WITHOUT).notes == (
        "Left out: the person could not be found: 1; the person did not want to meet: 1.",
    )
    bars = {bar.label: bar.count for bar in found.sections[0].chart.bars if bar.count}
    assert bars == {
        "0 to 6 hours": 1, "18 to 24 hours": 2, "36 to 42 hours": 1, "still waiting, over 24 hours": 1, "closed without a meeting": 3,
    }  # fmt: skip
    assert found.sections[0].beside == ["Half of all were met within 40 h; who was not met counts as never."]


def test_a_code_alone_flatters_nobody(place):
    for _ in range(5):
        place.not_met(place.case(), code="person_declined")
    found = place.read()
    assert found.figure(WITH).text == "0 %"
    assert parts(found.figure(WITH)) == (0, 5)
    assert found.figure(WITHOUT).text == "too few to show"
    assert found.sections[0].beside == ["More than half were not met."]


def test_called_not_a_crisis_later_stays_in_the_first_figure(place):
    lowered = place.case(heard=40)
    place.lower(lowered, "not_crisis")
    place.case(heard=40, urgency="not_crisis")  # never was a crisis
    less = place.case(heard=2, urgency="very_urgent")
    place.lower(less, "urgent")
    found = place.read()
    assert parts(found.figure(WITH)) == (0, 1)
    assert parts(found.figure(WITHOUT)) == (0, 0)
    assert found.figure(WITHOUT).notes == ("Left out: called “not a crisis” later: 1.",)
    assert parts(found.figure("Urgency lowered")) == (2, 2)


def test_raising_the_urgency_is_not_lowering(place):
    case = place.case(heard=2)
    place.lower(case, "emergency")
    assert parts(place.read().figure("Urgency lowered")) == (0, 1)


def test_first_heard_moved_to_later_is_said(place):
    case = place.case(heard=10)
    FirstHeardCorrection.objects.create(
        timer=case.timers.get(), network=case.network, service=case.service, corrected=place.now - hours(4), reason="Mistyped",
        by=place.coordinator, original=place.now,
    )  # fmt: skip
    assert place.read().figure("Urgency lowered").notes == ("First heard was corrected to a later time on 1 clock.",)


def test_recorded_offline_is_marked(place):
    case = place.case(heard=100)
    meeting = make_meeting(case, place.a, place.b, starts_at=place.now - hours(90))
    start(meeting, place.a, at=meeting.starts_at)
    Presence.objects.create(
        meeting=meeting, network=case.network, service=case.service, member=case.network.person, name="Person", offline=True,
        arrived_at=meeting.starts_at, recorded_at=place.now - hours(60), recorded_by=place.a,
    )  # fmt: skip
    for _ in range(4):
        place.case(heard=100)
    found = place.read()
    assert "1 clock stopped by what was recorded offline" in found.figure(WITH).notes[0]
    assert parts(found.figure(WITH)) == (1, 5)  # by when they met, not by when the service learned of it
    chart = found.sections[0].chart
    assert [bar.marked for bar in chart.bars if bar.count] == [1, 0]
    assert chart.total_marked == 1


def test_five_clocks_of_one_case_are_one_case(place):
    case = place.case(heard=100)
    place.held(case, at=place.now - hours(90))
    assert place.read().figure(WITH).basis == 1
    assert place.read().sections[0].chart is None


# The same clinicians


def test_the_example(place):
    """A+B, A+B, A+C: 100 %, 67 %, (1 + ⅓)/2 = 0.67 and 3."""
    case = place.case()
    place.held(case, place.a, place.b)
    place.held(case, place.a, place.b)
    place.held(case, place.a, place.c)
    found = place.read()
    one, pair, same, different = found.sections[1].figures
    assert (one.percent, pair.percent) == (100, 67)
    assert f"{same.value:.2f}" == "0.67"
    assert different.value == 3
    assert not one.shown  # of one case
    place.fill([[[place.a, place.b], [place.a, place.b], [place.a, place.c]]] * 4)
    assert [one.text for one in place.read().sections[1].figures] == ["100 %", "67 %", "0.67", "3.0"]
    assert [one.counted for one in place.read().sections[1].figures] == [
        "15 of 15 meetings", "10 of 15 meetings", "6.67 over 10 pairs of meetings", "15 over 5 cases",
    ]  # fmt: skip


def test_a_case_of_two_meetings_is_missing(place):
    case = place.case()
    place.held(case)
    place.held(case)
    found = place.read()
    assert parts(found.figure("The same team as the time before")) == (0, 0)
    assert found.figure("The same team as the time before").missing == 1
    assert found.figure("Spread of intervals").missing == 1


def test_a_case_without_a_founding_team_is_missing_where_it_is_asked_for(place):
    case = place.case(team=False)
    for _ in range(3):
        place.held(case)
    found = place.read()
    assert parts(found.figure("One of the founding team was there")) == (0, 0)
    assert found.figure("One of the founding team was there").missing == 1
    assert parts(found.figure("The same team as the time before")) == (2, 2)


def test_the_founding_team_is_the_networks_and_stays_for_a_later_crisis(place):
    case = place.case(heard=24 * 100)
    place.held(case, at=place.now - timedelta(days=99))
    CaseClosure.objects.create(
        case=case, network=case.network, service=case.service, kind="together", reason="No more meetings are needed.",
        first_staff=place.a, decided_in=case.meetings.get().uuid,
    )  # fmt: skip
    later = make_case(case.network, place.coordinator, first_heard_at=place.now - hours(50))
    for _ in range(3):
        place.held(later, place.b, place.c)
    counts = place.counts().continuity
    assert (counts.cases, counts.one, counts.pair, counts.short) == (1, 3, 0, 1)


TEAMS = st.lists(st.sets(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=6)


def by_hand(founders: set[int], cases: Sequence[Sequence[set[int]]]):
    long = [teams for teams in cases if len(teams) >= 3]
    pairs = [pair for teams in long for pair in pairwise(teams)]
    return {
        "cases": len(long),
        "short": len(cases) - len(long),
        "held": sum(map(len, long)),
        "one": sum(bool(team & founders) for teams in long for team in teams),
        "pair": sum(team >= founders for teams in long for team in teams),
        "steps": len(pairs),
        "same": pytest.approx(sum(len(a & b) / len(a | b) for a, b in pairs)),
        "clinicians": sum(len(set().union(*teams)) for teams in long),
    }


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, database=None)
@given(st.lists(TEAMS, min_size=1, max_size=12))
def test_continuity_as_by_hand(cases):
    with transaction.atomic():
        place = Place()
        staff = [place.a, place.b, place.c, *(make_staff(place.service, name, "clinician") for name in "DE")]
        place.fill([[[staff[n] for n in team] for team in teams] for teams in cases])
        counts = vars(place.counts().continuity)
        expected = by_hand({0, 1}, cases)
        assert {key: counts[key] for key in expected} == expected
        transaction.set_rollback(True)


def test_who_comes_and_goes_and_a_mistaken_tap(place):
    case = place.case()
    for _ in range(3):
        meeting = place.held(case, place.a, finish=False)
        first = meeting.presences.get(staff=place.a)
        first.left_at = first.arrived_at + timedelta(minutes=5)
        first.save(update_fields=["left_at"])
        arrive(meeting, place.a, at=first.arrived_at + timedelta(minutes=10))
        tap = arrive(meeting, place.b, at=first.arrived_at)
        tap.mistaken_at = first.arrived_at + timedelta(minutes=1)
        tap.save(update_fields=["mistaken_at"])
        close(meeting, at=first.arrived_at + hours(1))
    counts = place.counts()
    assert (counts.continuity.one, counts.continuity.pair, counts.continuity.clinicians) == (3, 0, 1)
    assert (counts.meetings.two, counts.meetings.team) == (0, 3)


# Network, place, the person, the room


def test_the_network_by_hand(place):
    case = place.case()
    person = case.network.person
    mother = make_member(case.network, "Mother", circle="family", account=False)
    teacher = make_member(case.network, "Teacher", circle="professional", account=False)
    place.held(case, members=[person, mother, teacher], invited=[person, mother, teacher])
    place.held(case, members=[person, teacher], invited=[person, mother])
    place.held(case, members=[mother], invited=[person])
    meeting = place.held(case, invited=[mother], finish=False)
    Invitation.objects.filter(meeting=meeting).update(answer="no", answered_at=place.now)
    close(meeting, at=meeting.started_at + hours(1))
    found = place.read()
    assert parts(found.figure("Somebody of the network was there")) == (2, 4)
    assert parts(found.figure("People at a meeting")) == (7 + 8, 4)
    away = found.figure("Invited but did not come")
    assert parts(away) == (2, 4)
    assert away.missing == 1  # a meeting to which nobody but the person was asked
    assert away.notes == ("1 of them had said no.",)
    assert parts(found.figure("The person was there")) == (3, 4)


def test_an_invitation_taken_back_is_none(place):
    case = place.case()
    mother = make_member(case.network, "Mother", circle="family", account=False)
    meeting = place.held(case, invited=[mother], finish=False)
    Invitation.objects.filter(meeting=meeting).update(withdrawn_at=place.now)
    close(meeting, at=meeting.started_at + hours(1))
    assert parts(place.read().figure("Invited but did not come")) == (0, 0)


def test_places_add_up(place):
    case = place.case()
    for where in ("home", "home", "other_home", "elsewhere", "remote"):
        place.held(case, place=where, address="The library" if where == "elsewhere" else "")
    shares = place.read().sections[4].figures
    assert [parts(one) for one in shares] == [(2, 5), (1, 5), (1, 5), (1, 5)]


def test_decisions_against_exceptions(place):
    case = place.case()
    for _ in range(3):
        meeting = place.held(case, finish=False)
        at = meeting.started_at + timedelta(minutes=9)
        say(meeting, "We meet tomorrow.", kind="decision", at=at)
        refused = {"state": "refused", "refused_why": "decision_with_the_person"}
        say(meeting, "Not in the room.", kind="decision", at=at, **refused)
        close(meeting, at=meeting.started_at + hours(1))
    left = place.held(case, finish=False)
    say(left, "We call the doctor.", kind="decision", at=left.started_at + timedelta(minutes=30))
    gone = left.presences.get(member=case.network.person)
    gone.left_at = left.started_at + timedelta(minutes=20)  # this arrives after the decision
    gone.save(update_fields=["left_at"])
    close(left, at=left.started_at + hours(1))
    place.exception(case, days=20)
    found = place.read()
    assert parts(found.figure("Decided with the person")) == (3, 5)
    assert found.figure("Decided with the person").notes == (
        "1 exception decided without the person, 1 decision contested.",
    )


def test_exceptions_by_how_long_they_stood_open(place):
    place.exception(place.case(), days=30)
    place.exception(place.case(), days=3)
    place.exception(place.case(), days=30, taken_up=28)
    place.exception(place.case(), days=31, taken_up=20)
    found = place.read()
    one = found.figure("Exceptions open longer than 7 days")
    assert parts(one) == (2, 3)
    assert one.missing == 1
    assert one.text == "too few to show"
    assert found.sections[3].beside == ["Open now, whenever they were made: 2 exceptions, 1 longer than 7 days."]


def test_an_old_open_exception_is_said_whatever_the_period(place):
    place.exception(place.case(), days=200)
    assert place.read("3").sections[3].beside == [
        "Open now, whenever they were made: 1 exception, 1 longer than 7 days."
    ]
    assert not place.read("3").empty


def test_the_room_by_hand(place):
    case = place.case()
    empty = place.held(case, place.a)
    assert not empty.lines.exists()
    for kind in ("voice", "reflection"):
        meeting = place.held(case, finish=False)
        say(meeting, "Words", kind=kind, who=place.a, at=meeting.started_at + timedelta(minutes=9))
        close(meeting, at=meeting.started_at + hours(1))
    say(meeting, "Thought of later", kind="reflection", who=place.a, at=place.now)
    late = place.held(case)
    say(late, "Thought of later", kind="reflection", who=place.a, at=place.now)
    alone = place.held(case, members=[])
    left = place.held(case, finish=False)
    close(left, at=left.started_at + hours(1), answer="left_before")
    found = place.read()
    assert parts(found.figure("Two or more clinicians")) == (5, 6)
    reflection = found.figure("Reflection held")
    assert parts(reflection) == (1, 3)
    assert reflection.missing == 3  # nothing written is not known, and not “no”
    assert parts(found.figure("Read back")) == (4, 6)
    assert alone.status == left.status == "closed"


def test_what_was_not_closed_is_missing_and_not_counted(place):
    case = place.case()
    place.held(case, finish=False)
    make_meeting(case, place.a, starts_at=place.now - timedelta(days=2))
    make_meeting(case, place.a, starts_at=place.now + timedelta(days=2))
    found = place.read()
    assert found.unrecorded == 2
    assert found.figure("The person was there").denominator == 0


def test_spread_of_intervals(place):
    rota, need = place.case(), place.case()
    for day in (28, 21, 14, 7):
        place.held(rota, at=place.now - timedelta(days=day))
    for day in (27, 26, 15):
        place.held(need, at=place.now - timedelta(days=day))
    counts = place.counts().continuity
    assert counts.spreads == 2
    assert counts.spread == pytest.approx(0 + 5 / 6)  # 1 and 11 days: 6 on average, 5 away from it
    assert counts.by_days == {"0": 1, "2": 3, "3": 1}
    assert counts.median_days == 7


# The page


def page(client, user, query=""):
    client.force_login(user)
    return client.get(f"/fidelity/{query}")


@pytest.mark.django_db
def test_for_those_who_oversee_the_service(client):
    cast = make_cast()
    for who in ("lead", "coordinator", "coordinator2"):
        assert page(client, getattr(cast, who).user).status_code == 200
    for who in ("clinician1", "clinician3", "person", "mother", "friend"):
        assert page(client, getattr(cast, who).user).status_code == 404
    client.logout()
    assert client.get("/fidelity/")["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_another_service_is_not_counted_even_when_asked_for():
    cast = make_cast()
    with acting_as(cast.coordinator2.user.pk), role("od_app"):
        foreign = read_counts(cast.service.pk, since=None, now=timezone.now(), meetings=3)
        own = read_counts(cast.elsewhere.pk, since=None, now=timezone.now(), meetings=3)
    assert (foreign.clocks.all_clocks, foreign.meetings.meetings) == (0, 0)
    assert own.clocks.all_clocks == 1


@pytest.mark.django_db
def test_a_clinician_counts_no_more_than_they_may_see():
    cast = make_cast()
    with acting_as(cast.clinician3.user.pk), role("od_app"):
        assert read_counts(cast.service.pk, since=None, now=timezone.now(), meetings=3).meetings.meetings == 0


def test_a_new_service_reads_what_will_come(client, place):
    html = page(client, place.lead.user, "?period=all").content.decode()
    assert "Nothing to count yet" in html
    assert "Read back" not in html
    assert "Show all" in page(client, place.lead.user).content.decode()


@pytest.mark.parametrize("query", ["?period=7", "?period=%00", "?period=all'--", "?period=12&period=x", "?period="])
def test_a_period_outside_the_list_is_the_usual_one(client, place, query):
    html = page(client, place.lead.user, query).content.decode()
    assert 'href="?period=12" aria-current="true"' in html


def test_too_few_hides_the_numbers_on_the_page(client, place):
    case = place.case()
    place.held(case)
    html = page(client, place.lead.user).content.decode()
    assert "too few to show" in html
    assert "1 meeting so far; shown from 3" in html
    assert "1 of 1" not in html
    assert "Half of all" not in html
    assert "<figure" not in html


def test_no_style_and_no_name_on_the_page(client, place):
    place.fill([[[place.a, place.b]] * 3] * 5)
    html = page(client, place.lead.user).content.decode()
    assert html.count("<figure") == 2
    assert 'style="' not in html
    assert "Person<" not in html
    assert "<bdi>B</bdi>" not in html


def count(client):
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/fidelity/").status_code == 200
    asked = [q["sql"].lstrip() for q in queries if q["sql"] != "SELECT current_user"]  # that one is the test's own
    return sum(sql.upper().startswith(("SELECT", "INSERT", "UPDATE", "WITH")) for sql in asked)


def test_as_many_queries_for_few_as_for_many(client, place):
    client.force_login(place.lead.user)
    few = count(client)
    set_identity(None)
    place.fill([[[place.a, place.b]] * 3] * 50)
    for _ in range(6):
        place.exception(place.case(), days=9)
    flush_constraints()
    assert count(client) == few <= 8
