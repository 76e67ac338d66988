"""The service as real processes, and who starts them again when they die: what Compose does, here."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import redis

from opendialogue.local import places
from opendialogue.local.postgres import Cluster
from opendialogue.local.processes import free_port, start, stop
from opendialogue.local.valkey import Valkey

LOOKS = 5  # for who speaks from a port
PAUSE = 0.2  # seconds until a dead part is started again
CELERY = ["celery", "--quiet", "--app=opendialogue.celery"]
QUIET = ["-W", "ignore:You're running the worker"]  # of root, which the local worker of root is


class Part:
    """Something that can be killed. It is down from the kill until it was started again, or answers again."""

    def __init__(self, name):
        self.name = name
        self.kind = name.partition("-")[0]
        self.down_since = None
        self.spans = []  # (killed, up again, how)
        self._how = ""

    def fell(self, how):
        if self.down_since is None:
            self.down_since = time.time()
            self._how = how

    def rose(self):
        if self.down_since is not None:
            self.spans.append((self.down_since, time.time(), self._how))
            self.down_since = None

    @property
    def up(self):
        return self.down_since is None


class Program(Part):
    """A process of ours with its children."""

    ways = ("all", "main", "child")

    def __init__(self, name, command, environment, log):
        super().__init__(name)
        self.command, self.environment, self.log = command, environment, log
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = start(
                sys.executable, *QUIET, "-m", *self.command,
                env=self.environment, cwd=places.CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.rose()

    def kill(self, way):
        """Kill it: with its children, alone, or one child, which its parent then starts again. Returns who will not live."""
        everybody = self.pids()
        children = sorted(everybody - {self.process.pid})
        if way == "child" and children:
            hit = dead = {random.choice(children)}
            now = time.time()
            self.spans.append((now, now, way))
        else:
            hit, dead = {self.process.pid} if way == "main" else everybody, everybody
            self.fell(way)
        for pid in hit:
            shoot(pid)
        return dead

    def look_after(self):
        """Start it again if it is dead, by our hand or otherwise. A container takes what is left of it along."""
        if self.process.poll() is None:
            return
        self.fell("ended by itself")
        if time.time() - self.down_since > PAUSE:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.start()

    def pids(self):
        """The process and all it started, also those that outlived it for a moment."""
        return {self.process.pid} | session_of(self.process.pid)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Broker(Part):
    ways = ("all",)

    def __init__(self, home):
        super().__init__("valkey")
        self.valkey = Valkey(home)
        self.stays_down_until = 0.0

    def start(self):
        self.valkey.start()
        self.rose()

    def kill(self, way):
        self.fell(way)
        self.valkey.process.kill()
        return [self.valkey.process.pid]

    def look_after(self):
        if self.valkey.process.poll() is None:
            return
        self.fell("ended by itself")
        if time.time() > max(self.down_since + PAUSE, self.stays_down_until):
            self.start()

    def flush(self):
        """Throw away all it holds."""
        with redis.Redis.from_url(self.valkey.url, socket_timeout=5) as client:
            client.flushall()

    def stop(self):
        stop(self.valkey.process)


class Database(Part):
    ways = ("all", "main", "child")  # the server with its children, its first process, one of its connections

    def __init__(self, home):
        super().__init__("postgres")
        self.cluster = Cluster(home, port=free_port())
        self._revival = None
        self.trouble = None

    def start(self):
        self.cluster.hold()

    def kill(self, way):
        server = self.cluster.server()
        children = descendants(server)
        self.fell(way)
        if way == "child":
            sessions = [pid for pid in children if b"postgres: od_" in command_of(pid)]
            hit = [random.choice(sessions or children)]
        else:
            hit = [server, *(children if way == "all" else [])]
        for pid in hit:
            shoot(pid)
        self._revival = threading.Thread(target=self._revive, args=(way,), daemon=True)
        self._revival.start()
        return hit

    def look_after(self):
        """Its revival goes on beside everything else."""
        if self.trouble:
            raise self.trouble

    def _revive(self, way):
        try:
            time.sleep(PAUSE)
            # Of a lost connection the server recovers by itself, and answers in a moment.
            end = time.monotonic() + (20 if way == "child" else 0)
            while time.monotonic() < end and not self._answers():
                time.sleep(0.05)
            self.cluster.revive()
        except Exception as error:
            self.trouble = error
        else:
            self.rose()

    def _answers(self):
        try:
            self.cluster.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self):
        if self._revival:
            self._revival.join(60)
        self.cluster.release()


class House:
    """All parts: two of each that the clock hangs on, as in a service that wants to be sure."""

    def __init__(self, home, sink_port, environment):
        self.home = home
        self.database, self.broker = Database(folder(home, "postgres")), Broker(folder(home, "valkey"))
        self.port = free_port()
        self._mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink_port)}
        self._base = environment
        self.programs = []
        self._began = None
        self.outages = []  # (from, until) in which anything was down
        self.served_at = None  # since when everything has run

    @property
    def parts(self):
        return [self.database, self.broker, *self.programs]

    def start_servers(self):
        self.database.start()
        self.broker.start()

    def environment(self, role, **more):
        url = self.database.cluster.url(role)
        return self._base | {"DATABASE_URL": url, "REDIS_URL": self.broker.valkey.url} | more

    def start_programs(self):
        # As in Compose; the web as in `make run`, which needs no certificate and no built files.
        worker = [*CELERY, "worker", "--concurrency=2", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
        beat = [*CELERY, "beat", "--loglevel=WARNING", "--pidfile="]
        web = ["gunicorn", "opendialogue.wsgi", f"--bind=127.0.0.1:{self.port}", "--workers=2", "--threads=4"]
        clock = self.environment("od_clock", DEBUG="0", **self._mail)
        commands = [("web", web, self.environment("od_app", DEBUG="1"))]
        for n in "12":
            commands += [(f"worker-{n}", [*worker, f"--hostname={n}@%h"], clock), (f"beat-{n}", beat, clock)]
        for name, command, environment in commands:
            program = Program(name, command, environment, self.home / f"{name}.log")
            self.programs.append(program)
            program.start()

    def wait_until_served(self, patience):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                self.served_at = time.time()
                return
            time.sleep(0.1)
        raise SystemExit(f"The web process does not answer. {self.home}/web.log says why.")

    def says_ready(self):
        """Whether the service itself finds that all is well."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def look_after(self):
        for part in self.parts:
            part.look_after()
        down = [part.down_since for part in self.parts if not part.up]
        if down and self._began is None:
            self._began = min(down)
        elif not down and self._began is not None:
            self.outages.append((self._began, max(span[1] for part in self.parts for span in part.spans[-1:])))
            self._began = None

    def owner_of(self, port):
        """The name and number of the process that speaks from a local port. Looked up again where nobody does: a list of the system's that
        is read while it changes may be short of a line."""
        for _ in range(LOOKS):
            inode = inode_of(port)
            for program in self.programs:
                for pid in program.pids() if inode else ():
                    if inode in sockets_of(pid):
                        return f"{program.name}:{pid}"
        return ""

    def stop(self):
        for part in reversed(self.parts):
            with contextlib.suppress(Exception):
                part.stop()


def folder(home, name):
    path = home / name
    path.mkdir()
    path.chmod(0o755)
    return path


def shoot(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendants(pid):
    """All children of a process, and theirs."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def session_of(leader):
    """Who belongs to the session that this process began."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[3]) == leader:
                found.add(int(path.parent.name))
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def inode_of(port):
    """The number of the socket on our side of a connection."""
    wanted = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1] == wanted:
            return words[9]
    return None


def sockets_of(pid):
    found = set()
    with contextlib.suppress(OSError):
        for link in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(link.path)
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found
