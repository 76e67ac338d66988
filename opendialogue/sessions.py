"""Sessions as Django keeps them in the database. Each request begins by looking for one: with words that are at hand."""

from types import SimpleNamespace

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.utils import timezone

from network.prepared import Prepared

NOBODY = SimpleNamespace(pk=None, staff=None)


@Prepared
def found(reader, *, key, now):
    """The session of this key, unless it is over."""
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SessionStore(db.SessionStore):
    """The name is part of what signs a session: under another, everybody would be signed out."""

    def _get_session_from_db(self):
        session = next(iter(found(NOBODY, key=self.session_key, now=timezone.now())), None)
        if session is None:
            self._session_key = None
        return session


class Sessions(SessionMiddleware):
    """As Django's. But only what a browser shows takes a cookie of a session away that is over: the answer to a script may have been on its
    way while somebody signed in in another window, and would take their new session with it.
    """

    def process_response(self, request, response):
        response = super().process_response(request, response)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie and not cookie.value and request.headers.get("sec-fetch-mode", "navigate") != "navigate":
            del response.cookies[settings.SESSION_COOKIE_NAME]
        return response
