"""How a case ends (promise 3): together, or without a meeting and then with all that it takes; and a later crisis."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from network.models import AuditEntry, Reading
from network.rules import Refusal
from referrals.actions import close_case, log_contact, take_call
from referrals.models import CaseClosure
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_member, make_network

pytestmark = pytest.mark.django_db
WITHOUT = {
    "kind": "without_meeting", "reason": "She does not want to meet us.", "code": "person_declined",
    "offers": "Monday at seven at home; Tuesday by phone", "word_to_person": "by letter", "word_to_caller": "by phone",
}  # fmt: skip


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def case(cast):
    """Nobody has met yet."""
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True)
    case = make_case(network, cast.coordinator, first_heard_at=timezone.now() - hours(3))
    case.network = network  # read before the role changes
    return case


@pytest.fixture
def shut(cast, case, client):
    def post(of=case, **form):
        client.force_login(cast.coordinator.user)
        return client.post(reverse("close_case", args=[of.uuid]), form)

    return post


def page(response):
    return " ".join(response.content.decode().split())


def as_app(user, action, **wanted):
    with role("od_app"), acting_as(user.pk):
        return action(**wanted, by=user)


def cancel(meeting):
    meeting.status, meeting.cancelled_at, meeting.cancelled_reason = "cancelled", timezone.now(), "x"
    meeting.save(update_fields=["status", "cancelled_at", "cancelled_reason"])


def test_without_a_meeting_the_clock_ends_as_not_met(cast, case, shut):
    response = shut(**WITHOUT, second_staff=cast.lead.pk)
    assert (response.status_code, response["Location"]) == (302, f"/cases/{case.uuid}/")
    case.refresh_from_db()
    timer = case.timers.get()
    assert (timer.outcome, timer.met_at, timer.coded_exception) == ("not_met", None, "person_declined")
    assert (case.closed_at, case.due_at) == (timer.ended_at, None)
    closure = CaseClosure.objects.get()
    assert (closure.first_staff, closure.second_staff) == (cast.coordinator, cast.lead)
    assert AuditEntry.objects.filter(verb="closed a case", thing_uuid=case.uuid).count() == 1


def test_without_a_meeting_everything_it_takes_is_asked_for(cast, case, shut):
    whole = WITHOUT | {"second_staff": cast.lead.pk}
    for field in ("reason", "offers", "second_staff", "word_to_person", "word_to_caller"):
        response = shut(**whole | {field: ""})
        assert response.status_code == 200
        assert "Not saved yet" in page(response)
        if field != "reason":
            assert "She does not want to meet us." in page(response)
        wanted = WITHOUT | {"second_staff": cast.lead} | {field: None if field == "second_staff" else " "}
        with pytest.raises(Refusal) as refused:
            as_app(cast.coordinator.user, close_case, case=case, **wanted)
        assert refused.value.rule in ("closure_says_why", "closure_without_meeting_complete")
    case.refresh_from_db()
    assert (case.closed_at, case.timers.get().outcome) == (None, "running")


def test_the_second_name_is_a_colleague(cast, case, shut):
    for pk in (cast.coordinator.pk, cast.coordinator2.pk, 0):
        assert shut(**WITHOUT, second_staff=pk).status_code == 200
    for staff, rule in ((cast.coordinator, "closure_two_names"), (cast.coordinator2, "of_the_same_network")):
        with pytest.raises(Refusal) as refused:
            as_app(cast.coordinator.user, close_case, case=case, **WITHOUT, second_staff=staff)
        assert refused.value.rule == rule


def test_a_running_clock_is_not_closed_together(cast, shut):
    cancel(cast.booked)
    call = {"person_name": "Elina", "call_back": "1", "words": "Again", "told": "yes", "join_case": cast.case.uuid}
    as_app(cast.coordinator.user, take_call, **call)
    form = {"kind": "together", "reason": "All agreed.", "decided_in": str(cast.held.uuid)}
    assert "A clock is still running" in page(shut(of=cast.case, **form))
    cast.case.refresh_from_db()
    assert cast.case.closed_at is None


def test_together_in_a_meeting_in_which_the_person_was(cast, shut):
    form = {"kind": "together", "reason": "No more meetings are needed.", "decided_in": str(cast.held.uuid)}
    assert "A meeting is still booked or going on." in page(shut(of=cast.case, **form))
    cancel(cast.booked)
    assert "Choose the meeting in which it was decided." in page(shut(of=cast.case, **form | {"decided_in": ""}))
    assert shut(of=cast.case, **form | {"decided_in": str(cast.booked.uuid)}).status_code == 200
    assert shut(of=cast.case, **form | {"decided_in": str(cast.meeting2.uuid)}).status_code == 200
    with pytest.raises(Refusal) as refused:
        as_app(cast.coordinator.user, close_case, case=cast.case, kind="together", reason="x", decided_in=uuid4())
    assert refused.value.rule == "closed_together_with_the_person"
    # What belongs to the other way of closing is left aside.
    assert shut(of=cast.case, **form, code="died", word_to_person="x").status_code == 302
    cast.case.refresh_from_db()
    closure = cast.case.closure
    assert (closure.decided_in, closure.code, closure.word_to_person) == (cast.held.uuid, "", "")
    assert cast.timer.__class__.objects.get(pk=cast.timer.pk).outcome == "met"


def test_closed_stays_closed_and_a_later_crisis_keeps_network_and_team(cast, case, shut):
    shut(**WITHOUT, second_staff=cast.lead.pk)
    assert "closed" in page(shut(**WITHOUT, second_staff=cast.lead.pk))
    assert CaseClosure.objects.count() == 1
    later = as_app(
        cast.coordinator.user,
        take_call,
        person_name="Oona",
        call_back="1",
        words="Again",
        told="yes",
        join_case=case.uuid,
    )
    assert later != case
    assert later.network == case.network
    assert later.timers.get().outcome == "running"
    case.refresh_from_db()
    assert case.timers.get().outcome == "not_met"


def test_offers_made_are_there_already(cast, case, client):
    as_app(cast.coordinator.user, log_contact, case=case, kind="offered", offered="Tonight at seven, at home")
    client.force_login(cast.coordinator.user)
    assert "Tonight at seven, at home" in page(client.get(reverse("close_case", args=[case.uuid])))


def test_straight_sql_closes_nothing_without_its_reason(cast, case):
    for sql in (
        f"UPDATE referrals_case SET closed_at = now() WHERE id = {case.pk}",
        f"DELETE FROM referrals_case WHERE id = {case.pk}",
        "INSERT INTO referrals_caseclosure (service_id, network_id, case_id, kind, reason, code, offers, first_staff_id, word_to_person,"
        f" word_to_caller) VALUES (0, 0, {case.pk}, 'without_meeting', 'x', '', '', {cast.coordinator.pk}, '', '')",
        "INSERT INTO referrals_caseclosure (service_id, network_id, case_id, kind, reason, code, offers, first_staff_id, second_staff_id,"
        f" word_to_person, word_to_caller) VALUES (0, 0, {case.pk}, 'without_meeting', 'x', '', 'x', {cast.lead.pk},"
        f" {cast.coordinator.pk}, 'x', 'x')",
        "INSERT INTO referrals_caseclosure (service_id, network_id, case_id, kind, reason, code, offers, first_staff_id, second_staff_id,"
        f" word_to_person, word_to_caller) VALUES (0, 0, {case.pk}, 'without_meeting', 'x', 'lazy', 'x', {cast.coordinator.pk},"
        f" {cast.lead.pk}, 'x', 'x')",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), role("od_app"), acting_as(cast.coordinator.user.pk):
            connection.cursor().execute(sql)
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(f"UPDATE referrals_case SET closed_at = now() WHERE id = {case.pk}")
    case.refresh_from_db()
    assert case.closed_at is None


def test_outsiders_neither_find_nor_close(cast, case, client):
    address = reverse("close_case", args=[case.uuid])
    for who in ("clinician3", "former", "coordinator2", "person", "mother"):
        client.force_login(getattr(cast, who).user)
        assert client.get(address).status_code == client.post(address, WITHOUT).status_code == 404
        with pytest.raises(PermissionDenied):
            as_app(getattr(cast, who).user, close_case, case=case, **WITHOUT, second_staff=cast.lead)
    assert not Reading.objects.exists()


def test_what_cannot_be_taken_is_kept(cast, shut):
    for form in (
        {"kind": "x"},
        {"reason": "ö" * 20_001},
        {"code": "x"},
        {"decided_in": "x"},
        {"word_to_person": "y" * 301},
    ):
        response = shut(**WITHOUT | {"second_staff": cast.lead.pk, "offers": "<b>Monday</b>"} | form)
        assert response.status_code == 200
        assert "&lt;b&gt;Monday&lt;/b&gt;" in page(response)
