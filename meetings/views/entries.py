"""What a device has written down, with signal or without: entries in the order they were made, each taken once.

Each is answered for itself. One that cannot be taken stays on the device, with the reason; it does not hold up the others.
"""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from meetings.actions import record as act
from meetings.actions.entries import Sealed, open_entry
from meetings.forms.record import LineForm
from meetings.models import Meeting
from meetings.permissions import MEETINGS
from meetings.room import open_room
from meetings.views.pages import me
from meetings.views.record import (
    answer_json,
    keep_said,
    line_json,
    meeting_of,
    milliseconds,
    room_now,
    when_said,
    who_of,
)
from network.pages import staff_page
from network.permissions import require, staff_of
from network.rules import Refusal

MOST = 20  # entries at a time
NOT_THERE = "Whoever this is about is not in this network."
NOT_READABLE = "This could not be read. It stays on this device."


@staff_page
@require_POST
def record_entries(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Takes entries, sealed or open, and says of each whether it is at the service now."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    try:
        sent = json.loads(request.body)
        entries = [dict(one) for one in sent["entries"]][:MOST]
        author, offset = str(sent["author"]), int(sent.get("offset_ms") or 0)
    except (ValueError, TypeError, KeyError):
        return answer_json(request, 400, sentence=NOT_READABLE)
    if author != str(staff_of(me(request)).uuid):
        return answer_json(request, 409, sentence="Somebody else is signed in here. This waits for who wrote it.")
    results = [_take(request, found, one, offset) for one in entries]
    found.refresh_from_db(fields=["status"])
    here = room_now(request, open_room(me(request), meeting)) if found.status == Meeting.Status.STARTED else {}
    return answer_json(request, results=results, status_of=found.status, **here)


def _take(request: HttpRequest, meeting: Meeting, one: dict[str, Any], offset: int) -> dict[str, Any]:
    """What became of one entry. A refusal carries what was written back to its author, who cannot read it on the device."""
    uuid, fields = str(one.get("uuid", "")), None
    try:
        fields = _fields(request, meeting, one)
        if not fields.get("offset_ms"):
            fields["offset_ms"] = str(offset)  # nothing was measured when it was written
        fields |= {"uuid": uuid, "offline": "1" if one.get("waited") else ""}
        return {"done": True, **TAKES[fields.get("do", "")](request, meeting, fields), "uuid": uuid}
    except REFUSED as error:
        return {"done": False, "sentence": _sentence(error), "fields": fields, "uuid": uuid}


def _sentence(error: Exception) -> str:
    if isinstance(error, Refusal):
        return error.sentence
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, PermissionDenied):
        return "You cannot write in this record any more."
    return NOT_THERE if isinstance(error, Http404) else NOT_READABLE


def _fields(request: HttpRequest, meeting: Meeting, one: dict[str, Any]) -> dict[str, str]:
    if "sealed" not in one:
        said = one["open"]
    else:
        parts = {name: str(one.get(name, "")) for name in ("uuid", "author", "meeting", "case", "key", "sealed")}
        said = open_entry(entry=Sealed(**parts), meeting=meeting, by=me(request))
    return {str(name): str(value) for name, value in said.items()}


@staff_page
@require_safe
def on_this_device(request: HttpRequest) -> HttpResponse:
    """What this device still holds for who is signed in. The page's script fills it: the service does not know."""
    return render(request, "meetings/on_this_device.html", {"now_ms": milliseconds(timezone.now())})


# What an entry may do. Each gives back what the page shows now.


def _line(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    form = LineForm(fields)
    line = keep_said(form, meeting, when_said(fields), by=me(request), once=True) if form.is_valid() else None
    if not line:
        raise ValidationError([str(one) for errors in form.errors.values() for one in errors])
    return line_json(line, meeting)


def _arrive(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    who = who_of(meeting, fields["who"], once=True)
    act.arrive(meeting=meeting, who=who, by=me(request), uuid=UUID(fields["uuid"]), when=when_said(fields))
    meeting.refresh_from_db(fields=["status", "started_at"])  # the first one to come starts it
    return {}


def _leave(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    who = who_of(meeting, fields["who"], once=True)
    act.leave(meeting=meeting, who=who, by=me(request), uuid=UUID(fields["uuid"]), when=when_said(fields))
    return {}


def _mistake(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    presence = get_object_or_404(meeting.presences, uuid=UUID(fields["presence"]))
    act.take_back_presence(presence=presence, by=me(request))
    return {}


def _draft(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """Words that were being written when the browser ended: given back to their author, and kept nowhere here."""
    return {"fields": fields}


REFUSED = (Refusal, ValidationError, PermissionDenied, Http404, KeyError, ValueError)
TAKES = {"line": _line, "arrive": _arrive, "leave": _leave, "mistake": _mistake, "draft": _draft}
