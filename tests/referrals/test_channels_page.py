"""The page on which each of the staff says how they are reached."""

import pytest
from django.urls import reverse
from django.utils import timezone

from network.models import Message, StaffChannel
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
HERE = "/channels/"


@pytest.fixture
def cast():
    return make_cast()


def page(response):
    return " ".join(response.content.decode().split())


def make_channel(staff, kind="sms", address="+358405550134", **extra):
    return StaffChannel.objects.create(staff=staff, service=staff.service, kind=kind, address=address, **extra)


def test_for_staff_alone_and_each_sees_their_own(cast, client):
    make_channel(cast.clinician1)
    client.force_login(cast.person.user)
    assert client.get(HERE).status_code == client.post(HERE, {}).status_code == 404
    for who in ("clinician2", "coordinator"):  # who oversees may read the row, and it is not theirs
        client.force_login(getattr(cast, who).user)
        assert "+358405550134" not in page(client.get(HERE))
    client.force_login(cast.clinician1.user)
    assert "+358405550134" in page(client.get(HERE))


def test_without_any_the_account_is_told(cast, client):
    client.force_login(cast.clinician1.user)
    seen = page(client.get(HERE))
    assert "your account’s own address" in seen
    assert "Send me a try-out" not in seen


def test_set_try_and_put_away(cast, client):
    client.force_login(cast.clinician1.user)
    assert client.post(HERE, {"kind": "sms", "address": "+358 40 555 0134"})["Location"] == HERE
    assert client.post(HERE, {"kind": "email", "address": "night@example.org"})["Location"] == HERE
    seen = page(client.get(HERE))
    assert "not tried yet" in seen
    assert "your account’s own address" not in seen
    number, mail = (StaffChannel.objects.get(kind=kind) for kind in ("sms", "email"))
    assert client.post(reverse("try_channel", args=[number.uuid])).status_code == 302
    assert Message.objects.get(kind="trial").to == "+358405550134"
    assert "a try-out is on its way since" in page(client.get(HERE))
    Message.objects.filter(kind="trial").update(last_error="Refused")
    assert "the try-out was not taken; tried again" in page(client.get(HERE))
    Message.objects.filter(kind="trial").update(sent_at=timezone.now())
    assert "tried <time" in page(client.get(HERE))
    assert client.post(reverse("put_away_channel", args=[mail.uuid])).status_code == 302
    assert "your account’s own address" in page(client.get(HERE))  # e-mail can be moved, and not put away
    assert client.post(reverse("put_away_channel", args=[mail.uuid])).status_code == 404
    client.post(reverse("put_away_channel", args=[number.uuid]))
    assert "+358405550134" not in page(client.get(HERE))


@pytest.mark.parametrize("verb", ["try_channel", "put_away_channel"])
def test_nobody_touches_that_of_a_colleague(cast, client, verb):
    path = reverse(verb, args=[make_channel(cast.clinician1).uuid])
    for who in ("clinician2", "coordinator", "coordinator2", "person"):
        client.force_login(getattr(cast, who).user)
        assert client.post(path).status_code == 404
    client.force_login(cast.clinician1.user)
    assert client.get(path).status_code == 405
    assert StaffChannel.objects.get().active
    assert not Message.objects.filter(kind="trial").exists()


@pytest.mark.parametrize(
    ("kind", "address", "sentence"),
    [
        ("email", "", "Write where messages should go."),
        ("email", "nobody", "Write an e-mail address"),
        ("email", f"{'x' * 300}@example.org", "254 characters at most"),
        ("sms", "", "Write the number."),
        ("sms", "040 555 0134", "Write the number with its country"),
        ("sms", "+358 by night", "Write the number with its country"),
        ("sms", "1" * 61, "Please shorten it."),
    ],
)
def test_what_does_not_fit_is_said_and_stays(cast, client, kind, address, sentence):
    client.force_login(cast.clinician1.user)
    answer = client.post(HERE, {"kind": kind, "address": address})
    assert answer.status_code == 200
    assert sentence in page(answer)
    assert f'value="{address}"' in page(answer) or not address
    assert not StaffChannel.objects.exists()


def test_a_way_that_is_not_set_up_is_not_offered(cast, client, settings):
    settings.LOCAL = False
    client.force_login(cast.clinician1.user)
    assert "has set up no text messages" in page(client.get(HERE))
    for kind in ("sms", "push", "pigeon"):
        assert client.post(HERE, {"kind": kind, "address": "+358405550134"}).status_code == 403


def test_few_queries(cast, client, django_assert_max_num_queries):
    for n in range(9):
        make_channel(cast.clinician1, address=f"+35840555013{n}", active=n == 8)
    client.force_login(cast.clinician1.user)
    with django_assert_max_num_queries(8 + 4):  # and four of the test client, to step down to the role of the service
        client.get(HERE)
