"""How members are let in: links, text messages, notes on paper; and that nobody learns anything who is not meant."""

import contextlib
import re
import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from network import codes, outbox
from network.actions import joining, letting_in
from network.models import AuditEntry, Member, MemberContact, Message, SignInCode, User, WayIn
from network.rules import Refusal
from tests.conftest import AppClient, acting_as, role
from tests.factories import make_cast, make_member

pytestmark = pytest.mark.django_db
CODE = r"\b[A-Z]{4}-[A-Z]{4}\b"


@pytest.fixture
def cast(settings):
    settings.LOCAL = True  # text messages lie beside the mail
    cache.clear()
    return make()


def make():
    c = make_cast()
    c.aunt = make_member(c.network, "Kerttu", account=False, email="kerttu@example.org")
    c.uncle_by_phone = make_member(c.network, "Veikko", account=False)
    MemberContact.objects.filter(member=c.uncle_by_phone).update(phone="+358 40 555 0134")
    c.granny = make_member(c.network, "Aili", account=False)
    return c


def send():
    """What the worker does each two seconds. In the one transaction of a test nothing is due that was queued in it."""
    mail.outbox = []
    Message.objects.waiting().update(due_at=timezone.now() - timedelta(hours=1))
    with role("od_clock"):
        outbox.send_due()
    return mail.outbox


def let_in(cast, member, kind="email", who="coordinator"):
    """Make a way in under the app's own role."""
    user = getattr(cast, who).user
    with role("od_app"), acting_as(user.pk):
        way = letting_in.make_way_in(member=member, kind=kind, by=user)
    return WayIn.objects.get(uuid=way)


def page_of(cast, member, rest=""):
    return f"/cases/{cast.case.uuid}/members/{member.uuid}/{rest}"


def signed_in_as(browser):
    return int(browser.session.get("_auth_user_id", 0))


def enter(browser, letter):
    code = re.search(CODE, letter.body).group()
    return browser.post("/accounts/login/code/confirm/", {"code": code})


