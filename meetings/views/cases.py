"""Home, the case with its timeline, its team, and what was decided without the person."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from meetings.actions.exceptions import record_exception
from meetings.actions.team import change_team, choose_team
from meetings.casefile import casefile
from meetings.forms.exceptions import ExceptionForm
from meetings.forms.team import FoundingTeamForm, TeamChangeForm
from meetings.story import read_story
from meetings.views.pages import case_of, case_page, me, sent
from network.doors import public_services
from network.fields import show_refusal
from network.models import Network
from network.pages import public_page, signed_in_page, staff_page
from network.permissions import staff_of
from network.rules import Refusal, log_reading
from referrals.models import Case


@public_page
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Staff to the board, members to their page; a welcome for everybody else."""
    if not request.user.is_authenticated:
        numbers = sorted({service.emergency_number for service in public_services()})
        return render(request, "meetings/home.html", {"numbers": numbers or ["112"]})
    return redirect("/board/" if request.user.staff else "/my/")


@signed_in_page
@require_safe
def case(request: HttpRequest, case: UUID) -> HttpResponse:
    """The whole case, for its staff and for the person: the same for both."""
    story = read_story(request.user, case)
    log_reading("case", story.case.uuid, story.case.network)
    file = casefile(story, now=timezone.now(), staff=me(request).staff)
    return render(request, "meetings/case.html", {"file": file, "story": story, "case": story.case, "nav": "board"})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, case: UUID) -> HttpResponse:
    """Choose the founding team; later, change it."""
    found = case_of(request, case)
    network = found.network
    current = list(network.team.current().select_related("staff"))
    form_class = TeamChangeForm if current else FoundingTeamForm
    form = form_class(sent(request), network=network)
    if request.method == "POST" and form.is_valid():
        try:
            _save_team(request, network, form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            _warn_of_bookings(request, network)
            still = Case.objects.visible_to(request.user).filter(pk=found.pk).exists()
            return redirect("case", found.uuid) if still else redirect("meetings")
    names = {"person": network.person, "form": form, "team": current}
    return case_page(request, found, "meetings/team.html", names)


def _save_team(request: HttpRequest, network: Network, data: dict[str, Any]) -> None:
    if "team" in data:
        choose_team(network=network, staff=list(data["team"]), by=me(request))
        messages.success(request, "The team is chosen.")
        return
    change_team(
        network=network,
        joins=list(data["joined"]),
        leaves=list(data["left"]),
        reason=data["reason"],
        meeting=data["meeting"],
        why_outside="" if data["meeting"] else data["why_outside"],
        by=me(request),
    )
    messages.success(request, "The team is changed. It stands on the timeline, with the reason.")


def _warn_of_bookings(request: HttpRequest, network: Network) -> None:
    """A booked meeting keeps who comes to it until somebody changes that: say so."""
    team = network.team.current().values("staff")
    outside = network.meetings.filter(status="booked", staffing__active=True).exclude(staffing__staff__in=team)
    if outside.exists():
        messages.warning(request, "Some booked meetings have nobody of the team now. Change who comes.")


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def exception_new(request: HttpRequest, case: UUID) -> HttpResponse:
    """What had to be decided without the person."""
    found = case_of(request, case)
    staff = staff_of(me(request))
    form = ExceptionForm(sent(request), case=found, staff=staff)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            record_exception(case=found, by=me(request), **data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Recorded. It stands open until it has been talked about together.")
            return redirect("case", found.uuid)
    person = found.network.person
    return case_page(request, found, "meetings/exception.html", {"form": form, "person": person})
