from django.core.management.base import BaseCommand

from network.push import new_private_key


class Command(BaseCommand):
    help = "Makes a key for VAPID_PRIVATE_KEY. With a new key every browser has to be set up again."
    requires_system_checks = []

    def handle(self, *args, **options):
        self.stdout.write(new_private_key())
