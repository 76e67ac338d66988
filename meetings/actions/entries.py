"""What a device without signal has sealed, opened again: by its author, for its meeting, and for nothing else."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from meetings.models import Meeting
from meetings.permissions import MEETINGS
from network.models import User
from network.permissions import require, staff_of
from network.rules import Refusal
from network.sealing import NotOpened, UnknownKey, unseal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sealed:
    """One entry as it lay on the device: what it says of itself in clear, and the rest."""

    uuid: str
    author: str
    meeting: str
    case: str
    key: str
    sealed: str

    @property
    def bound(self) -> str:
        """What the seal holds together. static/js/kept.js writes the same."""
        return "\n".join([self.key, self.case, self.meeting, self.author, self.uuid])


def open_entry(*, entry: Sealed, meeting: Meeting, by: User) -> dict[str, Any]:
    """What the author wrote into this meeting. Refuses what is anybody else's, anything else's, or was touched."""
    require(MEETINGS, "record.write", by, meeting.network)
    if entry.author != str(staff_of(by).uuid):
        raise _refused("sealed_by_its_author")
    if (entry.meeting, entry.case) != (str(meeting.uuid), str(meeting.case.uuid)):
        raise _refused("sealed_for_its_meeting")
    try:
        fields = json.loads(unseal(entry.sealed, key=entry.key, bound=entry.bound))
    except UnknownKey as error:
        raise _refused("sealed_to_a_known_key") from error
    except (NotOpened, ValueError) as error:
        raise _refused("sealed_as_written") from error
    if not isinstance(fields, dict):
        raise _refused("sealed_as_written")
    return fields


def _refused(rule: str) -> Refusal:
    logger.warning("An entry from a device was not opened: %s", rule)
    return Refusal(rule)
