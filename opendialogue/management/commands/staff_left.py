"""Somebody works for a service no more: out on the next request, and their name stays where it was said."""

from django.core.management.base import BaseCommand, CommandError

from network.actions.staff import end_staff
from network.models import Staff
from network.rules import Refusal


class Command(BaseCommand):
    help = "Ends somebody's work for a service. What is theirs is handed over before; a lead does both by a page. Run it as od_owner."

    def add_arguments(self, parser):
        parser.add_argument("--email", required=True)

    def handle(self, **options):
        staff = Staff.objects.active().filter(user__email=options["email"].lower()).select_related("service").first()
        if staff is None:
            raise CommandError("Nobody who works here signs in with this address.")
        try:
            end_staff(staff=staff, by=None)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{staff.name} works here no more. Networks whose team they were of need a change of team.")
