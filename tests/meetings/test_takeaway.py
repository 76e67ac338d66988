"""Promise 7: what the person takes along is what they read on the screen, all of it, and nothing else."""

import html
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from meetings.models import Addendum, Invitation, KeptBack, OutOfSight, ReadBack, ToBring, Told
from meetings.pdf import _set, everything_as_pdf
from meetings.takeaway import everything
from network.models import AuditEntry, Member, MemberContact, Message, ReaderPause, Reading, StaffChannel, User
from tests.conftest import acting_as, role
from tests.factories import close, hours, make_cast, make_meeting, make_member, say, share, start
from tests.meetings.held import untriggered
from tests.meetings.test_pdf import EVIL
from tests.meetings.test_timeline import everything as all_that_happens

pytestmark = pytest.mark.django_db
SCHEMA = json.loads((Path(settings.BASE_DIR) / "static/export.schema.json").read_text())
CANARY = re.compile(r"kanarie\d+")
APART = r"/accounts/|/sees/|/my/everything/|/my/readings/|.*/pdf/$|.*\?kind="
TO_READ = r"/my/|/my/readers/|/my/readings/|/cases/[^/]+/|/cases/[^/]+/members/[^/]{36}/|/notes/[^/]+/|/meetings/[^/]+/"
MACHINE = {"iso", "state", "kind", "status", "role"}  # codes that the schema explains
MUTE = {Message, AuditEntry, StaffChannel, User}  # nobody's words
# What the pages say of their own accord: what can be done there, and how.
OWN_WORDS = """
What was agreed last time, in the meeting of.
Has not signed in yet. Another place. Told by phone. Talked about together. Good morning, good afternoon, good evening, hello.
Next meeting. After that. No meeting is set yet. Change something. I will be there. I cannot. Not sure, or say more. Ask for a
meeting sooner. You asked for a meeting; she looks after it. Not yet talked about with you. Decided without you. Why it could not
wait. She brings it to the meeting, or to the next meeting. It stays here until you have talked about it. It is talked about in
this meeting. Came after the meeting: lines came late and were not read back. Nobody of family and friends sees them before you
have. Read them. What was written. Added something, saw something differently. Everything so far, in order of time. Who may read.
You decide, one by one. Being at a meeting gives nobody a right to read. The team and those who look after the service read for
their work, and each reading is on record. Everybody else only as you say. See what they see. You can change it at any time. Who
has read. Everybody who opened something about you, with the time. Nobody can take this out. That you look here is on record, too.
Others and me. Opened several things, twice,
three times, four times, between; each time.
Nobody but you has read anything yet. All readings. Take everything along. How it began. You met. The team wants to
meet you before. How messages reach me. Back to your page. Tonight, if it gets hard. Whom to call at night. Any hour of the day
and night. If somebody is in danger now, call. What happened. Entered. Min left, meet before. The network. Dashed: not yet come.
Family, friends, professional. Asked, not yet come. The team. Change somebody: home, language, contact. Somebody else belongs
here. Who does what, by when. Choose. Add to this. I see this differently. I have read this. Beside the whole. Keep this as PDF. A
file on your device can be read by whoever uses it. Show the way on the map of this phone. Not yet talked about together. Who is
invited. Answer. Change my answer. Said. Invited by the word. Cancelled. Going on now. She comes. They come for this one meeting.
Read the note. Name needed. How are they related? In their own words. Closest to needed. May they be invited? Where was this said,
and to whom? Yes, no, not asked yet. E-mail: each member needs their own. Mails never say why. Phone: neither e-mail nor phone,
told on paper. Home address. Language. Interpreter: which language, and who if you know. The time of a meeting may stand in
messages to them only when they chose so, otherwise a message says no more than that there is one. Themonly, nameneeded, toneeded.
They sign in with the address they had when they joined. A new address here is where messages go. Save. Back without saving. They
belong to the network no more. Why? The person can read this. What they said in meetings stays. They read nothing any more, and
are no longer asked to what is booked. Write down that they left. Named by. Of the network no more, since. Of the network again.
It holds at once. Pause what she reads. Take it back. If you take it back or pause it, she will not be told, but may notice, and may
keep what has been read or saved. Let her read again. Everything. From now on. Or until when.
To bring to the next meeting, to this meeting. Nothing yet. Between meetings you can write down what should not be forgotten. Write
something down. Taken out of sight. Words from the meeting were taken out of sight. By two. Nobody reads them here any more. You.
Corrected something. Out of sight. More about these words. Family and friends then read this meeting without these words. Nobody tells
them; who was there may remember. You, the team, and whose words they are still see them. You can share them again at any time. Keep
this back. You keep this back. Share it, and whoever reads this meeting reads it, too, unless somebody else keeps it back. Share it
with the rest.
"""
ODD = [
    "=HYPERLINK(1)",
    "@SUM(A1)",
    "+1",
    "-1",
    "<script>alert(1)</script> &amp; </p>",
    EVIL,
    "שלום \u202e abc",
    "😀 e\u0301 \u200b",
]


