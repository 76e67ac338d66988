"""Notifications to browsers: whose they are, when they end, and what a browser may ask for."""

import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from network import channels, device, kept_parts
from network.actions import channels as ways
from network.models import AuditEntry, Message, StaffChannel
from referrals import rota
from referrals.models import OnCall
from tests.conftest import AppClient, acting_as, role
from tests.factories import (
    BROWSER_KEYS,
    flush_constraints,
    hours,
    make_browser,
    make_case,
    make_cast,
    make_member,
    make_network,
)

pytestmark = pytest.mark.django_db
PAGE = "/channels/"
ENDPOINT = "https://fcm.googleapis.com/send/abc"


@pytest.fixture
def cast():
    return make_cast()


def page(response):
    return " ".join(response.content.decode().split())


def given(endpoint=ENDPOINT, **more):
    return {"endpoint": endpoint, "expirationTime": None, "keys": BROWSER_KEYS} | more


def set_up(client, subscription=None, name="My phone"):
    return client.post(
        reverse("set_browser"), {"device": name, "subscription": json.dumps(subscription or given())}
    )  # fmt: skip


def channel_in(client):
    """The channel that this browser believes to be."""
    request = RequestFactory().get("/")
    request.COOKIES["device"] = client.cookies["device"].value
    return StaffChannel.objects.get(uuid=device.channel_of(request))


def asked(action, by, **wanted):
    with role("od_app"), acting_as(by.pk):
        return action(**wanted, by=by)


@pytest.fixture
def browser(client, cast):
    """The browser of clinician1, signed in and set up."""
    client.force_login(cast.clinician1.user)
    assert set_up(client)["Location"] == PAGE
    return client


# Setting one up.


def test_set_up_tried_and_put_away(browser, cast):
    channel = StaffChannel.objects.get()
    assert (channel.staff, channel.kind, channel.device, channel.active) == (cast.clinician1, "push", "My phone", True)
    assert channel.subscription == {"endpoint": ENDPOINT, "keys": BROWSER_KEYS, "ours": channels.push_public_key()}
    assert AuditEntry.objects.filter(verb="set a channel", thing_uuid=channel.uuid).exists()
    seen = page(browser.get(PAGE))
    assert 'Notification</b> <bdi>My phone</bdi> <span class="chip">this device</span>' in seen
    assert "fcm.googleapis.com" not in seen  # an endpoint is a secret
    browser.post(reverse("try_channel", args=[channel.uuid]))
    trial = Message.objects.get(kind="trial")
    assert (trial.channel, trial.staff_channel, trial.path) == ("push", channel, PAGE)
    browser.post(reverse("put_away_channel", args=[channel.uuid]))
    channel.refresh_from_db()
    assert (channel.active, channel.put_away_why) == (False, "own")
    trial.refresh_from_db()
    flush_constraints()
    trial.refresh_from_db()
    assert trial.cancelled_at  # nothing goes there any more, not even a try
    assert "My phone" not in page(browser.get(PAGE))


def test_the_cookie_says_nothing_and_no_script_reads_it(browser):
    cookie = browser.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert re.fullmatch(r"[0-9a-f-]{36}:\w+:[\w-]+", cookie.value)


def test_the_same_browser_is_one_channel(browser, cast):
    """Again with the same subscription, or with another in the same browser."""
    set_up(browser, name="Telephone")
    set_up(browser, given(f"{ENDPOINT}2"), name="My phone")
    assert list(StaffChannel.objects.filter(active=True).values_list("device", flat=True)) == ["My phone"]
    other = AppClient()
    other.force_login(cast.clinician1.user)
    set_up(other, given(f"{ENDPOINT}3"), name="Tablet")
    assert StaffChannel.objects.filter(active=True).count() == 2
    assert page(other.get(PAGE)).count("this device</span>") == 1


