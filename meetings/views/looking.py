"""What a member sees: looked at by the person before and after sharing, or by the team together with them. The member's own pages, made by
the same code and answered by the database as it would answer that member.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe

from meetings import mine
from meetings.actions.sharing import look_as
from meetings.models import Meeting
from meetings.note import read_note
from meetings.permissions import MEETINGS
from meetings.reading import Change
from meetings.views.my import change_by, reader_form, reads_now
from meetings.views.pages import me
from network.identity import Eyes
from network.models import Member
from network.pages import signed_in_page
from network.rules import Refusal
from referrals.models import Case


@dataclass(frozen=True)
class Looking:
    """Somebody looks as `member`: where from, and where the links of the page lead meanwhile."""

    member: Member
    change: Change | None
    by_person: bool
    query: str
    back: str
    first_page: str = ""

    def address(self, href: str) -> str:
        """The member's first page and their notes can be looked at, too; every other link leads nowhere."""
        try:
            found = resolve(href.partition("#")[0])
        except Resolver404:
            return ""
        if found.url_name in ("my", "note"):
            return reverse(f"{found.url_name}_as_member", args=[self.member.uuid, *found.kwargs.values()]) + self.query
        return ""


@signed_in_page
@require_safe
def my_as_member(request: HttpRequest, member: UUID) -> HttpResponse:
    """What the member finds when they have signed in, as far as it has to do with this network."""
    looking = _looking(request, member)

    def page(eyes: Eyes) -> HttpResponse:
        context = {"parts": mine.parts_of(eyes), "waiting": [], "greeting": mine.greeting()}
        return _render(request, "meetings/my.html", looking, context)

    return _look(request, looking, page)


@signed_in_page
@require_safe
def note_as_member(request: HttpRequest, member: UUID, meeting: UUID) -> HttpResponse:
    """One note, as the member reads it; or that for them there is none."""
    looking = _looking(request, member, read_note(me(request), meeting).meeting)

    def page(eyes: Eyes) -> HttpResponse:
        try:
            note = read_note(eyes, meeting)
        except Http404:
            return _render(request, "404.html", looking, {"nothing": True})
        context = {"note": note, "meeting": note.meeting, "service": note.meeting.service}
        return _render(request, "meetings/note.html", looking, context)

    return _look(request, looking, page)


def _look(request: HttpRequest, looking: Looking, page: Any) -> HttpResponse:
    try:
        with look_as(member=looking.member, change=looking.change, by=me(request)) as eyes:
            return page(eyes)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect(looking.back)


def _render(request: HttpRequest, page: str, looking: Looking, context: dict[str, Any]) -> HttpResponse:
    return render(request, "meetings/as_member.html", {"page": page, "looking": looking} | context)


def _looking(request: HttpRequest, uuid: UUID, note: Meeting | None = None) -> Looking:
    """404 for everybody but the person and the team, whatever else they may see of the member."""
    user = me(request)
    others = Member.objects.current().filter(is_person=False).select_related("network", "service")
    member = get_object_or_404(others, uuid=uuid)
    if not MEETINGS["member.see_as"](user, member.network):
        raise Http404
    by_person = member.network.person.user_id == user.pk
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return Looking(
        member=member,
        change=_supposed(request, member),
        by_person=by_person,
        query=query,
        back=_back(request, member, by_person, note, query),
        first_page=reverse("my_as_member", args=[member.uuid]) + query if note else "",
    )


def _supposed(request: HttpRequest, member: Member) -> Change | None:
    """What the address says would be given; None when it is about what holds now."""
    if not ("covers" in request.GET or "also" in request.GET):
        return None
    held = list(Meeting.objects.filter(network=member.network).held())
    said: Any = request.GET
    if "also" in request.GET:
        said = reads_now(member, held)
        said["meetings"].append(request.GET["also"])
        said["covers"] = said["covers"].replace("nothing", "single")
    form = reader_form(said, held)
    if not form.is_valid():
        raise Http404
    return change_by(member, held, form.cleaned_data)


def _back(request: HttpRequest, member: Member, by_person: bool, note: Meeting | None, query: str) -> str:
    if "also" in request.GET:
        return reverse("note_share", args=[request.GET["also"]]) + f"?member={member.uuid}"
    if by_person:
        return reverse("reader", args=[member.uuid]) + query
    if note:
        return reverse("note_share", args=[note.uuid])
    case = Case.objects.filter(network=member.network).order_by("closed_at").last()
    return reverse("case", args=[case.uuid]) if case else "/"
