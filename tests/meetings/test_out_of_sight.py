"""Promise 10: the one way out. Two people together take words out of sight; it is recorded, and the person is told that and why."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from meetings.actions import sharing
from meetings.models import Addendum, DecidedWithout, Line, OutOfSight, SetAside, ToBring
from network.models import Message
from network.rules import Refusal
from referrals.models import Contact
from tests.conftest import acting_as, role
from tests.factories import hours, make_cast, make_meeting, say
from tests.meetings.held import untriggered

pytestmark = pytest.mark.django_db
SECRET = "The neighbours, on the second floor."
THEIRS = "The twins, who live upstairs."
FORM = {"why": "wrong_case", "reason": "These words are about another family."}


@pytest.fixture
def cast():
    c = make_cast()
    c.wrong = say(c.held, SECRET, who=c.mother, at=c.held.started_at)
    Line.objects.filter(pk=c.wrong.pk).update(seen_by_person_at=c.held.closed_at)
    c.beside = Addendum.objects.create(
        meeting=c.held, network=c.network, service=c.service, line=c.wrong, kind="added", text="I never heard of it.",
        member=c.person, name="x",
    )  # fmt: skip
    return c


def page(cast, words):
    return f"/notes/{cast.held.uuid}/out-of-sight/{words.uuid}/"


def ask(client, who, cast, words, **form):
    client.force_login(who.user)
    return client.post(page(cast, words), FORM | form)


def confirm(client, who, cast, words):
    client.force_login(who.user)
    return client.post(page(cast, words), {"confirm": "yes"})


def gone(client, cast):
    ask(client, cast.clinician1, cast, cast.wrong)
    assert confirm(client, cast.clinician2, cast, cast.wrong).status_code == 302


def test_one_asks_and_the_words_stay(cast, client):
    assert ask(client, cast.clinician1, cast, cast.wrong).status_code == 302
    for who in (cast.person, cast.mother, cast.clinician2):
        client.force_login(who.user)
        assert SECRET in client.get(f"/notes/{cast.held.uuid}/").content.decode()
    client.force_login(cast.person.user)
    assert "Leena asked, " in client.get(f"/notes/{cast.held.uuid}/").content.decode()
    told = set(Message.objects.filter(dedupe_key__startswith="out_of_sight:").values_list("to", "kind", "path"))
    assert told == {(who.user.email, "staff", f"/notes/{cast.held.uuid}/") for who in (cast.clinician2, cast.lead)}
    assert confirm(client, cast.clinician1, cast, cast.wrong).status_code == 302
    client.force_login(cast.clinician1.user)
    assert "Somebody else has to confirm it" in client.get(page(cast, cast.wrong)).content.decode()
    assert SECRET in client.get(f"/notes/{cast.held.uuid}/").content.decode()


def test_two_take_it_out_of_sight_of_everybody(cast, client):
    gone(client, cast)
    addresses = [f"/notes/{cast.held.uuid}/", f"/notes/{cast.held.uuid}/pdf/", f"/cases/{cast.case.uuid}/", "/my/", "/my/everything/json/",
                 "/my/everything/pdf/", page(cast, cast.wrong), f"/notes/{cast.held.uuid}/add/{cast.wrong.uuid}/",
                 f"/meetings/{cast.held.uuid}/", f"/meetings/{cast.held.uuid}/record/"]  # fmt: skip
    for who in (cast.person, cast.mother, cast.clinician1, cast.clinician2, cast.coordinator, cast.lead):
        client.force_login(who.user)
        for address in addresses:
            assert SECRET not in client.get(address).content.decode(errors="replace"), (who, address)
        with role("od_app"), acting_as(who.user.pk):
            assert not Line.objects.filter(pk=cast.wrong.pk).exists()
    assert Line.objects.get(pk=cast.wrong.pk).text == SECRET  # kept whole, where the app's role cannot read it
    client.force_login(cast.mother.user)
    assert (
        "ut of sight" not in client.get(f"/notes/{cast.held.uuid}/").content.decode()
    )  # readers see a text without a hole


def test_the_pages_leave_it_out_by_themselves(cast, client):
    """Asked as the owner of the tables, for whom row security does not hold: two locks on one door."""
    gone(client, cast)
    ask(client, cast.clinician1, cast, cast.beside)
    confirm(client, cast.clinician2, cast, cast.beside)
    bare = Client()
    note, added = f"/notes/{cast.held.uuid}/", f"/notes/{cast.held.uuid}/add/{cast.wrong.uuid}/"
    pages = [
        note,
        f"{note}pdf/",
        f"/cases/{cast.case.uuid}/",
        "/my/",
        "/my/everything/json/",
        f"/meetings/{cast.held.uuid}/record/",
    ]
    for who in (cast.person, cast.mother, cast.clinician1, cast.coordinator):
        bare.force_login(who.user)
        for address in pages:
            shown = bare.get(address).content.decode(errors="replace")
            assert SECRET not in shown, (who, address)
            assert "I never heard of it." not in shown, (who, address)
        assert [bare.get(page(cast, words)).status_code for words in (cast.wrong, cast.beside)] == [404, 404]
        assert bare.get(added).status_code == 404
    bare.force_login(cast.mother.user)
    assert "ut of sight" not in bare.get(note).content.decode()
    assert not Line.objects.shared_with(cast.mother.user).filter(pk=cast.wrong.pk).exists()


def test_the_person_is_told_that_and_why(cast, client):
    gone(client, cast)
    message = Message.objects.get(to=cast.person.user.email)
    assert (message.kind, message.path) == ("message", "/")
    client.force_login(cast.person.user)
    seen = client.get("/my/").content.decode()
    assert (
        "were taken out of sight: they belong to somebody else’s case. <bdi>These words are about another family.</bdi>"
        in seen
    )
    assert "By <bdi>Leena</bdi> and <bdi>Mikko</bdi>" in seen
    note = client.get(f"/notes/{cast.held.uuid}/").content.decode()
    assert "were taken out of sight by Leena and Mikko" in note
    assert "I never heard of it." in note  # what was said beside them stays
    taken = json.loads(client.get("/my/everything/json/").content)
    (row,) = [
        one
        for meeting in taken["networks"][0]["meetings"]
        if meeting["note"]
        for one in meeting["note"]["out_of_sight"]
    ]
    assert row["said"][1] == "These words are about another family."
    assert row["answers"][0]["words"] == "I never heard of it."
    assert "taken out of sight" in client.get(f"/cases/{cast.case.uuid}/").content.decode()


def test_the_words_before_a_change_go_with_it(cast, client):
    first = say(cast.held, "x", who=cast.mother)
    with untriggered("meetings_line"):
        Line.objects.filter(pk=first.pk).update(replaced_by=cast.wrong)
        Line.objects.filter(pk=cast.wrong.pk).update(replaces=first)
    gone(client, cast)
    assert not Line.objects.filter(pk__in=[first.pk, cast.wrong.pk], out_of_sight_at=None).exists()
    assert Line.objects.filter(out_of_sight_at=None, meeting=cast.held).count() == 4


def test_what_stands_beside_can_go_and_the_line_stays(cast, client):
    client.force_login(cast.clinician1.user)
    assert page(cast, cast.beside) in client.get(f"/notes/{cast.held.uuid}/").content.decode()
    ask(client, cast.clinician1, cast, cast.beside, why="law", reason="A number of somebody’s account.")
    assert confirm(client, cast.lead, cast, cast.beside).status_code == 302
    for who in (cast.person, cast.clinician1):
        client.force_login(who.user)
        seen = client.get(f"/notes/{cast.held.uuid}/").content.decode()
        assert "I never heard of it." not in seen
        assert SECRET in seen
    with role("od_app"), acting_as(cast.person.user.pk):
        assert not Addendum.objects.filter(pk=cast.beside.pk).exists()


# Words that are part of something more, or stand in no meeting: each with the address to ask at, and what is still to be read afterwards.


def read_back(c):
    with untriggered("meetings_readback"):
        c.held.read_backs.filter(member=c.mother).update(answer="differs", words=THEIRS)
    return c.held.read_backs.get(member=c.mother), f"/notes/{c.held.uuid}/out-of-sight/{c.mother.uuid}/"


def of_case(c, row):
    return row, f"/cases/{c.case.uuid}/out-of-sight/{row.uuid}/"


def exception(c):
    return of_case(c, DecidedWithout.objects.create(
        case=c.case, network=c.network, service=c.service, text=THEIRS, decided_by="Leena", decided_at=timezone.now() - hours(2),
        why=f"Because: {THEIRS}", brought_by=c.clinician1, recorded_by=c.clinician1,
    ))  # fmt: skip


def talked_about(c):
    row, address = exception(c)
    with untriggered("meetings_decidedwithout"):
        DecidedWithout.objects.filter(pk=row.pk).update(
            taken_up_in=c.held, taken_up_at=c.held.closed_at, taken_up_words=f"We said: {THEIRS}"
        )
    return row, address


def brought(c):
    return of_case(c, ToBring.objects.create(
        member=c.mother, network=c.network, service=c.service, text=THEIRS, in_the_room=True
    ))  # fmt: skip


def call(c):
    with untriggered("referrals_referral"):
        c.case.referrals.update(words=THEIRS, safety=f"To come safely: {THEIRS}", caller_name="Seppo Muukalainen")
    return of_case(c, c.case.referrals.get())


def contact(c):
    return of_case(c, Contact.objects.create(
        case=c.case, network=c.network, service=c.service, kind="declined", by_staff=c.coordinator, whom="Seppo Muukalainen",
        words=THEIRS, declined_by="Seppo Muukalainen", declined_what="home", offered=f"He said: {THEIRS}", next_contact="On Monday",
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("make", "stays"),
    [
        (read_back, "sees it differently"),
        (exception, "Decided without"),
        (talked_about, "Talked about"),
        (brought, ""),
        (call, "First heard"),
        (contact, "Declined"),
    ],
)
def test_whatever_words_there_are_go_by_two(cast, client, make, stays):
    row, address = make(cast)
    asks, everybody = (
        FORM | {"reason": "These words are about another family."},
        ("person", "mother", "clinician1", "coordinator", "lead"),
    )
    client.force_login(cast.clinician1.user)
    assert THEIRS in client.get(address).content.decode()
    assert client.post(address, asks).status_code == 302
    home = f"/notes/{cast.held.uuid}/" if make is read_back else f"/cases/{cast.case.uuid}/"
    told = set(Message.objects.filter(dedupe_key__startswith="out_of_sight:").values_list("to", "path"))
    assert told == {(who.user.email, home) for who in (cast.clinician2, cast.lead)}
    client.force_login(cast.clinician2.user)
    page = client.get(home).content.decode()
    assert THEIRS in page
    assert page.count(f'href="{address}"') >= 1
    assert client.post(address, {"confirm": "yes"}).status_code == 302
    pages = [home, "/my/", "/my/everything/json/", f"/meetings/{cast.booked.uuid}/", f"/meetings/{cast.booked.uuid}/record/",
             f"/meetings/{cast.booked.uuid}/prepare/", f"/cases/{cast.case.uuid}/", f"/notes/{cast.held.uuid}/",
             f"/sees/{cast.mother.uuid}/{cast.held.uuid}/", "/board/"]  # fmt: skip
    for who in everybody:
        client.force_login(getattr(cast, who).user)
        for one in pages:
            seen = client.get(one).content.decode()
            assert THEIRS not in seen, (who, one)
            assert "Muukalainen" not in seen, (who, one)
        with role("od_app"), acting_as(getattr(cast, who).user.pk):
            assert not any(THEIRS in str(found) for found in type(row).objects.values())
    kept = ToBring.objects.get(pk=row.pk).text if make is brought else SetAside.objects.get().words
    assert THEIRS in str(kept), "kept whole, where the app's role cannot read it"
    client.force_login(cast.person.user)
    seen = client.get(home).content.decode()
    assert stays in seen
    assert "aken out of sight" in seen
    assert "These words are about another family." in client.get("/my/").content.decode()
    client.force_login(cast.mother.user)
    assert "ut of sight" not in client.get(f"/notes/{cast.held.uuid}/").content.decode(), "readers see no hole"
    client.force_login(cast.clinician1.user)
    assert client.get(address).status_code == 404, "once gone there is nothing to ask for"


def test_what_is_counted_stays_counted(cast, client):
    """No figure looks better for it: the exception stands open, and the clock of the call runs as before."""
    row, address = exception(cast)
    _, of_call = call(cast)
    timer = list(cast.case.timers.values())
    for one in (address, of_call):
        ask_at(client, cast, one)
    cast.case.refresh_from_db()
    assert cast.case.open_exceptions == 1
    assert DecidedWithout.objects.get(pk=row.pk).taken_up_in is None
    assert list(cast.case.timers.values()) == timer


def ask_at(client, cast, address, why="wrong_case"):
    client.force_login(cast.clinician1.user)
    client.post(address, FORM | {"why": why})
    client.force_login(cast.clinician2.user)
    assert client.post(address, {"confirm": "yes"}).status_code == 302


def test_where_the_law_forbids_words_the_number_to_call_back_stays(cast, client):
    row, address = call(cast)
    ask_at(client, cast, address, why="law")
    seen = cast.case.referrals.get()
    assert (seen.words, seen.safety) == ("Taken out of sight.", "")
    assert (seen.call_back, seen.caller_name) == (row.call_back, "Seppo Muukalainen")


def test_a_copy_on_a_device_is_old_when_words_are_gone(cast, client):
    client.force_login(cast.clinician1.user)
    make_meeting(cast.case, cast.clinician1, starts_at=timezone.now() + hours(1))
    stamp = client.get("/on-this-device/today/").json()["meetings"][0]["stamp"]
    ask_at(client, cast, brought(cast)[1])
    assert client.get("/on-this-device/today/").json()["meetings"][0]["stamp"] != stamp


def test_nobody_hides_what_they_write_as_they_write_it(cast):
    """The app's role cannot bring along what the database fills in."""
    with role("od_app"), acting_as(cast.mother.user.pk):
        row = ToBring.objects.create(
            member=cast.mother, network=cast.network, service=cast.service, text="So.", out_of_sight_at=timezone.now()
        )
    assert ToBring.objects.get(pk=row.pk).out_of_sight_at is None


