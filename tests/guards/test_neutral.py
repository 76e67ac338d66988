"""Promise 13: titles, addresses, file names, logs and mail carry nobody's name. Canaries in every name and word would sing."""

import base64
import io
import json
import logging
import os
import re
import shutil
import urllib.request
import zlib
from contextlib import contextmanager, suppress
from itertools import count
from uuid import uuid4

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.db.models import CharField, TextField
from django.urls import reverse

from network import channels, outbox, push
from network.models import MemberContact, Message, StaffChannel
from opendialogue.celery import PARTS, app
from opendialogue.local import places, processes
from opendialogue.local.valkey import Valkey
from opendialogue.logs import DiscreetFormatter
from tests.conftest import role
from tests.factories import make_browser, make_member, say
from tests.faults.loopback import ByWayOf, listening
from tests.faults.test_push_service import Browser
from tests.guards.test_matrix import ROUTES, TABLE, ask
from tests.guards.world import ours, standing, world
from tests.meetings import breaks as b
from tests.meetings.test_promises_sql import perform
from tests.standing import taken_back

__all__ = ["standing", "world"]  # fixtures

CANARY = re.compile(r"kanarie\d+", re.IGNORECASE)
READERS = ("nobody", "person", "mother", "team", "coordinator", "lead")


# What is no free text, though it is kept as such: addresses that mail goes to, keys, zones, rules by name, what the service says of itself.
NO_WORDS = {
    "address", "call_back", "contested_why", "dedupe_key", "email", "emergency_number", "last_error", "night_number", "password",
    "path", "phone", "reader_role", "refused_why", "secret", "slug", "subscription", "thing", "time_zone", "to", "verb",
    "what",
}  # fmt: skip
KEPT = {"meetings_meeting": {"address"}}  # there, it is a place


def free_text():
    """Each column of the service that holds a name, a place or words of somebody."""
    for model in apps.get_models():
        if model._meta.app_label in ("network", "referrals", "meetings"):
            for field in model._meta.concrete_fields:
                words = isinstance(field, CharField | TextField) and not field.choices
                if words and (field.name not in NO_WORDS or field.name in KEPT.get(model._meta.db_table, ())):
                    yield model, field.name


