"""What is written about first contact: calls, what happens beside the clock, and how a case ends."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from network.models import Staff, User
from network.permissions import require, staff_of
from network.rules import Refusal, clean_words, one_transaction, one_write
from referrals.models import (
    Case,
    CaseClosure,
    CaseHandover,
    Contact,
    FirstHeardCorrection,
    Referral,
    ResponseTimer,
    UrgencyChange,
)
from referrals.permissions import REFERRALS


def take_call(
    *,
    by: User,
    person_name: str,
    call_back: str,
    words: str = "",
    told: str = Referral.Told.NOT_YET,
    uuid: UUID | None = None,
    caller_name: str = "",
    caller_relation: str = "",
    caller_circle: str = "",
    caller_member: UUID | None = None,
    named: Iterable[dict[str, str]] = (),
    safety: str = "",
    channel: str = Referral.Channel.PHONE,
    urgency: str = "urgent",
    place: str = Referral.Place.NOT_SAID,
    place_words: str = "",
    language: str = "",
    interpreter: str = "",
    first_heard_at: datetime | None = None,
    late_reason: str = "",
    join_case: UUID | None = None,
) -> Case:
    """A call, letter or visit: referral, case, network and running clock at once, or joined to `join_case`.

    The same `uuid` twice makes one referral. Without `told` "self" or "yes" the words are left out; the clock runs.
    """
    staff_of(by)
    form = {
        "uuid": uuid or uuid4(), "person_name": person_name, "call_back": call_back, "words": words, "told": told,
        "caller_name": caller_name, "caller_relation": caller_relation, "caller_circle": caller_circle,
        "caller_member": caller_member or "", "named": list(named), "safety": safety, "channel": channel,
        "urgency": urgency, "pathway": _pathway(urgency), "place": place, "place_words": place_words,
        "language": language, "interpreter": interpreter, "first_heard_at": first_heard_at, "late_reason": late_reason,
        "join_case": join_case or "",
    }  # fmt: skip
    case = Case.objects.filter(uuid=_take_referral(form, public=False)).first()
    if not case:  # sent again after it was given away
        raise Refusal("call_with_a_colleague")
    return case


def refer(
    *,
    service: str,
    sender: str,
    person_name: str,
    call_back: str,
    words: str = "",
    told: str = Referral.Told.NOT_YET,
    uuid: UUID | None = None,
    caller_name: str = "",
    caller_relation: str = "",
    caller_circle: str = "",
    urgency: str = "urgent",
    place: str = Referral.Place.NOT_SAID,
    place_words: str = "",
    language: str = "",
    interpreter: str = "",
) -> None:
    """A referral from the public page to the service with the slug `service`. `sender` is a keyed hash of the address.

    Says nothing about whom it was about: the answer is the same whoever is known.
    """
    form = {
        "uuid": uuid or uuid4(), "service": service, "sender": sender, "person_name": person_name,
        "call_back": call_back, "words": words, "told": told, "caller_name": caller_name,
        "caller_relation": caller_relation, "caller_circle": caller_circle, "urgency": urgency,
        "pathway": _pathway(urgency), "place": place, "place_words": place_words, "language": language,
        "interpreter": interpreter,
    }  # fmt: skip
    _take_referral(form, public=True)


def log_contact(
    *,
    case: Case,
    kind: str,
    whom: str = "",
    words: str = "",
    declined_by: str = "",
    declined_what: str = "",
    offered: str = "",
    next_contact: str = "",
    next_contact_at: datetime | None = None,
    at: datetime | None = None,
    by: User,
) -> Contact:
    """What happened beside the clock. Only a reply ends a clock, and only one that waits for the first reply."""
    require(REFERRALS, "contact.log", by, case.network)
    with one_write("logged a contact") as written:
        contact = Contact.objects.create(
            case=case, service_id=case.service_id, network_id=case.network_id, by_staff=staff_of(by), kind=kind,
            whom=whom, words=clean_words(words), declined_by=declined_by, declined_what=declined_what,
            offered=clean_words(offered), next_contact=next_contact, next_contact_at=next_contact_at,
            **({"at": at} if at else {}),
        )  # fmt: skip
        written.thing = contact
    return contact


def correct_first_heard(*, timer: ResponseTimer, corrected: datetime, reason: str, by: User) -> FirstHeardCorrection:
    """Moves the start of a clock, and with it when it is due. The original stays on record."""
    require(REFERRALS, "first_heard.correct", by, timer.network)
    with one_write("corrected first heard") as written:
        written.thing = timer
        return FirstHeardCorrection.objects.create(
            timer=timer, service_id=timer.service_id, network_id=timer.network_id, original=timer.first_heard_at,
            corrected=corrected, reason=reason, by=staff_of(by),
        )  # fmt: skip


def change_urgency(*, timer: ResponseTimer, after: str, reason: str = "", by: User) -> UrgencyChange:
    """Gives a running clock other hours. Lowering needs a reason and is counted."""
    require(REFERRALS, "urgency.change", by, timer.network)
    with one_write("changed the urgency") as written:
        written.thing = timer
        return UrgencyChange.objects.create(
            timer=timer, service_id=timer.service_id, network_id=timer.network_id, before=timer.urgency, after=after,
            reason=reason, by=staff_of(by),
        )  # fmt: skip


def take_case(*, case: Case, by: User) -> Case:
    """`by` looks after the case from now on, which nobody has yet. Taking what one has taken already changes nothing."""
    require(REFERRALS, "case.take", by, case.network)
    me = staff_of(by)
    if case.taken_at and case.owner_id == me.pk:
        return case
    if case.taken_at:
        raise Refusal("case_changed_hands")
    with one_write("took a case") as written:
        written.thing = _give_to(case, me, by)
    return case


def take_over(*, case: Case, by: User) -> Case:
    """`by` looks after it instead of whoever has it, as `case` was seen; they are told."""
    require(REFERRALS, "case.take", by, case.network)
    with one_write("took a case over") as written:
        written.thing = _give_to(case, staff_of(by), by)
    return case


def hand_over(*, case: Case, to: Staff, by: User) -> Case:
    """`to` looks after the case from now on, and is told, as is whoever had it; it counts as taken once they take it."""
    require(REFERRALS, "case.hand_over", by, case.network)
    with one_write("handed a case over") as written:
        written.thing = _give_to(case, to, by)
    return case


def caller_told(*, referral: Referral, words: str = "", safety: str = "", by: User) -> Referral:
    """The caller now knows that the person can read it: what they say then is kept."""
    return _tell(referral, by, told=Referral.Told.YES, words=clean_words(words), safety=clean_words(safety))


def caller_refuses(*, referral: Referral, by: User) -> Referral:
    """The caller was told and says no: their words stay out."""
    return _tell(referral, by, told=Referral.Told.REFUSED)


def close_case(
    *,
    case: Case,
    kind: str,
    reason: str,
    code: str = "",
    offers: str = "",
    second_staff: Staff | None = None,
    word_to_person: str = "",
    word_to_caller: str = "",
    decided_in: UUID | None = None,
    by: User,
) -> CaseClosure:
    """Decided together in the meeting `decided_in`; or without a meeting, and then a clock that runs ends as not met."""
    require(REFERRALS, "case.close", by, case.network)
    with one_write("closed a case") as written:
        written.thing = case
        return CaseClosure.objects.create(
            case=case, service_id=case.service_id, network_id=case.network_id, kind=kind, reason=clean_words(reason),
            code=code, offers=clean_words(offers), first_staff=staff_of(by), second_staff=second_staff,
            word_to_person=word_to_person, word_to_caller=word_to_caller, decided_in=decided_in,
        )  # fmt: skip


def _take_referral(form: dict[str, Any], *, public: bool) -> UUID:
    """The one way in: od.take_referral writes everything, its audit row too."""
    for words in ("words", "safety"):
        form[words] = clean_words(str(form.get(words, "")))
    with one_transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT od.take_referral(%s, %s)", [json.dumps(form, default=_plain), public])
        case: UUID = cursor.fetchone()[0]
    return case


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _pathway(urgency: str) -> str:
    return Referral.Pathway.NON_CRISIS if urgency == "not_crisis" else Referral.Pathway.CRISIS


def _give_to(case: Case, to: Staff, by: User) -> Case:
    CaseHandover.objects.create(
        case=case, service_id=case.service_id, network_id=case.network_id, before_id=case.owner_id,
        before_since=case.taken_at, after=to, by=staff_of(by),
    )  # fmt: skip
    return case


def _tell(referral: Referral, by: User, **told: Any) -> Referral:
    require(REFERRALS, "caller.told", by, referral.network)
    with one_write("recorded whether the caller knows") as written:
        written.thing = referral
        Referral.objects.filter(pk=referral.pk).update(**told)
    referral.refresh_from_db()
    return referral
