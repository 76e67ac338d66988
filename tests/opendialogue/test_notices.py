"""What a page says about the last thing that was done waits in the session, which has no row security: it names nobody."""

import ast

import pytest
from django.conf import settings

from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def test_no_cookie_carries_what_was_done(client):
    cast = make_cast()
    client.force_login(cast.person.user)
    shared = client.post(f"/notes/{cast.held.uuid}/share/", {"members": str(cast.friend.uuid)})
    assert shared.status_code == 302
    assert set(client.cookies) <= {"session", "token", "__Host-session", "__Host-token"}
    assert "They may read this now." in client.get(shared.headers["Location"]).content.decode()


def test_no_notice_names_anybody():
    """A sentence with something put into it holds times and our own sentences only."""
    put_in = set()
    for path in settings.BASE_DIR.glob("*/views*/**/*.py"):
        put_in |= parts_of_notices(path)
    for path in settings.BASE_DIR.glob("*/views*.py"):
        put_in |= parts_of_notices(path)
    assert put_in <= {
        "verb", "said", "when_text(referral.timer.due_at)", "SENTENCES[chosen.refused_why].text",
        "SENTENCES[line.refused_why].text", "SENTENCES[new.refused_why].text",
        "refusal.sentence", "_told", "ended", "form.errors", "told[Kind(this.kind)]",
    }  # fmt: skip


def parts_of_notices(path):
    """What is put into the texts given to messages.success and its like."""
    found = set()
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("messages."):
            for text in call.args[1:]:
                if isinstance(text, ast.JoinedStr):
                    found |= {ast.unparse(part.value) for part in text.values if isinstance(part, ast.FormattedValue)}
                elif isinstance(text, ast.Call):
                    found.add("form.errors" if "form.errors" in ast.unparse(text) else ast.unparse(text.func))
                elif not isinstance(text, ast.Constant | ast.IfExp):
                    found.add(ast.unparse(text))
    return found
