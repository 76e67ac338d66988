"""Notifications on a device, in a real browser: what the page says in each case, and what the service worker shows.

There is no push service to subscribe at: that one call of the browser is answered by the test. All else is the browser's own.
"""

import json

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import expect

from network.models import StaffChannel
from tests.factories import BROWSER_KEYS, make_browser, make_cast

from .conftest import DESK, PATIENCE, PHONE, assert_accessible, shoot, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ENDPOINT = "https://fcm.googleapis.com/send/abc"
SUBSCRIBES = f"""
  const made = {json.dumps({"endpoint": ENDPOINT, "keys": BROWSER_KEYS})};
  let now = sessionStorage.getItem("subscribed") ? {{ ...made, options: {{}}, toJSON: () => made, unsubscribe: async () => true }} : null;
  PushManager.prototype.getSubscription = async () => now;
  PushManager.prototype.subscribe = async (options) => {{
    if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("options");
    sessionStorage.setItem("subscribed", "yes");
    return {{ ...made, toJSON: () => made }};
  }};
"""
ALLOWED = """
  Object.defineProperty(Notification, 'permission', { get: () => 'granted' });
  Notification.requestPermission = async () => 'granted';
"""
ASKS = "Object.defineProperty(Notification, 'permission', { get: () => 'default' });"
ANSWERS = "Notification.requestPermission = async () => '%s';"
DENIED = "Object.defineProperty(Notification, 'permission', { get: () => 'denied' });"
NO_PUSH = "delete window.PushManager;"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1"
SETS_UP = "Notify me on this device"


@pytest.fixture
def cast(transactional_db):
    with transaction.atomic():
        return make_cast()


def section(page):
    return page.locator("section", has=page.get_by_role("heading", name="Notifications on this device"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_set_up_with_one_tap(cast, page_for, scheme):
    page = page_for(cast.clinician1.user, color_scheme=scheme)
    page.add_init_script(ALLOWED + SUBSCRIBES)
    visit(page, "/channels/")
    name = section(page).get_by_label("Name of this device")
    expect(name).to_have_value("Chrome on Linux")
    assert_accessible(page)
    shoot(page, f"push-ready-phone-{scheme}")
    name.fill("My phone")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(page.get_by_text("Set. Send yourself a try-out")).to_be_visible()
    expect(section(page).get_by_text("This device is set up.")).to_be_visible()
    way = page.locator("li.way", has_text="My phone")
    expect(way.get_by_text("this device")).to_be_visible()
    assert StaffChannel.objects.get().subscription["endpoint"] == ENDPOINT
    way.get_by_role("button", name="Send me a try-out").click()
    expect(way).to_contain_text("a try-out is on its way since")
    assert_accessible(page)
    shoot(page, f"push-set-phone-{scheme}")
    page.set_viewport_size(DESK)
    shoot(page, f"push-set-desk-{scheme}")
    way.get_by_role("button", name="Put away").click()
    expect(section(page).get_by_role("button", name=SETS_UP)).to_be_visible()
    assert not StaffChannel.objects.get().active


def test_permission_is_asked_on_the_tap_alone(cast, page_for):
    page = page_for(cast.clinician1.user)
    page.add_init_script(
        ASKS
        + SUBSCRIBES
        + "window.asked = 0; Notification.requestPermission = async () => { asked += 1; return 'default'; };"
    )
    visit(page, "/channels/")
    button = section(page).get_by_role("button", name=SETS_UP)
    expect(button).to_be_visible()
    assert page.evaluate("asked") == 0
    assert not StaffChannel.objects.exists()
    button.click()
    expect(section(page).get_by_text("Nothing was allowed, so nothing has changed.")).to_be_visible()
    assert page.evaluate("asked") == 1
    assert_accessible(page)
    button.click()  # it can be tried again
    page.wait_for_function("asked === 2")
    assert not StaffChannel.objects.exists()


def test_a_no_is_a_no(cast, page_for):
    page = page_for(cast.clinician1.user)
    page.add_init_script(ASKS + SUBSCRIBES + ANSWERS % "denied")
    visit(page, "/channels/")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(section(page).get_by_text("This browser was told not to show notifications")).to_be_visible()
    expect(section(page).get_by_role("button", name=SETS_UP)).to_be_hidden()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (DENIED, "This browser was told not to show notifications from here"),
        (NO_PUSH, "This browser does not know notifications"),
        ("delete Navigator.prototype.serviceWorker;", "This browser does not know notifications"),
    ],
    ids=["denied", "no-push", "no-worker"],
)
def test_what_the_page_says_where_it_does_not_work(cast, page_for, script, words):
    page = page_for(cast.clinician1.user)
    page.add_init_script(script)
    visit(page, "/channels/")
    expect(section(page).get_by_text(words)).to_be_visible()
    expect(section(page).get_by_role("button")).to_be_hidden()
    assert_accessible(page)
    shoot(page, f"push-{words[:24]}-phone".replace(" ", "-"))


