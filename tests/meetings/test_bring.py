"""Promise 14: between meetings the person and the members write what they would like to bring; it says who reads it, and when."""

import json
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from meetings.actions import sharing
from meetings.models import ToBring
from network.identity import set_identity
from network.models import Message
from network.sealing import new_private_key
from tests.conftest import acting_as, role
from tests.factories import arrive, close, hours, make_cast, make_meeting, open_in_need, start
from tests.meetings.test_entries import at, minutes, of, results, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def write(client, who, text, **form):
    client.force_login(who.user)
    return client.post("/my/bring/", {"once": str(uuid4()), "words": text} | form)


def test_the_person_writes_and_the_team_reads(cast, client):
    client.force_login(cast.person.user)
    asked = client.get("/my/bring/").content.decode()
    assert "The team reads it, and those who look after the service." in asked
    assert "016 555 0100" in asked
    assert write(client, cast.person, "The nights.").status_code == 302
    assert "The nights." in client.get("/my/").content.decode()
    assert Message.objects.get(dedupe_key__startswith="to_bring:").to == cast.coordinator.user.email
    client.force_login(cast.clinician1.user)
    assert "The nights." in client.get(f"/meetings/{cast.booked.uuid}/").content.decode()
    assert "would like to bring" in client.get(f"/cases/{cast.case.uuid}/").content.decode()


def watched(cast):
    return cast.case.watches.open().filter(subject="words_between").exists()


@pytest.mark.parametrize("who", ["clinician1", "coordinator", "lead"])
@pytest.mark.parametrize("page", ["case", "booked", "started"])
def test_it_waits_until_staff_open_a_page_that_shows_it(cast, client, who, page):
    write(client, cast.person, "The nights.")
    set_identity(None)
    if page == "started":
        start(cast.booked, cast.person, cast.clinician1)
    address = f"/cases/{cast.case.uuid}/" if page == "case" else f"/meetings/{cast.booked.uuid}/"
    for reader in (cast.person, cast.mother, cast.clinician3):
        client.force_login(reader.user)
        client.get(address)
    open_in_need(cast.network, cast.clinician3)
    client.get(address)
    client.force_login(getattr(cast, who).user)
    client.get(f"/meetings/{cast.held.uuid}/")
    assert watched(cast), "nobody of those who work with them has seen it"
    assert "The nights." in client.get(address).content.decode()
    assert not watched(cast)
    assert cast.case.watches.get(subject="words_between").ended_why == "read"


def test_what_was_written_before_the_last_meeting_is_read_in_the_case(cast, client):
    write(client, cast.person, "The nights.")
    set_identity(None)
    start(cast.booked, cast.person, cast.clinician1)
    later = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() + hours(30))
    close(cast.booked, next_meeting=later)
    client.force_login(cast.clinician1.user)
    assert "The nights." not in client.get(f"/meetings/{later.uuid}/").content.decode()
    assert watched(cast)
    client.get(f"/cases/{cast.case.uuid}/")
    assert not watched(cast)


@pytest.mark.parametrize("who", ["mother", "friend"])
def test_a_member_reads_before_saving_that_the_person_reads_it(cast, client, who):
    member, other = getattr(cast, who), cast.friend if who == "mother" else cast.mother
    client.force_login(member.user)
    asked = client.get("/my/bring/").content.decode()
    assert "<b><bdi>Elina</bdi> reads this</b>, as soon as it is sent" in asked
    assert "016 555 0100" in asked
    assert write(client, member, "The noise in the stairs.").status_code == 302
    for reader, reads in ((member, True), (cast.person, True), (other, False)):
        client.force_login(reader.user)
        assert ("The noise in the stairs." in client.get("/my/").content.decode()) is reads
        with role("od_app"), acting_as(reader.user.pk):
            assert ToBring.objects.exists() is reads


def test_it_waits_for_the_next_meeting_only(cast, client):
    ToBring.objects.create(member=cast.mother, network=cast.network, service=cast.service, text="The nights.")
    client.force_login(cast.person.user)
    assert "The nights." in client.get("/my/").content.decode()
    set_identity(None)
    start(cast.booked, cast.person, cast.clinician1)
    close(cast.booked)
    client.force_login(cast.person.user)
    assert "The nights." not in client.get("/my/").content.decode()
    client.force_login(cast.coordinator.user)
    assert "The nights." in client.get(f"/cases/{cast.case.uuid}/").content.decode()
    client.force_login(cast.mother.user)
    assert "The nights." in client.get("/my/").content.decode()  # one's own words stay to be read


def test_sent_twice_it_is_one_and_empty_is_none(cast, client):
    once = str(uuid4())
    write(client, cast.person, "The nights.", once=once)
    write(client, cast.person, "The nights.", once=once)
    refused = write(client, cast.person, " \u200b ")
    assert "Write what you would like to bring, in a few words." in refused.content.decode()
    assert ToBring.objects.count() == 1


