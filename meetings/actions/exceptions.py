"""What had to be decided without the person. It stands open until a meeting with the person has taken it up."""

from datetime import datetime
from uuid import UUID, uuid4

from meetings.models import DecidedWithout, Meeting
from meetings.permissions import MEETINGS
from network.models import MemberContact, Message, Staff, User
from network.permissions import require, staff_of
from network.rules import one_write, queue_message
from referrals.models import Case


def record_exception(
    *,
    case: Case,
    text: str,
    decided_by: str,
    decided_at: datetime,
    why: str,
    brought_by: Staff,
    bring_to: Meeting | None = None,
    by: User,
    uuid: UUID | None = None,
) -> DecidedWithout:
    """Record it; the person is told that something waits for them. Without `bring_to` it goes to the next meeting booked.

    The same uuid twice records it once.
    """
    require(MEETINGS, "exception.record", by, case.network)
    with one_write("recorded an exception") as written:
        if uuid and (earlier := case.exceptions.filter(uuid=uuid).first()):
            written.thing = earlier
            return earlier
        written.thing = exception = DecidedWithout.objects.create(
            uuid=uuid or uuid4(),
            case=case,
            network=case.network,
            service=case.service,
            text=text,
            decided_by=decided_by,
            decided_at=decided_at,
            why=why,
            bring_to=bring_to,
            brought_by=brought_by,
            recorded_by=staff_of(by),
        )
        contact = MemberContact.objects.filter(member__network=case.network, member__is_person=True).first()
        queue_message(
            f"exception:{exception.uuid}",
            kind=Message.Kind.MESSAGE,
            to=contact.email if contact else "",
            network=case.network,
        )
    return exception
