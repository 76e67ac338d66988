"""The service and, beside it, bare views: no middleware, no rights, no audit, one raw query, the same rows."""

import os

import psycopg
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path
from django.utils.html import format_html, format_html_join

from opendialogue.wsgi import application as service

# isort: split
# These want a service that is set up.
from network.pages import staff_page
from opendialogue import urls


@staff_page
def hello(request):
    """The least that anybody who is signed in can be answered."""
    return HttpResponse("Hello")


urls.urlpatterns.append(path("bench/hello/", hello))

# As the owner of the tables: row security costs nothing here.
OWNER = psycopg.connect(os.environ["OWNER_URL"], autocommit=True)

QUERIES = {
    "board": """
        SELECT c.uuid, m.name, r.words, r.caller_name, r.first_heard_at, c.due_at, s.name, k.kind, k.at
        FROM referrals_case c JOIN network_member m ON m.network_id = c.network_id AND m.is_person
        JOIN referrals_referral r ON r.case_id = c.id JOIN network_staff s ON s.id = c.owner_id
        LEFT JOIN referrals_contact k ON k.id = c.last_contact_id
        WHERE c.service_id = 1 AND c.closed_at IS NULL ORDER BY c.due_at NULLS LAST, c.opened_at DESC, c.id DESC LIMIT 50""",
    "case": """
        SELECT m.name, m.relation, r.words, r.caller_name, t.first_heard_at, t.due_at, t.outcome, s.name, k.kind, k.at
        FROM referrals_case c JOIN network_member m ON m.network_id = c.network_id
        JOIN referrals_referral r ON r.case_id = c.id JOIN referrals_responsetimer t ON t.id = r.timer_id
        JOIN network_staff s ON s.id = c.owner_id LEFT JOIN referrals_contact k ON k.case_id = c.id
        WHERE c.uuid = %s ORDER BY m.is_person DESC, m.id""",
    "meeting": """
        SELECT m.starts_at, m.ends_at, m.place, m.address, s.name, s.profession
        FROM meetings_meeting m JOIN meetings_meetingstaff c ON c.meeting_id = m.id AND c.active JOIN network_staff s ON s.id = c.staff_id
        WHERE m.uuid = %s ORDER BY s.name""",
    "note": """
        SELECT l.kind, l.voice, l.text, l.said_at FROM meetings_line l JOIN meetings_meeting m ON m.id = l.meeting_id
        WHERE m.uuid = %s ORDER BY l.said_at, l.id""",
    "my": """
        SELECT m.starts_at, m.place, m.status, o.name, o.relation FROM network_member me
        JOIN network_member o ON o.network_id = me.network_id
        JOIN meetings_meeting m ON m.network_id = me.network_id WHERE me.user_id = %s ORDER BY m.starts_at, o.id""",
}


class Bare(WSGIHandler):
    """Answers /bare/board, and /bare/note?uuid and its like."""

    def get_response(self, request):
        if request.path == "/bare/hello":
            return HttpResponse("Hello")
        which = request.META["QUERY_STRING"]
        with OWNER.cursor() as cursor:
            cursor.execute(QUERIES[request.path.rpartition("/")[2]], [which] if which else None)
            rows = cursor.fetchall()
        cells = (format_html_join("", "<td>{}</td>", ((value,) for value in row)) for row in rows)
        return HttpResponse(
            format_html("<table>{}</table>", format_html_join("", "<tr>{}</tr>", ((c,) for c in cells)))
        )


bare = Bare()


def application(environ, start_response):
    """The one WSGI application of the measured worker."""
    handler = bare if environ["PATH_INFO"].startswith("/bare/") else service
    return handler(environ, start_response)
