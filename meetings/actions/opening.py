"""Somebody's record is opened in need, by staff who are not of the team; and that ends."""

from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from meetings.permissions import MEETINGS
from network.models import Opening, User
from network.permissions import require, staff_of
from network.rules import Refusal, log_audit, one_transaction, one_write
from referrals.models import Case


def open_in_need(*, person: str, back: str, reason: str, hours: int, by: User) -> tuple[UUID, bool] | None:
    """Finds the person by name and a number or address, and opens their record; the person and the team are told (od.open_in_need).

    The case, and whether it had to be opened: who may open it anyway is shown the way. None: nobody was found. Each is on record.
    """
    staff = staff_of(by)
    try:
        with one_transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT of_case, opened FROM od.open_in_need(%s, %s, %s, %s)", [person, back, reason, hours])
            found: tuple[UUID, bool] | None = cursor.fetchone()
            if not found:
                log_audit("looked in need, found nobody", None)
            elif found[1]:
                opened = Opening.objects.open().filter(staff=staff, network__cases__uuid=found[0])
                log_audit("opened in need", opened.get())
            else:
                log_audit("looked for what they may open", Case.objects.get(uuid=found[0]))
    except Refusal as refusal:
        if refusal.rule == "opening_is_for_staff":  # nothing of a try is forgotten because it was refused
            log_audit("looked in need, into their own network", None)
        raise
    return found


def end_opening(*, opening: Opening, by: User) -> None:
    """From the next request on it is closed to whoever opened it."""
    require(MEETINGS, "opening.end", by, opening)
    with one_write("ended an opening in need") as written:
        written.thing = opening
        Opening.objects.filter(pk=opening.pk).update(ended_at=Now(), ended_by=by)
