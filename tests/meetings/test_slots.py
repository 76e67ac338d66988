"""Proposed slots: free for everybody, inside the day or the clock, in elapsed time across clock changes."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.slots import QUARTER, clashes, propose

HELSINKI, LONDON, KATHMANDU = (ZoneInfo(name) for name in ("Europe/Helsinki", "Europe/London", "Asia/Kathmandu"))
NOW = datetime(2026, 11, 28, 21, 30, tzinfo=UTC)  # 23:30 in Helsinki
zones = st.sampled_from([HELSINKI, LONDON, KATHMANDU])
moments = st.one_of(
    st.integers(0, 3 * 1440).map(lambda minute: datetime(2026, 3, 27, tzinfo=UTC) + timedelta(minutes=minute)),
    st.integers(0, 3 * 1440).map(lambda minute: datetime(2026, 10, 23, tzinfo=UTC) + timedelta(minutes=minute)),
)  # the clocks go forward, and back


@st.composite
def busy_times(draw):
    after = draw(moments)
    spans = draw(st.lists(st.tuples(st.integers(-600, 6000), st.integers(1, 600)), max_size=12))
    starts = [(after + timedelta(minutes=start), length) for start, length in spans]
    return after, [(start, start + timedelta(minutes=length)) for start, length in starts]


@settings(max_examples=150, deadline=None)
@given(busy_times(), zones, st.integers(15, 240), st.integers(0, 180), st.none() | st.integers(1, 72))
def test_never_an_overlap_and_always_by_day_or_inside_the_clock(drawn, zone, minutes, travel, due_in):
    after, busy = drawn
    due_at = after + timedelta(hours=due_in) if due_in else None
    slots = propose(busy, after=after, zone=zone, due_at=due_at, minutes=minutes, travel_minutes=travel)
    for slot in slots:
        assert not clashes(busy, slot.starts_at, slot.ends_at, travel)
        assert slot.starts_at >= after + timedelta(minutes=travel)
        assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
        assert slot.starts_at.timestamp() % QUARTER.total_seconds() == 0
        assert slot.in_time == bool(due_at and slot.starts_at <= due_at)
        local = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
        by_day = time(8) <= local[0].time() and local[1].time() <= time(20) and local[0].date() == local[1].date()
        assert by_day != slot.night
        assert not slot.night or slot.in_time
    day = [slot.starts_at for slot in slots if not slot.night]
    assert all(later - earlier >= timedelta(hours=2) for earlier, later in pairwise(day))


@settings(max_examples=60, deadline=None)
@given(busy_times(), st.integers(15, 240), st.integers(0, 120))
def test_the_first_proposal_is_the_first_that_is_free(drawn, minutes, travel):
    after, busy = drawn
    slots = propose(busy, after=after, zone=HELSINKI, minutes=minutes, travel_minutes=travel)
    start = datetime.fromtimestamp(-(-(after + timedelta(minutes=travel)).timestamp() // 900) * 900, UTC)
    while True:
        end = start + timedelta(minutes=minutes)
        local = start.astimezone(HELSINKI), end.astimezone(HELSINKI)
        by_day = time(8) <= local[0].time() and local[1].time() <= time(20) and local[0].date() == local[1].date()
        if by_day and not clashes(busy, start, end, travel):
            break
        start += QUARTER
    assert slots[0].starts_at == start


def test_touching_is_no_overlap():
    nine = datetime(2026, 11, 30, 7, tzinfo=UTC)
    busy = [(nine - timedelta(hours=3), nine), (nine + timedelta(minutes=90), nine + timedelta(hours=12))]
    assert propose(busy, after=nine - timedelta(hours=2), zone=HELSINKI, count=1)[0].starts_at == nine


def test_with_four_hours_at_half_past_eleven_the_night_comes_first():
    slots = propose([], after=NOW, zone=HELSINKI, due_at=NOW + timedelta(hours=4), travel_minutes=30)
    assert [(s.starts_at.astimezone(HELSINKI).strftime("%a %H:%M"), s.night, s.in_time) for s in slots[:3]] == [
        ("Sun 00:00", True, True),
        ("Sun 02:00", True, True),
        ("Sun 08:00", False, False),
    ]


def test_with_a_day_left_nobody_is_proposed_the_night():
    slots = propose([], after=NOW, zone=HELSINKI, due_at=NOW + timedelta(hours=24))
    assert not any(slot.night for slot in slots)
    assert slots[0].in_time


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25)])
def test_a_meeting_across_the_clock_change_lasts_as_long(day, hours):
    eight = datetime.fromisoformat(day).replace(hour=8, tzinfo=HELSINKI).astimezone(UTC)
    slots = propose([], after=eight, zone=HELSINKI, minutes=600, count=2, apart=timedelta(hours=12))
    assert [slot.ends_at - slot.starts_at for slot in slots] == [timedelta(hours=10)] * 2
    assert slots[1].starts_at - slots[0].starts_at == timedelta(hours=hours)


def test_nobody_free_for_two_weeks_proposes_nothing():
    assert propose([(NOW - timedelta(days=1), NOW + timedelta(days=30))], after=NOW, zone=HELSINKI) == []
