"""The page of a case: for its staff and the person, the same column for both, in few queries."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meetings.models import DecidedWithout
from network.identity import set_identity
from network.models import Reading
from tests.factories import (
    arrive,
    close,
    hours,
    make_case,
    make_cast,
    make_meeting,
    make_member,
    make_network,
    say,
    start,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def page(client, user, case):
    client.force_login(user)
    return client.get(f"/cases/{case.uuid}/")


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician1", "person"])
def test_its_staff_and_the_person_open_it(client, cast, who):
    response = page(client, getattr(cast, who).user, cast.case)
    assert response.status_code == 200
    assert Reading.objects.filter(what="case", thing=cast.case.uuid, reader=getattr(cast, who).user).count() == 1


@pytest.mark.parametrize("who", ["clinician3", "former", "mother", "friend", "uncle", "coordinator2", "person2"])
def test_for_others_it_does_not_exist(client, cast, who):
    response = page(client, getattr(cast, who).user, cast.case)
    assert response.status_code == 404
    assert not Reading.objects.exists()


def test_nobody_is_sent_to_sign_in(client, cast):
    response = client.get(f"/cases/{cast.case.uuid}/")
    assert response["Location"].startswith("/accounts/login/")


def timeline_of(html):
    start_ = html.index('<ol class="timeline">')
    return html[start_ : html.index("</ol>", start_)]


def test_the_person_reads_the_same_column_as_the_staff(client, cast):
    staff = timeline_of(page(client, cast.coordinator.user, cast.case).content.decode())
    person = timeline_of(page(client, cast.person.user, cast.case).content.decode())
    links = r'<p class="small no-print"><a href="/cases/[^"]*/out-of-sight/[^"]*">Wrong case\?.*?</p>'
    assert re.search(links, staff)
    assert re.sub(links, "", staff) == person, (
        "the words are the same; only staff find where to ask that some go out of sight"
    )
    for said in (
        "17 h after first heard",
        "She is so afraid of the night",
        "We meet again tomorrow at five.",
        "Olli",
        "He moves away",
    ):
        assert said in staff
    assert "a member of staff" not in staff


@pytest.mark.parametrize("who", ["coordinator", "person"])
def test_how_to_call_back_is_one_tap_away(client, cast, who):
    html = timeline_of(page(client, getattr(cast, who).user, cast.case).content.decode())
    assert '<a href="tel:0405550134"><bdi>040 555 0134</bdi></a>' in html, "also of a caller who gave no name"


def test_the_next_step_is_one(client, cast):
    network = make_network(cast.service)
    make_member(network, "Ilmari", is_person=True)
    case = make_case(network, cast.coordinator)
    assert "Choose a team" in page(client, cast.coordinator.user, case).content.decode()
    html = page(client, cast.coordinator.user, cast.case).content.decode()
    assert html.count('class="button"') == 1
    assert "See the second meeting" in html
    assert 'class="button"' not in page(client, cast.person.user, cast.case).content.decode()


def test_an_open_exception_stands_out(client, cast):
    DecidedWithout.objects.create(
        case=cast.case, network=cast.network, service=cast.service, text="The ambulance comes back.", decided_by="Dr Salo",
        decided_at=timezone.now() - hours(3), why="Nobody could be reached.", brought_by=cast.clinician1, recorded_by=cast.clinician1,
    )  # fmt: skip
    html = page(client, cast.person.user, cast.case).content.decode()
    assert "Decided without" in html
    assert "not yet talked about together" in html


def count(client, case):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/cases/{case.uuid}/").status_code == 200
    return sum(q["sql"].upper().startswith(("SELECT", "INSERT", "UPDATE")) for q in queries)


def test_as_many_queries_for_few_as_for_many(client, cast):
    client.force_login(cast.coordinator.user)
    few = count(client, cast.case)
    set_identity(None)
    for n in range(27):
        make_member(cast.network, f"Cousin {n}", account=False)
    for n in range(39):
        at = timezone.now() - timedelta(days=9) + hours(5 * n)
        meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=at, invited=[cast.person])
        start(meeting, cast.person, cast.clinician1, at=at)
        arrive(meeting, cast.clinician2, at=at + timedelta(minutes=5))
        say(meeting, "We go on.", kind="decision", at=at + timedelta(minutes=30))
        close(meeting, at=at + timedelta(minutes=60))
    assert count(client, cast.case) == few <= 8


def test_a_person_who_leaves_no_trace_of_markup(client, cast):
    make_member(cast.network, "<b>Eve</b> \u202e\U0001f600", account=False, relation="<script>alert(1)</script>")
    html = page(client, cast.coordinator.user, cast.case).content.decode()
    assert "<b>Eve" not in html
    assert "<script>alert" not in html
