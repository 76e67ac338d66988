"""One calm column of what happened, newest on top: the same for the person as for the staff. Pure: a story in, items out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from meetings.models import Meeting, OutOfSight
from meetings.story import Story
from network.templatetags.look import call_back, hours_minutes, when
from referrals.models import CaseClosure, Contact, Referral, Urgency

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
NUMBERS = ("none", "one", "two", "three", "four", "five", "six")


@dataclass
class Item:
    """One thing that happened. `words` are people's own."""

    at: datetime
    title: str
    kind: str = "plain"
    until: datetime | None = None
    words: str = ""
    text: str = ""
    small: str = ""
    url: str = ""
    waits: str = ""
    entered_at: datetime | None = None
    thing: str = ""  # words of this case that can be taken out of sight
    link: str = "Wrong case?"


def timeline(story: Story, now: datetime) -> list[Item]:
    """Everything a case tells, newest on top; what is still to come stands above what has been."""
    items = [
        *_referrals(story),
        *_corrections(story),
        *_urgencies(story),
        *_contacts(story),
        *_meetings(story, now),
        *_ways(story),
        *_team(story),
        *_exceptions(story),
        *_brought(story),
        *_pauses(story),
        *_gone(story, now),
        *_handovers(story),
        *_closures(story),
        *_openings(story),
    ]
    return sorted(items, key=lambda item: item.at, reverse=True)


def meeting_name(story: Story, meeting: SimpleNamespace) -> str:
    """First meeting, Second meeting: counted without those that were cancelled."""
    counted = sorted((m for m in story.meetings if m.status != "cancelled"), key=lambda m: m.started_at or m.starts_at)
    place = next((n for n, one in enumerate(counted) if one.pk == meeting.pk), None)
    if place is None:
        return "Meeting"
    return f"{ORDINALS[place]} meeting" if place < len(ORDINALS) else f"Meeting {place + 1}"


def number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def names(all_of: Iterable[str], last: str = " and ") -> SafeString:
    """Leena, Mikko and Sari; each in its own direction of writing."""
    marked = [format_html("<bdi>{}</bdi>", name) for name in all_of]
    if len(marked) < 2:
        return marked[0] if marked else SafeString("")
    return format_html("{}{}{}", format_html_join(", ", "{}", ((one,) for one in marked[:-1])), last, marked[-1])


