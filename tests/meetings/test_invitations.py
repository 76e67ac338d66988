"""Promise 4: the person decides who is invited, and each one answers for themselves."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from meetings.actions.booking import answer_invitation, change_invitations
from meetings.actions.members import Word
from meetings.models import Invitation, Meeting
from network.models import Message
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import make_cast, make_meeting, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    c = make_cast()
    c.aunt = make_member(c.network, "Aune", account=False, wanted=None, email="aune@example.org")
    c.father = make_member(c.network, "Risto", account=False, email="risto@example.org")
    c.father.wanted, c.father.wanted_word = False, "Elina to Leena: not him"
    c.father.save(update_fields=["wanted", "wanted_word"])
    return c


def invite(cast, *members, by=None, words=None):
    by = (by or cast.clinician1).user
    with role("od_app"), acting_as(by.pk):
        change_invitations(meeting=cast.booked, members=members, words=words, by=by)


def standing(cast):
    return set(cast.booked.invitations.filter(withdrawn_at=None).values_list("member__name", flat=True))


def refused(rule, of, *args, **kwargs):
    with pytest.raises(Refusal) as refusal:
        of(*args, **kwargs)
    assert refusal.value.rule == rule


def test_by_the_persons_word_only(cast):
    refused("invited_by_the_persons_word", invite, cast, cast.aunt)
    invite(cast, cast.mother, cast.aunt, words={cast.aunt: Word(True, "Elina to Leena, at the door")})
    assert standing(cast) == {"Elina", "Marja", "Aune"}
    assert cast.booked.invitations.get(member=cast.aunt).word == "Elina to Leena, at the door"
    assert Message.objects.filter(to="aune@example.org", kind="meeting").count() == 1


def test_asking_again_is_a_new_row_with_its_own_message(cast):
    invite(cast)
    invite(cast, cast.mother)
    rows = cast.booked.invitations.filter(member=cast.mother).order_by("pk")
    assert [bool(row.withdrawn_at) for row in rows] == [True, False]
    invite(cast, cast.mother)
    assert cast.booked.invitations.filter(member=cast.mother).count() == 2
    assert Message.objects.filter(to=cast.mother.contact.email, kind="meeting").count() == 1


def test_the_person_invites_too(cast):
    invite(cast, cast.mother, by=cast.person)
    assert standing(cast) == {"Elina", "Marja"}


@pytest.mark.parametrize("who", ["mother", "clinician3", "coordinator2"])
def test_others_invite_nobody(cast, who):
    with pytest.raises(PermissionDenied):
        invite(cast, cast.mother, by=getattr(cast, who))


def test_nobody_of_another_network_is_invited(cast):
    refused("of_the_same_network", invite, cast, cast.person2)


def straight(user, of, **columns):
    with role("od_app"), acting_as(user.pk):
        return of.update(**columns)


def test_straight_sql(cast):
    scope = {"network": cast.network, "service": cast.service, "meeting": cast.booked, "word": "I say so"}

    def ask(member, meeting=cast.booked):
        with role("od_app"), acting_as(cast.clinician1.user.pk):
            Invitation.objects.create(**scope | {"member": member, "meeting": meeting})

    for member, rule in ((cast.aunt, "invited_by_the_persons_word"), (cast.father, "invited_by_the_persons_word"),
                         (cast.person2, "of_the_same_network"), (cast.mother, "invited_once")):  # fmt: skip
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            ask(member)
    with pytest.raises(IntegrityError, match="answer_before_the_meeting"), transaction.atomic():
        ask(cast.friend, meeting=cast.held)
    own = Invitation.objects.filter(meeting=cast.booked, member=cast.person)
    with pytest.raises(IntegrityError, match="person_is_always_asked"), transaction.atomic():
        straight(cast.clinician1.user, own, withdrawn_at=timezone.now())
    friends = Invitation.objects.filter(meeting=cast.booked, member=cast.friend)
    straight(cast.clinician1.user, friends, withdrawn_at=timezone.now())
    with pytest.raises(IntegrityError, match="no_longer_asked"), transaction.atomic():
        straight(cast.clinician1.user, friends, withdrawn_at=None)


def answer(cast, member, said="yes", by=None, seen=0, reason=""):
    by = (by or member).user
    invitation = Invitation.objects.select_related("member", "network").get(
        meeting=cast.booked, member=member, withdrawn_at=None
    )
    with role("od_app"), acting_as(by.pk):
        answer_invitation(invitation=invitation, answer=said, reason=reason, seen_moves=seen, by=by)
    return invitation


def test_each_answers_and_staff_on_the_phone_for_them(cast):
    assert answer(cast, cast.mother, "no", reason="Night shift").answered_by == cast.mother.user
    assert answer(cast, cast.friend, "not_sure", by=cast.coordinator).answered_by == cast.coordinator.user
    cast.case.refresh_from_db()
    assert cast.case.unanswered == 1


@pytest.mark.parametrize("who", ["person", "friend", "clinician3", "coordinator2", "uncle"])
def test_nobody_answers_for_another(cast, who):
    with pytest.raises(PermissionDenied):
        answer(cast, cast.mother, by=getattr(cast, who))
    rows = Invitation.objects.filter(meeting=cast.booked, member=cast.mother)
    try:
        with transaction.atomic():
            assert straight(getattr(cast, who).user, rows, answer="yes", answered_at=timezone.now()) == 0
    except IntegrityError as error:
        assert "answers_for_themselves" in str(error)  # noqa: PT017 — either nothing is found, or it is refused
    assert rows.get().answer == ""


def test_the_database_says_who_answered_and_when(cast):
    rows = Invitation.objects.filter(meeting=cast.booked, member=cast.mother)
    straight(cast.mother.user, rows, answer="yes", answered_at="2020-01-01T00:00Z", answered_by=cast.friend.user)
    row = rows.get()
    assert row.answered_by == cast.mother.user
    assert row.answered_at.year > 2020


def test_an_answer_is_to_the_time_that_was_seen(cast):
    later = cast.booked.starts_at + timezone.timedelta(hours=30)
    Meeting.objects.filter(pk=cast.booked.pk).update(
        starts_at=later, ends_at=later + timezone.timedelta(hours=1), moves=1
    )
    refused("moved_meanwhile", answer, cast, cast.mother, seen=0)
    answer(cast, cast.mother, seen=1)


def address(cast, member, meeting=None):
    meeting = meeting or cast.booked
    return f"/meetings/{meeting.uuid}/answer/{cast.booked.invitations.get(member=member, withdrawn_at=None).uuid}/"


def test_an_invited_member_sees_when_where_who_and_their_own_answer(client, cast):
    answer(cast, cast.friend, "no", reason="I am afraid of the doctor")
    client.force_login(cast.mother.user)
    html = client.get(f"/meetings/{cast.booked.uuid}/").content.decode()
    assert "Leena" in html
    assert "Your answer" in html
    for hidden in ("Jussi", "Aune", "I am afraid of the doctor", "Move it", "She is so afraid"):
        assert hidden not in html
    page = client.get(address(cast, cast.mother)).content.decode()
    assert cast.service.night_number in page
    assert "read this before the meeting" in page
    form = {"answer": "not_sure", "reason": "It depends on the bus ✨", "seen_moves": 0}
    assert client.post(address(cast, cast.mother), form)["Location"] == f"/meetings/{cast.booked.uuid}/"
    assert "It depends on the bus ✨" in client.get(f"/meetings/{cast.booked.uuid}/").content.decode()
    assert client.get(address(cast, cast.friend)).status_code == 404


def test_the_page_takes_no_other_answer(client, cast):
    client.force_login(cast.mother.user)
    for form in (
        {},
        {"answer": "perhaps", "seen_moves": 0},
        {"answer": "", "seen_moves": 0},
        {"answer": "yes", "seen_moves": "x"},
    ):
        assert client.post(address(cast, cast.mother), form).status_code == 200
    html = client.post(address(cast, cast.mother), {"answer": "yes", "seen_moves": 7}).content.decode()
    assert "Look at it as it is" in html
    assert cast.booked.invitations.get(member=cast.mother).answer == ""


def test_a_cancelled_meeting_says_so_and_not_why(client, cast):
    Meeting.objects.filter(pk=cast.booked.pk).update(
        status="cancelled", cancelled_at=timezone.now(), cancelled_reason="Jussi frightens her"
    )
    client.force_login(cast.mother.user)
    html = client.get(f"/meetings/{cast.booked.uuid}/").content.decode()
    assert "does not take place" in html
    assert "Jussi" not in html
    client.force_login(cast.person.user)
    assert "Jussi frightens her" in client.get(f"/meetings/{cast.booked.uuid}/").content.decode()


def test_an_invitation_of_another_meeting_is_not_found_under_this_one(client, cast):
    other = make_meeting(cast.case, cast.clinician3, invited=[cast.person, cast.mother])
    client.force_login(cast.mother.user)
    assert client.get(address(cast, cast.mother, meeting=other)).status_code == 404


def test_who_is_no_longer_asked_finds_nothing(client, cast):
    invite(cast, cast.friend)
    client.force_login(cast.mother.user)
    assert client.get(f"/meetings/{cast.booked.uuid}/").status_code == 404


def test_the_page_writes_down_the_persons_word_and_invites(client, cast):
    client.force_login(cast.clinician1.user)
    page = f"/meetings/{cast.booked.uuid}/invite/"
    html = client.get(page).content.decode()
    assert "does not want them there" in html
    aunt, father = f"m{cast.aunt.pk}", f"m{cast.father.pk}"
    html = client.post(page, {f"{aunt}-wanted": "yes"}).content.decode()
    assert "Say where the person gave their word" in html
    client.post(page, {f"{aunt}-wanted": "yes", f"{aunt}-words": "Elina, on the stairs", f"{father}-ask": "on"})
    assert standing(cast) == {"Elina", "Aune"}


def test_staff_write_down_an_answer(client, cast):
    client.force_login(cast.coordinator.user)
    client.post(address(cast, cast.friend), {"answer": "yes", "seen_moves": 0})
    assert cast.booked.invitations.get(member=cast.friend).answer == "yes"
