"""What people read of a service, and the hours of the first reply."""

from django.db import connection

from network.models import Service, User
from network.permissions import NETWORK, require
from network.rules import one_write


def change_service(
    *,
    service: Service,
    seen: int,
    name: str,
    languages: str,
    time_zone: str,
    emergency_number: str,
    emergency_advice: str,
    night_number: str,
    hours_reply: int,
    takes_public_referrals: bool,
    by: User,
) -> None:
    """All at once. `seen` is the last change of the service that `by` had in sight (0: none)."""
    require(NETWORK, "service.change", by, service)
    with one_write("changed the service") as written, connection.cursor() as cursor:
        written.thing = service
        cursor.execute(
            "SELECT od.change_service(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [service.pk, seen, name, languages, time_zone, emergency_number, emergency_advice, night_number, hours_reply,
             takes_public_referrals],
        )  # fmt: skip
