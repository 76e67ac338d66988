"""The note of a meeting: who reads it, what they see, and that each reading is on record."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from network.models import Reading
from tests.conftest import acting_as, role
from tests.factories import close, make_cast, make_member, say, share, start

pytestmark = pytest.mark.django_db
OVERHEAD = ("SAVEPOINT", "RELEASE", "SET ROLE", "SELECT current_user")


@pytest.fixture
def cast():
    return make_cast()


def queries(client, address):
    """How many queries a page asks; what the test's own browser asks is not the page's."""
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(address).status_code == 200
    return [one["sql"] for one in found if not one["sql"].startswith(OVERHEAD)]


def test_words_are_words_and_no_markup(cast, client):
    start(cast.booked, cast.person, cast.clinician1)
    say(cast.booked, "I said <b>no</b> & <script>alert(1)</script>", who=cast.person)
    said = "I said &lt;b&gt;no&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;"
    client.force_login(cast.clinician1.user)
    assert said in client.get(f"/meetings/{cast.booked.uuid}/record/").content.decode()
    close(cast.booked)
    for who in (cast.person, cast.mother):
        client.force_login(who.user)
        assert said in client.get(f"/notes/{cast.booked.uuid}/").content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("person", 200), ("mother", 200), ("friend", 404), ("uncle", 404), ("clinician1", 200), ("clinician3", 404), ("former", 404),
        ("coordinator", 200), ("lead", 200), ("coordinator2", 404), ("clinician4", 404), ("person2", 404),
    ],
)  # fmt: skip
def test_who_reads_it(cast, client, who, status):
    client.force_login(getattr(cast, who).user)
    for page in ("", "pdf/", "add/"):
        assert client.get(f"/notes/{cast.held.uuid}/{page}").status_code == status
    assert Reading.objects.filter(reader=getattr(cast, who).user).count() == (3 if status == 200 else 0)


def test_a_page_for_the_signed_in_only(cast, client):
    assert client.get(f"/notes/{cast.held.uuid}/").status_code == 302


def test_a_booked_meeting_has_no_note(cast, client):
    client.force_login(cast.person.user)
    assert client.get(f"/notes/{cast.booked.uuid}/").status_code == 404


def test_the_conversation(cast, client):
    client.force_login(cast.mother.user)
    page = client.get(f"/notes/{cast.held.uuid}/").content.decode()
    for said in ("I would like to use this to sleep again.", "Marja (you)", "Leena", "Decided together", "Read back: everybody agreed",
                 "Elina shares this with you", "016 555 0100"):  # fmt: skip
        assert said in page
    assert "<title>Notes</title>" in page
    assert "Who may read this" not in page


def test_the_same_number_of_queries_for_three_and_for_thirty(cast, client):
    for user in (cast.person.user, cast.mother.user, cast.clinician1.user, cast.coordinator.user):
        client.force_login(user)
        client.get(f"/notes/{cast.held.uuid}/")
        few = queries(client, f"/notes/{cast.held.uuid}/")
        assert len(few) <= 8, few
    for n in range(30):
        share(cast.held, make_member(cast.network, f"Cousin {n}"))
    for user in (cast.person.user, cast.mother.user, cast.clinician1.user, cast.coordinator.user):
        client.force_login(user)
        client.get(f"/notes/{cast.held.uuid}/")
        assert len(queries(client, f"/notes/{cast.held.uuid}/")) <= 8


def test_what_stood_first_is_shown_to_person_and_team_beside_what_took_its_place(cast, client):
    start(cast.booked, cast.person, cast.mother, cast.clinician1)
    first = say(cast.booked, "I am angry.", who=cast.person)
    second = say(cast.booked, "I am tired.", who=cast.person, replaces=first)
    say(cast.booked, "I am so tired of it.", who=cast.person, replaces=second)
    close(cast.booked)
    for who, shown in ((cast.person, True), (cast.clinician1, True), (cast.mother, False)):
        client.force_login(who.user)
        page = client.get(f"/notes/{cast.booked.uuid}/").content.decode()
        assert page.count("I am so tired of it.</p>") == 1
        assert [said in page for said in ("I am angry.", "I am tired.", "first said")] == [shown] * 3


def test_a_member_sees_no_line_by_sql_that_is_not_shared(cast):
    with role("od_app"), acting_as(cast.friend.user.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM meetings_line")
        assert cursor.fetchone() == (0,)
