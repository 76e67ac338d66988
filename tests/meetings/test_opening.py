"""Opening in need: found only by who knows them, opened for reading, told at once, closed by itself."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meetings.actions.opening import open_in_need as action
from meetings.models import MeetingStaff, TeamChange
from network.identity import set_identity
from network.models import AuditEntry, Message, Opening, Reading, Staff
from network.rules import Refusal
from referrals.models import Case, Watch
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast, make_member, make_network, make_team, open_in_need

pytestmark = pytest.mark.django_db
WANTED = {"person": "Elina", "back": "+358 40 555 0134", "reason": "She rang and is afraid.", "hours": "4"}


@pytest.fixture
def cast():
    return make_cast()


def ask(client, who, **said):
    client.force_login(who.user)
    return client.post("/in-need/", WANTED | said)


def seen(who, table):
    with role("od_app"), acting_as(who.user.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def test_found_by_name_and_number_opened_and_told(cast, client):
    answer = ask(client, cast.clinician3)
    assert answer.headers["Location"] == f"/cases/{cast.case.uuid}/"
    opening = Opening.objects.get()
    assert (opening.name, opening.reason, opening.ends_at - opening.opened_at) == (
        "Sari",
        "She rang and is afraid.",
        hours(4),
    )
    told = {(one.to, one.kind) for one in Message.objects.filter(dedupe_key__startswith="opening:")}
    team = {(one.user.email, "staff") for one in (cast.clinician1, cast.clinician2, cast.coordinator)}
    assert told == team | {(cast.person.user.email, "message")}
    entry = AuditEntry.objects.get(verb="opened in need")
    assert (entry.user, entry.thing, entry.thing_uuid) == (cast.clinician3.user, "opening", opening.uuid)


def test_on_record_is_the_one_that_was_opened(cast, client):
    """Somebody may have several open at once, and may be shown the way to what is open already."""
    other = make_network(cast.service)
    make_member(other, "Ville", is_person=True)
    open_in_need(other, cast.clinician3, opened_at=timezone.now() + hours(1))  # the latest of theirs
    for _ in range(2):
        ask(client, cast.clinician3)
    opening = Opening.objects.get(network=cast.network)
    entries = AuditEntry.objects.filter(user=cast.clinician3.user).order_by("pk")
    assert list(entries.values_list("verb", "thing", "thing_uuid")) == [
        ("opened in need", "opening", opening.uuid),
        ("looked for what they may open", "case", cast.case.uuid),
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"person": "Marja"},  # in the network, and not at its centre
        {"person": "Elin"},
        {"person": "%"},
        {"back": "040 555 0199"},
        {"back": "134"},
        {"person": "Oskari", "back": "040 555 0134"},  # of another service
        {"person": "Not known yet"},
    ],
)
def test_what_does_not_fit_finds_nobody_and_is_on_record(cast, client, said):
    answer = ask(client, cast.clinician3, **said)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing was opened." in page
    assert WANTED["reason"] in page, "the typed text is kept"
    assert not Opening.objects.exists()
    assert not Message.objects.exists()
    assert AuditEntry.objects.filter(verb="looked in need, found nobody", user=cast.clinician3.user).count() == 1


def test_those_elsewhere_find_nobody(cast, client):
    assert "Nothing was opened." in ask(client, cast.clinician4).content.decode()


@pytest.mark.parametrize("said", [{"reason": " "}, {"hours": "99"}, {"hours": ""}, {"reason": "a" * 501}, {"back": ""}])
def test_what_is_missing_is_said_the_same_for_known_and_unknown(cast, client, said):
    """A refusal leaves no trace, so it may tell nothing: it comes before anybody is looked for."""
    known, unknown = (ask(client, cast.clinician3, **said | more) for more in ({}, {"person": "Xanthe"}))

    def plain(answer):
        text = re.sub(r'(csrfmiddlewaretoken" value="|nonce[-="]+)[\w+/=-]+', "", answer.content.decode())
        return text.replace("Xanthe", "Elina")

    assert plain(known) == plain(unknown)
    assert "Nothing was opened" not in plain(known)
    assert not Opening.objects.exists()


def test_by_straight_sql_too_a_refusal_comes_before_the_search(cast):
    for person in ("Elina", "Xanthe"):
        with pytest.raises(Refusal) as refused, role("od_app"), acting_as(cast.clinician3.user.pk):
            action(person=person, back="040 555 0134", reason="So", hours=48, by=cast.clinician3.user)
        assert refused.value.rule == "opening_for_some_hours"


@pytest.mark.parametrize("who", ["clinician1", "coordinator", "lead"])
def test_who_may_read_anyway_is_shown_the_way(cast, client, who):
    answer = ask(client, getattr(cast, who))
    assert answer.headers["Location"] == f"/cases/{cast.case.uuid}/"
    assert not Opening.objects.exists()
    assert not Message.objects.exists()
    assert AuditEntry.objects.get(verb="looked for what they may open").thing_uuid == cast.case.uuid


def test_sent_twice_it_is_one(cast, client):
    assert [ask(client, cast.clinician3).status_code for _ in range(2)] == [302, 302]
    assert Opening.objects.count() == 1
    assert Message.objects.filter(dedupe_key__endswith=":person").count() == 1


def test_nobody_opens_a_network_of_their_own(cast, client):
    cast.friend.user = cast.clinician3.user
    cast.friend.save(update_fields=["user"])
    assert "You belong to this network yourself" in ask(client, cast.clinician3).content.decode()
    assert AuditEntry.objects.filter(verb="looked in need, into their own network").exists()


def test_it_opens_the_case_and_its_notes_and_each_reading_says_so(cast, client):
    ask(client, cast.clinician3)
    case = client.get(f"/cases/{cast.case.uuid}/").content.decode()
    assert "You have opened this in need" in case
    note = client.get(f"/notes/{cast.held.uuid}/").content.decode()
    assert "I would like to use this to sleep again." in note
    assert client.get(f"/notes/{cast.held.uuid}/pdf/").status_code == 200
    readings = Reading.objects.filter(reader=cast.clinician3.user)
    assert sorted(readings.values_list("what", "in_need", "outside_team")) == [
        ("case", True, True),
        ("note", True, True),
        ("pdf", True, True),
    ]


def test_every_link_of_what_it_opens_leads_somewhere(cast, client):
    """What they may not do is not offered; what is offered opens."""
    ask(client, cast.clinician3)
    for page in (f"/cases/{cast.case.uuid}/", f"/notes/{cast.held.uuid}/"):
        text = client.get(page).content.decode()
        links = {link for link in re.findall(r'href="(/[^"#]*)', text) if not link.startswith("/static/")}
        assert {link: client.get(link).status_code for link in links if client.get(link).status_code != 200} == {
            link: 302 for link in links if link in ("/", "/accounts/2fa/") and client.get(link).status_code == 302
        }
        assert set(re.findall(r'action="([^"]*)"', text)) <= {
            "/accounts/logout/",
            f"/in-need/{Opening.objects.get().uuid}/end/",
        }


def test_nobody_writes_in_need(cast, client):
    """The rows are there to read; under the app's role not one of them changes, and none comes."""
    open_in_need(cast.network, cast.clinician3)
    assert seen(cast.clinician3, "meetings_line") == cast.held.lines.count()
    words = {"once": "7f5ad5e6-5d5f-4a39-8a0e-0f3b6d1f2a10", "kind": "added", "text": "I was here"}
    client.force_login(cast.clinician3.user)
    assert client.post(f"/notes/{cast.held.uuid}/add/", words).status_code == 404
    assert client.post(f"/cases/{cast.case.uuid}/take/").status_code == 404


