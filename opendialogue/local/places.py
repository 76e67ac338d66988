"""Where local data lies, and as whom the local servers run."""

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534  # PostgreSQL refuses to run as root
ELSEWHERE = Path("/var/tmp")  # noqa: S108  survives a restart, and other users can walk to it


class LocalError(Exception):
    """Something on this machine is in the way; the text says what to do."""


def is_root():
    return os.geteuid() == 0


def directory(name):
    """The folder of that name for local data: under var/, or where the unprivileged user can reach it."""
    path = _base() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
        if is_root():
            path.chmod(0o755)
    except OSError as error:
        raise LocalError(
            f"Cannot write to {path}: {error.strerror}. Make this folder yours, or use another checkout."
        ) from error
    return path


def unprivileged():
    """Arguments that make subprocess.run() step down from root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root() else {}


def hand_over(*paths):
    """Give files to the user the local servers run as."""
    for path in paths:
        if is_root():
            os.chown(path, NOBODY, NOBODY)


def reachable(path):
    """Whether any user may walk to this folder and read it."""
    return all(step.stat().st_mode & 0o001 for step in [path, *path.parents]) and bool(path.stat().st_mode & 0o004)


def package(name):
    """The folder of an installed package, or None."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def readable_copy(folder, *beside):
    """The folder of a package, or a copy of it and of what has to lie beside it that the unprivileged user can read."""
    if not is_root() or reachable(folder):
        return folder
    copies = directory("programs")
    for source in (folder, *beside):
        target = copies / source.name
        if source.exists() and not target.exists():
            unfinished = target.with_name(f"{source.name}.{os.getpid()}")
            shutil.copytree(source, unfinished, symlinks=True)
            _open_up(unfinished)
            unfinished.rename(target)
    return copies / folder.name


def _base():
    base = CHECKOUT / "var"
    if not is_root():
        return base
    if reachable(CHECKOUT):
        base.mkdir(exist_ok=True)
        base.chmod(0o755)
        return base
    digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    elsewhere = ELSEWHERE / f"opendialogue-{digest}"
    elsewhere.mkdir(mode=0o755, exist_ok=True)
    if elsewhere.stat().st_uid != 0:
        raise LocalError(f"{elsewhere} belongs to somebody else. Remove it, then try again.")
    elsewhere.chmod(0o755)
    return elsewhere


def _open_up(tree):
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
