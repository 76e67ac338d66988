"""Promise 5: the same clinicians. A change says why, and where it was decided; the former stay in the history."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from meetings.actions.team import change_team, choose_team
from meetings.models import TeamChange
from network.models import TeamMember
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import flush_constraints, make_case, make_cast, make_member, make_network, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    c = make_cast()
    c.new_network = make_network(c.service)
    make_member(c.new_network, "Ilmari", is_person=True)
    c.new_case = make_case(c.new_network, c.coordinator)
    return c


def choose(cast, *staff, by=None):
    by = by or cast.coordinator.user
    with role("od_app"), acting_as(by.pk):
        choose_team(network=cast.new_network, staff=staff, by=by)


def change(cast, *, joins=(), leaves=(), by=None, **extra):
    by = by or cast.clinician1.user
    rows = list(TeamMember.objects.filter(network=cast.network, staff__in=leaves, left_at=None))
    with role("od_app"), acting_as(by.pk):
        return change_team(
            network=cast.network, joins=joins, leaves=rows, by=by, **{"reason": "Mikko moves", "meeting": cast.held} | extra
        )  # fmt: skip


def refused(rule, of, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        of(*args, **kwargs)
    assert refusal.value.rule == rule


def team(network):
    return set(network.team.current().values_list("staff__name", flat=True))


def test_two_or_more_are_chosen(cast):
    choose(cast, cast.clinician1, cast.clinician3)
    assert team(cast.new_network) == {"Leena", "Sari"}
    cast.new_case.refresh_from_db()
    assert cast.new_case.team_size == 2


def test_no_team_of_one_of_strangers_or_of_who_is_no_clinician(cast):
    refused("team_of_two_or_more", choose, cast, cast.clinician1)
    refused("of_the_same_network", choose, cast, cast.clinician1, cast.clinician4)
    refused("team_of_clinicians", choose, cast, cast.clinician1, cast.coordinator)
    assert team(cast.new_network) == set()


def test_a_founding_team_is_chosen_once(cast):
    choose(cast, cast.clinician1, cast.clinician3)
    refused("team_change_says_why", choose, cast, cast.clinician2, cast.former)
    assert team(cast.new_network) == {"Leena", "Sari"}


@pytest.mark.parametrize("who", ["clinician3", "former", "person", "mother", "coordinator2"])
def test_others_change_nothing(cast, who):
    with pytest.raises(PermissionDenied):
        change(cast, joins=[cast.clinician3], by=getattr(cast, who).user)


def test_a_change_keeps_the_former_and_stands_with_its_reason(cast):
    (row,) = change(cast, joins=[cast.clinician3], leaves=[cast.clinician2])
    assert team(cast.network) == {"Leena", "Sari"}
    assert (row.reason, row.meeting, row.joined.staff, row.left.staff) == (
        "Mikko moves", cast.held, cast.clinician3, cast.clinician2)  # fmt: skip
    assert not row.joined.founding
    assert cast.network.team.filter(staff=cast.clinician2, left_at__isnull=False).exists()


def test_one_may_take_leave_of_the_team_oneself(cast):
    change(cast, joins=[cast.clinician3], leaves=[cast.clinician1])
    assert team(cast.network) == {"Mikko", "Sari"}


def test_refused_changes(cast):
    refused("team_of_two_or_more", change, cast, leaves=[cast.clinician2])
    refused("team_change_says_why", change, cast, joins=[cast.clinician3], reason=" \n")
    refused("team_change_made_in_a_meeting", change, cast, joins=[cast.clinician3], meeting=None)
    refused("meeting_has_started", change, cast, joins=[cast.clinician3], meeting=cast.booked)
    refused("of_the_same_network", change, cast, joins=[cast.clinician4])
    start(cast.meeting2)
    refused("of_the_same_network", change, cast, joins=[cast.clinician3], meeting=cast.meeting2)
    refused("team_member_once", change, cast, joins=[cast.clinician2])
    assert team(cast.network) == {"Leena", "Mikko"}


def test_outside_a_meeting_only_with_why_it_could_not_wait(cast):
    change(cast, joins=[cast.clinician3], meeting=None, why_outside="Leena is ill tonight")
    assert TeamChange.objects.get(why_outside="Leena is ill tonight").meeting is None


def straight(cast, what):
    with role("od_app"), acting_as(cast.clinician1.user.pk):
        what()
        flush_constraints()


def test_straight_sql_changes_no_team_in_silence(cast):
    scope = {"network": cast.network, "service": cast.service}

    def joins(founding):
        return lambda: TeamMember.objects.create(staff=cast.clinician3, founding=founding, **scope)

    def leaves():
        TeamMember.objects.filter(network=cast.network, staff=cast.clinician2).update(left_at="2026-01-01T00:00Z")

    for what in (joins(True), joins(False), leaves):
        with pytest.raises(IntegrityError, match=r"team_change_says_why|team_of_two_or_more"), transaction.atomic():
            straight(cast, what)
    assert team(cast.network) == {"Leena", "Mikko"}


def test_the_page_chooses(client, cast):
    client.force_login(cast.coordinator.user)
    address = f"/cases/{cast.new_case.uuid}/team/"
    html = client.get(address).content.decode()
    assert "Sari" in html
    assert "Petri" not in html  # of the other service
    html = client.post(address, {"team": [cast.clinician1.pk]}).content.decode()
    assert "A team needs two clinicians or more." in html
    assert "Choose two" in client.post(address, {}).content.decode()
    stranger = client.post(address, {"team": [cast.clinician1.pk, cast.clinician4.pk]})
    assert stranger.status_code == 200
    response = client.post(address, {"team": [cast.clinician1.pk, cast.clinician3.pk]})
    assert response["Location"] == f"/cases/{cast.new_case.uuid}/"
    assert "Leena" in client.get(response["Location"]).content.decode()


def test_the_page_changes_and_shows_it_to_everyone(client, cast):
    client.force_login(cast.clinician1.user)
    address = f"/cases/{cast.case.uuid}/team/"
    mikko = cast.network.team.get(staff=cast.clinician2)
    form = {"joined": [cast.clinician3.pk], "left": [mikko.pk], "reason": "He moves to Oulu", "meeting": ""}
    html = client.post(address, form).content.decode()
    assert "say why it could not wait" in html
    assert "He moves to Oulu" in html
    assert "who joins or who leaves" in client.post(address, {"reason": "x", "meeting": cast.held.pk}).content.decode()
    client.post(address, form | {"meeting": cast.held.pk})
    for who in (cast.clinician1, cast.person):
        client.force_login(who.user)
        html = client.get(f"/cases/{cast.case.uuid}/").content.decode()
        assert "He moves to Oulu" in html
        assert "<bdi>Sari</bdi> joins, <bdi>Mikko</bdi> leaves" in html


def test_whoever_leaves_lands_where_they_may_be(client, cast):
    client.force_login(cast.clinician1.user)
    leena = cast.network.team.get(staff=cast.clinician1)
    form = {"joined": [cast.clinician3.pk], "left": [leena.pk], "reason": "Parental leave", "meeting": cast.held.pk}
    assert client.post(f"/cases/{cast.case.uuid}/team/", form)["Location"] == "/meetings/"
    assert client.get(f"/cases/{cast.case.uuid}/").status_code == 404


@pytest.mark.parametrize("who", ["person", "mother", "clinician3", "coordinator2"])
def test_the_page_does_not_exist_for_others(client, cast, who):
    client.force_login(getattr(cast, who).user)
    assert client.get(f"/cases/{cast.case.uuid}/team/").status_code == 404
