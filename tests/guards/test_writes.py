"""Only actions write: whoever reads one package knows all that can happen to a record."""

import ast
from pathlib import Path

from django.apps import apps
from django.conf import settings

OURS = ("network", "referrals", "meetings")
# Files that write for a reason of their own.
ALLOWED = {
    "meetings/demo.py": "the demo network, by the owner, on a developer's machine only",
    "network/outbox.py": "the sender, under its own role, which may mark messages and nothing else",
    "network/models.py": "UserManager.create_user, which allauth and tests call",
    "network/templatetags/look.py": "puts the places on the map into dicts",
}
WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "acreate",
          "asave", "aupdate", "adelete", "aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update"}  # fmt: skip
STATEMENTS = ("INSERT INTO", "UPDATE ", "DELETE FROM", "TRUNCATE", "MERGE INTO")
RELATIONS = {
    field.get_accessor_name() for model in apps.get_models() for field in model._meta.related_objects
} - {None}  # fmt: skip


def writes(source):
    """(line, what) of everything in `source` that writes to the database."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            if not plain_collection(node):
                yield node.lineno, node.func.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = " ".join(node.value.split())
            if text.upper().startswith(STATEMENTS) or any(
                f" {word}" in text for word in ("INSERT INTO ", "DELETE FROM ")
            ):
                yield node.lineno, text[:40]


def plain_collection(call):
    """`update` of a set, a dict or a digest has arguments by position; that of a queryset never has."""
    return call.func.attr == "update" and bool(call.args) and not call.keywords


def modules():
    for app in OURS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR)
            if "migrations" in name.parts or name.parts[1] in ("actions", "actions.py") or str(name) in ALLOWED:
                continue
            yield path, name


def test_only_actions_write():
    found = [f"{name}:{line} {what}" for path, name in modules() for line, what in writes(path.read_text())]
    assert found == []


def test_the_exceptions_exist():
    for name in ALLOWED:
        assert Path(settings.BASE_DIR / name).exists()


def test_views_forms_and_permissions_are_looked_at():
    looked_at = {str(name) for _, name in modules()}
    assert {"network/pages.py", "network/rules.py", "meetings/permissions.py", "referrals/urls.py"} <= looked_at


def test_a_planted_write_is_found():
    planted = [
        "def view(request, case):\n    case.owner = request.staff\n    case.save()",
        "def view(request):\n    return Line.objects.create(text='a')",
        "Case.objects.filter(pk=1).update(closed_at=None)",
        "case.contacts.create(kind='offered')",
        "meeting.lines.all().delete()",
        "Line.objects.bulk_create([])",
        "cursor.execute('INSERT INTO meetings_line (text) VALUES (%s)')",
        "cursor.execute('''\n  update network_member set name = %s''')",
        "cursor.execute('WITH a AS (SELECT 1) DELETE FROM meetings_line')",
        "form.save()",
    ]
    for source in planted:
        assert list(writes(source)), source


def test_reading_is_no_write():
    for source in ("Case.objects.filter(pk=1).exists()", "seen.update({1, 2})", "name = 'Update the case'.title()[:1]"):
        assert not [w for w in writes(source) if w[1] in WRITES], source
