"""Meetings before they start: the list, the page of one, booking, moving, cancelling, who comes, who is asked, what they answer."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from meetings.actions.booking import (
    answer_invitation,
    book_meeting,
    cancel_meeting,
    change_invitations,
    change_who_comes,
    move_meeting,
)
from meetings.actions.telling import say_on_the_way, write_down_told
from meetings.agenda import free_slots, why_not
from meetings.diary import diary, page_of
from meetings.forms.booking import (
    AnswerForm,
    AppointmentForm,
    BookForm,
    CancelForm,
    MoveForm,
    OnTheWayForm,
    StaffForm,
    ToldByForm,
    as_typed,
    ask_forms,
)
from meetings.gather import gathered, unfold
from meetings.models import Invitation, Meeting, Told
from meetings.permissions import MEETINGS
from meetings.views.pages import case_page, me, sent
from network.fields import show_refusal
from network.models import Member, Network, Staff, TeamMember
from network.pages import StaffRequest, signed_in_page, staff_page
from network.permissions import require
from network.rules import Refusal, log_reading
from referrals.models import Case


@staff_page
@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """My meetings, today first; for those who oversee the service, all that are to come."""
    return render(
        request,
        "meetings/meetings.html",
        {"diary": diary(me(request), only_mine=request.GET.get("mine") == "1"), "nav": "meetings"},
    )


@signed_in_page
@require_safe
def meeting(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """One meeting: for staff and the person all of it, for an invited member when, where, who comes, and their own answer."""
    page = page_of(me(request), meeting)
    log_reading("meeting", page.meeting.uuid, page.meeting.network)
    template = "meetings/meeting.html" if page.whole else "meetings/meeting_invited.html"
    return render(
        request, template, {"page": page, "meeting": page.meeting, "hows": Told.How.choices, "nav": "meetings"}
    )


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, case: UUID) -> HttpResponse:
    """Book: who comes, when all of them are free, where, and whom the person wants there."""
    found, members, home = _case_and_members(request, case)
    team, others = _clinicians(found.network)
    if not team and not found.closed_at:
        messages.info(request, "Choose a team first: the same clinicians come to every meeting.")
        return redirect("team", found.uuid)
    person = next(one for one in members if one.is_person)
    look = "look" in request.POST
    given: dict[str, Any] = {"team": team, "others": others, "home": home}
    form, asks = _booking_forms(request, found, given, members, person, look=look)
    if request.method == "POST" and not look and all([form.is_valid(), *(ask.is_valid() for ask in asks)]):
        try:
            booked = book_meeting(
                case=found,
                appointment=form.appointment,
                staff=form.chosen,
                members=[ask.member for ask in asks if ask.invited],
                words={ask.member: ask.word for ask in asks if ask.word},
                by=me(request),
                uuid=form.cleaned_data["uuid"],
            )
        except Refusal as refusal:
            _show(form, refusal, form.chosen)
        else:
            messages.success(request, "Booked. Everybody with an e-mail address is told once.")
            return redirect("meeting", booked.uuid)
    context = {"form": form, "asks": asks, "person": person, "unwanted": [m for m in members if m.wanted is False]}
    return case_page(request, found, "meetings/book.html", context)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Another time or place."""
    found = _meeting_of(request, meeting)
    comes = _coming(found)
    typed = _minutes(request.POST, found)
    slots = free_slots(
        comes, minutes=typed["minutes"], travel_minutes=typed["travel_minutes"], due_at=found.case.due_at, but=found
    )
    home = _home(_members(found.network))
    keep: dict[str, Any] = {"slots": slots, "home": home, "keep": found.starts_at}
    look = "look" in request.POST
    form = MoveForm(sent(request), **keep, initial=_as_it_is(found))
    if look:
        form = MoveForm(**keep, initial=as_typed(form))
    if request.method == "POST" and not look and form.is_valid():
        try:
            seen = form.cleaned_data["seen_moves"]
            move_meeting(meeting=found, appointment=form.appointment, seen_moves=seen, by=me(request))
        except Refusal as refusal:
            _show(form, refusal, comes, but=found)
        else:
            messages.success(request, _told(found, "Moved. Everybody is asked anew, and told once."))
            return redirect("meeting", found.uuid)
    return _meeting_page(request, found, "meetings/meeting_move.html", {"form": form})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """It does not take place."""
    found = _meeting_of(request, meeting)
    form = CancelForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            cancel_meeting(meeting=found, reason=form.cleaned_data["cancelled_reason"], by=me(request))
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _told(found, "Cancelled. Everybody is told once."))
            return redirect("case", found.case.uuid) if _sees_case(request, found) else redirect("meetings")
    return _meeting_page(request, found, "meetings/meeting_cancel.html", {"form": form})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_staff(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Who of the team comes, and who covers this once."""
    found = _meeting_of(request, meeting)
    team, others = _clinicians(found.network)
    coming = _coming(found)
    keys = {"staff": [str(one.uuid) for one in coming if one in team], "cover": [str(one.uuid) for one in coming]}
    form = StaffForm(sent(request), team=team, others=others, initial=keys)
    if request.method == "POST" and form.is_valid():
        try:
            change_who_comes(meeting=found, staff=form.chosen, by=me(request))
        except Refusal as refusal:
            _show(form, refusal, [one for one in form.chosen if one not in coming], but=found, at=found)
        else:
            messages.success(request, "Changed. Tell the person who comes: it is their meeting.")
            return redirect("meeting", found.uuid)
    return _meeting_page(request, found, "meetings/meeting_staff.html", {"form": form})


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, meeting: UUID) -> HttpResponse:
    """Whom the person wants there: written down by staff, or chosen by the person."""
    found = _meeting_of(request, meeting)
    members = _members(found.network)
    person = next(one for one in members if one.is_person)
    asked = found.invitations.filter(withdrawn_at=None).values_list("member", flat=True)
    asks = ask_forms(members, person, data=sent(request), asked=set(asked))
    trouble = forms.Form(sent(request))
    if request.method == "POST" and all([trouble.is_valid(), *(ask.is_valid() for ask in asks)]):
        try:
            change_invitations(
                meeting=found,
                members=[ask.member for ask in asks if ask.invited],
                words={ask.member: ask.word for ask in asks if ask.word},
                by=me(request),
            )
        except Refusal as refusal:
            show_refusal(trouble, refusal)
        else:
            messages.success(request, "Saved. Who is newly asked and has an e-mail address is told once.")
            return redirect("meeting", found.uuid)
    context = {
        "form": trouble,
        "asks": asks,
        "person": person,
        "unwanted": [one for one in members if one.wanted is False],
        "own": person.user_id == request.user.pk,
    }
    return _meeting_page(request, found, "meetings/meeting_invite.html", context)


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, meeting: UUID, invitation: UUID) -> HttpResponse:
    """Whether somebody comes: said by themselves, or on the phone to staff."""
    page = page_of(me(request), meeting)
    rows = Invitation.objects.filter(meeting=page.meeting, withdrawn_at=None).select_related("member", "network")
    asked = get_object_or_404(rows, uuid=invitation)
    own = asked.member.user_id == request.user.pk
    if not own and not (page.whole and me(request).staff):
        raise Http404
    initial = {"answer": asked.answer, "reason": asked.reason, "seen_moves": page.meeting.moves}
    form = AnswerForm(sent(request), initial=initial)
    readers = "The team" if asked.member.is_person or not page.person else f"The team and {page.person.name}"
    form.fields[
        "reason"
    ].help_text = f"{readers} read this before the meeting. If it cannot wait, call: the number is below."
    if not own:
        form.fields["reason"].help_text = "The person can read this."
        form.fields["answer"].label = f"Does {asked.member.name} come?"
        form.fields["reason"].label = "What they said about it, in their words"
    if request.method == "POST" and form.is_valid():
        try:
            answer_invitation(invitation=asked, by=me(request), **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Thank you. Your answer is kept." if own else "Written down.")
            return redirect("meeting", page.meeting.uuid)
    return _meeting_page(
        request, page.meeting, "meetings/answer.html", {"form": form, "asked": asked, "own": own, "page": page}
    )


@staff_page
@require_POST
def told(request: StaffRequest, meeting: UUID, invitation: UUID) -> HttpResponse:
    """Somebody whom no e-mail reaches has been told, by phone, on paper or in person."""
    this = _meeting_of(request, meeting)
    asked = get_object_or_404(this.invitations.filter(withdrawn_at=None).select_related("network"), uuid=invitation)
    form = ToldByForm(request.POST)
    try:
        if form.is_valid():
            write_down_told(invitation=asked, **form.cleaned_data, by=request.user)
            messages.success(request, "Written down.")
        else:
            messages.warning(request, "Say how they were told.")
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("meeting", this.uuid)


@staff_page
@require_POST
def on_the_way(request: StaffRequest, meeting: UUID) -> HttpResponse:
    """One tap before a meeting where no signal is expected; another takes it back."""
    this = _meeting_of(request, meeting)
    form = OnTheWayForm(request.POST)
    require(MEETINGS, "record.write", request.user, this.network)
    try:
        if form.is_valid():
            say_on_the_way(meeting=this, **form.cleaned_data, by=request.user)
            going = form.cleaned_data["going"]
            said = (
                "The board says that you are on the way. The clock runs until you have met." if going else "Taken back."
            )
            messages.success(request, said)
        else:
            messages.warning(request, "That could not be read. Please try again.")
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("meeting", this.uuid)


def _meeting_of(request: HttpRequest, uuid: UUID) -> Meeting:
    """A meeting that one may open whole; whether one may change it, the action asks."""
    rows = Meeting.objects.visible_to(request.user).select_related("network", "service", "case")
    return get_object_or_404(rows, uuid=uuid)


def _meeting_page(request: HttpRequest, meeting: Meeting, template: str, context: dict[str, Any]) -> HttpResponse:
    log_reading("meeting", meeting.uuid, meeting.network)
    return render(request, template, {"meeting": meeting, "nav": "meetings"} | context)


def _clinicians(network: Network) -> tuple[list[Staff], list[Staff]]:
    """Those of the team, and the others of the service."""
    in_team = TeamMember.objects.current().filter(network=network, staff=OuterRef("pk"))
    rows = Staff.objects.active().clinicians().filter(service=network.service_id).annotate(ours=Exists(in_team))
    clinicians = list(rows)
    return [one for one in clinicians if one.ours], [one for one in clinicians if not one.ours]


def _members(network: Network) -> list[Member]:
    members: QuerySet[Member] = network.members.current().select_related("contact")
    return list(members)


def _case_and_members(request: HttpRequest, uuid: UUID) -> tuple[Case, list[Member], str]:
    """The case, its members and the person's home in one query."""
    columns = ("id", "uuid", "name", "is_person", "relation", "wanted", "wanted_word", "network_id", "service_id")
    rows = gathered(
        Member.objects.current().filter(network=OuterRef("network")), *columns, home=F("contact__home_address")
    )
    cases = Case.objects.visible_to(request.user).select_related("network", "service").annotate(member_rows=rows)
    found: Any = get_object_or_404(cases, uuid=uuid)
    members = unfold(found.member_rows)
    home = next(one.home for one in members if one.is_person)
    return found, [Member(**{name: getattr(one, name) for name in columns}) for one in members], home or ""


def _home(members: Sequence[Member]) -> str:
    person = next(one for one in members if one.is_person)
    contact = getattr(person, "contact", None)
    return contact.home_address if contact else ""


def _coming(meeting: Meeting) -> list[Staff]:
    return [one.staff for one in meeting.staffing.filter(active=True).select_related("staff")]


def _minutes(data: Any, meeting: Meeting | None = None) -> dict[str, int]:
    """What was typed of length and travel, where it makes sense; else as it is."""
    length = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60) if meeting else 90
    usual = {"minutes": length, "travel_minutes": meeting.travel_minutes if meeting else 20}
    typed = {}
    for name, most in (("minutes", 480), ("travel_minutes", 600)):
        text = str(data.get(name, "")).strip()
        fits = text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= most
        typed[name] = int(text) if fits else usual[name]
    return typed | {"minutes": max(15, typed["minutes"])}


