"""What may be read before anybody has signed in: through named functions of the database, and nothing about people."""

from dataclasses import dataclass

from django.db import connection

from network.models import User


@dataclass(frozen=True)
class PublicService:
    """A service that takes referrals from the public page, and whom to call."""

    slug: str
    name: str
    time_zone: str
    languages: str
    emergency_number: str
    emergency_advice: str
    night_number: str
    hours_urgent: int
    hours_reply: int


def public_services() -> list[PublicService]:
    """Every service that takes public referrals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slug, name, time_zone, languages, emergency_number, emergency_advice, night_number,"
            " hours_urgent, hours_reply FROM od.public_services()"
        )
        return [PublicService(*row) for row in cursor.fetchall()]


def needs_second_step(account: User) -> bool:
    """Whether an account works for a service; asked at sign-in, when nobody is signed in yet and no row is to be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT od.needs_second_step(%s)", [account.pk])
        return bool(cursor.fetchone()[0])
