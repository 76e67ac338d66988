"""The open record of a meeting. Every page works line by line without JavaScript; static/js/record.js sends the same forms by itself."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from meetings.actions import record as act
from meetings.actions.beside import keep_from_cover
from meetings.actions.moments import NOW, When
from meetings.forms.record import (
    SAY,
    SOMEBODY_ELSE,
    WITH_A_VOICE,
    AfterwardsForm,
    ChangeForm,
    GuestForm,
    LineForm,
    ReadBackForm,
    TakeUpForm,
    on_the_day,
)
from meetings.models import DecidedWithout, Line, Meeting, ToBring
from meetings.permissions import MEETINGS
from meetings.room import Room, open_room, show_line
from meetings.views.closing import close_form
from meetings.views.pages import case_of, me, sent
from network.fields import LocalTimeField
from network.models import Member, Staff, User
from network.pages import staff_page
from network.permissions import require
from network.rules import SENTENCES, Refusal, log_reading
from network.sealing import public_key
from network.templatetags.look import me_mark, when_text

EARLY = timedelta(hours=12)  # sooner than this before the hour, a tap on a name might be a slip
OPEN_PAGE = 24 * 60 * 60  # seconds that a page may ask for news before it counts as read anew
KINDS = [
    (Line.Kind.USE, "How to use it"),
    (Line.Kind.VOICE, "Voice"),
    (Line.Kind.REFLECTION, "Reflection"),
    (Line.Kind.DECISION, "Decision"),
    (Line.Kind.ACTION, "Who does what"),
    (Line.Kind.UNDERSTANDING, "Understanding"),
]

RULES = ("close_says_who_was_there", "close_reads_back", "close_reads_back_all", "booked_ahead")
SAID_BY_THE_PAGE = {
    **SAY,
    **{rule: SENTENCES[rule].text for rule in RULES},
    "no_time": str(LocalTimeField.default_error_messages["invalid"]),
    "closed": "This meeting was closed meanwhile. What comes now comes late: it is not read back, and shared with nobody until it has "
    "been seen.",
    "no_store": "This browser can keep nothing on this phone. What you write stays in this window until it is sent: keep it open.",
    "no_room": "There is no room on this phone for what you write. It stays in this window until it is sent: keep it open.",
    "reopened": "Opened again on this phone only: the service could not be asked. If the close has reached it before, the meeting is "
    "closed there, and what comes now comes late.",
    "before": "What you were writing before is sealed on this phone. It comes back into the box once there is signal and the box is empty.",
}


# What the requests of this page have in common


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


def answer_json(request: HttpRequest, status: int = 200, **data: Any) -> JsonResponse:
    """An answer to the page's own script: always with the service's time, from which it measures the device's clock."""
    return JsonResponse({"now": milliseconds(timezone.now()), "me": me_mark(me(request)), **data}, status=status)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def when_said(fields: Mapping[str, str]) -> When:
    """When the device says it was. Whatever is wrong with that never loses what was said."""
    try:
        at = datetime.fromisoformat(fields["said_at"])
        offset = int(fields["offset_ms"]) if fields.get("offset_ms") else None
    except (KeyError, ValueError):
        return NOW
    if at.tzinfo is None:
        return NOW
    return When(at, offset, fields.get("offline") == "1")


def _uuid(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("uuid", ""))
    except ValueError:
        return None