@pytest.mark.parametrize("now", ["team", "owner", "cover", "coordinator", "lead"])
def test_whoever_has_come_to_work_here_reads_no_longer_in_need(cast, client, now):
    open_in_need(cast.network, cast.clinician3)
    client.force_login(cast.mother.user)
    words = {"once": "7f5ad5e6-5d5f-4a39-8a0e-0f3b6d1f2a10", "kind": "added", "text": "It was worse at night"}
    client.post(f"/notes/{cast.held.uuid}/add/", words)
    set_identity(None)
    if now == "team":
        joined = make_team(cast.network, cast.clinician3, founding=False, joined_at=timezone.now())[0]
        TeamChange.objects.create(
            network=cast.network,
            service=cast.service,
            meeting=cast.held,
            joined=joined,
            reason="So",
            by=cast.clinician1,
        )
    elif now == "owner":
        Case.objects.filter(pk=cast.case.pk).update(owner=cast.clinician3)
    elif now == "cover":
        MeetingStaff.objects.create(
            meeting=cast.booked, network=cast.network, service=cast.service, staff=cast.clinician3, cover=True
        )
    else:
        Staff.objects.filter(pk=cast.clinician3.pk).update(**{f"is_{now}": True})
    client.force_login(cast.clinician3.user)
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 200
    reading = Reading.objects.get(reader=cast.clinician3.user)
    assert (reading.in_need, reading.outside_team) == (False, now != "team")
    assert not Watch.objects.open().filter(subject="words_between").exists()


