"""Reading back and closing: a page each without JavaScript; with it, both stand in the record page (static/js/closing.js)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from meetings.actions import closing as act
from meetings.actions.booking import Appointment, book_meeting
from meetings.actions.moments import NOW, When
from meetings.forms.record import CloseForm, ReadBackForm
from meetings.models import Meeting, Presence
from meetings.permissions import MEETINGS
from meetings.room import Room, open_room
from meetings.views.pages import me, sent
from network.models import Staff
from network.pages import staff_page
from network.permissions import require
from network.rules import Refusal, log_reading
from network.templatetags.look import when_text


def going_on(request: HttpRequest, meeting: UUID) -> Room | None:
    """The room, for who may write in it; None when the meeting is not going on."""
    room = open_room(me(request), meeting)
    require(MEETINGS, "record.write", me(request), room.meeting.network)
    return room if room.going_on else None


def heard(meeting: Meeting) -> list[Presence]:
    """Each one who was there, once, as they were there last."""
    rows = meeting.presences.filter(mistaken_at=None).select_related("member", "staff")
    return list({(one.member_id, one.staff_id): one for one in rows}.values())


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def record_read_back(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The record as it stands, to be read aloud, and what each one who was there says to it."""
    room = going_on(request, meeting)
    if room is None:
        return redirect(f"/meetings/{meeting}/record/")
    presences = heard(room.meeting)
    said = {(one.member_id, one.staff_id): one for one in room.meeting.read_backs.all()}
    initial: dict[str, str] = {}
    for presence in presences:
        before = said.get((presence.member_id, presence.staff_id))
        away = "left_before" if presence.left_at else ""
        initial[f"answer_{presence.uuid}"] = before.answer if before else away
        initial[f"words_{presence.uuid}"] = before.words if before else ""
    form = ReadBackForm(sent(request), presences=presences, afterwards=room.afterwards, initial=initial)
    shown = [one.id for one in room.lines]
    if request.method == "POST" and form.is_valid():
        try:
            if not set(shown) <= set(request.POST.get("heard", "").split()):
                raise Refusal("close_reads_back_all")  # another phone wrote while it was read aloud
            act.read_back(meeting=room.meeting, answers=answers_of(form, presences), by=me(request))
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return redirect(f"/meetings/{meeting}/record/close/")
    log_reading("record", room.meeting.uuid, room.meeting.network)
    context = {"room": room, "meeting": room.meeting, "form": form, "heard": " ".join(shown)}
    return render(request, "meetings/record/read_back.html", context)


def answers_of(form: ReadBackForm, presences: Collection[Presence]) -> list[act.Answer]:
    """What each one said, from a form that fits."""
    said = form.cleaned_data
    return [act.Answer(one, said[f"answer_{one.uuid}"], said[f"words_{one.uuid}"]) for one in presences]


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def record_close(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """When they meet next or who decided that they do not, who comes, whom to call at night."""
    room = going_on(request, meeting)
    if room is None:
        return redirect(f"/meetings/{meeting}/record/")
    form = close_form(room, sent(request))
    if request.method == "POST" and form.is_valid() and close_said(request, room, form):
        messages.success(request, "The meeting is closed. What was read back stays as it is.")
        return redirect(after_close(request, meeting))
    answers = room.meeting.read_backs.count()
    log_reading("record", room.meeting.uuid, room.meeting.network)
    context = {
        "room": room, "meeting": room.meeting, "form": form, "unread": answers < len(heard(room.meeting)) or not answers,
    }  # fmt: skip
    return render(request, "meetings/record/close.html", context)


def close_form(room: Room, data: Any = None) -> CloseForm:
    """The form of the close, with the meetings that are booked already to choose from."""
    return CloseForm(
        data,
        booked=[(one.uuid, f"{when_text(one.starts_at, 'cap')}, {Meeting.Place(one.place).label}") for one in room.booked],
        may_book=room.may_book and not room.afterwards,
        afterwards=room.afterwards,
        initial={"night_number": room.meeting.service.night_number, "next": room.booked[0].uuid if room.booked else ""},
    )  # fmt: skip


def close_said(
    request: HttpRequest, room: Room, form: CloseForm, *, when: When = NOW, heard: Collection[UUID] | None = None
) -> bool:
    """Closes as a form that fits says; what a rule says to it comes back on the form."""
    said = form.cleaned_data
    try:
        with transaction.atomic():
            new = said["next"] == CloseForm.NEW
            following = _book_next(request, room.meeting, said["next_at"]) if new else chosen_of(form, room.meeting)
            act.close_meeting(
                meeting=room.meeting, by=me(request), next_meeting=following, who_comes=said["who_comes"],
                no_next_decided_by=said["no_next_decided_by"] if said["next"] == CloseForm.NONE else "",
                night_number=said["night_number"], ended_at=said.get("ended_at"), when=when, heard=heard,
            )  # fmt: skip
    except Refusal as refusal:
        field = {"starts_at": "next_at", "closed_at": "ended_at"}.get(refusal.field, refusal.field)
        form.add_error(field if field in form.fields else None, refusal.sentence)
        return False
    return True


def chosen_of(form: CloseForm, meeting: Meeting) -> Meeting | None:
    """The booked meeting that was chosen, if one was."""
    chosen = form.cleaned_data["next"]
    if chosen in (CloseForm.NEW, CloseForm.NONE):
        return None
    return Meeting.objects.filter(network=meeting.network, uuid=chosen).first()


def after_close(request: HttpRequest, meeting: UUID) -> str:
    """Where to go when it is closed: the note, for who may still see it."""
    return f"/notes/{meeting}/" if Meeting.objects.visible_to(me(request)).filter(uuid=meeting).exists() else "/"


def _book_next(request: HttpRequest, meeting: Meeting, at: datetime) -> Meeting:
    """The same place, the same team, and whom the person had asked to this one."""
    asked = meeting.network.members.current().filter(invitations__meeting=meeting, invitations__withdrawn_at=None)
    team = Staff.objects.active().filter(meetings__meeting=meeting, meetings__active=True, meetings__cover=False)
    return book_meeting(
        case=meeting.case, staff=list(team), members=[one for one in asked if one.wanted and not one.is_person],
        by=me(request),
        appointment=Appointment(
            starts_at=at, travel_minutes=meeting.travel_minutes, place=meeting.place, address=meeting.address
        ),
    )  # fmt: skip
