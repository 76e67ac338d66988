"""Every address. Each app names its own; here they come together."""

from django.conf import settings
from django.urls import include, path

from . import accounts, health, sign_in

urlpatterns = [
    path("healthz", health.process, name="healthz"),
    path("readyz", health.service, name="readyz"),
    path("accounts/email/", accounts.address, name="account_email"),  # before allauth's, which would take any address
    path("accounts/login/code/", sign_in.ask, name="account_request_login_code"),
    path("accounts/login/code/confirm/", sign_in.confirm, name="account_confirm_login_code"),
    path("accounts/password/reset/", sign_in.ask, {"reset": True}, name="account_reset_password"),
    path("in/", sign_in.note, name="note_on_paper"),
    path("in/<str:key>/", sign_in.link, name="way_in"),
    path("accounts/sessions/", accounts.sessions, name="usersessions_list"),  # allauth's ends all others or none
    path("accounts/", include("allauth.urls")),
    path("", include("network.urls")),
    path("", include("referrals.urls")),
    path("", include("meetings.urls")),
]

if settings.LOCAL:
    from .local import views as local

    urlpatterns += [path("local/mail/", local.mailbox, name="local_mail")]
