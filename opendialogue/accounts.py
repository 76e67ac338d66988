"""How accounts differ from allauth's: nobody signs up or takes another address, mail gives nobody away, one query says who is there."""

from types import SimpleNamespace

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.forms import RequestLoginCodeForm
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.contrib import messages
from django.db.models import BigIntegerField, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from network import device
from network.actions import channels
from network.actions.joining import waiting_memberships
from network.models import Member, User
from network.pages import signed_in_page
from network.prepared import Prepared
from referrals.models import OnCall


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

    def format_email_subject(self, subject):
        return subject

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
        if request.user.staff:
            channels.put_away_other_browsers(here=device.channel_of(request), by=request.user)


class AskForCodeForm(RequestLoginCodeForm):
    """The one field of the sign-in page, with its own sentence when it is empty or wrong."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Your e-mail address"
        self.fields["email"].error_messages["required"] = "Write your e-mail address."
        self.fields["email"].error_messages["invalid"] = "This is not a whole address. One looks like name@example.org."


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
