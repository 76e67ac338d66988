"""What a message leads to: one tap says who has it, and the next ones are not called."""

import pytest
from django.utils import timezone

from network.models import Message, Reading
from referrals.models import Acknowledgement, Case
from referrals.sweeping import sweep
from tests.conftest import role
from tests.factories import hours, make_case, make_cast, make_member, make_network, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def watch(cast):
    """A clock with four hours left of twenty-four: its owner, and whoever else the plan names, has been told."""
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True)
    case = make_case(network, cast.coordinator, first_heard_at=timezone.now() - hours(20))
    with role("od_clock"):
        sweep()
    return case.watches.get()


def test_one_tap_says_who_has_it_and_takes_back_what_has_not_gone_out(cast, watch, client):
    assert Message.objects.filter(step__isnull=False, cancelled_at=None).exists()
    client.force_login(cast.coordinator.user)
    page = client.get(f"/waiting/{watch.uuid}/")
    assert b"Nobody has said" in page.content
    assert b"Oona" in page.content
    answer = client.post(f"/waiting/{watch.uuid}/", follow=True)
    assert b"You have it" in answer.content
    watch.refresh_from_db()
    assert watch.held_by == cast.coordinator
    assert not Message.objects.filter(step__in=watch.steps.values("pk"), sent_at=None, cancelled_at=None).exists()
    client.force_login(cast.lead.user)
    assert "Aino</bdi> has it" in client.get(f"/waiting/{watch.uuid}/").content.decode()


def test_two_taps_are_both_on_record_and_say_the_same(cast, watch, client):
    client.force_login(cast.coordinator.user)
    for _ in range(2):
        assert client.post(f"/waiting/{watch.uuid}/").status_code == 302
    assert {one.staff for one in Acknowledgement.objects.filter(watch=watch)} == {cast.coordinator}


def test_opening_it_is_a_reading(cast, watch, client):
    client.force_login(cast.coordinator.user)
    client.get(f"/waiting/{watch.uuid}/")
    assert Reading.objects.filter(thing=watch.case.uuid, reader=cast.coordinator.user).exists()


def test_a_message_opened_before_signing_in_leads_there_after_it(watch, client):
    answer = client.get(f"/waiting/{watch.uuid}/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next=/waiting/{watch.uuid}/"


def test_whoever_was_not_told_and_is_not_of_the_case_finds_nothing(cast, watch, client):
    bystander = make_staff(cast.service, "Sanni", "clinician")
    for who in (bystander, cast.clinician3, cast.coordinator2):
        client.force_login(who.user)
        assert client.get(f"/waiting/{watch.uuid}/").status_code == 404
        assert client.post(f"/waiting/{watch.uuid}/").status_code == 404
    assert not Acknowledgement.objects.filter(watch=watch).exists()


def test_what_has_ended_says_so_and_takes_no_more(cast, client):
    ended = cast.case.watches.filter(ended_why="met").get()
    client.force_login(cast.coordinator.user)
    assert b"It waits no more" in client.get(f"/waiting/{ended.uuid}/").content
    page = client.post(f"/waiting/{ended.uuid}/", follow=True)
    assert page.status_code == 200
    assert b"It waits no more" in page.content
    assert not Acknowledgement.objects.filter(watch=ended).exists()


def test_what_nobody_has_taken_is_taken(cast, watch, client):
    """The message goes to the owner by duty: whoever answers it looks after the case from then on."""
    Case.objects.filter(pk=watch.case_id).update(taken_at=None)
    client.force_login(cast.lead.user)
    page = client.get(f"/waiting/{watch.uuid}/").content.decode()
    assert "Take it" in page
    assert ">I have it<" not in page
    client.post(f"/cases/{watch.case.uuid}/take/")
    watch.refresh_from_db()
    assert (watch.held_by, watch.case.owner) == (cast.lead, cast.lead)
    assert not Message.objects.filter(step__in=watch.steps.values("pk"), sent_at=None, cancelled_at=None).exists()
    assert "You have it" in client.get(f"/waiting/{watch.uuid}/").content.decode()
