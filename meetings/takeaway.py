"""Everything about the person, to take along: what their pages show, read in the same way and under their own row security.

One description of it serves both files. `everything` is what the PDF is set from; `as_json` is the same without what only print needs.
static/export.schema.json says what each part means (docs/export.md).
"""

import html
import re
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import strip_tags

from meetings import mine
from meetings.casefile import Casefile, casefile
from meetings.diary import MeetingPage, page_of
from meetings.log import purposes
from meetings.models import Meeting
from meetings.note import read_note
from meetings.pdf import as_data, words
from meetings.reading import days, may_read_words, paused_words
from meetings.story import Story, read_story
from meetings.timeline import Item
from network.models import Member, MemberContact, Reading, User
from referrals.models import Case

VERSION = 1
ANSWERS = {"yes": "comes", "no": "does not come", "not_sure": "is not sure", "": "has not answered"}
WANTED = {True: "yes", False: "no", None: "not asked yet"}


def everything(user: User, *, now: datetime) -> dict[str, Any]:
    """All that `user` reads as the person at the centre; one part for each network of theirs."""
    own = Member.objects.persons().filter(user=user).select_related("network", "service")
    return {
        "version": VERSION,
        "made_at": _moment(now),
        "networks": [_network(one, user, now, several=len(own) > 1) for one in own],
    }


def as_json(data: Any) -> Any:
    """The same, with people's words in one piece."""
    if isinstance(data, dict):
        return {key: _whole(value) if key == "words" else as_json(value) for key, value in data.items()}
    return [as_json(one) for one in data] if isinstance(data, list) else data


def _whole(paragraphs: list[dict[str, Any]]) -> str:
    return "\n".join(one["text"] for one in paragraphs)


def _network(person: Member, user: User, now: datetime, *, several: bool) -> dict[str, Any]:
    cases = Case.objects.visible_to(user).filter(network=person.network_id)
    stories = [read_story(user, uuid) for uuid in cases.order_by("opened_at", "pk").values_list("uuid", flat=True)]
    meetings = list(person.network.meetings.order_by("starts_at", "pk"))
    return {
        "service": person.service.name if several else "",
        "night_number": person.service.night_number,
        "emergency_number": person.service.emergency_number,
        "people": _people(person),
        "cases": [_case(story, now) for story in stories],
        "meetings": [_meeting(one, user) for one in meetings],
        "readings": _readings(person, meetings),
    }


def _people(person: Member) -> list[dict[str, Any]]:
    """Who is in the network, how they are reached, and what each may read."""
    contacts = {one.member_id: one for one in MemberContact.objects.filter(network=person.network_id)}
    reads = {one.pk: one for one in mine.readers_of(person.network_id)}
    members = Member.objects.filter(network=person.network_id)
    return [_member(one, contacts.get(one.pk), reads.get(one.pk)) for one in members]


def _member(one: Member, contact: MemberContact | None, reads: Any) -> dict[str, Any]:
    """As their page shows it; of who has left it shows no more than who they were, and why they left."""
    asked = not one.is_person and not one.left_at
    reached = None if one.left_at else contact
    return {
        "name": one.name,
        "you": one.is_person,
        "relation": one.relation,
        "closest_to": one.get_circle_display() if asked else "",
        "named_by": one.named_by,
        "may_be_invited": WANTED[one.wanted] if asked else "",
        "your_word": one.wanted_word if asked else "",
        "may_read": "everything" if one.is_person else may_read_words(reads) if reads else "nothing",
        "paused": paused_words(reads) if reads else "",
        **{name: getattr(reached, name, "") for name in ("email", "phone", "home_address", "language", "interpreter")},
        "time_in_messages": bool(reached and reached.time_in_messages),
        "has_signed_in": bool(one.user_id),
        "left": _full(one.left_at) if one.left_at else "",
        **_said(one.left_reason),
    }


def _case(story: Story, now: datetime) -> dict[str, Any]:
    file = casefile(story, now=now, staff=None)
    return {
        "since": _moment(story.case.opened_at),
        "closed": _moment(story.case.closed_at),
        "clock": _clock(file.clock),
        "looked_after_by": file.owner,
        "team": [
            {"name": one.name, "profession": one.profession, "since": spoken(one.since), "works_here_no_more": one.gone}
            for one in file.team
        ],
        "team_sentence": spoken(file.team_sentence),
        "continuity": file.continuity,
        "people": [
            {"name": one["name"], "relation": one.get("relation", ""), "has_come": one["came"], "note": one["note"]}
            for one in file.people
        ],
        "to_come_safely": [_said(text) for text in file.safety] if not story.case.closed_at else [],
        "who_does_what": [
            {"who": one.who, **_said(one.text), "by": date_format(one.by, "j F Y"), "looked_after_by": one.after}
            for one in file.actions
        ],
        "in_hand": _in_hand(file),
        "happened": [_item(item) for item in file.items],
    }


