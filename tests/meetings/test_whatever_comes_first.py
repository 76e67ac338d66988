"""Two phones in one room, and either has signal first: the same record. What is sent again is done once. And meetings that the desk took
for something else: begun later, cancelled, with others.
"""

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from meetings.actions import record as act
from meetings.actions.beside import take_entry
from meetings.actions.booking import Appointment, book_meeting, cancel_meeting, change_who_comes
from meetings.actions.moments import When
from meetings.models import Line, TakenEntry
from meetings.note import read_note
from network.models import Member
from tests.factories import close, make_meeting, say, share, start
from tests.meetings import breaks as b
from tests.meetings.recording import JSON, acting, record
from tests.meetings.test_contested import as_app, at_once, real
from tests.meetings.test_entries import at, minutes, of, refused, results, send, tap, voice
from tests.meetings.test_presence import call
from tests.meetings.test_union import answers, by_mikko, cast, end, key, leena, mikko, taken

pytestmark = pytest.mark.django_db
__all__ = ["cast", "leena", "mikko", "real"]  # fixtures


def decision(words, ago):
    return {"do": "line", "kind": "decision", "text": words} | at(ago)


def person_there(cast, ago):
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.person_present(%s, %s)", [cast.meeting.pk, timezone.now() - minutes(ago)])
        return cursor.fetchone()[0]


# -- Who was in the room ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hers_first", [True, False], ids=["hers first", "his first"])
def test_who_was_there_is_the_same_whichever_phone_has_signal_first(cast, leena, mikko, hers_first):
    """He wrote: there from 50, out at 10, back at 5. She: there from 45, out at 30, back at 15."""
    hers = [
        of(cast, tap("arrive", cast.person, 45)), of(cast, tap("arrive", cast.clinician1, 45)), of(cast, tap("leave", cast.person, 30)),
        of(cast, tap("arrive", cast.person, 15)), of(cast, decision("With her.", 12)),
    ]  # fmt: skip
    his = [
        by_mikko(cast, fields)
        for fields in (
            tap("arrive", cast.person, 50), tap("arrive", cast.clinician2, 50), decision("He thought she was there.", 20),
            tap("leave", cast.person, 10), tap("arrive", cast.person, 5),
        )
    ]  # fmt: skip
    sendings = [lambda: send(leena, cast, *hers), lambda: send(mikko, cast, *his, author=cast.clinician2)]
    for sending in sendings if hers_first else reversed(sendings):
        taken(sending())
    assert {ago: person_there(cast, ago) for ago in (47, 40, 20, 12, 7, 1)} == {
        47: True, 40: True, 20: False, 12: True, 7: False, 1: True,
    }  # fmt: skip
    without = cast.meeting.lines.get(text="He thought she was there.")
    assert without.state == "refused" or without.contested_at, "it stays, and is marked"
    sure = cast.meeting.lines.get(text="With her.")
    assert (sure.state, sure.contested_at) == ("accepted", None)
    for sending in sendings:  # all of it once more
        taken(sending())
    assert person_there(cast, 1)
    assert cast.meeting.presences.filter(member=cast.person, left_at=None).count() == 1


def test_a_departure_that_only_one_phone_noted_is_a_line_that_is_read_back(cast, leena, mikko):
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    taken(send(mikko, cast, by_mikko(cast, tap("leave", cast.person, 10)), author=cast.clinician2))
    went = of(cast, tap("leave", cast.person, 30))
    for _ in range(2):
        taken(send(leena, cast, went))
    line = cast.meeting.lines.get()
    assert (line.kind, line.text, line.late, str(line.uuid)) == ("left", "Elina left.", False, went["uuid"])
    assert "Elina left." in leena.get(record(cast.meeting, "read-back/")).content.decode()


@pytest.mark.parametrize("ago", [11.5, 10, 8.5])
def test_the_same_departure_noted_twice_is_no_news(cast, leena, mikko, ago):
    """Two phones, two clocks: he noted that she went and came back again; what is within two minutes of it is the same going."""
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    his = [by_mikko(cast, tap("leave", cast.person, 10)), by_mikko(cast, tap("arrive", cast.person, 8))]
    taken(send(mikko, cast, *his, author=cast.clinician2))
    taken(send(leena, cast, of(cast, tap("leave", cast.person, ago))))
    assert person_there(cast, 1)
    assert not cast.meeting.lines.exists()


