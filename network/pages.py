"""For whom a page is. Every view carries one of these; a guard test fails on a view without."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.csrf import csrf_failure

from network.models import Staff, User
from network.templatetags.look import me_mark

View = Callable[..., HttpResponse]


class StaffRequest(HttpRequest):
    """What a staff page is asked with: somebody who signed in and works for a service."""

    user: User
    staff: Staff


def public_page(view: View) -> View:
    """Anybody may open it; it says nothing about anybody."""
    view.audience = "public"  # type: ignore[attr-defined]
    return view


def signed_in_page(view: View) -> View:
    """Anybody with an account; what they find is theirs by the view's scoped reads."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _not_now(request) or view(request, *args, **kwargs)

    page.audience = "signed_in"  # type: ignore[attr-defined]
    return page


def staff_page(view: View) -> View:
    """Staff of a service. Others find nothing there."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if refused := _not_now(request):
            return refused
        if not getattr(request.user, "staff", None):
            raise Http404
        return view(request, *args, **kwargs)

    page.audience = "staff"  # type: ignore[attr-defined]
    return page


# What somebody sent when they were not signed in any more. It is given back in the answer, to be sent again, and kept nowhere.
OURS = ("csrfmiddlewaretoken", "sent_as")
FORM = "application/x-www-form-urlencoded"


def token_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A page from before signing in again: what it sent comes back under a new token. Only what our own pages send."""
    if _from_our_page(request) and not getattr(request, "door", "") and _words(request):
        return _give_back(request, "send_again.html" if request.user.is_authenticated else "signed_out.html")
    if request.headers.get("accept", "").startswith("application/json"):
        return JsonResponse({"stale": True}, status=403)  # static/js/kept.js asks for a new one
    return csrf_failure(request, reason)


def _not_now(request: HttpRequest) -> HttpResponse | None:
    """What is answered in place of the page: to nobody, and to somebody who would send the words of somebody else."""
    if not request.user.is_authenticated:
        if _by_hand(request) and _words(request):
            return _give_back(request, "signed_out.html")
        return redirect_to_login(request.get_full_path())
    if request.content_type == FORM and request.POST.get("sent_as", "") not in ("", me_mark(request.user)):
        return _give_back(request, "somebody_else.html")
    return None


def _give_back(request: HttpRequest, template: str) -> HttpResponse:
    was = getattr(request, "was", None)
    sent_as = me_mark(was) if was else request.POST.get("sent_as", "")
    return render(request, template, {"words": _words(request), "sent_as": sent_as}, status=403)


def _words(request: HttpRequest) -> list[tuple[str, str]]:
    """All fields that were sent, if there is anything in one of them."""
    fields = [(name, str(value)) for name, values in request.POST.lists() for value in values if name not in OURS]
    return fields if any(value.strip() for _, value in fields) else []


def _by_hand(request: HttpRequest) -> bool:
    """Whether a page is to come of it: a script asks in another way."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return (
        mode == "navigate" and "HX-Request" not in request.headers and "json" not in request.headers.get("Accept", "")
    )


def _from_our_page(request: HttpRequest) -> bool:
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