class TestLink:
    @pytest.fixture
    def way(self, cast):
        return let_in(cast, cast.aunt)

    def path(self, way):
        return f"/in/{codes.link_of(way.uuid)}/"

    def test_is_sent_to_the_address_it_was_made_for(self, way):
        [letter] = send()
        assert letter.to == ["kerttu@example.org"]
        assert self.path(way) in letter.body
        assert "Kerttu" not in letter.body

    def test_its_secret_stands_nowhere(self, way):
        send()
        key = str(codes.link_of(way.uuid))
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{key}%"])
                assert cursor.fetchone() == (0,), table
        assert way.secret == codes.hashed(key)

    def test_shows_a_button_and_nothing_else(self, way, settings):
        settings.REQUIRE_SECOND_FACTOR = True  # no banner of local use
        page = AppClient().get(self.path(way)).content.decode()
        assert page.count("<button") == 1
        words = re.sub(r"<[^>]+>", " ", re.search(r"<body.*", page, re.DOTALL).group()).split()
        assert " ".join(words) == "Skip to the page Your page Leave quickly Sign in Send me a code"

    def test_opening_it_does_nothing(self, way):
        send()
        browser = AppClient()
        for _ in range(3):
            browser.get(self.path(way))
            browser.head(self.path(way))
        assert not SignInCode.objects.exists()
        assert send() == []

    def test_asks_for_a_code_that_goes_the_same_way(self, cast, way):
        send()
        browser = AppClient()
        browser.post(self.path(way))
        [letter] = send()
        assert letter.to == ["kerttu@example.org"]
        enter(browser, letter)
        assert signed_in_as(browser) == way.user_id

    def test_lasts(self, cast, way):
        send()
        for _ in range(3):
            browser = AppClient()
            browser.post(self.path(way))
            [letter] = send()
            enter(browser, letter)
            assert signed_in_as(browser)

    @pytest.mark.parametrize("why", ["revoked", "replaced", "address", "left", "unwanted", "closed"])
    def test_ends(self, cast, way, why):
        send()
        if why == "revoked":
            with role("od_app"), acting_as(cast.clinician1.user.pk):
                letting_in.revoke_way_in(way=way, by=cast.clinician1.user)
        if why == "replaced":
            let_in(cast, cast.aunt)
            send()
        if why == "address":
            MemberContact.objects.filter(member=cast.aunt).update(email="other@example.org")
        if why == "left":
            Member.objects.filter(pk=cast.aunt.pk).update(left_at=timezone.now(), left_reason="She moved")
        if why == "unwanted":
            Member.objects.filter(pk=cast.aunt.pk).update(wanted=False)
        if why == "closed":
            User.objects.filter(pk=way.user_id).update(is_active=False)
        browser = AppClient()
        assert browser.post(self.path(way)).status_code == 302
        assert send() == []
        assert Message.objects.filter(kind="code").get().cancelled_at, "and is not tried for ever"
        row = browser.session["asked"]["row"]
        browser.post("/accounts/login/code/confirm/", {"code": codes.code_of(row)})
        assert not signed_in_as(browser)

    def test_answers_the_same_whatever_it_is(self, cast, way):
        """Good, wrong, revoked, for somebody else: byte for byte, header for header, query for query."""
        gone = let_in(cast, cast.granny, "paper")
        revoked = let_in(cast, cast.uncle_by_phone, "sms")
        with role("od_app"), acting_as(cast.clinician1.user.pk):
            letting_in.revoke_way_in(way=revoked, by=cast.clinician1.user)
        keys = [codes.link_of(way.uuid), uuid4(), codes.link_of(revoked.uuid), codes.note_of(gone.uuid), "x" * 36]
        assert len({whole("get", f"/in/{key}/") for key in keys}) == 1
        assert len({whole("post", f"/in/{key}/") for key in keys}) == 1

    @pytest.mark.parametrize("who", ["mother", "person", "clinician3", "coordinator2"])
    def test_is_made_and_revoked_by_the_team_alone(self, cast, way, who):
        with pytest.raises(PermissionDenied):
            let_in(cast, cast.aunt, who=who)
        user = getattr(cast, who).user
        with role("od_app"), acting_as(user.pk), pytest.raises(PermissionDenied):
            letting_in.revoke_way_in(way=way, by=user)
        browser = AppClient()
        browser.force_login(user)
        for sent in ({"kind": "email"}, {"revoke": way.uuid}):
            assert browser.post(page_of(cast, cast.aunt, "let-in/"), sent).status_code == 404
        way.refresh_from_db()
        assert way.revoked_at is None

    def test_on_the_members_page(self, cast):
        browser = AppClient()
        browser.force_login(cast.clinician1.user)
        browser.post(page_of(cast, cast.aunt, "let-in/"), {"kind": "email"})
        page = browser.get(page_of(cast, cast.aunt)).content.decode()
        assert "kerttu@example.org" in page
        assert f"made by <bdi>{cast.clinician1.name}</bdi>" in page
        way = WayIn.objects.get()
        assert str(codes.link_of(way.uuid)) not in page
        browser.post(page_of(cast, cast.aunt, "let-in/"), {"revoke": way.uuid})
        assert "Revoked" in browser.get(page_of(cast, cast.aunt)).content.decode()
        browser.force_login(cast.person.user)
        assert "Revoked" in browser.get(page_of(cast, cast.aunt)).content.decode(), "nothing is hidden from the person"

    def test_opens_no_account_that_is_somebodys_already(self, cast):
        MemberContact.objects.filter(member=cast.mother).update(email="somebody@example.org")
        with pytest.raises(Refusal, match="way_in_to_their_account"):
            let_in(cast, cast.mother)

    def test_leads_to_the_question_of_who_it_is(self, cast, way):
        send()
        browser = AppClient()
        browser.post(self.path(way))
        [letter] = send()
        assert enter(browser, letter).headers["Location"] == "/my/join/"


class TestTextMessage:
    def test_the_whole_way(self, cast, caplog):
        caplog.set_level("DEBUG")
        way = let_in(cast, cast.uncle_by_phone, "sms")
        [letter] = send()
        assert letter.to == ["358405550134@sms.local"]
        browser = AppClient()
        browser.post(f"/in/{codes.link_of(way.uuid)}/")
        [letter] = send()
        assert letter.to == ["358405550134@sms.local"]
        enter(browser, letter)
        assert signed_in_as(browser) == way.user_id
        browser.post("/my/join/", {"called": "Veikko"})
        browser.post("/my/join/", {"yes": cast.uncle_by_phone.uuid})
        cast.uncle_by_phone.refresh_from_db()
        assert cast.uncle_by_phone.user_id == way.user_id
        code = re.search(CODE, letter.body).group()
        assert not [one for one in caplog.records if code in one.getMessage() and not one.name.startswith("django.db")]

    @pytest.mark.parametrize("typed", ["+358405550134", "00358 40 555 0134", "+358 (40) 555-0134", "040 555 0134"])
    def test_asked_for_by_the_number(self, cast, typed):
        way = let_in(cast, cast.uncle_by_phone, "sms")
        send()
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": typed})
        [letter] = send()
        enter(browser, letter)
        assert signed_in_as(browser) == way.user_id

    def test_a_number_nobody_knows_is_written_to_by_nobody(self, cast):
        browser = AppClient()
        assert browser.post("/accounts/login/code/", {"email": "+358 40 000 0000"}).status_code == 302
        assert send() == []
        assert Message.objects.get().cancelled_at

    def test_is_not_offered_where_there_are_none(self, cast, settings):
        settings.LOCAL = False
        browser = AppClient()
        assert "phone number" not in browser.get("/accounts/login/code/").content.decode()
        page = browser.post("/accounts/login/code/", {"email": "+358405550134"}).content.decode()
        assert "This is not a whole address" in page
        let_in(cast, cast.uncle_by_phone, "sms")
        assert send() == []
        assert Message.objects.get().cancelled_at


