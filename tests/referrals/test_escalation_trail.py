"""The delivery trail, for coordinators."""

import pytest

from referrals.trail import trail
from tests.conftest import acting_as, role
from tests.factories import make_case, make_cast, make_member, make_network

pytestmark = pytest.mark.django_db


def test_the_trail_tells_how_far_each_message_came(clock, django_assert_num_queries):
    cast = make_cast()
    network = make_network(cast.service)
    make_member(network, "Aino", is_person=True)
    case = make_case(network, cast.coordinator, first_heard_at=clock.now)
    clock.go(hours=12)
    clock.sweep()
    with role("od_app"), acting_as(cast.coordinator.user_id):
        watch = case.watches.get()
        with django_assert_num_queries(3):
            told = trail(watch)
    assert [(one.step.whom, [(d.name, d.state) for d in one.deliveries]) for one in told.steps] == [
        ("owner", [(cast.coordinator.name, "queued")]), ("coordinator_on_duty", []), ("clinician_on_call", []), ("lead", []),
    ]  # fmt: skip
