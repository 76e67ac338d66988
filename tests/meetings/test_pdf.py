"""The note on paper: what the reader sees on the screen, nothing about the file, and no text that works."""

import html
import re

import pytest
from django.utils import timezone

from meetings.models import Addendum
from meetings.note import read_note
from meetings.pdf import as_data, note_as_pdf
from tests.conftest import acting_as, role
from tests.factories import consent, hours, make_cast, say

pytestmark = pytest.mark.django_db
EVIL = '#panic("x") *bold* $x$ @ref <lab> = head \\ // /* #sys.inputs.note `raw` [] {} "\n- list\n+ one'


@pytest.fixture
def cast():
    return make_cast()


def texts(data):
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if key != "kind":
                yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)


def flat(text):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", text)))


@pytest.mark.parametrize("who", ["person", "mother", "clinician1", "coordinator"])
def test_exactly_what_that_reader_sees(cast, client, who):
    beside = {"meeting": cast.held, "network": cast.network, "service": cast.service, "name": "x"}
    Addendum.objects.create(**beside, line=cast.voice, kind="differs", text="Not so.", member=cast.mother)
    Addendum.objects.create(**beside, kind="added", text="Thank you.", staff=cast.clinician1)
    cast.held.exceptions_taken_up.create(
        case=cast.case, network=cast.network, service=cast.service, text="Two nights on the ward.", decided_by="Dr. Salo",
        decided_at=timezone.now() - hours(90), why="danger to life", brought_by=cast.clinician1, recorded_by=cast.clinician1,
        taken_up_at=cast.held.started_at, taken_up_words="I was frightened there.",
    )  # fmt: skip
    say(cast.held, "Too late for the others.", who=cast.mother, at=cast.held.closed_at)
    user = getattr(cast, who).user
    client.force_login(user)
    page = flat(client.get(f"/notes/{cast.held.uuid}/").content.decode())
    with role("od_app"), acting_as(user.pk), timezone.override("Europe/Helsinki"):
        data = as_data(read_note(user, cast.held.uuid))
    said = list(texts(data))
    for text in said:
        assert flat(text) in page, text
    assert ("Too late for the others." in said) is (who != "mother")
    assert ("I was frightened there." in said) is (who != "mother"), "nobody but the person and the team"
    assert ("Two nights on the ward." in said) is (who != "mother")
    assert all(words in said for words in ("I whisper because I am afraid.", "Not so.", "Thank you."))


def test_a_file_that_says_nothing_about_itself(cast, client):
    client.force_login(cast.mother.user)
    answer = client.get(f"/notes/{cast.held.uuid}/pdf/")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="notes.pdf"'
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.content
    assert body.startswith(b"%PDF")
    for told in (
        b"/Author",
        b"/CreationDate",
        b"/ModDate",
        b"/Keywords",
        b"/Subject",
        b"Elina",
        b"Tornio",
        b"xmp:CreateDate",
    ):
        assert told not in body


def test_no_text_is_markup(cast):
    say(cast.held, EVIL, who=cast.person, at=cast.held.closed_at)
    say(cast.held, "שלום 😀 e\u0301 \u202e abc", who=cast.person, at=cast.held.closed_at)
    cast.person.name = EVIL[:100]
    cast.person.save()
    with role("od_app"), acting_as(cast.person.user.pk):
        note = read_note(cast.person.user, cast.held.uuid)
        evil = note_as_pdf(note)
    assert evil.startswith(b"%PDF")
    words = [line["words"] for line in as_data(note)["lines"]]
    assert [part["text"] for part in words[-2]] == EVIL.split("\n")
    assert words[-1][0]["rtl"]


def test_a_member_whose_word_ended_gets_no_file(cast, client):
    word = consent(cast.friend)
    client.force_login(cast.friend.user)
    assert client.get(f"/notes/{cast.held.uuid}/pdf/").status_code == 200
    word.withdrawn_at, word.withdrawn_by = word.given_at, cast.person.user
    word.save()
    assert client.get(f"/notes/{cast.held.uuid}/pdf/").status_code == 404
