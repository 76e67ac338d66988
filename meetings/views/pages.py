"""What the views of cases and meetings share."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from network.models import User
from network.rules import log_reading
from referrals.models import Case


def case_of(request: HttpRequest, uuid: UUID) -> Case:
    """The case, for those who may open it; for all others it does not exist."""
    cases = Case.objects.visible_to(request.user).select_related("network", "service")
    return get_object_or_404(cases, uuid=uuid)


def case_page(request: HttpRequest, case: Case, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page about a case. That it was opened is put on record."""
    log_reading("case", case.uuid, case.network)
    return render(request, template, {"case": case, "nav": "board"} | context)


def me(request: HttpRequest) -> User:
    """Who asks; of a page that needs somebody to be signed in."""
    return cast(User, request.user)


def sent(request: HttpRequest) -> Any:
    """What was sent, for a form to judge; None while the page is only looked at. An empty form that was sent is judged, too."""
    return request.POST if request.method == "POST" else None