def _booking_forms(
    request: HttpRequest, case: Case, given: dict[str, Any], members: list[Member], person: Member, *, look: bool
) -> tuple[BookForm, list[Any]]:
    data = sent(request)
    known = {str(one.uuid): one for one in [*given["team"], *given["others"]]}
    picked = [known[key] for key in request.POST.getlist("staff") + request.POST.getlist("cover") if key in known]
    typed = _minutes(request.POST)
    slots = free_slots(
        picked if data else given["team"],
        minutes=typed["minutes"],
        travel_minutes=typed["travel_minutes"],
        due_at=case.due_at,
    )
    given = given | {"slots": slots}
    form, asks = BookForm(data, **given), ask_forms(members, person, data=data)
    if look:
        shown = as_typed(form)
        if shown["slot"] != "other":
            del shown["slot"]  # the times are proposed anew
        form = BookForm(**given, initial=shown)
        asks = [type(ask)(member=ask.member, person=person, initial=as_typed(ask)) for ask in asks]
    return form, asks


def _as_it_is(meeting: Meeting) -> dict[str, Any]:
    minutes = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)
    return {
        "seen_moves": meeting.moves,
        "minutes": minutes,
        "travel_minutes": meeting.travel_minutes,
        "slot": meeting.starts_at.isoformat(),
        "place": meeting.place,
        "address": meeting.address,
    }


def _show(
    form: forms.Form, refusal: Refusal, staff: Sequence[Staff], *, but: Meeting | None = None, at: Meeting | None = None
) -> None:
    """The sentence of the rule; for a clash, who has something else and until when."""
    why = ""
    if refusal.rule == "staff_not_in_two_places":
        when = at or (form.appointment if isinstance(form, AppointmentForm) else None)
        why = why_not(staff, when.starts_at, when.ends_at, when.travel_minutes, but=but) if when else ""
    show_refusal(form, refusal)
    if why:
        form.add_error(None, why)


def _told(meeting: Meeting, sentence: str) -> str:
    """Who is not reached by e-mail has to be told by somebody: they stand on the page, and no notice names them."""
    without = meeting.invitations.filter(withdrawn_at=None, member__contact__email="").exists()
    return f"{sentence} Somebody has no e-mail: please tell them, as it stands below." if without else sentence


def _sees_case(request: HttpRequest, meeting: Meeting) -> bool:
    return type(meeting.case).objects.visible_to(request.user).filter(pk=meeting.case_id).exists()
