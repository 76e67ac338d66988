"""Who is on duty: a coordinator or lead of the service; what nobody has taken goes with the duty."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from network.actions.duty import put_on_duty
from network.models import AuditEntry, Message, Service
from network.rules import Refusal
from referrals.models import CaseHandover, OnCall
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_member, make_network, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def page(response):
    return " ".join(response.content.decode().split())


def on_duty(cast):
    return Service.objects.get(pk=cast.service.pk).on_duty


def as_app(user, **wanted):
    with role("od_app"), acting_as(user.pk):
        return put_on_duty(**wanted, by=user)


def test_a_coordinator_or_lead_changes_it_and_that_is_audited(cast, client):
    client.force_login(cast.coordinator.user)
    assert "that is you" in page(client.get(reverse("duty")))
    assert client.post(reverse("duty"), {"on_duty": cast.lead.pk})["Location"] == "/duty/"
    assert on_duty(cast) == cast.lead
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.user, entry.thing_uuid) == (
        "changed who is on duty",
        cast.coordinator.user,
        cast.service.uuid,
    )


def test_everybody_of_the_service_sees_it_and_others_change_nothing(cast, client):
    client.force_login(cast.clinician1.user)
    seen = page(client.get(reverse("duty")))
    assert "Aino" in seen
    assert "Put on duty" not in seen
    assert client.post(reverse("duty"), {"on_duty": cast.lead.pk}).status_code == 403
    for who in ("person", "mother"):
        client.force_login(getattr(cast, who).user)
        assert client.get(reverse("duty")).status_code == client.post(reverse("duty"), {}).status_code == 404
    for who in ("clinician1", "coordinator2", "person"):
        with pytest.raises(PermissionDenied):
            as_app(getattr(cast, who).user, service=cast.service, staff=cast.lead)
    assert on_duty(cast) == cast.coordinator


def test_only_a_coordinator_or_lead_who_works_here_is_on_duty(cast, client):
    gone = make_staff(cast.service, "Ilmari", "coordinator", left_at=timezone.now())
    client.force_login(cast.coordinator.user)
    for pk in (cast.clinician1.pk, cast.coordinator2.pk, gone.pk, 0, "x", ""):
        response = client.post(reverse("duty"), {"on_duty": pk})
        assert response.status_code == 200
        assert "Not saved yet" in page(response)
    for staff in (cast.clinician1, cast.coordinator2, gone):
        with pytest.raises(Refusal) as refused:
            as_app(cast.coordinator.user, service=cast.service, staff=staff)
        assert refused.value.rule == "on_duty_is_a_coordinator"


def test_straight_sql_puts_nobody_else_on_duty(cast):
    for user, service, staff in (
        (cast.coordinator.user, cast.service, cast.clinician1),
        (cast.coordinator.user, cast.elsewhere, cast.coordinator2),
        (cast.clinician1.user, cast.service, cast.lead),
    ):
        before = Service.objects.get(pk=service.pk).on_duty_id
        with role("od_app"), acting_as(user.pk):
            try:
                with transaction.atomic():
                    connection.cursor().execute(
                        "UPDATE network_service SET on_duty_id = %s WHERE id = %s", [staff.pk, service.pk]
                    )
            except DatabaseError:
                pass
        assert Service.objects.get(pk=service.pk).on_duty_id == before


def test_what_nobody_has_taken_goes_with_the_duty(cast):
    def a_case(name, **extra):
        network = make_network(cast.service)
        make_member(network, name, is_person=True, account=False)
        return make_case(network, cast.coordinator, **extra)

    waiting, taken = a_case("Waiting", taken=False), a_case("Taken")
    as_app(cast.lead.user, service=cast.service, staff=cast.lead)
    for case in (waiting, taken):
        case.refresh_from_db()
    assert (waiting.owner, waiting.taken_at) == (cast.lead, None)
    assert taken.owner == cast.coordinator
    handed = CaseHandover.objects.get()
    assert (handed.case, handed.before, handed.after, handed.by) == (waiting, cast.coordinator, cast.lead, cast.lead)
    as_app(cast.lead.user, service=cast.service, staff=cast.coordinator)
    waiting.refresh_from_db()
    assert waiting.owner == cast.coordinator
    assert Message.objects.filter(to=cast.coordinator.user.email, network=waiting.network).exists()


def test_without_anybody_on_duty_the_page_says_so(cast, client):
    Service.objects.filter(pk=cast.service.pk).update(on_duty=None)
    client.force_login(cast.lead.user)
    assert "Nobody is on duty." in page(client.get(reverse("duty")))


def test_the_bar_says_who_is_on_duty_as_the_rota_has_it(cast, client):
    turn = DateTimeTZRange(timezone.now() - hours(1), timezone.now() + hours(1))
    client.force_login(cast.coordinator.user)
    assert "Aino</bdi> · on duty" in client.get("/duty/").content.decode()
    OnCall.objects.create(service=cast.service, role="coordinator", staff=cast.lead, period=turn)
    assert "Aino</bdi> · on duty" not in client.get("/duty/").content.decode()
    client.force_login(cast.lead.user)
    assert "Leo</bdi> · on duty" in client.get("/duty/").content.decode()
