"""Whether the service can do its work, for the shell and for containers."""

import json

from django.core.management.base import BaseCommand, CommandError

from opendialogue.health import findings


class Command(BaseCommand):
    help = "Says what /readyz says, and fails when the service is not ready."

    def handle(self, **options):
        found = findings()
        if set(found.values()) != {"ok"}:
            raise CommandError(json.dumps(found))
        self.stdout.write(json.dumps(found))
