"""How accounts differ from allauth's: nobody signs up or takes another address, mail gives nobody away, one query says who is there."""

from types import SimpleNamespace

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.db.models import BigIntegerField, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from network import device
from network.actions import channels
from network.actions.joining import waiting_memberships
from network.doors import needs_second_step
from network.models import Member, User
from network.pages import signed_in_page
from network.prepared import Prepared
from opendialogue import limits
from opendialogue.security_log import could_not_sign_in
from referrals.models import OnCall

FAILED = {"incorrect_code": "code", "too_many_login_attempts": "too many tries", "rate_limited": "too many tries"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by the service and by invitations, never by a visitor."""

    # What went wrong, and what to do next, for somebody who may be tired and afraid.
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": "This is not the code, or it is too old. Type it again, or have a new one sent.",
        "email_password_mismatch": "The address or the password is not right. Try again, or let us send you a code.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes, then try again.",
        "rate_limited": "Too many tries. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request):
        return False

    def validation_error(self, code, *args):
        if code in FAILED:
            could_not_sign_in(FAILED[code])
        return super().validation_error(code, *args)

    def get_login_stages(self):
        return [
            "opendialogue.accounts.SecondStep" if "AuthenticateStage" in stage else stage
            for stage in super().get_login_stages()
        ]

    def _get_login_attempts_cache_key(self, request, **credentials):
        """Tries at a password are counted for an address from one place: nobody elsewhere shuts its owner out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)} {self.get_client_ip(request)}"

    def format_email_subject(self, subject):
        return subject

    def set_password(self, user, password):
        """Nothing else of the account, which the service may not write."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_login_redirect_url(self, request):
        """Whoever was written down with this address is asked first whether it is them."""
        return reverse("join") if waiting_memberships() else super().get_login_redirect_url(request)

    def login(self, request, user):
        """Notifications for whoever used this browser before are theirs alone."""
        super().login(request, user)
        if channel := device.channel_of(request):
            channels.leave_browser(channel, signing_out=False)

    def logout(self, request):
        """Whoever signs out hears nothing more on this device, not even that something waits."""
        channel = device.channel_of(request)
        if channel and channels.leave_browser(channel, signing_out=True):
            messages.success(request, "Notifications on this device have ended.")
        super().logout(request)

    def is_reauthentication_required(self, *, app):
        """Whoever has no second factor yet may set one up: they have nothing better to prove themselves with."""
        if app == "allauth.mfa" and not self.request.user.has_second_factor:
            return False
        return super().is_reauthentication_required(app=app)


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Signing out everywhere else."""

    def end_sessions(self, sessions):
        """Nor does anything go to other devices after that."""
        super().end_sessions(sessions)
        request = context.request
        channels.end_other_browsers(of=request.user, here=device.channel_of(request))


class SecondStep(AuthenticateStage):
    """The second step is for staff. The passkey of a member is a way in of its own: whoever loses it still comes in by a code."""

    def _should_handle(self, request):
        return bool(self.login.user and needs_second_step(self.login.user)) and super()._should_handle(request)


@Prepared
def account(reader):
    """The account of `reader` with what every request asks of it."""
    own = Authenticator.objects.filter(
        user=OuterRef("pk"), type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    )
    member_zone = Member.objects.current().filter(user=OuterRef("pk")).values("service__time_zone")[:1]
    turns = OnCall.objects.standing().filter(role=OnCall.Role.COORDINATOR, period__contains=Now())
    turn = turns.filter(service=OuterRef("staff_row__service")).values("staff")[:1]
    return (
        User.objects.filter(pk=reader.pk)
        .select_related("staff_row__service")
        .annotate(
            factor=Exists(own),
            zone=Coalesce("staff_row__service__time_zone", Subquery(member_zone)),
            duty=Coalesce(Subquery(turn), "staff_row__service__on_duty", output_field=BigIntegerField()),
        )
    )


class Backend(AuthenticationBackend):
    """Loads the account with what every request asks of it: staff row, service, second factor, time zone."""

    def _authenticate_by_email(self, email, password):
        """One query and one hash, whether there is such an account or not, and whether it has a password or not."""
        return self._check_password(User.objects.filter(email=email.lower()).first(), password)

    def get_user(self, user_id):
        user = next(iter(account(SimpleNamespace(pk=user_id, staff=None))), None)
        if user is None or not self.user_can_authenticate(user):
            return None
        staff = getattr(user, "staff_row", None)
        user.staff = staff if staff and staff.left_at is None else None
        user.has_second_factor, user.time_zone = user.factor, user.zone
        user.on_duty = user.staff is not None and user.duty == user.staff.pk
        return user


@signed_in_page
@require_safe
def address(request: HttpRequest) -> HttpResponse:
    """The address of an account, to read. It is the way in: whoever could add one could add somebody else's."""
    return render(request, "account/email.html")


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where somebody is signed in, to look at and to end: one of them, or all but this one."""
    own = _sessions(request)
    if request.method == "POST":
        which = request.POST.get("end", "")
        gone = [one for one in own if not one.here and which in ("others", str(one.pk))]
        if which == "others":
            SessionsAdapter().end_sessions(gone)
        for one in gone if which != "others" else []:
            one.end()
        messages.success(request, "Signed out there." if gone else "That one had ended already.")
        return redirect("usersessions_list")
    return render(request, "usersessions/usersession_list.html", {"sessions": own})


def _sessions(request):
    """The sessions of an account that can still be used, the one that asks first, then the last used."""
    from allauth.usersessions.models import UserSession  # allauth's models need the accounts first

    rows = list(UserSession.objects.filter(user=request.user))
    kept = Session.objects.filter(expire_date__gt=timezone.now()).in_bulk([one.session_key for one in rows])
    found = []
    for one in rows:
        held = kept[one.session_key].get_decoded() if one.session_key in kept else {}
        if limits.fresh(held, staff=request.user.staff):
            one.here = one.session_key == request.session.session_key
            one.seen_at = limits.seen_at(held)
            found.append(one)
    return sorted(found, key=lambda one: (one.here, one.seen_at, one.pk), reverse=True)
