"""The lead's own pages: settings with their trail, who works here, and the end of somebody's work with all that was theirs."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meetings.models import MeetingStaff
from network.actions import staff as working
from network.actions.service import change_service
from network.models import AuditEntry, Message, Service, ServiceChange, Staff, StaffChannel, User
from referrals.models import Acknowledgement, CaseHandover, OnCall, Watch
from referrals.rota import on_call
from tests.conftest import AppClient, acting_as, role
from tests.factories import hours, make_case, make_cast, make_meeting, make_member, make_network, make_staff, start

pytestmark = pytest.mark.django_db
SETTINGS = {
    "seen": 0, "name": "Tornio team", "languages": "Finnish", "time_zone": "Europe/Helsinki", "emergency_number": "112",
    "emergency_advice": "Call 112 now.", "night_number": "016 555 0199", "hours_reply": 72, "takes_public_referrals": "on",
}  # fmt: skip
NEW = {
    "name": "Kerttu",
    "email": "Kerttu@Example.org",
    "roles": ["clinician"],
    "profession": "nurse",
    "training": "none",
}


@pytest.fixture
def cast(client):
    cast = make_cast()
    client.force_login(cast.lead.user)
    return cast


def page(answer):
    return " ".join(answer.content.decode().split())


def of(staff, last=""):
    return f"/service/staff/{staff.uuid}/{last}"


def a_case(cast, name, owner, **extra):
    network = make_network(cast.service)
    make_member(network, name, is_person=True, account=False)
    return make_case(network, owner, **extra)


def a_turn(staff, role_name="clinician", begin=2, end=10):
    period = DateTimeTZRange(timezone.now() + hours(begin), timezone.now() + hours(end))
    return OnCall.objects.create(service=staff.service, role=role_name, staff=staff, period=period)


# -- The way there, and who goes it


def test_the_lead_finds_the_way(cast, client):
    assert 'href="/service/"' in page(client.get("/board/"))
    shown = page(client.get("/service/"))
    for link in (
        "/service/settings/",
        "/service/staff/",
        "/service/changes/",
        "/escalation/",
        "/on-call/",
        "/service/readings/",
    ):
        assert f'href="{link}"' in shown
    client.force_login(cast.coordinator.user)
    assert 'href="/service/"' not in page(client.get("/board/"))


def test_a_lead_elsewhere_finds_nothing_of_ours(cast, client):
    client.force_login(make_staff(cast.elsewhere, "Heidi", "lead").user)
    assert client.get(of(cast.clinician1)).status_code == client.post(of(cast.clinician1, "end/")).status_code == 404
    assert "Leena" not in page(client.get("/service/staff/")) + page(client.get("/service/changes/"))


@pytest.mark.parametrize("browser", [AppClient, Client], ids=["as the service", "without row security"])
def test_pages_are_a_leads_and_of_their_service(cast, browser):
    """Two locks: what the database would hide is not found by the page itself either."""
    client = browser()
    client.force_login(cast.lead.user)
    for last in ("", "end/"):
        assert client.get(of(cast.clinician4, last)).status_code == 404
        assert client.post(of(cast.clinician4, last)).status_code == 404
    client.force_login(cast.coordinator.user)
    for path in ("/service/", "/service/settings/", "/service/staff/", "/service/changes/", of(cast.clinician1)):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("who", ["coordinator", "clinician1", "coordinator2", "person"])
def test_actions_are_the_leads(cast, who):
    user = getattr(cast, who).user
    given = {name: value for name, value in SETTINGS.items() if name != "takes_public_referrals"}
    with role("od_app"), acting_as(user.pk):
        with pytest.raises(PermissionDenied):
            change_service(service=cast.service, **given, takes_public_referrals=False, by=user)
        with pytest.raises(PermissionDenied):
            working.add_staff(service=cast.service, **NEW, by=user)
        with pytest.raises(PermissionDenied):
            working.end_staff(staff=cast.clinician3, by=user)
        with pytest.raises(PermissionDenied):  # a command has no user; under the role of the pages nothing is a command
            working.end_staff(staff=cast.clinician3, by=None)
    assert not Staff.objects.filter(name="Kerttu").exists()


# -- What people read


def test_a_setting_is_changed_and_stays_on_the_trail(cast, client):
    assert 'value="016 555 0100"' in page(client.get("/service/settings/"))
    assert client.post("/service/settings/", SETTINGS).headers["Location"] == "/service/"
    assert Service.objects.get(pk=cast.service.pk).night_number == "016 555 0199"
    rows = {change.what: change for change in ServiceChange.objects.filter(service=cast.service, staff=None)}
    assert set(rows) == {"night_number", "languages"}, "only what changed"
    night = rows["night_number"]
    assert (night.before, night.after, night.by) == ("016 555 0100", "016 555 0199", cast.lead)
    assert 'Telephone at night</b>: from “<span dir="auto">016 555 0100</span>” to' in page(
        client.get("/service/changes/")
    )
    assert "<bdi>Leo</bdi>" in page(client.get("/service/changes/"))
    assert AuditEntry.objects.filter(verb="changed the service", user=cast.lead.user).exists()
    client.force_login(cast.person.user)
    assert "016 555 0199" in page(client.get("/my/")), "people read it at once"


@pytest.mark.parametrize(
    "who", ["lead", "coordinator", "clinician1", "clinician3", "coordinator2", "person", "mother", "friend", "uncle"]
)
def test_sql_the_trail_is_the_leads(cast, client, who):
    client.post("/service/settings/", SETTINGS)
    with role("od_app"), acting_as(getattr(cast, who).user.pk):
        assert ServiceChange.objects.exists() == (who == "lead")


def test_two_leads_hear_of_each_other(cast, client):
    client.post("/service/settings/", SETTINGS)
    answer = client.post("/service/settings/", SETTINGS | {"night_number": "1"})
    assert "A colleague changed this meanwhile" in page(answer)
    assert Service.objects.get(pk=cast.service.pk).night_number == "016 555 0199"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "Write the name of the service."),
        ({"night_number": "soon"}, "This is no number that can be called."),
        ({"emergency_number": ""}, "Write the number for emergencies."),
        ({"emergency_advice": " "}, "Say what to do in an emergency."),
        ({"time_zone": "Europe/Tornio"}, "Choose one of the time zones offered."),
        ({"hours_reply": "337"}, "Write a whole number from 1 to 336"),
        ({"hours_reply": "0"}, "Write a whole number from 1 to 336"),
        ({"name": "T" * 121}, "120 is the most"),
    ],
)
def test_what_cannot_be_is_said(cast, client, wrong, said):
    answer = page(client.post("/service/settings/", SETTINGS | wrong))
    assert said in answer
    assert "Not saved yet" in answer
    assert not ServiceChange.objects.filter(staff=None).exists()


def test_a_time_zone_that_is_chosen_shows_times_in_it(cast, client):
    client.post("/service/settings/", SETTINGS | {"time_zone": "America/New_York"})
    assert "America/New_York" in page(client.get("/service/"))
    assert client.get("/board/").status_code == 200


def test_the_public_page_closes_and_opens(cast, client):
    given = {name: value for name, value in SETTINGS.items() if name != "takes_public_referrals"}
    client.post("/service/settings/", given)
    assert client.get("/refer/tornio/").status_code == 404
    assert 'from “<span dir="auto">yes</span>” to “<span dir="auto">no</span>”' in page(client.get("/service/changes/"))


def test_a_command_stands_on_the_trail_too(cast, client):
    Service.objects.filter(pk=cast.service.pk).update(hours_urgent=12)
    assert "Whoever runs the installation" in page(client.get("/service/changes/"))


def test_duty_makes_no_row(cast):
    Service.objects.filter(pk=cast.service.pk).update(on_duty=cast.lead)
    assert not ServiceChange.objects.filter(staff=None).exists()


# -- Who works here


def test_somebody_is_added_and_invited_in_neutral_words(cast, client):
    answer = client.post("/service/staff/new/", NEW)
    kerttu = Staff.objects.get(name="Kerttu")
    assert answer.headers["Location"] == of(kerttu)
    assert (kerttu.user.email, kerttu.roles, kerttu.profession) == ("kerttu@example.org", ["clinician"], "nurse")
    assert not kerttu.user.has_usable_password()
    mail = Message.objects.get(staff=kerttu)
    assert (mail.kind, mail.to, mail.network) == ("staff", "kerttu@example.org", None)
    assert AuditEntry.objects.filter(verb="began to work here", thing_uuid=kerttu.uuid, user=cast.lead.user).exists()
    assert "<b><bdi>Kerttu</bdi></b> began to work here." in page(client.get("/service/changes/"))
    shown = page(client.get(of(kerttu)))
    assert "Has not signed in yet" in shown
    client.post(of(kerttu, "invite/"))
    assert Message.objects.filter(staff=kerttu).count() == 1, "once a minute"


@pytest.mark.parametrize("where", ["mother", "clinician4"])
def test_an_address_that_is_taken_is_refused_and_the_asking_is_on_record(cast, client, where):
    """Not a word on whose it is: member or colleague, here or elsewhere."""
    said = page(client.post("/service/staff/new/", NEW | {"email": getattr(cast, where).user.email.upper()}))
    assert "This address is in use already." in said
    assert not Staff.objects.filter(name="Kerttu").exists()
    assert AuditEntry.objects.filter(verb="asked for an address that is taken", user=cast.lead.user).exists()
    assert "An address was tried" in page(client.get("/service/changes/"))


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"email": "nobody"}, {"roles": []}, {"roles": ["queen"]}, {"profession": "shaman"}]
)
def test_what_is_wrong_is_said_and_nobody_added(cast, client, wrong):
    assert "Not saved yet" in page(client.post("/service/staff/new/", NEW | wrong))
    assert not Staff.objects.filter(user__email="kerttu@example.org").exists()


def test_the_list_says_who_can_get_in_and_be_woken(cast, client):
    Authenticator.objects.create(user=cast.clinician1.user, type="webauthn", data={})
    StaffChannel.objects.create(staff=cast.clinician1, service=cast.service, kind="sms", address="+358405550134")
    User.objects.filter(pk=cast.clinician1.user_id).update(last_login=timezone.now())
    Staff.objects.filter(pk=cast.former.pk).update(left_at=timezone.now())
    shown = page(client.get("/service/staff/"))
    leena = shown[shown.index("Leena") :][:900]
    assert "Passkey" in leena
    assert "Woken by text message" in leena
    assert "Has not signed in yet" not in leena.partition("</li>")[0]
    assert "+358" not in shown, "numbers are their owner's"
    assert "Olli" in shown[shown.index("Worked here") :]
    not_ready = page(client.get("/service/")).partition("Something is still to be set up by")[2].partition("</p>")[0]
    assert "Sari" in not_ready
    assert "Leena" not in not_ready


def test_the_list_takes_the_same_queries_for_many(cast, client):
    client.get("/service/staff/")
    with CaptureQueriesContext(connection) as few:
        client.get("/service/staff/")
    for n in range(12):
        make_staff(cast.service, f"Somebody {n}", "clinician")
    with CaptureQueriesContext(connection) as many:
        client.get("/service/staff/")
    assert len(many) == len(few)


def test_what_somebody_does_is_changed(cast, client):
    said = {"name": "Sari K.", "roles": ["clinician", "coordinator"], "profession": "psychologist", "training": "full"}
    client.post(of(cast.clinician3), said)
    sari = Staff.objects.get(pk=cast.clinician3.pk)
    assert (sari.name, sari.roles, sari.profession) == ("Sari K.", ["coordinator", "clinician"], "psychologist")
    shown = page(client.get("/service/changes/"))
    assert "is a coordinator now." in shown
    assert 'from “<span dir="auto">other</span>” to “<span dir="auto">psychologist</span>”' in shown
    assert AuditEntry.objects.filter(verb="changed what somebody does here", thing_uuid=sari.uuid).exists()


def test_a_role_that_is_needed_stays(cast, client):
    said = {"name": "Aino", "roles": ["clinician"], "profession": "other", "training": "none"}
    assert "Hand that over first." in page(client.post(of(cast.coordinator), said))
    assert Staff.objects.get(pk=cast.coordinator.pk).is_coordinator


def test_the_last_lead_stays(cast, client):
    said = {"name": "Leo", "roles": ["coordinator"], "profession": "other", "training": "none"}
    assert "Another lead can." in page(client.post(of(cast.lead), said))
    assert "Another lead can." in page(client.get(of(cast.lead)))
    assert "Another lead can." in page(client.post(of(cast.lead, "end/")))
    lotta = make_staff(cast.service, "Lotta", "lead")
    client.force_login(lotta.user)
    assert client.post(of(cast.lead, "end/")).status_code == 302
    assert "Another lead can." in page(client.post(of(lotta, "end/")))
    assert Staff.objects.active().filter(service=cast.service, is_lead=True).get() == lotta


# -- Somebody leaves


def test_nothing_that_is_theirs_is_left_without_anybody(cast, client):
    aino = cast.coordinator
    waiting = a_case(cast, "Waiting", aino, taken=False)
    answer = client.post(of(aino, "end/"), {})
    assert "Choose who." in page(answer)
    shown = page(client.get(of(aino, "end/")))
    assert "2 cases they look after" in shown
    assert "They are on duty" in shown
    assert "<bdi>Elina</bdi>" in shown
    a_turn(aino, "coordinator")
    client.post(
        of(aino, "end/"),
        {"cases_to": cast.clinician3.pk, "duty_to": cast.lead.pk, "coordinator_turns_to": cast.lead.pk},
    )
    for case in (cast.case, waiting):
        case.refresh_from_db()
    assert Staff.objects.get(pk=aino.pk).left_at
    assert cast.case.owner == cast.clinician3
    assert cast.case.taken_at is None, "it counts as taken when they take it"
    assert waiting.owner == cast.lead, "what nobody had taken goes with the duty"
    assert Service.objects.get(pk=cast.service.pk).on_duty == cast.lead
    assert OnCall.objects.standing().get(role="coordinator").staff == cast.lead
    assert CaseHandover.objects.filter(case=cast.case, by=cast.lead).exists()
    assert not Message.objects.filter(to=aino.user.email, cancelled_at=None).exists(), (
        "whoever left is told nothing more"
    )
    assert Message.objects.filter(to=cast.clinician3.user.email, cancelled_at=None).exists()


def test_turns_that_nobody_takes_are_holes_that_the_rota_warns_of(cast, client):
    turn = a_turn(cast.clinician3, begin=-1)
    a_turn(cast.clinician3, begin=20, end=30)
    client.post(of(cast.clinician3, "end/"), {"clinician_turns_to": ""})
    assert Staff.objects.get(pk=cast.clinician3.pk).left_at
    left = OnCall.objects.standing().filter(staff=cast.clinician3).get()
    assert (left.replaces, left.period.lower) == (turn, turn.period.lower), "what is over was as it was"
    assert cast.clinician3 not in on_call(cast.service, "clinician_on_call")


def test_what_they_said_i_have_it_of_is_asked_anew(cast, client):
    case = a_case(cast, "Ville", cast.coordinator)
    watch = case.watches.open().get()
    before = watch.round
    Acknowledgement.objects.create(watch=watch, network=case.network, service=cast.service, staff=cast.clinician3)
    assert Watch.objects.get(pk=watch.pk).held_by == cast.clinician3
    client.post(of(cast.clinician3, "end/"))
    watch.refresh_from_db()
    assert (watch.held_by, watch.round) == (None, before + 1)
    assert watch.next_at <= timezone.now() + timedelta(seconds=5)


def test_a_meeting_to_which_nobody_else_comes_needs_somebody(cast, client):
    alone = make_meeting(cast.case, cast.clinician3, starts_at=timezone.now() + hours(30))
    shared = make_meeting(cast.case, cast.clinician3, cast.clinician1, starts_at=timezone.now() + hours(50))
    shown = page(client.get(of(cast.clinician3, "end/")))
    assert "nobody else comes" in shown
    assert "Choose who." in page(client.post(of(cast.clinician3, "end/")))
    make_meeting(cast.case2, cast.clinician4, starts_at=timezone.now() + hours(30))
    assert "Choose somebody who works here." in page(
        client.post(of(cast.clinician3, "end/"), {"meetings_to": cast.clinician4.pk})
    )
    client.post(of(cast.clinician3, "end/"), {"meetings_to": cast.clinician2.pk})
    comes = {one.meeting_id: one.staff for one in MeetingStaff.objects.filter(active=True, meeting__in=[alone, shared])}
    assert comes == {alone.pk: cast.clinician2, shared.pk: cast.clinician1}


def test_who_is_elsewhere_at_that_time_cannot_come(cast, client):
    at = timezone.now() + hours(30)
    make_meeting(cast.case, cast.clinician3, starts_at=at)
    make_meeting(cast.case, cast.clinician2, starts_at=at)
    answer = page(client.post(of(cast.clinician3, "end/"), {"meetings_to": cast.clinician2.pk}))
    assert "They have another meeting at one of these times." in answer
    assert Staff.objects.get(pk=cast.clinician3.pk).left_at is None


def test_all_or_nothing(cast, client):
    """A case comes to them while the page is open: the whole act is refused, and nothing of it stays."""
    turn = a_turn(cast.clinician3)
    form = client.get(of(cast.clinician3, "end/"))
    assert "case they look after" not in page(form)
    a_case(cast, "Just now", cast.clinician3)
    answer = client.post(of(cast.clinician3, "end/"), {"clinician_turns_to": cast.clinician1.pk})
    assert "Choose who." in page(answer)
    turn.refresh_from_db()
    assert turn.replaced_at is None


def test_teams_wait_for_the_network(cast, client):
    shown = page(client.get(of(cast.clinician1, "end/")))
    assert "1 team they are of" in shown
    client.post(of(cast.clinician1, "end/"))
    assert cast.network.team.current().filter(staff=cast.clinician1).exists()
    shown = page(client.get(of(cast.clinician1)))
    assert "Still of a team" in shown
    assert f"/cases/{cast.case.uuid}/team/" in shown


def test_out_on_the_next_request(cast, client):
    """With a case and a record open: neither opens again, and nothing is taken from there."""
    with acting_as(None):
        start(cast.booked, cast.person, cast.clinician1, cast.clinician2)
    leena = AppClient()
    leena.force_login(cast.clinician1.user)
    open_pages = [
        "/board/",
        f"/cases/{cast.case.uuid}/",
        f"/meetings/{cast.booked.uuid}/record/",
        f"/notes/{cast.held.uuid}/",
    ]
    assert [leena.get(path).status_code for path in open_pages] == [200] * 4
    client.post(of(cast.clinician1, "end/"))
    assert [leena.get(path).status_code for path in open_pages] == [404] * 4
    lines = cast.booked.lines.count()
    sent = leena.post(f"/meetings/{cast.booked.uuid}/record/lines/", {"text": "One more word.", "kind": "reflection"})
    assert (sent.status_code, cast.booked.lines.count()) == (404, lines)
    assert leena.get("/").status_code in (200, 302), "the account itself is not an error"


def test_somebody_comes_back(cast, client):
    client.post(of(cast.clinician3, "end/"))
    sari = AppClient()
    sari.force_login(cast.clinician3.user)
    assert sari.get("/board/").status_code == 404
    assert client.post(of(cast.clinician3)).status_code == 404, "what they do is not changed meanwhile"
    assert client.get(of(cast.clinician3, "end/")).status_code == 302
    client.post(of(cast.clinician3, "again/"))
    assert sari.get("/board/").status_code == 200
    shown = page(client.get("/service/changes/"))
    assert shown.index("works here again.") < shown.index("works here no more.")
    client.post(of(cast.clinician3, "again/"))
    assert AuditEntry.objects.filter(verb="came back to work here").count() == 1


def test_a_call_of_that_second_goes_to_somebody_who_is_there(cast):
    """As if the public page had read who is on duty just before they left."""
    gone = make_staff(cast.service, "Ilmari", "coordinator", left_at=timezone.now())
    network = make_network(cast.service)
    make_member(network, "Ville", is_person=True, account=False)
    case = make_case(network, gone, taken=False)
    assert case.owner_id == cast.coordinator.pk


def test_names_are_escaped(cast, client):
    Staff.objects.filter(pk=cast.clinician3.pk).update(name="<b>Sari</b>")
    for path in ("/service/", "/service/staff/", "/service/changes/", of(cast.clinician3), of(cast.clinician3, "end/")):
        assert "<b>Sari</b>" not in page(client.get(path))


def test_the_trail_goes_on_page_by_page(cast, client):
    for n in range(60):
        Service.objects.filter(pk=cast.service.pk).update(night_number=f"016 555 {n:04}")
    first = page(client.get("/service/changes/"))
    assert "016 555 0059" in first
    assert 'rel="next"' in first
    assert "016 555 0002" in page(client.get("/service/changes/?page=2"))
