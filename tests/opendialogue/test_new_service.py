import pytest
from django.core.management import CommandError, call_command

from network.models import AuditEntry, Service, Staff

pytestmark = pytest.mark.django_db
OPTIONS = {
    "name": "Tornio team",
    "slug": "tornio",
    "time_zone": "Europe/Helsinki",
    "emergency_advice": "Call 112.",
    "night_number": "016 555 0100",
    "lead_name": "Aino",
    "lead_email": "Aino@Example.org",
}


def test_makes_a_service_and_somebody_who_can_sign_in(capsys):
    call_command("new_service", **OPTIONS)
    lead = Staff.objects.get(service__slug="tornio")
    assert (lead.is_lead, lead.is_coordinator, lead.user.email) == (True, True, "aino@example.org")
    assert "aino@example.org" in capsys.readouterr().out
    assert AuditEntry.objects.get(verb="made a service").thing_uuid == lead.service.uuid


@pytest.mark.parametrize("wrong", [{"time_zone": "Tornio"}, {"lead_email": "nobody"}, {"slug": "To rnio"}])
def test_says_what_is_wrong_and_makes_nothing(wrong):
    with pytest.raises(CommandError):
        call_command("new_service", **OPTIONS | wrong)
    assert not Service.objects.exists()
    assert not AuditEntry.objects.exists()
