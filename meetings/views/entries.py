"""What a device has written down, with signal or without: entries in the order they were made, each taken once.

All that a record page does is an entry, and goes to the same actions as the pages do. Each is answered for itself. One that cannot be
taken stays on the device, with the reason; it does not hold up the others.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from meetings.actions import closing
from meetings.actions import record as act
from meetings.actions.beside import came_already, hold, side, take_entry
from meetings.actions.entries import Sealed, open_entry
from meetings.forms.record import ChangeForm, CloseForm, GuestForm, LineForm, ReadBackForm, TakeUpForm
from meetings.models import DecidedWithout, Line, Meeting, Presence
from meetings.room import open_room, to_record
from meetings.views.closing import after_close, answers_of, chosen_of, close_form, close_said, heard
from meetings.views.pages import me
from meetings.views.record import (
    answer_json,
    brought_into_the_room,
    keep_late,
    keep_said,
    line_json,
    meeting_of,
    milliseconds,
    room_now,
    when_said,
    who_of,
)
from network.pages import staff_page
from network.permissions import staff_of
from network.rules import Refusal

Take = Callable[[HttpRequest, Any, dict[str, str]], dict[str, Any]]
MOST = 20  # entries at a time
NOT_THERE = "Whoever this is about is not in this network."
NOT_READABLE = "This could not be read. It stays on this device."


@staff_page
@require_POST
def record_entries(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Takes entries, sealed or open, and says of each whether it is at the service now."""
    found = to_record(me(request), meeting)
    if found is None:
        meeting_of(request, meeting)  # for whom it does not exist
        raise PermissionDenied
    try:
        sent = json.loads(request.body)
        entries = [dict(one) for one in sent["entries"]][:MOST]
        author, offset = str(sent["author"]), int(sent.get("offset_ms") or 0)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return answer_json(request, 400, sentence=NOT_READABLE)
    if author != str(staff_of(me(request)).uuid):
        return answer_json(request, 409, sentence="Somebody else is signed in here. This waits for who wrote it.")
    results = [_take(request, found, one, offset) for one in entries]
    here: dict[str, Any] = {}
    # Who is here comes along when that may have changed by it. A line alone changes nothing: two hundred who write ask for no room.
    if any("html" not in one for one in results):
        found = to_record(me(request), meeting) or found
        if found.status == Meeting.Status.STARTED and not found.late_only:  # whoever reads no more is shown no room
            here = room_now(request, open_room(me(request), meeting))
    answer = answer_json(request, results=results, status_of=found.status, **here)
    answer.meeting_closed = any("go" in one for one in results)  # type: ignore[attr-defined]  # opendialogue/limits.py
    return answer


def _take(request: HttpRequest, meeting: Any, one: dict[str, Any], offset: int) -> dict[str, Any]:
    """What became of one entry. A refusal carries what was written back to its author, who cannot read it on the device."""
    uuid, fields = str(one.get("uuid", "")), None
    try:
        fields = _fields(request, meeting, one)
        if not fields.get("offset_ms"):
            fields["offset_ms"] = str(offset)  # nothing was measured when it was written
        fields |= {"uuid": uuid, "offline": "1" if one.get("waited") else ""}
        do = fields.get("do", "")
        take: Take = _late_line if meeting.late_only else TAKES[do]
        if not meeting.late_only and do not in WITH_THEIR_OWN_ID:
            take = _once(take)
        return {"done": True, **take(request, meeting, fields), "uuid": uuid}
    except REFUSED as error:
        with suppress(ValueError):
            if came_already(UUID(uuid), meeting):  # taken before: out of sight since, or of a meeting that they covered
                return {"done": True, **_again(request, meeting, (fields or {}).get("do", "")), "uuid": uuid}
        return {"done": False, "sentence": _sentence(error), "fields": fields, "uuid": uuid}


