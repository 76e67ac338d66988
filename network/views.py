"""Pages of network that belong to no case: how each of the staff is reached."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from network.actions import channels as ways
from network.channels import set_up
from network.fields import LineField, show_refusal
from network.models import StaffChannel
from network.pages import StaffRequest, staff_page
from network.rules import Refusal

Kind = StaffChannel.Kind


class MailForm(forms.Form):
    """Where e-mail goes."""

    kind = Kind.EMAIL
    address = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={
            "required": "Write where messages should go.",
            "invalid": "Write an e-mail address, such as name@example.org.",
            "max_length": "An e-mail address has 254 characters at most.",
        },
    )


class NumberForm(forms.Form):
    """Where text messages go."""

    kind = Kind.SMS
    address = LineField(
        label="Telephone number",
        help_text="With its country, as in +358 40 555 0134",
        most=60,
        needed="Write the number.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    )


@staff_page
@require_http_methods(["GET", "POST"])
def channels(request: StaffRequest) -> HttpResponse:
    """The ways in which clocks reach whoever is signed in. Nobody sets those of somebody else."""
    own = list(StaffChannel.objects.filter(staff=request.staff.pk).order_by("kind", "pk"))
    active = {channel.kind: channel for channel in own if channel.active}
    mail, number = (_form(request, form, active) for form in (MailForm, NumberForm))
    chosen = number if number.is_bound else mail
    if chosen.is_bound and chosen.is_valid():
        try:
            ways.set_channel(kind=chosen.kind, address=chosen.cleaned_data["address"], by=request.user)
        except Refusal as refusal:
            show_refusal(chosen, refusal)
        else:
            messages.success(request, "Set. Try it, so that you know that it arrives.")
            return redirect("channels")
    context = {
        "channels": [channel for channel in own if channel.active],
        "mail": mail,
        "number": number if set_up(Kind.SMS) else None,
        "form": chosen,
        "by_account": _by_account(own),
        "silent_mail": Kind.EMAIL not in active and not _by_account(own),
        "nav": "duty",
    }
    return render(request, "network/channels.html", context)


@staff_page
@require_POST
def try_channel(request: StaffRequest, channel: UUID) -> HttpResponse:
    """Sends a message as it would come at night."""
    this = get_object_or_404(StaffChannel, uuid=channel, staff=request.staff.pk, active=True)
    ways.try_channel(channel=this, by=request.user)
    messages.success(request, "A message is on its way. If it has not come in five minutes, something is wrong.")
    return redirect("channels")


@staff_page
@require_POST
def put_away(request: StaffRequest, channel: UUID) -> HttpResponse:
    """Nothing goes this way any more."""
    this = get_object_or_404(StaffChannel, uuid=channel, staff=request.staff.pk, active=True)
    ways.put_away(channel=this, by=request.user)
    messages.success(request, "Put away. No message goes there any more.")
    return redirect("channels")


def _form(request: StaffRequest, form: type[MailForm] | type[NumberForm], active: dict[str, StaffChannel]) -> Any:
    """The form of a kind: filled in by what was typed into it, else by what is set."""
    sent = request.POST.get("kind") or Kind.EMAIL.value
    if request.method == "POST" and sent not in (Kind.EMAIL, Kind.SMS):
        raise PermissionDenied
    now = active[form.kind].address if form.kind in active else ""
    data = request.POST if request.method == "POST" and sent == form.kind else None
    initial = now or (request.user.email if form.kind == Kind.EMAIL else "")
    return form(data, initial={"address": initial}, auto_id=f"id_{form.kind.value}_%s")


def _by_account(own: list[StaffChannel]) -> bool:
    """Whether e-mail goes to the account's own address: none was ever set, or nothing else is (od.channels_of)."""
    return not any(channel.kind == Kind.EMAIL for channel in own) or not any(channel.active for channel in own)
