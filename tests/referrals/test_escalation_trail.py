"""The delivery trail: who sees how far each message came, and that nobody sees where it went."""

import pytest
from django.db import connection

from meetings.models import TeamChange
from network.models import Message
from referrals.trail import trail
from tests.conftest import acting_as, role
from tests.factories import make_case, make_cast, make_member, make_network, make_team

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


def test_who_sees_the_trail_of_a_case_at_the_database(clock):
    """The team and who oversees the service, whole; who left the team, other clinicians, the person and other services nothing."""
    cast = make_cast()
    network = make_network(cast.service)
    person = make_member(network, "Helmi", is_person=True)
    make_case(network, cast.coordinator, first_heard_at=clock.now)
    team = make_team(network, cast.clinician1, cast.clinician2, cast.former)
    TeamChange.objects.create(
        network=network,
        service=cast.service,
        left=team[2],
        reason="He moves away",
        why_outside="At once",
        by=cast.clinician1,
    )
    team[2].left_at = clock.now
    team[2].save(update_fields=["left_at"])
    clock.go(hours=18)
    clock.sweep()
    steps = list(Message.objects.filter(network=network, step__isnull=False).values_list("step", flat=True))
    assert steps

    def seen(who):
        with role("od_app"), acting_as(who), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM od.deliveries(%s)", [steps])
            assert not {"to", "path", "dedupe_key"} & {column.name for column in cursor.description}
            rows = cursor.fetchall()
            assert not any("@" in str(value) for row in rows for value in row)
            others = Message.objects.filter(step__in=steps).exclude(staff__user=who).count()
        return len(rows), others

    for who in (cast.coordinator, cast.lead):
        assert seen(who.user_id) == (len(steps), Message.objects.filter(step__in=steps).exclude(staff=who).count())
    for who in (cast.clinician1, cast.clinician2):
        assert seen(who.user_id) == (len(steps), 0)  # the messages of others stay theirs
    for who in (cast.clinician3, cast.former, cast.coordinator2, cast.clinician4, cast.person, person):
        assert seen(who.user_id) == (0, 0)
    assert seen(None) == (0, 0)
