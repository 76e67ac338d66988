"""The servers that `make run` starts: they are shared, survive a kill, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from opendialogue.local import places, processes
from opendialogue.local.postgres import Cluster
from opendialogue.local.valkey import Valkey

HOLD = """
import sys, time
from pathlib import Path
from opendialogue.local.postgres import Cluster
cluster = Cluster(Path(sys.argv[1]), durable=False)
cluster.hold()
print(cluster.url("od_app"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def home():
    """A folder the local servers may use, whoever runs the tests."""
    folder = places.directory("try") / str(os.getpid())
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(home):
    cluster = Cluster(home, durable=False)
    cluster.hold()
    yield cluster
    cluster.release()
    assert not answers(cluster)


def answers(cluster):
    try:
        cluster.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(cluster):
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def another_process(home):
    return processes.start(sys.executable, "-c", HOLD, home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_roles_can_sign_in_and_step_down(cluster):
    with psycopg.connect(cluster.url("od_owner")) as connection:
        for role in ("od_app", "od_clock"):
            connection.execute(f"SET ROLE {role}")
            assert connection.execute("SELECT current_user").fetchone() == (role,)
    with psycopg.connect(cluster.url("od_app")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET ROLE od_owner")


def test_race_of_several_starts_one_server(home):
    others = [another_process(home) for _ in range(3)]
    urls = {other.stdout.readline() for other in others}
    assert len(urls) == 1
    assert urls != {""}
    for other in others:
        other.communicate("")
    assert not answers(Cluster(home))


def test_last_one_out_stops_it(cluster, home):
    with another_process(home) as other:
        assert other.stdout.readline().strip() == cluster.url("od_app")
        cluster.release()
        assert answers(cluster)
        other.communicate("")
    assert not answers(cluster)
    cluster.hold()


def test_comes_back_after_kill_with_what_was_committed(home):
    folder = home / "durable"
    folder.mkdir()
    cluster, again = Cluster(folder), Cluster(folder)
    cluster.hold()
    with psycopg.connect(cluster.url("od_owner")) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    os.kill(postmaster(cluster), signal.SIGKILL)
    again.hold()
    with psycopg.connect(again.url("od_owner")) as connection:
        connection.execute("SELECT word FROM kept")
    again.release()
    cluster.release()


def test_number_of_a_dead_server_may_be_anybodys_now(home):
    cluster = Cluster(home, durable=False)
    cluster.hold()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    cluster.release()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:]]))
    places.hand_over(cluster.data / "postmaster.pid")
    cluster.hold()
    cluster.release()


def test_data_of_another_version_is_refused_with_a_sentence(home):
    folder = home / "old" / "data"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("17\n")
    with pytest.raises(places.LocalError, match="PostgreSQL 17, and this is 18"):
        Cluster(folder.parent).hold()


def test_valkey_keeps_what_it_was_told(home):
    folder = home / "valkey"
    folder.mkdir()
    for _ in range(2):
        valkey = Valkey(folder)
        valkey.start()
        with redis.Redis.from_url(valkey.url) as client:
            before = client.get("word")
            client.set("word", "kept")
        processes.stop(valkey.process)
    assert before == b"kept"


def test_children_end_with_their_parent():
    code = (
        "import sys, os, signal; from opendialogue.local.processes import start\n"
        "child = start(sys.executable, '-c', 'import time; time.sleep(60)')\n"
        "print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    pid = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout.strip()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
