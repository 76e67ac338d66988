"""How long a session lasts. One place: what ends it, what keeps it, and what is nobody's act."""

import re
import time
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser

from network.identity import set_identity

# A session holds when somebody signed in, when they last did something, and which record lies open until when.
SINCE, SEEN, RECORD = "since", "seen", "record"
GRAIN = 30  # seconds: what somebody does is written down no more often, so that a session ends up to so much early, and never late
A_RECORD = re.compile(r"/meetings/([0-9a-f-]{36})/record/")
# What pages ask for by themselves, time after time. No session lives longer for it.
POLLED = re.compile(
    r"/(board/rows|clock|on-this-device(/today)?|channels/browser/renewed"
    r"|meetings/[0-9a-f-]{36}/(record/news|prepare(/nameless)?))/"
)
ABOUT_NOBODY = ("/clock/", "/on-this-device/")  # asked by an open record as well


def begin(session):
    """Somebody signs in."""
    session[SINCE] = session[SEEN] = int(time.time())


def fresh(session, *, staff):
    """Whether the session may be used, by the time of the service."""
    idle, whole = (
        (settings.SESSION_STAFF_IDLE, settings.SESSION_STAFF_LONGEST)
        if staff
        else (settings.SESSION_MEMBER_IDLE, settings.SESSION_MEMBER_LONGEST)
    )
    now = time.time()
    return now - session.get(SEEN, 0) < idle and now - session.get(SINCE, 0) < whole


def seen_at(session):
    """When whoever signed in last did something, to half a minute."""
    return datetime.fromtimestamp(session[SEEN], tz=UTC)


class SessionLimits:
    """Ends a session that nobody uses. An open record has hours of its own, for its own addresses and for nothing else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(settings.WITHOUT_DATABASE) or not request.user.is_authenticated:
            return self.get_response(request)
        polled, record = POLLED.fullmatch(request.path), A_RECORD.match(request.path)
        meeting, until = request.session.get(RECORD, ("", 0))
        lies_open = time.time() < until and (request.path in ABOUT_NOBODY or (record and record[1] == meeting))
        good = fresh(request.session, staff=request.user.staff)
        if not (good or lies_open):
            return self.signed_out(request, polled)
        if good and not polled and time.time() - request.session.get(SEEN, 0) >= GRAIN:
            request.session[SEEN] = int(time.time())
        response = self.get_response(request)
        if record and request.user.is_authenticated:
            follow(request, response, record[1])
        return response

    def signed_out(self, request, polled):
        """Nobody from here on. What was asked for by itself leaves the session lie: whoever comes back with words is told whose it was."""
        request.was = request.user
        if not polled:
            request.session.clear()  # no flush: another window that asks just then would be told that it was ended elsewhere
        request.user, request.staff = AnonymousUser(), None
        set_identity(None, door=request.door)
        return self.get_response(request)


class SaysEnded:
    """Says to scripts, in a cookie that they can read, that nobody of staff is signed in in this browser any more: what is prepared in it
    goes (static/js/packs.js). Of a session that nobody used for a while it says nothing: its owner may be on the way to a meeting.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(settings.WITHOUT_DATABASE):
            return self.get_response(request)
        came, session = request.user.pk, request.session
        held, marked = (
            request.COOKIES.get(name) for name in (settings.SESSION_COOKIE_NAME, settings.ENDED_COOKIE_NAME)
        )
        ended = bool(held) and not came and (not session.session_key or SESSION_KEY in session)
        request.ended = ended or bool(marked)
        response = self.get_response(request)
        if ended or self.left(request, came):
            response.set_cookie(
                settings.ENDED_COOKIE_NAME, "1", max_age=settings.SESSION_COOKIE_AGE,
                secure=settings.SESSION_COOKIE_SECURE, samesite=settings.SESSION_COOKIE_SAMESITE,
            )  # fmt: skip
        elif marked and request.user.is_authenticated and request.user.staff:
            response.delete_cookie(settings.ENDED_COOKIE_NAME, samesite=settings.SESSION_COOKIE_SAMESITE)
        return response

    def left(self, request, came):
        """Whether somebody signed out, or in who is not of the staff."""
        user = request.user
        if not user.is_authenticated:
            return came is not None and not hasattr(request, "was")
        return user.pk != came and not user.staff


def follow(request, response, meeting):
    """A record was opened; or closed, by its form or as it was found when it was asked for once more."""
    opened, until = request.session.get(RECORD, ("", 0))
    record = request.path.endswith("/record/") and request.method == "GET"
    if record and response.status_code == 200:
        if opened != meeting or until <= time.time():
            request.session[RECORD] = [meeting, int(time.time()) + settings.SESSION_RECORD]
    elif opened == meeting and (
        ((record or request.path.endswith("/close/")) and response.status_code == 302)
        or getattr(response, "meeting_closed", False)
    ):
        del request.session[RECORD]
