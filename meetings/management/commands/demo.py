"""A network to try things with, on one's own machine."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from meetings import demo


class Command(BaseCommand):
    help = "Loads the demo network, once. Only in local use, as od_owner."

    def handle(self, **options):
        if not settings.LOCAL:
            raise CommandError(
                "The demo network has known passwords: it is for local use alone. Start it with `make run`."
            )
        made = demo.load()
        self.stdout.write("The demo network is there." if made else "The demo network was there already.")
