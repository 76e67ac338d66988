"""Promises 1 and 3, whatever comes in whatever order: calls, joining, corrections, contacts, bookings, presences, mistakes, closing.

Promise 1: a clock runs from the first call, and nothing but meeting (or closing, in the open) stops it; while it runs it is watched over.
Promise 3: its time is elapsed time from what was first heard, and what was corrected or lowered stays to be seen.
"""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
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

from network.models import Message
from network.rules import Refusal
from referrals import actions
from referrals.models import Acknowledgement, CaseClosure, Contact, FirstHeardCorrection, ResponseTimer, UrgencyChange
from tests.clock import Clock
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_meeting, make_member, make_network, make_service, make_staff, start

CALM = settings(
    max_examples=25,
    stateful_step_count=16,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class OneCase(RuleBasedStateMachine):
    """A case and all that can happen to it. What the rules refuse is refused, and leaves everything as it was."""

    @initialize(urgency=st.sampled_from(["urgent", "very_urgent", "emergency", "not_crisis"]), taken=st.booleans())
    def begins(self, urgency, taken):
        self.scene = transaction.atomic()
        self.scene.__enter__()
        self.clock = Clock(timedelta(days=20))
        service = make_service()
        self.me = make_staff(service, "Leena", "coordinator", "clinician", "lead")
        self.second = make_staff(service, "Mikko", "clinician")
        service.on_duty = self.me
        service.save()
        network = make_network(service)
        self.person = make_member(network, "Elina", is_person=True)
        self.case = make_case(network, self.me, first_heard_at=self.clock.now, urgency=urgency, taken=taken)
        self.case.network = network
        self.meetings, self.presences = [], []
        self.corrected, self.changed = 0, 0

    def teardown(self):
        if hasattr(self, "scene"):
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
        return True

    def timers(self):
        """All clocks of the network: a call after the case was closed opens another."""
        return list(ResponseTimer.objects.filter(network=self.case.network).order_by("pk"))

    @rule(n=st.integers(1, 30))
    def time_passes(self, n):
        self.clock.go(hours=n)
        while self.clock.sweep():
            pass

    @rule(urgency=st.sampled_from(["urgent", "very_urgent", "not_crisis"]))
    def somebody_calls_again(self, urgency):
        before = {timer.pk: (timer.first_heard_at, timer.due_at) for timer in self.timers()}
        call = {"person_name": "Elina", "call_back": "040 555 0134", "urgency": urgency, "join_case": self.case.uuid}
        joined = self.attempt(actions.take_call, **call)
        after = {timer.pk: (timer.first_heard_at, timer.due_at) for timer in self.timers()}
        assert {pk: after[pk] for pk in before} == before, "a call moved a clock that ran already"
        if joined:
            assert any(timer.outcome == "running" for timer in self.timers())

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

    @rule(kind=st.sampled_from(["called_back", "no_answer", "offered"]))
    def somebody_calls_back(self, kind):
        self.attempt(actions.log_contact, case=self.case, kind=kind, whom="Elina")

    @rule()
    def somebody_has_it(self):
        for watch in self.case.watches.filter(ended_at=None):
            self.attempt(actions.acknowledge, watch=watch)

    @rule(n=st.integers(1, 40))
    def a_meeting_is_booked(self, n):
        def book():
            at = self.clock.now + hours(n)
            self.meetings.append(make_meeting(self.case, self.me, starts_at=at, invited=[self.person]))

        self.attempt(book, as_app=False)

    @precondition(lambda self: self.meetings)
    @rule()
    def it_is_cancelled(self):
        def cancel():
            meeting.status, meeting.cancelled_at, meeting.cancelled_reason = "cancelled", self.clock.now, "Snow"
            meeting.save(update_fields=["status", "cancelled_at", "cancelled_reason"])

        meeting = self.meetings.pop()
        self.attempt(cancel, as_app=False)

    @precondition(lambda self: self.meetings)
    @rule(who=st.sampled_from(["both", "person", "team"]))
    def they_come(self, who):
        def come():
            start(meeting, *people, at=self.clock.now)
            self.presences += list(meeting.presences.all())

        meeting = self.meetings.pop()
        people = {"both": [self.person, self.me], "person": [self.person], "team": [self.me]}[who]
        self.attempt(come, as_app=False)

    @precondition(lambda self: self.presences)
    @rule()
    def it_was_a_mistake(self):
        def take_back():
            presence.mistaken_at = self.clock.now
            presence.save(update_fields=["mistaken_at"])

        presence = self.presences.pop()
        self.attempt(take_back, as_app=False)

    @rule(whole=st.booleans())
    def it_is_closed_without_a_meeting(self, whole):
        said = {"kind": "without_meeting", "reason": "She does not want to meet us.", "code": "person_declined"}
        if whole:
            said |= {"offers": "Monday; Tuesday", "word_to_person": "by letter", "word_to_caller": "by phone"}
        self.attempt(actions.close_case, case=self.case, second_staff=self.second, **said)

    @invariant()
    def nothing_but_meeting_or_closing_stops_a_clock(self):
        if not hasattr(self, "case"):
            return
        replied = Contact.objects.filter(
            network=self.case.network, kind__in=["replied", "called_back", "offered"]
        ).exists()
        for timer in self.timers():
            if timer.outcome == "met":
                assert self.met_by(timer)
            elif timer.outcome == "not_met":
                assert CaseClosure.objects.filter(case=timer.case).exists()
            elif timer.outcome == "replied":
                assert timer.kind == "reply"
                assert replied
            else:
                assert timer.outcome == "running"
                # A call while they sit together starts a clock that runs until the next presence: rather told once too often.
                later = timer != self.timers()[0]
                assert later or not self.met_by(timer), "they met, and the clock runs on"

    def met_by(self, timer):
        """Whether somebody of the team and the person were in the room together, not by mistake, after it was first heard."""
        for meeting in timer.case.meetings.exclude(started_at=None):
            here = list(meeting.presences.filter(mistaken_at=None))
            if any(one.member_id for one in here) and any(one.staff_id for one in here):
                return True
        return False

    @invariant()
    def its_time_is_elapsed_time_from_what_was_first_heard(self):
        if not hasattr(self, "case"):
            return
        for timer in self.timers():
            assert timer.due_at - timer.first_heard_at == hours(timer.hours)
            last = FirstHeardCorrection.objects.filter(timer=timer).last()
            assert last is None or last.corrected == timer.first_heard_at
        assert FirstHeardCorrection.objects.filter(timer__network=self.case.network).count() == self.corrected
        changes = UrgencyChange.objects.filter(timer__network=self.case.network)
        assert changes.count() == self.changed
        assert not changes.filter(lowered=True, reason="").exists(), "lowered without a word"

    @invariant()
    def what_runs_is_watched_over_and_what_ended_is_silent(self):
        if not hasattr(self, "case"):
            return
        for timer in self.timers():
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

    @invariant()
    def who_has_it_said_so(self):
        if not hasattr(self, "case"):
            return
        for watch in self.case.watches.exclude(held_by=None):
            assert Acknowledgement.objects.filter(watch=watch, staff=watch.held_by, at=watch.held_since).exists()


@pytest.mark.django_db
def test_a_clock_keeps_its_promises_in_any_order():
    run_state_machine_as_test(OneCase, settings=CALM)