class TestNoteOnPaper:
    def test_the_whole_way(self, cast):
        team, browser = AppClient(), AppClient()
        team.force_login(cast.clinician1.user)
        note = team.post(page_of(cast, cast.granny, "let-in/"), {"kind": "paper"}).headers["Location"]
        page = team.get(note).content.decode()
        way = WayIn.objects.get()
        letters = codes.note_of(way.uuid)
        paper = re.search(r'<section class="sheet stack note-on-paper".*?</section>', page, re.DOTALL).group()
        assert letters in paper
        assert cast.service.night_number in paper
        assert not [word for word in ("Aili", "Tornio", "Dialogue", "Elina", cast.clinician1.name) if word in paper]
        assert '<div class="no-print"><header class="bar' in page, "the name of the service is not printed"
        browser.post("/in/", {"note": letters})
        assert not signed_in_as(browser), "nobody has handed it over"
        team.post(note, {"handed_to": "Aili, at her door"})
        way.refresh_from_db()
        assert (way.handed_to, way.handed_by, way.told) == (
            "Aili, at her door",
            cast.clinician1,
            "a way to sign in, whom to call",
        )
        shown = team.get(page_of(cast, cast.granny)).content.decode()
        assert "Aili, at her door" in shown
        assert letters not in shown
        answer = browser.post("/in/", {"note": letters.lower().replace("-", " ")})
        assert (signed_in_as(browser), answer.headers["Location"]) == (way.user_id, "/my/join/")
        browser.post("/my/join/", {"called": "Aili"})
        browser.post("/my/join/", {"yes": cast.granny.uuid})
        cast.granny.refresh_from_db()
        assert cast.granny.user_id == way.user_id

    def test_works_once(self, cast):
        way = self.handed(cast)
        one, two = AppClient(), AppClient()
        for browser in (one, two):
            browser.post("/in/", {"note": codes.note_of(way.uuid)})
        assert (bool(signed_in_as(one)), signed_in_as(two)) == (True, 0)

    @pytest.mark.parametrize("joined", [True, False])
    def test_a_used_one_is_revoked_with_all_that_it_opened(self, cast, joined):
        way = self.handed(cast)
        stranger, team = self.signed_in(cast, way, joined=joined), AppClient()
        assert self.rows(way.user_id) == joined
        team.force_login(cast.clinician1.user)
        page = team.get(page_of(cast, cast.granny)).content.decode()
        assert f'name="revoke" value="{way.uuid}"' in page
        said = team.post(page_of(cast, cast.granny, "let-in/"), {"revoke": way.uuid}, follow=True).content.decode()
        assert "Whoever signed in with it is signed out." in said
        assert stranger.get("/my/").headers["Location"].startswith("/accounts/login/")
        assert self.rows(way.user_id) == 0, "nor by the database"
        cast.granny.refresh_from_db()
        assert (cast.granny.user, cast.granny.joined_at) == (None, None)
        assert AuditEntry.objects.get(verb="revoked a way in").thing_uuid == way.uuid

    @pytest.mark.parametrize("joined", [True, False])
    def test_the_next_one_opens_nothing_that_the_one_before_opened(self, cast, joined):
        first = self.handed(cast)
        stranger = self.signed_in(cast, first, joined=joined)
        second = self.handed(cast)
        assert stranger.get("/my/").headers["Location"].startswith("/accounts/login/")
        assert self.rows(first.user_id) == 0
        granny = self.signed_in(cast, second)
        assert signed_in_as(granny) == second.user_id != first.user_id
        assert granny.get("/my/").status_code == 200
        cast.granny.refresh_from_db()
        assert cast.granny.user_id == second.user_id, "who they are is asked anew"

    def test_a_link_ends_what_a_note_opened(self, cast):
        way = self.handed(cast)
        stranger = self.signed_in(cast, way)
        MemberContact.objects.filter(member=cast.granny).update(email="aili@example.org")
        assert let_in(cast, cast.granny).user_id != way.user_id
        assert stranger.get("/my/").headers["Location"].startswith("/accounts/login/")

    def test_whoever_says_that_it_is_not_them_is_out(self, cast):
        way = self.handed(cast)
        stranger = self.signed_in(cast, way, joined=False)
        stranger.post("/my/join/", {"none": "yes"})
        assert stranger.get("/my/").headers["Location"].startswith("/accounts/login/")
        assert self.handed(cast).user_id != way.user_id

    @pytest.mark.parametrize("who", ["person", "mother", "clinician3", "coordinator2"])
    def test_a_used_one_is_revoked_by_the_team_alone(self, cast, who):
        way, user = self.handed(cast), getattr(cast, who).user
        self.signed_in(cast, way)
        for ask in ("SELECT od.revoke_way_in(%s)", "UPDATE network_wayin SET revoked_at = now() WHERE uuid = %s"):
            with role("od_app"), acting_as(user.pk), connection.cursor() as cursor:
                with contextlib.suppress(ProgrammingError), transaction.atomic():
                    cursor.execute(ask, [way.uuid])
                with pytest.raises(ProgrammingError), transaction.atomic():
                    cursor.execute("UPDATE network_user SET is_active = false WHERE id = %s", [way.user_id])
        way.refresh_from_db()
        assert (way.revoked_at, way.user.is_active) == (None, True)

    def test_revoked_used_and_wrong_are_answered_the_same(self, cast):
        revoked, wrong = self.handed(cast), "ABCD-EFGH-IJKL-MNOP"
        used = self.handed(cast)
        AppClient().post("/in/", {"note": codes.note_of(used.uuid)})
        found = {
            whole("post", "/in/", note=note) for note in (codes.note_of(revoked.uuid), codes.note_of(used.uuid), wrong)
        }
        assert len(found) == 1

    def test_only_for_those_whom_nothing_else_reaches(self, cast):
        with pytest.raises(Refusal, match="paper_for_those_without"):
            let_in(cast, cast.aunt, "paper")

    def test_signs_nobody_in_whose_account_can_be_reached(self, cast):
        browser = AppClient()
        browser.force_login(cast.person.user)
        assert browser.get(page_of(cast, cast.granny, "note/")).status_code == 404

    def signed_in(self, cast, way, *, joined=True):
        """Whoever has the note in hand, and knows for whom it was."""
        browser = AppClient()
        browser.post("/in/", {"note": codes.note_of(way.uuid)})
        browser.post("/my/join/", {"called": "Aili"})
        if joined:
            browser.post("/my/join/", {"yes": cast.granny.uuid})
        return browser

    def rows(self, account):
        """Of how many members the database says that they are this account."""
        with role("od_app"), acting_as(account), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM od.my_member_ids()")
            return cursor.fetchone()[0]

    def handed(self, cast):
        way = let_in(cast, cast.granny, "paper")
        with role("od_app"), acting_as(cast.coordinator.user.pk):
            letting_in.hand_over_note(way=way, to="Aili", told="", by=cast.coordinator.user)
        return way


