"""The way of each message about a case: planned, sent, taken by the transport, acknowledged, withdrawn, refused."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from network.pages import StaffRequest, staff_page
from network.rules import log_reading
from referrals.models import Case
from referrals.trail import LATEST, trails


@staff_page
@require_safe
def trail(request: StaffRequest, case: UUID) -> HttpResponse:
    """What was planned for each clock of a case and what became of it."""
    found = get_object_or_404(Case.objects.visible_to(request.user).select_related("network"), uuid=case)
    log_reading("case", found.uuid, found.network)
    context = {
        "case": found,
        "trails": trails(found.watches.select_related("held_by")),
        "latest": LATEST,
        "nav": "board",
    }
    return render(request, "referrals/trail.html", context)
