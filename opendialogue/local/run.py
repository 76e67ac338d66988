"""`make run`: database, broker, web, worker and beat on this machine, and nothing left behind when it ends."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from . import environment, places
from .postgres import Cluster
from .processes import start, stop
from .valkey import Valkey

PASSWORD = "open-dialogue"  # noqa: S105  of accounts that exist in local use alone
ACCOUNTS = {
    "coordinator": "takes calls, sees the board",
    "lead": "sees how the service keeps its word",
    "clinician1": "of the team",
    "clinician2": "of the team",
    "clinician3": "of another team",
    "person": "the person at the centre",
    "mother": "reads what was shared with her",
    "friend": "nothing is shared with him",
    "person2": "of another network",
}
DATA = ("postgres", "postgres-test", "valkey", "chaos", "programs", "keys")


def run():
    """Start everything, say where, and wait for Ctrl-C or for the end of any part."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    port = _port()
    with contextlib.ExitStack() as cleanup:
        cleanup.enter_context(_alone())
        try:
            parts = _start(port, cleanup)
            _welcome(port)
            return _watch(parts)
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
            return 0


def reset():
    """Throw the local data away."""
    with _alone():
        for name in DATA:
            shutil.rmtree(places.directory(name))
        shutil.rmtree(places.CHECKOUT / "var" / "mail", ignore_errors=True)
    print("The local data is gone. `make run` begins anew.")


def _start(port, cleanup):
    with _step("PostgreSQL"):
        cluster = Cluster(places.directory("postgres"))
        cluster.hold()
        cleanup.callback(cluster.release)
    with _step("Valkey"):
        valkey = Valkey(places.directory("valkey"))
        valkey.start()
        cleanup.callback(stop, valkey.process)

    def variables(role):
        return os.environ | environment(cluster, role) | {"REDIS_URL": valkey.url}

    with _step("Tables"):
        _manage("migrate", "--no-input", env=variables("od_owner"))
    with _step("The demo network"):
        _manage("demo", env=variables("od_owner"))
    with _step("Web, worker and beat"):
        parts = {"Valkey": valkey.process}
        for name, role, command in _services(port):
            parts[name] = start(*command, env=variables(role), cwd=places.CHECKOUT)
            cleanup.callback(stop, parts[name])
        _wait_for_answer(port, parts["web"])
    return parts


def _services(port):
    """Name, database role and command of each part."""
    templates = ["templates/**/*.*", "opendialogue/templates/**/*.*"]
    reload = ["--reload", *(word for pattern in templates for word in ("--reload-extra-file", pattern))]
    web = ["gunicorn", "opendialogue.wsgi", f"--bind=127.0.0.1:{port}", "--threads=8", "--log-level=error", *reload]
    celery = ["celery", "--quiet", "--app=opendialogue.celery"]
    worker = [*celery, "worker", "--concurrency=1", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
    beat = [*celery, "beat", "--loglevel=WARNING", "--pidfile="]
    # Celery warns of root, which the local worker of root is; nobody but us can write to this broker.
    python = [sys.executable, "-W", "ignore:You're running the worker", "-m"]
    return [
        ("web", "od_app", python + web),
        ("worker", "od_clock", python + worker),
        ("beat", "od_clock", python + beat),
    ]


def _manage(*command, env):
    result = subprocess.run(
        [sys.executable, "manage.py", *command],
        env=env,
        cwd=places.CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise places.LocalError(f"`manage.py {' '.join(command)}` failed:\n{result.stdout}{result.stderr}")


def _wait_for_answer(port, web):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and web.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise places.LocalError("The web server does not answer. Its last words stand above.")


def _watch(parts):
    while True:
        for name, process in parts.items():
            if process.poll() is not None:
                print(f"\n{name} has ended; stopping the rest. Its last words stand above.", flush=True)
                return 1
        time.sleep(0.5)


def _port():
    given = os.environ.get("PORT") or "8000"
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise places.LocalError(f"PORT is “{given}”; it takes a number, as in `make run PORT=8001`.")
    port = int(given)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise places.LocalError(f"You may not use port {port}. Try `make run PORT=8001`.") from None
        except OSError:
            raise places.LocalError(
                f"Port {port} is in use: perhaps `make run` is already at work. "
                "Stop that program, or try `make run PORT=8001`."
            ) from None
    return port


@contextlib.contextmanager
def _alone():
    """One `make run` a checkout: two would write to the same data."""
    with open(places.directory("keys") / "run.lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise places.LocalError("`make run` is already at work in this checkout. Stop it first.") from None
        yield


@contextlib.contextmanager
def _step(name):
    print(f"  {name} … ", end="", flush=True)
    begin = time.monotonic()
    yield
    print(f"ready ({time.monotonic() - begin:.1f} s)", flush=True)


def _welcome(port):
    print(f"\n  http://localhost:{port}   mail: http://localhost:{port}/local/mail/\n")
    print(f"  Sign in with the password {PASSWORD} as")
    for name, what in ACCOUNTS.items():
        print(f"    {name + '@demo.example':28} {what}")
    print("\n  Ctrl-C stops it all; the data stays. `make reset` throws it away.", flush=True)