def test_out_and_back_within_a_moment_of_a_clock_that_was_measured_anew(cast, leena):
    """The tap that she is back seems to lie before the one that she went: she is back."""
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    went, back = tap("leave", cast.person, 10), tap("arrive", cast.person, 10.05)
    taken(send(leena, cast, of(cast, went), of(cast, back)))
    assert person_there(cast, 1)


def test_an_arrival_noted_after_they_had_gone_again_puts_nobody_back(cast, leena, mikko):
    his = [by_mikko(cast, tap(*one)) for one in (("arrive", cast.person, 50), ("leave", cast.person, 30))]
    taken(send(mikko, cast, *his, author=cast.clinician2))
    taken(send(leena, cast, of(cast, tap("arrive", cast.person, 45))))
    assert not person_there(cast, 1)
    assert cast.meeting.presences.filter(member=cast.person).count() == 1


# -- Once, though the answer was lost -----------------------------------------------------------------------------------------


def test_taps_that_left_no_row_of_their_own_are_not_done_again(cast, leena, mikko):
    """Her arrival was his, her departure was his; meanwhile things went on. Sent again, they change nothing."""
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    hers = [of(cast, tap("arrive", cast.mother, 40)), of(cast, tap("leave", cast.person, 11))]
    taken(send(mikko, cast, by_mikko(cast, tap("leave", cast.person, 12)), author=cast.clinician2))
    taken(send(leena, cast, *hers))
    his = [by_mikko(cast, tap(*one)) for one in (("arrive", cast.person, 9), ("leave", cast.mother, 8))]
    taken(send(mikko, cast, *his, author=cast.clinician2))
    before = list(cast.meeting.presences.order_by("pk").values("arrived_at", "left_at"))
    taken(send(leena, cast, *hers))
    assert list(cast.meeting.presences.order_by("pk").values("arrived_at", "left_at")) == before


def test_a_tap_taken_back_twice_takes_back_one(cast, leena, mikko):
    """His presence stands for hers, which was merged; the one of before was no mistake."""
    begun = [tap("arrive", cast.mother, 40), tap("leave", cast.mother, 30), tap("arrive", cast.mother, 20)]
    taken(send(mikko, cast, *(by_mikko(cast, one) for one in begun), author=cast.clinician2))
    came = of(cast, tap("arrive", cast.mother, 19))
    back = of(cast, {"do": "mistake", "presence": came["uuid"], "who": key(cast.mother)} | at(18))
    for _ in range(2):
        taken(send(leena, cast, came, back))
    assert [bool(one.mistaken_at) for one in cast.meeting.presences.order_by("arrived_at")] == [False, True]


def test_what_was_refused_was_not_taken(cast, leena):
    """Once there is nothing in the way, the same entry is taken."""
    waits = b.waiting(cast)
    entry = of(cast, {"do": "confirm", "line": str(waits.uuid)} | at(5))
    assert refused(send(leena, cast, entry))
    assert not TakenEntry.objects.exists()
    taken(send(leena, cast, of(cast, tap("arrive", cast.person, 9))))
    taken(send(leena, cast, entry))
    waits.refresh_from_db()
    assert waits.state == "confirmed"


def test_an_id_is_of_one_hand_and_one_meeting(cast, leena, mikko):
    entry = of(cast, tap("arrive", cast.person, 9))
    taken(send(leena, cast, entry))
    forged = {"uuid": entry["uuid"], "open": tap("leave", cast.person, 5), "waited": True}
    assert refused(send(mikko, cast, forged, author=cast.clinician2)) == "This is kept already, in another place."
    assert person_there(cast, 1)


@pytest.mark.django_db(transaction=True)
def test_at_once_it_is_taken_once(real):
    uuid, said = uuid4(), []
    take = as_app(real.clinician1.user, lambda by: said.append(take_entry(uuid, real.booked)))
    at_once(take, take, take)
    assert sorted(said) == [False, False, True]


# -- Begun earlier than the service heard -------------------------------------------------------------------------------------


@pytest.mark.parametrize("hers_first", [True, False], ids=["hers first", "his first"])
def test_it_began_when_the_first_of_them_came(cast, leena, mikko, hers_first):
    """She sat there without signal for half an hour before he came, who had some. The clock goes by when they met."""
    hers = [
        of(cast, tap("arrive", cast.person, 50)), of(cast, tap("arrive", cast.clinician1, 50)), of(cast, decision("We meet.", 40)),
    ]  # fmt: skip
    his = [by_mikko(cast, tap("arrive", who, 20)) for who in (cast.person, cast.clinician2)]
    clock = call(cast, first_heard_at=timezone.now() - minutes(55))
    sendings = [lambda: send(leena, cast, *hers), lambda: send(mikko, cast, *his, author=cast.clinician2)]
    for sending in sendings if hers_first else reversed(sendings):
        taken(sending())
    cast.meeting.refresh_from_db()
    clock.refresh_from_db()
    for moment in (cast.meeting.started_at, clock.met_at):
        assert minutes(49) < timezone.now() - moment < minutes(51)
    assert clock.outcome == "met"
    assert cast.meeting.lines.get().state == "accepted"