def test_what_a_member_wrote_still_waits_for_those_who_work_with_them(cast, client):
    client.force_login(cast.mother.user)
    words = {"once": "7f5ad5e6-5d5f-4a39-8a0e-0f3b6d1f2a10", "kind": "added", "text": "It was worse at night"}
    assert client.post(f"/notes/{cast.held.uuid}/add/", words).status_code == 302
    waiting = Watch.objects.open().filter(subject="words_between")
    assert waiting.count() == 1
    ask(client, cast.clinician3)
    client.get(f"/notes/{cast.held.uuid}/")
    assert waiting.count() == 1
    client.force_login(cast.clinician1.user)
    client.get(f"/notes/{cast.held.uuid}/")
    assert waiting.count() == 0


def test_it_closes_by_itself(cast, client):
    open_in_need(cast.network, cast.clinician3, hours=1, opened_at=cast.held.closed_at)
    client.force_login(cast.clinician3.user)
    assert client.get(f"/cases/{cast.case.uuid}/").status_code == 404
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 404
    assert seen(cast.clinician3, "meetings_line") == seen(cast.clinician3, "referrals_case") == 0


@pytest.mark.parametrize("who", ["clinician3", "person", "clinician1", "coordinator", "lead"])
def test_it_is_closed_on_the_next_request(cast, client, who):
    opening = open_in_need(cast.network, cast.clinician3)
    client.force_login(getattr(cast, who).user)
    assert client.post(f"/in-need/{opening.uuid}/end/").status_code == 302
    opening.refresh_from_db()
    assert opening.ended_by == getattr(cast, who).user
    client.force_login(cast.clinician3.user)
    assert client.get(f"/cases/{cast.case.uuid}/").status_code == 404
    assert seen(cast.clinician3, "meetings_line") == 0
    assert client.post(f"/in-need/{opening.uuid}/end/").status_code == 302, "said, and nothing more"


@pytest.mark.parametrize("who", ["mother", "friend", "clinician4", "former", "person2"])
def test_nobody_else_closes_it_or_hears_of_it(cast, client, who):
    opening = open_in_need(cast.network, cast.clinician3)
    assert seen(getattr(cast, who), "network_opening") == 0
    client.force_login(getattr(cast, who).user)
    assert client.post(f"/in-need/{opening.uuid}/end/").status_code == 404


