"""Forms that are sent again, by somebody to whom the case has ceased to belong meanwhile: a sentence, and never a fault."""

from uuid import uuid4

import pytest

from referrals.models import Case, Referral
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def typed(**more):
    return {"uuid": str(uuid4()), "words": "He has not slept.", "call_back": "040 555 0199", "person_name": "Tapani",
            "told": "yes", "urgency": "urgent", "place": "not_said", "channel": "phone", "named-TOTAL_FORMS": 0,
            "named-INITIAL_FORMS": 0} | more  # fmt: skip


def test_a_call_that_was_given_away(client, cast):
    client.force_login(cast.clinician3.user)
    call = typed()
    client.post("/referrals/new/", call)
    case = Referral.objects.get(person_name="Tapani").case
    given = client.post(f"/cases/{case.uuid}/hand-over/", {"after": cast.coordinator.pk})
    assert given.headers["Location"] == "/board/"
    again = client.post("/referrals/new/", call)
    assert again.status_code == 200
    assert "a colleague looks after it now" in again.content.decode()
    assert "He has not slept." in again.content.decode()
    assert Referral.objects.filter(person_name="Tapani").count() == 1


def test_an_owner_of_no_team_who_closes_goes_back_to_the_board(client, cast):
    client.force_login(cast.clinician3.user)
    client.post("/referrals/new/", typed())
    case = Referral.objects.get(person_name="Tapani").case
    closed = client.post(f"/cases/{case.uuid}/close/", {
        "kind": "without_meeting", "reason": "He is with another team.", "offers": "Twice, by phone",
        "second_staff": cast.coordinator.pk, "word_to_person": "by letter", "word_to_caller": "by phone", "code": "",
    })  # fmt: skip
    assert closed.headers["Location"] == "/board/"
    assert "The case is closed" in client.get("/board/").content.decode()
    assert Case.objects.get(pk=case.pk).closed_at
