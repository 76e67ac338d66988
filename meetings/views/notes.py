"""The note of a meeting: to read, to keep as PDF, to stand beside, and to share."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from meetings.actions import sharing
from meetings.forms.notes import AddForm, ShareForm, WordForm
from meetings.models import Addendum
from meetings.note import Note, read_note
from meetings.pdf import note_as_pdf
from meetings.reading import day_after
from network.actions import consent
from network.actions.consent import ALWAYS, Span
from network.models import Member
from network.pages import signed_in_page
from network.rules import Refusal, log_reading


@signed_in_page
@require_safe
def note(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The meeting as a conversation."""
    found = read_note(request.user, meeting)
    log_reading("note", found.meeting.uuid, found.meeting.network)
    return render(
        request, "meetings/note.html", {"note": found, "meeting": found.meeting, "service": found.meeting.service}
    )


@signed_in_page
@require_safe
def note_pdf(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The same on paper. Its name and what it says about itself give nobody away."""
    found = read_note(request.user, meeting)
    log_reading("pdf", found.meeting.uuid, found.meeting.network)
    headers = {"Content-Disposition": 'inline; filename="notes.pdf"'}
    return HttpResponse(note_as_pdf(found), content_type="application/pdf", headers=headers)


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_add(request: HttpRequest, meeting: UUID, line: UUID | None = None) -> HttpResponse:
    """Add to a note, or see it differently: beside one line or beside the whole."""
    found = read_note(request.user, meeting)
    beside = next((one for one in found.lines if one.uuid == line), None)
    if (line and not beside) or not found.may_add:
        raise Http404
    kind = request.GET.get("kind")
    form = AddForm(request.POST or None, initial={"kind": kind} if kind in Addendum.Kind.values else None)
    if request.method == "POST" and form.is_valid():
        try:
            target = found.meeting.lines.get(uuid=line) if line else None
            sharing.add_to_note(meeting=found.meeting, line=target, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except Refusal as refusal:
            _say(form, refusal)
        else:
            messages.success(request, "Your words stand beside the text now.")
            return redirect(f"{_address(found)}{f'#line-{line}' if line else '#beside'}")
    log_reading("note", found.meeting.uuid, found.meeting.network)
    return render(
        request, "meetings/note_add.html", {"note": found, "meeting": found.meeting, "form": form, "beside": beside}
    )


@signed_in_page
@require_POST
def late_line_seen(request: HttpRequest, meeting: UUID, line: UUID) -> HttpResponse:
    """The person says that they have read a line that came late."""
    found = read_note(request.user, meeting)
    if not found.for_person:
        raise Http404
    sharing.see_late_line(line=get_object_or_404(found.meeting.lines, uuid=line), by=request.user)  # type: ignore[arg-type]
    return redirect(f"{_address(found)}#line-{line}")


@signed_in_page
@require_POST
def keep_back(request: HttpRequest, meeting: UUID, line: UUID) -> HttpResponse:
    """The person, or the one whose words it is, keeps a line back from family and friends who read the rest; or shares it with the rest."""
    found = read_note(request.user, meeting)
    shown = next((one for one in found.lines if one.uuid == line), None)
    if shown is None or not (shown.may_keep or shown.mine):
        raise Http404
    by: Any = request.user
    row = get_object_or_404(found.meeting.lines.select_related("network"), uuid=line)
    try:
        (sharing.share_with_the_rest if "share" in request.POST else sharing.keep_back)(line=row, by=by)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect(f"{_address(found)}#line-{line}")


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_share(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """The person chooses who reads this meeting; or the team writes down the person's word, with where and who was there."""
    found = read_note(request.user, meeting)
    if not found.may_share:
        raise Http404
    if taken := request.POST.get("take_back"):
        return _take_back(request, found, taken)
    others = [(str(one.uuid), one.name) for one in found.members if not (one.reads or one.paused)]
    chosen_before = {"members": request.GET.getlist("member")}  # back from looking at it
    form = (ShareForm if found.for_person else WordForm)(request.POST or None, members=others, initial=chosen_before)
    if request.method == "POST" and form.is_valid():
        chosen = [one for one in found.members if str(one.uuid) in form.cleaned_data["members"]]
        try:
            _share(request, found, chosen, form.cleaned_data)
        except Refusal as refusal:
            _say(form, refusal)
        else:
            messages.success(request, "Done. They may read this now.")
            return redirect(_address(found))
    log_reading("note", found.meeting.uuid, found.meeting.network)
    context = {"note": found, "meeting": found.meeting, "form": form, "others": others}
    return render(request, "meetings/note_share.html", context)


def _share(request: HttpRequest, found: Note, chosen: list[Any], said: dict[str, Any]) -> None:
    by: Any = request.user
    span = Span(day_after(said["until"])) if said["until"] else ALWAYS
    with transaction.atomic():
        for member in Member.objects.filter(network=found.meeting.network, pk__in=[one.id for one in chosen]):
            if found.for_person:
                sharing.share_note(meeting=found.meeting, member=member, span=span, by=by)
            elif said["covers"] == WordForm.THIS:
                words = {key: said[key] for key in ("how", "where", "witness")}
                sharing.write_down_share(meeting=found.meeting, member=member, span=span, by=by, **words)
            else:
                words = {key: said[key] for key in ("covers", "how", "where", "witness")}
                consent.write_down_consent(member=member, span=span, by=by, **words)


def _take_back(request: HttpRequest, found: Note, taken: str) -> HttpResponse:
    """At once, and nobody is told. What a standing word opens is taken back whole."""
    one = next((one for one in found.readers if str(one.uuid) == taken), None)
    if one is None:
        raise Http404
    by: Any = request.user
    member = Member.objects.get(pk=one.id)
    with transaction.atomic():
        if one.shared:
            sharing.withdraw_share(meeting=found.meeting, member=member, by=by)
        if one.standing:
            consent.withdraw_consent(member=member, by=by)
    messages.success(request, "Taken back. They can no longer read this.")
    return redirect("note_share", found.meeting.uuid)


def _say(form: Any, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)


def _address(found: Note) -> str:
    return f"/notes/{found.meeting.uuid}/"
