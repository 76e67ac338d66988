"""Opening somebody's record in need: what was found is opened, and there is no way to find without opening."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from meetings.actions import opening as actions
from meetings.forms.opening import OpeningForm
from meetings.permissions import MEETINGS
from meetings.views.pages import me, sent
from network.fields import show_refusal
from network.models import Opening
from network.pages import StaffRequest, signed_in_page, staff_page
from network.rules import Refusal
from referrals.models import Case


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def open_in_need(request: StaffRequest) -> HttpResponse:
    """For whoever is asked for help by somebody whose team is not there."""
    form = OpeningForm(sent(request))
    nobody = False
    if request.method == "POST" and form.is_valid():
        try:
            found = actions.open_in_need(**form.cleaned_data, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            if found:
                return redirect("case", found[0])
            nobody = True
    own = Opening.objects.open().filter(staff=request.staff)
    cases = Case.objects.filter(network__in=own.values("network")).order_by("network", "-opened_at", "-pk")
    context = {"form": form, "nobody": nobody, "open": cases.distinct("network"), "nav": "board"}
    return render(request, "meetings/in_need.html", context | {"on_duty": request.staff.service.on_duty})


@signed_in_page
@require_POST
def end_opening(request: HttpRequest, opening: UUID) -> HttpResponse:
    """By whoever opened it, the person, the team, and those who look after the service."""
    found = get_object_or_404(Opening, uuid=opening)
    if not MEETINGS["opening.end"](me(request), found):
        raise Http404
    try:
        actions.end_opening(opening=found, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, "Ended. It is closed to them from now on.")
    return redirect("home")
