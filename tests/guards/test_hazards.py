"""docs/hazards.md and docs/security.md name tests that are there."""

import re

import pytest
from django.conf import settings

DOCS = [settings.BASE_DIR / "docs" / name for name in ("hazards.md", "security.md")]
NAMED = re.compile(r"`(tests/[\w/]+\.py)?(?:::(test_\w+))?`")


def named(page):
    """Each test or file of tests that a page names; `::test_x` alone is of the file before it."""
    where, found = "", []
    for path, test in NAMED.findall(page):
        where = path or where
        if path or test:
            found.append((where, test))
    return found


@pytest.mark.parametrize("doc", [doc for doc in DOCS if doc.exists()], ids=lambda doc: doc.name)
def test_the_tests_are_there(doc):
    found = named(doc.read_text())
    assert len(found) > 20
    missing = []
    for path, test in found:
        file = settings.BASE_DIR / path
        if not path or not file.exists() or (test and f"def {test}(" not in file.read_text()):
            missing.append((path, test))
    assert not missing
    assert ("tests/nowhere.py", "") in named("`tests/nowhere.py`")
