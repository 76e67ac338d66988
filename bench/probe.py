"""Signs the coordinator of the bench in, and counts the queries of the measured pages, as the app's role."""

import django
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def report(note):
    """Prints the cookie, the board's and the note page's number of queries."""
    from network.models import User

    client = Client(headers={"host": "localhost", "x-forwarded-proto": "https"})
    client.force_login(User.objects.get(pk=1))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    counts = []
    for address in ("/board/", f"/notes/{note}/"):
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE od_app")
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        assert answer.status_code == 200, (address, answer.status_code)
        counts.append(sum(q["sql"].lstrip('"').upper().startswith(("SELECT", "INSERT", "UPDATE")) for q in queries))
    print(f"{cookie.key}={cookie.value}", *counts)


__all__ = ["django", "report"]
