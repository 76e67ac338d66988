"""Two phones named the same guest: both are kept until somebody who knows them says that it is one person, and nothing is lost by it."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from meetings.actions.members import member_comes_back, same_person
from meetings.models import Line, Presence
from network.identity import set_identity
from network.models import AuditEntry, Member
from network.rules import Refusal
from network.sealing import new_private_key
from tests.factories import arrive, close, make_cast, make_meeting, make_member, start
from tests.meetings.recording import acting, record
from tests.meetings.test_entries import at, minutes, of, send, tap, voice
from tests.meetings.test_union import answers, end, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings, client):
    """Two guests called Anna: Leena's phone named one at 30 minutes ago, Mikko's the other at 35 minutes ago."""
    settings.SEALING_KEYS = new_private_key()
    cast = make_cast()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - minutes(60))
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, cast.clinician2, at=timezone.now() - minutes(50))
    cast.anna = named(cast, client, cast.clinician1, "Anna", 30)
    cast.other = named(cast, client, cast.clinician2, " ANNA ", 35)
    return cast


def named(cast, client, by, name, ago):
    """A guest whom the phone of `by` names, and a line of theirs."""
    client.force_login(by.user)
    guest = {"do": "guest", "name": name, "relation": "a neighbour", "circle": "other"} | at(ago)
    came = of(cast, guest, author=by)
    said = of(cast, voice(cast, f"I am {name.strip()}.", ago=ago - 1, voice=f"member:{came['uuid']}"), author=by)
    taken(send(client, cast, came, said, author=by))
    return Member.objects.get(uuid=came["uuid"])


def page(cast, member):
    return f"/cases/{cast.case.uuid}/members/{member.uuid}/"


def join(cast, client, *, by=None, member=None, other=None):
    client.force_login((by or cast.clinician1).user)
    return client.post(page(cast, member or cast.other), {"same": str((other or cast.anna).uuid)})


def there(cast, who):
    return list(cast.meeting.presences.filter(member=who, mistaken_at=None).values_list("arrived_at", "left_at"))


def test_both_are_kept_and_the_record_asks(cast, client):
    assert Member.objects.current().filter(network=cast.network, name__iexact="anna").count() == 2
    client.force_login(cast.clinician1.user)
    seen = client.get(record(cast.meeting)).content.decode()
    assert seen.count("Is this the same") == 1
    assert page(cast, cast.other) in seen
    for one in (cast.anna, cast.other):
        assert "Is this the same" in client.get(page(cast, one)).content.decode()
    assert "Is this the same" not in client.get(page(cast, cast.mother)).content.decode()


def test_one_tap_makes_them_one_and_nothing_is_lost(cast, client):
    answer = join(cast, client)
    assert answer["Location"] == record(cast.meeting)
    cast.other.refresh_from_db()
    assert (cast.other.same_as, bool(cast.other.left_at)) == (cast.anna, True)
    assert AuditEntry.objects.filter(verb="wrote down that two are one person", thing_uuid=cast.other.uuid).exists()
    assert set(Line.objects.filter(text__icontains="I am anna").values_list("member", flat=True)) == {
        cast.anna.pk,
        cast.other.pk,
    }
    [copied, own] = there(cast, cast.anna)
    assert copied[1] == own[0], "in the room since the other phone had noted it, and once at a time"
    assert own[1] is None
    assert Presence.objects.get(uuid=cast.other.uuid).mistaken_at
    seen = client.get(record(cast.meeting)).content.decode()
    assert "Is this the same" not in seen
    assert seen.count(f'data-who="member:{cast.anna.uuid}"') == 1
    assert f'data-who="member:{cast.other.uuid}"' not in seen


def test_what_the_other_phone_sends_next_is_of_the_one(cast, client):
    join(cast, client)
    client.force_login(cast.clinician2.user)
    entries = [
        of(cast, voice(cast, "And I go.", ago=4, voice=f"member:{cast.other.uuid}"), author=cast.clinician2),
        of(cast, tap("leave", cast.other, 3), author=cast.clinician2),
    ]
    taken(send(client, cast, *entries, author=cast.clinician2))
    assert Line.objects.get(text="And I go.").member == cast.anna
    assert all(left for _, left in there(cast, cast.anna))


def test_read_back_and_close_ask_them_once(cast, client):
    join(cast, client)
    said = answers(cast, 3) | {
        f"answer:member:{cast.anna.uuid}": "agreed",
        f"answer:staff:{cast.clinician2.uuid}": "agreed",
    }
    taken(send(client, cast, of(cast, said), of(cast, end(cast, 2))))
    cast.meeting.refresh_from_db()
    assert cast.meeting.status == "closed"


def test_said_after_the_close_what_was_closed_stays(cast, client):
    set_identity(None)  # by the owner, in nobody's name
    close(cast.meeting)
    before = list(Presence.objects.order_by("pk").values_list("pk", "mistaken_at", "left_at"))
    assert join(cast, client)["Location"] == f"/cases/{cast.case.uuid}/"
    assert list(Presence.objects.order_by("pk").values_list("pk", "mistaken_at", "left_at")) == before
    note = client.get(f"/notes/{cast.meeting.uuid}/").content.decode()
    assert note.count("I am Anna.") >= 1
    assert "I am ANNA." in note


def test_it_can_be_taken_back(cast, client):
    join(cast, client)
    with acting(cast.clinician1.user):
        member_comes_back(member=cast.other, by=cast.clinician1.user)
    cast.other.refresh_from_db()
    assert (cast.other.same_as, cast.other.left_at) == (None, None)


def test_somebody_known_before_who_was_named_anew(cast, client):
    known = make_member(cast.network, "anna", account=False, relation="her cousin")
    arrive(cast.meeting, known)
    assert join(cast, client, other=known).status_code == 302
    cast.other.refresh_from_db()
    assert cast.other.same_as == known


@pytest.mark.parametrize("other", ["mother", "person", "person2", "nobody"])
def test_two_of_different_names_are_never_one(cast, client, other):
    found = getattr(cast, other, Member(uuid=uuid4(), name="Anna"))
    assert join(cast, client, other=found).status_code == 404
    cast.other.refresh_from_db()
    assert cast.other.same_as is None
    if found.pk:
        with acting(cast.clinician1.user), pytest.raises(Refusal, match="same_person_of_one_name"):
            same_person(member=cast.other, other=found, by=cast.clinician1.user)


@pytest.mark.parametrize("who", ["clinician3", "former", "clinician4", "mother", "friend"])
def test_others_say_nothing_of_it(cast, client, who):
    by, cast.other.network = getattr(cast, who), cast.network
    assert join(cast, client, by=by).status_code == 404
    with pytest.raises((PermissionDenied, Refusal)), acting(by.user):
        same_person(member=cast.other, other=cast.anna, by=by.user)
    cast.other.refresh_from_db()
    assert cast.other.same_as is None
