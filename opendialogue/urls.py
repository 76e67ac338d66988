"""Every address. Each app names its own; here they come together."""

from django.conf import settings
from django.urls import include, path

from . import accounts, health

urlpatterns = [
    path("healthz", health.process, name="healthz"),
    path("readyz", health.service, name="readyz"),
    path("accounts/email/", accounts.address, name="account_email"),  # before allauth's, which would take any address
    path("accounts/", include("allauth.urls")),
    path("", include("network.urls")),
    path("", include("referrals.urls")),
    path("", include("meetings.urls")),
]

if settings.LOCAL:
    from .local import views as local

    urlpatterns += [path("local/mail/", local.mailbox, name="local_mail")]
