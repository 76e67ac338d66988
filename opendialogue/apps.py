"""The project as an app: it has to be ready before the accounts are."""

from django.apps import AppConfig


class OpenDialogueConfig(AppConfig):
    name = "opendialogue"
    verbose_name = "Open Dialogue"

    def ready(self):
        from django.conf import settings
        from django.core.mail.utils import DNS_NAME

        from . import (  # noqa: F401
            checks,  # registers itself
            middleware,  # its receiver for sign-in has to come before contrib.auth's
        )

        # What Django calls this machine towards the mail server and in Message-ID; its own name could name the clinic.
        DNS_NAME._fqdn = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")