@pytest.mark.parametrize(
    "endpoint",
    ["http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.8/x", "https://[::1]/x",
     "https://169.254.169.254/latest", "https://evil.example/x", "https://fcm.googleapis.com.evil.example/x",
     "https://notfcm.googleapis.com/x", "https://fcm.googleapis.com@127.0.0.1/x", "https://fcm.googleapis.com:8443/x",
     "https://fcm.googleapis.com\\@127.0.0.1/x", "https://FCM.googleapis.com/x", "//fcm.googleapis.com/x", "file:///etc/passwd",
     "https://fcm.googleapis.com/x\r\nHost: inside", f"https://fcm.googleapis.com/{'x' * 1500}", "https://[fcm.googleapis.com/x",
     "", None, 7, ["https://fcm.googleapis.com/x"]],
)  # fmt: skip
def test_only_a_push_service_is_ever_called(cast, client, endpoint):
    client.force_login(cast.clinician1.user)
    answer = set_up(client, given(endpoint), name="My phone")
    assert answer.status_code == 200
    assert "This browser sends its notifications by a way" in page(answer) or "cannot be used" in page(answer)
    assert 'value="My phone"' in page(answer)
    with pytest.raises(channels.NotASubscription):
        asked(ways.set_browser, cast.clinician1.user, subscription=given(endpoint), device="My phone")
    assert not StaffChannel.objects.exists()


