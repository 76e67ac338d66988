"""Somebody works for a service no more: out on the next request, and their name stays where it was said."""

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from network.models import Staff
from network.rules import log_audit, refusal_of


class Command(BaseCommand):
    help = "Ends somebody's work for a service. Cases they look after, and the duty, have to be handed over before. Run it as od_owner."

    def add_arguments(self, parser):
        parser.add_argument("--email", required=True)

    def handle(self, **options):
        staff = Staff.objects.active().filter(user__email=options["email"].lower()).first()
        if staff is None:
            raise CommandError("Nobody who works here signs in with this address.")
        staff.left_at = timezone.now()
        try:
            with transaction.atomic():
                staff.save(update_fields=["left_at"])
                log_audit("left the service", staff)
        except IntegrityError as error:
            refusal = refusal_of(error)
            raise CommandError(refusal.sentence if refusal else "The database refused it.") from error
        self.stdout.write(f"{staff.name} works here no more. Networks whose team they were of need a change of team.")
