"""Words in the wrong case, or that the law forbids: one of the staff asks that they go out of sight, a second one confirms."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from meetings.actions import sharing
from meetings.actions.sharing import Words
from meetings.forms.notes import OutOfSightForm
from meetings.models import Addendum, DecidedWithout, Line, OutOfSight, ReadBack
from meetings.note import Note, read_note
from meetings.permissions import MEETINGS
from meetings.views.pages import case_of, me
from network.fields import show_refusal
from network.pages import signed_in_page, staff_page
from network.rules import Refusal, log_reading
from referrals.models import Case, Contact, Referral


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def of_meeting(request: HttpRequest, meeting: UUID, words: UUID) -> HttpResponse:
    """A line, what stands beside one, or what somebody said when it was read back."""
    found = read_note(request.user, meeting)
    meant = _in_note(found, words)
    if meant is None or not found.closed:
        raise Http404
    about = {"where": found.title, "when": found.when, "person": found.person, "back": f"/notes/{meeting}/"}
    return _take_out(request, meant, about, read=("note", meeting))


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def of_case(request: HttpRequest, case: UUID, words: UUID) -> HttpResponse:
    """A call, a contact, what was decided without the person, or what somebody brings."""
    found = case_of(request, case)
    meant = _in_case(found, words)
    if meant is None:
        raise Http404
    return _take_out(request, meant, {"person": found.network.person, "back": f"/cases/{case}/"}, read=("case", case))


def _take_out(request: HttpRequest, meant: Words, about: dict[str, Any], *, read: tuple[str, UUID]) -> HttpResponse:
    """Ask or confirm; whoever only looks has read these words."""
    by = me(request)
    if not MEETINGS["words.out_of_sight"](by, meant.network):
        raise Http404
    asked = OutOfSight.objects.open().about(meant).select_related("network").first()
    form = OutOfSightForm(request.POST if request.method == "POST" and not asked else None)
    if request.method == "POST":
        try:
            if asked and "confirm" in request.POST:
                sharing.confirm_out_of_sight(asked=asked, by=by)
                messages.success(request, "Done. Nobody reads these words here any more, and the person is told.")
                return redirect(about["back"])
            if not asked and form.is_valid():
                sharing.ask_out_of_sight(words=meant, by=by, **form.cleaned_data)
                messages.success(request, "Asked. The words stay until a second person has confirmed.")
                return redirect(request.path)
        except Refusal as refusal:
            if asked:
                messages.error(request, refusal.sentence)
                return redirect(request.path)
            show_refusal(form, refusal)
    log_reading(*read, meant.network)
    whose, said = _shown(meant)
    context = about | {
        "whose": whose, "said": [one for one in said if one], "call": isinstance(meant, Referral),
        "more_than_words": isinstance(meant, ReadBack | DecidedWithout | Referral | Contact), "form": form, "asked": asked,
        "own": bool(asked and by.staff and asked.asked_by_id == by.staff.pk),
    }  # fmt: skip
    return render(request, "meetings/out_of_sight.html", context)


def _in_note(found: Note, uuid: UUID) -> Line | Addendum | ReadBack | None:
    """A line as it stands, what stands beside one, or what the member or the one of the staff with this id said at the end."""
    of_one = Q(member__uuid=uuid) | Q(staff__uuid=uuid)
    return (
        Line.objects.standing().filter(meeting=found.meeting, uuid=uuid).select_related("network").first()
        or Addendum.objects.in_sight().filter(meeting=found.meeting, uuid=uuid).select_related("network").first()
        or found.meeting.read_backs.filter(of_one).exclude(words="").select_related("network").first()
    )


def _in_case(found: Case, uuid: UUID) -> Words | None:
    for rows in (found.referrals, found.contacts, found.exceptions, found.network.brought):
        if meant := rows.filter(uuid=uuid, out_of_sight_at=None).select_related("network").first():
            return meant
    return None


def _shown(words: Words) -> tuple[str, list[str]]:
    """Whose words they are, or what they are about; and the words."""
    match words:
        case Line():
            return words.voice or "Together", [words.text]
        case ReadBack():
            return words.name, [words.words]
        case DecidedWithout():
            return words.decided_by, [words.text, words.why, words.taken_up_words]
        case Referral():
            return words.caller_name or "Somebody called", [words.words, words.safety]
        case Contact():
            return words.get_kind_display(), [words.words, words.offered, words.next_contact]
    return words.name, [words.text]
