"""The person's own page and that of family and friends: what waits, who may read, who has read, how to ask for a meeting."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from meetings import mine
from meetings.actions import sharing
from meetings.forms.my import BringForm, MessagesForm, ReaderForm, WishForm
from meetings.log import described, folded
from meetings.models import Meeting
from meetings.reading import Change, change_of, day_after, days, last_date, may_read_words, paused_words, untold
from network.actions import consent, joining
from network.actions.consent import choose_time_in_messages
from network.models import Consent, Member, MemberContact, Reading
from network.pages import signed_in_page
from network.rules import Refusal, log_reading

READINGS_A_PAGE = 50
NAMED, TRIES, MOST_TRIES = (
    "named",
    "name_tries",
    5,
)  # in the session: under which names somebody may be asked whether that is them
OTHER_NAME = "That is not the name that was written down. Try the one by which the team knows you, or call the team."
NO_MORE_NAMES = "That is not the name that was written down. Please call the team you know."


@signed_in_page
@require_safe
def my(request: HttpRequest) -> HttpResponse:
    """What somebody finds when they have signed in: each network they belong to, their own first."""
    parts, waiting = mine.parts_of(request.user), joining.waiting_memberships()
    if waiting and not parts:
        return redirect("join")
    for part in parts:
        if part.for_person:
            log_reading("person_page", part.member.network.uuid, part.member.network)
    return render(request, "meetings/my.html", {"parts": parts, "waiting": waiting, "greeting": mine.greeting()})


@signed_in_page
@require_safe
def readers(request: HttpRequest) -> HttpResponse:
    """Who may read, one by one."""
    own = own_networks(request)
    for one in own:
        one.readers = list(mine.readers_of(one.network_id).filter(is_person=False))
        for reader in one.readers:
            reader.may_read, reader.paused = may_read_words(reader), paused_words(reader)
            reader.reads_something = bool(reader.covers or reader.singles)
            reader.untold = untold(reader.name)
        log_reading("person_page", one.network.uuid, one.network)
    return render(request, "meetings/readers.html", {"own": own})


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def reader(request: HttpRequest, member: UUID) -> HttpResponse:
    """What one member may read. Giving is confirmed in words; taking back is done at once."""
    networks = [one.network_id for one in own_networks(request)]
    found = get_object_or_404(
        Member.objects.current().filter(network__in=networks, is_person=False).select_related("network", "service"),
        uuid=member,
    )
    if "pause" in request.POST:
        return _pause(request, found)
    held = list(Meeting.objects.filter(network=found.network).held())
    form = reader_form(request.POST or None, held, initial=_chosen_before(request) or reads_now(found, held))
    change = None
    if request.method == "POST" and form.is_valid():
        change = change_by(found, held, form.cleaned_data)
        if not change.opens or request.POST.get("sure"):
            return _let_read(request, change)
    log_reading("person_page", found.network.uuid, found.network)
    template = "meetings/reader_sure.html" if change else "meetings/reader.html"
    context = {
        "member": found,
        "form": form,
        "change": change,
        "untold": untold(found.name),
        "paused": found.pauses.open().first(),
    }
    return render(request, template, context | {"choice": _as_query(form.cleaned_data) if change else ""})


@signed_in_page
@require_safe
def readings(request: HttpRequest) -> HttpResponse:
    """Who read what, and when. Looking at it is on record, too."""
    own = own_networks(request)
    networks = [one.network_id for one in own]
    rows = Reading.objects.filter(network__in=networks)
    if not request.GET.get("own"):
        rows = rows.exclude(reader=request.user.pk)
    page: Any = Paginator(folded(rows), READINGS_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = described(page.object_list, networks)
    for row in page:
        row.own = row.reader == request.user.pk
    for one in own:
        log_reading("readings", one.network.uuid, one.network)
    return render(request, "meetings/readings.html", {"page": page, "with_own": bool(request.GET.get("own"))})


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Somebody says what they are called, and only then whether they are who was written down so: before, they read nothing."""
    waiting = {str(one.member): one for one in joining.waiting_memberships()}
    named = [one for key, one in waiting.items() if key in request.session.get(NAMED, [])]
    by: Any = request.user
    error = ""
    if request.method == "POST" and "called" in request.POST:
        tries = request.session[TRIES] = request.session.get(TRIES, 0) + 1
        found = [key for key, one in waiting.items() if joining.called(one.name, request.POST["called"])]
        if found and tries <= MOST_TRIES:
            request.session[NAMED] = found
            return redirect("join")
        error = OTHER_NAME if tries < MOST_TRIES else NO_MORE_NAMES
    elif request.method == "POST":
        for one in named:
            if request.POST.get("yes") == str(one.member):
                joining.join(member=one.member, by=by)
        for one in waiting.values() if "none" in request.POST else named:
            if "none" in request.POST or request.POST.get("no") == str(one.member):
                joining.decline(member=one.member, by=by)
                messages.success(request, "Thank you. Nothing is linked to you, and your address was taken out there.")
        return redirect("join")
    if not waiting:
        return redirect("my")
    return render(
        request, "meetings/join.html", {"named": named, "error": error, "typed": request.POST.get("called", "")}
    )


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def wish(request: HttpRequest) -> HttpResponse:
    """The person asks for a meeting, or for something else about the next one, in their own words."""
    parts = [part for part in mine.parts_of(request.user) if part.for_person]
    if not parts:
        raise Http404
    networks = [(str(part.member.network.uuid), part.member.service.name) for part in parts]
    form = WishForm(request.POST or None, networks=networks)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data.get("network") or networks[0][0]
        part = next(part for part in parts if str(part.member.network.uuid) == wanted)
        by: Any = request.user
        try:
            words, once = form.cleaned_data["words"], form.cleaned_data["once"]
            sharing.wish_for_meeting(network=part.member.network, words=words, once=once, by=by)
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, "Sent. The team knows that you asked.")
            return redirect("my")
    going_on = [part for part in parts if part.case and not part.case.closed_at]
    context = {"form": form, "parts": parts, "open": going_on, "about": request.GET.get("about", "")}
    return render(request, "meetings/wish.html", context)


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """What the person, or one of family and friends, would like to bring to the next meeting; written between meetings."""
    parts = mine.parts_of(request.user)
    if not parts:
        raise Http404
    whose = [
        (str(part.member.uuid), "your own network" if part.for_person else f"with {part.person.name}") for part in parts
    ]
    form = BringForm(request.POST if request.method == "POST" else None, networks=whose)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data.get("network") or whose[0][0]
        member = next(part.member for part in parts if str(part.member.uuid) == wanted)
        by: Any = request.user
        try:
            said = form.cleaned_data
            sharing.bring(member=member, text=said["words"], once=said["once"], in_the_room=said["in_the_room"], by=by)
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, "Kept. It waits for the next meeting.")
            return redirect("my")
    return render(request, "meetings/bring.html", {"form": form, "parts": parts})


