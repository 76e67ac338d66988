from django.core.management.base import BaseCommand

from network.sealing import new_private_key


class Command(BaseCommand):
    help = "Makes a key for SEALING_KEYS. Put it in front of those you have: phones may still hold words sealed to an older one."
    requires_system_checks = []

    def handle(self, *args, **options):
        self.stdout.write(new_private_key())
