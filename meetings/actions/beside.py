"""What a device tells when the record has gone on without it: kept beside, never in the place of what was read back, never dropped."""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection

from meetings.actions.moments import When
from meetings.models import Line, Meeting
from network.models import Member, Staff, User
from network.permissions import staff_of
from network.prepared import row_of
from network.rules import SENTENCES, Refusal, clean_words, one_write, refusals


def hold(meeting: Meeting) -> Meeting:
    """The meeting as it is, held until the end of the transaction: two phones never cross."""
    return Meeting.objects.select_for_update(no_key=True).get(pk=meeting.pk)


def side(who: Member | Staff | None) -> dict[str, Member | Staff]:
    """On which side of a row somebody stands."""
    if who is None:
        return {}
    return {"staff": who} if isinstance(who, Staff) else {"member": who}


def kept(meeting: Meeting, *, when: When, by: User, whole: bool, **said: Any) -> Line:
    """The line as the database keeps it, by all its rules. The same id again gives the line that was kept.

    `said` are columns of the line: uuid, kind, text, said_at, and what else there is to say. `whole`: this is a write of its own, with its
    row of the audit log (od.save_line); else part of a larger one (od.keep_line). What says no to it is raised as in `refusals`.
    """
    said |= {"meeting_id": meeting.pk, "recorded_by_id": staff_of(by).pk}
    line: Line = row_of(Line, "SELECT refused, (line).* FROM od.try_line(%s, %s)", _by_device(when, said), whole)
    rule = line.__dict__.pop("refused")
    if rule == "no_right":
        raise PermissionDenied
    if rule is not None:
        raise Refusal(rule) if rule in SENTENCES else IntegrityError(rule)
    line.meeting = meeting
    return line


def keep_from_cover(meeting: Meeting, *, who: str, when: When, **said: Any) -> None:
    """A line that was said in a closed meeting, from somebody who came to it and reads it no more (od.keep_late_line).

    `who` names whose words they are as a tap does; empty, `said` has the name as `voice`.
    """
    with one_write("kept a late line") as written, connection.cursor() as cursor:
        late = _by_device(when, said | {"said_at": when.claimed()})
        cursor.execute("SELECT od.keep_late_line(%s, %s, %s)", [meeting.uuid, who, late])
        written.thing = Line(uuid=said["uuid"])


def _by_device(when: When, said: dict[str, Any]) -> str:
    device = {"device_said_at": when.device_at, "offset_ms": when.kept_offset(), "offline": when.offline}
    return json.dumps(said | device | {"text": clean_words(said["text"])}, default=str)


def take_entry(uuid: UUID, meeting: Meeting) -> bool:
    """Notes that this is taken from the device of whoever asks; False when it was before, and is not to be done again."""
    with refusals(), connection.cursor() as cursor:
        cursor.execute("SELECT od.take_entry(%s, %s)", [uuid, meeting.pk])
        return bool(cursor.fetchone()[0])


def came_already(uuid: UUID, meeting: Meeting) -> bool:
    """Whether what has this id has come into this meeting from whoever asks, though a line may be out of sight now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.line_came(%s, %s)", [uuid, meeting.pk])
        return bool(cursor.fetchone()[0])


def tell(
    text: str,
    *,
    meeting: Meeting,
    by: User,
    uuid: UUID,
    when: When,
    kind: str = Line.Kind.TOLD,
    who: Member | Staff | None = None,
) -> Line:
    """A line beside the record. The same id again gives the line that was kept."""
    said_by: dict[str, Any] = {f"{name}_id": one.pk for name, one in side(who).items()}
    return kept(
        meeting,
        uuid=uuid,
        kind=kind,
        text=text,
        said_at=when.moment(),
        voice=str(who or ""),
        when=when,
        by=by,
        whole=False,
        **said_by,
    )
