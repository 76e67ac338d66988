"""The members of a network: who they are, how to reach them, and the person's word on them."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from meetings.actions.members import add_member, change_member, member_comes_back, member_leaves
from meetings.forms.members import LeaveForm, MemberForm
from meetings.views.pages import case_of, case_page, me, sent
from network.fields import show_refusal
from network.models import Member
from network.pages import signed_in_page
from network.rules import Refusal


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
        if judged.is_valid():
            try:
                _save(request, who, form, leave if leaving else None)
            except Refusal as refusal:
                show_refusal(judged, refusal)
            else:
                return redirect("case", found.uuid)
    context = {"form": form, "leave": leave, "member": who, "person": found.network.person}
    return case_page(request, found, "meetings/member.html", context)


def _save(request: HttpRequest, who: Member, form: MemberForm, leave: LeaveForm | None) -> None:
    by = me(request)
    if leave:
        member_leaves(member=who, reason=leave.cleaned_data["left_reason"], by=by)
        messages.success(request, "Written down. What they said in meetings stays; they read nothing any more.")
        return
    change_member(member=who, details=form.details, contact=form.contact, word=form.word, by=by)
    messages.success(request, "Saved.")
