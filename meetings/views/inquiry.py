"""The log of readings, for an inquiry: only for the lead. Each search says what for, and those whose log it was see that."""

import csv
import io
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_safe

from meetings import mine
from meetings.actions import inquiry as actions
from meetings.forms.inquiry import InquiryForm
from meetings.models import Meeting
from meetings.permissions import MEETINGS
from meetings.reading import days
from meetings.views.pages import sent
from network.fields import show_refusal
from network.models import Inquiry, Member, Reading
from network.pages import StaffRequest, staff_page
from network.rules import Refusal
from referrals.models import Case
from referrals.similar import similar_offers

A_PAGE = 50
A_FILE = 5_000


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def inquire(request: StaffRequest) -> HttpResponse:
    """What for, and about whom. By POST: neither belongs into an address."""
    _only_the_lead(request)
    offers = similar_offers(request.POST.get("person", ""), "")
    form = InquiryForm(sent(request), service=request.staff.service, offers=offers)
    if request.method == "POST" and form.is_valid():
        said = {key: form.cleaned_data[key] for key in ("purpose", "reader", "first_day", "last_day")}
        case = Case.objects.filter(uuid=form.case).select_related("network").first() if form.case else None
        try:
            made = actions.inquire(**said, network=case.network if case else None, by=request.user)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("inquiry", made.uuid)
    before = Inquiry.objects.filter(service=request.staff.service).select_related("by")[:10]
    return render(request, "meetings/inquire.html", {"form": form, "before": before, "nav": "service"})


@staff_page
@require_safe
def found(request: StaffRequest, inquiry: UUID) -> HttpResponse:
    """What was read, the latest first; the next page begins where this one ends."""
    this = _inquiry(request, inquiry)
    rows = list(_readings(this, request.GET.get("before", ""))[: A_PAGE + 1])
    shown = rows[:A_PAGE]
    persons = _describe(this, shown)
    actions.log_what_was_shown(inquiry=this, networks=[row.network_id for row in shown])
    older = f"{shown[-1].at.isoformat()}_{shown[-1].pk}" if len(rows) > A_PAGE else ""
    person = persons.get(this.network_id, "")
    context = {"inquiry": this, "rows": shown, "older": older, "person": person, "first": "before" not in request.GET}
    return render(request, "meetings/inquiry.html", context | {"nav": "service", "most": A_FILE})


@staff_page
@require_safe
def as_csv(request: StaffRequest, inquiry: UUID) -> HttpResponse:
    """The same as a table for a spreadsheet, in which no cell is taken for a formula."""
    this = _inquiry(request, inquiry)
    rows = list(_readings(this, "")[:A_FILE])
    _describe(this, rows)
    actions.log_what_was_shown(inquiry=this, networks=[row.network_id for row in rows])
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["at", "who", "role", "of the team", "in need", "what", "whose record"])
    for row in rows:
        of_team = "no" if row.outside_team else "yes"
        need = "yes" if row.in_need else "no"
        cells = [
            timezone.localtime(row.at).isoformat(timespec="seconds"),
            row.reader_name,
            row.reader_role,
            of_team,
            need,
        ]
        table.writerow([_plain(cell) for cell in [*cells, row.words, row.person]])
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n") else cell


def _only_the_lead(request: StaffRequest) -> None:
    if not MEETINGS["log.search"](request.user, request.staff.service):
        raise Http404


def _inquiry(request: StaffRequest, uuid: UUID) -> Inquiry:
    _only_the_lead(request)
    own = Inquiry.objects.filter(service=request.staff.service, by=request.staff)
    return get_object_or_404(own.select_related("reader"), uuid=uuid)


def _readings(inquiry: Inquiry, before: str) -> Any:
    """By the index of whatever was asked for, from where the page before ended."""
    rows = Reading.objects.filter(service=inquiry.service_id)
    if inquiry.reader:
        rows = rows.filter(reader=inquiry.reader.user_id)
    if inquiry.network_id:
        rows = rows.filter(network=inquiry.network_id)
    if inquiry.first_day:
        rows = rows.filter(at__gte=_midnight(inquiry.first_day))
    if inquiry.last_day:
        rows = rows.filter(at__lt=_midnight(inquiry.last_day + timedelta(days=1)))
    if before:
        at, pk = _place(before)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk), at__lte=at)
    return rows.order_by("-at", "-pk")


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _place(text: str) -> tuple[datetime, int]:
    """Where a page ended; whatever else stands there leads nowhere."""
    at, _, pk = text.partition("_")
    try:
        moment = parse_datetime(at)
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment) or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        raise Http404
    return moment, int(pk)


def _describe(inquiry: Inquiry, rows: list[Any]) -> dict[int | None, str]:
    """Says of each row what was read and whose record it is; gives back the persons' names by their networks."""
    networks = {row.network_id for row in rows} | {inquiry.network_id}
    things = {row.thing for row in rows}
    held = Meeting.objects.filter(network__in=networks, uuid__in=things)
    dates = {one.uuid: days([one.started_at or one.starts_at]) for one in held}
    members = list(Member.objects.filter(Q(is_person=True) | Q(uuid__in=things), network__in=networks))
    names = {one.uuid: one.name for one in members}
    persons: dict[int | None, str] = {one.network_id: one.name for one in members if one.is_person}
    for row in rows:
        row.person = persons.get(row.network_id, "")
        row.words = mine.reading_words(row, dates.get(row.thing, ""), names.get(row.thing, ""))
        row.words = row.words.replace("your page", "the person’s page")
    return persons
