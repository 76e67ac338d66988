"""The public page: plain words, where to turn instead, no difference whoever is known, and a limit that tells whom to call."""

import re
from uuid import uuid4

import pytest
from django.test import override_settings
from django.urls import reverse

from network.models import Message, Service
from referrals.models import Case, DoorKnock, Referral
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
MINE = {
    "who": "self",
    "pathway": "crisis",
    "person_name": "Oona",
    "call_back": "050 111 2222",
    "words": "I cannot sleep.",
}
HERS = MINE | {
    "who": "near",
    "told": "yes",
    "caller_name": "Helmi",
    "caller_relation": "her sister",
    "words": "She cries.",
}


@pytest.fixture
def cast():
    cast = make_cast()
    Service.objects.filter(pk=cast.elsewhere.pk).update(takes_public_referrals=False)
    return cast


@pytest.fixture
def refer(client, cast):
    def post(form=MINE, service="tornio", **more):
        extra = {key: more.pop(key) for key in list(more) if key.isupper()}
        return client.post(reverse("refer", args=[service]), {"uuid": str(uuid4())} | form | more, **extra)

    return post


def page(response):
    return " ".join(response.content.decode().split())


def test_the_emergency_stands_on_top_in_plain_words(cast, client):
    assert client.get("/refer/")["Location"] == "/refer/tornio/"
    seen = page(client.get("/refer/tornio/"))
    assert seen.index("Call 112 now.") < seen.index("<form method")
    assert "016 555 0100" in seen
    assert "The one on duty is told at once and reads it" in seen
    for word in ("patient", "Elina", "symptom"):
        assert word not in seen


def test_a_choice_of_services_only_where_there_are_several(cast, client):
    Service.objects.update(takes_public_referrals=True)
    seen = page(client.get("/refer/"))
    assert "/refer/other/" in seen
    assert "/refer/tornio/" in seen
    Service.objects.update(takes_public_referrals=False)
    assert "Please call" in page(client.get("/refer/"))
    for address in ("/refer/tornio/", "/refer/thanks/tornio/", "/refer/nowhere/"):
        assert client.get(address).status_code == 404
    assert client.post("/refer/tornio/", MINE).status_code == 404


def test_a_person_refers_themselves(cast, refer):
    response = refer()
    assert (response.status_code, response["Location"]) == (302, "/refer/thanks/tornio/")
    referral = Referral.objects.latest("pk")
    assert (referral.told, referral.channel, referral.pathway, referral.urgency) == (
        "self",
        "public_page",
        "crisis",
        "urgent",
    )
    assert (referral.case.owner, referral.case.taken_at, referral.taken_by) == (cast.coordinator, None, None)
    assert (referral.timer.outcome, referral.timer.hours) == ("running", 24)
    assert Message.objects.filter(to=cast.coordinator.user.email, network=referral.network).exists()


def test_a_relative_refers_with_what_follows_from_telling(cast, refer):
    refer(HERS)
    referral = Referral.objects.latest("pk")
    assert (referral.words, referral.caller.name, referral.caller.circle) == ("She cries.", "Helmi", "family")
    for told in ("not_yet", "refused"):
        assert refer(HERS, told=told).status_code == 302
        referral = Referral.objects.latest("pk")
        assert (referral.words, referral.case.to_be_told, referral.timer.outcome) == ("", True, "running")
    assert "Say whether the person knows." in page(refer(HERS, told=""))


def test_not_a_crisis_asks_two_questions_and_says_where_to_turn(cast, refer):
    calm = MINE | {"pathway": "not_crisis"}
    before = Case.objects.count()
    assert "Please answer this too." in page(refer(calm))
    seen = page(refer(calm, in_crisis="yes", under_team="no"))
    assert "Then choose “It is a crisis” above" in seen
    assert "I cannot sleep." in seen
    assert "Then please turn to that team" in page(refer(calm, in_crisis="no", under_team="yes"))
    assert Case.objects.count() == before
    for under in ("no", "not_sure"):
        assert refer(calm, in_crisis="no", under_team=under).status_code == 302
    referral = Referral.objects.latest("pk")
    assert (referral.pathway, referral.urgency) == ("non_crisis", "not_crisis")
    assert (referral.timer.kind, referral.timer.hours) == ("reply", 72)


def test_in_a_crisis_nothing_more_is_asked(refer):
    assert refer(in_crisis="yes", under_team="yes").status_code == 302


