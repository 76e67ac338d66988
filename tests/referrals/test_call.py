"""Taking a call: what starts the clock, what is only asked for, and a call about somebody known. Action and page."""

import zoneinfo
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from network.models import AuditEntry, MemberContact, Reading
from network.rules import Refusal
from referrals.actions import take_call
from referrals.models import Case, Referral
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast

pytestmark = pytest.mark.django_db
BARE = {"person_name": "Oona", "call_back": "050 111 2222", "words": "She cannot sleep.", "told": "yes"}


@pytest.fixture
def cast():
    return make_cast()


def rows(*named):
    form = {"named-TOTAL_FORMS": len(named) or 3, "named-INITIAL_FORMS": 0}
    for number, row in enumerate(named):
        form |= {f"named-{number}-{key}": value for key, value in row.items()}
    return form


@pytest.fixture
def call(client, cast):
    def post(staff=None, named=(), **form):
        client.force_login((staff or cast.coordinator).user)
        return client.post(reverse("take_call"), BARE | rows(*named) | {"uuid": str(uuid4())} | form)

    return post


def acted(user, **form):
    with role("od_app"), acting_as(user.pk):
        return take_call(**BARE | form, by=user)


def page(response):
    return " ".join(response.content.decode().split())


# The action


def test_the_action_writes_one_audit_row(cast):
    case = acted(cast.coordinator.user)
    assert case.timers.get().outcome == "running"
    assert AuditEntry.objects.filter(verb="took a call").count() == 1
    assert AuditEntry.objects.count() == 1


def test_only_staff_take_calls(cast):
    for who in ["person", "mother", "friend"]:
        with pytest.raises(PermissionDenied):
            acted(getattr(cast, who).user)


def test_refusals_of_the_database_have_their_sentence(cast):
    for form, rule in [
        ({"person_name": " "}, "member_name_given"),
        ({"call_back": ""}, "referral_call_back_given"),
        ({"words": ""}, "referral_words_given"),
        ({"words": "\x00\x07"}, "referral_words_given"),
        ({"urgency": "whenever"}, "one_of_the_answers_timer"),
        ({"told": "perhaps"}, "one_of_the_answers_referral"),
        ({"channel": "pigeon"}, "one_of_the_answers_referral"),
        ({"first_heard_at": timezone.now() + timedelta(days=400)}, "first_heard_not_in_future"),
        ({"first_heard_at": timezone.now() - timedelta(days=400)}, "first_heard_long_ago_says_why"),
        ({"join_case": uuid4()}, "case_to_join_is_known"),
    ]:
        before = Case.objects.count()
        with pytest.raises(Refusal) as refused:
            acted(cast.coordinator.user, **form)
        assert refused.value.rule == rule
        assert Case.objects.count() == before


# The page


def test_three_answers_are_enough(cast, call):
    response = call()
    case = Case.objects.latest("pk")
    assert response.status_code == 302
    assert response["Location"] == f"/cases/{case.uuid}/"
    timer = case.timers.get()
    assert (case.owner, timer.urgency, timer.hours) == (cast.coordinator, "urgent", 24)
    assert timezone.now() - timer.first_heard_at < timedelta(minutes=1)


def test_what_is_needed_is_said_and_the_rest_is_kept(call):
    for missing, sentence in [
        ("call_back", "Write a way to call back."),
        ("person_name", "Write the person’s name, or tick “not known yet”."),
        ("words", "Write what is happening, in the caller’s own words."),
    ]:
        for value in ["", "  \n ", "\u200b\u2060", "\x00"]:
            response = call(**{missing: value, "safety": "A dog that bites"})
            assert response.status_code == 200
            assert sentence in page(response)
            assert "A dog that bites" in page(response)
            assert "Not saved yet" in page(response)


def test_a_name_not_known_yet_stops_nothing(call):
    call(person_name="", name_not_known="on")
    assert Referral.objects.latest("pk").person_name == "Not known yet"


def test_everything_that_was_typed_is_kept(cast, call):
    call(
        caller_name="Marja", caller_relation="her mother", caller_circle="family", urgency="very_urgent", place="home",
        place_words="Rantatie 3, blue door", language="Finnish", interpreter="for the grandmother", safety="A big dog",
        channel="colleague", named=[{"name": "Jussi", "relation": "friend from work", "circle": "friend", "phone": "044 1"}, {}],
    )  # fmt: skip
    referral = Referral.objects.latest("pk")
    assert (referral.caller.name, referral.caller_relation, referral.place_words, referral.language, referral.safety) == (
        "Marja", "her mother", "Rantatie 3, blue door", "Finnish", "A big dog",
    )  # fmt: skip
    assert [(m.name, m.circle) for m in referral.network.members.all()] == [
        ("Oona", "other"), ("Marja", "family"), ("Jussi", "friend"),
    ]  # fmt: skip
    assert MemberContact.objects.get(member__name="Jussi", network=referral.network).phone == "044 1"
    assert referral.network.person.contact.home_address == "Rantatie 3, blue door"


