"""Line by line: a line is kept back while the rest is shared, and readers see a text without a hole."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from meetings.actions import record, sharing
from meetings.models import Addendum, KeptBack, Line
from meetings.note import read_note
from network.rules import Refusal
from tests.conftest import acting_as, role
from tests.factories import consent, make_cast, say, start
from tests.meetings.test_withdrawal import TOKEN, every_answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    c = make_cast()
    consent(c.friend)
    return c


def keep(client, who, meeting, line, **form):
    client.force_login(who.user)
    return client.post(f"/notes/{meeting.uuid}/keep/{line.uuid}/", form)


def note(client, who, meeting):
    client.force_login(who.user)
    return client.get(f"/notes/{meeting.uuid}/").content.decode()


def lines_of(who):
    with role("od_app"), acting_as(who.user.pk):
        return set(Line.objects.values_list("pk", flat=True))


def answers_to(client, who, cast):
    """Without the id that each empty form carries."""
    once = re.compile(rb'name="once" value="[^"]*"')
    found = every_answer(client, who, cast)
    return {address: (status, headers, once.sub(b"", body)) for address, (status, headers, body) in found.items()}


def beside(cast, line, text, **who):
    return Addendum.objects.create(
        meeting=cast.held,
        network=cast.network,
        service=cast.service,
        line=line,
        kind="added",
        text=text,
        name="x",
        **who,
    )


@pytest.mark.parametrize("line", ["voice", "mothers_voice", "reflection", "decision"])
def test_the_person_keeps_any_line_back_and_shares_it_again(cast, client, line):
    row = getattr(cast, line)
    assert row.text in note(client, cast.friend, cast.held)
    assert keep(client, cast.person, cast.held, row).status_code == 302
    assert row.pk not in lines_of(cast.friend)
    assert row.text not in note(client, cast.friend, cast.held)
    for who in (cast.person, cast.clinician1, cast.coordinator):
        assert row.text in note(client, who, cast.held)
    assert "Kept back by you: only " in note(client, cast.person, cast.held)
    assert "Kept back by Elina: only " in note(client, cast.clinician1, cast.held)
    assert keep(client, cast.person, cast.held, row, share="yes").status_code == 302
    assert row.text in note(client, cast.friend, cast.held)
    assert not KeptBack.objects.open().exists()


def test_whose_words_they_are_keeps_them_back(cast, client):
    assert keep(client, cast.mother, cast.held, cast.mothers_voice).status_code == 302
    assert cast.mothers_voice.pk not in lines_of(cast.friend)
    assert "Kept back by you: only you, Elina and the team see this" in note(client, cast.mother, cast.held)
    assert "Kept back by Marja: only Marja, you and the team see this" in note(client, cast.person, cast.held)
    assert keep(client, cast.clinician1, cast.held, cast.reflection).status_code == 302
    assert cast.reflection.pk not in lines_of(cast.friend)
    assert "Kept back by Leena: only you and the team see this" in note(client, cast.person, cast.held)
    assert keep(client, cast.clinician1, cast.held, cast.reflection, share="yes").status_code == 302
    assert cast.reflection.pk in lines_of(cast.friend)


@pytest.mark.parametrize(
    ("who", "line"),
    [("mother", "voice"), ("mother", "decision"), ("friend", "mothers_voice"), ("clinician1", "voice"), ("clinician2", "reflection"),
     ("coordinator", "voice"), ("lead", "reflection"), ("clinician3", "reflection"), ("uncle", "voice"), ("person2", "voice")],
)  # fmt: skip
def test_nobody_keeps_back_the_words_of_others(cast, client, who, line):
    by, row = getattr(cast, who), getattr(cast, line)
    assert keep(client, by, cast.held, row).status_code == 404
    with role("od_app"), acting_as(by.user.pk), pytest.raises((PermissionDenied, Refusal, Line.DoesNotExist)):
        sharing.keep_back(line=Line.objects.select_related("network").get(pk=row.pk), by=by.user)
    assert not KeptBack.objects.exists()


def test_each_takes_back_only_their_own_word(cast, client):
    """What both keep back is shared again when both have said so."""
    keep(client, cast.person, cast.held, cast.mothers_voice)
    keep(client, cast.mother, cast.held, cast.mothers_voice)
    keep(client, cast.person, cast.held, cast.mothers_voice, share="yes")
    assert cast.mothers_voice.pk not in lines_of(cast.friend)
    keep(client, cast.person, cast.held, cast.mothers_voice, share="yes")
    assert cast.mothers_voice.pk not in lines_of(cast.friend)
    keep(client, cast.mother, cast.held, cast.mothers_voice, share="yes")
    assert cast.mothers_voice.pk in lines_of(cast.friend)


def test_ones_own_words_never_vanish_and_nobody_is_told(cast, client):
    """The person keeps back what the mother said: she reads her page as before, to the byte."""
    before = answers_to(client, cast.mother, cast)
    keep(client, cast.person, cast.held, cast.mothers_voice)
    after = answers_to(client, cast.mother, cast)
    assert {address for address in after if after[address] != before[address]} == set()
    assert "Kept back by you: only Marja, you and the team see this" in note(client, cast.person, cast.held)


def test_readers_see_a_text_without_a_hole(cast, client):
    """Everything a reader can ask for is what it is where the line, and what hangs from it, never was."""
    kept = say(cast.held, "Between us.", who=cast.person, at=cast.held.started_at, late=True)
    Line.objects.filter(pk=kept.pk).update(seen_by_person_at=cast.held.closed_at)
    never = every_answer(client, cast.friend, cast)
    shown = note(client, cast.friend, cast.held)
    assert "Between us." in shown
    beside(cast, kept, "So it was.", member=cast.mother)
    beside(cast, kept, "I saw that, too.", staff=cast.clinician1)
    keep(client, cast.person, cast.held, kept)
    addresses = [f"/notes/{cast.held.uuid}/add/{kept.uuid}/", f"/notes/{cast.held.uuid}/out-of-sight/{kept.uuid}/"]
    missing = [address.replace(str(kept.uuid), "00000000-0000-4000-8000-000000000000") for address in addresses]
    client.force_login(cast.friend.user)
    for gone, none in zip(addresses, missing, strict=True):
        answers = client.get(gone), client.get(none)
        assert [one.status_code for one in answers] == [404, 404]
        assert TOKEN.sub(b"", answers[0].content) == TOKEN.sub(b"", answers[1].content)
    after = every_answer(client, cast.friend, cast)
    block = rf'<div class="line[^"]*" id="line-{kept.uuid}">.*?</div>\s*</div>\s*'
    without = re.sub(block, "", shown, flags=re.DOTALL)
    assert without != shown
    assert "Between us." not in note(client, cast.friend, cast.held)
    for address, answer in after.items():
        page = answer[2].decode(errors="replace")
        assert str(kept.uuid) not in page, address
        assert "So it was." not in page, address
        if not address[0].startswith(f"/notes/{cast.held.uuid}/"):
            assert answer == never[address], address
    assert re.sub(r"\s+", " ", strip(without)) == re.sub(r"\s+", " ", strip(note(client, cast.friend, cast.held)))


def strip(page):
    return TOKEN.sub(b"", page.encode()).decode()


def test_looking_as_a_member_shows_what_they_read(cast, client):
    keep(client, cast.person, cast.held, cast.voice)
    client.force_login(cast.person.user)
    seen = client.get(f"/sees/{cast.friend.uuid}/{cast.held.uuid}/").content.decode()
    assert cast.voice.text not in seen
    assert cast.mothers_voice.text in seen
    assert "ept back" not in seen


def test_kept_back_in_the_room_other_words_for_it_are_kept_back_too(cast, client):
    start(cast.booked, cast.person, cast.clinician1)
    first = say(cast.booked, "Not for my uncle.", who=cast.person)
    keep(client, cast.person, cast.booked, first)
    by = cast.clinician1.user
    with role("od_app"), acting_as(by.pk):
        record.change_line(line=Line.objects.get(pk=first.pk), text="Not for anybody.", by=by)
    later = Line.objects.get(replaces=first)
    assert later.kept_back
    assert [one.member for one in later.keepings.open()] == [cast.person]


def test_the_app_brings_no_kept_back_line_along(cast):
    """The sum on the line is the database's: straight SQL under the app's role cannot set it, neither way."""
    from tests.meetings.breaks import going_on, line

    meeting = going_on(cast)
    with role("od_app"), acting_as(cast.clinician1.user.pk), connection.cursor() as cursor:
        cursor.execute(*line(meeting, cast, kept_back=True))
    assert not meeting.lines.get().kept_back


def test_a_reader_never_sees_that_something_is_kept_back(cast, client):
    keep(client, cast.person, cast.held, cast.voice)
    keep(client, cast.mother, cast.held, cast.mothers_voice)
    with role("od_app"), acting_as(cast.friend.user.pk):
        assert not KeptBack.objects.exists()
    with role("od_app"), acting_as(cast.mother.user.pk):
        assert [one.line_id for one in KeptBack.objects.all()] == [cast.mothers_voice.pk]


def test_without_row_security_the_reads_say_the_same(cast, client):
    keep(client, cast.person, cast.held, cast.voice)
    shown = {one.uuid for one in read_note(cast.friend.user, cast.held.uuid).lines}
    assert cast.voice.uuid not in shown
    assert cast.mothers_voice.uuid in shown
