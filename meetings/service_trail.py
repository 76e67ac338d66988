"""The changes of a service, in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from network.models import ServiceChange, Staff

LABELS = {
    "name": "Name",
    "slug": "Word in addresses",
    "languages": "Languages",
    "time_zone": "Time zone",
    "emergency_number": "Number in an emergency",
    "emergency_advice": "What to do in an emergency",
    "night_number": "Telephone at night",
    "hours_urgent": "Hours when it is urgent",
    "hours_very_urgent": "Hours when it is very urgent",
    "hours_reply": "Hours until the first reply",
    "takes_public_referrals": "People may write on the public page",
    "profession": "Profession",
    "training": "Training",
}
ROLES = {"is_coordinator": "coordinator", "is_clinician": "clinician", "is_lead": "lead"}
VALUES: dict[str, dict[str, Any]] = {
    "takes_public_referrals": {"true": "yes", "false": "no"},
    "profession": dict(Staff.Profession.choices),
    "training": dict(Staff.Training.choices),
}


@dataclass(frozen=True)
class Said:
    """`whom` it was about, if it was somebody. Either `sentence` says it all, or `label` was `before` and is `after`."""

    at: datetime
    by: str
    whom: str
    sentence: str
    label: str
    before: str
    after: str


def in_words(changes: Any) -> list[Said]:
    """ServiceChange rows as the lead reads them."""
    return [_said(change) for change in changes.select_related("by", "staff")]


def _said(change: ServiceChange) -> Said:
    values = VALUES.get(change.what, {}) | {"": "nothing"}
    return Said(
        at=change.at,
        by=change.by.name if change.by else "",
        whom=change.staff.name if change.staff else "",
        sentence=_sentence(change),
        label=LABELS.get(change.what, change.what),
        before=values.get(change.before, change.before),
        after=values.get(change.after, change.after),
    )


def _sentence(change: ServiceChange) -> str:
    if change.what == "address_taken":
        return "An address was tried for somebody new that is in use already."
    if change.what == "joined_at":
        return "began to work here."
    if change.what == "left_at":
        return "works here no more." if change.after else "works here again."
    if role := ROLES.get(change.what):
        return f"is a {role} now." if change.after == "true" else f"is not a {role} any more."
    return ""
