"""The figures of a service, for those who oversee it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from meetings.fidelity import PERIODS, read_fidelity
from network.pages import staff_page
from network.permissions import staff_of


@staff_page
@require_GET
def fidelity(request: HttpRequest) -> HttpResponse:
    """Numbers only, and of nobody: no case is opened by it, so that nothing is put on record as read."""
    staff = staff_of(request.user)  # type: ignore[arg-type]
    if not staff.oversees:
        raise Http404
    found = read_fidelity(
        staff.service,
        period=request.GET.get("period", ""),
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
    )
    filters = [
        {"label": label, "url": f"?period={key}", "current": key == found.period} for key, (label, _) in PERIODS.items()
    ]
    context = {"fidelity": found, "service": staff.service, "filters": filters, "nav": "fidelity"}
    return render(request, "meetings/fidelity.html", context)
