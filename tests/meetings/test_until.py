"""Promise 8: until when a word holds, and a pause at the person's word. Both end reading on the next request, and say nothing."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.utils import timezone

from meetings.models import Meeting, NoteShare
from meetings.reading import change_of, day_after, days
from network import outbox
from network.actions import consent as consents
from network.models import Consent, MemberContact, Message, ReaderPause
from network.rules import Refusal, queue_message
from tests.conftest import acting_as, role
from tests.factories import consent, hours, make_cast, make_member, share
from tests.meetings.held import untriggered
from tests.meetings.test_my import start_and_close
from tests.meetings.test_sharing import change, reads
from tests.meetings.test_withdrawal import every_answer

pytestmark = pytest.mark.django_db
HEARD = {"how": "in_the_room", "where": "in the kitchen", "witness": "Marja"}
there = timezone.override(ZoneInfo("Europe/Helsinki"))  # days as the pages of the service count them


@pytest.fixture
def cast():
    return make_cast()


def over(word):
    """Its last day has passed: told by the owner of the tables, for the app's role cannot write such a row."""
    with untriggered(word._meta.db_table):
        type(word).objects.filter(pk=word.pk).update(until=Now(), given_at=timezone.now() - hours(24))


def in_days(number):
    return (timezone.localdate() + timedelta(days=number)).isoformat()


def pause(member):
    return ReaderPause.objects.create(
        member=member, network=member.network, service=member.service, how="own_page", recorded_by=member.network.person.user
    )  # fmt: skip


def rows_of(member, model):
    """What the database shows a member of `model`, whatever a page asks for."""
    with role("od_app"), acting_as(member.user.pk):
        return model.objects.count()


@pytest.mark.parametrize("given", ["all", "from_now", "one meeting"])
@pytest.mark.parametrize("ended", ["until", "pause"])
def test_ended_and_never_shared_with_are_the_same_to_the_byte(cast, client, given, ended):
    never, once = make_member(cast.network, "Kaisa"), make_member(cast.network, "Kaisa")
    word = share(cast.held, once) if given == "one meeting" else consent(once, covers=given)
    assert rows_of(once, type(word)) == 1
    if ended == "until":
        over(word)
    else:
        pause(once)
    assert not Meeting.objects.shared_with(once.user).exists()  # also where row security does not help
    assert (rows_of(once, NoteShare), rows_of(once, Consent), rows_of(once, ReaderPause)) == (0, 0, 0)
    assert every_answer(client, once, cast) == every_answer(client, never, cast)


@pytest.mark.parametrize("ended", ["until", "pause"])
def test_who_never_signed_in_finds_nothing_either(cast, client, ended):
    aunt = make_member(cast.network, "Aunt", account=False, email="aunt@example.org", wanted=False)
    word = consent(aunt)
    account = type(cast.person.user).objects.get(email="aunt@example.org")
    client.force_login(account)
    assert client.get("/my/").status_code == 302
    if ended == "until":
        over(word)
    else:
        pause(aunt)
    assert "Nothing is here right now" in client.get("/my/").content.decode()


def test_the_person_says_until_when_and_it_is_said_in_words(cast, client):
    last = timezone.localdate() + timedelta(days=3)
    page = change(client, cast, cast.friend, covers="all", until=last.isoformat()).content.decode()
    said = days([timezone.now() + timedelta(days=3)])
    assert f"This lasts to the end of {said}. After that Jussi reads nothing, and is not told." in page
    assert f'name="until" value="{last.isoformat()}"' in page
    assert change(client, cast, cast.friend, covers="all", until=last.isoformat(), sure="yes").status_code == 302
    word = Consent.objects.active().get(member=cast.friend)
    assert timezone.localtime(word.until - timedelta(seconds=1)).date() == last
    assert reads(client, cast.friend, cast.held)
    client.force_login(cast.person.user)
    for address in ("/my/", "/my/readers/"):
        assert f"everything, until {said}" in client.get(address).content.decode()
    assert f'value="{last.isoformat()}"' in client.get(f"/my/readers/{cast.friend.uuid}/").content.decode()


def test_longer_is_confirmed_and_shorter_is_done_at_once(cast, client):
    change(client, cast, cast.friend, covers="all", until=in_days(3), sure="yes")
    longer = change(client, cast, cast.friend, covers="all", until=in_days(9))
    assert "Is this what you want?" in longer.content.decode()
    never_ending = change(client, cast, cast.friend, covers="all")
    assert "This has no end, until you take it back." in never_ending.content.decode()
    assert change(client, cast, cast.friend, covers="all", until=in_days(1)).status_code == 302
    assert change(client, cast, cast.friend, covers="all", until=in_days(1)).status_code == 302
    words = Consent.objects.filter(member=cast.friend)
    assert (words.count(), words.active().count()) == (
        2,
        1,
    )  # what stood before is taken back, and the same again changes nothing


