"""Pages of first contact: the board, taking a call, the public page, and what is recorded beside a clock."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from network.doors import PublicService, public_services
from network.fields import show_refusal
from network.models import Staff
from network.pages import StaffRequest, public_page, staff_page
from network.rules import Refusal, log_reading
from network.templatetags.look import when_text
from referrals import actions
from referrals.board import clock_state, read_board, running_first
from referrals.board_rows import draw
from referrals.doorstep import sender_of
from referrals.forms import (
    CallForm,
    CloseForm,
    ContactForm,
    FirstHeardForm,
    HandOverForm,
    JoinForm,
    NamedFormSet,
    ReferForm,
    TakeOverForm,
    ToldForm,
    UrgencyForm,
    chosen_clock,
)
from referrals.models import Case, Referral
from referrals.similar import similar_offers


@staff_page
@require_GET
def board(request: StaffRequest) -> HttpResponse:
    """Who is waiting, by the time that is left."""
    return render(request, "referrals/board.html", _board(request))


@staff_page
@require_GET
def board_rows(request: StaffRequest) -> HttpResponse:
    """What the board asks for anew each 15 seconds."""
    return render(request, "referrals/board_rows.html", _board(request))


@staff_page
@require_http_methods(["GET", "POST"])
def take_call(request: StaffRequest) -> HttpResponse:
    """One page that can be typed while listening."""
    if request.method != "POST":
        return _call_page(request, CallForm(), NamedFormSet(prefix="named"))
    form, named = CallForm(request.POST), NamedFormSet(request.POST, prefix="named")
    valid = form.is_valid() and named.is_valid()
    named.is_valid()
    offers = similar_offers(request.POST.get("person_name", ""), request.POST.get("call_back", ""))
    join = JoinForm(request.POST, offers=offers)
    asked = "join" in request.POST or not offers
    if valid and not asked:  # sent twice: the first one is what is similar
        asked = Referral.objects.filter(uuid=form.cleaned_data["uuid"]).exists()
    if valid and asked and join.is_valid():
        call = form.call() | join.cleaned_data["join"]
        call["named"] = [row for row in (one.cleaned_data for one in named) if row.get("name")]
        try:
            case = actions.take_call(**call, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return _call_taken(request, case, call)
    return _call_page(request, form, named, join, ask=valid and not asked)


@staff_page
@require_POST
def similar_cases(request: StaffRequest) -> HttpResponse:
    """Cases to join, for what is typed so far. Asked for by POST: a name does not belong into an address."""
    offers = similar_offers(request.POST.get("person_name", ""), request.POST.get("call_back", ""))
    chosen = request.POST.get("join", "")
    join = JoinForm(initial={"join": chosen if chosen in dict(offers) else ""}, offers=offers)
    return render(request, "referrals/similar.html", {"join": join, "offers": offers})


@public_page
@require_GET
def refer_where(request: HttpRequest) -> HttpResponse:
    """Which service: a choice only when there is more than one."""
    services = public_services()
    if len(services) == 1:
        return redirect("refer", services[0].slug)
    numbers = sorted({service.emergency_number for service in services})
    return render(request, "referrals/refer_where.html", {"services": services, "numbers": numbers})


@public_page
@require_http_methods(["GET", "POST"])
def refer(request: HttpRequest, slug: str) -> HttpResponse:
    """Anybody refers, in plain words. The answer is the same whoever the person is."""
    service = _public_service(slug)
    form = ReferForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.refer(service=service.slug, sender=sender_of(request), **form.call())
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("refer_thanks", service.slug)
    return render(request, "referrals/refer.html", {"form": form, "service": service, "service_name": service.name})


@public_page
@require_GET
def refer_thanks(request: HttpRequest, slug: str) -> HttpResponse:
    """What happens next, and whom to call now."""
    service = _public_service(slug)
    return render(request, "referrals/refer_thanks.html", {"service": service, "service_name": service.name})


@staff_page
@require_http_methods(["GET", "POST"])
def log_contact(request: StaffRequest, case: UUID) -> HttpResponse:
    """Called back, no answer, offered, declined: beside the clock."""
    this = _case(request, case)
    waits = this.timers.running().filter(kind="reply").exists()
    form = ContactForm(request.POST if request.method == "POST" else None, waits_for_reply=waits)
    if form.is_valid() and _done(form, actions.log_contact, case=this, **form.cleaned_data, by=request.user):
        return redirect(this)
    return _case_page(request, "referrals/log_contact.html", this, form, waits_for_reply=waits)


@staff_page
@require_http_methods(["GET", "POST"])
def correct_first_heard(request: StaffRequest, case: UUID) -> HttpResponse:
    """Moves the start of the clock; the original stays."""
    this = _case(request, case)
    timers = list(this.timers.running()) or [t for t in [running_first(this.timers.all())] if t]
    data = request.POST if request.method == "POST" else None
    form = FirstHeardForm(data, timers=timers, initial={"corrected": timers[0].first_heard_at if timers else None})
    if form.is_valid():
        wanted = {key: form.cleaned_data[key] for key in ("corrected", "reason")}
        if _done(form, actions.correct_first_heard, timer=chosen_clock(form), **wanted, by=request.user):
            return redirect(this)
    return _case_page(request, "referrals/correct_first_heard.html", this, form)


@staff_page
@require_http_methods(["GET", "POST"])
def change_urgency(request: StaffRequest, case: UUID) -> HttpResponse:
    """Other hours for a running clock."""
    this = _case(request, case)
    timers = list(this.timers.running())
    form = UrgencyForm(
        request.POST if request.method == "POST" else None,
        timers=timers,
        initial={"after": timers[0].urgency if len(timers) == 1 else ""},
    )
    if timers and form.is_valid():
        wanted = {key: form.cleaned_data[key] for key in ("after", "reason")}
        if _done(form, actions.change_urgency, timer=chosen_clock(form), **wanted, by=request.user):
            return redirect(this)
    return _case_page(request, "referrals/change_urgency.html", this, form, stopped=not timers)


@staff_page
@require_POST
def take_case(request: StaffRequest, case: UUID) -> HttpResponse:
    """From now on it is mine. Whoever comes second, from a board that is a moment old, is told who has it."""
    this = _case(request, case)
    try:
        actions.take_case(case=this, by=request.user)
    except Refusal as refusal:
        if refusal.rule == "case_changed_hands":
            return redirect("take_over", this.uuid)
        messages.warning(request, refusal.sentence)
    return redirect(this)


@staff_page
@require_http_methods(["GET", "POST"])
def take_over(request: StaffRequest, case: UUID) -> HttpResponse:
    """Who has it, and since when; from now on it is mine instead. Taken over is what was seen, and nothing that changed meanwhile."""
    this = _case(request, case)
    form = TakeOverForm(request.POST if request.method == "POST" else None, case=this)
    if this.taken_at and this.owner_id == request.staff.pk:
        return redirect(this)
    if form.is_valid() and _done(form, actions.take_over, case=this, by=request.user):
        return redirect(this)
    this.refresh_from_db(fields=["owner", "taken_at"])
    context = {"seen": TakeOverForm.seen_of(this)}
    return _case_page(request, "referrals/take_over.html", this, form, **context)


@staff_page
@require_http_methods(["GET", "POST"])
def hand_over(request: StaffRequest, case: UUID) -> HttpResponse:
    """Gives the case to a colleague, who is told."""
    this = _case(request, case)
    colleagues = Staff.objects.active().of_service(this.service).exclude(pk=this.owner_id)
    form = HandOverForm(request.POST if request.method == "POST" else None, staff=colleagues)
    if form.is_valid() and _done(form, actions.hand_over, case=this, to=form.cleaned_data["after"], by=request.user):
        return _back_to(request, this)
    return _case_page(request, "referrals/hand_over.html", this, form)


@staff_page
@require_http_methods(["GET", "POST"])
def caller_told(request: StaffRequest, case: UUID, referral: UUID) -> HttpResponse:
    """Later told yes, with the words as told then; or still no."""
    this = _case(request, case)
    one = get_object_or_404(this.referrals, uuid=referral)
    form = ToldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        words = {key: form.cleaned_data[key] for key in ("words", "safety")}
        knows = form.cleaned_data["answer"] == "yes"
        action, wanted = (actions.caller_told, words) if knows else (actions.caller_refuses, {})
        if _done(form, action, referral=one, **wanted, by=request.user):
            return redirect(this)
    return _case_page(request, "referrals/caller_told.html", this, form, referral=one)


@staff_page
@require_http_methods(["GET", "POST"])
def close_case(request: StaffRequest, case: UUID) -> HttpResponse:
    """The end of a case: decided together, or without a meeting and then with all that it takes."""
    this = _case(request, case)
    meetings = [
        (meeting.uuid, when_text(meeting.started_at, "cap"))
        for meeting in this.meetings.exclude(started_at=None).order_by("-started_at", "-pk")[:50]
    ]
    colleagues = Staff.objects.active().of_service(this.service).exclude(pk=request.staff.pk)
    offered = this.contacts.filter(kind__in=["offered", "declined"]).exclude(offered="")
    form = CloseForm(
        request.POST if request.method == "POST" else None,
        case=this,
        meetings=meetings,
        staff=colleagues,
        initial={"offers": "\n".join(f"{when_text(one.at, 'cap')}: {one.offered}" for one in offered)},
    )
    if form.is_valid() and _done(form, actions.close_case, case=this, **form.closure(), by=request.user):
        messages.success(request, "The case is closed. A later call opens a new one in the same network.")
        return _back_to(request, this)
    return _case_page(request, "referrals/close_case.html", this, form)


def _board(request: StaffRequest) -> dict[str, Any]:
    now = timezone.now()
    shown = read_board(request.user, show=request.GET.get("show", ""), page=request.GET.get("page", ""), now=now)
    drawn = draw(shown.rows, now=now, token=get_token(request), advice=request.staff.service.emergency_advice)
    return {"board": shown, "page": shown.page, "filters": shown.filters, "now": now, "drawn": drawn}


def _call_page(
    request: StaffRequest, form: CallForm, named: Any, join: JoinForm | None = None, *, ask: bool = False
) -> HttpResponse:
    service = request.staff.service
    hours = {
        "emergency": service.hours_very_urgent,
        "very_urgent": service.hours_very_urgent,
        "urgent": service.hours_urgent,
        "not_crisis": service.hours_reply,
    }
    offers = join.offers if join else []
    context = {"form": form, "named": named, "join": join, "offers": offers, "ask": ask, "service": service}
    more = ("safety", "language", "interpreter")
    context["more_open"] = any(form[name].value() or form[name].errors for name in more) or form["channel"].errors
    return render(request, "referrals/take_call.html", context | {"hours": hours, "now": timezone.now()})


def _call_taken(request: StaffRequest, case: Case, call: dict[str, Any]) -> HttpResponse:
    """To the case. Words that had to be left out stay on the screen until the caller has been told."""
    referral = case.referrals.select_related("timer").get(uuid=call["uuid"])
    if referral.timer.met_at:
        messages.success(
            request, "Saved. The person and the team have met since then: the clock of this call has stopped."
        )
    else:
        verb = "reply" if referral.timer.kind == "reply" else "meet"
        messages.success(request, f"Saved. The clock runs: {verb} before {when_text(referral.timer.due_at)}.")
    if call["told"] == Referral.Told.NOT_YET and (call["words"] or call["safety"]):
        form = ToldForm(initial={"words": call["words"], "safety": call["safety"]})
        return _case_page(request, "referrals/caller_told.html", case, form, referral=referral, just_saved=True)
    return redirect(case)


def _public_service(slug: str) -> PublicService:
    for service in public_services():
        if service.slug == slug:
            return service
    raise Http404


def _case(request: StaffRequest, uuid: UUID) -> Case:
    cases = Case.objects.visible_to(request.user).select_related("network", "service", "owner")
    return get_object_or_404(cases, uuid=uuid)


def _back_to(request: StaffRequest, case: Case) -> HttpResponse:
    """To the case, or to the board when it is no longer theirs to open: given away, or closed by an owner who is not of the team."""
    still_mine = Case.objects.visible_to(request.user).filter(pk=case.pk).exists()
    return redirect(case if still_mine else "board")


def _case_page(request: StaffRequest, template: str, case: Case, form: forms.Form, **context: Any) -> HttpResponse:
    """A page about one case: its reading is put on record, its clock stands on top."""
    log_reading("case", case.uuid, case.network)
    timer = running_first(case.timers.all())
    context |= {"case": case, "form": form, "timer": timer, "clock_state": clock_state(timer) if timer else ""}
    return render(request, template, context | {"now": timezone.now(), "nav": "board"})


def _done(form: forms.Form, action: Any, **wanted: Any) -> bool:
    """Does `action`; a refusal is shown on the form."""
    try:
        action(**wanted)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return False
    return True
