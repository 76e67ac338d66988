"""Promises 1 and 3, whatever comes in whatever order: calls, joining, corrections, contacts, bookings, people who come and go,
what a device brings back hours later, mistakes, lines, closing.

Promise 1: a clock runs from the first call, and nothing but meeting (or closing, in the open) stops it; while it runs it is watched over.
Promise 3: its time is elapsed time from what was first heard, and what was corrected or lowered stays to be seen; a refusal is no closure.
"""

import logging
import os
from collections import Counter
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import meetings.actions.closing as closing
import meetings.actions.record as recording
from meetings.models import Presence
from network.models import Message
from network.rules import Refusal
from referrals import actions
from referrals.models import (
    Acknowledgement,
    CaseClosure,
    Contact,
    FirstHeardCorrection,
    Referral,
    ResponseTimer,
    UrgencyChange,
)
from tests.clock import Clock
from tests.conftest import acting_as, role
from tests.factories import (
    hours,
    make_case,
    make_meeting,
    make_member,
    make_network,
    make_service,
    make_staff,
    make_team,
)

RUNS = int(os.environ.get("TIMER_RUNS", 0))
CALM = settings(
    max_examples=RUNS or 25,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=not RUNS,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
DONE = Counter()  # how often each rule was allowed to do what it wanted
PEOPLE = st.sampled_from(["person", "me", "second", "mother", "office"])


def while_there_is(*status):
    """A rule about a meeting of the case in one of these states."""
    return precondition(lambda self: self.meetings & set(status))


MINUTES_AGO = st.sampled_from([0, 1, 50, 600])
DEVICE_WRONG_BY = st.sampled_from([0, 90, -7200, 86_400])  # seconds


class OneCase(RuleBasedStateMachine):
    """A case and all that can happen to it. What the rules refuse is refused, and leaves everything as it was."""

    @initialize(
        urgency=st.sampled_from(["urgent", "very_urgent", "emergency", "not_crisis"]),
        taken=st.booleans(),
        booked=st.booleans(),
    )
    def begins(self, urgency, taken, booked):
        DONE["runs"] += 1
        self.scene = transaction.atomic()
        self.scene.__enter__()
        self.clock = Clock(timedelta(days=60))
        self.real_now, timezone.now = timezone.now, lambda: self.clock.now
        service = make_service()
        self.me = make_staff(service, "Leena", "coordinator", "clinician", "lead")
        self.second = make_staff(service, "Mikko", "clinician")
        self.office = make_staff(service, "Aino", "coordinator")
        service.on_duty = self.me
        service.save()
        network = make_network(service)
        self.person = make_member(network, "Elina", is_person=True)
        self.mother = make_member(network, "Marja")
        make_team(network, self.me, self.second)
        self.case = make_case(network, self.me, first_heard_at=self.clock.now, urgency=urgency, taken=taken)
        self.case.network = network
        self.corrected, self.changed = 0, 0
        self.meetings, self.known, self.outcomes = set(), [], {}
        if booked:
            self.a_meeting_is_booked(2)

    def teardown(self):
        if hasattr(self, "scene"):
            timezone.now = self.real_now
            transaction.set_rollback(True)
            self.scene.__exit__(None, None, None)

    def attempt(self, action, *, as_app=True, **wanted):
        """Whether it was allowed."""
        try:
            with transaction.atomic():
                if as_app:
                    with role("od_app"), acting_as(self.me.user_id):
                        action(**wanted, by=self.me.user)
                else:
                    action(**wanted)
        except (Refusal, PermissionDenied, IntegrityError):
            return False
        DONE[getattr(action, "__name__", "")] += 1
        return True

    def timers(self):
        """All clocks of the network: a call after the case was closed opens another."""
        return list(ResponseTimer.objects.filter(network=self.case.network).select_related("watch").order_by("pk"))

    def the_meeting(self, *status):
        """The one that was booked last."""
        return self.case.meetings.filter(status__in=status).order_by("pk").last()

    @rule(n=st.integers(1, 30))
    def time_passes(self, n):
        self.clock.go(hours=n)
        while self.clock.sweep():
            pass

    @rule(n=st.integers(1, 50))
    def some_minutes_pass(self, n):
        self.clock.go(minutes=n)

    @rule(urgency=st.sampled_from(["urgent", "very_urgent", "not_crisis"]))
    def somebody_calls_again(self, urgency):
        """Also while they sit together."""
        before = {timer.pk: (timer.first_heard_at, timer.due_at) for timer in self.timers()}
        call = {"person_name": "Elina", "call_back": "040 555 0134", "urgency": urgency, "join_case": self.case.uuid}
        call |= {"first_heard_at": self.clock.now, "late_reason": "Written down on paper"}
        joined = self.attempt(actions.take_call, **call)
        after = {timer.pk: (timer.first_heard_at, timer.due_at) for timer in self.timers()}
        assert {pk: after[pk] for pk in before} == before, "a call moved a clock that ran already"
        if joined:
            assert any(timer.outcome == "running" for timer in self.timers()) or self.together()
            if any(timer.pk not in before for timer in self.timers()) and self.together():
                DONE["a call while they sit together"] += 1

    @rule(back=st.integers(-40, 40))
    def first_heard_is_corrected(self, back):
        timer = self.timers()[-1]
        moment = timer.first_heard_at - hours(back)
        self.corrected += self.attempt(actions.correct_first_heard, timer=timer, corrected=moment, reason="Told so")

    @rule(
        after=st.sampled_from(["urgent", "very_urgent", "emergency", "not_crisis"]), why=st.sampled_from(["", "Calmer"])
    )
    def urgency_is_changed(self, after, why):
        self.changed += self.attempt(actions.change_urgency, timer=self.timers()[-1], after=after, reason=why)

    @rule(kind=st.sampled_from(["called_back", "no_answer", "offered", "replied"]))
    def somebody_calls_back(self, kind):
        self.attempt(actions.log_contact, case=self.case, kind=kind, whom="Elina")

    @rule()
    def she_declines(self):
        """A refusal is not a closure."""
        before = [(timer.outcome, timer.due_at) for timer in self.timers()]
        said = {
            "declined_by": "Elina",
            "declined_what": "meeting",
            "offered": "Tonight",
            "next_contact": "We call on Monday",
        }
        self.attempt(actions.log_contact, case=self.case, kind="declined", whom="Elina", **said)
        assert [(timer.outcome, timer.due_at) for timer in self.timers()] == before

    @rule()
    def somebody_has_it(self):
        for watch in self.case.watches.filter(ended_at=None):
            self.attempt(actions.acknowledge, watch=watch)

    @rule(n=st.integers(1, 40))
    def a_meeting_is_booked(self, n):
        def book():
            at, now = self.clock.now + hours(n), self.clock.now
            make_meeting(self.case, self.me, starts_at=at, booked_at=now, invited=[self.person])

        self.attempt(book, as_app=False)

    @while_there_is("booked")
    @rule()
    def it_is_cancelled(self):
        def cancel():
            meeting.status, meeting.cancelled_at, meeting.cancelled_reason = "cancelled", self.clock.now, "Snow"
            meeting.save(update_fields=["status", "cancelled_at", "cancelled_reason"])

        if meeting := self.the_meeting("booked"):
            self.attempt(cancel, as_app=False)

    def when(self, minutes, wrong, offline):
        """As a device tells it: by its own clock, with the offset it measured last."""
        if not offline:
            return recording.NOW
        device_at = self.clock.now - timedelta(minutes=minutes) + timedelta(seconds=wrong)
        return recording.When(device_at=device_at, offset_ms=wrong * 1000, offline=True)

    @while_there_is("booked", "started")
    @rule(who=PEOPLE, minutes=MINUTES_AGO, wrong=DEVICE_WRONG_BY, offline=st.booleans())
    def somebody_comes(self, who, minutes, wrong, offline):
        if meeting := self.the_meeting("booked", "started"):
            when = self.when(minutes, wrong, offline)
            if self.attempt(recording.arrive, meeting=meeting, who=getattr(self, who), when=when) and offline:
                DONE["a presence that arrives late"] += 1

    @while_there_is("booked", "started")
    @rule(minutes=MINUTES_AGO, offline=st.booleans())
    def the_two_meet(self, minutes, offline):
        """What happens in most meetings, and by single steps seldom."""
        for who in ("person", "me"):
            self.somebody_comes(who, minutes, 90, offline)

    @while_there_is("started")
    @rule(who=PEOPLE, minutes=MINUTES_AGO, offline=st.booleans())
    def somebody_leaves(self, who, minutes, offline):
        if meeting := self.the_meeting("started"):
            self.attempt(recording.leave, meeting=meeting, who=getattr(self, who), when=self.when(minutes, 90, offline))

    @while_there_is("started", "closed")
    @rule(first=st.booleans())
    def it_was_a_mistake(self, first):
        if meeting := self.the_meeting("started", "closed"):
            here = meeting.presences.filter(mistaken_at=None).order_by("pk")
            if presence := (here.first() if first else here.last()):
                self.attempt(recording.take_back_presence, presence=presence)

    @while_there_is("started", "closed")
    @rule(
        kind=st.sampled_from(["voice", "decision"]), minutes=MINUTES_AGO, wrong=DEVICE_WRONG_BY, offline=st.booleans()
    )
    def a_line_is_kept(self, kind, minutes, wrong, offline):
        """Whenever it comes, and whatever it says: words never stop a clock."""
        if meeting := self.the_meeting("started", "closed"):
            before = [(timer.outcome, timer.met_at, timer.due_at) for timer in self.timers()]
            words = {
                "kind": kind,
                "text": "We sleep first.",
                "voice": recording.Voice(name="Elina" if kind == "voice" else ""),
            }
            kept = self.attempt(recording.keep_line, meeting=meeting, when=self.when(minutes, wrong, offline), **words)
            if kept and meeting.status == "closed":
                DONE["a line that comes late"] += 1
            assert [(timer.outcome, timer.met_at, timer.due_at) for timer in self.timers()] == before

    @rule(minutes=MINUTES_AGO, offline=st.booleans(), at_an_end=st.booleans())
    def a_whole_meeting(self, minutes, offline, at_an_end):
        """As most of them go, which single steps seldom do."""
        if not self.the_meeting("booked", "started"):
            self.a_meeting_is_booked(1)
        self.the_two_meet(minutes, offline)
        self.a_line_is_kept("voice", 0, 0, offline)
        self.they_read_back_and_close()
        self.a_line_is_kept("decision", minutes, 90, offline)
        if at_an_end:
            self.it_is_closed_together()

    @rule(minutes=st.sampled_from([0, 600, 3000]))
    def one_is_entered_afterwards(self, minutes):
        at = self.clock.now - timedelta(minutes=minutes)
        people = [self.person, self.me]
        self.attempt(recording.enter_afterwards, case=self.case, why="No battery", started_at=at, present=people)

    @while_there_is("started")
    @rule()
    def they_read_back_and_close(self):
        if meeting := self.the_meeting("started"):
            here = meeting.presences.filter(mistaken_at=None)
            answers = [closing.Answer(presence, "agreed") for presence in here]
            self.attempt(closing.read_back, meeting=meeting, answers=answers)
            end = {"night_number": "016 555 0100", "no_next_decided_by": "All of us"}
            self.attempt(closing.close_meeting, meeting=meeting, **end)

    @while_there_is("closed")
    @rule()
    def it_is_closed_together(self):
        if meeting := self.the_meeting("closed"):
            said = {"kind": "together", "reason": "Enough for now.", "decided_in": meeting.uuid}
            running = any(timer.outcome == "running" for timer in self.case.timers.all())
            if self.attempt(actions.close_case, case=self.case, **said):
                DONE["closed together"] += 1
                assert not running, "a clock was closed away"

    @rule(whole=st.booleans())
    def it_is_closed_without_a_meeting(self, whole):
        said = {"kind": "without_meeting", "reason": "She does not want to meet us.", "code": "person_declined"}
        if whole:
            said |= {"offers": "Monday; Tuesday", "word_to_person": "by letter", "word_to_caller": "by phone"}
        if self.attempt(actions.close_case, case=self.case, second_staff=self.second, **said):
            assert whole
            DONE["closed without a meeting"] += 1

    def moments(self, timer):
        """From when to when somebody of the meeting and the person were in the room together, after it was first heard."""
        for meeting in timer.case.meetings.exclude(started_at=None):
            here = list(meeting.presences.filter(mistaken_at=None))
            came_for_it = set(meeting.staffing.values_list("staff", flat=True))
            for one in here:
                for other in here:
                    if one.member_id == self.person.pk and other.staff_id in came_for_it:
                        ends = [at for at in (one.left_at, other.left_at, meeting.closed_at) if at]
                        met = max(one.arrived_at, other.arrived_at, meeting.started_at)
                        if not ends or max(met, timer.first_heard_at) < min(ends):
                            yield met

    def together(self):
        return any(True for _ in self.moments(self.timers()[-1]))

    @invariant()
    def its_promises_are_kept(self):
        if not hasattr(self, "case"):
            return
        DONE["steps"] += 1
        self.meetings = set(self.case.meetings.values_list("status", flat=True))
        timers = self.timers()
        self.nothing_but_meeting_or_closing_stops_a_clock(timers)
        self.its_time_is_elapsed_time_from_what_was_first_heard(timers)
        self.what_runs_is_watched_over_and_what_ended_is_silent(timers)
        self.who_has_it_said_so()

    def nothing_but_meeting_or_closing_stops_a_clock(self, timers):
        """A clock is reckoned by who is known to have been in the room and by what was first heard, whenever that changes; and
        at no other time.
        """
        of_network = {"network": self.case.network}
        known = [
            list(Presence.objects.filter(**of_network).order_by("pk").values_list("pk", "left_at", "mistaken_at")),
            Referral.objects.filter(**of_network).count(),
            FirstHeardCorrection.objects.filter(**of_network).count(),
        ]
        reckoned, self.known = known != self.known, known
        before, self.outcomes = self.outcomes, {}
        for timer in timers:
            was = before.get(timer.pk, ("running", None))
            self.outcomes[timer.pk] = now = timer.outcome, timer.met_at
            if timer.outcome == "not_met":
                assert CaseClosure.objects.filter(case=timer.case_id, kind="without_meeting").exists()
            elif timer.outcome == "replied":
                assert timer.kind == "reply"
                assert Contact.objects.filter(case=timer.case_id, kind="replied", at=timer.met_at).exists()
            elif reckoned and timer.case_id == self.case.pk:
                moments = list(self.moments(timer))
                assert now == (("met", max(min(moments), timer.first_heard_at)) if moments else ("running", None))
            else:
                assert now == was, "neither they met nor was it taken back"
            if timer.outcome == "met":
                assert timer.first_heard_at <= timer.met_at <= timer.known_at

    def its_time_is_elapsed_time_from_what_was_first_heard(self, timers):
        corrections = FirstHeardCorrection.objects.filter(network=self.case.network).order_by("pk")
        last = {correction.timer_id: correction.corrected for correction in corrections}
        for timer in timers:
            assert timer.due_at - timer.first_heard_at == hours(timer.hours)
            assert last.get(timer.pk, timer.first_heard_at) == timer.first_heard_at
        assert len(corrections) == self.corrected
        changes = list(UrgencyChange.objects.filter(network=self.case.network))
        assert len(changes) == self.changed
        assert not any(change.lowered and not change.reason for change in changes), "lowered without a word"

    def what_runs_is_watched_over_and_what_ended_is_silent(self, timers):
        for timer in timers:
            watch = timer.watch
            if timer.outcome == "running":
                assert watch.ended_at is None
                assert (watch.started_at, watch.due_at) == (timer.first_heard_at, timer.due_at)
                assert watch.next_at <= max(watch.due_at, self.clock.now + timedelta(days=7))
                first = watch.steps.planned().order_by("due_at").first()
                assert first is None or watch.next_at <= first.due_at
            else:
                assert watch.ended_why == timer.outcome
                assert not watch.steps.planned().exists()
                steps = watch.steps.values("pk")
                assert not Message.objects.filter(step__in=steps, sent_at=None, cancelled_at=None).exists()

    def who_has_it_said_so(self):
        for watch in self.case.watches.exclude(held_by=None):
            assert Acknowledgement.objects.filter(watch=watch, staff=watch.held_by, at=watch.held_since).exists()


@pytest.mark.django_db
def test_a_clock_keeps_its_promises_in_any_order():
    """The same orders each time. TIMER_RUNS=1000 tries as many others."""
    run_state_machine_as_test(OneCase, settings=CALM)
    logging.getLogger(__name__).info("%s", dict(DONE.most_common()))


@pytest.mark.django_db
def test_a_clock_keeps_its_promises_in_an_order_that_chance_seldom_finds():
    one = OneCase()
    rare = [
        lambda: one.begins("urgent", True, True),
        one.she_declines,
        lambda: one.the_two_meet(50, True),  # a presence that arrives late
        lambda: one.somebody_calls_again("very_urgent"),  # while they sit together
        lambda: one.first_heard_is_corrected(3),
        lambda: one.somebody_comes("second", 0, 0, False),
        lambda: one.somebody_leaves("person", 0, False),
        lambda: one.it_was_a_mistake(True),
        lambda: one.it_was_a_mistake(False),
        lambda: one.the_two_meet(0, False),
        one.they_read_back_and_close,
        lambda: one.a_line_is_kept("decision", 50, -7200, True),  # a line that comes late
        one.it_is_closed_together,
        lambda: one.somebody_calls_again("urgent"),  # a later crisis
        lambda: one.time_passes(30),
    ]
    DONE.clear()
    try:
        for step in rare:
            step()
            one.some_minutes_pass(10)
            one.its_promises_are_kept()
        assert {"a call while they sit together", "a presence that arrives late", "a line that comes late"} <= set(DONE)
        assert {"take_back_presence", "close_meeting", "closed together"} <= set(DONE)
        assert [timer.outcome for timer in one.timers()] == ["met", "met", "running"]
    finally:
        one.teardown()
