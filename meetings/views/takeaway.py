"""Everything about the person, to take along. Nobody else's, and nobody else finds it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from meetings.pdf import everything_as_pdf
from meetings.takeaway import as_json, everything
from meetings.views.my import own_networks
from meetings.views.pages import me
from network.pages import signed_in_page
from network.rules import log_reading


@signed_in_page
@require_safe
def take_along(request: HttpRequest) -> HttpResponse:
    """What there is to take, and what to think of before."""
    own_networks(request)
    return render(request, "meetings/take_along.html")


@signed_in_page
@require_safe
def everything_pdf(request: HttpRequest) -> HttpResponse:
    """To read and to print."""
    return HttpResponse(
        everything_as_pdf(_taken(request)), content_type="application/pdf", headers=_named("everything.pdf")
    )


@signed_in_page
@require_safe
def everything_json(request: HttpRequest) -> HttpResponse:
    """For another service, or a program of one's own: static/export.schema.json says what its parts mean."""
    style = {"ensure_ascii": False, "indent": 1}
    return JsonResponse(as_json(_taken(request)), json_dumps_params=style, headers=_named("everything.json"))


def _taken(request: HttpRequest) -> dict[str, Any]:
    """Read first and put on record then: the reading of this page is in the next one, as on the screen."""
    own = own_networks(request)
    taken = everything(me(request), now=timezone.now())
    for one in own:
        log_reading("export", one.network.uuid, one.network)
    return taken


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
