from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"
    verbose_name = "Referrals: first contact"

    def ready(self) -> None:
        from . import rules  # noqa: F401 — the rules of this app get their sentences
