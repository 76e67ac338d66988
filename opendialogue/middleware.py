"""One transaction and one identity around each response."""

import zoneinfo

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.db import InterfaceError, OperationalError, connection, transaction
from django.dispatch import receiver
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.defaults import page_not_found

from network.channels import set_up
from network.identity import set_identity
from opendialogue import limits

ACCOUNTS = ("/accounts/", "/in/")
WITHOUT_DATABASE = settings.WITHOUT_DATABASE


class WholeResponseTransaction:
    """One transaction around the whole response: the identity, templates rendered late, the session.

    An answer that says it went well leaves only after the commit, and a failed one leaves nothing behind.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(WITHOUT_DATABASE):
            return self.get_response(request)
        try:
            with transaction.atomic():
                response = self.get_response(request)
                if response.streaming:
                    raise TypeError("A streamed response would read after its transaction. Build it whole.")
                if response.status_code >= 500:
                    transaction.set_rollback(True)
        except (OperationalError, InterfaceError):
            return unavailable()
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, (OperationalError, InterfaceError)):
            return unavailable()
        if settings.DEBUG and isinstance(exception, Http404):
            return page_not_found(request, exception)  # whoever tries it locally reads what an outsider reads
        return None


class NoStore:
    """No page is kept by a browser: after signing out, "back" shows nothing. And no page may use what is in the phone but its passkeys."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response


class Identity:
    """Tells the database who asks, and the pages whose clock to show."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.staff, request.door = None, ""
        if request.path.startswith(WITHOUT_DATABASE):
            return self.get_response(request)
        request.door = door = "accounts" if request.path.startswith(ACCOUNTS) else ""
        # An account is visible to itself only: take the session's word first, and take it back if it is not good. What does not wait
        # for an answer goes out together: the transaction's begin with the session, the identity with the account.
        with connection.connection.pipeline():
            claimed = request.session.get(SESSION_KEY)
            set_identity(claimed, door=door)
            good = not claimed or request.user.is_authenticated
        if not good:
            set_identity(None, door=door)
        request.staff = SimpleLazyObject(lambda: getattr(request.user, "staff", None))
        with timezone.override(_zone(request.user)):
            return self.get_response(request)


class WrongWay:
    """An address that only takes what is sent, opened like a page: after signing in anew, for instance. Say so, not nothing.

    And one that does not exist says locally what it says in a service.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == 404 and request.resolver_match is None:
            return page_not_found(
                request, Http404()
            )  # no such address at all: process_exception above hears nothing of that
        if response.status_code != 405 or response.content or request.method == "HEAD":
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


class SecondFactor:
    """Staff go no further than their account until they have a passkey or an authenticator."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if settings.REQUIRE_SECOND_FACTOR and not request.path.startswith((*ACCOUNTS, *WITHOUT_DATABASE)):
            user = request.user
            if user.is_authenticated and user.staff and not user.has_second_factor:
                return redirect(reverse("mfa_index"))
        return self.get_response(request)


@receiver(user_logged_in)
def identify(sender, request, user, **kwargs):
    """From here on the request is theirs; contrib.auth writes to the account next."""
    limits.begin(request.session)
    set_identity(user.pk, door="accounts")


def on_every_page(request):
    """Where leaving quickly leads, whether a code can go by text message; and, for the banner, whether the second step is off."""
    return {
        "leave_quickly_url": settings.LEAVE_QUICKLY_URL,
        "by_text": set_up("sms"),
        "second_factor_off": not settings.REQUIRE_SECOND_FACTOR,
    }


def unavailable():
    """What people read when the database is out of reach."""
    return HttpResponse(get_template("503.html").render(), status=503, headers={"Retry-After": "30"})


def _zone(user):
    name = getattr(user, "time_zone", None)
    return zoneinfo.ZoneInfo(name) if name else None