@pytest.mark.parametrize(
    "subscription",
    ["", "{", "[" * 4000, "null", "7", '"x"', "{}", json.dumps({"endpoint": ENDPOINT}),
     json.dumps(given(keys=None)), json.dumps(given(keys=[])),
     json.dumps(given(keys={"p256dh": "", "auth": ""})), json.dumps(given(keys=BROWSER_KEYS | {"p256dh": "B" + "A" * 86})),
     json.dumps(given(keys=BROWSER_KEYS | {"auth": "short"})), json.dumps(given(keys=BROWSER_KEYS | {"auth": 7})), "x" * 6000],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_what_a_browser_gave_and_cannot_be_used(cast, client, subscription):
    client.force_login(cast.clinician1.user)
    answer = client.post(reverse("set_browser"), {"device": "My phone", "subscription": subscription})
    assert answer.status_code == 200
    assert "Please try again" in page(answer)
    assert not StaffChannel.objects.exists()


@pytest.mark.parametrize(("name", "sentence"), [("  ", "Give this device a name"), ("x" * 61, "Please shorten it")])
def test_a_device_has_a_name(cast, client, name, sentence):
    client.force_login(cast.clinician1.user)
    answer = set_up(client, name=name)
    assert sentence in page(answer)
    assert "fcm.googleapis.com/send/abc" in page(
        answer
    )  # what the browser gave is kept, and need not be asked for again


@pytest.mark.parametrize("name", ["<b>x</b>", "هاتفي", "📱", "a\x00b", "Puhelin ‮x"])
def test_any_name_will_do(cast, client, name):
    client.force_login(cast.clinician1.user)
    assert set_up(client, name=name).status_code == 302
    assert "<b>x</b>" not in page(client.get(PAGE))


def test_not_offered_and_not_a_dead_end_where_there_is_no_key(cast, client, settings):
    settings.VAPID_PRIVATE_KEY = ""
    client.force_login(cast.clinician1.user)
    seen = page(client.get(PAGE))
    assert "its guide for operators says how" in seen
    assert "what would come as one comes by e-mail" in seen
    assert "push.js" not in seen
    assert set_up(client).status_code == 403


# Whose it is.


def test_nobody_sets_up_for_a_colleague(cast):
    """Under the app's own role, past the action."""
    values = (cast.clinician2.pk, cast.service.pk, json.dumps(given()))
    with (
        role("od_app"),
        acting_as(cast.clinician1.user_id),
        pytest.raises(DatabaseError, match="row-level"),
        transaction.atomic(),
    ):
        connection.cursor().execute(
            "INSERT INTO network_staffchannel (uuid, staff_id, service_id, kind, address, device, subscription, put_away_why)"
            " VALUES (gen_random_uuid(), %s, %s, 'push', '', 'x', %s, '')", values
        )  # fmt: skip


def test_a_reason_is_the_databases_to_give(browser, cast):
    with (
        role("od_app"),
        acting_as(cast.clinician1.user_id),
        pytest.raises(DatabaseError, match="denied"),
        transaction.atomic(),
    ):
        StaffChannel.objects.update(active=False, put_away_why="gone")


def test_one_browser_one_person(browser, cast):
    """A tablet that two share: whoever sets it up last has it, and the other reads so."""
    first = StaffChannel.objects.get()
    other = AppClient()
    other.force_login(cast.clinician2.user)
    set_up(other, name="The tablet")
    first.refresh_from_db()
    assert (first.active, first.put_away_why) == (False, "other")
    assert StaffChannel.objects.get(active=True).staff == cast.clinician2
    seen = page(browser.get(PAGE))
    assert "<bdi>My phone</bdi> hears nothing more" in seen
    assert "Somebody else uses that browser now." in seen
    assert "The tablet" not in seen


# Signing out, and in.


def test_signing_out_ends_it_on_this_device_alone(browser, cast):
    elsewhere = make_browser(cast.clinician1, "Tablet")
    answer = browser.post("/accounts/logout/", follow=True)
    assert "Notifications on this device have ended." in page(answer)
    channel = channel_in(browser)
    assert (channel.active, channel.put_away_why) == (False, "signed_out")
    elsewhere.refresh_from_db()
    assert elsewhere.active


def test_signing_out_ends_it_after_other_sessions_too(browser, cast):
    """The session in which it was set up ran out; they signed in again the next day."""
    browser.cookies.pop("session")
    browser.force_login(cast.clinician1.user)
    assert channel_in(browser).active
    browser.post("/accounts/logout/")
    assert not channel_in(browser).active


def test_a_session_that_runs_out_ends_nothing(browser):
    browser.cookies.pop("session")
    assert browser.get(PAGE).status_code == 302
    assert channel_in(browser).active


@pytest.mark.parametrize("who", ["clinician2", "mother"])
def test_somebody_else_signs_in_there(browser, cast, who):
    user = getattr(cast, who).user
    user.set_password("a-long-word-of-theirs")
    user.save()
    browser.cookies.pop("session")
    signed_in = browser.post("/accounts/login/", {"login": user.email, "password": "a-long-word-of-theirs"})
    assert signed_in.status_code == 302
    assert "_auth_user_id" in browser.session
    channel = channel_in(browser)
    assert (channel.active, channel.put_away_why) == (False, "other")


def test_the_same_again_signs_in_there(browser, cast):
    user = cast.clinician1.user
    user.set_password("a-long-word-of-theirs")
    user.save()
    browser.cookies.pop("session")
    browser.post("/accounts/login/", {"login": user.email, "password": "a-long-word-of-theirs"})
    assert "_auth_user_id" in browser.session
    assert channel_in(browser).active


def test_signing_out_everywhere_else(browser, cast):
    elsewhere, colleague = (
        make_browser(cast.clinician1, "Tablet"),
        make_browser(cast.clinician2, endpoint=f"{ENDPOINT}9"),
    )
    Client().force_login(cast.clinician1.user)
    assert browser.post("/accounts/sessions/", {"end": "others"}).status_code == 302
    for channel, stays in ((elsewhere, False), (colleague, True), (channel_in(browser), True)):
        channel.refresh_from_db()
        assert channel.active is stays


@pytest.mark.parametrize(
    "cookie", ["", "x", "5f1b4f4e-0000-4000-8000-000000000000", "5f1b4f4e-0000-4000-8000-000000000000:1:x"]
)
def test_a_cookie_that_nobody_signed_is_no_browser(browser, cookie):
    browser.cookies["device"] = cookie
    assert browser.get(reverse("renew_browser")).status_code == 404
    assert "this device</span>" not in page(browser.get(PAGE))
    browser.post("/accounts/logout/")
    assert StaffChannel.objects.get().active


def test_who_has_left_is_told_nothing_more(cast):
    """By no way, and nothing that waits goes out."""
    who = cast.clinician3
    push, number = make_browser(who), StaffChannel.objects.create(
        staff=who, service=who.service, kind="sms", address="+358405550134"
    )  # fmt: skip
    waiting = Message.objects.create(
        service=who.service, kind="step", channel="push", staff=who, staff_channel=push, dedupe_key="a"
    )
    call_command("staff_left", email=who.user.email)
    flush_constraints()
    waiting.refresh_from_db()
    assert waiting.cancelled_at
    for channel in (push, number):
        channel.refresh_from_db()
        assert (channel.active, channel.put_away_why) == (False, "left")
    assert not Message.objects.waiting().filter(staff=who).exists()


# Lost ones.


def test_a_device_that_was_lost_is_said_until_it_is_set_up_again(browser):
    StaffChannel.objects.update(active=False, put_away_why="gone")
    seen = page(browser.get(PAGE))
    assert "<bdi>My phone</bdi> hears nothing more" in seen
    assert "Its browser takes no more notifications from here" in seen
    set_up(browser, given(f"{ENDPOINT}2"))
    assert "hears nothing more" not in page(browser.get(PAGE))


def test_a_lost_device_is_not_set_up_for_the_rota(cast):
    """Whom the plans want to wake, and nothing that wakes is left: counted as not set up."""
    channel, now = make_browser(cast.clinician1), timezone.now()
    turn = DateTimeTZRange(now - hours(1), now + hours(5))
    OnCall.objects.create(service=cast.service, role="clinician", staff=cast.clinician1, period=turn)

    def found():
        gaps = rota.gaps(cast.service, now, now + hours(1))
        return [(gap.what, gap.staff) for gap in gaps if gap.role == "clinician"]

    assert found() == []
    StaffChannel.objects.filter(pk=channel.pk).update(active=False, put_away_why="gone")
    assert found() == [("not_set_up", cast.clinician1.pk)]


# What still waits when a way is put away.


def step_message(cast, channel, **extra):
    network = make_network(cast.service)
    make_member(network, "Aino", is_person=True)
    step = make_case(network, cast.coordinator).watches.get().steps.order_by("position").first()
    flush_constraints()
    return Message.objects.create(
        service=cast.service, network=network, kind="step", channel=channel.kind, to=channel.address, staff=channel.staff,
        staff_channel=channel, step=step.pk, path="/waiting/", dedupe_key=f"step:{step.pk}:{channel.staff_id}:{channel.pk}", **extra,
    )  # fmt: skip


def test_what_waits_goes_to_the_address_that_is_set_now(cast):
    user = cast.clinician1.user
    mail = asked(ways.set_channel, user, kind="email", address="old@example.org")
    waiting = step_message(cast, mail)
    asked(ways.set_channel, user, kind="email", address="new@example.org")
    waiting.refresh_from_db()
    assert (bool(waiting.cancelled_at), waiting.last_error) == (True, "PutAway")
    assert Message.objects.waiting().get(step=waiting.step).to == "new@example.org"


def test_what_waits_for_a_number_that_was_put_away_goes_by_mail(cast):
    user = cast.clinician1.user
    number = asked(ways.set_channel, user, kind="sms", address="+358405550134")
    waiting = step_message(cast, number)
    asked(ways.put_away, user, channel=number)
    found = Message.objects.waiting().get(step=waiting.step)
    assert (found.channel, found.to) == ("email", user.email)


def test_what_was_sent_is_not_sent_again(cast):
    user = cast.clinician1.user
    number = asked(ways.set_channel, user, kind="sms", address="+358405550134")
    step_message(cast, number, sent_at=timezone.now())
    asked(ways.put_away, user, channel=number)
    assert not Message.objects.waiting().filter(staff=cast.clinician1).exists()


# A subscription that its maker renews.


def renew(client, subscription, **extra):
    return client.post(
        reverse("renew_browser"), json.dumps(subscription), content_type="application/json", **extra
    )  # fmt: skip


def test_the_browser_renews_it_signed_in_or_not(browser, cast):
    browser.cookies.pop("session")
    told = browser.get(reverse("renew_browser")).json()
    assert told["key"] == channels.push_public_key()
    assert renew(browser, given(f"{ENDPOINT}-new")).status_code == 204
    old, new = StaffChannel.objects.order_by("pk")
    assert (old.active, old.put_away_why) == (False, "renewed")
    assert (new.staff, new.device, new.active, new.subscription["endpoint"]) == (
        cast.clinician1,
        "My phone",
        True,
        f"{ENDPOINT}-new",
    )
    assert channel_in(browser) == new
    browser.force_login(cast.clinician1.user)
    assert "hears nothing more" not in page(browser.get(PAGE))


def test_renewing_needs_the_token_of_its_own_page(browser):
    strict = AppClient(enforce_csrf_checks=True)
    strict.cookies["device"] = browser.cookies["device"].value
    assert renew(strict, given(f"{ENDPOINT}-new")).status_code == 403
    token = strict.get(reverse("renew_browser")).json()["token"]
    assert renew(strict, given(f"{ENDPOINT}-new"), headers={"X-CSRFToken": token}).status_code == 204


@pytest.mark.parametrize("how", ["put away", "signed out", "nobody's"])
def test_what_has_ended_is_not_renewed(browser, how):
    if how == "put away":
        StaffChannel.objects.update(active=False)
    elif how == "signed out":
        browser.post("/accounts/logout/")
    else:
        browser.cookies.pop("device")
    assert renew(browser, given(f"{ENDPOINT}-new")).status_code == 404
    assert StaffChannel.objects.count() == 1


@pytest.mark.parametrize("subscription", [{}, None, "x", given("https://127.0.0.1/x"), given(keys={})], ids=str)
def test_renewed_with_something_else(browser, subscription):
    assert renew(browser, subscription).status_code == 400
    assert StaffChannel.objects.get().active


def test_the_database_renews_what_is_there_only(browser, cast):
    """Not a number, not what was put away, and never for somebody else."""
    pushed, number = channel_in(browser), StaffChannel.objects.create(
        staff=cast.clinician1, service=cast.service, kind="sms", address="+358405550134"
    )  # fmt: skip
    kept = json.dumps(channels.subscription_of(given(f"{ENDPOINT}-new")))
    with role("od_app"), connection.cursor() as cursor:
        cursor.execute("SELECT od.renew_browser(%s, %s)", [number.uuid, kept])
        assert cursor.fetchone() == (None,)
        with pytest.raises(DatabaseError, match="channel_push_over_tls"), transaction.atomic():
            cursor.execute("SELECT od.renew_browser(%s, %s)", [pushed.uuid, json.dumps(given("http://inside/"))])


# What a browser fetches.


def test_the_service_worker_and_the_manifest(client, django_assert_num_queries):
    with django_assert_num_queries(3):  # of the test client, to step down to the role of the service and back
        worker = client.get("/sw.js")
    assert worker["Content-Type"] == "text/javascript; charset=utf-8"
    assert worker["Service-Worker-Allowed"] == "/"
    assert "no-store" in worker["Cache-Control"]
    assert "script-src 'self'" in worker["Content-Security-Policy"]
    words = worker.content.decode()
    assert words.count(".put(") == 1, "what is kept is kept at the install, and nothing that anybody was answered"
    assert kept_parts.version() in words
    found = json.loads(client.get("/manifest.webmanifest").content)
    assert {found["name"], found["short_name"]} == {"Your page"}


def test_what_the_browser_keeps_is_whole_and_names_nobody(client, django_assert_num_queries):
    """Each script that a kept one imports or a kept page starts is kept, too."""
    with django_assert_num_queries(3):
        shell = client.get("/without-signal/")
    assert "script-src 'self'" in shell["Content-Security-Policy"]
    assert "Cookie" not in shell.get("Vary", "")
    assert not shell.cookies
    scripts = settings.BASE_DIR / "static" / "js"
    kept = {name.removeprefix("js/") for name in kept_parts.PARTS if name.startswith("js/")}
    for name in kept:
        imported = re.findall(r'from "\./([\w-]+\.js)"', (scripts / name).read_text())
        assert set(imported) <= kept, name
    assert set(re.findall(r"js/([\w-]+)[\w.]*\.js", shell.content.decode())) <= {
        name.removesuffix(".js") for name in kept
    }


def test_neutral_and_for_staff_alone(browser, cast):
    assert 'rel="manifest"' in page(browser.get(PAGE))
    browser.force_login(cast.mother.user)
    assert 'rel="manifest"' not in page(browser.get("/my/"))