def test_a_doubled_submit_makes_one_referral(call):
    uuid = str(uuid4())
    first, second = call(uuid=uuid), call(uuid=uuid)
    assert first["Location"] == second["Location"]
    assert Referral.objects.filter(uuid=uuid).count() == 1


def test_somebody_elses_form_is_not_taken_for_ones_own(cast, call):
    uuid = str(uuid4())
    call(uuid=uuid)
    response = call(staff=cast.lead, uuid=uuid, join="")
    assert "sent before by somebody else" in page(response)
    assert "She cannot sleep." in page(response)


def test_a_broken_id_of_the_form_stops_nothing(call):
    for uuid in ["", "nonsense", "1' OR '1"]:
        assert call(uuid=uuid, join="").status_code == 302


# First heard


def test_first_heard_may_be_earlier(call):
    call(first_heard_at=_local(hours(3)))
    timer = Referral.objects.latest("pk").timer
    assert abs(timezone.now() - hours(3) - timer.first_heard_at) < timedelta(minutes=2)


def _local(ago):
    return (timezone.now() - ago).astimezone(zoneinfo.ZoneInfo("Europe/Helsinki")).strftime("%Y-%m-%dT%H:%M")


def test_first_heard_is_never_in_the_future(call):
    response = call(first_heard_at=_local(-hours(2)))
    assert "First heard cannot be in the future." in page(response)
    assert "She cannot sleep." in page(response)


def test_more_than_a_day_ago_asks_why(call):
    assert "Say why it is recorded only now." in page(call(first_heard_at=_local(hours(30))))
    assert call(first_heard_at=_local(hours(30)), late_reason="A letter that lay over Sunday").status_code == 302
    assert Referral.objects.latest("pk").case.due_at < timezone.now()


def test_a_time_nobody_can_read_is_said_so(call):
    for value in ["yesterday", "2026-13-45T99:99", "0001-01-01T00:00", "9999-12-31T23:59", "١٢"]:
        response = call(first_heard_at=value)
        assert response.status_code == 200
        assert "Write a day and a time" in page(response)


def test_the_moment_typing_began_counts_while_it_can_be_true(call):
    began = timezone.now() - timedelta(minutes=2)
    call(started_at=str(began.timestamp()))
    assert abs(Referral.objects.latest("pk").first_heard_at - began) < timedelta(milliseconds=1)
    for value in ("nan", "inf", "-1", "soon", str((timezone.now() + hours(1)).timestamp()), "1" * 400):
        assert call(started_at=value, person_name=f"P{value[:5]}", call_back=f"x{value[:5]}").status_code == 302
        assert timezone.now() - Referral.objects.latest("pk").first_heard_at < timedelta(minutes=1)


# Whether the caller knows


def test_words_of_a_caller_who_was_not_told_stay_on_the_screen_only(call):
    for told in ["not_yet", ""]:
        response = call(told=told, caller_name="Marja", safety="a dog", join="")
        referral = Referral.objects.latest("pk")
        assert (referral.words, referral.safety, referral.case.to_be_told) == ("", "", True)
        assert referral.timer.outcome == "running"
        assert response.status_code == 200
        assert "She cannot sleep." in page(response)
        assert "The words below are not saved yet." in page(response)
        assert reverse("caller_told", args=[referral.case.uuid, referral.uuid]) in page(response)


def test_words_of_a_caller_who_says_no_are_left_out(call):
    assert call(told="refused").status_code == 302
    referral = Referral.objects.latest("pk")
    assert (referral.words, referral.case.to_be_told) == ("", True)


def test_without_words_a_caller_who_was_not_told_is_enough(call):
    assert call(told="not_yet", words="").status_code == 302


# A call about somebody known


def test_a_known_name_is_offered_never_joined(cast, call):
    before = cast.case.referrals.count()
    response = call(person_name="  elina ")
    assert "Not saved yet" in page(response)
    assert f'value="{cast.case.uuid}:"' in page(response)
    assert 'value="" id="id_join_0"' in page(response) or 'id="id_join_0" checked' in page(response)
    assert call(person_name="Elina", join="").status_code == 302
    assert cast.case.referrals.count() == before
    assert Referral.objects.latest("pk").case != cast.case


def test_joining_makes_no_second_case(cast, call):
    count = Case.objects.count()
    response = call(person_name="Elina", join=f"{cast.case.uuid}:")
    assert response["Location"] == f"/cases/{cast.case.uuid}/"
    assert Case.objects.count() == count


def test_the_same_telephone_is_known_whatever_its_prefix(cast, call, client):
    MemberContact.objects.filter(member=cast.mother).update(phone="040 555 0134")
    client.force_login(cast.coordinator.user)
    offers = client.post(reverse("similar_cases"), {"person_name": "?", "call_back": "+358 (40) 555-0134"})
    assert f'value="{cast.case.uuid}:{cast.mother.uuid}"' in page(offers)
    assert "<bdi>Marja</bdi>, her mother, is calling again" in page(offers)
    call(call_back="+358405550134", caller_name="Marja", join=f"{cast.case.uuid}:{cast.mother.uuid}")
    assert Referral.objects.latest("pk").caller == cast.mother
    assert cast.network.members.filter(name="Marja").count() == 1


