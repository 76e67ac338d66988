"""Signs in who looks at the measured pages, and counts the queries of each page, as the app's role. One line a page."""

import django
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

PERSON, COORDINATOR = 42, 1
BEGINS = ("SELECT", "INSERT", "UPDATE")


def report():
    """Page, its address, that of the bare view, the cookie, the number of queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.uuid, c.uuid FROM meetings_meeting m JOIN referrals_case c ON c.id = m.case_id WHERE m.id = 7"
        )
        meeting, case = cursor.fetchone()
    pages = {
        "board": ("/board/", "/bare/board", COORDINATOR),
        "case": (f"/cases/{case}/", f"/bare/case?{case}", COORDINATOR),
        "meeting": (f"/meetings/{meeting}/", f"/bare/meeting?{meeting}", COORDINATOR),
        "note": (f"/notes/{meeting}/", f"/bare/note?{meeting}", COORDINATOR),
        "my": ("/my/", f"/bare/my?{PERSON}", PERSON),
    }
    for page, (address, bare, user) in pages.items():
        client = signed_in(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        print(page, address, bare, f"{cookie.key}={cookie.value}", queries(client, address))


def signed_in(pk):
    from network.models import User

    client = Client(headers={"host": "localhost", "x-forwarded-proto": "https"})
    client.force_login(User.objects.get(pk=pk))
    return client


def queries(client, address):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE od_app")
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}")
    return sum(query["sql"].lstrip().upper().startswith(BEGINS) for query in seen)


if __name__ == "__main__":
    django.setup()
    report()
