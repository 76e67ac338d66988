"""Whom no e-mail reaches is told by somebody: that stands on the page until it is ticked off, with who told them, how, and when."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from meetings.actions.telling import write_down_told
from meetings.models import Invitation, Meeting, Told
from network.models import AuditEntry
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast, make_member
from tests.meetings.recording import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """Eino has a telephone, Aune neither telephone nor e-mail."""
    cast = make_cast()
    cast.eino, cast.aune = (make_member(cast.network, name, account=False) for name in ("Eino", "Aune"))
    cast.eino.contact.phone = "040 555 0199"
    cast.eino.contact.save()
    for who in (cast.eino, cast.aune):
        cast.booked.invitations.create(member=who, network=cast.network, service=cast.service, word="Elina")
    return cast


def asked(cast, who):
    return Invitation.objects.select_related("network").get(meeting=cast.booked, member=who)


def address(cast, who):
    return reverse("told", args=[cast.booked.uuid, asked(cast, who).uuid])


@pytest.fixture
def page(client, cast):
    def read(staff):
        client.force_login(staff.user)
        html = " ".join(client.get(f"/meetings/{cast.booked.uuid}/").content.decode().split())
        return html, html.split("Still to be told")[-1] if "Still to be told" in html else ""

    return read


def test_who_is_still_to_be_told_is_ticked_off(cast, client, page):
    html, waits = page(cast.clinician1)
    assert 'Call <b><bdi>Eino</bdi></b>: <a href="tel:0405550199"' in waits
    assert "Tell <b><bdi>Aune</bdi></b> on paper, or in person." in waits
    assert "Marja" not in waits  # she has an e-mail address
    answer = client.post(address(cast, cast.eino), {"how": "phone", "seen_moves": 0})
    assert answer["Location"] == f"/meetings/{cast.booked.uuid}/"
    html, waits = page(cast.coordinator)
    assert "Told by phone by <bdi>Leena</bdi>, <time" in html
    assert "Eino" not in waits
    assert "Aune" in waits
    told = Told.objects.get()
    assert (told.by, told.moves, told.cancelled) == (cast.clinician1, 0, False)
    assert AuditEntry.objects.filter(verb="told somebody of a meeting", thing_uuid=told.uuid).exists()


def test_the_person_reads_who_told_them(cast, client):
    client.force_login(cast.clinician1.user)
    client.post(address(cast, cast.eino), {"how": "in_person", "seen_moves": 0})
    client.force_login(cast.person.user)
    html = client.get(f"/meetings/{cast.booked.uuid}/").content.decode()
    assert "Told in person by <bdi>Leena</bdi>" in html
    assert "Still to be told" not in html


def test_a_new_time_and_a_cancellation_are_told_anew(cast, client, page):
    client.force_login(cast.clinician1.user)
    client.post(address(cast, cast.eino), {"how": "phone", "seen_moves": 0})
    Meeting.objects.filter(pk=cast.booked.pk).update(
        starts_at=cast.booked.starts_at + hours(3), ends_at=cast.booked.ends_at + hours(3), moves=1
    )  # fmt: skip
    html, waits = page(cast.clinician1)
    assert waits.startswith(" of the new time")
    assert "Eino" in waits
    assert "Told by phone" not in html
    client.post(
        address(cast, cast.eino), {"how": "phone", "seen_moves": 0}
    )  # of the old time, from a page that is a moment old
    assert Told.objects.count() == 1
    client.post(address(cast, cast.eino), {"how": "paper", "seen_moves": 1})
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="Snow"
    )
    html, waits = page(cast.clinician1)
    assert waits.startswith(" that it is cancelled")
    client.post(address(cast, cast.eino), {"how": "phone", "seen_moves": 1})
    html, waits = page(cast.clinician1)
    assert "Eino" not in waits
    assert [(one.moves, one.cancelled) for one in Told.objects.all()] == [(0, False), (1, False), (1, True)]


@pytest.mark.parametrize("form", [{}, {"how": "by pigeon", "seen_moves": 0}, {"how": "phone", "seen_moves": "x"}])
def test_a_form_without_an_answer_changes_nothing(cast, client, form):
    client.force_login(cast.clinician1.user)
    answer = client.post(address(cast, cast.eino), form, follow=True)
    assert "Say how they were told." in answer.content.decode()
    assert not Told.objects.exists()


def test_once_is_enough(cast, client):
    client.force_login(cast.clinician1.user)
    for _ in range(2):
        answer = client.post(address(cast, cast.eino), {"how": "phone", "seen_moves": 0}, follow=True)
    assert "They have been told already." in answer.content.decode()
    assert Told.objects.count() == 1


@pytest.mark.parametrize("who", ["clinician3", "former", "coordinator2", "person", "mother"])
def test_others_tell_nobody(cast, client, who):
    user = getattr(cast, who).user
    client.force_login(user)
    assert client.post(address(cast, cast.eino), {"how": "phone", "seen_moves": 0}).status_code == 404
    invitation = asked(cast, cast.eino)
    with acting(user), pytest.raises(PermissionDenied):
        write_down_told(invitation=invitation, how="phone", seen_moves=0, by=user)
    assert not Told.objects.exists()


def test_of_a_meeting_that_is_over_nobody_is_told(cast):
    invitation = Invitation.objects.select_related("network").get(meeting=cast.held, member=cast.mother)
    with acting(cast.clinician1.user), pytest.raises(Refusal) as refused:
        write_down_told(invitation=invitation, how="phone", seen_moves=0, by=cast.clinician1.user)
    assert refused.value.rule == "no_longer_asked"


def test_straight_sql_neither_changes_it_nor_tells_in_anothers_name(cast):
    invitation = asked(cast, cast.eino)
    with acting(cast.clinician1.user):
        write_down_told(invitation=invitation, how="phone", seen_moves=0, by=cast.clinician1.user)
    row = (
        "INSERT INTO meetings_told (uuid, service_id, network_id, invitation_id, moves, how, by_id, name)"
        f" VALUES (gen_random_uuid(), 0, 0, {asked(cast, cast.aune).pk}, 0, 'phone', {cast.clinician2.pk}, 'Mikko')"
    )
    for sql in (row, "UPDATE meetings_told SET how = 'paper'", "DELETE FROM meetings_told"):
        with pytest.raises(DatabaseError), transaction.atomic(), role("od_app"), acting_as(cast.clinician1.user_id):
            connection.cursor().execute(sql)
    for who, number in (
        (cast.person, 1),
        (cast.lead, 1),
        (cast.mother, 0),
        (cast.clinician3, 0),
        (cast.coordinator2, 0),
    ):
        with role("od_app"), acting_as(who.user_id):
            assert Told.objects.count() == number
