"""The members of a network: who they are, how to reach them, and the person's word on them."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from meetings.actions.members import add_member, change_member, member_comes_back, member_leaves, same_person
from meetings.forms.members import HandOverForm, LeaveForm, MemberForm
from meetings.forms.notes import HeardForm
from meetings.models import Invitation, Meeting, Presence
from meetings.permissions import MEETINGS
from meetings.reading import untold
from meetings.room import namesake
from meetings.views.pages import case_of, case_page, me, sent
from network import codes
from network.actions import letting_in
from network.actions.consent import end_pause, pause_reader
from network.channels import set_up
from network.fields import show_refusal
from network.models import Member, WayIn
from network.pages import signed_in_page, staff_page
from network.permissions import in_team, require
from network.rules import Refusal
from network.templatetags.look import when_text
from referrals.models import Case


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def member_new(request: HttpRequest, case: UUID) -> HttpResponse:
    """Somebody who is named: by staff, or by the person."""
    found = case_of(request, case)
    form = MemberForm(sent(request), person=found.network.person)
    if request.method == "POST" and form.is_valid():
        if found.network.members.filter(uuid=form.cleaned_data["uuid"]).exists():
            return redirect("case", found.uuid)
        by = me(request)
        details = form.details | {"named_by": str(by.staff or found.network.person)}
        try:
            add_member(
                network=found.network, details=details, contact=form.contact, word=form.word, by=by, uuid=form.cleaned_data["uuid"]
            )  # fmt: skip
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Added. Nothing is sent to them before they are invited.")
            return redirect("case", found.uuid)
    return case_page(request, found, "meetings/member.html", {"form": form, "person": found.network.person})


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, case: UUID, member: UUID) -> HttpResponse:
    """What is known of somebody, to read and to change."""
    found = case_of(request, case)
    who = get_object_or_404(found.network.members, uuid=member)
    leaving = "leave" in request.POST
    form = MemberForm(None if leaving else sent(request), person=found.network.person, member=who)
    leave = LeaveForm(request.POST if leaving else None)
    judged: forms.Form = leave if leaving else form
    if request.method == "POST":
        if "back" in request.POST:
            member_comes_back(member=who, by=me(request))
            messages.success(request, "They are of the network again. Ask the person anew whether they may be invited.")
            return redirect("member", found.uuid, who.uuid)
        if "same" in request.POST:
            return _joined(request, found, who)
        if judged.is_valid():
            try:
                _save(request, who, form, leave if leaving else None)
            except Refusal as refusal:
                show_refusal(judged, refusal)
            else:
                return redirect("case", found.uuid)
    context = {"form": form, "leave": leave, "member": who, "person": found.network.person, "ways": _ways(who)}
    if not who.left_at and Presence.objects.filter(uuid=who.uuid).exists():  # named in a meeting
        context["namesake"] = namesake(who, found.network.members.current().order_by("pk"))
    return case_page(request, found, "meetings/member.html", context)


def _joined(request: HttpRequest, case: Case, who: Member) -> HttpResponse:
    """Said with one tap: two phones had named one person. Whoever came from an open record goes back there."""
    named = [one for one in case.network.members.current() if str(one.uuid) == request.POST["same"]]
    other = namesake(who, named)
    if other is None:
        raise Http404
    try:
        same_person(member=who, other=other, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("member", case.uuid, who.uuid)
    messages.success(request, "Written down. They are one person here from now on.")
    going_on = Meeting.objects.filter(presences__uuid=who.uuid, status=Meeting.Status.STARTED).first()
    return redirect("record", going_on.uuid) if going_on and me(request).staff else redirect("case", case.uuid)


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, case: UUID, member: UUID) -> HttpResponse:
    """The team writes down that the person wants somebody to read nothing for a while; and later, that they may again."""
    found = case_of(request, case)
    others = found.network.members.current().filter(is_person=False)
    who = get_object_or_404(others.select_related("network", "service"), uuid=member)
    by = me(request)
    if not in_team(by, found.network):
        raise Http404
    standing = who.pauses.open().first()
    form = HeardForm(sent(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            if standing:
                end_pause(member=who, where=said["where"], witness=said["witness"], by=by)
                messages.success(request, "Written down. What was given before holds again.")
            else:
                pause_reader(member=who, by=by, **said)
                messages.success(request, "Written down. They read nothing until the person says otherwise.")
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("pause_reader", found.uuid, who.uuid)
    context = {
        "form": form, "member": who, "person": found.network.person, "untold": untold(who.name), "standing": standing,
        "last": who.pauses.order_by("-began_at", "-pk").first(),
    }  # fmt: skip
    return case_page(request, found, "meetings/pause.html", context)


@staff_page
@require_POST
def let_in(request: HttpRequest, case: UUID, member: UUID) -> HttpResponse:
    """A link is sent, a note is made, or what was made is revoked."""
    found = case_of(request, case)
    who = get_object_or_404(found.network.members, uuid=member)
    require(MEETINGS, "member.let_in", me(request), found.network)
    if "revoke" in request.POST:
        for way in who.ways_in.filter(revoked_at=None).order_by("pk"):
            if str(way.uuid) == request.POST["revoke"]:
                letting_in.revoke_way_in(way=way, by=me(request))
                ended = " Whoever signed in with it is signed out." if way.used_at else ""
                messages.success(request, f"Revoked. It opens nothing any more.{ended}")
        return redirect("member", found.uuid, who.uuid)
    kind = request.POST.get("kind", "")
    try:
        letting_in.make_way_in(member=who, kind=kind, by=me(request))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("member", found.uuid, who.uuid)
    if kind == WayIn.Kind.PAPER:
        return redirect("note_to_hand_over", found.uuid, who.uuid)
    messages.success(
        request, "A link is on its way. It shows nothing but a button, and asks for a code that goes the same way."
    )
    return redirect("member", found.uuid, who.uuid)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_to_hand_over(request: HttpRequest, case: UUID, member: UUID) -> HttpResponse:
    """What is printed and handed over to somebody without e-mail and telephone; and that it was."""
    found = case_of(request, case)
    who = get_object_or_404(found.network.members, uuid=member)
    require(MEETINGS, "member.let_in", me(request), found.network)
    way = who.ways_in.filter(kind=WayIn.Kind.PAPER, handed_at=None, revoked_at=None).first()
    if way is None:
        return redirect("member", found.uuid, who.uuid)
    form = HandOverForm(sent(request), initial={"handed_to": who.name})
    next_time = _next_time(who)
    if request.method == "POST" and form.is_valid():
        told = "a way to sign in, whom to call" + (f", the next time: {when_text(next_time)}" if next_time else "")
        try:
            letting_in.hand_over_note(way=way, to=form.cleaned_data["handed_to"], told=told, by=me(request))
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Written down. The note works from now on, once.")
            return redirect("member", found.uuid, who.uuid)
    context = {
        "form": form, "member": who, "letters": codes.note_of(way.uuid), "next_time": next_time,
        "site": f"{settings.SITE_URL}/in/".partition("://")[2],
    }  # fmt: skip
    return case_page(request, found, "meetings/note_to_hand_over.html", context)


def _next_time(who: Member) -> Any:
    """When they are next asked to come."""
    asked = Invitation.objects.filter(member=who, withdrawn_at=None, meeting__status=Meeting.Status.BOOKED)
    coming = asked.filter(meeting__starts_at__gt=timezone.now()).order_by("meeting__starts_at")
    return coming.values_list("meeting__starts_at", flat=True).first()


def _ways(who: Member) -> dict[str, Any]:
    """How they were let in, and what can be made for them now."""
    made = list(who.ways_in.select_related("made_by", "handed_by", "revoked_by"))
    contact = getattr(who, "contact", None)
    reached = contact and (contact.email or contact.phone)
    return {
        "made": made,
        "email": contact and contact.email,
        "sms": contact and not contact.email and contact.phone and set_up("sms"),
        "paper": not reached,
        "used": any(way.used_at and not way.revoked_at for way in made),
        "wanted": who.is_person or who.wanted,
    }


def _save(request: HttpRequest, who: Member, form: MemberForm, leave: LeaveForm | None) -> None:
    by = me(request)
    if leave:
        member_leaves(member=who, reason=leave.cleaned_data["left_reason"], by=by)
        messages.success(request, "Written down. What they said in meetings stays; they read nothing any more.")
        return
    change_member(member=who, details=form.details, contact=form.contact, word=form.word, by=by)
    messages.success(request, "Saved.")