def test_a_new_end_does_not_move_the_beginning(cast, client):
    """Meetings "from now on" are counted from when that was said first."""
    change(client, cast, cast.friend, covers="from_now", sure="yes")
    with untriggered("network_consent"):  # said long ago, and a meeting was held since
        Consent.objects.filter(member=cast.friend).update(given_at=timezone.now() - hours(300))
    assert reads(client, cast.friend, cast.held)
    change(client, cast, cast.friend, covers="from_now", until=in_days(3))
    assert reads(client, cast.friend, cast.held)


def test_one_meeting_until_a_day(cast, client):
    client.force_login(cast.person.user)
    page = f"/notes/{cast.held.uuid}/share/"
    passed = client.post(page, {"members": str(cast.friend.uuid), "until": in_days(-1)})
    assert "This day has passed." in passed.content.decode()
    assert client.post(page, {"members": str(cast.friend.uuid), "until": in_days(2)}).status_code == 302
    word = NoteShare.objects.get(member=cast.friend)
    assert reads(client, cast.friend, cast.held)
    client.force_login(cast.person.user)
    assert f", until {days([timezone.now() + timedelta(days=2)])}" in client.get(page).content.decode()
    over(word)
    assert not reads(client, cast.friend, cast.held)
    client.force_login(cast.person.user)
    assert client.post(page, {"members": str(cast.friend.uuid)}).status_code == 302
    assert reads(client, cast.friend, cast.held)


@pytest.mark.parametrize("until", ["yesterday", "31.2.2027", "9999-12-31", "\x00", "2027-13-01"])
def test_what_is_no_day_to_come_is_said_and_kept(cast, client, until):
    answer = change(client, cast, cast.friend, covers="all", until=until, sure="yes")
    assert answer.status_code == 200
    assert not Consent.objects.filter(member=cast.friend).exists()


def test_single_meetings_and_a_standing_word_end_on_the_same_day(cast, client):
    other = start_and_close(cast, hours(100))
    change(client, cast, cast.friend, covers="single", meetings=[str(other.uuid)], sure="yes")
    change(client, cast, cast.friend, covers="all", until=in_days(2), sure="yes")
    ends = {one.until for one in Consent.objects.active().filter(member=cast.friend)}
    ends |= set(NoteShare.objects.active().filter(member=cast.friend).values_list("until", flat=True))
    assert len(ends) == 1
    assert None not in ends


@there
def words_until(cast, standing, singles):
    """The friend may read by a standing word (what it covers, until when) and by a word on each of some meetings. Days; None: no end."""
    ends = [None if number is None else day_after(timezone.localdate() + timedelta(days=number)) for number in singles]
    scope = {
        "member": cast.friend,
        "network": cast.network,
        "service": cast.service,
        "how": "own_page",
        "recorded_by": cast.person.user,
    }
    for number, until in enumerate(ends):
        meeting = start_and_close(cast, hours(100 - number)) if number else cast.held
        NoteShare.objects.create(meeting=meeting, until=until, **scope)
    if standing:
        covers, last = standing
        until = last and day_after(timezone.localdate() + timedelta(days=last))
        Consent.objects.create(covers=covers, until=until, given_at=timezone.now(), **scope)


@there
def spoken(text):
    """“{3}” stands for the day in three days."""
    return text.format(*(days([timezone.now() + timedelta(days=number)]) for number in range(10)))


@pytest.mark.parametrize(
    ("standing", "singles", "said"),
    [
        (None, (None, None), "2 meetings"),
        (None, (3, 3), "2 meetings, until {3}"),
        (None, (3, 9), "2 meetings, the last until {9}"),
        (None, (None, 3), "2 meetings, some of them without end"),
        (("from_now", 3), (3,), "meetings since {0}, and 1 before, until {3}"),
        (("from_now", None), (None,), "meetings since {0}, and 1 before"),
        (("from_now", 3), (None,), "meetings since {0}, until {3}; 1 meeting without end"),
        (("from_now", None), (3,), "meetings since {0}; 1 meeting, until {3}"),
        (("all", 3), (9,), "everything, until {3}; 1 meeting, until {9}"),
        (("all", 3), (None,), "everything, until {3}; 1 meeting without end"),
        (("all", None), (3,), "everything"),
    ],
)
def test_each_word_is_said_with_its_own_end(cast, client, standing, singles, said):
    words_until(cast, standing, singles)
    client.force_login(cast.person.user)
    for address in ("/my/", "/my/readers/"):
        assert re.search(f"(>|· ){re.escape(spoken(said))}</span>", client.get(address).content.decode())