def test_an_unknown_name_is_nobodys(cast, client):
    for typed in ["Not known yet", "NOT KNOWN YET ", ""]:
        acted(cast.coordinator.user, person_name="Not known yet")
        client.force_login(cast.coordinator.user)
        assert (
            "join"
            not in client.post(reverse("similar_cases"), {"person_name": typed, "call_back": ""}).content.decode()
        )


def test_offers_only_what_one_may_open(cast, client):
    for who, known in [
        ("coordinator", True),
        ("lead", True),
        ("clinician1", True),
        ("clinician3", False),
        ("former", False),
        ("coordinator2", False),
    ]:
        staff = getattr(cast, who)
        client.force_login(staff.user)
        found = client.post(reverse("similar_cases"), {"person_name": "Elina", "call_back": "040 555 0134"})
        assert (str(cast.case.uuid) in found.content.decode()) is known
        with role("od_app"), acting_as(staff.user.pk), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM od.similar_cases('Elina', '')")
            assert (cursor.fetchone()[0] > 0) is known


def test_a_case_of_others_cannot_be_joined(cast, call):
    count = Referral.objects.count()
    response = call(staff=cast.clinician3, person_name="Elina", join=f"{cast.case.uuid}:")
    assert response.status_code == 200
    assert Referral.objects.count() == count
    response = call(staff=cast.coordinator2, person_name="Oskari", join=f"{cast.case.uuid}:")
    assert Referral.objects.count() == count


def test_nobody_else_finds_the_pages(cast, client):
    for who in [None, "person", "mother"]:
        if who:
            client.force_login(getattr(cast, who).user)
        for address in (reverse("take_call"), reverse("similar_cases")):
            assert client.post(address, BARE).status_code == (404 if who else 403)  # what was typed stays on the page


def test_offering_is_no_reading_and_asks_by_post_only(cast, client):
    client.force_login(cast.coordinator.user)
    client.post(reverse("similar_cases"), {"person_name": "Elina", "call_back": ""})
    assert not Reading.objects.exists()
    assert client.get(reverse("similar_cases"), {"person_name": "Elina"}).status_code == 405


# Input


def test_any_script_and_any_markup_is_kept_as_typed(cast, call, client):
    for text in [
        "<script>alert(1)</script>",
        "{{ 7|add:7 }}{% csrf_token %}",
        "שלום مرحبا",
        "👩‍👩‍👧‍👦 é ñ Ω 漢字",
        "a\u0301\u0323",
        "=cmd|' /C calc'!A0",
        "\r\nBcc: x@y.z",
        "\u202eabc",
        "'; DROP TABLE referrals_case; --",
        "%s %(x)s {0}",
        "[[" * 500,
    ]:
        call(
            join="",
            words=text,
            person_name=text[:100],
            caller_name=text[:100],
            named=[{"name": text[:100], "relation": text[:100]}],
        )
        referral = Referral.objects.latest("pk")
        assert referral.words == text.replace("\r\n", "\n").strip()
        assert "<script>alert" not in page(client.get("/board/"))


def test_five_megabytes_are_refused_in_a_sentence_and_kept(call):
    for field in ["words", "safety"]:
        text = "ä" * 2_500_000
        response = call(**{field: text})
        assert response.status_code == 200
        assert "2,500,000 characters long, and 20,000 is the most" in page(response)
        assert text in response.content.decode()


def test_long_lines_are_refused_in_a_sentence_and_kept(call):
    for field in [
        "person_name",
        "caller_name",
        "caller_relation",
        "call_back",
        "place_words",
        "language",
        "interpreter",
        "late_reason",
    ]:
        response = call(**{field: "x" * 301})
        assert "is the most. Please shorten it." in page(response)
        assert "x" * 301 in page(response)


def test_answers_that_were_not_offered_lose_nothing(call):
    for form in [
        {"urgency": "x"},
        {"told": "x"},
        {"place": "x"},
        {"channel": "public_page"},
        {"caller_circle": "x"},
        {"named-TOTAL_FORMS": "x"},
        {"named-TOTAL_FORMS": ""},
        {"named-TOTAL_FORMS": "-1"},
        {"named-TOTAL_FORMS": "99999999"},
        {"join": "x"},
        {"join": "x:y"},
    ]:
        response = call(**form)
        assert response.status_code in (200, 302)
        if response.status_code == 200:
            assert "She cannot sleep." in page(response)


def test_an_empty_page_can_be_opened_and_costs_few_queries(cast, client, django_assert_max_num_queries):
    client.force_login(cast.coordinator.user)
    with django_assert_max_num_queries(12):
        response = client.get(reverse("take_call"))
    assert "The person can read this." in page(response)
    assert page(response).count("The person can read this.") >= 3
