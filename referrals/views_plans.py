"""Pages of the escalation plans: who is told when, in words, and the form in which the lead changes that."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from network.fields import show_refusal
from network.models import Service, StaffChannel
from network.pages import StaffRequest, staff_page
from network.rules import Refusal
from network.templatetags.look import hours_minutes, listed
from referrals.actions import make_plan
from referrals.escalation import Subject
from referrals.forms_plans import PlanForm, StepFormSet, as_rows, not_set_up, plain
from referrals.models import EscalationPlan, PlanStep
from referrals.permissions import REFERRALS

PARTS = {"0.25": "a quarter", "0.333": "a third", "0.334": "a third", "0.5": "half", "0.666": "two thirds",
         "0.667": "two thirds", "0.75": "three quarters"}  # fmt: skip


@staff_page
@require_GET
def plans(request: StaffRequest) -> HttpResponse:
    """What holds for clocks that begin now."""
    service = request.staff.service
    shown = sorted(_current(service), key=lambda plan: Subject.values.index(plan.subject))
    rows = [
        {
            "plan": plan,
            "within": span(60 * (plan.hours or _hours(service, plan.subject))),
            "hold": span(plan.hold_minutes),
            "steps": in_words(list(plan.steps.all())),
        }
        for plan in shown
    ]
    used = {channel for plan in shown for step in plan.steps.all() for channel in step.channels}
    context = {"rows": rows, "may_change": REFERRALS["plan.make"](request.user, service), "missing": not_set_up(used)}
    return render(request, "referrals/plans.html", context | {"nav": "duty"})


@staff_page
@require_http_methods(["GET", "POST"])
def change_plan(request: StaffRequest, plan: UUID) -> HttpResponse:
    """The lead makes a new plan out of one that was there."""
    service = request.staff.service
    if not REFERRALS["plan.make"](request.user, service):
        raise Http404
    this = get_object_or_404(EscalationPlan.objects.filter(service=service).prefetch_related("steps"), uuid=plan)
    data = request.POST if request.method == "POST" else None
    first = {"hours": this.hours, "hold_minutes": this.hold_minutes}
    form = PlanForm(data, subject=this.subject, initial=first)
    steps = StepFormSet(data, prefix="steps", initial=as_rows(this))
    valid = steps.is_valid()
    if form.is_valid() and valid and _made(form, steps, this, request):
        messages.success(
            request,
            "Changed. It holds for clocks that begin from now on; those that run keep the plan they began with.",
        )
        return redirect("plans")
    context = {"form": form, "steps": steps, "plan": this, "nav": "duty"}
    return render(request, "referrals/change_plan.html", context)


def _made(form: PlanForm, steps: Any, plan: EscalationPlan, request: StaffRequest) -> bool:
    newest = EscalationPlan.objects.filter(service=plan.service_id, subject=plan.subject).order_by("-made_at", "-pk")
    if newest.first() != plan:
        form.add_error(None, "A colleague changed this plan meanwhile. Look at theirs before you change it again.")
        return False
    rows = [step for step in (row.step() for row in steps) if step]
    try:
        make_plan(service=request.staff.service, subject=plan.subject, steps=rows, **form.cleaned_data, by=request.user)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return False
    return True


def _current(service: Service) -> Any:
    newest = EscalationPlan.objects.filter(service=service).order_by("subject", "-made_at", "-pk").distinct("subject")
    return newest.select_related("made_by").prefetch_related("steps")


def _hours(service: Service, subject: str) -> int:
    """Where the clock of the referral says: the hours of the service."""
    hours = {Subject.URGENT: service.hours_urgent, Subject.VERY_URGENT: service.hours_very_urgent}
    return hours.get(Subject(subject), service.hours_reply)


def in_words(steps: list[PlanStep]) -> list[dict[str, str]]:
    """Each step: when, whom, by what, and what comes if nobody says that they have it."""
    labels = dict(StaffChannel.Kind.choices)
    return [
        {
            "when": _when(step),
            "whom": step.get_whom_display(),
            "by": listed(str(labels[kind]) for kind in labels if kind in step.channels),
            "wait": span(step.wait_minutes),
            "then": "the next is told" if number < len(steps) else "it begins anew",
        }
        for number, step in enumerate(steps, 1)
    ]


def span(minutes: int) -> str:
    """90 → 1 h 30 min; 2880 → 2 days."""
    days, rest = divmod(minutes, 24 * 60)
    if days > 1 and not rest:
        return f"{days} days"
    return hours_minutes(timedelta(minutes=minutes))


def _when(step: PlanStep) -> str:
    if step.share is not None:
        share = plain(step.share)
        if share == "0":
            return "At once"
        return (
            "At the deadline"
            if share == "1"
            else f"After {PARTS.get(share, f'{plain(step.share * 100)} %')} of the time"
        )
    minutes = step.minutes or 0
    if not minutes:
        return "At the deadline"
    return f"{span(abs(minutes))} {'before' if minutes < 0 else 'after'} the deadline"