@pytest.mark.parametrize(
    ("standing", "single", "said"),
    [
        (("from_now", 3), None, "this meeting"),  # held before the word, which opens others
        (("from_now", None), 3, "this meeting, until {3}"),
        (("all", None), 3, "everything"),
        (("all", 3), 2, "everything, until {3}"),
        (("all", 3), None, "everything, until {3}; this meeting without end"),
        (("all", 3), 9, "everything, until {3}; this meeting, until {9}"),
    ],
)
def test_a_note_says_until_when_by_the_word_that_opens_it(cast, client, standing, single, said):
    words_until(cast, standing, [single])
    client.force_login(cast.person.user)
    page = client.get(f"/notes/{cast.held.uuid}/share/").content.decode()
    assert f">may read {spoken(said)}</span>" in page


@there
@pytest.mark.parametrize(("singles", "offered"), [((3, 9), 9), ((None, 3), None), ((3,), 3), ((), None)])
def test_the_form_offers_the_longest_end(cast, client, singles, offered):
    """Saved as it stands it takes nothing away unsaid; what it makes longer is asked about."""
    words_until(cast, None, singles)
    client.force_login(cast.person.user)
    form = client.get(f"/my/readers/{cast.friend.uuid}/").context["form"]
    assert form.initial["until"] == (offered and timezone.localdate() + timedelta(days=offered))


def test_the_person_pauses_with_one_tap_and_nobody_is_told(cast, client):
    assert reads(client, cast.mother, cast.held)
    page = change(client, cast, cast.mother, pause="begin")
    assert page.headers["Location"] == "/my/readers/"
    assert not reads(client, cast.mother, cast.held)
    assert not Message.objects.filter(to=cast.mother.user.email).exists()
    client.force_login(cast.person.user)
    for address in ("/my/", "/my/readers/"):
        assert "paused: reads nothing now" in client.get(address).content.decode()
    seen = client.get(f"/sees/{cast.mother.uuid}/").content.decode()
    assert "What <bdi>Elina</bdi> shares with you will be here." in seen
    case = client.get(f"/cases/{cast.case.uuid}/").content.decode()
    assert "shared with" not in case
    change(client, cast, cast.mother, pause="end")
    assert reads(client, cast.mother, cast.held)


def test_a_message_that_waits_is_not_sent_after_a_pause(cast, client):
    change(client, cast, cast.friend, covers="all", sure="yes")
    assert Message.objects.get(to=cast.friend.user.email).cancelled_at is None
    change(client, cast, cast.friend, pause="begin")
    assert Message.objects.get(to=cast.friend.user.email).cancelled_at


def told_now():
    """The sender, as its own role, sends what waits. Returns to whom."""
    Message.objects.waiting().update(due_at=timezone.now() - hours(1))
    mail.outbox.clear()
    with role("od_clock"):
        outbox.send_due()
    return {address for one in mail.outbox for address in one.to}


def test_a_pause_takes_back_the_message_of_its_own_word_and_no_other(cast, client):
    """The address of one was given to another meanwhile."""
    theirs, free = cast.friend.user.email, "new@example.org"
    change(client, cast, cast.friend, covers="all", sure="yes")
    aunt = make_member(cast.network, "Aunt", email="aunt@example.org")
    MemberContact.objects.filter(member=cast.friend).update(email=free)
    MemberContact.objects.filter(member=aunt).update(email=theirs)
    pause(aunt)
    assert Message.objects.get(to=theirs).cancelled_at is None
    pause(cast.friend)
    assert Message.objects.get(to=theirs).cancelled_at
    assert theirs not in told_now()


def test_choosing_anew_ends_a_pause_and_is_confirmed(cast, client):
    change(client, cast, cast.mother, pause="begin")
    page = change(client, cast, cast.mother, covers="all").content.decode()
    assert "Marja will be able to read all that was written on " in page
    assert not reads(client, cast.mother, cast.held)
    assert change(client, cast, cast.mother, covers="all", sure="yes").status_code == 302
    assert reads(client, cast.mother, cast.held)
    change(client, cast, cast.mother, pause="begin")
    change(client, cast, cast.mother, covers="nothing")
    assert not reads(client, cast.mother, cast.held)
    assert not ReaderPause.objects.open().exists()


