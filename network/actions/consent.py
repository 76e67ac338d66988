"""The person's word on who may read, for all meetings or from now on, and how messages reach a member."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from network.models import Consent, Member, MemberContact, ReaderPause, User
from network.permissions import NETWORK, require, staff_of
from network.rules import clean_words, one_write, queue_message


@dataclass(frozen=True)
class Span:
    """How long a word holds (`until`; empty: no end); and, where one about meetings "from now on" is given anew, since when they count."""

    until: datetime | None = None
    since: datetime | None = None


ALWAYS = Span()


def give_consent(*, member: Member, covers: str, by: User, span: Span = ALWAYS) -> Consent:
    """The person's word on their own page: `member` may read all (Consent.Covers.ALL) or what is written from now on.

    What stood before for this member is taken back in the same breath, so that one word holds at a time.
    """
    require(NETWORK, "consent.give", by, member.network)
    return _give(member, covers, by, span, how=Consent.How.OWN_PAGE)


def write_down_consent(
    *, member: Member, covers: str, how: str, where: str, witness: str, by: User, span: Span = ALWAYS
) -> Consent:
    """The person's word said elsewhere, written down by the team with where it was said and who was there."""
    require(NETWORK, "consent.write_down", by, member.network)
    staff_of(by)
    return _give(member, covers, by, span, how=how, where=where, witness=witness)


def withdraw_consent(*, member: Member, by: User) -> None:
    """From the next request on `member` reads only what single meetings are shared with them. Nobody is told."""
    require(NETWORK, "consent.withdraw", by, member.network)
    with one_write("withdrew a consent") as written:
        written.thing = member
        _take_back(member, by)


def pause_reader(
    *, member: Member, by: User, how: str = Consent.How.OWN_PAGE, where: str = "", witness: str = ""
) -> ReaderPause:
    """By the person's word `member` reads nothing from the next request on, until the pause ends. Nobody is told."""
    require(NETWORK, "reader.pause", by, member.network)
    with one_write("paused a reader") as written:
        written.thing = pause = ReaderPause.objects.create(
            member=member, network=member.network, service=member.service, how=how, where=clean_words(where),
            witness=clean_words(witness), recorded_by=by,
        )  # fmt: skip
    return pause


def end_pause(*, member: Member, by: User, where: str = "", witness: str = "") -> None:
    """What `member` was given holds again. The team says where the person said so, and who was there."""
    require(NETWORK, "reader.pause", by, member.network)
    with one_write("ended a pause") as written:
        written.thing = member
        member.pauses.open().update(
            ended_at=Now(), ended_by=by, ended_where=clean_words(where), ended_witness=clean_words(witness)
        )


def choose_time_in_messages(*, contact: MemberContact, yes: bool, by: User) -> None:
    """A member's own choice: may messages carry the time of a meeting?"""
    if contact.member.user_id != by.pk:
        require(NETWORK, "member.change", by, contact.network)
    with one_write("chose what messages say") as written:
        written.thing = contact.member
        contact.time_in_messages = yes
        contact.save(update_fields=["time_in_messages"])


def tell_something_waits(word: str, member: Member) -> None:
    """A neutral message to `member`; taken back together with the word (a uuid) that it was about, as long as it is unsent."""
    contact = MemberContact.objects.filter(member=member).first()
    queue_message(f"word:{word}", kind="message", to=contact.email if contact else "", network=member.network)


def _give(member: Member, covers: str, by: User, span: Span, **said: str) -> Consent:
    with one_write("gave a consent") as written:
        _take_back(member, by)
        written.thing = consent = Consent.objects.create(
            member=member, network=member.network, service=member.service, covers=covers, until=span.until, since=span.since,
            recorded_by=by, **said,
        )  # fmt: skip
        if covers == Consent.Covers.ALL:
            tell_something_waits(str(consent.uuid), member)
    return consent


def _take_back(member: Member, by: User) -> None:
    member.consents.standing().update(withdrawn_at=Now(), withdrawn_by=by)
