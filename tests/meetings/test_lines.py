"""Lines are kept as they were said, once, in the order they were written, and stay."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from meetings.actions.moments import When
from meetings.actions.record import Doing, Voice, change_line, keep_line
from meetings.models import Line
from network.models import AuditEntry, Reading
from network.rules import Refusal
from network.templatetags.look import me_mark
from tests.factories import close, hours, make_cast, say, start
from tests.meetings.recording import JSON, acting, record, straight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    cast = make_cast()
    start(cast.booked, cast.person, cast.mother, cast.clinician1, cast.clinician2)
    return cast


def keep(cast, text="I am so tired.", *, by=None, kind="voice", **extra):
    by = by or cast.clinician1.user
    extra.setdefault("voice", Voice(member=cast.person))
    with acting(by):
        return keep_line(meeting=cast.booked, kind=kind, text=text, by=by, **extra)


def post(client, cast, **fields):
    fields = {"kind": "voice", "voice": f"member:{cast.person.uuid}", "text": "I am so tired."} | fields
    return client.post(record(cast.booked, "lines/"), fields, headers=JSON)


# At the action


def test_a_voice_is_kept_with_the_name_it_had_then(cast):
    line = keep(cast)
    cast.person.name = "Another name"
    cast.person.save(update_fields=["name"])
    line.refresh_from_db()
    assert (line.voice, line.member, line.text, line.state) == ("Elina", cast.person, "I am so tired.", "kept")
    assert AuditEntry.objects.filter(verb="kept a line", thing_uuid=line.uuid).exists()


def test_the_same_line_twice_is_one_line(cast):
    uuid = uuid4()
    first = keep(cast, uuid=uuid)
    assert keep(cast, "Other words", uuid=uuid) == first
    assert cast.booked.lines.get().text == "I am so tired."


def test_an_id_used_elsewhere_takes_nothing_over(cast):
    with pytest.raises(Refusal, match="meetings_line_uuid_key"):
        keep(cast, uuid=cast.voice.uuid)
    cast.voice.refresh_from_db()
    assert cast.voice.meeting == cast.held


def test_a_device_clock_wrong_by_hours_is_corrected_and_kept_beside(cast):
    truth = timezone.now() - timedelta(minutes=9)
    line = keep(cast, when=When(truth - hours(7), -7 * 3600_000, offline=True))
    assert (line.said_at, line.device_said_at, line.offset_ms, line.offline) == (
        truth, truth - hours(7), -7 * 3600_000, True,
    )  # fmt: skip
    assert line.recorded_at > truth


def test_a_voice_from_the_future_is_kept_with_the_time_it_came_in(cast):
    line = keep(cast, when=When(timezone.now() + hours(3)))
    assert (line.state, line.said_at <= timezone.now()) == ("kept", True)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"text": " \n"}, "line_says_something"),
        ({"voice": Voice()}, "voice_is_attributed"),
        ({"kind": "reflection", "voice": Voice(name=" ")}, "voice_is_attributed"),
        ({"kind": "action"}, "action_says_who_when_and_who_looks_after"),
        ({"kind": "action", "doing": Doing("Marja", None, "Leena")}, "action_says_who_when_and_who_looks_after"),
    ],
)
def test_what_is_missing_is_said(cast, fields, rule):
    with pytest.raises(Refusal, match=rule):
        keep(cast, **fields)
    assert not cast.booked.lines.exists()


def test_words_of_nobody_in_the_network_are_refused(cast):
    with pytest.raises(Refusal, match="of_the_same_network"):
        keep(cast, voice=Voice(member=cast.person2))


@pytest.mark.parametrize("who", ["coordinator", "lead", "clinician3", "former", "clinician4", "person", "mother"])
def test_only_those_who_came_write(cast, who):
    somebody = getattr(cast, who)
    with pytest.raises(PermissionDenied):
        keep(cast, by=somebody.user)
    sql = """INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, voice, text, said_at, recorded_by_id,
        refused_why, contested_why, action_who, action_looked_after_by)
        VALUES (gen_random_uuid(), %s, %s, %s, 'voice', 'kept', 'Elina', 'x', now(), %s, '', '', '', '')"""
    for recorded_by in (cast.clinician1.pk, getattr(somebody, "pk", 0)):
        with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), acting(somebody.user):
            straight(sql, cast.service.pk, cast.network.pk, cast.booked.pk, recorded_by)
    assert not cast.booked.lines.exists()


def test_nobody_writes_in_the_name_of_another(cast):
    sql = """INSERT INTO meetings_line (uuid, service_id, network_id, meeting_id, kind, state, voice, text, said_at, recorded_by_id,
        refused_why, contested_why, action_who, action_looked_after_by)
        VALUES (gen_random_uuid(), %s, %s, %s, 'voice', 'kept', 'Elina', 'x', now(), %s, '', '', '', '')"""
    with pytest.raises(ProgrammingError), transaction.atomic(), acting(cast.clinician1.user):
        straight(sql, cast.service.pk, cast.network.pk, cast.booked.pk, cast.clinician2.pk)


# Other words, before the read back


def test_changed_words_stand_and_the_first_stay_in_the_record(cast):
    line, by = keep(cast), cast.clinician2.user
    with acting(by):
        new = change_line(line=line, text="I am tired to death.", by=by)
    line.refresh_from_db()
    assert (line.text, line.replaced_by, new.replaces, new.voice) == ("I am so tired.", new, line, "Elina")
    assert list(cast.booked.lines.standing()) == [new]


def test_when_two_change_the_same_line_both_stand(cast, client):
    line, by = keep(cast), cast.clinician1.user
    with acting(by):
        first = change_line(line=line, text="One.", by=by)
        second = change_line(line=line, text="Two.", by=by)
    assert set(cast.booked.lines.standing()) == {first, second}
    client.force_login(by)
    page = client.get(record(cast.booked)).content.decode()
    assert page.count("Written down in 2 ways; this one by") == 2
    assert page.index("One.") < page.index("Two.")


def test_after_the_close_other_words_are_kept_beside_as_refused(cast):
    line, by = keep(cast), cast.clinician1.user
    close(cast.booked)
    with acting(by):
        late = change_line(line=line, text="Never said.", by=by)
    line.refresh_from_db()
    assert (late.state, late.refused_why, late.late) == ("refused", "replaced_before_the_close", True)
    assert line.replaced_by is None


def test_a_line_that_comes_late_is_marked_not_read_back(cast):
    close(cast.booked)
    line = keep(cast, when=When(timezone.now() - timedelta(minutes=5), offline=True))
    assert (line.late, line.seen_by_person_at) == (True, None)


# At the page


def test_line_by_line_without_javascript(cast, client):
    client.force_login(cast.clinician1.user)
    address = record(cast.booked, "lines/")
    for fields in (
        {"kind": "use", "voice": f"member:{cast.person.uuid}", "text": "To sleep again."},
        {"kind": "voice", "voice": "other", "voice_name": "The neighbour", "text": "I hear her at night."},
        {"kind": "reflection", "voice": f"staff:{cast.clinician2.uuid}", "text": "Two people keeping watch."},
        {"kind": "understanding", "text": "Nobody has slept."},
        {"kind": "action", "text": "Call the school", "action_who": "Marja", "action_by": "2026-12-01",
         "action_looked_after_by": "Leena"},
    ):  # fmt: skip
        assert client.post(address, fields).status_code == 302
    voices = [line.voice for line in cast.booked.lines.order_by("pk")]
    assert voices == ["Elina", "The neighbour", "Mikko", "", ""]
    page = client.get(record(cast.booked)).content.decode()
    for words in (
        "To sleep again.",
        "The neighbour",
        "Two people keeping watch.",
        "Nobody has slept.",
        "by 1 December",
    ):
        assert words in page


def test_a_form_sent_twice_is_one_line_with_the_same_answer(cast, client):
    client.force_login(cast.clinician1.user)
    uuid = str(uuid4())
    first, second = (post(client, cast, uuid=uuid).json() for _ in range(2))
    assert {key: first[key] for key in ("uuid", "state", "html")} == {
        key: second[key] for key in ("uuid", "state", "html")
    }
    assert cast.booked.lines.count() == 1


def test_a_first_question_first_and_nobody_is_taken_to_have_said_it(cast, client):
    client.force_login(cast.clinician1.user)
    assert 'value="use" checked' in client.get(record(cast.booked)).content.decode()
    post(client, cast, kind="voice", voice=f"member:{cast.mother.uuid}")
    page = client.get(record(cast.booked)).content.decode()
    assert 'value="voice" checked' in page
    assert f'value="member:{cast.mother.uuid}" data-name="Marja" data-face="member">' in page
    assert not re.search('name="voice"[^>]* checked', page)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": ""}, "Write something first."),
        ({"text": "\u200b \u2060"}, "Write something first."),
        ({"text": "x" * 20_001}, "20,000 is the most"),
        ({"voice": ""}, "Say whose words these are."),
        ({"voice": "other", "voice_name": " "}, "Say whose words these are."),
        ({"kind": "verdict"}, "Choose what it is."),
        ({"kind": "action", "action_by": "soon"}, "Write the day, such as 30.11.2026."),
        ({"kind": "action", "action_by": ""}, "Say by when."),
        ({"uuid": "not one"}, "Enter a valid UUID."),
    ],
)
def test_what_cannot_be_kept_says_why_and_the_words_are_still_there(cast, client, fields, sentence):
    client.force_login(cast.clinician1.user)
    answer = post(client, cast, **fields)
    assert answer.status_code == 422
    assert sentence in answer.json()["sentence"]
    page = client.post(
        record(cast.booked, "lines/"), {"kind": "voice", "text": "Words <b> of hers", "voice": ""} | fields
    )
    assert page.status_code == 200
    assert sentence in page.content.decode()
    if "text" not in fields:
        assert "Words &lt;b&gt; of hers" in page.content.decode()
    assert not cast.booked.lines.exists()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "مرحبا بكم",
        "👩‍👧 e\u0301",
        "a\x00b",
        "=cmd|' /C calc'!A0",
        "line\r\nline",
        "{{ 7 }}",
    ],
)
def test_any_words_in_any_script(cast, client, text):
    client.force_login(cast.clinician1.user)
    assert post(client, cast, text=text).status_code == 200
    kept = cast.booked.lines.get().text
    assert kept == text.replace("\x00", "").replace("\r\n", "\n")
    assert "<script>alert" not in client.get(record(cast.booked)).content.decode()


def test_words_of_one_account_are_not_sent_in_the_name_of_another(cast, client):
    client.force_login(cast.clinician2.user)
    answer = post(client, cast, me=me_mark(cast.clinician1.user))
    assert answer.status_code == 409
    assert not cast.booked.lines.exists()
    assert post(client, cast, me=me_mark(cast.clinician2.user)).status_code == 200


def test_others_find_nothing(cast, client):
    missing = client.get(f"/meetings/{uuid4()}/record/")
    for who in ("clinician3", "clinician4", "former", "person", "mother"):
        client.force_login(getattr(cast, who).user)
        for page in ("", "news/", "read-back/", "close/"):
            assert client.get(record(cast.booked, page)).status_code == 404, (who, page)
        assert post(client, cast).status_code == 404
    client.logout()
    assert client.get(record(cast.booked)).status_code == 302
    assert missing.status_code == 302


def test_overseers_read_along_and_are_on_record_and_write_nothing(cast, client):
    keep(cast)
    client.force_login(cast.coordinator.user)
    page = client.get(record(cast.booked)).content.decode()
    assert "I am so tired." in page
    assert 'id="composer"' not in page
    assert post(client, cast).status_code == 403
    reading = Reading.objects.latest("pk")
    assert (reading.what, reading.thing, reading.reader_name, reading.outside_team) == (
        "record", cast.booked.uuid, "Aino", True,
    )  # fmt: skip


def test_every_opening_is_on_record_and_news_for_an_open_page_is_not(cast, client):
    client.force_login(cast.clinician1.user)
    page = client.get(record(cast.booked))
    assert Reading.objects.filter(what="record", thing=cast.booked.uuid).count() == 1
    cursor = page.context["cursor"]
    keep(cast, "Written by Mikko.", by=cast.clinician2.user)
    news = client.get(record(cast.booked, "news/"), {"since": cursor}).json()
    assert "Written by Mikko." in news["lines"][0]["html"]
    assert Reading.objects.filter(what="record").count() == 1
    for forged in ("", "x", cursor[:-3] + "abc"):
        client.get(record(cast.booked, "news/"), {"since": forged})
    assert Reading.objects.filter(what="record").count() == 4, "without a page that was opened, it is a reading"


def test_news_of_another_page_is_a_reading(cast, client):
    client.force_login(cast.clinician2.user)
    foreign = client.get(record(cast.booked)).context["cursor"]
    client.force_login(cast.clinician1.user)
    client.get(record(cast.booked, "news/"), {"since": foreign})
    assert Reading.objects.filter(what="record", reader=cast.clinician1.user).count() == 1


def test_news_tells_who_is_here_and_what_was_changed(cast, client):
    line = keep(cast)
    client.force_login(cast.clinician1.user)
    cursor = client.get(record(cast.booked)).context["cursor"]
    by = cast.clinician2.user
    with acting(by):
        new = change_line(line=line, text="Other words.", by=by)
    news = client.get(record(cast.booked, "news/"), {"since": cursor}).json()
    assert (news["gone"], news["order"]) == ([str(line.uuid)], [str(new.uuid)])
    assert f"member:{cast.person.uuid}" in news["present"]
    assert news["wait"] == ""


def test_as_many_queries_for_fifty_lines_and_thirty_people_as_for_one(cast, client, django_assert_max_num_queries):
    client.force_login(cast.clinician1.user)
    say(cast.booked, "One line.", who=cast.person)
    client.get(record(cast.booked))
    with django_assert_max_num_queries(12) as few:
        client.get(record(cast.booked))
    for n in range(50):
        say(cast.booked, f"Line {n}", who=cast.person)
    with django_assert_max_num_queries(12) as many:
        client.get(record(cast.booked))
    assert len(few) == len(many), [query["sql"][:80] for query in many]


def test_the_page_changes_a_line_and_keeps_typed_words_on_an_error(cast, client):
    line = keep(cast)
    client.force_login(cast.clinician2.user)
    address = record(cast.booked, f"lines/{line.uuid}/change/")
    assert "I am so tired." in client.get(address).content.decode()
    assert "Write something first." in client.post(address, {"text": ""}).content.decode()
    answer = client.post(address, {"text": "Other words.", "uuid": uuid4()})
    new = Line.objects.get(text="Other words.")
    assert answer["Location"] == record(cast.booked, f"#line-{new.uuid}")
    assert client.get(record(cast.booked, f"lines/{cast.voice.uuid}/change/")).status_code == 404
