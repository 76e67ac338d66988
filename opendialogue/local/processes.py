"""Child processes that end with their parent."""

import ctypes
import signal
import socket
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def start(*command, **options):
    """Start a program in a session of its own, so that Ctrl-C reaches only us and we stop the others in order."""
    return subprocess.Popen(
        [str(part) for part in command], start_new_session=True, preexec_fn=_die_with_parent, **options
    )


def stop(process, *, patience=10):
    """Ask it to stop, and insist after a while."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
