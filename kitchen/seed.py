"""A service with a network, a case and a booked meeting for each that will be recorded. Works as the owner."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tests.factories import make_case, make_meeting, make_member, make_network, make_service, make_staff, make_team

SLOT = timedelta(minutes=2)  # nobody is in two places: each meeting has minutes of its own


class Table:
    """Who meets where: `meetings[n]`, each with its person, and the two clinicians of each lane."""

    def __init__(self, number, lanes):
        with transaction.atomic():
            self.service = make_service("Kitchens", "kitchens")
            coordinator = make_staff(self.service, "Aino", "coordinator")
            self.service.on_duty = coordinator
            self.service.save()
            self.clinicians = [
                [make_staff(self.service, f"{name} {lane}", "clinician") for name in ("Leena", "Mikko")]
                for lane in range(lanes)
            ]
            first = timezone.now() - timedelta(hours=1)
            self.meetings = [
                self._meeting(n, coordinator, self.clinicians[n % lanes], first + SLOT * (n // lanes))
                for n in range(number)
            ]

    def _meeting(self, number, coordinator, team, at):
        network = make_network(self.service)
        person = make_member(network, f"Elina {number}", account=False, is_person=True)
        make_team(network, *team)
        case = make_case(network, coordinator, first_heard_at=timezone.now() - timedelta(hours=2))
        meeting = make_meeting(case, *team, starts_at=at, minutes=2, invited=[person])
        meeting.person = person
        return meeting
