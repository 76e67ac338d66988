"""The first step of an operator: a service and somebody who can sign in to it."""

import zoneinfo

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from network.models import Service, Staff, User
from network.rules import log_audit


class Command(BaseCommand):
    help = "Makes a service and its first lead, who then signs in with a code sent to the address. Run it as od_owner."

    def add_arguments(self, parser):
        parser.add_argument("--name", required=True, help="as people know it")
        parser.add_argument("--slug", required=True, help="its word in addresses: small letters and hyphens")
        parser.add_argument("--time-zone", required=True, help="such as Europe/Helsinki")
        parser.add_argument("--emergency-number", default="112")
        parser.add_argument("--emergency-advice", required=True, help="what to do in an emergency, in plain words")
        parser.add_argument("--night-number", required=True, help="whom to call at night")
        parser.add_argument("--lead-name", required=True)
        parser.add_argument("--lead-email", required=True)

    def handle(self, **options):
        if options["time_zone"] not in zoneinfo.available_timezones():
            raise CommandError(f"There is no time zone “{options['time_zone']}”. Europe/Helsinki is one.")
        fields = ("name", "slug", "time_zone", "emergency_number", "emergency_advice", "night_number")
        service = Service(**{field: options[field] for field in fields})
        user = User(email=User.objects.normalize_email(options["lead_email"]).lower())
        user.set_unusable_password()
        lead = Staff(service=service, user=user, name=options["lead_name"], is_lead=True, is_coordinator=True)
        try:
            service.full_clean()
            user.full_clean()
            with transaction.atomic():
                service.save()
                user.save()
                lead.save()
                log_audit("made a service", service)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{service.name} is there. {lead.name} signs in with a code sent to {user.email}.")