def _once(take: Take) -> Take:
    """What is taken from a device under the id that it has there: sent again, it is not done again."""

    def taken(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
        with transaction.atomic():  # what is refused was not taken
            new = take_entry(UUID(fields["uuid"]), meeting)
            return take(request, meeting, fields) if new else _again(request, meeting, fields["do"])

    return taken


def _again(request: HttpRequest, meeting: Meeting, do: str) -> dict[str, Any]:
    """What the page needs to know of something that was taken before, and is not done again."""
    return {"go": after_close(request, meeting.uuid)} if do == "close" else {}


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
        if not isinstance(said, dict):
            raise ValueError
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
    form = _fits(LineForm(fields))
    line = keep_said(form, meeting, when_said(fields), by=me(request), once=True)
    return line_json(line, meeting) if line else _fits(form)


def _late_line(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """From somebody who came to the meeting and sees no more of it. They are not shown what has become of the line."""
    if meeting.status != Meeting.Status.CLOSED:
        raise Refusal("who_comes_has_changed")
    if fields["do"] != "line":
        raise Refusal("only_lines_of_the_meeting")
    keep_late(_fits(LineForm(fields)), meeting, when_said(fields))
    return {}


def _fits(form: Any) -> Any:
    """The form, if nothing is wrong with it; what is wrong goes back to the device in its sentences."""
    if not form.is_valid():
        raise ValidationError([str(one) for errors in form.errors.values() for one in errors])
    return form


def _arrive(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    who = who_of(meeting, fields["who"], once=True)
    act.arrive(meeting=meeting, who=who, by=me(request), **_made(fields))
    meeting.refresh_from_db(fields=["status", "started_at"])  # the first one to come starts it
    return {}


def _made(fields: dict[str, str]) -> dict[str, Any]:
    """The id that was made on the device, and when."""
    return {"uuid": UUID(fields["uuid"]), "when": when_said(fields)}


def _leave(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    act.leave(meeting=meeting, who=who_of(meeting, fields["who"], once=True), by=me(request), **_made(fields))
    return {}


def _mistake(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """The presence that the tap made; or the one that another phone had noted before it, and so was taken for this one."""
    there = meeting.presences.filter(uuid=UUID(fields["presence"])).first()
    if not there and fields.get("who"):
        who = who_of(meeting, fields["who"], once=True)
        at = when_said(fields).moment()
        there = meeting.presences.filter(**side(who), mistaken_at=None, arrived_at__lte=at).order_by("pk").last()
    if not there:
        raise Http404
    act.take_back_presence(presence=there, by=me(request))
    return {}


def _guest(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    form = _fits(GuestForm(fields))
    act.bring_guest(meeting=meeting, by=me(request), **form.cleaned_data, **_made(fields))
    meeting.refresh_from_db(fields=["status", "started_at"])
    return {}


def _change(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    form = _fits(ChangeForm(fields))
    line = get_object_or_404(meeting.lines, uuid=UUID(fields["line"]))
    new = act.change_line(line=line, text=form.cleaned_data["text"], by=me(request), **_made(fields))
    return line_json(new, meeting) | {"again": True}  # others may have changed it too


def _choose(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    line = get_object_or_404(meeting.lines, uuid=UUID(fields["line"]))
    return line_json(act.choose_line(line=line, by=me(request), **_made(fields)), meeting) | {"again": True}


def _confirm(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    decisions = Line.objects.in_sight().filter(network=meeting.network, kind=Line.Kind.DECISION)
    line = get_object_or_404(decisions, uuid=UUID(fields["line"]))
    act.confirm_line(line=line, meeting=meeting, by=me(request), **_made(fields))
    return {}


def _take_up(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    form = _fits(TakeUpForm(fields))
    row = get_object_or_404(DecidedWithout.objects.filter(network=meeting.network), uuid=UUID(fields["exception"]))
    act.take_up(exception=row, meeting=meeting, words=form.cleaned_data["words"], by=me(request), **_made(fields))
    return {}


def _bring_up(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    row = get_object_or_404(brought_into_the_room(meeting), uuid=UUID(fields["brought"]))
    act.bring_up(brought=row, meeting=meeting, by=me(request), when=when_said(fields))
    return {}


def _read_back(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """The answers of those who were there, by the keys that a tap has for them."""
    said = [name.partition(":")[2] for name in fields if name.startswith("answer:")]
    there = {_key(one): one for one in heard(meeting)}
    if meeting.status == Meeting.Status.CLOSED:
        # Who came since the close has no presence in it, and was asked all the same.
        came = {key: who_of(meeting, key, once=True) for key in said if key not in there}
        there |= {key: Presence(meeting=meeting, name=who.name, **side(who)) for key, who in came.items()}
    if not there.keys() >= set(said):
        raise Refusal("read_back_to_those_present")
    asked = [there[key] for key in said]
    typed = {
        f"{part}_{there[key].uuid}": fields.get(f"{part}:{key}", "") for key in said for part in ("answer", "words")
    }
    form = _fits(ReadBackForm(typed, presences=asked, afterwards=meeting.entered_afterwards))
    closing.read_back(meeting=meeting, answers=answers_of(form, asked), by=me(request), **_made(fields))
    return {}


def _key(presence: Presence) -> str:
    who = presence.member or presence.staff
    return f"{'member' if presence.member else 'staff'}:{who.uuid if who else ''}"


def _close(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """Closes; or, where another phone has done so, says beside it what this one says otherwise."""
    when = when_said(fields)
    closed = hold(meeting).status == Meeting.Status.CLOSED
    room = open_room(me(request), meeting.uuid)
    form = _fits(close_form(room, fields))
    said = form.cleaned_data
    if closed:
        chosen = chosen_of(form, meeting)
        closing.close_again(
            meeting=meeting, by=me(request), uuid=UUID(fields["uuid"]), when=when, night_number=said["night_number"],
            next_at=chosen.starts_at if chosen else said.get("next_at"), who_comes=said["who_comes"],
            no_next_decided_by=said["no_next_decided_by"] if said["next"] == CloseForm.NONE else "",
        )  # fmt: skip
    else:
        read = [UUID(one) for one in fields["heard"].split()]
        if not close_said(request, room, form, when=when, heard=read):
            _fits(form)
    return {"go": after_close(request, meeting.uuid)}


def _draft(request: HttpRequest, meeting: Meeting, fields: dict[str, str]) -> dict[str, Any]:
    """Words that were being written when the browser ended: given back to their author, and kept nowhere here."""
    return {"fields": fields}


WITH_THEIR_OWN_ID = {"line", "change", "choose", "draft"}  # a line is kept under the id of its entry, a draft nowhere
REFUSED = (Refusal, ValidationError, PermissionDenied, Http404, KeyError, ValueError)
TAKES = {
    "line": _line,
    "arrive": _arrive,
    "leave": _leave,
    "mistake": _mistake,
    "guest": _guest,
    "change": _change,
    "choose": _choose,
    "confirm": _confirm,
    "take_up": _take_up,
    "bring_up": _bring_up,
    "read_back": _read_back,
    "close": _close,
    "draft": _draft,
}