@pytest.fixture
def cast():
    """The cast, with something of every kind."""
    c = make_cast()
    scope = {"network": c.network, "service": c.service}
    all_that_happens(c)
    beside = {"meeting": c.held, **scope, "name": "x"}
    Addendum.objects.create(**beside, line=c.voice, kind="differs", text="Not so.", member=c.mother)
    Addendum.objects.create(**beside, kind="added", text="Thank you.", staff=c.clinician1)
    late = say(c.held, "Too late for the others.", who=c.mother, at=c.held.closed_at)
    assert late.late
    Invitation.objects.filter(meeting=c.booked, member=c.mother).update(
        answer="not_sure", reason="The bus.", answered_at=timezone.now(), answered_by=c.mother.user
    )
    MemberContact.objects.filter(member=c.person).update(
        home_address="Kauppakatu 3", phone="040 1", language="Finnish", interpreter="Signs"
    )
    gone = make_member(c.network, "Aunt", relation="her aunt", circle="family", named_by="Elina")
    Member.objects.filter(pk=gone.pk).update(left_at=timezone.now(), left_reason="She moved.")
    share(c.held, c.friend)
    eino = make_member(c.network, "Eino", account=False)
    asked = Invitation.objects.create(meeting=c.booked, member=eino, word="Elina, at the door", **scope)
    Told.objects.create(invitation=asked, how="phone", by=c.clinician1, moves=0, **scope)
    many_kinds(c)
    one_by_one(c, scope)
    return c


def one_by_one(c, scope):
    """Lines kept back and taken out of sight, a pause that is over, and what people would like to bring."""
    KeptBack.objects.create(line=c.mothers_voice, meeting=c.held, member=c.mother, **scope)
    KeptBack.objects.create(line=c.voice, meeting=c.held, member=c.person, **scope)
    wrong = say(c.held, "Somebody else's.", who=c.person, at=c.held.closed_at)
    gone = {"meeting": c.held, "why": "wrong_case", "asked_by": c.clinician1, **scope}
    done = OutOfSight.objects.create(line=wrong, words="Of another family.", **gone)
    OutOfSight.objects.filter(pk=done.pk).update(second=c.clinician2)
    OutOfSight.objects.create(line=c.voice, words="Somebody thought so.", **gone)
    ToBring.objects.create(member=c.mother, text="The noise in the stairs.", **scope)
    ToBring.objects.create(member=c.person, text="The nights.", **scope)
    heard = {"how": "in_the_room", "recorded_by": c.clinician1.user, **scope}
    pause = ReaderPause.objects.create(member=c.friend, where="At the door", witness="Marja", **heard)
    ReaderPause.objects.filter(pk=pause.pk).update(
        ended_at=timezone.now(), ended_by=c.clinician1.user, ended_where="By the stove", ended_witness="Veli"
    )
    ReaderPause.objects.create(member=c.uncle, where="On the stairs", witness="Jussi", **heard)


def many_kinds(c):
    """A second meeting: a wish, a line said again, an action, what was not accepted, and somebody who sees it differently."""
    at = timezone.now() - hours(50)
    meeting = make_meeting(
        c.case, c.clinician1, starts_at=at, invited=[c.person], place="elsewhere", address="The library"
    )
    start(meeting, c.person, c.clinician1, at=at)
    say(meeting, "To sleep.", kind="use", who=c.person, at=at + hours(0.1))
    first = say(meeting, "I said it so.", who=c.person, at=at + hours(0.2))
    say(meeting, "I say it so.", who=c.person, at=at + hours(0.3), replaces=first)
    say(meeting, "We know more.", kind="understanding", at=at + hours(0.4))
    say(meeting, "Rings the nurse.", kind="action", at=at + hours(0.5), action_who="Marja", action_by=timezone.localdate(),
        action_looked_after_by="Leena")  # fmt: skip
    ReadBack.objects.create(
        meeting=meeting,
        network=c.network,
        service=c.service,
        member=c.person,
        name="x",
        answer="differs",
        words="I see it otherwise.",
    )
    close(meeting, at=at + hours(1))
    say(
        meeting,
        "Decided in the yard.",
        kind="decision",
        at=at + hours(3),
        state="refused",
        refused_why="decision_in_a_meeting",
    )
    c.second = meeting


def taken(client, cast):
    client.force_login(cast.person.user)
    answer = client.get("/my/everything/json/")
    assert answer.status_code == 200
    return json.loads(answer.content)


