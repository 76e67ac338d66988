"""What a message of the clock leads to: what waits, who has it, and one tap to say “I have it”; and whether the clock is watched."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from network.pages import StaffRequest, staff_page
from network.rules import Refusal, log_reading
from referrals.actions import acknowledge
from referrals.board import clock_state
from referrals.models import Watch


@staff_page
@require_safe
def watch(request: StaffRequest) -> HttpResponse:
    """What an open page of the staff asks anew: whether their clock is watched."""
    return render(request, "referrals/clock_watch.html")


@staff_page
@require_http_methods(["GET", "POST"])
def waiting(request: StaffRequest, watch: UUID) -> HttpResponse:
    """What waits, since when and until when; a POST is “I have it”."""
    found = Watch.objects.visible_to(request.user).select_related("case", "timer", "held_by")
    it = get_object_or_404(found, uuid=watch)
    if request.method == "POST":
        try:
            acknowledge(watch=it, by=request.user)
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
        return redirect("waiting", it.uuid)
    log_reading("case", it.case.uuid, it.network)
    mine = it.acknowledgements.filter(staff=request.user.staff).last() if it.held_by == request.user.staff else None
    return render(
        request,
        "referrals/waiting.html",
        {
            "watch": it,
            "case": it.case,
            "person": it.network.person,
            "mine": mine,
            "clock_state": clock_state(it.timer) if it.timer else "running",
            "now": timezone.now(),
        },
    )
