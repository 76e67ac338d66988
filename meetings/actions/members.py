"""Who is in a network: named, wanted or not by the person's word, reached how, and gone with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now

from meetings.actions.telling import tell_new_address
from meetings.permissions import MEETINGS
from network.models import Member, MemberContact, Network, User
from network.permissions import require
from network.rules import one_write


@dataclass(frozen=True)
class Word:
    """The person's word on whether somebody may be invited, and where and to whom it was said."""

    wanted: bool
    words: str


def add_member(
    *,
    network: Network,
    details: Mapping[str, Any],
    contact: Mapping[str, Any],
    word: Word | None,
    by: User,
    uuid: UUID | None = None,
) -> Member:
    """Somebody named. `details` are columns of Member, `contact` those of MemberContact; no `word`: not asked yet."""
    require(MEETINGS, "member.add", by, network)
    scope = {"network": network, "service": network.service}
    with one_write("added a member") as written:
        written.thing = member = Member.objects.create(uuid=uuid or uuid4(), **scope, **details)
        MemberContact.objects.create(member=member, **scope, **_lower(contact))
        if word:
            keep_word(member, word)
    return member


def change_member(
    *, member: Member, details: Mapping[str, Any], contact: Mapping[str, Any], word: Word | None, by: User
) -> Member:
    """What is known of somebody. A changed address is told of the meetings it is asked to."""
    require(MEETINGS, "member.change", by, member.network)
    contact = _lower(contact)
    with one_write("changed a member") as written:
        written.thing = member
        if details:
            Member.objects.filter(pk=member.pk).update(**details)
        before = MemberContact.objects.filter(member=member).first()
        if before:
            MemberContact.objects.filter(pk=before.pk).update(**contact)
        else:
            MemberContact.objects.create(member=member, network=member.network, service=member.service, **contact)
        if word:
            keep_word(member, word)
        if contact.get("email") and contact["email"] != (before.email if before else ""):
            tell_new_address(member)
    return member


def give_word(*, member: Member, word: Word, by: User) -> None:
    """Write down whether the person wants somebody invited. A no takes back what they were asked to."""
    require(MEETINGS, "member.change", by, member.network)
    with one_write("wrote down the person's word") as written:
        written.thing = member
        keep_word(member, word)


def member_leaves(*, member: Member, reason: str, by: User) -> None:
    """Somebody is of the network no more. What they could read they read no more; what they said stays."""
    require(MEETINGS, "member.change", by, member.network)
    with one_write("wrote down that a member left") as written:
        written.thing = member
        Member.objects.filter(pk=member.pk).update(left_at=Now(), left_reason=reason)


def same_person(*, member: Member, other: Member, by: User) -> None:
    """`member`, named in a meeting by another phone, is `other`: said by somebody who knows them. Until they are said to be back as two."""
    require(MEETINGS, "member.change", by, member.network)
    with one_write("wrote down that two are one person") as written:
        written.thing = member
        reason = f"The same person as {other}, who is of the network. Named once more on another phone, in a meeting."
        Member.objects.filter(pk=member.pk).update(left_at=Now(), left_reason=reason, same_as=other)


def member_comes_back(*, member: Member, by: User) -> None:
    """Somebody who had left is there again. What the person said of inviting and reading has to be said anew."""
    require(MEETINGS, "member.change", by, member.network)
    with one_write("wrote down that a member came back") as written:
        written.thing = member
        back: dict[str, Any] = {
            "left_at": None,
            "left_reason": "",
            "same_as": None,
            "wanted": None,
            "wanted_word": "",
            "wanted_at": None,
        }
        # Sent twice, it takes nothing back that the person has said since.
        Member.objects.filter(pk=member.pk, left_at__isnull=False).update(**back)


def keep_word(member: Member, word: Word) -> None:
    """Part of a larger write: the person's word on one member, unless it stands so already."""
    if (member.wanted, member.wanted_word) == (word.wanted, word.words):
        return
    member.wanted, member.wanted_word = word.wanted, word.words
    Member.objects.filter(pk=member.pk).update(wanted=word.wanted, wanted_word=word.words, wanted_at=Now())


def _lower(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {**contact, "email": contact["email"].lower()} if "email" in contact else dict(contact)
