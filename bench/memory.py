"""`python -m bench.memory`: what the processes hold, from the first of ten thousand requests to the last.

gunicorn and Celery as in the Dockerfile and in Compose, production rules, 1,000 cases. The pages opened most, by turns; for Celery as many
sweeps. Bar: 120 MiB each, and no growth over 5 % once the first fifth is behind.
"""

import contextlib
import http.client
import itertools
import os
import sys
import threading
from pathlib import Path

import redis

from bench import service
from bench.large import wait_for
from opendialogue.local import places
from opendialogue.local.processes import free_port, start, stop
from opendialogue.local.valkey import Valkey

REQUESTS, AT_A_TIME = 10_000, 4
BAR, GROWTH = 120, 0.05
TASKS = ("referrals.tasks.sweep", "network.tasks.send_messages")


def main():
    """Fill, serve, ask, write the table."""
    cluster = service.cluster()
    service.say("Filling …")
    database = service.filled(cluster, 1_000)
    with contextlib.ExitStack() as cleanup:
        web = served(cluster, database, cleanup)
        service.say("Measuring: the web …")
        rows = [("web worker", one, sizes) for one, sizes in web.items()]
        service.say("Measuring: Celery …")
        rows += [("Celery", one, sizes) for one, sizes in swept(cluster, database, cleanup).items()]
    table = render(rows)
    print(table)
    (service.HERE / "results-memory.md").write_text(table)
    return int("over the bar" in table)


def served(cluster, database, cleanup):
    """MiB of each worker after each tenth of the requests."""
    pages = service.probe(cluster, database)
    port = free_port()
    process = service.serve(port, env=service.variables(cluster, "od_app", database))
    cleanup.callback(stop, process)
    wait_for(lambda: len(children(process.pid)) == 2 and answers(port), "gunicorn")
    turns = itertools.cycle((address, cookie) for address, _, cookie, _ in pages.values())
    sizes = {pid: [] for pid in sorted(children(process.pid))}
    for _ in range(10):
        chosen = list(itertools.islice(turns, REQUESTS // 10))
        threads = [threading.Thread(target=ask_all, args=(port, chosen[n::AT_A_TIME])) for n in range(AT_A_TIME)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        note(sizes)
    return {f"number {n}": found for n, found in enumerate(sizes.values(), 1)}


def ask_all(port, chosen):
    for address, cookie in chosen:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        client.request("GET", address, headers={"Host": "localhost", "X-Forwarded-Proto": "https", "Cookie": cookie})
        answer = client.getresponse()
        answer.read()
        client.close()
        if answer.status != 200:
            print(f"{address} answered {answer.status}", flush=True)
            os._exit(1)


def answers(port):
    with contextlib.suppress(OSError, http.client.HTTPException):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", "/healthz", headers={"X-Forwarded-Proto": "https"})
        return client.getresponse().status == 200
    return False


def swept(cluster, database, cleanup):
    """The same of the worker and its two children, after each tenth of as many tasks."""
    from celery import Celery

    valkey = Valkey(places.directory("valkey-bench"))
    valkey.start()
    cleanup.callback(stop, valkey.process)
    env = service.variables(cluster, "od_clock", database) | {
        "REDIS_URL": valkey.url,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": "9",
    }
    command = ["-m", "celery", "--quiet", "--app=opendialogue.celery", "worker", "--concurrency=2", "--loglevel=ERROR"]
    ignore = "ignore:You're running the worker"
    worker = start(sys.executable, "-W", ignore, *command, "--without-mingle", "--without-gossip", env=env)
    cleanup.callback(stop, worker)
    wait_for(lambda: len(children(worker.pid)) == 2, "Celery")
    sizes = {pid: [] for pid in (worker.pid, *sorted(children(worker.pid)))}
    with redis.Redis.from_url(valkey.url) as broker, Celery(broker=valkey.url) as sender:
        for _ in range(10):
            for n in range(REQUESTS // 10):
                sender.send_task(TASKS[n % len(TASKS)])
            wait_for(lambda: not broker.llen("celery") and not broker.hlen("unacked"), "the tasks")
            note(sizes)
    return dict(zip(("first process", "child 1", "child 2"), sizes.values(), strict=True))


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(one) for one in found}


def note(sizes):
    for pid, found in sizes.items():
        found.append(resident(pid))


def resident(pid):
    """MiB that a process has in memory."""
    line = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def render(rows):
    lines = [
        "# Memory",
        "",
        f"{service.machine()} `python -m bench.memory`.",
        "",
        f"Resident memory of each process over {REQUESTS:,} requests (board, case, meeting, note, my page; {AT_A_TIME} at a time),",
        "or as many sweeps; two web workers of four threads, a Celery worker with two children.",
        f"Bar: {BAR} MiB each; growth from the second tenth to the last: {GROWTH:.0%} at most.",
        "",
        "| process | | MiB after 1,000 | after 2,000 | after 5,000 | after 10,000 | growth | |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for kind, name, sizes in rows:
        growth = sizes[9] / sizes[1] - 1
        verdict = "over the bar" if max(sizes) > BAR or growth > GROWTH else "within the bar"
        cells = " | ".join(f"{sizes[n]:.0f}" for n in (0, 1, 4, 9))
        lines.append(f"| {kind} | {name} | {cells} | {growth:.1%} | {verdict} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
