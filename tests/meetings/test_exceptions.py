"""Promise 6, its last part: what had to be decided without the person stands open until it was talked about together."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from meetings.actions.exceptions import record_exception
from meetings.actions.record import take_up
from meetings.models import DecidedWithout, Meeting
from network.identity import set_identity
from network.models import Message
from network.rules import Refusal
from referrals.actions import close_case
from referrals.models import CaseClosure
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_meeting, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def record(cast, by=None, **columns):
    by = (by or cast.clinician1).user
    assert cast.case.network  # as the owner: the action has to refuse, not the reading
    with role("od_app"), acting_as(by.pk):
        return record_exception(case=cast.case, by=by, **{
            "text": "The ambulance comes back at two.", "decided_by": "Dr Salo", "decided_at": timezone.now() - hours(2),
            "why": "Nobody could be reached.", "brought_by": cast.clinician1,
        } | columns)  # fmt: skip


def refused(rule, of, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        of(*args, **kwargs)
    assert refusal.value.rule == rule


@pytest.mark.parametrize("who", ["coordinator", "clinician1"])
def test_it_goes_to_the_next_meeting_and_the_person_is_told(cast, who):
    exception = record(cast, getattr(cast, who))
    exception.refresh_from_db()
    assert exception.bring_to == cast.booked
    cast.case.refresh_from_db()
    assert cast.case.open_exceptions == 1
    told = Message.objects.get(dedupe_key=f"exception:{exception.uuid}")
    assert (told.to, told.kind, told.meeting_at) == (cast.person.contact.email, "message", None)


@pytest.mark.parametrize("who", ["clinician3", "former", "coordinator2"])
def test_others_record_nothing(cast, who):
    with pytest.raises(PermissionDenied):
        record(cast, getattr(cast, who))


def test_without_a_meeting_it_waits_for_the_next_booked(cast):
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="-"
    )
    exception = record(cast)
    exception.refresh_from_db()
    assert exception.bring_to is None
    meeting = make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() + hours(30))
    exception.refresh_from_db()
    assert exception.bring_to == meeting


def test_refused(cast):
    refused("exception_says_what", record, cast, text=" ")
    refused("exception_says_who", record, cast, decided_by="")
    refused("exception_says_why", record, cast, why="\n")
    refused("exception_not_in_future", record, cast, decided_at=timezone.now() + timedelta(hours=2))
    refused("brought_to_a_meeting_to_come", record, cast, bring_to=cast.held)
    refused("of_the_same_network", record, cast, bring_to=cast.meeting2)
    refused("of_the_same_network", record, cast, brought_by=cast.clinician4)
    assert not DecidedWithout.objects.exists()


def test_a_closed_case_takes_none(cast):
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="-"
    )
    CaseClosure.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="together", reason="Done.", first_staff=cast.clinician1,
        decided_in=cast.held.uuid,
    )  # fmt: skip
    refused("case_is_open", record, cast, by=cast.coordinator)


def test_closed_without_a_meeting_it_stays_on_the_board_until_a_meeting_took_it_up(client, cast):
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="-"
    )
    exception = record(cast)
    by = cast.coordinator.user
    with role("od_app"), acting_as(by.pk):
        close_case(
            case=cast.case, kind="without_meeting", reason="She moved away.", code="moved_away", offers="Monday", second_staff=cast.lead,
            word_to_person="by letter", word_to_caller="by phone", by=by,
        )  # fmt: skip

    def on_the_board(who):
        client.force_login(who.user)
        html = client.get("/board/").content.decode()
        assert ("Closed, and still to be talked about." in html) is (f"/cases/{cast.case.uuid}/" in html)
        return f'<a href="/cases/{cast.case.uuid}/"><bdi>Elina</bdi></a>: 1 decision, closed' in html

    for who in (cast.coordinator, cast.lead, cast.clinician1):
        assert on_the_board(who)
        assert client.get(f"/cases/{cast.case.uuid}/").status_code == 200
    for who in (cast.clinician3, cast.former, cast.coordinator2, cast.clinician4):
        assert not on_the_board(who)
    set_identity(None)
    # A later crisis in the same network: its meeting takes it up.
    meeting = make_meeting(make_case(cast.network, cast.coordinator), cast.clinician1, invited=[cast.person])
    start(meeting, cast.person, cast.clinician1)
    assert on_the_board(cast.coordinator)
    with role("od_app"), acting_as(cast.clinician1.user_id):
        take_up(exception=exception, meeting=meeting, words="We talked about it.", by=cast.clinician1.user)
    for who in (cast.coordinator, cast.clinician1):
        assert not on_the_board(who)


def test_straight_sql_neither_edits_nor_closes_it(cast):
    exception = record(cast)

    def straight(**columns):
        with role("od_app"), acting_as(cast.clinician1.user.pk):
            DecidedWithout.objects.filter(pk=exception.pk).update(**columns)

    taken = {"taken_up_in": cast.booked, "taken_up_at": timezone.now(), "taken_up_words": "We talked"}
    with pytest.raises(IntegrityError, match="taken_up_with_the_person"), transaction.atomic():
        straight(**taken)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        straight(text="Nothing happened")


FORM = {"text": "Two weeks of detention.", "decided_by": "Dr Salo", "why": "She stood on the bridge.", "bring_to": ""}


def test_the_page_records_once_and_shows_it_to_the_person(client, cast):
    client.force_login(cast.clinician1.user)
    address = f"/cases/{cast.case.uuid}/exceptions/new/"
    assert "The person can read this" in client.get(address).content.decode()
    form = FORM | {
        "uuid": "6f1c2d2e-6a44-4b6e-9a0e-3a0d5d1c0f16", "decided_at": "2026-01-02T03:04", "brought_by": cast.clinician1.pk,
    }  # fmt: skip
    for _ in range(2):
        assert client.post(address, form)["Location"] == f"/cases/{cast.case.uuid}/"
    assert DecidedWithout.objects.count() == 1
    for who in (cast.person, cast.coordinator):
        client.force_login(who.user)
        html = client.get(f"/cases/{cast.case.uuid}/").content.decode()
        assert "Two weeks of detention." in html
        assert "She stood on the bridge." in html


def test_the_page_keeps_what_was_typed(client, cast):
    client.force_login(cast.clinician1.user)
    address = f"/cases/{cast.case.uuid}/exceptions/new/"
    for wrong, sentence in (
        ({"decided_at": "2199-01-01T00:00"}, "cannot be in the future"),
        ({"decided_at": "2026-03-29T03:30"}, "clocks went forward"),
        ({"text": "x" * 20_001}, "20,000 is the most"),
        ({"why": "\u200b"}, "why it could not wait"),
    ):
        form = (
            FORM | {"decided_at": "2026-01-02T03:04", "brought_by": cast.clinician1.pk, "decided_by": "Dr ✨"} | wrong
        )
        html = client.post(address, form).content.decode()
        assert sentence in html, wrong
        assert "Dr ✨" in html
    assert not DecidedWithout.objects.exists()


@pytest.mark.parametrize("who", ["person", "mother", "clinician3", "coordinator2"])
def test_the_page_does_not_exist_for_others(client, cast, who):
    client.force_login(getattr(cast, who).user)
    assert client.get(f"/cases/{cast.case.uuid}/exceptions/new/").status_code == 404
