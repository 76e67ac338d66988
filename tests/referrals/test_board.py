"""The board: open cases by time left, whose they are, what is missing next, and when it was last told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from meetings.models import DecidedWithout
from network.models import Heartbeat, Reading, StaffChannel, User
from referrals.board import read_board
from referrals.models import Acknowledgement, Case, Contact, OnCall, Watch
from referrals.sweeping import sweep
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def board(client):
    """`board(staff, show="mine")`: the text of the page, white space made one."""

    def read(staff, **query):
        client.force_login(staff.user)
        response = client.get(reverse("board"), query)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return read


def another(cast, name, **extra):
    network = make_network(cast.service)
    make_member(network, name, is_person=True, account=False)
    return make_case(network, extra.pop("owner", cast.coordinator), **extra)


def test_the_least_time_left_stands_on_top(cast, board):
    another(cast, "Later", first_heard_at=timezone.now() - hours(2))
    another(cast, "Sooner", first_heard_at=timezone.now() - hours(20))
    another(cast, "Overdue", first_heard_at=timezone.now() - hours(30))
    page = board(cast.coordinator)
    order = [page.index(f"<bdi>{name}</bdi></a>") for name in ("Overdue", "Sooner", "Later", "Elina")]
    assert order == sorted(order)
    assert "3 clocks are running" in page


def test_coordinator_and_lead_see_the_service_and_nobody_another(cast, board):
    for staff in (cast.coordinator, cast.lead):
        page = board(staff)
        assert "Elina" in page
        assert "Oskari" not in page
    assert "Oskari" in board(cast.coordinator2)


def test_clinicians_see_their_teams_and_their_own(cast, board):
    another(cast, "Owned", owner=cast.clinician3)
    assert "Elina" in board(cast.clinician1)
    assert "Owned" not in board(cast.clinician1)
    page = board(cast.clinician3)
    assert "Owned" in page
    assert "Elina" not in page
    assert "Elina" not in board(cast.former)


def test_who_left_the_team_finds_nothing_by_straight_sql(cast):
    with role("od_app"), acting_as(cast.former.user.pk):
        assert Case.objects.count() == 0


def test_members_find_no_board(cast, client):
    for who in ["person", "mother", "friend"]:
        client.force_login(getattr(cast, who).user)
        assert client.get("/board/").status_code == 404
        assert client.get("/board/rows/").status_code == 404


def test_filters_count_and_narrow(cast, board):
    another(cast, "Waiting", taken=False)
    another(cast, "Late", owner=cast.lead, first_heard_at=timezone.now() - hours(30))
    page = board(cast.coordinator)
    for label, count in (("All", 3), ("Mine", 2), ("Taken by nobody yet", 1), ("Overdue", 1)):
        assert f"{label} <span>{count}</span>" in page
    nobody = board(cast.coordinator, show="nobody")
    assert "Waiting" in nobody
    assert "<bdi>Late</bdi>" not in nobody
    assert "On duty: <bdi>Aino</bdi>" in nobody
    assert "Take it" in nobody
    overdue = board(cast.coordinator, show="overdue")
    assert "<bdi>Late</bdi>" in overdue
    assert "Waiting" not in overdue
    assert "<bdi>Late</bdi>" in board(cast.lead, show="mine")


def test_parameters_outside_the_list_are_met_calmly(cast, client):
    for query in [
        {"show": "x' OR 1=1"},
        {"show": ""},
        {"page": "0"},
        {"page": "-1"},
        {"page": "9999"},
        {"page": "abc"},
        {"page": "1e9"},
        {"page": "\x00"},
        {"sort": "owner__user__password"},
        {"show": ["mine", "all"]},
        {"page": "9" * 400},
        {"page": "٣"},
    ]:
        client.force_login(cast.coordinator.user)
        for address in ("/board/", "/board/rows/"):
            response = client.get(address, query)
            assert response.status_code == 200
            assert "Who is waiting" in response.content.decode() or address != "/board/"


def test_what_is_missing_next(cast, board):
    case = another(cast, "New", told="not_yet")
    assert all(text in board(cast.coordinator) for text in ("No team yet", "No meeting yet", "Still to be told"))
    make_team(case.network, cast.clinician1, cast.clinician3)
    page = board(cast.coordinator)
    assert "No team yet" not in page
    meeting = make_meeting(case, cast.clinician3, invited=[case.network.person])
    page = board(cast.coordinator)
    assert "No meeting yet" not in page
    assert "1 has not answered" in page
    meeting.status, meeting.cancelled_at, meeting.cancelled_reason = "cancelled", timezone.now(), "Snow"
    meeting.save(update_fields=["status", "cancelled_at", "cancelled_reason"])
    assert "Meeting cancelled: no new time" in board(cast.coordinator)


def test_open_exceptions_and_wishes_stand_on_the_board(cast, board):
    DecidedWithout.objects.create(
        case=cast.case, network=cast.network, service=cast.service, text="Taken to hospital", decided_by="Dr. Salo",
        decided_at=timezone.now(), why="Danger to life", brought_by=cast.clinician1, recorded_by=cast.clinician1,
    )  # fmt: skip
    Contact.objects.create(
        case=cast.case,
        network=cast.network,
        service=cast.service,
        kind="wish",
        words="Soon, please",
        by_member=cast.person,
    )
    page = board(cast.coordinator)
    assert "Decided without the person: 1 open" in page
    assert "Asked for a meeting" in page
    assert "Taken to hospital" not in page


def test_a_meeting_after_the_clock_ends_is_said(cast, board):
    case = another(cast, "Slow", first_heard_at=timezone.now() - hours(23))
    make_meeting(case, cast.clinician3, starts_at=timezone.now() + hours(5))
    assert "after the clock ends" in board(cast.coordinator)


def test_an_emergency_hides_the_countdown(cast, board):
    another(cast, "Danger", urgency="emergency")
    page = board(cast.coordinator, show="mine")
    row = page[page.index("clock--emergency") : page.index("<bdi>Danger")]
    assert "data-due" not in row
    assert "Emergency: emergency services first" in row
    assert "Call 112 now." in page


def test_met_cases_say_in_how_many_hours(cast, board):
    assert "met in" in board(cast.coordinator)
    assert "Met in 17 h." in board(cast.coordinator)


def test_words_are_shown_as_the_callers_and_last_contact_beside(cast, board):
    Contact.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="called_back", whom="Marja", by_staff=cast.lead
    )
    page = board(cast.coordinator)
    assert 'class="voice voice--small" dir="auto">“She is so afraid of the night”' in page
    assert "called Marja" in page


def test_markup_in_names_and_words_comes_out_as_text(cast, board):
    another(cast, "<script>alert(1)</script>", words="<img src=x onerror=alert(1)>")
    page = board(cast.coordinator)
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_the_empty_board_says_what_to_do(cast, board):
    for show, text in (
        ("overdue", "No clock has run out"),
        ("nobody", "Everything is taken"),
        ("mine", "Nothing of yours"),
    ):
        assert text in board(cast.clinician3, show=show)
    assert "Nobody is waiting" in board(cast.clinician3)


def beats(**ago):
    for name in ("sweep", "sender", "beat"):
        at = timezone.now() - timedelta(seconds=ago.get(name, 0))
        Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def test_what_is_wrong_with_the_clock_stands_here_and_goes_again(cast, board, client):
    assert "The scheduler has stopped." in board(cast.coordinator)
    beats()
    assert "Messages may be late" not in board(cast.coordinator)
    beats(sender=31)
    for page in (board(cast.clinician1), client.get("/clock/").content.decode()):
        assert "No message goes out: the sender has stopped." in page
        assert "tell whoever looks after this system" in page
        assert "the sweep has stopped" not in page
    beats()
    assert client.get("/clock/").content.strip() == b""


def test_it_stands_on_every_page_of_the_staff_and_on_no_other(cast, client):
    case, held, booked = cast.case.uuid, cast.held.uuid, cast.booked.uuid
    pages = [
        "/meetings/", "/duty/", "/on-call/", "/escalation/", "/channels/", "/referrals/new/", "/accounts/2fa/", "/nowhere/",
        f"/cases/{case}/", f"/cases/{case}/trail/", f"/cases/{case}/close/", f"/meetings/{booked}/", f"/meetings/{booked}/record/",
        f"/notes/{held}/",
    ]  # fmt: skip
    beats(sweep=31)
    client.force_login(cast.clinician1.user)
    for address in pages:
        assert 'id="clock-trouble"' in client.get(address).content.decode(), address
    beats()
    for address in pages:
        assert 'id="clock-trouble"' not in client.get(address).content.decode(), address
    beats(sweep=31)
    for who in (cast.person, cast.mother):
        client.force_login(who.user)
        for address in ("/my/", f"/meetings/{booked}/", f"/notes/{held}/", "/nowhere/"):
            assert "clock-" not in client.get(address).content.decode(), (who.name, address)
        assert client.get("/clock/").status_code == 404
    client.logout()
    assert "clock-" not in client.get("/refer/").content.decode()


def test_what_is_wrong_elsewhere_is_not_told_here(cast, board):
    beats()
    step = cast.case2.watches.get().steps.planned().first()
    type(step).objects.filter(pk=step.pk).update(due_at=timezone.now() - hours(1))
    assert "Somebody should have been told" in board(cast.coordinator2)
    assert "Somebody should have been told" not in board(cast.coordinator)


def test_hours_in_which_the_rota_reaches_nobody(cast, board):
    assert "Coordinator on duty: by e-mail only, which wakes nobody." in board(cast.coordinator)
    for staff in (cast.coordinator, cast.lead, cast.clinician1, cast.clinician2, cast.clinician3, cast.former):
        StaffChannel.objects.create(staff=staff, service=cast.service, kind="sms", address="+358405550134")
    assert "In the next seven days" not in board(cast.coordinator)
    User.objects.filter(staff_row__service=cast.service).update(is_active=False)
    with acting_as(None):  # nobody is left who could sign in
        seen = read_board(cast.coordinator.user, show="all", page="1", now=timezone.now())
    assert [(gap.duty, gap.nobody, len(gap.spans)) for gap in seen.gaps] == [
        ("clinician on call", True, 1), ("coordinator on duty", True, 1),
    ]  # fmt: skip


def test_each_span_of_the_rota_that_wakes_nobody(cast, board):
    now = timezone.now()
    for n in range(5):
        period = DateTimeTZRange(now + hours(24 * n + 1), now + hours(24 * n + 2))
        OnCall.objects.create(service=cast.service, role="clinician", staff=cast.clinician1, period=period)
    StaffChannel.objects.create(staff=cast.coordinator, service=cast.service, kind="sms", address="+358405550134")
    seen = board(cast.coordinator)
    assert seen.count("Clinician on call: by e-mail only, which wakes nobody.") == 1
    assert "and 2 times more" in seen
    assert "Coordinator on duty" not in seen


def asked(cast, name, **extra):
    """A case of whose clock somebody was told."""
    case = another(cast, name, first_heard_at=timezone.now() - hours(13), **extra)
    with role("od_clock"):
        sweep()
    return case


def test_before_anybody_was_told_it_says_when_the_next_word_goes_out(cast, board):
    case = another(cast, "Waits")
    page = board(cast.coordinator)
    assert "Next word goes out" in page
    assert "I have it" not in page
    assert reverse("waiting", args=[case.watches.get().uuid]) not in page


def test_who_has_it_since_when_and_when_the_next_word_goes_out(cast, board):
    case = asked(cast, "Waits")
    page = board(cast.coordinator)
    assert "Nobody has said “I have it” · next word goes out" in page
    watch = case.watches.get()
    Acknowledgement.objects.create(watch=watch, service=cast.service, network=case.network, staff=cast.lead)
    page = board(cast.coordinator)
    assert "<bdi>Leo</bdi> has it since" in page
    assert "next word goes out" not in page.lower()


def test_what_nobody_has_comes_first_and_says_what_it_is_about(cast, board):
    Contact.objects.create(
        case=cast.case, network=cast.network, service=cast.service, kind="wish", words="Soon", by_member=cast.person
    )
    assert "For the wish to meet: next word goes out" in board(cast.coordinator)
    Watch.objects.filter(subject="wish").update(check_since=timezone.now())  # somebody was told
    assert "For the wish to meet: nobody has said" in board(cast.coordinator)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("040 555 0134 after six", '<a href="tel:0405550134"><bdi>040 555 0134 after six</bdi></a>'),
        ("<b>marja@example.org", "<bdi>&lt;b&gt;marja@example.org</bdi>"),
    ],
)
def test_how_to_call_back_while_the_clock_runs(cast, board, given, shown):
    case = another(cast, "Waits", call_back=given)
    assert f"call back: {shown}" in board(cast.coordinator)
    case.timers.update(outcome="met", met_at=timezone.now(), known_at=timezone.now(), ended_at=timezone.now())
    assert "call back:" not in board(cast.coordinator)
    assert "call back:" not in board(cast.clinician3)


def test_polls_are_no_readings_and_say_how_fresh_they_are(cast, client):
    client.force_login(cast.coordinator.user)
    page = client.get("/board/rows/").content.decode()
    assert "up to date at" in page
    assert "<html" not in page
    assert client.get("/board/").status_code == 200
    assert not Reading.objects.exists()


@pytest.mark.parametrize("who", ["coordinator", "clinician3"])
def test_fifty_rows_cost_what_one_costs(cast, client, who):
    client.force_login(getattr(cast, who).user)
    if who == "clinician3":
        another(cast, "First", owner=cast.clinician3)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get("/board/").status_code == 200
        return [
            q["sql"]
            for q in seen
            if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "SET ROLE", "SELECT current_user"))
        ]

    one = queries()
    for number in range(60):
        another(cast, f"Person {number}", words="Help", owner=getattr(cast, who))
    many = queries()
    assert len(one) == len(many) <= 8, "\n".join(many)
    page = client.get("/board/").content.decode()
    assert page.count('class="case"') == 50
    assert "Page 1 of 2" in page
    assert client.get("/board/?page=2").content.decode().count('class="case"') == 11


def test_one_tap_says_i_have_it(cast, board, client):
    case = asked(cast, "Waits")
    address = reverse("waiting", args=[case.watches.get().uuid])
    assert f'action="{address}"' in board(cast.coordinator)
    client.post(address)
    page = board(cast.coordinator)
    assert "<bdi>Aino</bdi> has it since" in page
    assert f'action="{address}"' not in page


def test_what_nobody_has_taken_is_taken_with_one_button(cast, board):
    case = asked(cast, "Waits", taken=False)
    page = board(cast.coordinator)
    assert reverse("take_case", args=[case.uuid]) in page
    assert reverse("waiting", args=[case.watches.get().uuid]) not in page


def test_whoever_takes_it_has_it(cast, board, client):
    """One button, and one thing said: no second tap to say that one has what one has just taken."""
    case = asked(cast, "Waits", taken=False)
    assert "Nobody has said “I have it”" in board(cast.lead)
    client.post(reverse("take_case", args=[case.uuid]))
    page = board(cast.lead)
    assert "<bdi>Leo</bdi> has it since" in page
    assert "Nobody has said" not in page
    assert "I have it" not in client.get(f"/cases/{case.uuid}/").content.decode()
