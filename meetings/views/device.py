"""What a clinician's device is given before a meeting, so that it opens without signal (docs/adr/0018)."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from allauth.mfa.webauthn.internal.auth import get_credentials
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe
from fido2.utils import websafe_encode

from meetings.diary import page_of
from meetings.models import Meeting, MeetingStaff, OutOfSight, ToBring
from meetings.room import Room, open_room
from meetings.views.pages import me
from meetings.views.record import EARLY, answer_json, milliseconds, page_context
from network import kept_parts
from network.models import TeamMember
from network.pages import staff_page
from network.permissions import staff_of
from network.rules import log_reading

KEPT = timedelta(hours=24)  # for so long after its end a meeting may rest on a device that nobody has heard of since


@staff_page
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The meetings that whoever asks records today: numbers and hours, and by what a device sees that its copy is old. It is no reading."""
    staff, now = staff_of(me(request)), timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    comes = MeetingStaff.objects.filter(staff=staff, active=True).values("meeting")
    team = TeamMember.objects.current().filter(staff=staff).values("network")
    booked = Q(pk__in=comes, status=Meeting.Status.BOOKED, starts_at__gte=now - KEPT)
    booked &= Q(starts_at__lt=max(midnight + timedelta(days=1), now + EARLY))
    going_on = Q(status=Meeting.Status.STARTED, entered_afterwards=False) & (Q(pk__in=comes) | Q(network__in=team))
    here = {"network": OuterRef("network")}
    found = (
        Meeting.objects.visible_to(me(request))
        .filter(booked | going_on)
        .annotate(
            brought_at=Subquery(ToBring.objects.filter(**here).order_by("-at").values("at")[:1]),
            gone_at=Subquery(
                OutOfSight.objects.filter(**here).order_by(F("done_at").desc(nulls_last=True)).values("done_at")[:1]
            ),
        )
        .order_by("starts_at", "pk")
    )
    return answer_json(
        request,
        author=str(staff.uuid),
        version=kept_parts.version(),
        passkeys=[websafe_encode(one.credential_id) for one in get_credentials(me(request))],
        meetings=[
            {
                "uuid": str(one.uuid), "at": milliseconds(one.starts_at), "stamp": _stamp(one),
                "until": milliseconds(max(one.ends_at, now) + KEPT),
            }
            for one in found
        ],
    )  # fmt: skip


def _stamp(meeting: Any) -> str:
    told = (
        meeting.status, meeting.moves, meeting.starts_at, meeting.ends_at, meeting.place, meeting.address,
        meeting.brought_at, meeting.gone_at,  # what people bring comes along, and what went out of sight goes
    )  # fmt: skip
    return sha256(repr(told).encode()).hexdigest()[:16]


@staff_page
@require_safe
def prepare(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The meeting's page and its record, for a device that has a lock to put them under. A reading, and logged as one."""
    room = _room(request, meeting)
    log_reading("prepared", room.meeting.uuid, room.meeting.network)
    page = page_of(me(request), meeting)
    about = {"page": page, "meeting": page.meeting, "prepared": True}
    return answer_json(
        request,
        name=room.person.name,
        where=page.where,
        page=render_to_string("meetings/meeting.html", about, request),
        record=_record(request, room),
    )


@staff_page
@require_safe
def prepare_nameless(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The record to write in and nothing to read: for a device on which names may not rest."""
    room = _room(request, meeting)
    return answer_json(request, record=_record(request, nameless(room, staff_of(me(request)).uuid), nameless=True))


def _room(request: HttpRequest, meeting: UUID) -> Room:
    room = open_room(me(request), meeting)
    if not room.writes:
        raise PermissionDenied
    if room.meeting.status not in (Meeting.Status.BOOKED, Meeting.Status.STARTED) or room.afterwards:
        raise Http404
    return room


def _record(request: HttpRequest, room: Room, **more: Any) -> str:
    return render_to_string(
        "meetings/record/record.html", page_context(request, room) | {"prepared": True} | more, request
    )


def nameless(room: Room, me: UUID) -> Room:
    """The room as somebody may see it who finds the device: the person, you, and the other one of a pair. Whoever else is there is
    written by hand, because nobody could tell two of them apart."""
    own = f"staff:{me}"
    others = [one for one in room.people if one.face == "team" and one.key != own]
    called = {f"member:{room.person.uuid}": "The person", own: "You"}
    if len(others) == 1:
        called[others[0].key] = "A colleague"
    return replace(
        room,
        person=SimpleNamespace(id=room.person.id, uuid=room.person.uuid, name="The person"),
        people=[replace(one, name=called[one.key], relation="") for one in room.people if one.key in called],
        exceptions=[],
        talked=[],
        twins=[],
        brought=[],
        rows=[],
    )
