"""What stands beside the timeline of a case: the next step, the clock, the team, the network, what is still open. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from django.utils.html import format_html
from django.utils.safestring import SafeString

from meetings.story import Story
from meetings.timeline import Item, address_of, meeting_name, names, number, timeline
from network.models import Staff
from network.templatetags.look import day, when_text
from referrals.board import ABOUT, Hold
from referrals.models import Urgency


@dataclass(frozen=True)
class Link:
    """Something to do, and where."""

    label: str
    url: str
    by_post: bool = False


@dataclass
class Casefile:
    """All that the page of a case shows."""

    items: list[Item]
    clock: dict[str, object] | None
    team_sentence: SafeString
    continuity: str
    team: list[SimpleNamespace]
    people: list[dict[str, object]]
    actions: list[SimpleNamespace]
    next_step: Link | None
    holds: list[Hold]
    links: list[Link]
    owner: str
    safety: list[str]
    openings: list[SimpleNamespace]
    in_need: SimpleNamespace | None
    works: bool  # whoever looks is of the staff who work here


def casefile(story: Story, *, now: datetime, staff: Staff | None) -> Casefile:
    """`staff` is who looks, for what they can do next; what they read is the same for all."""
    in_need = story.opened_by(staff)
    staff = None if in_need else staff
    return Casefile(
        items=[_only_to_read(item) for item in timeline(story, now)] if in_need else timeline(story, now),
        clock=_clock(story),
        team_sentence=_team_sentence(story),
        continuity=_continuity(story),
        team=_team(story),
        people=_people(story),
        actions=_actions(story, now.date()),
        next_step=_next_step(story, now, staff) if staff and not story.case.closed_at else None,
        holds=[_hold(story, one) for one in story.watches],
        links=_links(story, staff) if staff else [],
        owner=story.named(story.case.owner_id),
        safety=[one.safety for one in story.referrals if one.safety],
        openings=story.open_now,
        in_need=in_need,
        works=staff is not None,
    )


def _only_to_read(item: Item) -> Item:
    """What is opened in need leads to notes, and nowhere else."""
    return item if item.url.startswith("/notes/") else replace(item, url="")


def _hold(story: Story, watch: SimpleNamespace) -> Hold:
    name = story.named(watch.held_by_id) if watch.held_by_id else ""
    return Hold(
        watch.uuid, ABOUT.get(watch.subject, ""), name, watch.held_at, watch.next_at, asked=bool(watch.asked_at)
    )


def _clock(story: Story) -> dict[str, object] | None:
    running = [timer for timer in story.timers if timer.outcome == "running"]
    shown = min(running, key=lambda timer: timer.due_at) if running else (story.timers[-1] if story.timers else None)
    if not shown:
        return None
    state = shown.outcome
    if state == "running":
        state = "reply" if shown.kind == "reply" else state
        state = "emergency" if shown.urgency == Urgency.EMERGENCY else state
    return {
        "first_heard_at": shown.first_heard_at, "due_at": shown.due_at, "met_at": shown.met_at, "state": state,
        "known_at": shown.known_at if shown.recorded_offline else None,
    }  # fmt: skip


def _team_ids(story: Story) -> set[int]:
    return {one.staff_id for one in story.current_team}


def _there(story: Story, meeting: SimpleNamespace) -> set[int]:
    return {one.staff_id for one in story.of(story.presences, meeting) if one.staff_id}


def _team_sentence(story: Story) -> SafeString:
    team = _team_ids(story)
    if not team:
        return SafeString("no team yet")
    if story.held and all(_there(story, meeting) == team for meeting in story.held):
        return format_html("the same {} come every time", number(len(team)))
    return format_html("{} come", names(story.named(one.staff_id) for one in story.current_team))


def _continuity(story: Story) -> str:
    team = _team_ids(story)
    if not team or not story.held:
        return ""
    with_all = sum(1 for meeting in story.held if team <= _there(story, meeting))
    whole = "both" if len(team) == 2 else f"all {number(len(team))}"
    return f"{with_all} of {len(story.held)} meeting{'s' if len(story.held) > 1 else ''} with {whole}"


def _team(story: Story) -> list[SimpleNamespace]:
    first = story.held[0].started_at if story.held else None
    team = []
    for one in story.current_team:
        who = story.staff.get(one.staff_id)
        from_start = one.founding and (not first or one.joined_at <= first)
        since = "since the first meeting" if from_start and first else format_html("since {}", day(one.joined_at))
        gone = bool(who and who.left_at)
        team.append(
            SimpleNamespace(
                name=story.named(one.staff_id), profession=who.profession if who else "", since=since, gone=gone
            )
        )
    return team


def _people(story: Story) -> list[dict[str, object]]:
    came = {one.member_id for one in story.presences if one.member_id}
    asked = {one.member_id for one in story.invitations}
    staff_came = {one.staff_id for one in story.presences if one.staff_id}
    people: list[dict[str, object]] = []
    for one in story.members:
        if one.is_person or one.left_at:
            continue
        note = ""
        if not one.wanted:
            note = "not wanted there" if one.wanted is False else "the person has not been asked"
        elif one.pk not in came and one.pk not in asked:
            note = "wanted, not asked yet"
        ring = {"family": "family", "friend": "friend"}.get(one.circle, "other")
        people.append(
            {
                "name": one.name, "relation": one.relation, "ring": ring, "came": one.pk in came, "note": note,
                "phone": one.phone, "uuid": one.uuid,
            }
        )  # fmt: skip
    for one in story.current_team:
        met = one.staff_id in staff_came
        note = "" if met else "has not met them yet"
        people.append({"name": story.named(one.staff_id), "ring": "team", "came": met, "note": note})
    return people


def _actions(story: Story, today: date) -> list[SimpleNamespace]:
    """Who does what, as long as it is not long past: an action has no other end than its day."""
    found = []
    for line in story.lines:
        if line.kind != "action" or line.state == "refused":
            continue
        by = date.fromisoformat(line.action_by)
        if by >= today - timedelta(days=7):
            after = line.action_looked_after_by
            found.append(SimpleNamespace(who=line.action_who, text=line.text, by=by, after=after, past=by < today))
    return sorted(found, key=lambda one: one.by)


def _next_step(story: Story, now: datetime, staff: Staff) -> Link | None:
    case = story.case
    if not story.current_team:
        return Link("Choose a team", address_of("team", case.uuid))
    if not story.upcoming:
        return Link("Book a meeting", address_of("book", case.uuid))
    meeting = story.upcoming[0]
    comes = staff.pk in {one.staff_id for one in story.of(story.staffing, meeting)} | _team_ids(story)
    record = address_of("record", meeting.uuid)
    if record and comes and (meeting.status == "started" or meeting.starts_at - timedelta(hours=1) <= now):
        return Link("Go on with the meeting" if meeting.status == "started" else "Record the meeting", record)
    name = meeting_name(story, meeting).lower()
    return Link(f"See the {name}, {when_text(meeting.starts_at)}", address_of("meeting", meeting.uuid))


def _links(story: Story, staff: Staff) -> list[Link]:
    case = story.case
    if case.closed_at:
        return [Link("See who was told, and when", address_of("trail", case.uuid))]
    records = staff.pk in _team_ids(story) | {one.staff_id for one in story.staffing}
    untold = [one for one in story.referrals if one.told in ("not_yet", "refused")]
    links = [Link("Take it", address_of("take_case", case.uuid), by_post=True)] if case.taken_at is None else []
    for one in untold:
        whom = one.caller_name or "the caller"
        links.append(Link(f"Tell {whom} that the person can read it", address_of("caller_told", case.uuid, one.uuid)))
    wanted = [
        ("Log a contact", "log_contact", True),
        ("Book a meeting", "book", bool(story.current_team and story.upcoming)),
        ("Enter a meeting afterwards", "enter_afterwards", records),
        ("Record what was decided without the person", "exception_new", True),
        ("Change the urgency", "change_urgency", case.due_at is not None),
        ("Correct first heard", "correct_first_heard", True),
        ("Hand over", "hand_over", True),
        ("Take over", "take_over", bool(case.taken_at and case.owner_id != staff.pk)),
        ("Close the case", "close_case", True),
        ("See who was told, and when", "trail", True),
    ]
    links += [Link(label, address_of(name, case.uuid)) for label, name, fits in wanted if fits]
    return [link for link in links if link.url]
