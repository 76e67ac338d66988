"""What a device without signal wrote: taken from its author, for its meeting, once, by the rules of the room; all else stays there."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from meetings.actions.entries import Sealed, open_entry
from meetings.models import Presence
from network.models import Reading
from network.rules import Refusal
from network.sealing import new_private_key
from tests.factories import make_meeting, start
from tests.meetings.recording import JSON, acting, record
from tests.sealed import entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings):
    from tests.factories import make_cast

    settings.SEALING_KEYS = new_private_key()
    cast = make_cast()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - minutes(60))
    return cast


def minutes(n):
    return timedelta(minutes=n)


def at(ago):
    """What a device says of the moment `ago` minutes ago, with a right clock."""
    return {"said_at": (timezone.now() - minutes(ago)).isoformat(), "offset_ms": "0"}


def voice(cast, text="I am so tired.", ago=5, **extra):
    return {"do": "line", "kind": "voice", "voice": f"member:{cast.person.uuid}", "text": text} | at(ago) | extra


def tap(do, who, ago):
    side = "staff" if hasattr(who, "is_clinician") else "member"
    return {"do": do, "who": f"{side}:{who.uuid}"} | at(ago)


def of(cast, fields, author=None, **other):
    return entry(cast.meeting, author or cast.clinician1, fields, **other)


def send(client, cast, *entries, author=None, meeting=None, **more):
    author = author or cast.clinician1
    body = {"author": str(author.uuid), "entries": entries} | more
    return client.post(
        record(meeting or cast.meeting, "entries/"), json.dumps(body), content_type="application/json", headers=JSON
    )


def results(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.fixture
def leena(cast, client):
    client.force_login(cast.clinician1.user)
    return client


# -- What is taken ------------------------------------------------------------------------------------------------------------


def test_a_whole_meeting_without_signal(cast, leena):
    """Arrivals, a voice, a decision, a departure: by the time each was made, and the clock stops when they met."""
    answer = send(
        leena, cast,
        of(cast, tap("arrive", cast.person, 40)), of(cast, tap("arrive", cast.clinician1, 39)), of(cast, voice(cast, ago=30)),
        of(cast, {"do": "line", "kind": "decision", "text": "We meet tomorrow."} | at(20)),
        of(cast, tap("leave", cast.person, 10)),
        of(cast, {"do": "line", "kind": "decision", "text": "Without her."} | at(5)),
    )  # fmt: skip
    assert [one["done"] for one in results(answer)] == [True] * 6
    lines = {line.text: line for line in cast.meeting.lines.all()}
    assert [lines[text].state for text in ("I am so tired.", "We meet tomorrow.")] == ["kept", "accepted"]
    assert (lines["Without her."].state, lines["Without her."].refused_why) == ("refused", "decision_with_the_person")
    assert {line.offline for line in lines.values()} == {True}
    cast.meeting.refresh_from_db()
    assert timezone.now() - cast.meeting.started_at > minutes(39)
    cast.timer.refresh_from_db()
    assert cast.timer.outcome == "met"
    assert f"member:{cast.person.uuid}" not in answer.json()["present"]


def test_the_same_entries_twice_are_one_of_each(cast, leena):
    entries = [
        of(cast, tap("arrive", cast.person, 40)), of(cast, voice(cast)), of(cast, tap("leave", cast.person, 4)),
        of(cast, tap("arrive", cast.person, 3)),
    ]  # fmt: skip
    first, second = (results(send(leena, cast, *entries)) for _ in range(2))
    assert first == second
    assert cast.meeting.lines.count() == 1
    assert cast.meeting.presences.count() == 2
    assert cast.meeting.presences.filter(left_at=None).count() == 1, "she came back, and is not sent out again"


def test_a_departure_that_comes_later_marks_the_decision(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    send(leena, cast, of(cast, {"do": "line", "kind": "decision", "text": "So."} | at(10)))
    send(leena, cast, of(cast, tap("leave", cast.person, 20)))
    line = cast.meeting.lines.get()
    assert (line.state, line.contested_why) == ("accepted", "decision_with_the_person")


def test_an_entry_still_open_is_taken_as_well(cast, leena):
    """Where nothing can be stored, the words come as they are in the page."""
    start(cast.meeting, cast.person, cast.clinician1)
    uuid = str(uuid4())
    assert results(send(leena, cast, {"uuid": uuid, "open": voice(cast), "waited": False}))[0]["done"]
    assert str(cast.meeting.lines.get(offline=False).uuid) == uuid


def test_a_tap_by_mistake_is_taken_back(cast, leena):
    came = of(cast, tap("arrive", cast.mother, 9))
    send(leena, cast, came, of(cast, {"do": "mistake", "presence": came["uuid"]} | at(8)))
    assert Presence.objects.get(uuid=came["uuid"]).mistaken_at


def test_words_of_somebody_who_left_the_network_since_are_not_lost(cast, leena):
    start(cast.meeting, cast.person, cast.friend, cast.clinician1, at=timezone.now() - minutes(30))
    said = of(cast, voice(cast, voice=f"member:{cast.friend.uuid}"))
    cast.friend.left_at, cast.friend.left_reason = timezone.now(), "He moves away"
    cast.friend.save()
    assert results(send(leena, cast, said))[0]["done"]
    assert cast.meeting.lines.get().voice == "Jussi"


def test_a_clock_never_measured_is_corrected_by_what_is_measured_when_it_comes(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    ahead = {"said_at": (timezone.now() + minutes(170)).isoformat(), "offset_ms": ""}
    send(leena, cast, of(cast, voice(cast) | ahead), offset_ms=180 * 60_000)
    line = cast.meeting.lines.get()
    assert minutes(9) < timezone.now() - line.said_at < minutes(12)
    assert line.offset_ms == 180 * 60_000


def test_a_draft_is_given_back_to_its_author_and_kept_nowhere(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1)
    [one] = results(send(leena, cast, of(cast, {"do": "draft", "text": "I was about to"})))
    assert (one["done"], one["fields"]["text"]) == (True, "I was about to")
    assert not cast.meeting.lines.exists()


# -- What is not, and stays on the device -------------------------------------------------------------------------------------


def refused(answer):
    [one] = results(answer)
    assert one["done"] is False
    return one["sentence"]


def test_of_another_author_in_this_session(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1)
    theirs = of(cast, voice(cast), author=cast.clinician2)
    assert (
        refused(send(leena, cast, theirs)) == "Somebody else wrote this. It goes out when they sign in on this device."
    )
    assert "cannot be opened" in refused(send(leena, cast, theirs | {"author": str(cast.clinician1.uuid)}))
    assert not cast.meeting.lines.exists()


def test_with_somebody_else_signed_in_all_of_it_waits(cast, client):
    start(cast.meeting, cast.person, cast.clinician1)
    client.force_login(cast.clinician2.user)
    assert send(client, cast, of(cast, voice(cast))).status_code == 409
    client.logout()
    assert send(client, cast, of(cast, voice(cast))).status_code == 302
    assert not cast.meeting.lines.exists()


def test_of_another_meeting_or_case(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1)
    other = entry(cast.booked, cast.clinician1, voice(cast))
    assert "written in another meeting" in refused(send(leena, cast, other))
    assert "cannot be opened" in refused(send(leena, cast, other | {"meeting": str(cast.meeting.uuid)}))
    assert "written in another meeting" in refused(send(leena, cast, of(cast, voice(cast), case=str(cast.case2.uuid))))
    assert "cannot be opened" in refused(send(leena, cast, of(cast, voice(cast)) | {"uuid": str(uuid4())}))
    assert not cast.meeting.lines.exists()


def test_touched_or_to_a_key_we_do_not_have(cast, leena, settings, caplog):
    start(cast.meeting, cast.person, cast.clinician1)
    good = of(cast, voice(cast))
    assert "cannot be opened" in refused(send(leena, cast, good | {"sealed": good["sealed"][:-4] + "AAAA"}))
    assert "cannot be opened" in refused(send(leena, cast, of(cast, ["not", "words"])))
    old, settings.SEALING_KEYS = settings.SEALING_KEYS, new_private_key()
    assert "no longer has the key" in refused(send(leena, cast, good))
    assert not cast.meeting.lines.exists()
    assert "sealed_as_written" in caplog.text
    assert "I am so tired." not in caplog.text
    settings.SEALING_KEYS = f"{settings.SEALING_KEYS} {old}"
    assert results(send(leena, cast, good))[0]["done"], "with its key back it is taken"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "x" * 20_001}, "20,000 is the most"),
        ({"voice": ""}, "Say whose words these are."),
        ({"voice": "member:nobody"}, "Whoever this is about is not in this network."),
        ({"voice": f"member:{uuid4()}"}, "Whoever this is about is not in this network."),
        ({"do": "anything"}, "could not be read"),
        ({"do": "leave"}, "could not be read"),
        ({"do": "mistake", "presence": "x"}, "could not be read"),
    ],
)
def test_what_cannot_be_taken_says_why_gives_the_words_back_and_holds_up_nothing(cast, leena, fields, sentence):
    start(cast.meeting, cast.person, cast.clinician1)
    first, second = results(send(leena, cast, of(cast, voice(cast) | fields), of(cast, voice(cast, "After it."))))
    assert (first["done"], sentence in first["sentence"], second["done"]) == (False, True, True)
    assert first["fields"]["text"] == fields.get("text", "I am so tired.")
    assert [line.text for line in cast.meeting.lines.all()] == ["After it."]


def test_before_the_meeting_has_started(cast, leena):
    assert refused(send(leena, cast, of(cast, voice(cast)))) == "This meeting has not started yet."


def test_an_id_used_elsewhere_takes_nothing_over(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1)
    taken = entry(cast.booked, cast.clinician1, voice(cast))
    start(cast.booked, cast.person, cast.clinician1)
    send(leena, cast, taken, meeting=cast.booked)
    again = {"uuid": taken["uuid"], "open": voice(cast), "waited": True}
    assert refused(send(leena, cast, again)) == "These words are kept already, in another place."


@pytest.mark.parametrize("who", ["clinician3", "former", "clinician4", "coordinator", "lead", "person", "mother"])
def test_only_those_who_came(cast, client, who):
    somebody = getattr(cast, who)
    client.force_login(somebody.user)
    answer = send(client, cast, {"uuid": str(uuid4()), "open": voice(cast)}, author=somebody)
    assert answer.status_code == (403 if who in ("coordinator", "lead") else 404)
    if who not in ("person", "mother"):
        sealed = {name: value for name, value in of(cast, voice(cast), author=somebody).items() if name != "waited"}
        with pytest.raises(PermissionDenied), acting(somebody.user):
            open_entry(entry=Sealed(**sealed), meeting=cast.meeting, by=somebody.user)


@pytest.mark.parametrize("change", ["author", "meeting", "case", "key", "uuid", "sealed"])
def test_the_action_opens_nothing_that_was_changed(cast, change):
    sealed = {name: value for name, value in of(cast, voice(cast)).items() if name != "waited"}
    with acting(cast.clinician1.user):
        assert open_entry(entry=Sealed(**sealed), meeting=cast.meeting, by=cast.clinician1.user)["text"]
        with pytest.raises(Refusal, match="sealed_"):
            open_entry(entry=Sealed(**sealed | {change: str(uuid4())}), meeting=cast.meeting, by=cast.clinician1.user)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"author": 1}', '{"entries": 1, "author": ""}', '{"entries": [1], "author": ""}',
                                  '{"entries": [], "author": "", "offset_ms": "x"}'])  # fmt: skip
def test_what_is_no_list_of_entries(leena, cast, body):
    answer = leena.post(record(cast.meeting, "entries/"), body, content_type="application/json", headers=JSON)
    assert (answer.status_code, answer.json()["sentence"]) == (400, "This could not be read. It stays on this device.")


def test_the_page_seals_to_the_key_of_now_and_without_one_says_nothing_of_it(cast, leena, settings):
    assert "data-seal-to=" in leena.get(record(cast.meeting)).content.decode()
    settings.SEALING_KEYS = ""
    assert "data-seal-to=" not in leena.get(record(cast.meeting)).content.decode()


def test_what_is_on_the_device_is_no_reading_of_a_record(cast, leena):
    page = leena.get("/on-this-device/")
    assert "Elina" not in page.content.decode()
    assert not Reading.objects.filter(reader=cast.clinician1.user).exists()