@signed_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def how_messages_reach_me(request: HttpRequest) -> HttpResponse:
    """May messages carry the time of a meeting? Asked for each network."""
    own = MemberContact.objects.filter(member__user=request.user.pk, member__left_at=None)
    contacts: list[Any] = list(own.select_related("member", "network", "service"))
    if not contacts:
        raise Http404
    for contact in contacts:
        sent = (
            request.POST
            if request.method == "POST" and request.POST.get("network") == str(contact.network.uuid)
            else None
        )
        said = {"time_in_messages": "yes" if contact.time_in_messages else "no"}
        contact.form = MessagesForm(sent, initial=said, prefix=None if len(contacts) == 1 else f"n{contact.network_id}")
        if sent is not None and contact.form.is_valid():
            by: Any = request.user
            choose_time_in_messages(contact=contact, yes=contact.form.cleaned_data["time_in_messages"], by=by)
            messages.success(request, "Kept.")
            return redirect("how_messages_reach_me")
    return render(request, "meetings/messages.html", {"contacts": contacts})


def own_networks(request: HttpRequest) -> list[Any]:
    """The networks at whose centre the reader is; 404 for everybody else."""
    user: Any = request.user
    own = list(Member.objects.persons().filter(user=user).select_related("network", "service"))
    if not own:
        raise Http404
    return own


def reader_form(data: Any, held: list[Any], **more: Any) -> ReaderForm:
    """The form about what a member may read, with the meetings that were `held` to choose from."""
    return ReaderForm(data, meetings=[(str(one.uuid), days([one.started_at or one.starts_at])) for one in held], **more)


def reads_now(member: Member, held: list[Any]) -> dict[str, Any]:
    """What the form says of a member as it is."""
    standing = member.consents.active().first()
    shared = dict(member.shares.active().values_list("meeting_id", "until"))
    single = ReaderForm.SINGLE if shared else ReaderForm.NOTHING
    words = [*([standing.until] if standing else []), *shared.values()]
    ends = [until for until in words if until]
    until = max(ends, default=None) if len(ends) == len(words) else None  # a word without end is longer than any
    return {
        "until": last_date(until) if until else None,
        "covers": standing.covers if standing else single,
        "meetings": [str(one.uuid) for one in held if one.pk in shared],
    }


def change_by(member: Member, held: list[Any], said: dict[str, Any]) -> Change:
    """What the sent form would change."""
    covers = said["covers"] if said["covers"] in Consent.Covers.values else ""
    singles = said.get("meetings", []) if said["covers"] != ReaderForm.NOTHING else []
    until = day_after(said["until"]) if said["until"] and said["covers"] != ReaderForm.NOTHING else None
    return change_of(member, held, covers=covers, meetings=singles, until=until)


def _chosen_before(request: HttpRequest) -> dict[str, Any] | None:
    """Back from looking at it: the choice is still there."""
    return (
        {
            "covers": request.GET["covers"],
            "meetings": request.GET.getlist("meetings"),
            "until": request.GET.get("until"),
        }
        if "covers" in request.GET
        else None
    )


def _as_query(said: dict[str, Any]) -> str:
    chosen = {"covers": said["covers"], "meetings": said.get("meetings", []), "until": said["until"]}
    return urlencode({name: value for name, value in chosen.items() if value}, doseq=True)


def _pause(request: HttpRequest, member: Member) -> HttpResponse:
    """One tap, and it holds; one tap, and what was given holds again. Nobody is told."""
    by: Any = request.user
    try:
        if request.POST["pause"] == "end":
            consent.end_pause(member=member, by=by)
            messages.success(request, "Done. What you had chosen holds again.")
        else:
            consent.pause_reader(member=member, by=by)
            messages.success(request, "Paused. From now on nothing can be read, until you say otherwise.")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("readers")


def _let_read(request: HttpRequest, change: Any) -> HttpResponse:
    by: Any = request.user
    try:
        sharing.let_read(change=change, by=by)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("reader", change.member.uuid)
    messages.success(request, "Nothing was changed." if change.nothing_new else "Done. It holds from now on.")
    return redirect("readers")