@pytest.mark.django_db(transaction=True)
def test_whoever_joins_while_their_note_is_revoked_is_nobody():
    """Two real connections: the one that says "this is me" waits for the other, and then there is nothing left to say it to."""
    with transaction.atomic():
        cast = make()
    by, said, waiting = cast.coordinator.user, [], []
    way = let_in(cast, cast.granny, "paper")
    with role("od_app"), acting_as(by.pk):
        letting_in.hand_over_note(way=way, to="Aili", told="", by=by)
    letting_in.use_note(typed=codes.note_of(way.uuid))

    def join():
        try:
            with role("od_app"), acting_as(way.user_id):
                waiting.append(connection.connection.info.backend_pid)
                joining.join(member=cast.granny.uuid, by=way.user)
            said.append("joined")
        except PermissionDenied:
            said.append("nobody")
        finally:
            connection.close()

    thread = threading.Thread(target=join)
    with role("od_app"), acting_as(by.pk), connection.cursor() as cursor:
        letting_in.revoke_way_in(way=way, by=by)
        thread.start()
        for _ in range(2000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = ANY (%s)", [waiting])
            if said or cursor.fetchone()[0]:
                break
            time.sleep(0.01)
    thread.join(timeout=60)
    cast.granny.refresh_from_db()
    assert (said, cast.granny.user) == (["nobody"], None)


class TestCode:
    def test_lasts_fifteen_minutes(self, cast):
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.mother.user.email})
        [letter] = send()
        SignInCode.objects.update(asked_at=timezone.now() - timedelta(minutes=15))
        enter(browser, letter)
        assert not signed_in_as(browser)

    def test_five_tries(self, cast):
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.mother.user.email})
        [letter] = send()
        for _ in range(5):
            browser.post("/accounts/login/code/confirm/", {"code": "XXXX-XXXX"})
        enter(browser, letter)
        assert not signed_in_as(browser)

    def test_is_for_the_browser_that_asked(self, cast):
        mine, theirs = AppClient(), AppClient()
        mine.post("/accounts/login/code/", {"email": cast.mother.user.email})
        [letter] = send()
        theirs.post("/accounts/login/code/", {"email": cast.mother.user.email})
        enter(theirs, letter)
        assert not signed_in_as(theirs)

    def test_stands_nowhere(self, cast):
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.mother.user.email})
        [letter] = send()
        code = re.search(CODE, letter.body).group()
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                for text in (code, code.replace("-", "")):
                    cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{text}%"])
                    assert cursor.fetchone() == (0,), table
        assert code not in str(browser.session.items())
        assert Message.objects.get().to == "", "nor does the outbox say to whom it went"

    def test_that_comes_too_late_is_not_sent(self, cast):
        AppClient().post("/accounts/login/code/", {"email": cast.mother.user.email})
        SignInCode.objects.update(asked_at=timezone.now() - timedelta(minutes=16))
        assert send() == []
        assert Message.objects.get().cancelled_at

    def test_repeated_by_the_sender_is_the_same(self, cast):
        AppClient().post("/accounts/login/code/", {"email": cast.mother.user.email})
        [first] = send()
        Message.objects.update(attempts=1)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE network_message DISABLE TRIGGER USER")
        Message.objects.update(sent_at=None, lease_until=None)
        [second] = send()
        assert first.body == second.body

    def test_old_ones_are_cleared_away(self, cast):
        for name in ("a", "b", "c"):
            AppClient().post("/accounts/login/code/", {"email": f"{name}@example.org"})
        SignInCode.objects.update(asked_at=timezone.now() - timedelta(days=2))
        AppClient().post("/accounts/login/code/", {"email": "d@example.org"})
        assert [one.asked for one in SignInCode.objects.all()] == ["d@example.org"]

    def test_a_next_page_elsewhere_is_not_gone_to(self, cast):
        browser = AppClient()
        browser.post("/accounts/login/code/?next=https://elsewhere.example/", {"email": cast.mother.user.email})
        [letter] = send()
        assert enter(browser, letter).headers["Location"] == "/"


