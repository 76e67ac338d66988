"""Somebody begins to work for a service."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from network.models import Service, Staff, User
from network.rules import log_audit

ROLES = ("coordinator", "clinician", "lead")


class Command(BaseCommand):
    help = "Adds somebody to a service, who then signs in with a code sent to the address. Run it as od_owner."

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
        user = User(email=User.objects.normalize_email(options["email"]).lower())
        user.set_unusable_password()
        roles = {f"is_{role}": role in options["role"] for role in ROLES}
        staff = Staff(
            service=service, user=user, name=options["name"].strip(), profession=options["profession"],
            training=options["training"], **roles,
        )  # fmt: skip
        try:
            user.full_clean()
            staff.full_clean(exclude=["user"])
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        with transaction.atomic():
            user.save()
            staff.save()
            log_audit("began to work here", staff)
        self.stdout.write(f"{staff.name} works for {service.name}, and signs in with a code sent to {user.email}.")
