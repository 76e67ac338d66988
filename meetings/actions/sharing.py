"""What stands beside a closed note, who may read it by the person's word, and what the person wishes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models.functions import Now

from meetings.models import Addendum, Line, Meeting, NoteShare
from meetings.permissions import MEETINGS
from meetings.reading import Change
from network.actions.consent import give_consent, tell_something_waits, withdraw_consent, write_down_consent
from network.identity import Eyes, eyes_of
from network.models import Consent, Member, Network, User
from network.permissions import is_person, require, staff_of
from network.rules import Refusal, clean_words, log_reading, one_transaction, one_write
from referrals.models import Case, Contact
from referrals.permissions import REFERRALS


def add_to_note(*, meeting: Meeting, line: Line | None, kind: str, text: str, once: UUID, by: User) -> Addendum:
    """Stands beside `line`, or beside the whole meeting, in the name of `by`. Sending the same form (`once`) twice makes one."""
    require(MEETINGS, "note.add", by, meeting.network)
    own = _once(once, by)
    if earlier := meeting.addenda.filter(uuid=own).first():
        return earlier
    member = meeting.network.members.current().filter(user=by).first()
    writer = {"member": member} if member else {"staff": staff_of(by)}
    with one_write("added to a note") as written:
        written.thing = addendum = Addendum.objects.create(
            uuid=own, meeting=meeting, network=meeting.network, service=meeting.service, line=line, kind=kind,
            text=clean_words(text), **writer,
        )  # fmt: skip
    return addendum


def share_note(*, meeting: Meeting, member: Member, by: User) -> NoteShare:
    """The person's word on their own page: `member` may read this meeting."""
    require(MEETINGS, "share.give", by, meeting.network)
    return _share(meeting, member, by, how=Consent.How.OWN_PAGE)


def write_down_share(*, meeting: Meeting, member: Member, how: str, where: str, witness: str, by: User) -> NoteShare:
    """The person's word said in the room or on paper, written down with where that was and who was there."""
    require(MEETINGS, "share.write_down", by, meeting.network)
    return _share(meeting, member, by, how=how, where=where, witness=witness)


def withdraw_share(*, meeting: Meeting, member: Member, by: User) -> None:
    """From the next request on `member` reads this meeting no longer, unless a standing consent lets them. Nobody is told."""
    require(MEETINGS, "share.withdraw", by, meeting.network)
    with one_write("withdrew a share") as written:
        written.thing = meeting
        meeting.shares.filter(member=member, withdrawn_at=None).update(withdrawn_at=Now(), withdrawn_by=by)


def let_read(*, change: Change, by: User) -> None:
    """What the person chose for one member on their own page, standing word and single meetings together."""
    _change_what_is_read(change, by, give=give_consent, share=share_note)


@contextmanager
def look_as(*, member: Member, by: User, change: Change | None = None) -> Iterator[Eyes]:
    """What `member` sees, or would see after `change`. It is given for real and taken back; what stays is that `by` looked."""
    require(MEETINGS, "member.see_as", by, member.network)
    with transaction.atomic():
        if change:
            _suppose(change, by)
        with eyes_of(member.pk) as eyes:
            yield eyes
        transaction.set_rollback(True)
    log_reading("as_member", member.uuid, member.network)


def see_late_line(*, line: Line, by: User) -> None:
    """The person has read a line that came late: from now on it is shared like the others."""
    require(MEETINGS, "late_line.see", by, line.network)
    with one_write("read a late line") as written:
        written.thing = line
        Line.objects.filter(pk=line.pk, seen_by_person_at=None).update(seen_by_person_at=Now())


def wish_for_meeting(*, network: Network, words: str, once: UUID, by: User) -> Contact:
    """The person asks for a meeting. The case shows it until somebody answers; its owner gets a message (od.tell_owner)."""
    require(REFERRALS, "meeting.wish", by, network)
    own = _once(once, by)
    if earlier := Contact.objects.filter(network=network, uuid=own).first():
        return earlier
    case = Case.objects.open().filter(network=network).first()
    if not case:
        raise Refusal("case_is_open")
    with one_write("asked for a meeting") as written:
        written.thing = contact = Contact.objects.create(
            uuid=own, case=case, network=network, service=network.service, kind=Contact.Kind.WISH, words=clean_words(words),
            by_member=network.members.persons().get(user=by),
        )  # fmt: skip
    return contact


def _suppose(change: Change, by: User) -> None:
    """As if the word were given, by the person on their own page or through the team. Whoever calls takes it back."""
    if is_person(by, change.member.network):
        let_read(change=change, by=by)
        return
    heard: dict[str, Any] = {"how": Consent.How.IN_THE_ROOM, "where": "nowhere yet", "witness": "nobody yet"}
    _change_what_is_read(
        change, by, give=partial(write_down_consent, **heard), share=partial(write_down_share, **heard)
    )


def _change_what_is_read(change: Change, by: User, *, give: Callable[..., Any], share: Callable[..., Any]) -> None:
    member = change.member
    with one_transaction():
        if change.covers and change.covers != change.was:
            give(member=member, covers=change.covers, by=by)
        elif change.was and not change.covers:
            withdraw_consent(member=member, by=by)
        shared = set(member.shares.filter(withdrawn_at=None).values_list("meeting", flat=True))
        for meeting in member.network.meetings.filter(pk__in=change.meetings - shared):
            share(meeting=meeting, member=member, by=by)
        for meeting in member.network.meetings.filter(pk__in=shared - change.meetings):
            withdraw_share(meeting=meeting, member=member, by=by)


def _share(meeting: Meeting, member: Member, by: User, **said: str) -> NoteShare:
    with one_write("shared a note") as written:
        written.thing = share = NoteShare.objects.create(
            meeting=meeting, member=member, network=meeting.network, service=meeting.service, recorded_by=by, **said
        )
        if meeting.status == Meeting.Status.CLOSED:
            tell_something_waits(str(share.uuid), member)
    return share


def _once(form: UUID, by: User) -> UUID:
    """The id of what `by` sends with a form: nobody else's form leads to the same."""
    return uuid5(form, f"account {by.pk}")