def test_it_does_not_begin_before_it_could(cast, leena, mikko):
    """A clock of two days ago, never measured, moves the beginning no further back than two hours before it was booked."""
    taken(send(mikko, cast, by_mikko(cast, tap("arrive", cast.person, 20)), author=cast.clinician2))
    taken(send(leena, cast, of(cast, tap("arrive", cast.mother, 2 * 24 * 60))))
    cast.meeting.refresh_from_db()
    assert minutes(119) < timezone.now() - cast.meeting.started_at < minutes(121)


# -- Cancelled at the desk while they sat there -------------------------------------------------------------------------------


@pytest.fixture
def cancelled(cast):
    with acting(cast.coordinator.user):
        cancel_meeting(meeting=cast.meeting, reason="Her mother called", by=cast.coordinator.user)
    return cast


def test_a_meeting_that_was_cancelled_meanwhile_was_held_all_the_same(cancelled, leena):
    cast = cancelled
    entries = [
        of(cast, tap("arrive", cast.person, 50)), of(cast, tap("arrive", cast.clinician1, 50)), of(cast, voice(cast, ago=40)),
        of(cast, decision("We meet.", 30)),
    ]  # fmt: skip
    clock = call(cast, first_heard_at=timezone.now() - minutes(55))
    for _ in range(2):
        taken(send(leena, cast, *entries))
    cast.meeting.refresh_from_db()
    assert (cast.meeting.status, cast.meeting.cancelled_at, cast.meeting.cancelled_reason) == (
        "started",
        None,
        "Her mother called",
    )
    assert cast.meeting.staffing.get(staff=cast.clinician1).active
    assert cast.meeting.lines.get(kind="decision").state == "accepted"
    clock.refresh_from_db()
    assert clock.outcome == "met"
    assert minutes(49) < timezone.now() - clock.met_at < minutes(51)
    assert "was held all the same" in leena.get(f"/meetings/{cast.meeting.uuid}/").content.decode()
    assert "had been cancelled: Her mother called" in leena.get(f"/cases/{cast.case.uuid}/").content.decode()
    everybody = {f"answer:{key(one.member or one.staff)}": "agreed" for one in cast.meeting.presences.all()}
    taken(send(leena, cast, of(cast, {"do": "read_back"} | at(3) | everybody), of(cast, end(cast, 2))))
    assert "had been cancelled: Her mother called" in leena.get(f"/cases/{cast.case.uuid}/").content.decode()


def test_booked_elsewhere_by_now_they_came_all_the_same(cancelled, leena):
    cast = cancelled
    with acting(cast.coordinator.user):
        book_meeting(
            case=cast.case, staff=[cast.clinician1], members=[], by=cast.coordinator.user,
            appointment=Appointment(starts_at=timezone.now() + minutes(5), travel_minutes=60),
        )  # fmt: skip
    clock = call(cast, first_heard_at=timezone.now() - minutes(55))
    taken(send(leena, cast, of(cast, tap("arrive", cast.clinician1, 20)), of(cast, tap("arrive", cast.person, 20))))
    clock.refresh_from_db()
    assert clock.outcome == "met"
    assert not cast.meeting.staffing.filter(active=True).exists()


def test_without_anybody_in_the_room_it_stays_cancelled_and_the_page_says_what_to_do(cancelled, leena):
    assert refused(send(leena, cancelled, of(cancelled, voice(cancelled)))) == (
        "This meeting was cancelled at the service. Tap who is here, and it is held all the same."
    )
    leena.post(record(cancelled.meeting))
    leena.post(record(cancelled.meeting, "arrive/"), {"who": key(cancelled.person)})
    cancelled.meeting.refresh_from_db()
    assert cancelled.meeting.status == "cancelled"


def test_a_slip_on_another_day_holds_no_meeting(cancelled, leena):
    assert refused(send(leena, cancelled, of(cancelled, tap("arrive", cancelled.person, 13 * 60 + 1)))) == (
        "This meeting is not going on. Nobody can arrive or leave now."
    )
    cancelled.meeting.refresh_from_db()
    assert cancelled.meeting.status == "cancelled"


