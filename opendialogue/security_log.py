"""What a service has to be able to look up after an attack: who signed in and how, who could not, what was refused to whom.

Accounts stand as numbers and pages by their name in the resolver, so that no line says who somebody is or what was looked for.
From where is written down only of whoever failed to sign in: of everybody else it would say where they live.
"""

import logging

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.signals import password_changed, password_reset
from allauth.core import context
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

log = logging.getLogger("security")
REFUSED = {401, 403, 404, 405, 413, 429}
CHANGES = {
    password_changed: "changed the password",
    password_reset: "set a new password",
    authenticator_added: "added a second factor",
    authenticator_removed: "removed a second factor",
    authenticator_reset: "made new recovery codes",
}


class SecurityLog:
    """A line for each answer that refuses something."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code in REFUSED:
            match = request.resolver_match
            page = match.view_name if match else "no page"
            log.info("%s refused %s to %s", response.status_code, page, _account(getattr(request, "user", None)))
        return response


@receiver(user_logged_in)
def signed_in(sender, request, user, **kwargs):
    methods = [record.get("method", "") for record in get_authentication_records(request, user)] if request else []
    log.info("%s signed in by %s", _account(user), ", ".join(methods) or "another way")


@receiver(user_logged_out)
def signed_out(sender, request, user, **kwargs):
    log.info("%s signed out", _account(user))


@receiver(user_login_failed)
def not_the_password(sender, request=None, **kwargs):
    could_not_sign_in("password", request)


@receiver(authentication_failed)
def not_the_second_factor(sender, request, user, **kwargs):
    could_not_sign_in(f"second factor of {_account(user)}", request)


def could_not_sign_in(by, request=None):
    """Somebody tried to sign in `by` something that was not right, or once too often."""
    request = request or context.request
    log.warning("sign-in failed by %s, from %s", by, get_adapter(request).get_client_ip(request) if request else "here")


def _told(words):
    def changed(sender, user, **kwargs):
        log.info("%s %s", _account(user), words)

    return changed


for signal, words in CHANGES.items():
    signal.connect(_told(words), weak=False)


def _account(user):
    return f"account {user.pk}" if user is not None and user.pk else "nobody"