def whole(method, address, **typed):
    """Everything a stranger sees of an answer and of the page it leads to, and what was asked of the database for it."""
    cache.clear()
    stranger = AppClient()
    with CaptureQueriesContext(connection) as asked:
        answers = [getattr(stranger, method)(address, typed)]
        if answers[0].status_code == 302:
            answers.append(stranger.get(answers[0].headers["Location"]))
    seen = []
    for answer in answers:
        body = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", answer.content.decode())
        for text in (*typed.values(), address):
            body = body.replace(text, "…")
        headers = sorted(
            f"{name}: {value}" for name, value in answer.headers.items() if name not in ("Content-Length", "Expires")
        )
        cookies = [
            (name, one["max-age"], one["samesite"], one["httponly"]) for name, one in sorted(answer.cookies.items())
        ]
        seen += [answer.status_code, *body.splitlines(), *headers, *cookies]
    queries = [re.sub(r"'[^']*'(::\w+)?|s\d+_x\d+|\b\d+\b", "?", one["sql"]) for one in asked.captured_queries]
    return (*seen, *queries)


@pytest.mark.parametrize("address", ["/accounts/login/code/", "/accounts/password/reset/"])
def test_asking_does_not_tell_whether_an_address_is_known(cast, address):
    known = [cast.mother.user.email, cast.coordinator.user.email]
    found = {whole("post", address, email=one) for one in (*known, "nobody@example.org", "kerttu@example.org")}
    assert len(found) == 1