def test_the_team_pauses_at_the_persons_word(cast, client):
    page = f"/cases/{cast.case.uuid}/members/{cast.mother.uuid}/pause/"
    client.force_login(cast.clinician1.user)
    assert "Pause what <bdi>Marja</bdi> reads" in client.get(page).content.decode()
    refused = client.post(page, HEARD | {"witness": ""}).content.decode()
    assert "Say who was there when the person gave their word." in refused
    assert "in the kitchen" in refused
    assert client.post(page, HEARD).status_code == 302
    assert not reads(client, cast.mother, cast.held)
    client.force_login(cast.person.user)
    said = client.get("/my/readers/").content.decode()
    assert "written down by Leena. Said: in the kitchen. There was: Marja" in said
    client.force_login(cast.clinician1.user)
    share_page = client.get(f"/notes/{cast.held.uuid}/share/").content.decode()
    assert "<bdi>Marja</bdi> is paused and reads nothing now." in share_page
    assert client.post(page, HEARD | {"where": ""}).status_code == 200
    assert not reads(client, cast.mother, cast.held)
    client.force_login(cast.clinician1.user)
    assert client.post(page, HEARD).status_code == 302
    assert reads(client, cast.mother, cast.held)


@pytest.mark.parametrize(
    "who", ["mother", "friend", "coordinator", "lead", "clinician3", "former", "coordinator2", "person2"]
)
def test_nobody_else_pauses_or_ends_a_pause(cast, client, who):
    by = getattr(cast, who).user
    client.force_login(by)
    assert client.post(f"/cases/{cast.case.uuid}/members/{cast.mother.uuid}/pause/", HEARD).status_code == 404
    assert client.post(f"/my/readers/{cast.mother.uuid}/", {"pause": "begin"}).status_code == 404
    standing = pause(cast.mother)
    assert client.post(f"/my/readers/{cast.mother.uuid}/", {"pause": "end"}).status_code == 404
    standing.refresh_from_db()
    assert standing.ended_at is None
    assert ReaderPause.objects.count() == 1


def test_actions_say_what_the_database_refuses(cast):
    by = cast.person.user
    with role("od_app"), acting_as(by.pk):
        consents.pause_reader(member=cast.mother, by=by)
        with pytest.raises(Refusal) as refusal:
            consents.pause_reader(member=cast.mother, by=by)
        assert refusal.value.rule == "pause_one_at_a_time"
        with pytest.raises(Refusal) as refusal:
            consents.give_consent(member=cast.mother, covers="all", by=by)
        assert refusal.value.rule == "reader_is_not_paused"
        change = change_of(
            cast.mother, list(Meeting.objects.filter(network=cast.network).held()), covers="all", meetings=[]
        )
        assert (change.paused, change.opens, len(change.gains)) == (True, True, 1)


@pytest.mark.parametrize("given", ["all", "one meeting"])
def test_a_message_goes_out_only_while_its_word_holds(cast, client, given):
    aunt = make_member(cast.network, "Aunt", email="aunt@example.org")
    for member in (cast.friend, aunt):
        if given == "all":
            change(client, cast, member, covers="all", until=in_days(1), sure="yes")
        else:
            client.force_login(cast.person.user)
            page = f"/notes/{cast.held.uuid}/share/"
            assert client.post(page, {"members": str(member.uuid), "until": in_days(1)}).status_code == 302
    over((Consent if given == "all" else NoteShare).objects.get(member=cast.friend))
    told = told_now()
    assert aunt.user.email in told
    assert cast.friend.user.email not in told
    assert Message.objects.get(to=cast.friend.user.email).cancelled_at
    assert not Message.objects.waiting().filter(to=cast.friend.user.email).exists()


@pytest.mark.parametrize("ended", ["withdrawn", "paused", "left", "no word"])
def test_the_sender_asks_the_word_itself(cast, ended):
    """Even where a message was queued when its word held no more."""
    word = consent(cast.friend)
    if ended == "withdrawn":
        Consent.objects.filter(pk=word.pk).update(withdrawn_at=Now(), withdrawn_by=cast.person.user)
    elif ended == "paused":
        pause(cast.friend)
    elif ended == "left":
        with untriggered("network_member"):
            type(cast.friend).objects.filter(pk=cast.friend.pk).update(left_at=Now())
    key = "word:" + ("of mouth" if ended == "no word" else str(word.uuid))
    with role("od_app"), acting_as(cast.person.user.pk):
        queue_message(key, kind="message", to=cast.friend.user.email, network=cast.network)
    assert cast.friend.user.email not in told_now()
    assert Message.objects.get(dedupe_key=key).cancelled_at


def test_a_word_that_holds_is_told(cast):
    word = consent(cast.friend)
    with role("od_app"), acting_as(cast.person.user.pk):
        queue_message(f"word:{word.uuid}", kind="message", to=cast.friend.user.email, network=cast.network)
    assert cast.friend.user.email in told_now()