def address_of(name: str, *args: object) -> str:
    """The address of a page, or nothing where the page does not exist."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def sentences(*parts: object) -> SafeString:
    """The parts that say something, one after the other."""
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


def _referrals(story: Story) -> Iterator[Item]:
    started: set[int] = set()
    for one in sorted(story.referrals, key=lambda r: (r.first_heard_at, r.recorded_at)):
        first = one.timer_id not in started
        started.add(one.timer_id)
        caller = names([one.caller_name]) if one.caller_name else "Somebody"
        if one.told == Referral.Told.SELF:
            caller = names([story.person.name])
        relation = format_html(", {}", one.caller_relation) if one.caller_relation else ""
        to = format_html(" to {}", names([story.named(one.taken_by_id)])) if one.taken_by_id else ""
        untold = one.told in (Referral.Told.NOT_YET, Referral.Told.REFUSED)
        yield Item(
            at=one.first_heard_at,
            kind="done" if first else "plain",
            title="First heard" if first else "Another call",
            words=one.words,
            waits="Still to be told" if untold else "",
            text=sentences(
                untold and "What was said is left out until the caller knows that the person can read it.",
                one.safety and format_html("To come safely: {}", one.safety),
                one.late_reason and format_html("Recorded later: {}", one.late_reason),
            ),
            small=format_html(
                "{}{}, {}{} · call back: {}",
                caller,
                relation,
                Referral.Channel(one.channel).label,
                to,
                call_back(one.call_back),
            ),
            entered_at=_much_later(one.first_heard_at, one.recorded_at),
            thing=_in_sight(one),
        )


def _corrections(story: Story) -> Iterator[Item]:
    for one in story.corrections:
        yield Item(
            at=one.done_at,
            title="First heard corrected",
            text=format_html("From {} to {}. {}", when(one.original_at), when(one.corrected_at), one.reason),
            small=format_html("By {}", names([story.named(one.by_id)])),
        )


def _urgencies(story: Story) -> Iterator[Item]:
    for one in story.urgencies:
        before, after = Urgency(one.before).label.lower(), Urgency(one.after).label.lower()
        yield Item(
            at=one.done_at,
            title="Less urgent" if one.lowered else "More urgent",
            text=sentences(f"From “{before}” to “{after}”.", one.reason),
            small=format_html("By {}", names([story.named(one.by_id)])),
        )


def _contacts(story: Story) -> Iterator[Item]:
    for one in story.contacts:
        if one.kind == Contact.Kind.WISH:
            member = story.member.get(one.by_member_id)
            yield Item(
                at=one.happened_at,
                kind="person",
                title=format_html("{} asked for a meeting", names([member.name if member else "A member"])),
                words=one.words,
                thing=_in_sight(one),
            )
            continue
        by, whom = names([story.named(one.by_staff_id)]), one.whom and names([one.whom])
        declined = ""
        if one.kind == Contact.Kind.DECLINED:
            what = Contact.Declined(one.declined_what).label
            declined = format_html("{} declined {}.", names([one.declined_by]), what)
        yield Item(
            at=one.happened_at,
            title=Contact.Kind(one.kind).label,
            text=sentences(
                format_html("{} to {}.", by, whom) if whom else format_html("{}.", by),
                declined,
                one.words,
                one.offered and format_html("Offered: {}", one.offered),
                one.next_contact and format_html("Next contact: {}", one.next_contact),
                one.next_contact_at and format_html("({})", when(one.next_contact_at)),
            ),
            entered_at=_much_later(one.happened_at, one.recorded_at),
            thing=_in_sight(one) if one.words or one.offered or one.next_contact else "",
        )


def _meetings(story: Story, now: datetime) -> Iterator[Item]:
    for meeting in story.meetings:
        place = "at home" if meeting.place == Meeting.Place.HOME else Meeting.Place(meeting.place).label
        title = f"{meeting_name(story, meeting)}, {place}"
        if meeting.status == "cancelled":
            yield Item(
                at=meeting.cancelled_at,
                title=format_html("Meeting of {} cancelled", when(meeting.starts_at)),
                text=meeting.cancelled_reason,
                url=address_of("meeting", meeting.uuid),
            )
        elif meeting.status == "closed":
            yield _held(story, meeting, title)
        else:
            going_on = meeting.status == "started"
            yield Item(
                at=meeting.started_at or meeting.starts_at,
                kind="open",
                title=title,
                text=_who_is_asked(story, meeting),
                small=_held_all_the_same(meeting)
                or (f"Moved {meeting.moves} times" if meeting.moves > 1 else "Moved once" if meeting.moves else ""),
                waits="going on now" if going_on else ("not recorded yet" if meeting.ends_at < now else ""),
                url=address_of("meeting", meeting.uuid),
            )


def _ways(story: Story) -> Iterator[Item]:
    for one in story.ways:
        title = "The team is on the way, no signal there" if one.going else "Taken back that the team is on the way"
        yield Item(at=one.said_at, title=title, small=format_html("Said by {}", names([one.name])))


def _held(story: Story, meeting: SimpleNamespace, title: str) -> Item:
    clock = next(
        (t for t in story.timers if t.outcome == "met" and meeting.started_at <= t.met_at <= meeting.closed_at), None
    )
    decisions = [line for line in story.of(story.lines, meeting) if line.kind == "decision" and line.state != "refused"]
    states = Counter(line.state for line in story.of(story.lines, meeting))
    waits = [
        f"{number(count)} {word}"
        for count, word in (
            (sum(1 for line in decisions if line.contested_at), "contested"),
            (states["to_be_confirmed"], "to be confirmed"),
            (states["refused"], "not accepted"),
        )
        if count
    ]
    return Item(
        at=meeting.started_at,
        until=meeting.closed_at,
        kind="done",
        title=f"{title} — {hours_minutes(clock.met_at - clock.first_heard_at)} after first heard" if clock else title,
        words="”\n“".join(line.text for line in decisions),
        text=_who_was_there(story, meeting),
        small=format_html_join(
            " · ",
            "{}",
            (
                (part,)
                for part in (
                    _how_many(len(decisions), "decision"),
                    _read_back(story, meeting),
                    _shared_with(story, meeting),
                    clock
                    and clock.recorded_offline
                    and format_html("recorded offline, known {}", when(clock.known_at)),
                    meeting.entered_afterwards and format_html("entered afterwards: {}", meeting.entered_why),
                    _held_all_the_same(meeting),
                )
                if part
            ),
        ),
        waits=", ".join(waits),
        url=address_of("note", meeting.uuid),
    )


def _held_all_the_same(meeting: SimpleNamespace) -> str:
    """Of a meeting that had been cancelled while the team sat there without signal; nothing of others."""
    return format_html("had been cancelled: {}", meeting.cancelled_reason) if meeting.cancelled_reason else ""


def _who_is_asked(story: Story, meeting: SimpleNamespace) -> SafeString:
    staff = names(
        (story.named(s.staff_id) + (" (cover)" if s.cover else "") for s in story.of(story.staffing, meeting)), ", "
    )
    said = {"yes": "comes", "no": "does not come", "not_sure": "is not sure", "": "has not answered"}
    asked = [
        format_html("{} {}", names([story.member[one.member_id].name]), said[one.answer])
        for one in story.of(story.invitations, meeting)
        if one.member_id in story.member
    ]
    parts = [part for part in (staff, format_html_join(", ", "{}", ((one,) for one in asked))) if part]
    return format_html_join(" · ", "{}", ((part,) for part in parts))


def _who_was_there(story: Story, meeting: SimpleNamespace) -> SafeString:
    there = story.of(story.presences, meeting)
    members = dict.fromkeys(story.member[p.member_id].name for p in there if p.member_id in story.member)
    cover = {s.staff_id for s in story.of(story.staffing, meeting) if s.cover}
    staff = dict.fromkeys(
        story.named(p.staff_id) + (" (cover)" if p.staff_id in cover else "") for p in there if p.staff_id
    )
    return names([*members, *staff])


def _how_many(count: int, thing: str) -> str:
    if not count:
        return ""
    return f"{number(count).capitalize()} {thing}" + ("s" if count > 1 else "")


def _read_back(story: Story, meeting: SimpleNamespace) -> str:
    answers = Counter(one.answer for one in story.of(story.read_backs, meeting))
    if not answers:
        return ""
    if answers["differs"]:
        return f"read back, {number(answers['differs'])} " + (
            "sees it differently" if answers["differs"] == 1 else "see it differently"
        )
    return "read back, all agreed"


def _shared_with(story: Story, meeting: SimpleNamespace) -> SafeString | str:
    readers = {one.member_id for one in story.of(story.shares, meeting)}
    readers |= {c.member_id for c in story.consents if c.covers == "all" or meeting.started_at >= c.given_at}
    readers -= {one.member_id for one in story.pauses if not one.ended_at}
    known = [one.name for one in story.members if one.pk in readers and not one.left_at]
    return format_html("shared with {}", names(known)) if known else ""


def _team(story: Story) -> Iterator[Item]:
    changes = {change.joined_id for change in story.team_changes}
    founders = [one for one in story.team if one.founding and one.pk not in changes]
    since = min((one.joined_at for one in founders), default=None)
    if since and since >= story.case.opened_at:
        yield Item(
            at=since,
            kind="done",
            title=format_html("The team: {}", names(story.named(one.staff_id) for one in founders)),
        )
    rows = {one.pk: one for one in story.team}
    for change in story.team_changes:
        if change.done_at < story.case.opened_at or (story.case.closed_at and change.done_at > story.case.closed_at):
            continue
        who = [
            format_html("{} {}", names([story.named(rows[pk].staff_id)]), verb)
            for pk, verb in ((change.joined_id, "joins"), (change.left_id, "leaves"))
            if pk in rows
        ]
        meeting = story.meeting.get(change.meeting_id)
        decided = format_html("Decided in the meeting of {}", when(meeting.started_at)) if meeting else ""
        if not decided:
            decided = format_html("Outside a meeting: {}", change.why_outside) if change.why_outside else ""
        yield Item(
            at=change.done_at,
            kind="done",
            title=format_html("Team: {}", format_html_join(", ", "{}", ((one,) for one in who))),
            text=change.reason,
            small=sentences(decided, format_html("· written down by {}", names([story.named(change.by_id)]))),
        )


def _exceptions(story: Story) -> Iterator[Item]:
    for one in story.exceptions:
        to = story.meeting.get(one.bring_to_id)
        when_brought = format_html("the meeting of {}", when(to.starts_at)) if to else "the next meeting"
        brought = format_html("{} brings it to {}.", names([story.named(one.brought_by_id)]), when_brought)
        taken_up = ""
        if one.taken_up_at:
            taken_up = format_html("Talked about {}: “{}”", when(one.taken_up_at), one.taken_up_words)
        yield Item(
            at=one.decided_at,
            kind="done" if one.taken_up_at else "open",
            title=format_html("Decided without {}", names([story.person.name])),
            waits="" if one.taken_up_at else "not yet talked about together",
            text=format_html("{}: {}", one.decided_by, one.text),
            small=sentences(format_html("It could not wait: {}", one.why), taken_up or brought),
            entered_at=_much_later(one.decided_at, one.recorded_at),
            thing=_in_sight(one),
        )


def _brought(story: Story) -> Iterator[Item]:
    for one in story.brought:
        if one.written_at < story.case.opened_at or (story.case.closed_at and one.written_at > story.case.closed_at):
            continue
        seen = "Everybody in the room may see it" if one.in_the_room else "Not shown in the room"
        yield Item(
            at=one.written_at,
            kind="person",
            title=format_html("{} would like to bring", names([one.name])),
            words=one.text,
            small=format_html("Taken up {}", when(one.taken_up_at)) if one.taken_up_at else seen,
            thing=one.uuid,
        )


def _pauses(story: Story) -> Iterator[Item]:
    """Only the person and the staff have this page."""
    for one in story.pauses:
        name = story.member[one.member_id].name
        heard = one.where and f"Said: {one.where}. There was: {one.witness}"
        yield Item(
            at=one.began_at,
            title=format_html("{} is paused and reads nothing", names([name])),
            text=heard,
            small=format_html("By {}", names([one.name])),
        )
        if one.ended_at:
            heard = one.ended_where and f"Said: {one.ended_where}. There was: {one.ended_witness}"
            yield Item(at=one.ended_at, title=format_html("The pause of {} ended", names([name])), text=heard)


def _gone(story: Story, now: datetime) -> Iterator[Item]:
    """What two took out of sight; and what one has asked for, while a second one may confirm it."""
    for one in story.gone:
        if not one.done_at and one.until_at <= now:
            continue
        meeting = story.meeting.get(one.meeting_id)
        of = format_html("Words of the meeting of {}", when(meeting.started_at)) if meeting else "Words of this case"
        yield Item(
            at=one.done_at or one.asked_at,
            kind="plain" if one.done_at else "open",
            title=format_html("{} taken out of sight" if one.done_at else "{}: asked to take them out of sight", of),
            text=sentences(f"{OutOfSight.Why(one.why).label.capitalize()}.", one.words),
            small=format_html("By {}", names(filter(None, [one.asked_name, one.second_name]))),
            waits="" if one.done_at else "waits for a second person",
            url=address_of("note", meeting.uuid) if meeting else "",
            thing="" if one.done_at or meeting else one.key,
            link="Look at it",
        )


def _handovers(story: Story) -> Iterator[Item]:
    for one in story.handovers:
        after = names([story.named(one.after_id)])
        if one.after_id == one.by_id:
            over = one.before_since and one.before_id != one.after_id
            small = format_html("Taken over from {}", names([story.named(one.before_id)])) if over else ""
            yield Item(at=one.done_at, title=format_html("{} looks after this case", after), small=small)
        else:
            given = format_html("Given by {}", names([story.named(one.by_id)]))
            yield Item(at=one.done_at, title=format_html("Handed over to {}", after), small=given)


def _openings(story: Story) -> Iterator[Item]:
    """With the case that was the last one when it was opened."""
    later = [one.opened_at for one in story.other_cases if one.opened_at > story.case.opened_at]
    until = min(later, default=None)
    for one in story.openings:
        if one.opened_at < story.case.opened_at or (until and one.opened_at >= until):
            continue
        ended = "Ended" if one.ended_at else "Until"
        yield Item(
            at=one.opened_at,
            title=format_html("Opened in need by {}", names([one.name])),
            text=one.reason,
            small=format_html("{} {}. Not of the team", ended, when(one.ended_at or one.ends_at)),
        )


def _closures(story: Story) -> Iterator[Item]:
    for one in story.closures:
        together = one.kind == CaseClosure.Kind.TOGETHER
        by = names(story.named(pk) for pk in (one.first_staff_id, one.second_staff_id) if pk)
        yield Item(
            at=one.done_at,
            kind="done",
            title="No more meetings needed: closed together" if together else "Closed without a meeting",
            text=sentences(
                one.reason,
                one.code and f"({CaseClosure.Code(one.code).label})",
                one.offers and format_html("Offered: {}", one.offers),
                one.word_to_person and format_html("The person: {}", one.word_to_person),
                one.word_to_caller and format_html("The caller: {}", one.word_to_caller),
            ),
            small=format_html("Written down by {}", by),
        )


def _in_sight(one: SimpleNamespace) -> str:
    return "" if one.out_of_sight_at else one.uuid


def _much_later(happened: datetime, recorded: datetime) -> datetime | None:
    return recorded if recorded - happened > timedelta(minutes=30) else None