def test_the_person_sees_who_why_and_until_when(cast, client):
    opening = open_in_need(cast.network, cast.clinician3, reason="She rang <b>at night</b>.")
    client.force_login(cast.clinician3.user)
    client.get(f"/cases/{cast.case.uuid}/")
    client.force_login(cast.person.user)
    mine = client.get("/my/").content.decode()
    assert "<bdi>Sari</bdi>, who is not of your team, has opened what is written about you in need" in mine
    assert "She rang &lt;b&gt;at night&lt;/b&gt;." in mine
    assert "Close it now" in mine
    assert "and opened it in need" in mine
    assert "and opened it in need" in client.get("/my/readings/").content.decode()
    for who in (cast.person, cast.clinician1):
        client.force_login(who.user)
        case = client.get(f"/cases/{cast.case.uuid}/").content.decode()
        assert "Opened in need by <bdi>Sari</bdi>" in case
        assert "She rang &lt;b&gt;at night&lt;/b&gt;." in case
    client.post(f"/in-need/{opening.uuid}/end/")
    client.force_login(cast.person.user)
    assert "It was closed" in client.get("/my/").content.decode()
    assert "Opened in need by" in client.get(f"/cases/{cast.case.uuid}/").content.decode(), "it stays on the timeline"


def test_an_opening_of_long_ago_stands_on_the_timeline_alone(cast, client):
    open_in_need(cast.network, cast.clinician3, opened_at=cast.held.closed_at)
    client.force_login(cast.person.user)
    assert "Sari" not in client.get("/my/").content.decode()
    assert "Opened in need by <bdi>Sari</bdi>" in client.get(f"/cases/{cast.case.uuid}/").content.decode()


def test_whoever_joins_the_team_works_with_it_again(cast, client):
    open_in_need(cast.network, cast.clinician3)
    cast.case.owner = cast.clinician3
    cast.case.save(update_fields=["owner"])
    client.force_login(cast.clinician3.user)
    assert "You have opened this" not in client.get(f"/cases/{cast.case.uuid}/").content.decode()
    assert client.get(f"/notes/{cast.held.uuid}/add/").status_code == 200


def test_an_older_case_of_the_network_can_be_found(cast, client):
    """A closed case, too: whoever rings a year later rings the same service."""
    assert ask(client, cast.clinician3, person=" elina ", back=cast.mother.user.email.upper()).status_code == 302


def test_whether_it_holds_is_said_by_the_clock_of_the_database(cast, client):
    open_in_need(cast.network, cast.clinician3)
    with time_machine.travel(timezone.now() + timedelta(days=1)):  # the clock of the web process is wrong
        client.force_login(cast.person.user)
        assert "Close it now" in client.get("/my/").content.decode()
        client.force_login(cast.clinician3.user)
        assert "You have opened this in need" in client.get(f"/cases/{cast.case.uuid}/").content.decode()


def test_of_the_pages_queries(cast, client):
    ask(client, cast.clinician3)
    for page in ("/in-need/", f"/cases/{cast.case.uuid}/", f"/notes/{cast.held.uuid}/"):
        client.get(page)
        with CaptureQueriesContext(connection) as found:
            assert client.get(page).status_code == 200
        asked = [
            one["sql"]
            for one in found
            if not one["sql"].startswith(("SET", "SELECT current_user", "SAVEPOINT", "RELEASE", "SELECT set_config"))
        ]
        assert len(asked) <= 8, asked


def test_the_page_lists_what_is_open(cast, client):
    client.force_login(cast.clinician3.user)
    assert "Open now" not in client.get("/in-need/").content.decode()
    open_in_need(cast.network, cast.clinician3, opened_at=cast.held.closed_at - timedelta(days=1))
    assert "Open now" not in client.get("/in-need/").content.decode()
    open_in_need(cast.network, cast.clinician3)
    assert f"/cases/{cast.case.uuid}/" in client.get("/in-need/").content.decode()
