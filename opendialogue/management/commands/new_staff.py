"""Somebody begins to work for a service."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from network.actions.staff import add_staff
from network.models import Service, Staff
from network.rules import Refusal

ROLES = ("coordinator", "clinician", "lead")


class Command(BaseCommand):
    help = "Adds somebody to a service, as a lead does by a page. A neutral mail goes to their address. Run it as od_owner."

    def add_arguments(self, parser):
        parser.add_argument("--service", required=True, help="its word in addresses")
        parser.add_argument("--name", required=True, help="as the networks know them")
        parser.add_argument("--email", required=True)
        parser.add_argument("--profession", choices=Staff.Profession.values, default=Staff.Profession.OTHER)
        parser.add_argument("--training", choices=Staff.Training.values, default=Staff.Training.NONE)
        parser.add_argument("--role", choices=ROLES, nargs="+", required=True, help="one or more")

    def handle(self, **options):
        service = Service.objects.filter(slug=options["service"]).first()
        if service is None:
            raise CommandError(f"There is no service “{options['service']}”.")
        fields = {field: options[field] for field in ("email", "profession", "training")}
        try:
            validate_email(options["email"])
            staff = add_staff(service=service, name=options["name"].strip(), roles=options["role"], **fields, by=None)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(
            f"{staff.name} works for {service.name}, and signs in with a code sent to {staff.user.email}."
        )
