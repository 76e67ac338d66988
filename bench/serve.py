"""The service and, beside it, bare views: no middleware, no rights, no audit, one raw query, the same rows."""

import os
from urllib.parse import parse_qs

import django
import psycopg
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.utils.html import format_html, format_html_join

django.setup(set_prefix=False)
# As the owner of the tables: row security costs nothing here.
OWNER = psycopg.connect(os.environ["OWNER_URL"], autocommit=True)

BOARD = """
    SELECT c.uuid, m.name, r.words, r.caller_name, r.first_heard_at, c.due_at, s.name, k.kind, k.at
    FROM referrals_case c JOIN network_member m ON m.network_id = c.network_id AND m.is_person
    JOIN referrals_referral r ON r.case_id = c.id JOIN network_staff s ON s.id = c.owner_id
    LEFT JOIN referrals_contact k ON k.id = c.last_contact_id
    WHERE c.service_id = 1 AND c.closed_at IS NULL ORDER BY c.due_at NULLS LAST, c.opened_at DESC, c.id DESC LIMIT 50"""
NOTE = """
    SELECT l.kind, l.voice, l.text, l.said_at FROM meetings_line l JOIN meetings_meeting m ON m.id = l.meeting_id
    WHERE m.uuid = %s ORDER BY l.said_at, l.id"""


class Bare(WSGIHandler):
    """Answers /bare/board and /bare/note?uuid=…"""

    def get_response(self, request):
        with OWNER.cursor() as cursor:
            if request.path == "/bare/board":
                cursor.execute(BOARD)
            else:
                cursor.execute(NOTE, parse_qs(request.META["QUERY_STRING"])["uuid"])
            rows = cursor.fetchall()
        cells = (format_html_join("", "<td>{}</td>", ((value,) for value in row)) for row in rows)
        return HttpResponse(
            format_html("<table>{}</table>", format_html_join("", "<tr>{}</tr>", ((c,) for c in cells)))
        )


service, bare = WSGIHandler(), Bare()


def application(environ, start_response):
    """The one WSGI application of the measured worker."""
    handler = bare if environ["PATH_INFO"].startswith("/bare/") else service
    return handler(environ, start_response)