@pytest.mark.parametrize("who", ["person", "mother", "friend", "clinician3", "former", "coordinator2", "person2"])
def test_nobody_else_asks_or_confirms(cast, client, who):
    by = getattr(cast, who)
    assert ask(client, by, cast, cast.wrong).status_code == 404
    asked = OutOfSight.objects.create(
        meeting=cast.held, network=cast.network, service=cast.service, line=cast.wrong, why="law", words="A name.", asked_by=cast.clinician1
    )  # fmt: skip
    assert confirm(client, by, cast, cast.wrong).status_code == 404
    with role("od_app"), acting_as(by.user.pk):
        for attempt in (
            lambda: sharing.confirm_out_of_sight(asked=asked, by=by.user),
            lambda: sharing.ask_out_of_sight(words=cast.wrong, why="law", reason="A name.", by=by.user),
        ):
            with pytest.raises((PermissionDenied, Refusal)):
                attempt()
    asked.refresh_from_db()
    assert asked.done_at is None


def test_what_is_missing_is_said_and_the_typed_text_stays(cast, client):
    refused = ask(client, cast.clinician1, cast, cast.wrong, reason=f"It says: {SECRET}")
    assert "This repeats the words themselves. Say why without them." in refused.content.decode()
    refused = ask(client, cast.clinician1, cast, cast.wrong, why="", reason="About others.")
    assert "Choose one of the reasons." in refused.content.decode()
    assert "About others." in refused.content.decode()
    assert not OutOfSight.objects.exists()


def test_two_at_the_desk_are_not_enough(cast, client):
    ask(client, cast.coordinator, cast, cast.wrong)
    assert confirm(client, cast.clinician2, cast, cast.wrong).status_code == 302
    assert OutOfSight.objects.get().second == cast.clinician2


def test_too_late_the_words_stay_and_it_can_be_asked_anew(cast, client):
    OutOfSight.objects.create(
        meeting=cast.held, network=cast.network, service=cast.service, line=cast.wrong, why="law", words="A name.",
        asked_by=cast.clinician1, asked_at=timezone.now() - hours(73),
    )  # fmt: skip
    assert confirm(client, cast.clinician2, cast, cast.wrong).status_code == 200
    client.force_login(cast.person.user)
    seen = client.get(f"/notes/{cast.held.uuid}/").content.decode()
    assert "Nobody else confirmed it in time. The words stay." in seen
    assert SECRET in seen
    gone(client, cast)
