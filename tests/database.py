"""The database of a test run: a copy of one that is migrated once for each state of the migrations."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

LOCK = 1  # of the advisory locks of PostgreSQL: one run at a time makes or removes


def name_after_this_run():
    """Give the database of this run, and of this worker in it, a name of its own."""
    test = connection.settings_dict["TEST"]
    name = test["NAME"] or f"test_{connection.settings_dict['NAME']}"
    test["NAME"] = f"{name}_{os.environ['TEST_DATABASE_SUFFIX']}"


def start_from_template():
    """Make the migrated template if nobody has yet, and sweep up what dead runs and old migrations left behind."""
    template = f"template_{_state_of_migrations()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute("SELECT datname FROM pg_database ORDER BY oid DESC")
        names = [name for (name,) in cursor.fetchall()]
        if template not in names:
            _migrate_into(cursor, template)
        for name in _left_over(names):
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    connection.settings_dict["TEST"]["TEMPLATE"] = template


def _migrate_into(cursor, template):
    unfinished = f"{template}_unfinished"
    cursor.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{unfinished}"')
    result = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{unfinished}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"The migrations fail:\n{result.stdout}{result.stderr}"
    cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{template}"')


def _left_over(names):
    """Databases of runs that were killed, and all but the newest templates: other runs may be about to copy those."""
    templates = [name for name in names if name.startswith("template_")]
    owners = {name: name.rpartition("_")[2] for name in names if name.startswith("test_")}
    dead = [name for name, pid in owners.items() if pid.isdecimal() and not Path(f"/proc/{pid}").exists()]
    return dead + templates[4:]


def _state_of_migrations():
    sources = sorted(settings.BASE_DIR.glob("*/migrations/**/*.*"))
    sources = [path for path in sources if path.suffix in {".py", ".sql"}]
    sources.append(settings.BASE_DIR / "requirements" / "production.txt")
    digest = hashlib.sha256()
    for path in sources:
        digest.update(str(path.relative_to(settings.BASE_DIR)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