LOUD, QUIET = "The noise in the stairs.", "What the neighbour said."


def brought_by(member, **extra):
    return ToBring.objects.create(
        member=member, network=member.network, service=member.service,
        **{"text": LOUD, "in_the_room": True, "at": timezone.now() - hours(2)} | extra,
    )  # fmt: skip


def page(client, who, cast, part=""):
    client.force_login(who.user)
    return client.get(f"/meetings/{cast.booked.uuid}/{part}").content.decode()


def test_the_record_shows_what_its_author_lets_everybody_see(cast, client):
    """The team reads all of it on a page of its own; the record lies open before everybody who is there."""
    write(client, cast.mother, LOUD, in_the_room="on")
    write(client, cast.friend, QUIET)
    set_identity(None)
    start(cast.booked, cast.person, cast.clinician1)
    for part in ("record/", "prepare/"):
        seen = page(client, cast.clinician1, cast, part)
        record = json.loads(seen)["record"] if part == "prepare/" else seen
        assert LOUD in record
        assert QUIET not in record
        assert cast.friend.name not in record.split('id="brings"')[1].split("</section>")[0]
    assert LOUD not in page(client, cast.clinician1, cast, "prepare/nameless/")
    team = page(client, cast.clinician1, cast)
    assert LOUD in team
    assert f"{QUIET}</p>" in team
    assert team.count("not shown in the room") == 1
    client.force_login(cast.friend.user)
    assert "not shown in the room" in client.get("/my/").content.decode()


def test_it_is_taken_up_with_the_person_and_once(cast, client):
    row = brought_by(cast.mother)
    start(cast.booked, cast.mother, cast.clinician1)
    client.force_login(cast.clinician1.user)
    tick = f"/meetings/{cast.booked.uuid}/record/bring-up/{row.uuid}/"
    said = client.post(tick, follow=True).content.decode()
    assert "Only in a meeting that is going on, with the person in the room." in said
    arrive(cast.booked, cast.person)
    assert client.post(tick).status_code == 302
    row.refresh_from_db()
    first = row.taken_up_at
    assert (row.taken_up_in, first is not None) == (cast.booked, True)
    assert client.post(tick).status_code == 302
    row.refresh_from_db()
    assert row.taken_up_at == first
    assert LOUD not in page(client, cast.clinician1, cast, "record/")
    for who in (cast.person, cast.mother):
        client.force_login(who.user)
        assert "taken up <time" in client.get("/my/").content.decode()
    client.force_login(cast.person.user)
    assert "Taken up" in client.get(f"/cases/{cast.case.uuid}/").content.decode()


def test_taken_up_without_signal(cast, client, settings):
    """The moment counts, also when another phone has closed the meeting since; and what is not shown cannot be ticked."""
    settings.SEALING_KEYS = new_private_key()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - minutes(60))
    row, quiet = brought_by(cast.mother), brought_by(cast.friend, text=QUIET, in_the_room=False)
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    close(cast.meeting)
    client.force_login(cast.clinician1.user)
    ticks = [of(cast, {"do": "bring_up", "brought": str(one.uuid)} | at(20)) for one in (row, row, quiet)]
    assert [one["done"] for one in results(send(client, cast, *ticks))] == [True, True, False]
    row.refresh_from_db()
    assert row.taken_up_in == cast.meeting
    assert timezone.now() - row.taken_up_at > minutes(19)


def test_the_copy_on_a_device_is_old_once_something_is_brought(cast, client):
    def stamp():
        client.force_login(cast.clinician1.user)
        return client.get("/on-this-device/today/").json()["meetings"][0]["stamp"]

    make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() + minutes(60))
    before = stamp()
    brought_by(cast.mother)
    assert stamp() != before


@pytest.mark.parametrize("who", ["clinician1", "coordinator", "former", "coordinator2"])
def test_staff_have_no_such_page(cast, client, who):
    by = getattr(cast, who).user
    client.force_login(by)
    assert client.get("/my/bring/").status_code == 404
    with role("od_app"), acting_as(by.pk), pytest.raises(PermissionDenied):
        sharing.bring(member=cast.person, text="In her name.", once=uuid4(), by=by)


def test_a_correction_says_so(cast, client):
    client.force_login(cast.mother.user)
    page = f"/notes/{cast.held.uuid}/add/{cast.decision.uuid}/"
    asked = client.get(page).content.decode()
    assert "Decision · <bdi>Together</bdi>" in asked
    assert "016 555 0100" in asked
    answer = client.post(page, {"once": str(uuid4()), "kind": "corrects", "text": "At six, not at five."})
    assert answer.status_code == 302
    assert "</b> corrects · " in client.get(f"/notes/{cast.held.uuid}/").content.decode()
    client.force_login(cast.person.user)
    assert "corrected something" in client.get("/my/").content.decode()
