"""The lead's own pages: what people read of the service, who works there, and who changed what. For a lead of that service alone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from meetings import service_trail
from meetings.actions.leaving import end_work
from meetings.forms.service import EndForm, NewStaffForm, ServiceForm, StaffForm
from meetings.leaving import StillTheirs
from meetings.views.pages import sent
from network.actions import staff as working
from network.actions.service import change_service
from network.colleagues import colleagues
from network.fields import show_refusal
from network.models import Service, Staff
from network.pages import StaffRequest, staff_page
from network.permissions import NETWORK
from network.rules import Refusal
from referrals.models import OnCall

A_PAGE = 50
SETTINGS = (
    "name", "night_number", "emergency_number", "emergency_advice", "languages", "time_zone", "hours_reply", "takes_public_referrals",
)  # fmt: skip


@staff_page
@require_safe
def service(request: StaffRequest) -> HttpResponse:
    """What there is to lead, and what was changed last."""
    this = _led(request)
    working_here = [one for one in colleagues(this) if one.staff.left_at is None]
    context = {
        "service": this,
        "number": len(working_here),
        "not_ready": [one for one in working_here if not one.ready],
        "changes": service_trail.in_words(this.changes.all()[:5]),
    }
    return _page(request, "service", context)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StaffRequest) -> HttpResponse:
    """What people read of the service."""
    this = _led(request)
    newest = this.changes.filter(staff=None).exclude(what="address_taken").aggregate(newest=Max("pk"))["newest"]
    now = {name: getattr(this, name) for name in SETTINGS} | {"seen": newest or 0}
    form = ServiceForm(sent(request), service=this, initial=now)
    if form.is_valid():
        try:
            change_service(service=this, **form.cleaned_data, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Saved. People read it from now on.")
            return redirect("service")
    return _page(request, "service_settings", {"form": form})


@staff_page
@require_safe
def changes(request: StaffRequest) -> HttpResponse:
    """Who changed what, the latest first."""
    page = Paginator(_led(request).changes.all(), A_PAGE).get_page(request.GET.get("page"))
    return _page(request, "service_changes", {"page": page, "changes": service_trail.in_words(page.object_list)})


@staff_page
@require_safe
def staff(request: StaffRequest) -> HttpResponse:
    """Everybody who works here or did, and whether they can be reached and get in."""
    everybody = colleagues(_led(request))
    context = {
        "here": [one for one in everybody if one.staff.left_at is None],
        "gone": [one for one in everybody if one.staff.left_at],
    }
    return _page(request, "service_staff", context)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def new_staff(request: StaffRequest) -> HttpResponse:
    """Somebody begins to work here."""
    this = _led(request)
    form = NewStaffForm(sent(request))
    if form.is_valid():
        try:
            added = working.add_staff(service=this, **form.cleaned_data, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, "Added. A mail is on its way: it says that something waits, and where to sign in."
            )
            return redirect("service_colleague", added.uuid)
    return _page(request, "service_new_staff", {"form": form})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def colleague(request: StaffRequest, staff: UUID) -> HttpResponse:
    """One who works here or did: what they do, whether they can be reached; and from here their work ends, or begins again."""
    this = _colleague(request, staff)
    (shown,) = colleagues(this.service, only=this)
    now = {"name": this.name, "profession": this.profession, "training": this.training, "roles": this.roles}
    form = StaffForm(sent(request), initial=now)
    if this.left_at and request.method == "POST":
        raise Http404
    if form.is_valid():
        try:
            working.change_staff(staff=this, **form.cleaned_data, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("service_colleague", this.uuid)
    context = {"one": shown, "form": form, "theirs": StillTheirs(this) if this.left_at else None}
    return _page(request, "service_colleague", context)


@staff_page
@require_POST
def invite_again(request: StaffRequest, staff: UUID) -> HttpResponse:
    """The mail once more, as long as they have not signed in."""
    this = _colleague(request, staff)
    working.invite_again(staff=this, by=request.user)
    messages.success(request, "If they have not signed in yet, a mail is on its way to them again.")
    return redirect("service_colleague", this.uuid)


@staff_page
@require_POST
def take_back(request: StaffRequest, staff: UUID) -> HttpResponse:
    """Somebody works here again."""
    this = _colleague(request, staff)
    if this.left_at:
        working.take_back(staff=this, by=request.user)
        messages.success(request, "They work here again, as what they were. Look at what they do.")
    return redirect("service_colleague", this.uuid)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: StaffRequest, staff: UUID) -> HttpResponse:
    """What is still theirs, to whom it goes, and then their work here ends."""
    this = _colleague(request, staff)
    if this.left_at:
        return redirect("service_colleague", this.uuid)
    theirs = StillTheirs(this)
    form = EndForm(sent(request), theirs=theirs)
    if form.is_valid() and _ended(form, this, request):
        messages.success(request, "They work here no more, and are out on their next request.")
        return redirect("service_colleague", this.uuid)
    return _page(request, "service_end", {"one": this, "form": form, "theirs": theirs})


def _ended(form: EndForm, this: Staff, request: StaffRequest) -> bool:
    given = form.cleaned_data
    turns_to = {role: given.get(f"{role}_turns_to") for role in OnCall.Role.values}
    others = {name: given.get(name) for name in ("cases_to", "duty_to", "meetings_to")}
    try:
        end_work(staff=this, turns_to=turns_to, **others, by=request.user)
    except Refusal as refusal:
        if refusal.rule == "staff_not_in_two_places":
            form.add_error("meetings_to", "They have another meeting at one of these times. Choose somebody else.")
        else:
            show_refusal(form, refusal)
        return False
    return True


def _led(request: StaffRequest) -> Service:
    """The service that whoever asks leads; for all others there is nothing here."""
    if not NETWORK["service.change"](request.user, request.staff.service):
        raise Http404
    return request.staff.service


def _colleague(request: StaffRequest, uuid: UUID) -> Staff:
    staff = Staff.objects.of_service(_led(request)).select_related("service")
    return get_object_or_404(staff, uuid=uuid)


def _page(request: StaffRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"meetings/{name}.html", context | {"nav": "service"})
