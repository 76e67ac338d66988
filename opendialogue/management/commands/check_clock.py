from django.core.management.base import BaseCommand, CommandError

from opendialogue import health


class Command(BaseCommand):
    help = "Says in one line whether the clock watches over every deadline; exit status 0 if so, 2 if not. For monitoring systems."
    requires_system_checks = []

    def handle(self, *args, **options):
        if wrong := health.clock():
            raise CommandError(f"clock: {'; '.join(wrong)}", returncode=2)
        self.stdout.write("clock: ok")
