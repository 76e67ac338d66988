"""Which browser this is: a signed cookie names the channel that was set up in it, so that signing out there ends its notifications,
whatever has become of the session meanwhile. It says nothing of anybody, and no page can read it."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SALT = "network.device"
AGE = 400 * 24 * 60 * 60  # as long as a browser keeps one


def channel_of(request: HttpRequest) -> UUID | None:
    """The channel that was last set up in this browser, which may have been put away since."""
    found = request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, default=None, salt=SALT)
    return UUID(found) if found else None


def remember(response: HttpResponse, channel: UUID) -> None:
    """This browser is that channel."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME, str(channel), salt=SALT, max_age=AGE, httponly=True, samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