# -- With others --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["exchanged", "started", "cancelled", "closed"])
def test_whoever_covers_no_more_gets_their_words_back(cast, client, change):
    """Sari was to come, and went; at the desk somebody else was put in her place, and her phone heard of nothing."""
    covered = make_meeting(cast.case, cast.clinician1, cast.clinician3, starts_at=timezone.now() - minutes(300))
    entries = [
        of_sari(cast, covered, one) for one in (tap("arrive", cast.person, 40), voice(cast, "So tired.", ago=30))
    ]
    by = cast.coordinator.user
    with acting(by):
        if change == "cancelled":
            cancel_meeting(meeting=covered, reason="Her mother called", by=by)
        else:
            change_who_comes(meeting=covered, staff=[cast.clinician1], by=by)
    if change == "started":
        start(covered, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    if change == "closed":
        close(
            start(covered, cast.person, cast.clinician1, at=timezone.now() - minutes(50)),
            at=timezone.now() - minutes(2),
        )
    client.force_login(cast.clinician3.user)
    tapped, said = results(send(client, cast, *entries, author=cast.clinician3, meeting=covered))
    assert (tapped["done"], said["done"], said["fields"]["text"]) == (False, False, "So tired.")
    assert (
        said["sentence"]
        == "Somebody else was to come, or nobody, as the service has it. Give these words to the team, who can write them down."
    )
    assert not covered.lines.exists()
    assert client.get(record(covered)).status_code == 404
    covered.refresh_from_db()
    assert covered.status == {"exchanged": "booked"}.get(change, change)


def of_sari(cast, meeting, fields):
    from tests.sealed import entry

    return entry(meeting, cast.clinician3, fields)


def test_a_cover_whose_answer_to_the_close_was_lost_hears_that_it_is_closed(cast, client):
    covered = make_meeting(cast.case, cast.clinician1, cast.clinician3, starts_at=timezone.now() - minutes(300))
    start(covered, cast.person, cast.clinician3, at=timezone.now() - minutes(50))
    cast.meeting = covered
    everybody = {f"answer:{key(who)}": "agreed" for who in (cast.person, cast.clinician3)}
    entries = [
        of_sari(cast, covered, one)
        for one in (tap("arrive", cast.mother, 40), tap("leave", cast.mother, 30), {"do": "read_back"} | at(5) | everybody
                    | {f"answer:{key(cast.mother)}": "left_before"}, end(cast, 4, heard=[]))
    ]  # fmt: skip
    client.force_login(cast.clinician3.user)
    first, second = (results(send(client, cast, *entries, author=cast.clinician3)) for _ in range(2))
    assert [one["done"] for one in first] == [one["done"] for one in second] == [True] * 4
    assert first[3]["go"] == second[3]["go"] == "/"


# -- What was read back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hers_first", [True, False], ids=["change first", "close first"])
def test_words_that_nobody_heard_take_the_place_of_none_that_were(cast, leena, mikko, hers_first):
    """He read the line aloud and closed; she had written other words for it, without signal."""
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    hers = of(cast, {"do": "change", "line": str(line.uuid), "text": "I whispered."} | at(20))
    his = by_mikko(cast, answers(cast, 6)), by_mikko(cast, end(cast, 5, heard=[str(line.uuid)]))
    sendings = [lambda: send(leena, cast, hers), lambda: send(mikko, cast, *his, author=cast.clinician2)]
    for sending in sendings if hers_first else reversed(sendings):
        taken(sending())
    line.refresh_from_db()
    assert (line.replaced_by, line.late) == (None, False)
    assert cast.meeting.lines.get(text="I whispered.").late
    share(cast.meeting, cast.mother)
    with acting(cast.mother.user):
        assert [one.words for one in read_note(cast.mother.user, cast.meeting.uuid).lines] == ["She whispered."]
    with acting(cast.person.user):
        read = read_note(cast.person.user, cast.meeting.uuid).lines
    assert {(one.words, one.not_read_back) for one in read} == {("She whispered.", False), ("I whispered.", True)}


def test_a_choice_that_nobody_heard_hides_no_version_that_was(cast, leena, mikko):
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    one = of(cast, {"do": "change", "line": str(line.uuid), "text": "I whispered."} | at(30))
    other = by_mikko(cast, {"do": "change", "line": str(line.uuid), "text": "I spoke low."} | at(30))
    taken(send(leena, cast, one))
    taken(send(mikko, cast, other, author=cast.clinician2))
    taken(send(leena, cast, of(cast, {"do": "choose", "line": other["uuid"]} | at(9))))
    his = by_mikko(cast, answers(cast, 6)), by_mikko(cast, end(cast, 5, heard=[one["uuid"], other["uuid"]]))
    taken(send(mikko, cast, *his, author=cast.clinician2))
    standing = {(row.text, row.chosen, row.late) for row in cast.meeting.lines.standing()}
    assert standing == {("I whispered.", False, False), ("I spoke low.", False, False), ("I spoke low.", True, True)}


def test_words_changed_twice_that_nobody_heard(cast, leena, mikko):
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    once = of(cast, {"do": "change", "line": str(line.uuid), "text": "I whispered."} | at(20))
    his = by_mikko(cast, answers(cast, 6)), by_mikko(cast, end(cast, 5, heard=[str(line.uuid)]))
    taken(send(mikko, cast, his[0], author=cast.clinician2))
    taken(send(leena, cast, once, of(cast, {"do": "change", "line": once["uuid"], "text": "I said nothing."} | at(19))))
    taken(send(mikko, cast, his[1], author=cast.clinician2))
    assert set(cast.meeting.lines.standing().values_list("text", "late")) == {
        ("She whispered.", False),
        ("I said nothing.", True),
    }


def test_what_was_first_said_is_not_unheard_for_that(cast, leena):
    """Changed before it was read aloud: the first words stand beside those that were, as before."""
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    line = say(cast.meeting, "She whispered.", who=cast.mother, at=timezone.now() - minutes(40))
    new = of(cast, {"do": "change", "line": str(line.uuid), "text": "I whispered."} | at(20))
    taken(send(leena, cast, new, of(cast, answers(cast, 6)), of(cast, end(cast, 5, heard=[new["uuid"]]))))
    line.refresh_from_db()
    assert (line.replaced_by.text, line.late, line.replaced_by.late) == ("I whispered.", False, False)


def test_what_was_told_between_read_back_and_close_was_not_heard(cast, leena, mikko):
    exception = b.exception(cast)
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    say_so = {"do": "take_up", "exception": str(exception.uuid)} | at(9)
    taken(send(leena, cast, of(cast, say_so | {"words": "I was afraid."}), of(cast, answers(cast, 5))))
    taken(send(mikko, cast, by_mikko(cast, say_so | {"words": "She was angry."}), author=cast.clinician2))
    taken(send(leena, cast, of(cast, end(cast, 3, heard=[]))))
    assert cast.meeting.lines.get(kind="told").late


def test_by_page_what_came_while_it_was_read_aloud_is_asked_for(cast, leena):
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    say(cast.meeting, "Read aloud.", who=cast.person)
    address = record(cast.meeting, "read-back/")
    fields = {f"answer_{one.uuid}": "agreed" for one in cast.meeting.presences.all()}
    heard = leena.get(address).context["heard"]
    say(cast.meeting, "On another phone.", who=cast.person)
    answer = leena.post(address, fields | {"heard": heard})
    assert "Something was written after you read back. Read that back too." in answer.content.decode()
    assert "On another phone." in answer.content.decode()
    assert not cast.meeting.read_backs.exists()
    assert leena.post(address, fields | {"heard": answer.context["heard"]}).status_code == 302


# -- Closed by the other phone, and this one went on --------------------------------------------------------------------------


def test_typed_by_page_it_is_told_beside_as_well(cast, leena):
    """A page without a script, which lay open when the other one closed."""
    start(cast.meeting, cast.person, cast.clinician1, at=timezone.now() - minutes(50))
    close(cast.meeting, at=timezone.now() - minutes(2))
    by = cast.clinician1.user
    with acting(by):
        act.arrive(meeting=cast.meeting, who=cast.mother, by=by, when=When(typed_at=timezone.now() - minutes(30)))
    assert cast.meeting.lines.get().text == "Marja came in."


def test_going_after_that_close_is_no_news(cast, leena):
    """As the service has it she stayed until ten minutes after the end; hers says that she went before that, when it was over."""
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    cast.meeting.presences.filter(member=cast.mother).update(left_at=timezone.now() - minutes(10))
    close(cast.meeting, at=timezone.now() - minutes(20))
    taken(send(leena, cast, of(cast, tap("leave", cast.mother, 15))))
    assert not cast.meeting.lines.exists()


@pytest.fixture
def closed(cast):
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    close(cast.meeting, at=timezone.now() - minutes(20))
    return cast


def test_somebody_who_came_after_that_close_and_what_they_said(closed, leena):
    came = of(closed, {"do": "guest", "name": "Kalle", "relation": "", "circle": "other"} | at(15))
    read = answers(closed, 5, mother="differs: I did not whisper.") | {f"answer:member:{came['uuid']}": "agreed"}
    entries = [came, of(closed, voice(closed, "I bring soup.", ago=14, voice=f"member:{came['uuid']}")),
               of(closed, tap("arrive", closed.friend, 12)), of(closed, read)]  # fmt: skip
    for _ in range(2):
        taken(send(leena, closed, *entries))
    assert Member.objects.get(uuid=came["uuid"]).name == "Kalle"
    said = closed.meeting.lines.order_by("said_at", "pk").values_list("kind", "voice", "text", "late")
    assert list(said) == [
        ("told", "", "Kalle came in.", True), ("voice", "Kalle", "I bring soup.", True), ("told", "", "Jussi came in.", True),
        ("answered", "Marja", "I did not whisper.", True), ("answered", "Kalle", "Agreed.", True),
    ]  # fmt: skip
    assert not closed.meeting.presences.filter(late=True).exists(), "as the service has it, it was over"


def test_the_session_of_the_other_phone_lasts_until_all_is_sent(cast, leena, mikko):
    start(cast.meeting, cast.person, cast.mother, cast.clinician1, at=timezone.now() - minutes(50))
    mikko.get(record(cast.meeting))
    taken(send(leena, cast, of(cast, answers(cast, 6)), of(cast, end(cast, 5, heard=[]))))
    for words in ("One.", "Two."):
        taken(send(mikko, cast, by_mikko(cast, voice(cast, words, ago=9)), author=cast.clinician2))
        assert mikko.session["record"][0] == str(cast.meeting.uuid)
    assert mikko.get(record(cast.meeting)).status_code == 302
    assert "record" not in mikko.session


# -- What is no entry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [[], "words", 7, None])
def test_an_open_entry_that_is_none_stays_where_it_is(cast, leena, said):
    start(cast.meeting, cast.person, cast.clinician1)
    entries = {"uuid": str(uuid4()), "open": said, "waited": True}, of(cast, voice(cast, "After it."))
    first, second = results(send(leena, cast, *entries))
    assert (first["done"], first["sentence"], second["done"]) == (
        False, "This could not be read. It stays on this device.", True,
    )  # fmt: skip


@pytest.mark.parametrize("body", ["[" * 100_000, '{"author": "", "entries": [], "offset_ms": 1e999}'])
def test_a_body_that_cannot_be_read_is_said_so(cast, leena, body):
    answer = leena.post(record(cast.meeting, "entries/"), body, content_type="application/json", headers=JSON)
    assert (answer.status_code, answer.json()["sentence"]) == (400, "This could not be read. It stays on this device.")


def test_what_no_column_takes_is_refused_and_holds_up_nothing(cast, leena):
    """Half a character, as a script may send it."""
    start(cast.meeting, cast.person, cast.clinician1)
    entries = of(cast, voice(cast, voice="other", voice_name="Ma\ud800rja")), of(cast, voice(cast, "After it."))
    first, second = results(send(leena, cast, *entries))
    assert (first["done"], second["done"]) == (False, True)
    assert first["sentence"] == "Something here is too long, or cannot be kept as it is. Look at it again."


# -- By the database alone ----------------------------------------------------------------------------------------------------


def test_sql_what_was_taken_is_read_by_nobody(cast, leena):
    taken(send(leena, cast, of(cast, tap("arrive", cast.person, 9))))
    assert TakenEntry.objects.count() == 1
    for who in (cast.clinician1, cast.coordinator, cast.lead, cast.person):
        with pytest.raises(Exception, match="permission denied"), acting(who.user):
            list(TakenEntry.objects.all())


def test_sql_what_was_heard_is_released_only_from_what_was_not(cast):
    start(cast.meeting, cast.person, cast.clinician1)
    first = say(cast.meeting, "A.", who=cast.person)
    by = cast.clinician1.user
    with acting(by):
        from meetings.actions.record import change_line

        change_line(line=first, text="B.", by=by)
        with pytest.raises(Exception, match="permission denied"), acting(by):
            Line.objects.filter(pk=first.pk).update(replaced_by=None)
    with pytest.raises(Exception, match="stays_as_written"):
        Line.objects.filter(pk=first.pk).update(replaced_by=None)
