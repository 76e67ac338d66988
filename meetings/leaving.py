"""What is still somebody's when their work for a service ends."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from meetings.models import Meeting, MeetingStaff
from network.models import Member, Staff, TeamMember
from referrals.models import Case, OnCall

PERSON = Subquery(Member.objects.persons().filter(network=OuterRef("network")).values("name")[:1])


@dataclass(frozen=True)
class StillTheirs:
    """All that has to be handed over before `staff` may leave, and the teams that stay as they are. Each in one query."""

    staff: Staff

    @cached_property
    def on_duty(self) -> bool:
        return self.staff.service.on_duty_id == self.staff.pk

    @cached_property
    def cases(self) -> list[Case]:
        """Open cases they look after; `person` is whose it is."""
        own = Case.objects.open().filter(owner=self.staff).select_related("network", "owner")
        return list(own.annotate(person=PERSON).by_time_left())

    @cached_property
    def turns(self) -> list[OnCall]:
        """Turns of the rota that are not over, the next one first."""
        own = OnCall.objects.standing().filter(staff=self.staff, period__endswith__gt=timezone.now())
        return list(own.select_related("service", "staff").order_by("period", "pk"))

    @cached_property
    def meetings(self) -> list[Meeting]:
        """Meetings going on or to come; `alone`: nobody else of the service comes."""
        others = MeetingStaff.objects.filter(meeting=OuterRef("pk"), active=True, staff__left_at=None)
        still = Q(status=Meeting.Status.STARTED) | Q(status=Meeting.Status.BOOKED, ends_at__gt=timezone.now())
        own = Meeting.objects.filter(still, staffing__staff=self.staff, staffing__active=True)
        alone = ~Exists(others.exclude(staff=self.staff))
        return list(own.select_related("network").annotate(person=PERSON, alone=alone).order_by("starts_at", "pk"))

    @cached_property
    def teams(self) -> list[TeamMember]:
        """Networks whose team they are of; `case` is the last one, on whose page the team is changed."""
        case = Case.objects.filter(network=OuterRef("network")).order_by("-opened_at", "-pk")
        own = TeamMember.objects.current().filter(staff=self.staff)
        return list(own.annotate(person=PERSON, case=Subquery(case.values("uuid")[:1])).order_by("person", "pk"))

    @property
    def alone(self) -> list[Any]:
        """Meetings to which somebody else has to come instead."""
        return [meeting for meeting in self.meetings if meeting.alone]  # type: ignore[attr-defined]

    def turns_as(self, role: str) -> list[OnCall]:
        return [turn for turn in self.turns if turn.role == role]
