"""Pages of the duty: who has it now, who has it when, and who takes it over."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from network.fields import show_refusal
from network.models import Service
from network.pages import StaffRequest, staff_page
from network.rules import Refusal
from referrals.actions import plan_turns, swap_turn, take_duty, take_out_turn
from referrals.forms_rota import DutyForm, SwapForm, TakeOutForm, TurnsForm
from referrals.models import OnCall
from referrals.permissions import ROTA
from referrals.rota import Gap, gaps

WEEKS = range(-52, 53)  # from this one: those that the page shows


@staff_page
@require_http_methods(["GET", "POST"])
def duty(request: StaffRequest) -> HttpResponse:
    """Who takes what nobody has taken. Everybody sees it; a coordinator or lead changes it."""
    service = Service.objects.select_related("on_duty").get(pk=request.staff.service_id)
    may_change = ROTA["rota.plan"](request.user, service)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    running = service.rota.standing().filter(role=OnCall.Role.COORDINATOR, period__contains=timezone.now())
    turn = running.select_related("staff").first()
    on_duty = turn.staff if turn else service.on_duty
    form = DutyForm(request.POST if request.method == "POST" else None, service=service, initial={"on_duty": on_duty})
    if may_change and form.is_valid():
        try:
            if form.cleaned_data["on_duty"] != on_duty:
                take_duty(service=service, staff=form.cleaned_data["on_duty"], by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Changed. The board shows it from now on.")
            return redirect("duty")
    context = {
        "service": service,
        "on_duty": on_duty,
        "turn": turn,
        "form": form if may_change else None,
        "nav": "duty",
    }
    return render(request, "referrals/duty.html", context)


@staff_page
@require_http_methods(["GET", "POST"])
def on_call(request: StaffRequest) -> HttpResponse:
    """The rota of a week, and what of the next seven days reaches nobody. Coordinators and leads plan it."""
    service = request.staff.service
    may_plan = ROTA["rota.plan"](request.user, service)
    if request.method == "POST" and not may_plan:
        raise PermissionDenied
    monday = _monday(request.GET.get("week", ""))
    first = {"begin": max(_morning(monday), _next_hour()), "end": _morning(monday + timedelta(days=7))}
    form = TurnsForm(request.POST if request.method == "POST" else None, service=service, initial=first)
    if may_plan and form.is_valid():
        turns = form.turns()
        try:
            plan_turns(service=service, role=form.cleaned_data["role"], turns=turns, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Planned.")
            return redirect(_address(timezone.localtime(turns[0][1]).date()))
    context = _week(request, service, monday) | {"form": form if may_plan else None, "nav": "duty"}
    return render(request, "referrals/on_call.html", context)


@staff_page
@require_http_methods(["GET", "POST"])
def swap(request: StaffRequest, turn: UUID) -> HttpResponse:
    """Somebody else takes a turn, or a part of it."""
    this = _turn(request, turn)
    form = SwapForm(request.POST if request.method == "POST" else None, turn=this)
    if form.is_valid():
        try:
            swap_turn(turn=this, **form.cleaned_data, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Swapped. Who had it before stays in sight under the week.")
            return redirect(_address(timezone.localtime(this.period.lower).date()))
    may_plan = ROTA["rota.plan"](request.user, this.service)
    context = {"form": form, "turn": this, "take_out": TakeOutForm(prefix="out") if may_plan else None, "nav": "duty"}
    context["back"] = _address(timezone.localtime(this.period.lower).date())
    return render(request, "referrals/swap_turn.html", context)


@staff_page
@require_POST
def take_out(request: StaffRequest, turn: UUID) -> HttpResponse:
    """A turn that nobody has any more. The hole stays on top of the page until somebody fills it."""
    this = _turn(request, turn, only_planners=True)
    form = TakeOutForm(request.POST, prefix="out")
    if not form.is_valid():
        messages.warning(request, " ".join(map(str, form.errors["why"])))
        return redirect("swap_turn", this.uuid)
    try:
        take_out_turn(turn=this, why=form.cleaned_data["why"], by=request.user)
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, "Taken out. Nobody has this turn now.")
    return redirect(_address(timezone.localtime(this.period.lower).date()))


def _turn(request: StaffRequest, uuid: UUID, *, only_planners: bool = False) -> OnCall:
    """A turn that the reader may change: their own, or any of the service for whoever plans."""
    turns = OnCall.objects.standing().filter(service=request.staff.service).select_related("staff", "service")
    if not ROTA["rota.plan"](request.user, request.staff.service):
        turns = turns.none() if only_planners else turns.filter(staff=request.staff.pk)
    return get_object_or_404(turns, uuid=uuid)


def _week(request: StaffRequest, service: Service, monday: date) -> dict[str, Any]:
    """Turns and holes of a week by role, what was swapped in it, and the gaps of the next seven days."""
    begin, end, now = _morning(monday, 0), _morning(monday + timedelta(days=7), 0), timezone.now()
    kept = Prefetch("replaced_with", OnCall.objects.select_related("staff").order_by("period", "pk"))
    turns = list(
        service.rota.filter(period__overlap=DateTimeTZRange(begin, end))
        .select_related("staff", "replaced_by")
        .prefetch_related(kept)
        .order_by("period", "pk")
    )
    plans = ROTA["rota.plan"](request.user, service)
    for turn in turns:
        turn.may_swap = turn.period.upper > now and (plans or turn.staff_id == request.staff.pk)  # type: ignore[attr-defined]
        turn.is_now = turn.period.lower <= now < turn.period.upper  # type: ignore[attr-defined]
        turn.others = [one for one in turn.replaced_with.all() if one.staff_id != turn.staff_id]  # type: ignore[attr-defined]
    this_monday = _monday("")
    weeks = {
        name: _address(monday + timedelta(days=days)) if _shown(monday + timedelta(days=days)) else ""
        for name, days in (("before", -7), ("after", 7))
    }
    return {
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "this_week": monday == this_monday,
        "weeks": weeks,
        "roles": [
            (label, _with_holes([t for t in turns if t.role == role and not t.replaced_at], begin, end))
            for role, label in OnCall.Role.choices
        ],
        "swaps": [turn for turn in turns if turn.replaced_at],
        "gaps": _by_kind(gaps(service, now, now + timedelta(days=7))),
        "now": now,
    }


def _by_kind(found: list[Gap]) -> list[tuple[str, str, list[Gap]]]:
    """Role, what is wrong, and when: the worst first."""
    return [
        (label, what, those)
        for what in ("nobody", "stands_in", "not_set_up")
        for role, label in OnCall.Role.choices
        if (those := [gap for gap in found if (gap.role, gap.what) == (role, what)])
    ]


def _with_holes(turns: list[OnCall], begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """The turns in order, with the spans between them that are nobody's."""
    rows: list[dict[str, Any]] = []
    for turn in turns:
        if turn.period.lower > begin:
            rows.append({"begin": begin, "end": turn.period.lower})
        rows.append({"begin": turn.period.lower, "end": turn.period.upper, "turn": turn})
        begin = max(begin, turn.period.upper)
    return [*rows, {"begin": begin, "end": end}] if begin < end else rows


def _monday(typed: str) -> date:
    """The Monday of the week that is asked for; of this one when that is no day, or too far away."""
    try:
        asked = date.fromisoformat(typed)
    except ValueError:
        asked = timezone.localdate()
    if not _shown(asked):
        asked = timezone.localdate()
    return asked - timedelta(days=asked.weekday())


def _shown(asked: date) -> bool:
    today = timezone.localdate()
    return (asked.toordinal() - today.toordinal() + today.weekday()) // 7 in WEEKS


def _morning(day: date, hour: int = 8) -> datetime:
    return datetime.combine(day, time(hour), timezone.get_current_timezone())


def _next_hour() -> datetime:
    return timezone.localtime().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _address(day: date) -> str:
    return f"{reverse('on_call')}?week={day - timedelta(days=day.weekday())}"
