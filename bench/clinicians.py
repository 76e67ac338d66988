"""Two hundred clinicians, each signed in and in a meeting that goes on, and what each will save: one line of JSON each."""

import json
import sys
from uuid import uuid4

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.utils import timezone  # noqa: E402

from network.identity import set_identity  # noqa: E402
from tests.factories import (  # noqa: E402
    make_case,
    make_meeting,
    make_member,
    make_network,
    make_service,
    make_staff,
    make_team,
    start,
)
from tests.sealed import entry  # noqa: E402

WORDS = "She says that the neighbours hear what she thinks, and that she cannot sleep when the light is off. Her mother nods."


def main(clinicians, lines):
    request = RequestFactory().get("/")
    token = get_token(request)
    csrf = f"{settings.CSRF_COOKIE_NAME}={request.META['CSRF_COOKIE']}"
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(
            no_style(), apps.get_models()
        ):  # what is there was filled with numbers of its own
            cursor.execute(sql)
        service = make_service("Crowd", "crowd")
        for n in range(clinicians):
            one, meeting = meeting_of(service, n)
            client = Client()
            client.force_login(one.user)
            set_identity(None)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            said = {
                "cookie": f"{cookie.key}={cookie.value}; {csrf}", "token": token, "path": f"/meetings/{meeting.uuid}/record/entries/",
                "bodies": [body(one, meeting) for _ in range(lines)],
            }  # fmt: skip
            print(json.dumps(said))


def meeting_of(service, n):
    one, other = (make_staff(service, f"Somebody {n}/{k}", "clinician") for k in range(2))
    network = make_network(service)
    person = make_member(network, "Elina", account=False, is_person=True)
    make_member(network, "Marja", account=False, relation="her mother")
    make_team(network, one, other)
    meeting = make_meeting(make_case(network, one), one, other, invited=[person])
    return one, start(meeting, person, one)


def body(author, meeting):
    """A batch of one line, sealed as the page does it."""
    fields = {
        "do": "line", "kind": "voice", "voice": "other", "voice_name": "Marja", "text": f"{WORDS} {uuid4()}",
        "said_at": timezone.now().isoformat(), "offset_ms": "0",
    }  # fmt: skip
    return json.dumps(
        {"author": str(author.uuid), "offset_ms": 0, "entries": [entry(meeting, author, fields, waited=False)]}
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
