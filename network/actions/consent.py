"""The person's word on who may read, for all meetings or from now on, and how messages reach a member."""

from django.db.models.functions import Now

from network.models import Consent, Member, MemberContact, User
from network.permissions import NETWORK, require, staff_of
from network.rules import one_write, queue_message


def give_consent(*, member: Member, covers: str, by: User) -> Consent:
    """The person's word on their own page: `member` may read all (Consent.Covers.ALL) or what is written from now on.

    What stood before for this member is taken back in the same breath, so that one word holds at a time.
    """
    require(NETWORK, "consent.give", by, member.network)
    return _give(member, covers, by, how=Consent.How.OWN_PAGE)


def write_down_consent(*, member: Member, covers: str, how: str, where: str, witness: str, by: User) -> Consent:
    """The person's word said elsewhere, written down by the team with where it was said and who was there."""
    require(NETWORK, "consent.write_down", by, member.network)
    staff_of(by)
    return _give(member, covers, by, how=how, where=where, witness=witness)


def withdraw_consent(*, member: Member, by: User) -> None:
    """From the next request on `member` reads only what single meetings are shared with them. Nobody is told."""
    require(NETWORK, "consent.withdraw", by, member.network)
    with one_write("withdrew a consent") as written:
        written.thing = member
        _take_back(member, by)


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


def _give(member: Member, covers: str, by: User, **said: str) -> Consent:
    with one_write("gave a consent") as written:
        _take_back(member, by)
        written.thing = consent = Consent.objects.create(
            member=member, network=member.network, service=member.service, covers=covers, recorded_by=by, **said
        )
        if covers == Consent.Covers.ALL:
            tell_something_waits(str(consent.uuid), member)
    return consent


def _take_back(member: Member, by: User) -> None:
    member.consents.active().update(withdrawn_at=Now(), withdrawn_by=by)