def _clock(clock: dict[str, Any] | None) -> dict[str, Any] | None:
    if not clock:
        return None
    over = clock["state"] in ("met", "replied", "not_met")
    return {
        "state": clock["state"],
        "first_heard": _moment(clock["first_heard_at"]),
        "due": None if over else _moment(clock["due_at"]),
        "met": _moment(clock["met_at"]),
        "learned": _moment(clock["known_at"]),
    }


def _in_hand(file: Casefile) -> list[str]:
    return [
        f"{f'For {hold.about}: ' if hold.about else ''}{hold.name} has it since {_full(hold.since)}"
        for hold in file.holds
        if hold.since
    ]


def _item(item: Item) -> dict[str, Any]:
    return {
        "at": _moment(item.at),
        "until": _moment(item.until),
        "entered": _moment(item.entered_at),
        "title": spoken(item.title),
        **_said(item.words),
        "text": spoken(item.text),
        "small": spoken(item.small),
        "waits": spoken(item.waits),
    }


def _meeting(meeting: Meeting, user: User) -> dict[str, Any]:
    page = page_of(user, meeting.uuid)
    written = meeting.status in (Meeting.Status.STARTED, Meeting.Status.CLOSED)
    return {
        "from": _moment(meeting.starts_at),
        "until": _moment(meeting.ends_at),
        "status": meeting.get_status_display(),
        "where": page.where,
        "staff": [
            {"name": one.name, "profession": one.profession_label, "for_this_one_meeting": one.cover}
            for one in page.staff
        ],
        "invited": _invited(page),
        "moved": bool(meeting.moves),
        "cancelled_because": _said(meeting.cancelled_reason),
        "not_yet_talked_about": [
            {**_said(one.text), "decided_by": one.decided_by, "decided": _moment(one.decided_at)}
            for one in page.exceptions
        ],
        "note": as_data(read_note(user, meeting.uuid)) if written else None,
    }


def _invited(page: MeetingPage) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "relation": one.relation,
            "answer": ANSWERS[one.answer],
            **_said(one.reason),
            "said": _moment(one.answered_at),
            "by_the_word": "" if one.is_person else one.word,
            "told": f"Told {one.told.way} by {one.told.name}, {_full(one.told.told_at)}" if one.told else "",
        }
        for one in page.invitations
    ]


def _readings(person: Member, meetings: list[Meeting]) -> list[dict[str, Any]]:
    dates = {one.uuid: days([one.started_at or one.starts_at]) for one in meetings}
    names = dict(Member.objects.filter(network=person.network_id).values_list("uuid", "name"))
    why = purposes([person.network_id])
    return [
        {
            "who": "You" if one.reader_id == person.user_id else one.reader_name,
            "role": one.reader_role,
            "of_your_team": one.reader_role == "team",
            "not_of_your_team": one.outside_team,
            "did": mine.reading_words(one, dates.get(one.thing, ""), names.get(one.thing, ""))
            + why.get(str(one.thing), ""),
            "at": _moment(one.at),
        }
        for one in Reading.objects.filter(network=person.network_id)
    ]


def _said(text: str) -> dict[str, Any]:
    """People's own words, in the direction in which they are written."""
    return words(text) if text else {"words": []}


def _iso(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds")


def _moment(moment: datetime | None) -> dict[str, str] | None:
    """For a machine, and for somebody who reads it on another day."""
    return {"iso": _iso(moment), "text": _full(moment)} if moment else None


def _full(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{date_format(local, 'l j F Y')}, {local:%H:%M}"


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F Y")


def spoken(text: str) -> str:
    """What the page says there, as plain text. "Today" becomes a day: it is read on another one."""
    if not hasattr(text, "__html__"):
        return text
    dated = re.sub(r'<time datetime="([^"]+)">[^<]*</time>', lambda found: _dated(found[1]), text)
    return html.unescape(strip_tags(dated))


def _dated(iso: str) -> str:
    return _full(datetime.fromisoformat(iso)) if "T" in iso else date_format(date.fromisoformat(iso), "j F Y")
