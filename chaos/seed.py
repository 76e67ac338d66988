"""Tables, two services and their staff, as the owner. Prints what the rest of the run has to know, as JSON."""

import json
import sys
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from network.models import Service, Staff, User  # noqa: E402

OWNERS = 20


def main():
    call_command("migrate", "--no-input", verbosity=0)
    one, two = (
        Service.objects.create(name=name, slug=name, emergency_advice="Call 112.", night_number="016 555 0100")
        for name in ("one", "two")
    )
    owners = [staff(one, is_coordinator=True) for _ in range(OWNERS)]
    caller = staff(two, is_coordinator=True)
    leads = [staff(two, is_lead=True) for _ in range(2)]
    browser = Client()
    browser.force_login(owners[0].user)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    said = {
        "owners": [[one.user_id, one.user.email] for one in owners],
        "caller": caller.user_id,
        "leads": [[lead.user_id, lead.user.email] for lead in leads],
        "service_with_leads": two.pk,
        "session": f"{cookie.key}={cookie.value}",
        "csrf": settings.CSRF_COOKIE_NAME,
    }
    json.dump(said, sys.stdout)


def staff(service, **roles):
    user = User.objects.create_user(f"{uuid4().hex[:10]}@example.org")
    return Staff.objects.create(service=service, user=user, name="Somebody", **roles)


if __name__ == "__main__":
    main()
