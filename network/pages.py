"""For whom a page is. Every view carries one of these; a guard test fails on a view without."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from network.models import Staff, User

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
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    page.audience = "signed_in"  # type: ignore[attr-defined]
    return page


def staff_page(view: View) -> View:
    """Staff of a service. Others find nothing there."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.staff:
            raise Http404
        return view(request, *args, **kwargs)

    page.audience = "staff"  # type: ignore[attr-defined]
    return page
