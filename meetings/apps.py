from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"
    verbose_name = "Meetings: the work"

    def ready(self) -> None:
        from . import rules  # noqa: F401 — the rules of this app get their sentences