def own_words(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What waited on this device was written by one account and is never sent in the name of another."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("me") and request.POST["me"] != me_mark(me(request)):
            return answer_json(
                request, 409, sentence="Somebody else is signed in here. These words wait for who wrote them."
            )
        return view(request, *args, **kwargs)

    return checked


def meeting_of(request: HttpRequest, meeting: UUID) -> Meeting:
    return get_object_or_404(
        Meeting.objects.visible_to(me(request)).select_related("network", "service", "case"), uuid=meeting
    )


def who_of(meeting: Meeting, key: str, *, once: bool = False) -> Member | Staff:
    """Whom a tap names: a member of this network, or somebody of this service; with `once`, also who has left it since."""
    side, _, uuid = key.partition(":")
    try:
        named = UUID(uuid)
    except ValueError as error:
        raise Http404 from error
    if side == "staff":
        staff = Staff.objects.all() if once else Staff.objects.active()
        return get_object_or_404(staff, uuid=named, service=meeting.service_id)
    if side == "member":
        members = meeting.network.members.all() if once else meeting.network.members.current()
        found: Member = get_object_or_404(members.select_related("same_as"), uuid=named)
        return found.same_as or found  # the phone that named them once more calls them by that
    raise Http404


def _to_record(meeting: Meeting, anchor: str = "") -> HttpResponse:
    return redirect(f"/meetings/{meeting.uuid}/record/{anchor}")


def _stopped(request: HttpRequest, meeting: Meeting, refusal: Refusal) -> HttpResponse:
    """A rule said no to something without typed words."""
    if _wants_json(request):
        return answer_json(request, 422, sentence=refusal.sentence, rule=refusal.rule)
    messages.warning(request, refusal.sentence)
    return _to_record(meeting)


# The page


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The open record: who is here, what was said, the composer. POST starts the meeting."""
    if request.method == "POST":
        found = meeting_of(request, meeting)
        try:
            act.start_meeting(meeting=found, by=me(request))
        except Refusal as refusal:
            messages.warning(request, refusal.sentence)
        return _to_record(found)
    room = open_room(me(request), meeting)
    if room.meeting.status == Meeting.Status.CLOSED:
        return redirect(f"/notes/{meeting}/")
    if room.meeting.status == Meeting.Status.CANCELLED:
        return redirect(f"/meetings/{meeting}/")
    return _page(request, room)


def _page(request: HttpRequest, room: Room, **forms: Any) -> HttpResponse:
    log_reading("record", room.meeting.uuid, room.meeting.network)
    context = page_context(request, room, **forms) | {"early": not forms and _early(room.meeting)}
    return render(request, "meetings/record/record.html", context)


def page_context(request: HttpRequest, room: Room, **forms: Any) -> dict[str, Any]:
    """What the page shows; `forms` were sent, and are to be looked at again."""
    staff = me(request).staff
    mine = [one for one in room.lines if staff and one.line.recorded_by_id == staff.pk]
    last = mine[-1].line if mine else None
    typed = forms.get("line_form")
    return {
        "room": room,
        "meeting": room.meeting,
        "kinds": KINDS,
        "kind": typed["kind"].value() if typed else _next_kind(last, room),
        "voice": typed["voice"].value() if typed else _only_voice(room),
        "uuid": (typed["uuid"].value() if typed else "") or uuid4(),
        "line_form": typed or LineForm(),
        "guest_form": forms.get("guest_form") or GuestForm(),
        "guest_open": "guest_form" in forms,
        "take_up": forms.get("take_up"),
        "cursor": _cursor(request, room),
        "now_ms": milliseconds(timezone.now()),
        "seal_to": public_key(),
        "say": SAID_BY_THE_PAGE,
        **_closing(room),
    }


def _closing(room: Room) -> dict[str, Any]:
    """What the page needs to read back and close by itself, without signal. Times typed afterwards go the plain way."""
    anybody: Any = SimpleNamespace(uuid="KEY", name="NAME")
    if not room.writes or room.afterwards:
        return {}
    return {"close_form": close_form(room), "row_form": ReadBackForm(presences=[anybody], afterwards=False)}


def _early(meeting: Meeting) -> bool:
    return meeting.status == Meeting.Status.BOOKED and meeting.starts_at - timezone.now() > EARLY


def _next_kind(last: Line | None, room: Room) -> str:
    """The first question first; then what this writer wrote last, if it was somebody's words."""
    if last and last.kind in (Line.Kind.USE, Line.Kind.VOICE, Line.Kind.REFLECTION):
        return last.kind
    return Line.Kind.VOICE if room.lines else Line.Kind.USE


def _only_voice(room: Room) -> str:
    """Nobody's until somebody is tapped: no line is kept in the name of whoever happened to stand first."""
    return "" if room.here else SOMEBODY_ELSE


# News of others who write at the same time


def _cursor(request: HttpRequest, room: Room) -> str:
    """Where this page has read to. Signed: whoever has one has opened the page, which is on record as a reading."""
    return signing.dumps([me(request).pk, room.meeting.pk, milliseconds(room.now)], salt="record.news", compress=False)


def _since(request: HttpRequest, room: Room) -> datetime | None:
    try:
        user, meeting, at = signing.loads(request.GET.get("since", ""), salt="record.news", max_age=OPEN_PAGE)
    except signing.BadSignature:
        return None
    if (user, meeting) != (me(request).pk, room.meeting.pk):
        return None
    # A transaction that ended late shows a time before the last look.
    return datetime.fromtimestamp(at / 1000, tz=room.now.tzinfo) - timedelta(minutes=1)


@staff_page
@require_safe
def record_news(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Who is here now, and lines that are new or changed since `since`; all of them, as a reading, without it."""
    room = open_room(me(request), meeting)
    since = _since(request, room)
    if since is None:
        log_reading("record", room.meeting.uuid, room.meeting.network)
    fresh = [one for one in room.lines if since is None or one.versions or _changed_at(one.line) > since]
    gone = [str(row.uuid) for row in room.rows if row.replaced_by_id]
    return answer_json(
        request, csrf=get_token(request), cursor=_cursor(request, room), status_of=room.meeting.status, gone=gone,
        lines=[{"uuid": str(one.line.uuid), "html": _line_html(one)} for one in fresh],
        order=[str(one.line.uuid) for one in room.lines], **room_now(request, room),
    )  # fmt: skip


def _changed_at(line: Line) -> datetime:
    return max(line.recorded_at, line.contested_at or line.recorded_at)


def _line_html(shown: Any) -> str:
    return render_to_string("meetings/record/_line.html", {"one": shown})


def room_now(request: HttpRequest, room: Room) -> dict[str, Any]:
    return {
        "here": render_to_string("meetings/record/_here.html", {"room": room, "meeting": room.meeting}),
        "slip": render_to_string("meetings/record/_slip.html", {"room": room, "meeting": room.meeting}),
        "present": [one.key for one in room.here],
        "wait": room.decisions_wait,
    }


# Who is here


@staff_page
@require_POST
@own_words
def record_arrive(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """One tap: they came. The first tap starts the meeting."""
    found = meeting_of(request, meeting)
    who, when = who_of(found, request.POST.get("who", "")), _tap_time(request, found)
    if not when:
        return _untimed(request, found)
    try:
        act.arrive(meeting=found, who=who, by=me(request), uuid=_uuid(request), when=when)
    except Refusal as refusal:
        return _stopped(request, found, refusal)
    return _after_tap(request, found)


@staff_page
@require_POST
@own_words
def record_leave(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """One tap: they left."""
    found = meeting_of(request, meeting)
    who, when = who_of(found, request.POST.get("who", "")), _tap_time(request, found, leaves=True)
    if not when:
        return _untimed(request, found)
    try:
        act.leave(meeting=found, who=who, by=me(request), uuid=_uuid(request), when=when)
    except Refusal as refusal:
        return _stopped(request, found, refusal)
    return _after_tap(request, found)


@staff_page
@require_POST
@own_words
def record_mistake(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """They were never in the room: tapped by mistake."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    try:
        presence = get_object_or_404(found.presences, uuid=UUID(request.POST.get("presence", "")))
    except ValueError as error:
        raise Http404 from error
    try:
        act.take_back_presence(presence=presence, by=me(request))
    except Refusal as refusal:
        return _stopped(request, found, refusal)
    return _after_tap(request, found)


def _after_tap(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    if not _wants_json(request):
        return _to_record(meeting)
    return answer_json(request, **room_now(request, open_room(me(request), meeting.uuid)))


def _tap_time(request: HttpRequest, meeting: Meeting, *, leaves: bool = False) -> When | None:
    """When somebody came or went. In a meeting entered afterwards it is typed; None when it is not said as it should be."""
    if not meeting.entered_afterwards or not meeting.started_at:
        return when_said(request.POST)
    typed = request.POST.get("at", "")
    if not typed and not leaves:
        return When(typed_at=meeting.started_at)
    form = LineForm({"at": typed})
    form.is_valid()
    try:
        at = form.cleaned_data.get("at")
        return When(typed_at=on_the_day(meeting.started_at, at)) if at else None
    except ValidationError:
        return None


def _untimed(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    messages.warning(request, "Write first at what time they came or went, such as 17:45.")
    return _to_record(meeting)


@staff_page
@require_POST
def record_guest(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Somebody came who was not expected: named on the spot, and here."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    form = GuestForm(request.POST)
    if form.is_valid():
        try:
            act.bring_guest(
                meeting=found, by=me(request), uuid=_uuid(request), when=_tap_time(request, found) or NOW,
                **form.cleaned_data,
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        else:
            return _to_record(found)
    return _page(request, open_room(me(request), meeting), guest_form=form)


# What is said


@staff_page
@require_POST
@own_words
def record_lines(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """One line, kept as soon as it is written. The same uuid twice makes one line and gets the same answer."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    form = LineForm(request.POST)
    line = keep_said(form, found, when_said(request.POST), by=me(request)) if form.is_valid() else None
    if line is None:
        return _not_kept(request, meeting, form)
    if _wants_json(request):
        return answer_json(request, **line_json(line, found))
    if line.state == Line.State.REFUSED:
        messages.warning(request, f"Kept, but not as a decision. {SENTENCES[line.refused_why].text}")
    return _to_record(found, f"#line-{line.uuid}")


def line_json(line: Line, meeting: Meeting) -> dict[str, Any]:
    """The line as it now stands at the service."""
    shown = _show(line, meeting)
    return {"uuid": str(line.uuid), "state": line.state, "refused": shown.refused, "html": _line_html(shown)}


def keep_said(form: LineForm, meeting: Meeting, when: When, *, by: User, once: bool = False) -> Line | None:
    """Keeps the line of a form that fits; what a rule says to it comes back on the form."""
    said = form.cleaned_data
    try:
        return act.keep_line(
            meeting=meeting, kind=said["kind"], text=said["text"], by=by, uuid=said["uuid"], when=_when(meeting, said, when),
            voice=_voice(meeting, said, once=once), doing=_doing(said),
        )  # fmt: skip
    except ValidationError as error:
        form.add_error("at", error)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
    return None


def keep_late(form: LineForm, meeting: Meeting, when: When) -> None:
    """Keeps the line of a form that fits for somebody who came to this closed meeting, and may read no name in it any more."""
    said = form.cleaned_data
    spoken = said["kind"] in WITH_A_VOICE
    named = said["voice"] if spoken and said["voice"] != SOMEBODY_ELSE else ""
    keep_from_cover(
        meeting, who=named, voice=said["voice_name"] if spoken and not named else "", kind=said["kind"], text=said["text"],
        uuid=said["uuid"] or uuid4(), when=_when(meeting, said, when), **_doing(said).columns,
    )  # fmt: skip


def _when(meeting: Meeting, said: dict[str, Any], when: When) -> When:
    """As the device says; in a meeting entered afterwards, as it was typed."""
    if not (meeting.entered_afterwards and meeting.started_at):
        return when
    return When(typed_at=on_the_day(meeting.started_at, said["at"]) if said["at"] else meeting.started_at)


def _voice(meeting: Meeting, said: dict[str, Any], *, once: bool) -> act.Voice:
    if said["kind"] not in WITH_A_VOICE:
        return act.Voice()
    if said["voice"] == SOMEBODY_ELSE:
        return act.Voice(name=said["voice_name"])
    who = who_of(meeting, said["voice"], once=once)
    return act.Voice(staff=who) if isinstance(who, Staff) else act.Voice(member=who)


def _doing(said: dict[str, Any]) -> act.Doing:
    if said["kind"] != Line.Kind.ACTION:
        return act.Doing()
    return act.Doing(said["action_who"], said["action_by"], said["action_looked_after_by"])


def _not_kept(request: HttpRequest, meeting: UUID, form: LineForm) -> HttpResponse:
    if _wants_json(request):
        sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        return answer_json(request, 422, sentence=" ".join(sentences), fields=list(form.errors))
    return _page(request, open_room(me(request), meeting), line_form=form)


def _show(line: Line, meeting: Meeting) -> Any:
    presences = list(meeting.presences.filter(mistaken_at=None)) if line.state == Line.State.ACCEPTED else []
    person = line.member_id if line.member and line.member.is_person else None
    return show_line(line, person, presences, meeting, writes=True)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def record_change(request: HttpRequest, meeting: UUID, line: UUID) -> HttpResponse:
    """Other words for a line, before it is read back."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    row = get_object_or_404(found.lines, uuid=line)
    form = ChangeForm(sent(request), initial={"text": row.text, "uuid": uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            new = act.change_line(
                line=row, text=form.cleaned_data["text"], by=me(request), uuid=form.cleaned_data["uuid"],
                when=When(typed_at=row.said_at) if found.entered_afterwards else NOW,
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        else:
            if new.state == Line.State.REFUSED:
                messages.warning(request, f"Kept beside, not in its place. {SENTENCES[new.refused_why].text}")
            return _to_record(found, f"#line-{new.uuid}")
    log_reading("record", found.uuid, found.network)
    return render(request, "meetings/record/change.html", {"form": form, "line": row, "meeting": found})


@staff_page
@require_POST
def record_choose(request: HttpRequest, meeting: UUID, line: UUID) -> HttpResponse:
    """Two changed the same line: these words are right, says the network."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    row = get_object_or_404(found.lines, uuid=line)
    try:
        chosen = act.choose_line(line=row, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
        return _to_record(found)
    if chosen.state == Line.State.REFUSED:
        messages.warning(request, f"Kept beside, not in its place. {SENTENCES[chosen.refused_why].text}")
    return _to_record(found, f"#line-{chosen.uuid}")


# What earlier decisions wait for


@staff_page
@require_POST
def record_confirm(request: HttpRequest, meeting: UUID, line: UUID) -> HttpResponse:
    """The person agrees to a decision that was entered afterwards."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    row = get_object_or_404(Line.objects.in_sight().filter(network=found.network, kind=Line.Kind.DECISION), uuid=line)
    try:
        act.confirm_line(line=row, meeting=found, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return _to_record(found)


@staff_page
@require_POST
def record_take_up(request: HttpRequest, meeting: UUID, exception: UUID) -> HttpResponse:
    """What was decided without the person is talked about with the person."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    row = get_object_or_404(DecidedWithout.objects.filter(network=found.network), uuid=exception)
    form = TakeUpForm(request.POST)
    if form.is_valid():
        try:
            act.take_up(exception=row, meeting=found, words=form.cleaned_data["words"], by=me(request))
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return _to_record(found)
    room = open_room(me(request), meeting)
    return _page(request, room, take_up={"uuid": str(exception), "form": form})


def brought_into_the_room(meeting: Meeting) -> Any:
    """What the record page may show of what people bring."""
    return ToBring.objects.in_sight().filter(network=meeting.network_id, in_the_room=True)


@staff_page
@require_POST
def record_bring_up(request: HttpRequest, meeting: UUID, brought: UUID) -> HttpResponse:
    """What somebody brought has been taken up."""
    found = meeting_of(request, meeting)
    require(MEETINGS, "record.write", me(request), found.network)
    row = get_object_or_404(brought_into_the_room(found), uuid=brought)
    try:
        act.bring_up(brought=row, meeting=found, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return _to_record(found)


# Afterwards


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def enter_afterwards(request: HttpRequest, case: UUID) -> HttpResponse:
    """A meeting that could not be recorded in the room: which, when, who was there, and why. Its lines are written next."""
    found = case_of(request, case)
    require(MEETINGS, "record.write", me(request), found.network)
    past = list(
        found.meetings.filter(status=Meeting.Status.BOOKED, starts_at__lte=timezone.now()).order_by("-starts_at", "-pk")
    )
    members = list(found.network.members.current())
    team = list(Staff.objects.active().filter(teams__network=found.network, teams__left_at=None))
    covering = Staff.objects.active().filter(meetings__meeting__in=past, meetings__active=True).distinct()
    team += [one for one in covering if one not in team]
    people = {f"member:{one.uuid}": one for one in members} | {f"staff:{one.uuid}": one for one in team}
    form = AfterwardsForm(
        sent(request),
        booked=[(str(one.uuid), f"{when_text(one.starts_at, 'cap')}, {one.get_place_display()}") for one in past],
        people=[(key, one.name) for key, one in people.items()],
        initial={"booked": str(past[0].uuid), "started_at": past[0].starts_at} if past else {},
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            meeting = act.enter_afterwards(
                case=found, by=me(request), why=said["why"], started_at=said["started_at"],
                present=[people[key] for key in said["present"]], place=said["place"], address=said["address"],
                booked=next((one for one in past if str(one.uuid) == said["booked"]), None),
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        else:
            return _to_record(meeting)
    log_reading("case", found.uuid, found.network)
    return render(request, "meetings/record/afterwards.html", {"form": form, "case": found})