def test_an_iphone_is_told_of_its_home_screen(cast, page_for):
    page = page_for(cast.clinician1.user, user_agent=IPHONE)
    page.add_init_script(NO_PUSH)
    visit(page, "/channels/")
    expect(section(page).get_by_text("Add to Home Screen")).to_be_visible()
    assert_accessible(page)
    shoot(page, "push-iphone-phone")


def test_without_scripts(cast, page_for):
    page = page_for(cast.clinician1.user, java_script_enabled=False)
    page.goto("/channels/")
    expect(section(page).get_by_text("Setting this up needs scripts.")).to_be_visible()
    expect(section(page).get_by_role("button", name=SETS_UP)).to_be_hidden()
    expect(page.get_by_role("button", name="Send text messages here")).to_be_visible()


def test_where_the_service_has_no_key(cast, page_for, monkeypatch):
    monkeypatch.setattr(settings, "VAPID_PRIVATE_KEY", "")
    page = visit(page_for(cast.clinician1.user, size=DESK), "/channels/")
    expect(section(page).get_by_text("has not set up notifications yet")).to_be_visible()
    assert_accessible(page)
    shoot(page, "push-no-key-desk")


def test_a_browser_whose_own_service_is_out_of_reach(cast, page_for):
    page = page_for(cast.clinician1.user)
    page.add_init_script(
        ALLOWED
        + SUBSCRIBES
        + "PushManager.prototype.subscribe = async () => { throw new DOMException('x', 'AbortError'); };"
    )
    visit(page, "/channels/")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(section(page).get_by_text("could not reach its own notification service")).to_be_visible()
    expect(section(page).get_by_role("button", name=SETS_UP)).to_be_visible()
    assert_accessible(page)


def test_a_nameless_device_needs_no_second_question(cast, page_for):
    """The sentence of the service, with what the browser gave still there."""
    page = page_for(cast.clinician1.user)
    page.add_init_script(ALLOWED + SUBSCRIBES)
    visit(page, "/channels/")
    name = section(page).get_by_label("Name of this device")
    name.fill("")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(page.get_by_role("alert").get_by_text("Give this device a name")).to_be_visible()
    assert_accessible(page)
    shoot(page, "push-nameless-phone")
    name.fill("My phone")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(section(page).get_by_text("This device is set up.")).to_be_visible()


def test_a_browser_that_has_forgotten(cast, page_for):
    """Set up by its cookie, and without a subscription: somebody cleared the one and not the other."""
    page = page_for(cast.clinician1.user)
    page.add_init_script(ALLOWED + SUBSCRIBES)
    visit(page, "/channels/")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(section(page).get_by_text("This device is set up.")).to_be_visible()
    page.evaluate("sessionStorage.clear()")
    visit(page, "/channels/")
    expect(section(page).get_by_text("its browser has forgotten it")).to_be_visible()
    expect(section(page).get_by_role("button", name=SETS_UP)).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_several_devices_and_one_that_was_lost(cast, page_for, size):
    with transaction.atomic():
        make_browser(cast.clinician1, "My phone", endpoint=f"{ENDPOINT}1")
        make_browser(
            cast.clinician1, "The tablet in the hall of the second floor beside the stairs", endpoint=f"{ENDPOINT}2"
        )
        lost = make_browser(cast.clinician1, "Old phone", endpoint=f"{ENDPOINT}3")
        StaffChannel.objects.filter(pk=lost.pk).update(active=False, put_away_why="gone")
        StaffChannel.objects.create(staff=cast.clinician1, service=cast.service, kind="sms", address="+358405550134")
    page = page_for(cast.clinician1.user, size=size)
    page.add_init_script(ALLOWED + SUBSCRIBES)
    visit(page, "/channels/")
    expect(page.get_by_text("Old phone hears nothing more")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)
    shoot(page, f"push-several-{size['width']}")


# The service worker.

REGISTER = """async () => {
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  while (active.state !== "activated") await new Promise((go) => active.addEventListener("statechange", go, { once: true }));
}"""
SHOWN = """async () => {
  const all = await (await navigator.serviceWorker.ready).getNotifications();
  return all.map((one) => [one.title, one.body, one.data.path]).sort();
}"""
TAPPED = """async () => {
  const done = [], waits = [];
  clients.openWindow = async (address) => { done.push(["opened", new URL(address).pathname]); };
  WindowClient.prototype.focus = async function () { done.push(["brought forward", new URL(this.url).pathname]); };
  const [notification] = await registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification });
  event.waitUntil = (promise) => waits.push(promise);
  dispatchEvent(event);
  await Promise.all(waits);
  return done;
}"""
RENEWS = """async (newSubscription) => {
  const waits = [], event = Object.assign(new Event("pushsubscriptionchange"), { newSubscription });
  event.waitUntil = (promise) => waits.push(promise);
  dispatchEvent(event);
  await Promise.all(waits);
}"""


