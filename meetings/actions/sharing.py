"""What stands beside a closed note, who may read it by the person's word, and what the person wishes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from meetings.models import (
    WORDS,
    Addendum,
    DecidedWithout,
    KeptBack,
    Line,
    Meeting,
    NoteShare,
    OutOfSight,
    ReadBack,
    ToBring,
)
from meetings.permissions import MEETINGS
from meetings.reading import Change
from network.actions.consent import (
    ALWAYS,
    Span,
    end_pause,
    give_consent,
    tell_something_waits,
    withdraw_consent,
    write_down_consent,
)
from network.identity import Eyes, eyes_of
from network.models import Consent, Member, Network, User
from network.permissions import is_person, require, staff_of
from network.rules import Refusal, clean_words, log_reading, one_transaction, one_write
from referrals.models import Case, Contact, Referral
from referrals.permissions import REFERRALS

Words = Line | Addendum | ReadBack | DecidedWithout | ToBring | Referral | Contact  # that can go out of sight


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


def share_note(*, meeting: Meeting, member: Member, by: User, span: Span = ALWAYS) -> NoteShare:
    """The person's word on their own page: `member` may read this meeting."""
    require(MEETINGS, "share.give", by, meeting.network)
    return _share(meeting, member, by, span, how=Consent.How.OWN_PAGE)


def write_down_share(
    *, meeting: Meeting, member: Member, how: str, where: str, witness: str, by: User, span: Span = ALWAYS
) -> NoteShare:
    """The person's word said in the room or on paper, written down with where that was and who was there."""
    require(MEETINGS, "share.write_down", by, meeting.network)
    return _share(meeting, member, by, span, how=how, where=where, witness=witness)


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


def keep_back(*, line: Line, by: User) -> KeptBack:
    """Family and friends who read the meeting do not read `line`: by the person, or by the one whose words it is. Nobody is told."""
    require(MEETINGS, "line.keep_back", by, line.network)
    own = _own_side(line, by)
    with one_write("kept a line back") as written:
        kept = line.keepings.open().filter(**own).first()
        written.thing = kept = kept or KeptBack.objects.create(
            line=line, meeting_id=line.meeting_id, network=line.network, service=line.service, **own
        )
    return kept


def share_with_the_rest(*, line: Line, by: User) -> None:
    """Takes back one's own word that `line` is kept back. It is read again unless somebody else keeps it back, too."""
    require(MEETINGS, "line.keep_back", by, line.network)
    with one_write("shared a line with the rest") as written:
        written.thing = line
        line.keepings.open().filter(**_own_side(line, by)).update(ended_at=Now())


def ask_out_of_sight(*, words: Words, why: str, reason: str, by: User) -> OutOfSight:
    """One of two asks that `words` are taken out of sight. They stay until a second one confirms."""
    require(MEETINGS, "words.out_of_sight", by, words.network)
    with one_write("asked to take words out of sight") as written:
        written.thing = asked = OutOfSight.objects.create(
            network=words.network, service=words.service, why=why, words=clean_words(reason), asked_by=staff_of(by),
            **{WORDS[type(words)]: words},
        )  # fmt: skip
    return asked


def confirm_out_of_sight(*, asked: OutOfSight, by: User) -> None:
    """The second one confirms, in their own session: from now on nobody reads these words here. The person is told."""
    require(MEETINGS, "words.out_of_sight", by, asked.network)
    with one_write("took words out of sight") as written:
        written.thing = asked
        OutOfSight.objects.filter(pk=asked.pk).update(second=staff_of(by))


def bring(*, member: Member, text: str, once: UUID, by: User, in_the_room: bool = False) -> ToBring:
    """What `by` would like to bring to the next meeting, written between meetings; `in_the_room`: everybody who comes may see it.

    The owner of the case gets a message (od.tell_owner).
    """
    if member.user_id != by.pk:
        raise PermissionDenied
    own = _once(once, by)
    if earlier := ToBring.objects.filter(network=member.network, uuid=own).first():
        return earlier
    with one_write("wrote what to bring") as written:
        written.thing = brought = ToBring.objects.create(
            uuid=own, member=member, network=member.network, service=member.service, text=clean_words(text),
            in_the_room=in_the_room,
        )  # fmt: skip
    return brought


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
    said: dict[str, Any] = {"where": "nowhere yet", "witness": "nobody yet"}
    heard = said | {"how": Consent.How.IN_THE_ROOM}
    _change_what_is_read(
        change, by, give=partial(write_down_consent, **heard), share=partial(write_down_share, **heard),
        lift=partial(end_pause, **said),
    )  # fmt: skip


def _change_what_is_read(
    change: Change,
    by: User,
    *,
    give: Callable[..., Any],
    share: Callable[..., Any],
    lift: Callable[..., Any] = end_pause,
) -> None:
    member = change.member
    with one_transaction():
        if change.paused:
            lift(member=member, by=by)
        if change.covers and (change.covers, change.span.until) != (change.was, change.until_was):
            give(member=member, covers=change.covers, span=change.span, by=by)
        elif change.was and not change.covers:
            withdraw_consent(member=member, by=by)
        shared = dict(member.shares.filter(withdrawn_at=None).values_list("meeting", "until"))
        kept = {meeting for meeting, until in shared.items() if until == change.span.until} & change.meetings
        for meeting in member.network.meetings.filter(pk__in=set(shared) - kept):
            withdraw_share(meeting=meeting, member=member, by=by)
        for meeting in member.network.meetings.filter(pk__in=change.meetings - kept):
            share(meeting=meeting, member=member, span=change.span, by=by)


def _share(meeting: Meeting, member: Member, by: User, span: Span, **said: str) -> NoteShare:
    with one_write("shared a note") as written:
        meeting.shares.filter(member=member, withdrawn_at=None, until__lte=Now()).update(
            withdrawn_at=Now(), withdrawn_by=by
        )
        written.thing = share = NoteShare.objects.create(
            meeting=meeting,
            member=member,
            network=meeting.network,
            service=meeting.service,
            until=span.until,
            recorded_by=by,
            **said,
        )
        if meeting.status == Meeting.Status.CLOSED:
            tell_something_waits(str(share.uuid), member)
    return share


def _own_side(line: Line, by: User) -> dict[str, Any]:
    """In whose name `by` speaks of `line`: as a member of its network, or as staff."""
    member = line.network.members.current().filter(user=by).first()
    return {"member": member, "staff": None} if member else {"staff": staff_of(by), "member": None}


def _once(form: UUID, by: User) -> UUID:
    """The id of what `by` sends with a form: nobody else's form leads to the same."""
    return uuid5(form, f"account {by.pk}")
