"""Who works for a service. The database does it for a lead of that service, and for commands of whoever runs the installation.

For a command `by` is None.
"""

from typing import Any
from uuid import uuid4

from django.db import connection

from network.models import Service, Staff, User
from network.permissions import NETWORK, require
from network.rules import Refusal, log_audit, one_transaction, one_write


def add_staff(
    *, service: Service, name: str, email: str, profession: str, training: str, roles: list[str], by: User | None
) -> Staff:
    """Somebody begins: a new account for `email`, to which a neutral mail goes. `roles`: coordinator, lead, clinician.

    Raises Refusal where the address is in use; that it was asked for stays on record all the same.
    """
    _may(service, by)
    uuid = uuid4()
    with one_transaction():
        added = _call("add_staff", service.pk, uuid, name, email.strip(), profession, training, *_roles(roles))
        staff = Staff.objects.get(uuid=uuid) if added else None
        log_audit("began to work here" if staff else "asked for an address that is taken", staff or service)
    if staff is None:
        raise Refusal("address_is_taken")
    return staff


def invite_again(*, staff: Staff, by: User) -> None:
    """The same mail once more, as long as they have not signed in; once a minute at most."""
    _may(staff.service, by)
    with one_write("sent an invitation to work here again") as written:
        written.thing = staff
        _call("invite_staff", staff.uuid)


def change_staff(*, staff: Staff, name: str, profession: str, training: str, roles: list[str], by: User) -> None:
    """Their name, and what they do here."""
    _may(staff.service, by)
    with one_write("changed what somebody does here") as written:
        written.thing = staff
        _call("change_staff", staff.uuid, name, profession, training, *_roles(roles))


def end_staff(*, staff: Staff, by: User | None) -> None:
    """Somebody works here no more: out on their next request. What is theirs was handed over before, or the database refuses."""
    _may(staff.service, by)
    with one_write("left the service") as written:
        written.thing = staff
        _call("end_staff", staff.uuid)


def take_back(*, staff: Staff, by: User) -> None:
    """Somebody who left works here again, as what they were."""
    _may(staff.service, by)
    with one_write("came back to work here") as written:
        written.thing = staff
        _call("take_back_staff", staff.uuid)


def _may(service: Service, by: User | None) -> None:
    if by is not None:
        require(NETWORK, "staff.change", by, service)


def _roles(roles: list[str]) -> list[bool]:
    return [role in roles for role in ("coordinator", "clinician", "lead")]


def _call(function: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT od.{function}({', '.join(['%s'] * len(values))})", values)
        return cursor.fetchone()[0]
