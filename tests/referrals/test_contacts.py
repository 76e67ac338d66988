"""What happens beside the clock, refusals that are no closures (promise 3), who owns a case, and callers told later."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from network.models import AuditEntry, Message, Reading
from network.rules import Refusal
from referrals.actions import caller_told, hand_over, log_contact, take_case, take_over
from referrals.models import Case, CaseHandover, Contact
from tests.conftest import acting_as, role
from tests.factories import hours, make_case, make_cast, make_member, make_network

pytestmark = pytest.mark.django_db
DECLINED = {
    "kind": "declined", "declined_by": "Oona", "declined_what": "home", "offered": "Tonight at seven, at home",
    "next_contact": "We call tomorrow at ten",
}  # fmt: skip


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def case(cast):
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True)
    case = make_case(network, cast.coordinator, first_heard_at=timezone.now() - hours(3))
    case.network = network  # read before the role changes
    return case


@pytest.fixture
def log(cast, case, client):
    def post(staff=None, **form):
        client.force_login((staff or cast.coordinator).user)
        return client.post(reverse("log_contact", args=[case.uuid]), form)

    return post


def page(response):
    return " ".join(response.content.decode().split())


def as_app(user, action, **wanted):
    with role("od_app"), acting_as(user.pk):
        return action(**wanted, by=user)


# Beside the clock


def test_nothing_logged_here_stops_a_clock(cast, case, log):
    due = case.due_at
    for form in (
        {"kind": "called_back", "whom": "Helmi"},
        {"kind": "no_answer"},
        {"kind": "offered", "offered": "At 7"},
        DECLINED,
    ):
        assert log(**form)["Location"] == f"/cases/{case.uuid}/"
    case.refresh_from_db()
    assert case.timers.get().outcome == "running"
    assert case.due_at == due
    assert case.last_contact.kind == "declined"
    assert AuditEntry.objects.filter(verb="logged a contact").count() == 4


def test_only_the_clock_for_a_reply_stops_with_a_reply(cast, client, case, log):
    assert "Replied" not in page(client.get(reverse("log_contact", args=[case.uuid])))
    assert log(kind="replied").status_code == 200
    as_app(cast.coordinator.user, log_contact, case=case, kind="replied")
    assert case.timers.get().outcome == "running"
    network = make_network(cast.service)
    make_member(network, "Veera", is_person=True)
    asked = make_case(network, cast.coordinator, urgency="not_crisis", first_heard_at=timezone.now() - hours(5))
    response = client.post(reverse("log_contact", args=[asked.uuid]), {"kind": "replied", "whom": "Veera"})
    assert response.status_code == 302
    timer = asked.timers.get()
    assert (timer.outcome, timer.ended_at is not None) == ("replied", True)


def test_a_reply_before_the_clock_began_is_refused_aloud(cast):
    network = make_network(cast.service)
    make_member(network, "Veera", is_person=True)
    asked = make_case(network, cast.coordinator, urgency="not_crisis")
    with pytest.raises(Refusal) as refused:
        as_app(cast.coordinator.user, log_contact, case=asked, kind="replied", at=timezone.now() - hours(9))
    assert (refused.value.rule, refused.value.field) == ("reply_after_first_heard", "at")
    assert not asked.contacts.exists()


def test_a_contact_is_never_in_the_future(cast, case, log):
    assert "This cannot be in the future." in page(log(kind="called_back", at="2199-01-01T10:00"))
    slip = page(log(kind="called_back", next_contact="We call at ten", next_contact_at="2020-01-01T10:00"))
    assert "The next contact comes after this one." in slip
    assert "We call at ten" in slip
    with pytest.raises(Refusal):
        as_app(cast.coordinator.user, log_contact, case=case, kind="called_back", at=timezone.now() + hours(1))


# A refusal is not a closure


def test_a_refusal_says_what_who_and_next(cast, case, log):
    for field in ("declined_by", "declined_what", "offered", "next_contact"):
        response = log(**{**DECLINED, field: ""})
        assert response.status_code == 200
        assert "Not saved yet" in page(response)
        with pytest.raises(Refusal) as refused:
            as_app(
                cast.coordinator.user, log_contact, case=case, **{**DECLINED, field: " "[: field != "declined_what"]}
            )
        assert refused.value.rule == "refusal_says_what_who_and_next"
    assert not case.contacts.exists()
    log(**DECLINED)
    contact = case.contacts.get()
    assert (contact.declined_by, contact.declined_what, contact.next_contact) == (
        "Oona",
        "home",
        "We call tomorrow at ten",
    )
    case.refresh_from_db()
    assert (case.closed_at, case.timers.get().outcome) == (None, "running")


def test_straight_sql_cannot_refuse_in_silence_nor_in_anothers_name(cast, case):
    insert = (
        "INSERT INTO referrals_contact (uuid, service_id, network_id, case_id, kind, whom, words, declined_by, declined_what, offered,"
        " next_contact, by_staff_id, at) VALUES (gen_random_uuid(), 0, 0, %s, %s, '', '', %s, %s, %s, %s, %s, now())"
    )
    me, other = cast.coordinator.pk, cast.lead.pk
    for values in (
        [case.pk, "declined", "Oona", "home", "", "x", me],
        [case.pk, "declined", "Oona", "home", "x", " ", me],
        [case.pk, "declined", "", "home", "x", "x", me],
        [case.pk, "declined", "Oona", "", "x", "x", me],
        [case.pk, "called_back", "", "", "", "", other],
        [case.pk, "wish", "", "", "", "", me],
        [case.pk, "gossip", "", "", "", "", me],
        [cast.case2.pk, "called_back", "", "", "", "", me],
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), role("od_app"), acting_as(cast.coordinator.user.pk):
            connection.cursor().execute(insert, values)
    with role("od_app"), acting_as(cast.coordinator.user.pk):
        connection.cursor().execute(insert, [case.pk, "called_back", "", "", "", "", me])
    for sql in ("UPDATE referrals_contact SET words = 'x'", "DELETE FROM referrals_contact"):
        for name in ("od_app", "od_owner"):
            with pytest.raises(DatabaseError), transaction.atomic(), role(name), acting_as(cast.coordinator.user.pk):
                connection.cursor().execute(sql)


def test_a_closed_case_takes_no_contact(cast, case, log):
    close(cast, case)
    assert "This case is closed." in page(log(kind="called_back"))


def close(cast, case):
    from referrals.actions import close_case

    as_app(
        cast.coordinator.user, close_case, case=case, kind="without_meeting", reason="x", offers="x",
        second_staff=cast.lead, word_to_person="x", word_to_caller="x",
    )  # fmt: skip


# Whose case


def test_taking_and_handing_over(cast, case, client):
    client.force_login(cast.lead.user)
    Case.objects.filter(pk=case.pk).update(taken_at=None)
    assert client.post(reverse("take_case", args=[case.uuid]))["Location"] == f"/cases/{case.uuid}/"
    case.refresh_from_db()
    assert (case.owner, case.taken_at is not None) == (cast.lead, True)
    client.post(reverse("take_case", args=[case.uuid]))
    assert CaseHandover.objects.count() == 1
    assert not Message.objects.filter(to=cast.coordinator.user.email, kind="staff").exists()  # she had not taken it
    client.post(reverse("hand_over", args=[case.uuid]), {"after": cast.clinician3.pk})
    case.refresh_from_db()
    assert (case.owner, case.taken_at) == (cast.clinician3, None)
    told = Message.objects.get(to=cast.clinician3.user.email)
    assert (told.kind, told.network) == ("staff", case.network)
    assert case.timers.get().outcome == "running"
    assert [h.before for h in CaseHandover.objects.all()] == [cast.coordinator, cast.lead]


def test_a_clinician_who_gives_a_case_away_sees_it_no_more(cast, case, client):
    as_app(cast.coordinator.user, hand_over, case=case, to=cast.clinician3)
    client.force_login(cast.clinician3.user)
    response = client.post(reverse("hand_over", args=[case.uuid]), {"after": cast.coordinator.pk})
    assert response["Location"] == "/board/"
    assert client.get(reverse("hand_over", args=[case.uuid])).status_code == 404


def test_from_an_old_board_nobody_takes_what_was_taken(cast, case, client):
    client.force_login(cast.lead.user)
    answer = client.post(reverse("take_case", args=[case.uuid]))
    case.refresh_from_db()
    assert case.owner == cast.coordinator
    assert not CaseHandover.objects.exists()
    page = client.get(answer["Location"]).content.decode()
    assert "<bdi>Aino</bdi> has it</b>, since" in page
    assert "Take it over" in page


def seen_on(page):
    return re.search('name="seen" value="([^"]+)"', page.content.decode())[1]


def test_taking_over_is_explicit_and_told_to_whoever_had_it(cast, case, client):
    client.force_login(cast.lead.user)
    address = reverse("take_over", args=[case.uuid])
    seen = seen_on(client.get(address))
    for wrong in ("", "x", seen[:-8]):
        assert client.post(address, {"seen": wrong}).status_code == 200
    assert not CaseHandover.objects.exists()
    assert client.post(address, {"seen": seen})["Location"] == case.get_absolute_url()
    case.refresh_from_db()
    assert (case.owner, case.taken_at is not None) == (cast.lead, True)
    told = Message.objects.get(kind="staff")
    assert (told.to, told.network) == (cast.coordinator.user.email, case.network)
    assert "Taken over from <bdi>Aino</bdi>" in client.get(case.get_absolute_url()).content.decode()
    assert client.get(address)["Location"] == case.get_absolute_url()


def test_a_page_that_is_a_moment_old_takes_nothing_over(cast, case, client):
    client.force_login(cast.lead.user)
    address = reverse("take_over", args=[case.uuid])
    seen = seen_on(client.get(address))
    as_app(cast.coordinator.user, hand_over, case=case, to=cast.clinician3)
    page = client.post(address, {"seen": seen})
    assert "Somebody else has this case by now" in page.content.decode()
    assert "Nobody has taken it yet" in page.content.decode()
    case.refresh_from_db()
    assert case.owner == cast.clinician3
    client.post(address, {"seen": seen_on(page)})
    case.refresh_from_db()
    assert case.owner == cast.lead


@pytest.mark.parametrize("second", [take_case, take_over])
def test_of_two_who_take_it_at_once_the_second_is_told(cast, case, second):
    Case.objects.filter(pk=case.pk).update(taken_at=None)
    first_saw, second_saw = [Case.objects.select_related("network").get(pk=case.pk) for _ in range(2)]
    as_app(cast.coordinator.user, take_case, case=first_saw)
    with pytest.raises(Refusal) as refused:
        as_app(cast.lead.user, second, case=second_saw)
    assert refused.value.rule == "case_changed_hands"
    case.refresh_from_db()
    assert case.owner == cast.coordinator


def test_whoever_had_it_is_told_when_somebody_else_hands_it_over(cast, case):
    as_app(cast.lead.user, hand_over, case=case, to=cast.clinician1)
    told = set(Message.objects.filter(kind="staff").values_list("to", flat=True))
    assert told == {cast.coordinator.user.email, cast.clinician1.user.email}


def test_a_case_is_given_only_to_who_works_here(cast, case, client):
    client.force_login(cast.coordinator.user)
    for pk in (cast.coordinator2.pk, 0, "x", ""):
        response = client.post(reverse("hand_over", args=[case.uuid]), {"after": pk})
        assert response.status_code == 200
    with pytest.raises(Refusal) as refused:
        as_app(cast.coordinator.user, hand_over, case=case, to=cast.coordinator2)
    assert refused.value.rule == "of_the_same_network"
    cast.former.left_at = timezone.now()
    cast.former.save(update_fields=["left_at"])
    with pytest.raises(Refusal) as refused:
        as_app(cast.coordinator.user, hand_over, case=case, to=cast.former)
    assert refused.value.rule == "owner_works_here"


# Told later


@pytest.fixture
def untold(cast):
    network = make_network(cast.service)
    make_member(network, "Oona", is_person=True)
    return make_case(network, cast.coordinator, told="not_yet").referrals.get()


def test_once_told_the_words_said_then_are_kept_and_stay(cast, client, untold):
    client.force_login(cast.coordinator.user)
    address = reverse("caller_told", args=[untold.case.uuid, untold.uuid])
    assert "Does the caller know now" in page(client.get(address))
    client.post(address, {"answer": "yes", "words": "He cries at night.", "safety": "no"})
    untold.refresh_from_db()
    assert (untold.told, untold.words, untold.told_at is not None) == ("yes", "He cries at night.", True)
    untold.case.refresh_from_db()
    assert untold.case.to_be_told is False
    response = client.post(address, {"answer": "yes", "words": "Something else"})
    assert "What is written stays as it is." in page(response)
    assert "Something else" in page(response)
    untold.refresh_from_db()
    assert untold.words == "He cries at night."


def test_who_still_says_no_stays_on_the_board_without_words(cast, client, untold):
    client.force_login(cast.coordinator.user)
    address = reverse("caller_told", args=[untold.case.uuid, untold.uuid])
    client.post(address, {"answer": "refused", "words": "Secret"})
    untold.refresh_from_db()
    assert (untold.told, untold.words, untold.case.to_be_told) == ("refused", "", True)
    assert "Say what the caller answered." in page(client.post(address, {"words": "Typed"}))
    with role("od_app"), acting_as(cast.coordinator.user.pk):
        for sql in (
            "UPDATE referrals_referral SET words = 'Secret' WHERE id = %s",
            "UPDATE referrals_referral SET told = 'refused', words = 'Secret' WHERE id = %s",
            "UPDATE referrals_referral SET told = 'self' WHERE id = %s",
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                connection.cursor().execute(sql, [untold.pk])


def test_a_referral_is_found_only_under_its_own_case(cast, client, untold):
    client.force_login(cast.coordinator.user)
    other = reverse("caller_told", args=[cast.case.uuid, untold.uuid])
    assert client.get(other).status_code == client.post(other, {"answer": "refused"}).status_code == 404


# Whose pages


def test_outsiders_find_nothing(cast, client, case):
    referral = case.referrals.get()
    addresses = [reverse(name, args=[case.uuid]) for name in ("log_contact", "take_case", "hand_over")]
    addresses.append(reverse("caller_told", args=[case.uuid, referral.uuid]))
    for who in ("clinician3", "former", "coordinator2", "person", "mother"):
        client.force_login(getattr(cast, who).user)
        for address in addresses:
            assert client.post(address, {"kind": "called_back"}).status_code == 404
    assert not Contact.objects.exists()
    assert not Reading.objects.exists()


def test_the_actions_are_for_those_who_work_with_the_network(cast, case):
    referral = case.referrals.select_related("network").get()
    for who in ("clinician3", "coordinator2", "person", "mother"):
        for action, wanted in (
            (log_contact, {"case": case, "kind": "called_back"}),
            (take_case, {"case": case}),
            (hand_over, {"case": case, "to": cast.lead}),
            (caller_told, {"referral": referral}),
        ):
            with pytest.raises(PermissionDenied):
                as_app(getattr(cast, who).user, action, **wanted)


def test_the_forms_keep_what_they_cannot_take(cast, log):
    for form in (
        {"kind": "x"}, {}, {"kind": "called_back", "words": "ö" * 20_001}, {"kind": "called_back", "whom": "y" * 200},
        {"kind": "declined", "declined_what": "x"}, {"kind": "called_back", "next_contact_at": "soon"},
    ):  # fmt: skip
        response = log(**{"words": "שלום <b>", "whom": "Helmi"} | form)
        assert response.status_code == 200
        assert "Not saved yet" in page(response)
        assert form.get("words", "שלום &lt;b&gt;") in page(response)
