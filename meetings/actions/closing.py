"""Reading back and closing: in the room by one phone, and again by another that knew nothing of it.

The second one joins: what it says the same is there already, what it says otherwise stands beside.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format

from meetings.actions.beside import came_already, hold, tell
from meetings.actions.moments import NOW, When
from meetings.models import Line, Meeting, Presence, ReadBack
from meetings.permissions import MEETINGS
from network.models import User
from network.permissions import require, staff_of
from network.rules import clean_words, one_write


@dataclass(frozen=True)
class Answer:
    """What one who was there said when the record was read back."""

    presence: Presence
    answer: str
    words: str = ""

    @property
    def said(self) -> tuple[str, str]:
        return self.answer, clean_words(self.words)


def read_back(
    *, meeting: Meeting, answers: Iterable[Answer], by: User, uuid: UUID | None = None, when: When = NOW
) -> None:
    """The record was read aloud, and each one who was there said what they think. Again, if something was added."""
    require(MEETINGS, "record.write", by, meeting.network)
    with one_write("read the record back") as written:
        written.thing = meeting = hold(meeting)
        for answer in answers:
            if uuid and meeting.status == Meeting.Status.CLOSED:
                _answer_late(meeting, answer, by=by, uuid=uuid, when=when)
            else:
                _note_answer(meeting, answer, by=by, uuid=uuid or uuid4())


def _standing(meeting: Meeting, presence: Presence) -> ReadBack | None:
    return meeting.read_backs.filter(member=presence.member_id, staff=presence.staff_id).first()


def _note_answer(meeting: Meeting, answer: Answer, *, by: User, uuid: UUID) -> None:
    """The answer of now takes the place of an earlier one; what somebody else had written down is kept beside."""
    row, presence = _standing(meeting, answer.presence), answer.presence
    if meeting.lines.filter(uuid=_beside(uuid, presence)).exists():
        return  # this read back again, after another one
    said = {"answer": answer.answer, "words": clean_words(answer.words), "entry": uuid}
    if not row:
        ReadBack.objects.create(
            meeting=meeting, network_id=meeting.network_id, service_id=meeting.service_id, name=presence.name,
            member_id=presence.member_id, staff_id=presence.staff_id, **said,
        )  # fmt: skip
        return
    if (row.answer, row.words) != answer.said and row.recorded_by_id not in (None, staff_of(by).pk):
        earlier = Answer(presence, row.answer, row.words)
        _tell(meeting, earlier, by=by, uuid=row.entry or uuid4(), when=When(typed_at=row.at))
    ReadBack.objects.filter(pk=row.pk).update(**said, at=timezone.now())


def _answer_late(meeting: Meeting, answer: Answer, *, by: User, uuid: UUID, when: When) -> None:
    row = _standing(meeting, answer.presence)
    differs = not row or (row.answer, row.words) != answer.said
    if differs and not came_already(_beside(uuid, answer.presence), meeting):
        _tell(meeting, answer, by=by, uuid=uuid, when=when)


def _beside(uuid: UUID, presence: Presence) -> UUID:
    return uuid5(uuid, f"{presence.member_id}/{presence.staff_id}")


def _tell(meeting: Meeting, answer: Answer, *, by: User, uuid: UUID, when: When) -> Line:
    plain = {"agreed": "Agreed.", "left_before": "Had left before.", "differs": "Sees it differently."}
    presence = answer.presence
    return tell(
        answer.said[1] or plain[answer.answer], meeting=meeting, by=by, uuid=_beside(uuid, presence), when=when,
        kind=Line.Kind.ANSWERED, who=presence.member or presence.staff,
    )  # fmt: skip


def close_meeting(
    *,
    meeting: Meeting,
    by: User,
    night_number: str,
    next_meeting: Meeting | None = None,
    no_next_decided_by: str = "",
    who_comes: str = "",
    ended_at: datetime | None = None,
    when: When = NOW,
    heard: Collection[UUID] | None = None,
) -> Meeting:
    """The meeting ends: when they meet next or who decided that they do not, who comes, whom to call at night.

    `heard` are the lines that stood on the page when it was read aloud; others that came meanwhile are marked as not read back.
    """
    require(MEETINGS, "record.close", by, meeting.network)
    with one_write("closed a meeting") as written:
        meeting = hold(meeting)
        if heard is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT od.leave_unread(%s, %s)", [meeting.pk, list(heard)])
        meeting.status, meeting.closed_by = Meeting.Status.CLOSED, staff_of(by)
        meeting.closed_at = ended_at or max(when.moment(), meeting.started_at or timezone.now())
        meeting.next_meeting, meeting.no_next_decided_by = next_meeting, clean_words(no_next_decided_by)
        meeting.who_comes, meeting.night_number = clean_words(who_comes), clean_words(night_number)
        meeting.save(
            update_fields=[
                "status",
                "closed_at",
                "closed_by",
                "next_meeting",
                "no_next_decided_by",
                "who_comes",
                "night_number",
            ]
        )
        written.thing = meeting
    return meeting


def close_again(
    *,
    meeting: Meeting,
    by: User,
    uuid: UUID,
    when: When,
    night_number: str,
    next_at: datetime | None = None,
    no_next_decided_by: str = "",
    who_comes: str = "",
) -> Line | None:
    """It is closed already, by another phone or by this one whose answer was lost. What differs stands beside."""
    require(MEETINGS, "record.close", by, meeting.network)
    with one_write("closed a meeting again") as written:
        written.thing = meeting = hold(meeting)
        there = meeting.next_meeting.starts_at if meeting.next_meeting else None
        said = []
        if next_at != there and next_at:
            local = timezone.localtime(next_at)
            said.append(f"Next meeting: {date_format(local, 'l j F Y')}, {local:%H:%M}.")
        elif next_at != there or clean_words(no_next_decided_by) != meeting.no_next_decided_by:
            said.append(f"No next meeting. Decided by: {no_next_decided_by}.")
        if clean_words(who_comes) != meeting.who_comes:
            said.append(f"Who comes: {who_comes or 'nobody was named'}.")
        if clean_words(night_number) != meeting.night_number:
            said.append(f"Whom to call at night: {night_number}.")
        if not said:
            return None
        told = f"It was closed on another phone as well, with this: {' '.join(said)}"
        return tell(told, meeting=meeting, by=by, uuid=uuid, when=when)