def screens(client, cast):
    """Every page that the person comes to from their own, by its address; and those that stand apart: who left, meetings that were."""
    client.force_login(cast.person.user)
    to_do = ["/my/", *(f"/meetings/{one.uuid}/" for one in cast.network.meetings.all())]
    to_do += [f"/cases/{cast.case.uuid}/members/{one.uuid}/" for one in cast.network.members.all()]
    found = {}
    while to_do:
        address = to_do.pop()
        if address in found or re.match(APART, address):
            continue
        answer = client.get(address)
        if answer.status_code == 200:
            found[address] = main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)[0]
            to_do += [html.unescape(link) for link in re.findall(r'<a[^>]*href="(/[^"#]*)', main)]
    assert len(found) > 20
    client.get("/my/readings/?own=1")  # last, for the others are on it; and again, for itself
    readings = client.get("/my/readings/?own=1").content.decode()
    return found | {"/my/readings/": re.search(r"<main.*</main>", readings, re.DOTALL)[0]}


def full(found):
    """Where the screen says "today", the file says which day that was."""
    moment = datetime.fromisoformat(found[1])
    if "T" not in found[1]:
        return date_format(moment, "j F Y")
    return f"{date_format(moment, 'l j F Y')}, {moment:%H:%M}"


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def plain(markup):
    """What stands on the screen, with what has been typed into its fields."""
    markup = re.sub(r'<input type="hidden"[^>]*>', "", markup)
    markup = re.sub(r'<input[^>]*?value="([^"]*)"[^>]*>', r" \1 ", markup)
    markup = re.sub(r"</?(p|h\d|li|ul|ol|dd|dt|div|section|header|label|legend|a|button|textarea)\b[^>]*>", " ", markup)
    return flat(html.unescape(re.sub(r"<[^>]*>", "", markup)))


def dated(markup):
    return re.sub(r'<time datetime="([^"]+)">[^<]*</time>', full, markup)


def leaves(data, key=""):
    """Every text of the file but what only a machine reads."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from leaves(value, name)
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value, key)
    elif isinstance(data, str) and data and key not in MACHINE:
        yield flat(data)


def test_what_is_in_the_file_is_on_the_screen(cast, client):
    pages = screens(client, cast).values()
    shown = " | ".join(plain(markup) for page in pages for markup in (page, dated(page)))
    data = taken(client, cast)
    now = data["made_at"]["text"]  # the minute may have turned since the pages
    assert {text for text in leaves(data) if text not in shown and text != now} == set()


def test_what_is_on_the_screen_is_in_the_file(cast, client):
    """Block by block: what is left of a page without the texts of the file is the service's own words about what can be done there."""
    pages = screens(client, cast)
    data = taken(client, cast)
    texts = sorted({text for text in leaves(data) if len(text) > 2}, key=len, reverse=True)
    known = set(re.findall(r"\w+", f"{OWN_WORDS} {' '.join(texts)}".lower()))
    left = {}
    for address, page in pages.items():
        if not re.fullmatch(TO_READ, address):
            continue
        text = plain(dated(page))
        for said in texts:
            text = text.replace(said, " ")
        if words := {word for word in re.findall(r"[^\W\d_]{3,}", text.lower()) if word not in known}:
            left[address] = words
    assert left == {}


def test_every_name_and_word_that_people_wrote_is_in_both_or_in_neither(cast, client):
    """A canary for each of them: who hears it on the screen hears it in the file."""
    birds = {}
    models = [
        m for m in apps.get_models() if m._meta.app_label in ("network", "referrals", "meetings") and m not in MUTE
    ]
    tables = [m._meta.db_table for m in models]
    with untriggered(*tables):
        for model in models:
            for row in model.objects.all():
                for field in model._meta.concrete_fields:
                    if field.get_internal_type() in ("CharField", "TextField", "EmailField") and sings(field, row):
                        bird = f"kanarie{len(birds)}"
                        birds[bird] = f"{model._meta.model_name}.{field.name}"
                        tail = "@example.org" if field.name == "email" else ""
                        model.objects.filter(pk=row.pk).update(**{field.attname: bird + tail})
    pages = " ".join(screens(client, cast).values())
    data = taken(client, cast)
    on_screen, in_file = (set(CANARY.findall(text)) for text in (pages, json.dumps(data)))
    assert sorted(birds[one] for one in on_screen ^ in_file) == []
    assert len(in_file) > 60
    with role("od_app"), acting_as(cast.person.user.pk), timezone.override("Europe/Helsinki"):
        printed = as_html(everything(cast.person.user, now=timezone.now()))
    assert set(CANARY.findall(printed)) == in_file