def test_a_wrong_code_does_not_tell_whether_an_address_is_known(cast):
    def tried(email):
        stranger = AppClient()
        stranger.post("/accounts/login/code/", {"email": email})
        pages = [
            stranger.post("/accounts/login/code/confirm/", {"code": "XXXX-XXXX"}).content.decode() for _ in range(7)
        ]
        return [re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page).replace(email, "…") for page in pages]

    assert tried(cast.mother.user.email) == tried("nobody@example.org")


def test_a_wrong_password_does_not_tell_whether_an_address_is_known(cast):
    """With a password, without one, staff with a second step, somebody who left: one query and one hash each."""
    cast.mother.user.set_password("open-dialogue")
    cast.mother.user.save()
    Authenticator.objects.create(user=cast.coordinator.user, type="totp", data={"secret": "x"})
    User.objects.filter(pk=cast.friend.user_id).update(is_active=False)
    known = [cast.mother.user.email, cast.person.user.email, cast.coordinator.user.email, cast.friend.user.email]
    stranger, *others = [
        whole("post", "/accounts/login/", login=one, password="guess") for one in ("nobody@example.org", *known)
    ]
    for one in others:
        assert one == stranger


class TestLimitsShutNobodyOut:
    """Whoever tries all day from elsewhere, or from the same clinic, keeps nobody from signing in who has what it takes."""

    def test_a_code_can_be_had_while_somebody_elsewhere_asks_for_it_all_the_time(self, cast):
        email = cast.clinician1.user.email
        for _ in range(10):
            AppClient().post("/accounts/login/code/", {"email": email}, REMOTE_ADDR="192.0.2.1")
        browser = AppClient(REMOTE_ADDR="198.51.100.7")
        browser.post("/accounts/login/code/", {"email": email})
        letters = send()
        assert len(letters) == 4, "three for whoever asked ten times, and one"
        enter(browser, letters[-1])
        assert signed_in_as(browser)

    def test_a_code_that_came_is_taken_though_the_limit_is_reached(self, cast):
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.clinician1.user.email})
        [letter] = send()
        for _ in range(100):
            browser.post("/accounts/login/", {"login": cast.clinician1.user.email, "password": "guess"})
            AppClient().post("/accounts/login/code/", {"email": cast.clinician1.user.email})
        enter(browser, letter)
        assert signed_in_as(browser)

    def test_a_password_is_taken_while_somebody_elsewhere_guesses(self, cast):
        user = cast.clinician1.user
        user.set_password("open-dialogue")
        user.save()
        for _ in range(20):
            page = AppClient().post(
                "/accounts/login/", {"login": user.email, "password": "guess"}, REMOTE_ADDR="192.0.2.1"
            )
        assert "Too many tries" in page.content.decode()
        browser = AppClient(REMOTE_ADDR="198.51.100.7")
        browser.post("/accounts/login/", {"login": user.email, "password": "open-dialogue"})
        assert signed_in_as(browser)

    def test_a_passkey_is_asked_for_as_often_as_it_takes(self, cast):
        """Nothing can be guessed at a passkey, so nothing is counted: a whole clinic signs in from one address."""
        for _ in range(60):
            AppClient().post("/accounts/login/", {"login": cast.clinician1.user.email, "password": "guess"})
        for _ in range(40):
            answer = AppClient().get("/accounts/2fa/webauthn/login/", HTTP_ACCEPT="application/json")
            assert answer.status_code == 200
            assert AppClient().post("/accounts/2fa/webauthn/login/", {"credential": "{}"}).status_code != 429


class TestSecondStep:
    def test_of_a_member_is_a_way_in_of_its_own(self, cast):
        """Whoever loses the phone with the passkey still comes in by a code."""
        Authenticator.objects.create(user=cast.mother.user, type="webauthn", data={"name": "my phone"})
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.mother.user.email})
        [letter] = send()
        enter(browser, letter)
        assert signed_in_as(browser)

    @pytest.mark.parametrize("kind", ["totp", "webauthn"])
    def test_of_staff_is_asked_for_after_a_code(self, cast, kind):
        data = {"secret": "x"} if kind == "totp" else {"name": "my phone"}
        Authenticator.objects.create(user=cast.clinician1.user, type=kind, data=data)
        browser = AppClient()
        browser.post("/accounts/login/code/", {"email": cast.clinician1.user.email})
        [letter] = send()
        assert enter(browser, letter).headers["Location"] == "/accounts/2fa/authenticate/"
        assert not signed_in_as(browser)
