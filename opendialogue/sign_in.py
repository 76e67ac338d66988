"""The doors: a code for an address or a number, a link, a note on paper. What each answers does not tell whether anybody is known."""

import re
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login, user_pk_to_url_str
from allauth.account.views._password_reset import INTERNAL_RESET_SESSION_KEY
from allauth.core import ratelimit
from django import forms
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from network import codes
from network.actions import letting_in
from network.channels import set_up
from network.models import SignInCode, User
from network.pages import public_page
from opendialogue.security_log import could_not_sign_in

By = SignInCode.By
ASKED = "asked"  # in the session: the code that was asked for, by what, and where it leads
WRONG = "This is not the code, or it is too old. Type it again, or have a new one sent."
NO_NOTE = "This is not what stands on a note, or it was used already. Type it again, or ask the team for another note."


class AddressForm(forms.Form):
    """The one field of the sign-in page."""

    email = forms.CharField(max_length=254, error_messages={"required": "Write your e-mail address."})

    def clean_email(self) -> tuple[str, str]:
        """By what they ask, and what they typed as it is looked for."""
        typed = self.cleaned_data["email"].strip()
        if "@" not in typed and set_up("sms"):
            number = re.sub(r"^00", "+", re.sub(r"[^0-9+]", "", typed))
            if re.fullmatch(r"\+?[0-9]{7,15}", number):
                return By.SMS, number
        try:
            validate_email(typed)
        except forms.ValidationError:
            example = "One looks like name@example.org" + (
                ", a number like +358 40 555 0134." if set_up("sms") else "."
            )
            raise forms.ValidationError(f"This is not a whole address. {example}") from None
        return By.EMAIL, typed.lower()


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, *, reset: bool = False) -> HttpResponse:
    """Somebody types where a code shall go; with `reset`, to take a new password in place of one they forgot."""
    if request.user.is_authenticated:
        return redirect("/")
    form, leads = AddressForm(request.POST if request.method == "POST" else None), get_next_redirect_url(request) or ""
    if request.method == "POST" and form.is_valid():
        by, asked = form.cleaned_data["email"]
        return _ask(request, {"by": by, "asked": asked, "shown": asked, "leads": leads, "reset": reset})
    template = "account/password_reset.html" if reset else "account/request_login_code.html"
    field = format_html('<input type="hidden" name="next" value="{}">', leads) if leads else ""
    return render(request, template, {"form": form, "redirect_field": field})


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, key: str) -> HttpResponse:
    """A button, whatever the link is. Only pressing it does something, and what that is cannot be seen."""
    if request.method != "POST":
        return render(request, "account/link.html")
    if request.user.is_authenticated:
        return redirect("/")
    return _ask(request, {"by": By.LINK, "asked": codes.hashed(key), "shown": "", "leads": "", "reset": False})


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The code is typed, or asked for once more."""
    asked = request.session.get(ASKED)
    if not asked or request.user.is_authenticated:
        return redirect("/" if request.user.is_authenticated else "account_request_login_code")
    if request.POST.get("action") == "resend":
        return _ask(request, asked)
    error = ""
    if request.method == "POST":
        if account := letting_in.try_code(row=UUID(asked["row"]), typed=request.POST.get("code", "")):
            del request.session[ASKED]
            user = User.objects.get(pk=account)
            return _to_new_password(request, user) if asked["reset"] else _let_in(request, user, "code", asked["leads"])
        could_not_sign_in("code", request)
        error = WRONG
    return render(request, "account/confirm_login_code.html", {"error": error, "asked": asked})


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest) -> HttpResponse:
    """What stands on a note on paper is typed."""
    if request.user.is_authenticated:
        return redirect("/")
    error = ""
    if request.method == "POST":
        if not ratelimit.consume(request, action="note"):
            return ratelimit.respond_429(request)
        if account := letting_in.use_note(typed=request.POST.get("note", "")):
            return _let_in(request, User.objects.get(pk=account), "note")
        could_not_sign_in("note", request)
        error = NO_NOTE
    return render(request, "account/note.html", {"error": error})


def _ask(request: HttpRequest, asked: dict[str, Any]) -> HttpResponse:
    """Limits count an address together with where it is asked from: nobody far away keeps its owner from having a code."""
    network = get_adapter().get_client_ip(request)
    if not ratelimit.consume(request, action="request_login_code", key=f"{asked['asked']} {network}"):
        could_not_sign_in("too many tries", request)
        return ratelimit.respond_429(request)
    row = letting_in.ask_for_code(by=By(asked["by"]), asked=asked["asked"])
    request.session[ASKED] = asked | {"row": str(row)}
    return redirect("account_confirm_login_code")


def _let_in(request: HttpRequest, user: User, method: str, leads: str = "") -> HttpResponse:
    record_authentication(request, user, method=method)
    return perform_login(request, user, redirect_url=leads or None)


def _to_new_password(request: HttpRequest, user: User) -> HttpResponse:
    """The page for a new password, as a link in a mail would open it; and nothing to do so stands in its address."""
    request.session[INTERNAL_RESET_SESSION_KEY] = EmailAwarePasswordResetTokenGenerator().make_token(user)
    return redirect("account_reset_password_from_key", uidb36=user_pk_to_url_str(user), key="set-password")
