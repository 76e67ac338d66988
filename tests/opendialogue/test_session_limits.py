"""How long a session lasts, what keeps it, what ends it; and that typed words outlive it."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from meetings.models import Addendum
from network.models import Member, Staff
from opendialogue import limits
from tests.conftest import AppClient
from tests.factories import hours, make_cast, make_meeting, start

pytestmark = pytest.mark.django_db
MINUTE = 60


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def now():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


@pytest.fixture
def meeting(cast):
    found = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now(), invited=[cast.person])
    start(found, cast.person, cast.clinician1, at=timezone.now())
    return found


def signed_in(who):
    browser = AppClient()
    browser.force_login(who.user)
    return browser


def record(meeting, rest=""):
    return f"/meetings/{meeting.uuid}/record/{rest}"


def is_out(answer):
    return answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")


class TestStaff:
    def test_out_after_15_minutes_of_doing_nothing(self, cast, now):
        browser = signed_in(cast.coordinator)
        now.shift(15 * MINUTE - 1)
        assert browser.get("/board/").status_code == 200
        now.shift(15 * MINUTE)
        assert is_out(browser.get("/board/"))
        assert Session.objects.get().get_decoded() == {}, "it is nobody's any more"

    def test_whoever_works_stays_up_to_twelve_hours(self, cast, now):
        browser = signed_in(cast.coordinator)
        for _ in range(71):
            now.shift(10 * MINUTE)
            assert browser.get("/board/").status_code == 200
        now.shift(10 * MINUTE)
        assert is_out(browser.get("/board/"))

    @pytest.mark.parametrize(
        "address", ["/board/rows/", "/clock/", "/on-this-device/", "/on-this-device/today/", "record"]
    )
    def test_what_a_page_asks_by_itself_extends_nothing(self, cast, meeting, now, address):
        browser = signed_in(cast.clinician1)
        address = record(meeting, "news/") if address == "record" else address
        for _ in range(14):
            now.shift(MINUTE)
            assert browser.get(address).status_code == 200
        now.shift(MINUTE)
        assert is_out(browser.get(address))
        assert is_out(browser.get("/board/"))

    def test_the_service_worker_extends_nothing(self, cast, now):
        browser = signed_in(cast.clinician1)
        for _ in range(15):
            now.shift(MINUTE)
            for address in ("/sw.js", "/manifest.webmanifest", "/channels/browser/renewed/"):
                browser.get(address)
        assert is_out(browser.get("/board/"))

    def test_written_down_no_more_often_than_each_half_minute(self, cast, now):
        browser = signed_in(cast.coordinator)
        before = browser.session[limits.SEEN]
        now.shift(29)
        browser.get("/board/")
        assert browser.session[limits.SEEN] == before
        now.shift(1)
        browser.get("/board/")
        assert browser.session[limits.SEEN] == before + 30

    def test_a_session_of_before_there_were_limits_ends(self, cast):
        browser = signed_in(cast.coordinator)
        session = browser.session
        del session[limits.SEEN]
        session.save()
        assert is_out(browser.get("/board/"))


class TestOpenRecord:
    def test_twelve_hours_for_itself_and_for_nothing_else(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        assert browser.get(record(meeting)).status_code == 200
        now.shift(12 * 60 * MINUTE - 1)
        assert browser.get(record(meeting, "news/")).status_code == 200
        assert browser.get("/clock/").status_code == 200
        assert is_out(browser.get("/board/rows/")), "the board is no part of it"
        said = {"kind": "voice", "voice": f"member:{cast.person.uuid}", "text": "It is quiet now.", "uuid": ""}
        assert browser.post(record(meeting, "lines/"), said).status_code in (200, 302)
        assert browser.get(record(meeting)).status_code == 200

    def test_ends_after_twelve_hours_though_asked_all_the_time(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        for _ in range(71):
            now.shift(10 * MINUTE)
            assert browser.get(record(meeting, "news/")).status_code == 200
        now.shift(10 * MINUTE)
        assert is_out(browser.get(record(meeting, "news/")))

    def test_anything_else_asks_to_sign_in_again(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        now.shift(15 * MINUTE)
        assert is_out(browser.get("/board/"))
        assert is_out(browser.get(record(meeting)))

    def test_what_is_done_in_it_opens_nothing_else_again(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        now.shift(15 * MINUTE)
        said = {"kind": "voice", "voice": f"member:{cast.person.uuid}", "text": "It is quiet now.", "uuid": ""}
        assert not is_out(browser.post(record(meeting, "lines/"), said))
        assert not is_out(browser.get(record(meeting)))
        assert is_out(browser.get("/board/"))

    def test_who_writes_in_time_stays_signed_in_elsewhere(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        for _ in range(3):
            now.shift(10 * MINUTE)
            assert browser.get(record(meeting)).status_code == 200
        assert browser.get("/board/").status_code == 200

    @pytest.mark.parametrize("rest", ["/on-this-device/today/", "prepare/", "prepare/nameless/"])
    def test_what_is_prepared_by_itself_does_not_end_it(self, cast, meeting, now, rest):
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        now.shift(15 * MINUTE)
        assert is_out(browser.get(rest if rest.startswith("/") else f"/meetings/{meeting.uuid}/{rest}"))
        assert browser.get(record(meeting, "news/")).status_code == 200

    def test_another_record_is_something_else(self, cast, meeting, now):
        other = make_meeting(cast.case, cast.clinician1, cast.clinician2, starts_at=timezone.now() + hours(3))
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        now.shift(15 * MINUTE)
        assert is_out(browser.get(record(other, "news/")))

    def test_over_when_the_meeting_is_closed(self, cast, meeting, rf):
        browser = signed_in(cast.clinician1)
        browser.get(record(meeting))
        assert browser.session[limits.RECORD][0] == str(meeting.uuid)
        request = rf.post(record(meeting, "close/"))
        request.session = browser.session
        limits.follow(request, HttpResponse(status=200), str(meeting.uuid))  # the form came back: not closed yet
        assert limits.RECORD in request.session
        limits.follow(request, HttpResponse(status=302), str(meeting.uuid))
        assert limits.RECORD not in request.session

    def test_a_record_that_cannot_be_opened_gives_no_hours(self, cast, meeting, now):
        browser = signed_in(cast.clinician3)
        assert browser.get(record(meeting)).status_code == 404
        assert limits.RECORD not in browser.session


class TestMembers:
    def test_a_day_without_doing_anything(self, cast, now):
        browser = signed_in(cast.mother)
        now.shift(24 * 60 * MINUTE - 1)
        assert browser.get("/my/").status_code == 200
        now.shift(24 * 60 * MINUTE)
        assert is_out(browser.get("/my/"))

    def test_a_week_at_the_longest(self, cast, now):
        browser = signed_in(cast.mother)
        for _ in range(13):
            now.shift(12 * 60 * MINUTE)
            assert browser.get("/my/").status_code == 200
        now.shift(12 * 60 * MINUTE)
        assert is_out(browser.get("/my/"))


class TestOutOnTheNextRequest:
    POLLS = ("/board/", "/board/rows/", "/clock/", "/on-this-device/", "/meetings/")

    def test_who_works_here_no_more(self, cast, meeting):
        browser = signed_in(cast.clinician1)
        asked = (*self.POLLS, record(meeting), record(meeting, "news/"), f"/cases/{cast.case.uuid}/")
        assert [browser.get(address).status_code for address in asked] == [200] * len(asked)
        Staff.objects.filter(pk=cast.clinician1.pk).update(left_at=timezone.now())
        assert [browser.get(address).status_code for address in asked] == [404] * len(asked)
        assert browser.post(record(meeting, "lines/"), {"text": "x"}).status_code == 404
        assert browser.post(record(meeting, "entries/"), "{}", content_type="application/json").status_code == 404

    def test_who_is_of_the_network_no_more(self, cast):
        browser = signed_in(cast.mother)
        asked = (f"/meetings/{cast.booked.uuid}/", f"/notes/{cast.held.uuid}/")
        assert [browser.get(address).status_code for address in asked] == [200, 200]
        Member.objects.filter(pk=cast.mother.pk).update(left_at=timezone.now(), left_reason="She moved")
        assert [browser.get(address).status_code for address in asked] == [404, 404]

    @pytest.mark.parametrize("who", ["coordinator", "mother"])
    def test_whose_account_is_closed(self, cast, who):
        browser = signed_in(getattr(cast, who))
        user = getattr(cast, who).user
        user.is_active = False
        user.save()
        for address in (*self.POLLS, "/my/"):
            assert is_out(browser.get(address))

    def test_whose_session_was_ended_elsewhere(self, cast):
        lost, own = signed_in(cast.mother), signed_in(cast.mother)
        Session.objects.get(session_key=lost.session.session_key).delete()
        assert is_out(lost.get("/my/"))
        assert own.get("/my/").status_code == 200


class TestBrowserThatIsToldSo:
    """What was prepared in a browser goes when nobody of staff is signed in there any more, and stays while somebody is on the way."""

    SCRIPT = "js/packs"

    def mark(self, answer):
        found = answer.cookies.get(settings.ENDED_COOKIE_NAME)
        return found and found.value

    def test_whose_session_was_ended_elsewhere(self, cast):
        browser = signed_in(cast.clinician1)
        Session.objects.all().delete()
        answer = browser.get("/on-this-device/today/")
        assert is_out(answer)
        assert self.mark(answer) == "1"
        cookie = answer.cookies[settings.ENDED_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == ("", "Lax", "/")
        assert self.SCRIPT in browser.get("/accounts/login/").content.decode()

    def test_whose_account_was_closed(self, cast):
        browser = signed_in(cast.clinician1)
        cast.clinician1.user.is_active = False
        cast.clinician1.user.save()
        assert self.mark(browser.get("/meetings/")) == "1"

    @pytest.mark.parametrize("address", ["/on-this-device/today/", "/meetings/"])
    def test_whoever_did_nothing_for_a_while_keeps_it(self, cast, now, address):
        browser = signed_in(cast.clinician1)
        now.shift(15 * MINUTE)
        for _ in range(2):
            answer = browser.get(address)
            assert is_out(answer)
            assert self.mark(answer) is None
        assert self.SCRIPT not in browser.get("/accounts/login/").content.decode()

    def test_another_window_that_polls_just_then_keeps_it(self, cast, now):
        """Another window polls, with the cookie from before this one was sent to the sign-in."""
        browser = signed_in(cast.clinician1)
        other = AppClient()
        other.cookies[settings.SESSION_COOKIE_NAME] = browser.cookies[settings.SESSION_COOKIE_NAME].value
        now.shift(15 * MINUTE)
        assert is_out(browser.get("/meetings/"))
        answer = other.get("/on-this-device/today/")
        assert is_out(answer)
        assert self.mark(answer) is None

    def test_signed_out_and_in_again(self, cast):
        user = cast.clinician1.user
        user.set_password("open-dialogue")
        user.save()
        browser = signed_in(cast.clinician1)
        assert self.mark(browser.post("/accounts/logout/")) == "1"
        assert self.SCRIPT in browser.get("/accounts/login/").content.decode()
        answer = browser.post("/accounts/login/", {"login": user.email, "password": "open-dialogue"})
        assert answer.status_code == 302
        assert self.mark(answer) == "", "taken away at once: the page that comes next may never come"
        answer = browser.get("/meetings/")
        assert self.mark(answer) is None
        assert self.SCRIPT not in answer.content.decode()

    def test_somebody_of_a_family_signs_in(self, cast):
        user = cast.mother.user
        user.set_password("open-dialogue")
        user.save()
        browser = AppClient()
        answer = browser.post("/accounts/login/", {"login": user.email, "password": "open-dialogue"})
        assert self.mark(answer) == "1"
        answer = browser.get("/my/")
        assert self.SCRIPT in answer.content.decode()
        browser.cookies.pop(settings.ENDED_COOKIE_NAME)  # which the script does
        answer = browser.get("/my/")
        assert self.mark(answer) is None
        assert self.SCRIPT not in answer.content.decode()

    def test_who_never_signed_in_is_told_nothing(self, cast):
        answer = AppClient().get("/accounts/login/")
        assert self.mark(answer) is None
        assert self.SCRIPT not in answer.content.decode()


@pytest.mark.parametrize(("mode", "taken"), [("cors", False), ("same-origin", False), ("navigate", True), (None, True)])
def test_a_late_answer_to_a_script_takes_no_new_session_away(cast, mode, taken):
    """It belongs to the session that is over; whoever signed in meanwhile, in another window, has the same cookie."""
    browser = signed_in(cast.clinician1)
    Session.objects.all().delete()
    answer = browser.get("/on-this-device/today/", headers={"sec-fetch-mode": mode} if mode else {})
    assert is_out(answer)
    assert (settings.SESSION_COOKIE_NAME in answer.cookies) == taken


class TestListOfSessions:
    @pytest.fixture
    def two(self, cast):
        """A telephone and a computer, signed in by the form, as the list knows those alone."""
        user = cast.mother.user
        user.set_password("open-dialogue")
        user.save()
        found = []
        for agent in (
            "Mozilla/5.0 (Linux; Android 14) Chrome/138.0 Mobile Safari/537.36",
            "Mozilla/5.0 (X11) Firefox/140.0",
        ):
            browser = AppClient(HTTP_USER_AGENT=agent)
            browser.post("/accounts/login/", {"login": user.email, "password": "open-dialogue"})
            found.append(browser)
        return found

    def test_says_which_device_since_when_and_when_last_used(self, two, now):
        now.shift(3 * 60 * MINUTE)
        two[0].get("/my/")
        html = two[1].get("/accounts/sessions/").content.decode()
        assert "Chrome on Android" in html
        assert "Firefox" in html
        assert html.count("last used") == html.count("Since") == 2
        assert html.count("this one") == html.count("Sign out there") == 1

    def test_one_is_ended(self, two):
        [pk] = re.findall(r'name="end" value="(\d+)"', two[1].get("/accounts/sessions/").content.decode())
        two[1].post("/accounts/sessions/", {"end": pk})
        assert is_out(two[0].get("/my/"))
        assert two[1].get("/my/").status_code == 200

    def test_all_others_are_ended(self, two):
        two[1].post("/accounts/sessions/", {"end": "others"})
        assert is_out(two[0].get("/my/"))
        assert two[1].get("/my/").status_code == 200

    def test_nobody_ends_that_of_another(self, cast, two):
        [pk] = re.findall(r'name="end" value="(\d+)"', two[1].get("/accounts/sessions/").content.decode())
        signed_in(cast.friend).post("/accounts/sessions/", {"end": pk})
        assert two[0].get("/my/").status_code == 200

    def test_one_that_ran_out_is_not_in_it(self, two, now):
        now.shift(13 * 60 * MINUTE)
        two[1].get("/my/")
        now.shift(13 * 60 * MINUTE)
        assert two[1].get("/accounts/sessions/").content.decode().count("last used") == 1

    def test_as_many_queries_for_ten_as_for_two(self, cast, two, django_assert_max_num_queries):
        for _ in range(8):
            browser = AppClient()
            browser.post("/accounts/login/", {"login": cast.mother.user.email, "password": "open-dialogue"})
        with django_assert_max_num_queries(8 + 2 + 3):  # a savepoint, and what the test's client asks
            assert two[0].get("/accounts/sessions/").content.decode().count("last used") == 10


class TestTypedWords:
    """Without JavaScript: the answer holds what was sent, and only the answer does."""

    WORDS = {"text": "She asked whether\nthe light may stay on. <b>&", "uuid": "a"}

    def address(self, cast):
        return f"/notes/{cast.held.uuid}/add/"

    def test_come_back_when_the_session_is_over(self, cast, now):
        browser = signed_in(cast.clinician1)
        now.shift(15 * MINUTE)
        page = browser.post(self.address(cast), self.WORDS)
        assert page.status_code == 403
        html = page.content.decode()
        assert "You were signed out" in html
        assert 'value="She asked whether\nthe light may stay on. &lt;b&gt;&amp;"' in html
        assert f'action="{self.address(cast)}"' in html
        assert page.headers["Cache-Control"] == "no-store, private"
        assert cast.clinician1.name not in html
        assert not Session.objects.filter(session_data__contains="light").exists()
        assert not Addendum.objects.exists()

    def test_are_saved_once_somebody_signed_in_again(self, cast, now):
        browser = signed_in(cast.clinician1)
        form = browser.get(self.address(cast)).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields} | {"text": "She asked for light."}
        now.shift(15 * MINUTE)
        page = browser.post(self.address(cast), sent)
        again = urlencode(page.context["words"] + [("sent_as", page.context["sent_as"])])
        browser.force_login(cast.clinician1.user)
        sent = browser.post(self.address(cast), again, content_type="application/x-www-form-urlencoded")
        assert sent.status_code == 302
        assert Addendum.objects.get().text == "She asked for light."

    def test_are_not_sent_in_another_name(self, cast, now):
        browser = signed_in(cast.clinician1)
        now.shift(15 * MINUTE)
        page = browser.post(self.address(cast), self.WORDS)
        browser.force_login(cast.clinician2.user)
        again = urlencode(page.context["words"] + [("sent_as", page.context["sent_as"])])
        page = browser.post(self.address(cast), again, content_type="application/x-www-form-urlencoded")
        assert page.status_code == 403
        assert "Somebody else is signed in here" in page.content.decode()
        assert not Addendum.objects.exists()

    def test_a_page_of_before_signing_in_is_sent_once_more(self, cast):
        browser = AppClient(enforce_csrf_checks=True)
        browser.force_login(cast.clinician1.user)
        browser.get(self.address(cast))
        page = browser.post(self.address(cast), self.WORDS, HTTP_ORIGIN="http://testserver")
        assert page.status_code == 403
        assert "Please send it once more" in page.content.decode()
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.content.decode()).group(1)
        again = dict(page.context["words"]) | {"csrfmiddlewaretoken": token}
        assert browser.post(self.address(cast), again, HTTP_ORIGIN="http://testserver").status_code != 403

    @pytest.mark.parametrize("headers", [{}, {"HTTP_ORIGIN": "https://elsewhere.example"}, {"HTTP_ORIGIN": "null"}])
    def test_what_another_site_sends_is_not_given_back(self, cast, headers):
        browser = AppClient(enforce_csrf_checks=True)
        browser.force_login(cast.clinician1.user)
        page = browser.post(self.address(cast), self.WORDS, **headers)
        assert page.status_code == 403
        assert "the light" not in page.content.decode()

    def test_a_password_is_never_given_back(self, cast):
        browser = AppClient(enforce_csrf_checks=True)
        typed = {"login": "a@example.org", "password": "my-secret-word"}
        page = browser.post("/accounts/login/", typed, HTTP_ORIGIN="http://testserver")
        assert page.status_code == 403
        assert "my-secret-word" not in page.content.decode()

    def test_a_script_is_told_plainly(self, cast, meeting, now):
        browser = signed_in(cast.clinician1)
        now.shift(15 * MINUTE)
        assert is_out(browser.post(record(meeting, "lines/"), {"text": "a"}, HTTP_ACCEPT="application/json"))
        assert is_out(browser.post("/referrals/similar/", {"person_name": "a"}, HTTP_HX_REQUEST="true"))


def test_everything_pages_ask_by_themselves_is_known_not_to_be_an_act():
    """A new poll that is not named in limits.POLLED would keep sessions alive for ever."""
    by_themselves = set()
    for path in [
        *Path(settings.BASE_DIR, "templates").rglob("*.html"),
        *Path(settings.BASE_DIR, "templates").rglob("*.js"),
    ]:
        text = path.read_text()
        for tag in re.findall(r"<[^>]*hx-trigger=\"[^\"]*every[^>]*>", text.replace("%}", "").replace("{%", "")):
            by_themselves |= set(re.findall(r'hx-get=" *url "(\w+)"', tag))
        by_themselves |= set(re.findall(r'data-watch="(/[a-z/]+/)"', text))
    assert by_themselves == {"board_rows", "/clock/"}
    assert limits.POLLED.fullmatch(reverse("board_rows"))
    assert limits.POLLED.fullmatch("/clock/")
    scripts = "".join(path.read_text() for path in Path(settings.BASE_DIR, "static/js").glob("*.js"))
    assert set(re.findall(r'fetch\((["\'][^"\']+)', scripts)) == {'"/healthz', '"/on-this-device/'}
    timed = re.findall(r"setInterval\(.*?(\w+)(?:\(\); \})?, ", scripts)
    assert sorted(timed) == ["all", "look", "look", "news", "show"]


def test_every_form_of_staff_that_takes_words_keeps_them():
    """page.js keeps what is in a form with data-keep while it is on its way; the open record and a notification have a way of their own."""
    loose = []
    for path in sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")):
        if path.parent.name in ("account", "mfa", "webauthn", "totp", "recovery_codes", "usersessions", "forms"):
            continue
        for tag, body in re.findall(r"(<form[^>]*method=\"post\"[^>]*>)(.*?)</form>", path.read_text(), re.DOTALL):
            if any(mark in tag for mark in ("data-keep", "data-push-state", 'id="composer"')):
                continue
            if re.search(r"\|crispy|<textarea|forms/field\.html|type=\"text\"", body):
                loose.append(path.name)
    assert loose == []