def sings(field, row):
    codes = ("refused_why", "contested_why", "reader_role", "slug", "time_zone")
    return not field.choices and getattr(row, field.attname) and field.name not in codes


def as_html(data):
    """What is set on paper, in a form that can be read here."""
    return _set("everything", data, format="html").decode()


def test_paper_says_the_same(cast, client):
    data = taken(client, cast)
    with role("od_app"), acting_as(cast.person.user.pk), timezone.override("Europe/Helsinki"):
        again = everything(cast.person.user, now=timezone.now())
    printed = flat(html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?(strong|em|span)\b[^>]*>", "", as_html(again)))))
    for text in leaves(data["networks"]):
        for part in text.split("\n"):
            assert part in printed, part
    assert everything_as_pdf(again).startswith(b"%PDF")


def test_it_is_as_the_schema_says(cast, client):
    faults = list(against(SCHEMA, taken(client, cast)))
    assert faults == []
    assert list(against(SCHEMA, {"version": 1, "made_at": {"iso": "x", "text": "x"}, "networks": [{}], "more": 1}))


KEYWORDS = {"$schema", "$defs", "title", "description", "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum",
            "const", "format"}  # fmt: skip


def against(schema, data, at="$"):
    """What JSON Schema would say, for the words that ours uses; an unknown word fails."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    assert set(schema) <= KEYWORDS
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if "anyOf" in schema and all(list(against(one, data, at)) for one in schema["anyOf"]):
        yield f"{at}: none of the possible forms"
    if "type" in schema and not isinstance(data, kinds[schema["type"]]):
        yield f"{at}: not of type {schema['type']}"
        return
    if data not in schema.get("enum", [data]) or data != schema.get("const", data):
        yield f"{at}: {data!r} is not one of the known"
    if schema.get("format") == "date-time" and not re.fullmatch(r"[\d-]{10}T[\d:]{8}[+-]\d\d:\d\d", data):
        yield f"{at}: no moment"
    if isinstance(data, dict):
        yield from (f"{at}: {name} is missing" for name in schema.get("required", []) if name not in data)
        known = schema.get("properties", {})
        if schema.get("additionalProperties") is False:
            yield from (f"{at}: {name} is not described" for name in data if name not in known)
        for name, value in data.items():
            yield from against(known[name], value, f"{at}.{name}") if name in known else []
    if isinstance(data, list):
        for place, value in enumerate(data):
            yield from against(schema.get("items", {}), value, f"{at}[{place}]")


def test_texts_stay_texts(cast, client):
    """Formulas, markup, other directions and emoji come out as they went in, and nothing of them works."""
    for text in ODD:
        say(cast.held, text, who=cast.person, at=cast.held.closed_at)
    Member.objects.filter(pk=cast.friend.pk).update(name=ODD[0], relation=ODD[4][:100])
    client.force_login(cast.person.user)
    answer = client.get("/my/everything/json/")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    data = json.loads(answer.content)
    said = [
        line["words"]
        for meeting in data["networks"][0]["meetings"]
        if meeting["note"]
        for line in meeting["note"]["lines"]
    ]
    assert [text for text in ODD if text.strip() not in said] == []
    assert ODD[0] in [one["name"] for one in data["networks"][0]["people"]]
    assert client.get("/my/everything/pdf/").content.startswith(b"%PDF")


def test_neither_file_says_anything_about_itself(cast, client):
    client.force_login(cast.person.user)
    for kind, starts in (("pdf", b"%PDF"), ("json", b"{")):
        answer = client.get(f"/my/everything/{kind}/")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="everything.{kind}"'
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.content.startswith(starts)
    body = client.get("/my/everything/pdf/").content
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


@pytest.mark.parametrize(
    "who", ["mother", "friend", "uncle", "clinician1", "clinician3", "coordinator", "lead", "coordinator2"]
)
def test_nobody_else(cast, client, who):
    client.force_login(getattr(cast, who).user)
    for part in ("", "pdf/", "json/"):
        assert client.get(f"/my/everything/{part}").status_code == 404
    assert not Reading.objects.exists()


def test_only_of_oneself(cast, client):
    client.force_login(cast.person2.user)
    body = client.get("/my/everything/json/").content.decode()
    assert "Oskari" in body
    for unsaid in ("Elina", "Marja", "sleep again", "Tornio"):
        assert unsaid not in body


def test_taking_it_is_on_record(cast, client):
    client.force_login(cast.person.user)
    client.get("/my/everything/pdf/")
    assert Reading.objects.values_list("what", "reader_role").get() == ("export", "person")
    assert "<b>You</b> took everything along" in client.get("/my/readings/?own=1").content.decode()
    assert 'href="/my/everything/"' in client.get("/my/").content.decode()
