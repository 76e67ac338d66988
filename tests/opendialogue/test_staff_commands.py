"""An operator adds somebody to a service, and ends their work."""

import pytest
from django.core.management import CommandError, call_command

from network.models import AuditEntry, Staff
from tests.conftest import acting_as
from tests.factories import make_case, make_member, make_network, make_service, make_staff
from tests.opendialogue.test_sign_in import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def service():
    return make_service("Tornio team", "tornio")


def add(**options):
    call_command(
        "new_staff",
        **{"service": "tornio", "name": "Leena", "email": "Leena@Example.org", "role": ["clinician"]} | options,
    )


def test_somebody_begins_and_can_sign_in(service, client, mailoutbox):
    add(profession="nurse", role=["clinician", "coordinator"])
    leena = Staff.objects.get()
    assert (leena.is_clinician, leena.is_coordinator, leena.is_lead, leena.profession) == (True, True, False, "nurse")
    assert AuditEntry.objects.filter(verb="began to work here", thing_uuid=leena.uuid).exists()
    send()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["leena@example.org"], "Something waits for you")]
    client.post("/accounts/login/code/", {"email": "leena@example.org"})
    send()
    assert [mail.to for mail in mailoutbox] == [["leena@example.org"]] * 2


@pytest.mark.parametrize("options", [{"service": "nowhere"}, {"email": "no address"}, {"name": " "}])
def test_what_is_wrong_is_said(service, options):
    with pytest.raises(CommandError):
        add(**options)
    assert not Staff.objects.exists()


def test_an_address_serves_one(service):
    add()
    with pytest.raises(CommandError, match="in use already"):
        add(name="Another")


def test_whoever_left_is_out_and_their_cases_are_handed_over_before(service, client):
    leena = make_staff(service, "Leena", "coordinator", email="leena@example.org")
    network = make_network(service)
    make_member(network, "Elina", is_person=True)
    case = make_case(network, leena)
    with pytest.raises(CommandError, match=r"[Hh]and"):
        call_command("staff_left", email="leena@example.org")
    case.owner = make_staff(service, "Aino", "coordinator")
    case.save(update_fields=["owner"])
    client.force_login(leena.user)
    assert client.get("/board/").status_code == 200
    with acting_as(None):  # a shell is nobody's request
        call_command("staff_left", email="leena@example.org")
    assert client.get("/board/").status_code == 404
    with pytest.raises(CommandError, match="Nobody"):
        call_command("staff_left", email="leena@example.org")
