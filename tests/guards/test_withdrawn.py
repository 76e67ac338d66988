"""Promise 8: whoever may read no more finds at every address what somebody finds who never could, byte for byte; no mail says otherwise."""

import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from network import outbox
from network.models import Consent, Message
from tests.conftest import AppClient, role
from tests.factories import make_member
from tests.guards.test_matrix import ROUTES, TABLE, stripped
from tests.guards.world import ours, standing, world
from tests.standing import taken_back

__all__ = ["standing", "world"]  # fixtures
SENT_BY_PERSON = {"covers": "all", "sure": "1"}
# Whose browser it is, and the new id of a form.
OF_THE_MOMENT = re.compile(r'data-(?:me|keep-key)="[^"]+"|name="(?:uuid|once)" value="[0-9a-f-]{36}"')


@pytest.mark.django_db
def test_the_addresses_are_those_of_the_resolver():
    assert len(ROUTES) > 70


def answers(world, member):
    """Every address of the service, opened and sent to, for the meeting that was shared and for the others."""
    browser = AppClient()
    browser.force_login(member.user)
    found = {}
    for pattern, route in sorted(ROUTES.items()):
        for about in {TABLE[pattern].about, "held"} if pattern in TABLE else {"held"}:
            parts = ours(world, about)
            path = reverse(route.name, kwargs={name: parts[name] for name in route.parameters})
            for method in ("get", "post"):
                with taken_back():
                    answer = getattr(browser, method)(path)
                browser.cookies.pop("messages", None)
                status, text = stripped(answer)
                text = text.replace(member.user.email, "address").replace(str(member.uuid), "member")
                found[path, method] = status, OF_THE_MOMENT.sub("", text)
    return found


def test_at_every_address_and_in_no_mail(world, settings, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # what the pages say of the hour stays the same meanwhile
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with taken_back():
        never, ended = make_member(world.network, "Kaisa"), make_member(world.network, "Kaisa")
        person = world.clients["person"]
        person.post(f"/my/readers/{ended.uuid}/", SENT_BY_PERSON)
        assert Consent.objects.active().filter(member=ended).exists()
        reader = AppClient()
        reader.force_login(ended.user)
        assert reader.get(f"/notes/{world.held.uuid}/").status_code == 200
        person.post(f"/my/readers/{ended.uuid}/", {"covers": "nothing"})
        person.cookies.pop("messages", None)
        one, other = answers(world, ended), answers(world, never)
        assert [place for place in one if one[place] != other[place]] == []
        assert not Message.objects.waiting().filter(to__in=[ended.user.email, never.user.email]).exists()
        mail.outbox = []
        with role("od_clock"):
            outbox.send_due()
        assert [letter for letter in mail.outbox if letter.to[0] in (ended.user.email, never.user.email)] == []
