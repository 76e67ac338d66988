"""Two devices that knew nothing of each other, and a meeting closed while one was away: nothing is dropped or written over."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from meetings.models import Line
from meetings.note import read_note
from network.models import Member
from network.sealing import new_private_key
from referrals.models import ResponseTimer
from tests.factories import close, hours, make_cast, make_meeting, say, share, start
from tests.meetings import breaks as b
from tests.meetings.recording import acting, record
from tests.meetings.test_entries import at, minutes, of, refused, results, send, tap, voice

pytestmark = pytest.mark.django_db
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def cast(settings):
    settings.SEALING_KEYS = new_private_key()
    cast = make_cast()
    cast.meeting = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() - minutes(60))
    return cast


@pytest.fixture
def leena(cast, client):
    client.force_login(cast.clinician1.user)
    return client


@pytest.fixture
def mikko(cast):
    from django.test import Client

    client = Client()
    client.force_login(cast.clinician2.user)
    return client


def noon_in_two_days():
    """At an hour that every day has once."""
    return timezone.localtime(timezone.now() + hours(48), HELSINKI).replace(hour=12, minute=0, second=0, microsecond=0)


def begun(cast, *more):
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, *more, at=timezone.now() - minutes(50))


def by_mikko(cast, fields):
    return of(cast, fields, author=cast.clinician2)


def taken(answer):
    found = results(answer)
    assert all(one["done"] for one in found), found
    return found


def key(who):
    return f"{'staff' if hasattr(who, 'is_clinician') else 'member'}:{who.uuid}"


def answers(cast, ago, **said):
    """Read back to the three who were there; `mother="differs: words"`."""
    fields = {"do": "read_back"} | at(ago)
    for name in ("person", "mother", "clinician1"):
        answer, _, words = said.get(name, "agreed").partition(": ")
        fields |= {f"answer:{key(getattr(cast, name))}": answer, f"words:{key(getattr(cast, name))}": words}
    return fields


def end(cast, ago, *, heard=None, **said):
    lines = heard if heard is not None else [str(one.uuid) for one in cast.meeting.lines.standing()]
    said = {
        "next": "none",
        "next_at": "",
        "no_next_decided_by": "All of us",
        "who_comes": "",
        "night_number": "016 555 0100",
    } | said
    return {"do": "close", "heard": " ".join(lines)} | at(ago) | said


# -- A whole meeting ----------------------------------------------------------------------------------------------------------


def test_everything_a_meeting_has_from_the_first_tap_to_the_close(cast, leena):
    exception = b.exception(cast)
    first, came = (
        of(cast, voice(cast, ago=30)),
        of(cast, {"do": "guest", "name": "Kalle", "relation": "a neighbour", "circle": "other"} | at(38)),
    )
    new = str(uuid4())
    changed = of(cast, {"do": "change", "line": first["uuid"], "text": "I am so very tired."} | at(29), uuid=new)
    entries = [
        of(cast, tap("arrive", cast.person, 40)), of(cast, tap("arrive", cast.mother, 40)), of(cast, tap("arrive", cast.clinician1, 39)),
        came, first, of(cast, voice(cast, "I bring soup.", ago=25, voice=f"member:{came['uuid']}")),
        of(cast, {"do": "take_up", "exception": str(exception.uuid), "words": "I was afraid."} | at(20)),
        of(cast, {"do": "change", "line": first["uuid"], "text": "I am so very tired."} | at(29)),
        of(cast, answers(cast, 5) | {f"answer:member:{came['uuid']}": "left_before"}),
    ]  # fmt: skip
    assert changed["uuid"] == new
    for _ in range(2):  # the answers were lost on the way back
        for batch in (entries[:4], entries[4:]):
            taken(send(leena, cast, *batch))
    lines = [str(one.uuid) for one in cast.meeting.lines.standing()]
    said = end(cast, 2, heard=lines, who_comes="The same")
    last = of(cast, said)
    first_answer, second_answer = (taken(send(leena, cast, last)) for _ in range(2))
    assert first_answer[0]["go"] == second_answer[0]["go"] == f"/notes/{cast.meeting.uuid}/"
    cast.meeting.refresh_from_db()
    exception.refresh_from_db()
    assert (cast.meeting.status, cast.meeting.closed_by, cast.meeting.who_comes) == (
        "closed",
        cast.clinician1,
        "The same",
    )
    assert cast.meeting.closed_at == datetime.fromisoformat(said["said_at"]), "when it was closed in the kitchen"
    assert (exception.taken_up_in, exception.taken_up_words) == (cast.meeting, "I was afraid.")
    assert timezone.now() - exception.taken_up_at > minutes(19)
    kalle = Member.objects.get(uuid=came["uuid"])
    assert (kalle.name, kalle.wanted, kalle.network) == ("Kalle", True, cast.network)
    assert {one.text for one in cast.meeting.lines.standing()} == {"I bring soup.", "I am so very tired."}
    assert cast.meeting.lines.count() == 3
    assert not cast.meeting.lines.filter(late=True).exists()


def test_the_persons_word_to_what_was_entered_afterwards(cast, leena):
    waits = b.waiting(cast)
    begun(cast)
    entry = of(cast, {"do": "confirm", "line": str(waits.uuid)} | at(20))
    for _ in range(2):
        taken(send(leena, cast, entry))
    waits.refresh_from_db()
    assert (waits.state, waits.confirmed_in) == ("confirmed", cast.meeting)
    assert timezone.now() - waits.confirmed_at > minutes(19)


@pytest.mark.parametrize("do", ["confirm", "take_up", "choose", "change"])
def test_not_while_the_person_was_out_of_the_room(cast, leena, do):
    begun(cast)
    exception, waits, decided = (
        b.exception(cast),
        b.waiting(cast),
        say(cast.meeting, "We meet.", kind="decision", at=timezone.now() - minutes(40)),
    )
    send(leena, cast, of(cast, tap("leave", cast.person, 30)))
    fields = {"confirm": {"line": waits.uuid}, "take_up": {"exception": exception.uuid, "words": "So."}, "choose": {"line": decided.uuid},
              "change": {"line": decided.uuid, "text": "We never meet."}}[do]  # fmt: skip
    answer = send(leena, cast, of(cast, {"do": do} | {name: str(value) for name, value in fields.items()} | at(10)))
    if do in ("choose", "change"):  # words: kept as a refused line
        assert results(answer)[0]["refused"]
        assert cast.meeting.lines.filter(state="refused", refused_why="decision_with_the_person").exists()
        assert Line.objects.get(pk=decided.pk).replaced_by is None
    else:
        assert refused(answer) == "Only in a meeting that is going on, with the person in the room."


def test_what_is_wrong_in_a_form_is_said_as_on_its_page(cast, leena):
    begun(cast)
    for fields, sentence in (
        ({"do": "guest", "name": " ", "relation": "", "circle": "other"}, "Write a name, or what people call them."),
        ({"do": "change", "line": str(say(cast.meeting, "A.", who=cast.person).uuid), "text": ""}, "Write something first."),
        ({"do": "change", "line": str(uuid4()), "text": "B."}, "Whoever this is about is not in this network."),
        ({"do": "take_up", "exception": str(b.exception(cast).uuid), "words": ""}, "Write what was said about it."),
        (answers(cast, 2, mother="differs: "), "Write in their words what they see differently."),
        (answers(cast, 2, mother=""), "Ask them too, or say that they left."),
        (answers(cast, 2) | {f"answer:{key(cast.friend)}": "agreed"}, "They were not at this meeting."),
        (end(cast, 2), "Read back to each one who was there, and write down what they said."),
        (end(cast, 2, next=""), "Choose when you meet next, or say that there is no next meeting."),
        (end(cast, 2, no_next_decided_by=""), "Say who decided that there is no next meeting."),
        (end(cast, 2, next="new"), "Say when you meet next."),
        (end(cast, 2, night_number=""), "Write whom to call at night."),
        ({name: value for name, value in end(cast, 2).items() if name != "heard"}, "This could not be read. It stays on this device."),
    ):  # fmt: skip
        assert refused(send(leena, cast, of(cast, at(2) | fields))) == sentence, fields
    cast.meeting.refresh_from_db()
    assert (cast.meeting.status, cast.meeting.read_backs.count()) == ("started", 0)


def test_the_next_meeting_is_booked_with_the_close(cast, leena):
    begun(cast)
    local = noon_in_two_days()
    entry = of(cast, end(cast, 2, next="new", next_at=f"{local:%Y-%m-%dT%H:%M}", no_next_decided_by=""))
    taken(send(leena, cast, of(cast, answers(cast, 3))))
    for _ in range(2):
        taken(send(leena, cast, entry))
    cast.meeting.refresh_from_db()
    assert cast.meeting.next_meeting.starts_at == local
    assert cast.meeting.network.meetings.filter(starts_at=local).count() == 1
    assert not cast.meeting.lines.exists(), "the same close again says nothing new"


def test_a_next_time_that_is_taken_keeps_it_open_and_gives_the_words_back(cast, leena):
    begun(cast)
    local = noon_in_two_days()
    make_meeting(cast.case, cast.clinician2, starts_at=local)
    send(leena, cast, of(cast, answers(cast, 3)))
    [one] = results(
        send(leena, cast, of(cast, end(cast, 2, next="new", next_at=f"{local:%Y-%m-%dT%H:%M}", who_comes="Jussi too")))
    )
    assert (one["done"], one["fields"]["who_comes"]) == (False, "Jussi too")
    assert "One of the team has another meeting" in one["sentence"]
    cast.meeting.refresh_from_db()
    assert cast.meeting.status == "started"


# -- Two devices --------------------------------------------------------------------------------------------------------------


def test_the_record_is_the_union_in_the_order_it_was_said(cast, leena, mikko):
    begun(cast, cast.clinician2)
    taken(send(leena, cast, of(cast, voice(cast, "First.", ago=30)), of(cast, voice(cast, "Third.", ago=20))))
    mine = [by_mikko(cast, voice(cast, words, ago=ago)) for words, ago in (("Second.", 25), ("Fourth.", 15))]
    taken(send(mikko, cast, *mine, author=cast.clinician2))
    page = leena.get(record(cast.meeting)).content.decode()
    places = [page.index(words) for words in ("First.", "Second.", "Third.", "Fourth.")]
    assert places == sorted(places)


@pytest.fixture
def two_versions(cast, leena, mikko):
    """Both changed the same line, and neither phone had signal."""
    begun(cast, cast.clinician2)
    line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(30))
    hers = of(cast, {"do": "change", "line": str(line.uuid), "text": "I whispered."} | at(20))
    his = by_mikko(cast, {"do": "change", "line": str(line.uuid), "text": "I spoke low."} | at(22))
    taken(send(leena, cast, hers))
    taken(send(mikko, cast, his, author=cast.clinician2))
    return line, hers, his


def test_both_stand_side_by_side_with_who_wrote_them(cast, leena, two_versions):
    page = leena.get(record(cast.meeting)).content.decode()
    assert "Written down in 2 ways; this one by <bdi>Leena</bdi>." in page
    assert "Written down in 2 ways; this one by <bdi>Mikko</bdi>." in page
    assert page.count("These words are right") == 2
    assert "in two ways" in leena.get(record(cast.meeting, "read-back/")).content.decode()


def test_left_open_both_stand_in_the_note(cast, leena, two_versions):
    taken(
        send(
            leena,
            cast,
            of(cast, answers(cast, 3) | {f"answer:{key(cast.clinician2)}": "agreed"}),
            of(cast, end(cast, 2)),
        )
    )
    with acting(cast.person.user):
        lines = read_note(cast.person.user, cast.meeting.uuid).lines
    assert {one.words for one in lines} == {"I whispered.", "I spoke low."}
    assert {one.versions for one in lines} == {
        "Written down in 2 ways; this one by Leena. All stand.", "Written down in 2 ways; this one by Mikko. All stand.",
    }  # fmt: skip


@pytest.mark.parametrize("plain", [True, False], ids=["page", "device"])
def test_the_network_chooses_and_the_others_stay_in_the_record(cast, leena, two_versions, plain):
    _, _, his = two_versions
    if plain:
        leena.post(record(cast.meeting, f"lines/{his['uuid']}/choose/"))
    else:
        entry = of(cast, {"do": "choose", "line": his["uuid"]} | at(10))
        for _ in range(2):
            taken(send(leena, cast, entry))
    [stands] = cast.meeting.lines.standing()
    assert (stands.text, stands.chosen, stands.recorded_by) == ("I spoke low.", True, cast.clinician1)
    assert set(cast.meeting.lines.values_list("text", flat=True)) == {"She whispered.", "I whispered.", "I spoke low."}
    with acting(cast.person.user):
        [shown] = read_note(cast.person.user, cast.meeting.uuid).lines
    assert [(one.verb, one.words) for one in shown.answers] == [
        ("first said", "She whispered."),
        ("also written down", "I whispered."),
    ]


def test_the_same_choice_on_both_phones_is_one_and_another_choice_stands_beside(cast, leena, mikko, two_versions):
    _, hers, his = two_versions
    taken(send(leena, cast, of(cast, {"do": "choose", "line": his["uuid"]} | at(10))))
    taken(send(mikko, cast, by_mikko(cast, {"do": "choose", "line": his["uuid"]} | at(9)), author=cast.clinician2))
    assert cast.meeting.lines.standing().count() == 1
    taken(send(mikko, cast, by_mikko(cast, {"do": "choose", "line": hers["uuid"]} | at(8)), author=cast.clinician2))
    assert {one.text for one in cast.meeting.lines.standing()} == {"I spoke low.", "I whispered."}, "they choose again"


def test_of_two_answers_the_later_stands_and_the_other_is_kept_beside(cast, leena, mikko):
    begun(cast)
    hers, his = of(cast, answers(cast, 5)), by_mikko(cast, answers(cast, 4, mother="differs: I did not whisper."))
    taken(send(leena, cast, hers))
    taken(send(mikko, cast, his, author=cast.clinician2))
    taken(send(leena, cast, hers))  # its answer had been lost
    assert cast.meeting.read_backs.get(member=cast.mother).words == "I did not whisper."
    beside = cast.meeting.lines.get()
    assert (beside.kind, beside.voice, beside.text, beside.late) == ("answered", "Marja", "Agreed.", False)
    taken(send(leena, cast, of(cast, end(cast, 2))))


def test_an_answer_given_anew_by_the_same_hand_leaves_nothing_behind(cast, leena):
    begun(cast)
    taken(send(leena, cast, of(cast, answers(cast, 5)), of(cast, answers(cast, 4, mother="differs: No."))))
    assert cast.meeting.read_backs.get(member=cast.mother).words == "No."
    assert not cast.meeting.lines.exists()


def test_the_second_close_joins_and_what_it_says_otherwise_stands_beside(cast, leena, mikko):
    begun(cast)
    taken(send(leena, cast, of(cast, answers(cast, 6)), of(cast, end(cast, 5))))
    same = by_mikko(cast, answers(cast, 6)), by_mikko(cast, end(cast, 4))
    taken(send(mikko, cast, *same, author=cast.clinician2))
    assert not cast.meeting.lines.exists()
    other = (
        by_mikko(cast, answers(cast, 6, mother="differs: I did not whisper.")),
        by_mikko(cast, end(cast, 4, night_number="112")),
    )
    for _ in range(2):
        taken(send(mikko, cast, *other, author=cast.clinician2))
    answer, told = cast.meeting.lines.order_by("kind")
    assert (answer.kind, answer.voice, answer.text) == ("answered", "Marja", "I did not whisper.")
    assert told.text == "It was closed on another phone as well, with this: Whom to call at night: 112."
    assert {one.late for one in (answer, told)} == {True}
    assert cast.meeting.read_backs.get(member=cast.mother).answer == "agreed"


def test_what_another_phone_brought_was_not_on_the_page_that_was_read(cast, leena, mikko):
    begun(cast)
    read = [of(cast, voice(cast, "Read aloud.", ago=30))]
    taken(send(leena, cast, *read))
    taken(send(mikko, cast, by_mikko(cast, voice(cast, "On my phone only.", ago=29)), author=cast.clinician2))
    taken(send(leena, cast, of(cast, answers(cast, 4)), of(cast, end(cast, 3, heard=[read[0]["uuid"]]))))
    assert dict(cast.meeting.lines.values_list("text", "late")) == {"Read aloud.": False, "On my phone only.": True}


def test_nobody_calls_a_line_unread_in_a_meeting_that_is_not_theirs_or_is_over(cast):
    begun(cast)
    line = say(cast.meeting, "Read aloud.", who=cast.person)
    for meeting, who in ((cast.meeting, cast.clinician3), (cast.meeting, cast.person), (cast.held, cast.clinician1)):
        with acting(who.user), connection.cursor() as cursor:
            cursor.execute("SELECT od.leave_unread(%s, %s)", [meeting.pk, []])
    assert not Line.objects.filter(late=True).exists()
    assert line.pk


def test_decided_after_the_close_in_the_kitchen_is_contested(cast, leena, mikko):
    """One phone closed at nine and had no signal; the other went on."""
    begun(cast)
    taken(
        send(
            mikko,
            cast,
            by_mikko(cast, {"do": "line", "kind": "decision", "text": "And so."} | at(3)),
            author=cast.clinician2,
        )
    )
    taken(send(leena, cast, of(cast, answers(cast, 12)), of(cast, end(cast, 10, heard=[]))))
    line = cast.meeting.lines.get()
    assert (line.state, line.contested_why, line.late) == ("accepted", "decision_in_a_meeting", True)


# -- Closed while away --------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(cast):
    begun(cast)
    cast.line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    cast.decided = say(cast.meeting, "We meet.", kind="decision", at=timezone.now() - minutes(20))
    close(cast.meeting, at=timezone.now() - minutes(2))
    return cast


def test_what_was_said_and_who_came_stands_late_with_the_time_of_the_device(closed, leena):
    new = of(closed, {"do": "guest", "name": "Kalle", "relation": "", "circle": "other"} | at(29))
    entries = [
        of(closed, tap("arrive", closed.mother, 45)), of(closed, tap("arrive", closed.friend, 30)), new, of(closed, voice(closed, ago=10)),
        of(closed, {"do": "change", "line": str(closed.line.uuid), "text": "I whispered."} | at(9)),
        of(closed, {"do": "line", "kind": "decision", "text": "So."} | at(8)), of(closed, tap("leave", closed.friend, 6)),
    ]  # fmt: skip
    for _ in range(2):
        taken(send(leena, closed, *entries))
    late = closed.meeting.lines.filter(late=True)
    assert [(one.kind, one.text) for one in late.order_by("said_at")] == [
        ("told", "Jussi came in."), ("told", "Kalle came in."), ("voice", "I am so tired."), ("voice", "I whispered."),
        ("decision", "So."), ("left", "Jussi left."),
    ]  # fmt: skip
    assert not late.exclude(seen_by_person_at=None).exists()
    assert closed.line.replacements.get().late
    assert Line.objects.get(pk=closed.line.pk).replaced_by is None, "what was read back stays"
    assert closed.meeting.presences.filter(late=True).count() == 2


def test_members_read_none_of_it_until_the_person_has_seen_it(closed, leena):
    share(closed.meeting, closed.mother)
    taken(
        send(leena, closed, of(closed, tap("arrive", closed.friend, 30)), of(closed, voice(closed, "So late.", ago=10)))
    )
    with acting(closed.mother.user):
        note = read_note(closed.mother.user, closed.meeting.uuid)
        assert closed.meeting.presences.filter(late=True).count() == 0
    assert [one.words for one in note.lines] == ["She whispered.", "We meet."]
    assert "Jussi" not in note.who_was_there
    with acting(closed.person.user):
        note = read_note(closed.person.user, closed.meeting.uuid)
    late = [one for one in note.lines if one.not_read_back]
    assert [(one.kind, one.words) for one in late] == [("told", "Jussi came in."), ("voice", "So late.")]


def test_the_persons_going_out_contests_what_was_decided_meanwhile(closed, leena):
    taken(
        send(leena, closed, of(closed, tap("leave", closed.person, 25)), of(closed, tap("arrive", closed.person, 15)))
    )
    closed.decided.refresh_from_db()
    assert closed.decided.contested_why == "decision_with_the_person"
    out, back = (
        {"do": "line", "kind": "decision", "text": words} | at(ago)
        for words, ago in (("Without her.", 22), ("With her.", 10))
    )
    taken(send(leena, closed, of(closed, out), of(closed, back)))
    assert closed.meeting.lines.get(text="Without her.").state == "refused"
    assert closed.meeting.lines.get(text="With her.").state == "accepted"


def test_going_when_it_ended_is_no_news(closed, leena):
    taken(send(leena, closed, of(closed, tap("leave", closed.person, 3)), of(closed, tap("arrive", closed.person, 48))))
    assert not closed.meeting.lines.filter(late=True).exists()


def test_that_they_met_is_heard_by_the_clock_after_the_close(cast, client):
    """Only this phone had the person; the other one closed without."""
    meeting = make_meeting(cast.case2, cast.clinician4, cast.clinician5, starts_at=timezone.now() - minutes(60))
    start(meeting, cast.clinician4, at=timezone.now() - minutes(50))
    close(meeting, at=timezone.now() - minutes(2))
    clock = ResponseTimer.objects.get(case=cast.case2)
    assert clock.outcome == "running"
    client.force_login(cast.clinician4.user)
    cast.meeting = meeting
    taken(
        send(
            client,
            cast,
            of(cast, tap("arrive", cast.person2, 40), author=cast.clinician4),
            author=cast.clinician4,
            meeting=meeting,
        )
    )
    clock.refresh_from_db()
    assert (clock.outcome, timezone.now() - clock.met_at > minutes(39)) == ("met", True)


def test_a_word_to_what_was_open_is_kept_beside_and_stays_open(cast, leena):
    exception, waits = b.exception(cast), b.waiting(cast)
    begun(cast)
    versions = [of(cast, {"do": "choose", "line": str(say(cast.meeting, "Low.", who=cast.person).uuid)} | at(8))]
    close(cast.meeting, at=timezone.now() - minutes(2))
    entries = [
        of(cast, {"do": "take_up", "exception": str(exception.uuid), "words": "I was afraid."} | at(12)),
        of(cast, {"do": "confirm", "line": str(waits.uuid)} | at(11)), *versions,
    ]  # fmt: skip
    for _ in range(2):
        taken(send(leena, cast, *entries))
    assert [one.text for one in cast.meeting.lines.filter(late=True).order_by("said_at")] == [
        "About what was decided without Elina: I was afraid.", f"Elina agreed to what was decided before: “{waits.text}”",
        "Of several versions of a line these words were chosen: “Low.”",
    ]  # fmt: skip
    exception.refresh_from_db()
    waits.refresh_from_db()
    assert (exception.taken_up_in, waits.state) == (None, "to_be_confirmed")


def test_two_phones_take_up_the_same_exception(cast, leena, mikko):
    exception = b.exception(cast)
    begun(cast)
    one, other = (
        {"do": "take_up", "exception": str(exception.uuid), "words": words} | at(9)
        for words in ("I was afraid.", "She was afraid.")
    )
    taken(send(leena, cast, of(cast, one)))
    taken(send(mikko, cast, by_mikko(cast, one), by_mikko(cast, other), author=cast.clinician2))
    assert [line.text for line in cast.meeting.lines.all()] == ["About what was decided without Elina: She was afraid."]


def test_a_tap_taken_back_that_another_phone_had_made_first(cast, leena):
    begun(cast)
    came = of(cast, tap("arrive", cast.mother, 20))  # there already: the service keeps no second presence
    taken(
        send(leena, cast, came, of(cast, {"do": "mistake", "presence": came["uuid"], "who": key(cast.mother)} | at(19)))
    )
    assert cast.meeting.presences.get(member=cast.mother).mistaken_at
    assert not cast.meeting.presences.filter(uuid=UUID(came["uuid"])).exists()


def test_nothing_that_a_device_tells_is_written_in_the_composer(cast, leena):
    begun(cast)
    for kind in ("told", "left", "answered"):
        assert refused(send(leena, cast, of(cast, voice(cast, kind=kind)))) == "Choose what it is."


def test_what_was_told_names_its_time(closed, leena):
    taken(send(leena, closed, of(closed, tap("arrive", closed.friend, 30))))
    line = closed.meeting.lines.get(kind="told")
    assert timezone.now() - line.said_at > timedelta(minutes=29)
    page = leena.get(f"/notes/{closed.meeting.uuid}/").content.decode()
    assert "Told later" in page
    assert "Not read back: came late, shared with nobody until the person has seen it" in page


# -- Not interrupted ----------------------------------------------------------------------------------------------------------


def test_an_open_record_takes_what_its_device_sends_for_twelve_hours_and_no_longer(cast, client):
    """The database's clock stands still meanwhile: what is said is said before."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.force_login(cast.clinician1.user)
        assert client.get(record(cast.meeting)).status_code == 200
        come, said, later = (
            of(cast, one)
            for one in (tap("arrive", cast.person, 40), voice(cast, "Late.", ago=9), voice(cast, "Later.", ago=8))
        )
        clock.shift(hours(12) - timedelta(seconds=1))
        taken(send(client, cast, come, said))
        clock.shift(hours(1))
        assert send(client, cast, later).status_code == 302, "sign in again: the words wait on the device"
        client.force_login(cast.clinician1.user)
        taken(send(client, cast, later))
    assert {one.text for one in cast.meeting.lines.all()} == {"Late.", "Later."}


def test_the_hours_of_an_open_record_end_with_the_meeting(cast, client):
    begun(cast)
    client.force_login(cast.clinician1.user)
    client.get(record(cast.meeting))
    assert client.session["record"][0] == str(cast.meeting.uuid)
    taken(send(client, cast, of(cast, answers(cast, 3)), of(cast, end(cast, 2))))
    assert "record" not in client.session
