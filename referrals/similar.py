"""Cases that a call might be about: found by the database, offered by the page, chosen by whoever takes the call."""

from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils.html import format_html
from django.utils.safestring import SafeString

from network.models import Member
from network.rules import clean_words
from network.templatetags.look import when_text
from referrals.models import Case


def similar_offers(person_name: str, call_back: str) -> list[tuple[str, SafeString]]:
    """Choices for the form: "case:" or "case:member", with the sentence that says which."""
    typed = [clean_words(text[:200]) for text in (person_name, call_back)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id, caller FROM od.similar_cases(%s, %s)", typed)
        found = cursor.fetchall()
    if not found:
        return []
    person = Member.objects.persons().filter(network=OuterRef("network")).values("name")[:1]
    cases = Case.objects.select_related("owner").annotate(person_name=Subquery(person)).in_bulk([c for c, _ in found])
    callers = Member.objects.in_bulk([member for _, member in found if member])
    offers = []
    for pk, member in found:
        if case := cases.get(pk):
            offers += _offers_of(case, callers.get(member))
    return offers


def _offers_of(case: Any, caller: Member | None) -> list[tuple[str, SafeString]]:
    since = f"closed {when_text(case.closed_at)}" if case.closed_at else f"open since {when_text(case.opened_at)}"
    about = format_html("Yes: <bdi>{}</bdi>, {}, with <bdi>{}</bdi>", case.person_name, since, case.owner.name)
    if not caller:
        return [(f"{case.uuid}:", about)]
    again = format_html(
        "{}. <bdi>{}</bdi>{} is calling again", about, caller.name, f", {caller.relation}," if caller.relation else ""
    )
    return [
        (f"{case.uuid}:{caller.uuid}", again),
        (f"{case.uuid}:", format_html("{}. Somebody else is calling", about)),
    ]