@contextmanager
def as_it_may_not_be_written(cursor):
    """What was written stays, for every role; here it is written over all the same."""
    for way in ("DISABLE", "ENABLE"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in {model._meta.db_table for model, _ in free_text()}:
            cursor.execute(f"ALTER TABLE {table} {way} TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        if way == "DISABLE":
            yield


@pytest.fixture(scope="module")
def singing(world):
    """The world, with a canary in each name, place and word of each row, whatever may still change otherwise."""
    for n in range(16):
        aunt = make_member(world.network, f"Aunt {n}", account=False, relation="an aunt")
        MemberContact.objects.filter(member=aunt).update(home_address="By the sea", language="Finnish")
        say(world.going_on, "We are here.", who=aunt)
        say(world.going_on, "Let us write it down.", who=world.clinician1, kind="reflection")
    rows = (b.told_row, b.bring_row, b.keep_row, b.share_row, b.contact, b.sight_row)
    perform([b.addendum(world.held, world, member_id=world.person.pk), *(row(world) for row in rows)])
    number = count(1)
    with connection.cursor() as cursor, as_it_may_not_be_written(cursor):
        for model, field in free_text():
            for row in model.objects.exclude(**{field: ""}).exclude(**{field: None}):
                model.objects.filter(pk=row.pk).update(**{field: f"Kanarie{next(number)}"})
    world.canaries = next(number) - 1
    return world


def answers(world):
    """Each page as each who may open it sees it, and each empty form sent."""
    for pattern, route in sorted(ROUTES.items()):
        if pattern not in TABLE:
            continue
        entry = TABLE[pattern]
        for method, declared in (("get", entry.get), ("post", entry.post)):
            for who in READERS:
                if who in f"{declared.get(200, '')} {declared.get(302, '')}".split():
                    yield pattern, ask(world, who, method, route, ours(world, entry.about))


@pytest.mark.django_db
def test_there_are_canaries_to_hear(singing):
    assert CANARY.search("Kanarie12 was here")
    assert singing.canaries >= 200


def test_nothing_outside_gives_the_person_away(singing, caplog):
    caplog.set_level(logging.DEBUG)
    heard, sung = {}, 0
    for pattern, answer in answers(singing):
        page = answer.content.decode(errors="replace") if "text/html" in answer.get("Content-Type", "") else ""
        sung += len(CANARY.findall(page))
        titles = re.findall(r"<title>.*?</title>|<meta[^>]*>|<link[^>]*>", page, re.DOTALL)
        # geo: opens the map of the device itself, when it is tapped.
        addresses = re.findall(r'(?:href|src|action|hx-get|hx-post)="(?!geo:)([^"]*)"', page)
        for place, text in {"title": titles, "address": addresses, "header": list(answer.headers.items())}.items():
            if found := CANARY.findall(str(text)):
                heard[pattern, place] = found
    assert heard == {}
    assert sung > 100, "the pages themselves do carry names"
    logged = [
        f"{record.name} {record.getMessage()}" for record in caplog.records if not record.name.startswith("django.db")
    ]
    assert [line for line in logged if CANARY.search(line)] == []


def test_addresses_hold_numbers_and_plain_words_only(singing):
    for pattern, route in ROUTES.items():
        parts = ours(singing, "held")
        path = reverse(route.name, kwargs={name: parts[name] for name in route.parameters})
        left = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|tornio", "", path)
        assert re.fullmatch(r"[a-z/.-]*", left), pattern


def test_mail_of_the_outbox(singing, settings):
    long_ago = singing.held.starts_at
    kinds = [kind for kind in Message.Kind.values if kind not in outbox.SIGN_IN]  # those have a test of their own
    with taken_back():
        for n, kind in enumerate(kinds):
            Message.objects.create(
                service=singing.service, network=singing.network, kind=kind, to=f"{n}@example.org", dedupe_key=f"canary{n}",
                due_at=long_ago, meeting_at=singing.booked.starts_at if n % 2 else None,
            )  # fmt: skip
        Message.objects.update(due_at=long_ago)
        mail.outbox = []
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with role("od_clock"):
            outbox.send_due()
    assert len(mail.outbox) >= len(kinds)
    assert_neutral(mail.outbox)


def test_mail_of_the_sign_in(singing, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    with taken_back():
        answer = singing.clients["nobody"].post(
            reverse("account_request_login_code"), {"email": singing.mother.user.email}
        )
        Message.objects.filter(kind="code").update(due_at=singing.held.starts_at)
        with role("od_clock"):
            outbox.send_due()
    assert answer.status_code == 302
    assert len(mail.outbox) == 1
    assert_neutral(mail.outbox)


def assert_neutral(letters):
    for letter in letters:
        whole = letter.message().as_string()
        assert not CANARY.search(whole)
        words = letter.subject + letter.body
        assert not re.search(
            r"crisis|dialogue|mental|psych|team|network|clinic|therap|hospital", words, re.IGNORECASE
        ), words
        assert letter.message()["Message-ID"].rstrip(">").endswith("@localhost"), "the machine's own name"
        assert len(letter.recipients()) == 1


def test_text_messages_and_notifications(singing):
    """Whatever the kind, and with the time of a meeting in it or not."""
    said = []
    for kind in Message.Kind.values:
        for channel in ("sms", "push"):
            claimed = outbox.Claimed(
                id=1, uuid=uuid4(), kind=kind, channel=channel, to="+358405550100", path="/board/",
                meeting_at=singing.booked.starts_at, time_zone="Europe/Helsinki", subscription=None,
            )  # fmt: skip
            if kind not in outbox.SIGN_IN:
                letter = outbox.compose(claimed)
                said += [letter.subject, letter.text, letter.address]
    assert len(said) > 20
    assert not CANARY.search(" ".join(said))
    assert not re.search(r"crisis|dialogue|mental|psych|team|clinic|therap|hospital", " ".join(said), re.IGNORECASE)


@pytest.mark.parametrize("channel", ["sms", "push"])
def test_what_goes_over_the_wire(singing, settings, monkeypatch, channel):
    """The whole request as a gateway or a push service gets it, and the payload as the browser opens it."""
    settings.VAPID_PRIVATE_KEY = push.new_private_key()
    browser, heard = Browser(), []
    who = type(singing.clinician1).objects.get(pk=singing.clinician1.pk)
    assert CANARY.search(who.name)
    with listening() as server, taken_back():
        settings.SMS_GATEWAY_URL = f"{server.url}/send"
        monkeypatch.setattr(
            channels, "_opener", urllib.request.build_opener(channels._NoRedirects, ByWayOf(server.port))
        )
        server.says(201, '{"status": "accepted"}')
        if channel == "push":
            way = make_browser(who, device="Kanarie0", keys=browser.keys)
        else:
            way = StaffChannel.objects.create(staff=who, service=who.service, kind="sms", address="+358405550134")
        Message.objects.create(
            service=who.service, network=singing.network, kind="step", channel=channel, to=way.address, staff=who, staff_channel=way,
            step=singing.case.watches.first().steps.first().pk, path="/waiting/5f1b/", dedupe_key="wire",
            due_at=singing.held.starts_at,
        )  # fmt: skip
        with role("od_clock"):
            outbox.send_due()
        for one in server.asked:
            body = json.dumps(browser.read(one.body)) if channel == "push" else one.body.decode()
            heard.append(f"{one.path} {one.headers} {body}")
    assert heard
    assert "Something waits for you" in " ".join(heard)
    assert not CANARY.search(" ".join(heard))
    assert not re.search(r"crisis|dialogue|mental|psych|team|clinic|therap|hospital", " ".join(heard), re.IGNORECASE)


@pytest.mark.parametrize("name", ["note_pdf", "everything_pdf", "everything_json"])
def test_a_file_says_nothing_about_itself(singing, name):
    """Names are set in glyphs and packed; what stands open in a PDF is what it says about itself."""
    parts = {"meeting": singing.held.uuid} if name == "note_pdf" else {}
    with taken_back():
        answer = singing.clients["person"].get(reverse(name, kwargs=parts))
    assert answer.status_code == 200
    assert not CANARY.search(str(list(answer.headers.items())))
    if name != "everything_json":
        whole = b"\n".join([answer.content, *unpacked(answer.content)])
        about = b"\n".join(
            re.findall(
                rb"<x:xmpmeta.*?</x:xmpmeta>|/(?:Title|Subject|Keywords|Creator|Producer) ?\([^)]*\)", whole, re.DOTALL
            )
        )
        assert about
        assert not CANARY.search(about.decode("latin-1"))
        assert not CANARY.search(answer.content.decode("latin-1"))
        assert b"/Author" not in whole
        assert b"dc:creator" not in whole


def unpacked(pdf):
    """The streams of a PDF, those that are packed unpacked."""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(stream)


def test_an_error_quotes_nobody(singing, monkeypatch):
    """Neither the page nor the log, though the exception itself does."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(DiscreetFormatter())
    logging.getLogger().addHandler(handler)
    name = singing.held.network.person.name
    assert CANARY.search(name)
    monkeypatch.setattr("meetings.views.notes.read_note", lambda *_: {}[name])
    browser = singing.clients["person"]
    monkeypatch.setattr(browser, "raise_request_exception", False)
    try:
        with taken_back():
            answer = browser.get(reverse("note", kwargs={"meeting": singing.held.uuid}))
    finally:
        logging.getLogger().removeHandler(handler)
    assert answer.status_code == 500
    assert not CANARY.search(answer.content.decode())
    assert "KeyError" in log.getvalue()
    assert not CANARY.search(log.getvalue())


@pytest.fixture
def valkey():
    """A Valkey that keeps every word it is given, and where."""
    folder = places.directory("try") / f"neutral-{os.getpid()}"
    folder.mkdir()
    server = Valkey(folder)
    server.start()
    yield server, folder
    processes.stop(server.process)
    shutil.rmtree(folder)


def test_nothing_is_left_in_valkey_or_in_the_session(singing, settings, valkey):
    """What both keep: counts of tries and keys, and nobody's words. Valkey's own log holds each key and value that it was ever given."""
    server, folder = valkey
    settings.CACHES = {"default": {"BACKEND": "opendialogue.cache.StubbornCache", "LOCATION": server.url}}
    for _ in answers(singing):
        pass
    with taken_back():  # tries are counted for the address that was typed
        singing.clients["nobody"].post(reverse("account_request_login_code"), {"email": "kanarie0@example.org"})
        singing.clients["nobody"].post(
            reverse("account_login"), {"login": "kanarie0@example.org", "password": "Kanarie0"}
        )
    with app.connection(server.url) as broker:
        for task in PARTS:
            app.send_task(task, connection=broker)
    given = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.aof")))
    woken = [json.loads(base64.b64decode(body)) for body in re.findall(rb'"body": "([A-Za-z0-9+/=]+)"', given)]
    assert len(woken) == len(PARTS)
    assert [args for args, *_ in woken] == [[]] * len(PARTS)
    assert given.count(b"SET") > 2, "tries were counted"
    assert not CANARY.search(given.decode("latin-1"))
    for browser in singing.clients.values():
        assert not CANARY.search(str(dict(browser.session)))
    assert not any(task["options"].get("args") or task.get("args") for task in settings.CELERY_BEAT_SCHEDULE.values())
