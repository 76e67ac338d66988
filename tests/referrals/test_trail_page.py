"""The delivery trail as a page: what was planned for each clock of a case, and what became of each message."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from network.models import Message
from referrals.models import Acknowledgement
from tests.factories import make_case, make_cast, make_member, make_network, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(clock):
    cast = make_cast()
    cast.waits = make_network(cast.service)
    make_member(cast.waits, "Aino", is_person=True)
    cast.waiting = make_case(cast.waits, cast.coordinator, first_heard_at=clock.now)
    clock.go(hours=12)
    clock.sweep()
    cast.message = Message.objects.filter(network=cast.waits, step__isnull=False)
    return cast


@pytest.fixture
def page(client, scene):
    def read(staff, case=None):
        client.force_login(staff.user)
        response = client.get(reverse("trail", args=[(case or scene.waiting).uuid]))
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return read


def test_planned_and_what_waits_to_be_sent(scene, page):
    text = page(scene.lead)
    assert text.count("<td>Planned</td>") == 3
    assert "<bdi>Aino</bdi>, e-mail: waits to be sent" in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"handed_at": True}, "sent, not yet accepted"),
        ({"sent_at": True}, "accepted by the transport"),
        ({"sent_at": True, "acknowledged_at": True}, "acknowledged"),
        ({"cancelled_at": True}, "withdrawn before it was sent"),
        ({"last_error": "SMTPRecipientsRefused", "attempts": 2}, "failed, is tried again"),
    ],
)
def test_how_far_it_came_in_words(scene, page, clock, state, words):
    scene.message.update(**{field: clock.now if value is True else value for field, value in state.items()})
    text = page(scene.lead)
    assert f": {words} " in text
    assert "SMTP" not in text


def test_who_said_i_have_it(scene, page):
    Acknowledgement.objects.create(
        watch=scene.waiting.watches.get(), service=scene.service, network=scene.waits, staff=scene.lead
    )
    assert "<bdi>Leo</bdi> said “I have it”" in page(scene.lead)


def test_the_team_sees_the_whole_trail_and_no_address(scene, page):
    make_team(scene.waits, scene.clinician1, scene.clinician2)
    for who in (scene.clinician1, scene.lead):
        text = page(who)
        assert "<bdi>Aino</bdi>, e-mail: waits to be sent" in text
        assert scene.coordinator.user.email not in text


def test_others_find_nothing(scene, client):
    for who in ("clinician3", "former", "coordinator2", "person"):
        client.force_login(getattr(scene, who).user)
        assert client.get(reverse("trail", args=[scene.waiting.uuid])).status_code == 404


def test_many_rounds_cost_what_one_costs(scene, client, clock):
    client.force_login(scene.lead.user)

    def selects():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("trail", args=[scene.waiting.uuid])).status_code == 200
        return [q["sql"] for q in seen if q["sql"].startswith("SELECT") and "current_user" not in q["sql"]]

    one = selects()
    for _ in range(10):
        clock.go(hours=1)
        clock.sweep()
    many = selects()
    assert len(one) == len(many) <= 10, "\n".join(many)


def test_the_page_of_the_case_leads_here_and_says_who_has_it(scene, client, clock):
    client.force_login(scene.lead.user)
    address = reverse("trail", args=[scene.waiting.uuid])
    page = client.get(scene.waiting.get_absolute_url()).content.decode()
    assert f'href="{address}"' in page
    assert "next word goes out" in page
    Acknowledgement.objects.create(
        watch=scene.waiting.watches.get(), service=scene.service, network=scene.waits, staff=scene.lead
    )
    page = client.get(scene.waiting.get_absolute_url()).content.decode()
    assert "<bdi>Leo</bdi> has it since" in page
    assert "next word goes out" not in page