class Worker:
    """The service worker of a page, with pushes delivered as a push service would."""

    def __init__(self, page):
        self.page, found = page, []
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
        self.cdp.send("ServiceWorker.enable")
        page.evaluate(REGISTER)
        for _ in range(PATIENCE // 20):
            if found and page.context.service_workers:
                break
            page.wait_for_timeout(20)
        self.where = {"origin": page.evaluate("location.origin"), "registrationId": found[-1]["registrationId"]}
        (self.inside,) = page.context.service_workers

    def push(self, data, number=1):
        """Deliver it until so many notifications are shown, which it gives back.

        The debugger's door drops a push now and then, without a word. Delivered twice, one takes the place of the other: that they do is
        what the count shows.
        """
        for turn in range(PATIENCE // 20):
            if turn % 50 == 0:
                self.cdp.send("ServiceWorker.deliverPushMessage", self.where | {"data": data})
            if len(found := self.page.evaluate(SHOWN)) == number:
                return found
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{number} are not shown, but {found}")


@pytest.fixture
def worker(cast, page_for, live_server):
    page = page_for(cast.clinician1.user)
    page.context.grant_permissions(["notifications"], origin=live_server.url)
    return Worker(visit(page, "/channels/"))


def test_one_neutral_notification_for_each_that_waits(worker):
    words = {"title": "Something waits for you", "body": "Sign in to see it."}
    first, second = ([*words.values(), path] for path in ("/waiting/1/", "/waiting/2/"))
    assert worker.push(json.dumps(words | {"path": "/waiting/1/"})) == [first]
    assert worker.push(json.dumps(words | {"path": "/waiting/1/"})) == [first]  # again, of the same: in its place
    assert worker.push(json.dumps(words | {"path": "/waiting/2/"}), 2) == [first, second]


def test_whatever_comes_something_plain_is_shown(worker):
    """A browser that was pushed and shows nothing loses its permission; and no page but ours is opened."""
    plain = {"title": "You have a message", "body": "Sign in to see it.", "path": "/"}
    strange = [{"title": "Elina is in danger"}, {"title": 1, "body": 2, "path": 3}, None, 7, {}, []]
    strange += [
        {"title": "x", "body": "y", "path": path}
        for path in ("https://evil.example/", "//evil.example/", "https://[", "")
    ]
    for data in ["", "no JSON", *map(json.dumps, strange)]:
        assert worker.inside.evaluate("(text) => told({ json: () => JSON.parse(text) })", data) == plain, data
    assert worker.inside.evaluate("told(null)") == plain
    assert worker.push("no JSON") == [list(plain.values())]


@pytest.mark.parametrize(
    ("path", "done"),
    [("/channels/", ["brought forward", "/channels/"]), ("/waiting/1/", ["opened", "/waiting/1/"])],
    ids=["open", "not-open"],
)
def test_a_tap_opens_it_and_leads_no_other_page_away(worker, path, done):
    worker.push(json.dumps({"title": "Something waits for you", "body": "Sign in to see it.", "path": path}))
    assert worker.inside.evaluate(TAPPED) == [done]
    assert worker.page.evaluate("location.pathname") == "/channels/"


def test_a_subscription_is_renewed_by_the_browser_itself(cast, page_for):
    page = page_for(cast.clinician1.user)
    page.add_init_script(ALLOWED + SUBSCRIBES)
    visit(page, "/channels/")
    section(page).get_by_role("button", name=SETS_UP).click()
    expect(section(page).get_by_text("This device is set up.")).to_be_visible()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    worker = Worker(page)
    worker.inside.evaluate(RENEWS, {"endpoint": f"{ENDPOINT}-new", "keys": BROWSER_KEYS})
    assert StaffChannel.objects.get(active=True).subscription["endpoint"] == f"{ENDPOINT}-new"
    StaffChannel.objects.update(active=False)  # and what has ended stays so
    worker.inside.evaluate(RENEWS, {"endpoint": f"{ENDPOINT}-newer", "keys": BROWSER_KEYS})
    assert not StaffChannel.objects.filter(active=True).exists()


def test_nothing_is_kept_and_pages_work_without_it(worker):
    page = worker.page
    visit(page, "/duty/")
    visit(page, "/channels/")
    kept = """caches.keys().then((names) => Promise.all(names.map(async (name) =>
        (await (await caches.open(name)).keys()).map((one) => one.url))))"""
    paths = {url.split("/", 3)[3] for urls in page.evaluate(kept) for url in urls}
    assert all(path.startswith("static/") or path == "without-signal/" for path in paths), (
        paths
    )  # scripts, and a page without names
    assert page.evaluate("navigator.serviceWorker.getRegistration('/').then((one) => one.scope)").endswith("/")
    page.evaluate("navigator.serviceWorker.getRegistration('/').then((one) => one.unregister())")
    visit(page, "/channels/")
    expect(page.get_by_role("heading", name="How you are reached")).to_be_visible()
