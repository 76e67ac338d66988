"""The way of each message of a clock, for whoever works with the case: planned, handed on, accepted, acknowledged, or withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from network.models import StaffChannel
from referrals.models import Acknowledgement, Watch, WatchStep

LATEST = 200  # steps of a page; a clock that has run over for weeks begins a round each hour
INSTEAD = {"NotSetUp", "PutAway", "Gone"}  # what od.send_by_mail_instead leaves
WORDS = {
    "acknowledged": "acknowledged",
    "sent": "accepted by the transport",
    "withdrawn": "withdrawn before it was sent",
    "instead": "not possible any more, went by e-mail instead",
    "failing": "failed, is tried again",
    "handed": "sent, not yet accepted",
    "queued": "waits to be sent",
}


@dataclass
class Delivery:
    """One message to one of the staff by one kind of way; its address is nobody else's business."""

    name: str
    channel: str
    due_at: datetime
    queued_at: datetime
    handed_at: datetime | None
    sent_at: datetime | None
    acknowledged_at: datetime | None
    cancelled_at: datetime | None
    error: str

    @property
    def way(self) -> str:
        """The channel in words."""
        return StaffChannel.Kind(self.channel).label

    @property
    def state(self) -> str:
        """The furthest it came: acknowledged, sent, withdrawn, instead, failing (with its next try at `due_at`), handed, queued."""
        if self.acknowledged_at:
            return "acknowledged"
        if self.sent_at:
            return "sent"
        if self.cancelled_at:
            return "instead" if self.error in INSTEAD else "withdrawn"
        if self.error:
            return "failing"
        return "handed" if self.handed_at else "queued"

    @property
    def words(self) -> str:
        """The state in words."""
        return WORDS[self.state]

    @property
    def at(self) -> datetime | None:
        """When it came that far."""
        return self.acknowledged_at or self.sent_at or self.cancelled_at or self.handed_at or self.queued_at


@dataclass
class TrailStep:
    """A step of a round: still planned (`step.due_at`), fired with its deliveries, or dropped."""

    step: WatchStep
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass
class Trail:
    """The whole trail of a watch, oldest round first."""

    watch: Watch
    steps: list[TrailStep]
    acknowledgements: list[Acknowledgement]


def trail(watch: Watch, *, dropped: bool = False) -> Trail:
    """What was planned and what became of it, in three queries; dropped steps only on request."""
    return trails([watch], dropped=dropped)[0]


def trails(watches: Iterable[Watch], *, dropped: bool = False) -> list[Trail]:
    """The trails of several watches, in the same three queries; of all their steps the LATEST."""
    found = {watch.pk: Trail(watch, [], []) for watch in watches}
    steps = WatchStep.objects.filter(watch__in=found).order_by("-round", "-position", "-pk")
    by_step = {}
    for step in reversed((steps if dropped else steps.filter(dropped_at=None))[:LATEST]):
        by_step[step.pk] = TrailStep(step)
        found[step.watch_id].steps.append(by_step[step.pk])
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM od.deliveries(%s)", [list(by_step)])
        for step_id, *delivery in cursor.fetchall():
            by_step[step_id].deliveries.append(Delivery(*delivery))
    for said in Acknowledgement.objects.filter(watch__in=found).select_related("staff"):
        found[said.watch_id].acknowledgements.append(said)
    return list(found.values())
