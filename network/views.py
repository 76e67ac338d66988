"""Pages of network that belong to no case: how each of the staff is reached, and what a browser needs for notifications."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import device, kept_parts
from network.actions import channels as ways
from network.channels import NotASubscription, push_public_key, set_up, subscription_of
from network.fields import LineField, show_refusal
from network.models import Message, StaffChannel
from network.pages import StaffRequest, public_page, staff_page
from network.rules import Refusal
from network.templatetags.look import device as kind_of_device

Kind, Why = StaffChannel.Kind, StaffChannel.Why
LOST = timedelta(days=30)  # for so long it is said that a device was lost


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


class BrowserForm(forms.Form):
    """Notifications on the device one has in hand. What the browser gives for them is filled in by static/js/push.js."""

    kind = Kind.PUSH
    device = LineField(
        label="Name of this device",
        help_text="So that you know it again in the list, as in “my phone”",
        most=60,
        needed="Give this device a name, such as “my phone”.",
    )
    subscription = forms.CharField(
        widget=forms.HiddenInput,
        max_length=5000,
        error_messages={
            "required": "This browser gave nothing to send notifications to. Please try again, with scripts switched on.",
            "max_length": "What this browser gave is too long to be right. Please try again.",
        },
    )

    def clean_subscription(self) -> Any:
        """What can be sent to; else the sentence that says whether another browser would do."""
        try:
            given = json.loads(self.cleaned_data["subscription"])
            subscription_of(given)
        except (ValueError, RecursionError):
            raise ValidationError("What this browser gave cannot be read. Please try again.") from None
        except NotASubscription as found:
            raise ValidationError(
                "This browser sends its notifications by a way that is not known here. Firefox, Chrome, Edge and Safari can be used."
                if found.host
                else "What this browser gave cannot be used. Please try again, or take another browser."
            ) from None
        return given


Channelled = MailForm | NumberForm | BrowserForm


@staff_page
@require_http_methods(["GET", "POST"])
def channels(request: StaffRequest) -> HttpResponse:
    """The ways in which clocks reach whoever is signed in. Nobody sets those of somebody else."""
    sent = {form.kind.value: form for form in (MailForm, NumberForm)}.get(request.POST.get("kind") or Kind.EMAIL.value)
    if request.method != "POST":
        return _page(request)
    if sent is None:
        raise PermissionDenied
    form = sent(request.POST, auto_id=f"id_{sent.kind.value}_%s")
    if form.is_valid():
        try:
            ways.set_channel(kind=form.kind, address=form.cleaned_data["address"], by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Set. Try it, so that you know that it arrives.")
            return redirect("channels")
    return _page(request, form)


@staff_page
@require_POST
def set_browser(request: StaffRequest) -> HttpResponse:
    """Notifications to the browser that asks."""
    if not set_up(Kind.PUSH):
        raise PermissionDenied
    form = BrowserForm(request.POST, auto_id="id_push_%s")
    if form.is_valid():
        try:
            channel = ways.set_browser(**form.cleaned_data, instead_of=device.channel_of(request), by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Set. Send yourself a try-out, so that you know that it arrives.")
            response = redirect("channels")
            device.remember(response, channel.uuid)
            return response
    return _page(request, form)


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
    told = {
        Kind.EMAIL: "E-mail goes to your account’s own address again.",
        Kind.SMS: "Put away. No text message goes there any more.",
        Kind.PUSH: "Put away. No notification goes to that device any more.",
    }
    messages.success(request, told[Kind(this.kind)])
    return redirect("channels")


@public_page
@require_http_methods(["GET", "POST"])
def renew_browser(request: HttpRequest) -> HttpResponse:
    """For the service worker of a browser whose maker has given it a new subscription, whoever is signed in there or not."""
    channel = device.channel_of(request)
    if channel is None or not set_up(Kind.PUSH):
        raise Http404
    if request.method == "GET":
        return JsonResponse({"token": get_token(request), "key": push_public_key()})
    try:
        renewed = ways.renew_browser(channel=channel, subscription=json.loads(request.body[:10_000]))
    except (ValueError, RecursionError, NotASubscription, Refusal):
        return HttpResponse(status=400)
    if renewed is None:
        raise Http404
    response = HttpResponse(status=204)
    device.remember(response, renewed)
    return response


@public_page
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that works while no page is open. At the root, so that it may look after every page."""
    worker = render_to_string("network/sw.js", {"version": kept_parts.version(), "parts": kept_parts.parts()})
    return HttpResponse(worker, "text/javascript; charset=utf-8", headers={"Service-Worker-Allowed": "/"})


@public_page
@require_safe
def without_signal(request: HttpRequest) -> HttpResponse:
    """The page that a browser shows when the service cannot be reached. It is the same for everybody and names nobody."""
    return HttpResponse(render_to_string("network/without_signal.html"))


@public_page
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put this on its home screen, where an iPhone wants it before it shows notifications."""
    return HttpResponse(render_to_string("network/manifest.webmanifest"), "application/manifest+json")


def _page(request: StaffRequest, sent: Channelled | None = None) -> HttpResponse:
    """The page, with the form that was sent as it was filled in."""
    own = list(StaffChannel.objects.filter(staff=request.staff.pk).order_by("kind", "made_at", "pk"))
    active = [channel for channel in own if channel.active]
    trials = {
        message.staff_channel_id: message for message in Message.objects.trials().filter(staff_channel__in=active)
    }
    here = device.channel_of(request)
    for channel in active:
        channel.trial, channel.here = trials.get(channel.pk), channel.uuid == here  # type: ignore[attr-defined]
    this = next((channel for channel in active if channel.here), None)  # type: ignore[attr-defined]
    forms_shown = [
        sent
        if sent and sent.kind == form.kind
        else form(initial=_initial(request, form, active), auto_id=f"id_{form.kind.value}_%s")
        for form in (MailForm, NumberForm, BrowserForm)
    ]
    mail, number, browser = forms_shown
    context = {
        "channels": active,
        "lost": _lost(own),
        "mail": mail,
        "number": number if set_up(Kind.SMS) else None,
        "browser": browser if set_up(Kind.PUSH) else None,
        "push_key": push_public_key(),
        "here": _mark(this) if this else "",
        "form": sent or mail,
        "by_account": not any(channel.kind == Kind.EMAIL for channel in active),
        "nav": "duty",
    }
    return render(request, "network/channels.html", context)


def _mark(channel: StaffChannel) -> str:
    """By which the page knows that its browser still has this subscription; the endpoint itself is a secret of the browser's."""
    return hashlib.sha256(str((channel.subscription or {}).get("endpoint")).encode()).hexdigest()


def _initial(request: StaffRequest, form: type[Channelled], active: list[StaffChannel]) -> dict[str, str]:
    if form is BrowserForm:
        return {"device": kind_of_device(request.headers.get("User-Agent"))}
    now = next((channel.address for channel in active if channel.kind == form.kind), "")
    return {"address": now or (form is MailForm and request.user.email) or ""}


def _lost(own: list[StaffChannel]) -> list[StaffChannel]:
    """Devices that were lost without their owner's doing, lately, and not set up again under the same name."""
    again = {channel.device for channel in own if channel.active}
    since = timezone.now() - LOST
    return [
        channel
        for channel in own
        if channel.put_away_why in (Why.GONE, Why.OTHER)
        and channel.put_away_at
        and channel.put_away_at > since
        and channel.device not in again
    ]