def test_nobody_learns_whether_a_person_is_known(cast, refer, client):
    known = refer(person_name="Elina", call_back=cast.person.user.email)
    unknown = refer(person_name="Nobody Ever", call_back="nobody@example.org")
    assert (known.status_code, known["Location"], known.content) == (
        unknown.status_code,
        unknown["Location"],
        unknown.content,
    )
    pages = [re.sub(r'name="csrfmiddlewaretoken"[^>]*', "", page(client.get(known["Location"]))) for _ in range(2)]
    assert pages[0] == pages[1]
    kept = [re.sub(r'value="[^"]*"', "", page(refer(person_name=name, words=""))) for name in ("Elina", "Ellen")]
    assert kept[0] == kept[1]
    assert Case.objects.filter(network=cast.network).count() == 1


def test_thanks_says_what_happens_next_and_whom_to_call(cast, client):
    seen = page(client.get("/refer/thanks/tornio/"))
    assert "within 24 hours" in seen
    assert "within 72 hours" in seen
    assert "016 555 0100" in seen


def test_the_same_form_twice_makes_one_referral(refer):
    uuid = str(uuid4())
    refer(uuid=uuid)
    assert refer(uuid=uuid).status_code == 302
    assert Referral.objects.filter(uuid=uuid).count() == 1


def test_one_address_is_limited_told_whom_to_call_and_keeps_its_words(cast, refer):
    for number in range(10):
        assert refer(person_name=f"P{number}").status_code == 302
    response = refer(words="The eleventh of us")
    assert response.status_code == 200
    assert "Too many messages came from here" in page(response)
    assert "The eleventh of us" in page(response)
    assert "016 555 0100" in page(response)
    assert Referral.objects.count() == 12
    assert refer(REMOTE_ADDR="10.9.9.9").status_code == 302


def test_senders_are_kept_as_keyed_hashes_only(cast, refer):
    refer(REMOTE_ADDR="192.0.2.7")
    refer(REMOTE_ADDR="2001:db8:0:1::7")
    refer(REMOTE_ADDR="2001:db8:0:1:ffff::8")
    first, second, third = DoorKnock.objects.order_by("pk").values_list("sender", flat=True)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert second == third != first
    with override_settings(SECRET_KEY="another"):
        refer(REMOTE_ADDR="192.0.2.7")
    assert DoorKnock.objects.latest("pk").sender != first
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        refer(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.1, 192.0.2.7", HTTP_X_FORWARDED_PROTO="https")
    assert DoorKnock.objects.latest("pk").sender == first


def test_without_a_proxy_nobody_chooses_their_own_address(refer):
    refer(HTTP_X_FORWARDED_FOR="1.1.1.1")
    refer(HTTP_X_FORWARDED_FOR="2.2.2.2")
    assert DoorKnock.objects.values("sender").distinct().count() == 1


def test_what_is_needed_is_said_and_the_rest_kept(cast, refer):
    before = Case.objects.count()
    for field, sentence in (
        ("who", "Say for whom you ask."),
        ("pathway", "Say whether it is a crisis."),
        ("person_name", "Write a name, or what people call them."),
        ("call_back", "Write a phone number or an e-mail address."),
        ("words", "Write what is happening, in your own words."),
    ):
        for value in ("", "\u200b", "\x00") if field not in ("who", "pathway") else ("",):
            seen = page(refer(**{field: value}, language="Suomi <b>"))
            assert sentence in seen
            assert "Suomi &lt;b&gt;" in seen
    assert Case.objects.count() == before


def test_any_script_any_length_any_answer(cast, refer):
    for text in ("<script>alert(1)</script>", "שלום", "👩‍👩‍👧‍👦", "a\u0301\u0323", "=1+1", "x\r\nBcc: y@z.org"):
        assert refer(words=text, person_name=text, REMOTE_ADDR=f"10.0.0.{len(text)}").status_code == 302
        assert Referral.objects.latest("pk").words == text.replace("\r\n", "\n")
    for form in (
        {"words": "ä" * 2_500_000},
        {"call_back": "1" * 201},
        {"who": "x"},
        {"pathway": "x"},
        {"told": "x"},
        {"place": "x"},
    ):
        response = refer(**MINE | {"language": "Suomi"} | form)
        assert response.status_code == 200
        assert "Not sent yet" in page(response)
        assert "Suomi" in page(response)


def test_nobody_joins_or_names_a_clinician_from_outside(cast, refer):
    refer(
        join_case=str(cast.case.uuid),
        join=f"{cast.case.uuid}:",
        taken_by=cast.lead.pk,
        owner=cast.lead.pk,
        first_heard_at="2020-01-01T00:00",
    )
    referral = Referral.objects.latest("pk")
    assert referral.case != cast.case
    assert referral.taken_by is None
    assert referral.first_heard_at.year > 2020


def test_a_signed_in_colleague_refers_as_anybody(cast, refer, client):
    client.force_login(cast.clinician1.user)
    refer()
    assert Referral.objects.latest("pk").taken_by is None
    assert client.get("/refer/tornio/").status_code == 200
