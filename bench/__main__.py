"""`make bench`: board and note page against a bare view of the same rows, at 1,000 and 10,000 cases, one worker, interleaved.

A ratio is the median of the page's times over the median of the bare view's, in one run; a run whose ratios spread by more than 15 %
is void and says so. Query counts are of one request.
"""

import datetime
import http.client
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import django
import psycopg

from opendialogue.local import Cluster, environment, places
from opendialogue.local.processes import free_port

HERE = Path(__file__).parent
SIZES = (1_000, 10_000)
ROUNDS, REQUESTS, SPREAD = 5, 60, 0.15
BARS = {"board": 4.0, "note": 4.0}
# The clocks that run are watched over, as they would be.
WATCHED = """
    SELECT od.start_watch(case_id, od.subject_of(kind, urgency), id, NULL, first_heard_at, due_at)
    FROM referrals_responsetimer WHERE outcome = 'running'"""


def main():
    """Fill, serve, measure, write the table."""
    cluster = Cluster(places.directory("postgres-bench"), durable=False)
    cluster.hold()
    base = environment(cluster, "od_owner") | {"DJANGO_SETTINGS_MODULE": "opendialogue.settings", "PYTHONPATH": "."}
    base |= {"DEBUG": "0", "TRUST_PROXY": "1", "SITE_URL": "https://localhost"}
    manage(base, "migrate", "--verbosity", "0")
    manage(base, "collectstatic", "--noinput", "--verbosity", "0")
    rows = [row for size in SIZES for row in measure(cluster, base, size)]
    table = render(rows)
    print(table)
    (HERE / "results.md").write_text(table)
    return int(any(row["void"] or row["ratio"] > BARS[row["page"]] for row in rows))


def manage(base, *command):
    subprocess.run([sys.executable, "manage.py", *command], env=os.environ | base, check=True)


def measure(cluster, base, cases):
    print(f"Filling {cases:,} cases …", flush=True)
    with psycopg.connect(cluster.url("od_owner")) as connection:
        tables = triggered(connection)
        for table in tables:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute((HERE / "data.sql").read_text() % {"cases": cases})
        connection.commit()  # what the tables still owe each other has to be settled first
        for table in tables:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        connection.execute(WATCHED)
        note = connection.execute("SELECT uuid FROM meetings_meeting WHERE id = 7").fetchone()[0]
    session, queries = sign_in(base, note)
    port = free_port()
    worker = [
        sys.executable,
        "-m",
        "gunicorn",
        "bench.serve:application",
        "--workers",
        "1",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    worker += ["--worker-class", "gthread", "--threads", "1", "--keep-alive", "60"]
    roles = {
        "DATABASE_URL": cluster.url("od_app"),
        "OWNER_URL": cluster.url("od_owner"),
    }  # the bare view reads as the owner
    process = subprocess.Popen(worker, env=os.environ | base | roles, stderr=subprocess.DEVNULL)
    try:
        client = connect(port)
        for page, address, bare in (
            ("board", "/board/", "/bare/board"),
            ("note", f"/notes/{note}/", f"/bare/note?uuid={note}"),
        ):
            yield compare(client, page, cases, address, bare, session, queries[page])
    finally:
        process.terminate()
        process.wait()


def triggered(connection):
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(network|referrals|meetings)_' ORDER BY 1"
    )
    return [name for (name,) in found]


def sign_in(base, note):
    """The coordinator's session cookie, and how many queries each page makes."""
    script = "from bench import probe; probe.django.setup(); probe.report('" + str(note) + "')"
    out = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | base, check=True, capture_output=True, text=True
    )
    cookie, board, of_note = out.stdout.split()
    return cookie, {"board": int(board), "note": int(of_note)}


def connect(port):
    for _ in range(100):
        client = http.client.HTTPConnection("127.0.0.1", port)
        try:
            client.connect()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return client
    raise SystemExit("The worker did not start.")


def fetch(client, address, session):
    begun = time.perf_counter()
    client.request("GET", address, headers={"Host": "localhost", "X-Forwarded-Proto": "https", "Cookie": session})
    answer = client.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{address} answered {answer.status}: {body[:200]!r}")
    return time.perf_counter() - begun


def compare(client, page, cases, address, bare, session, queries):
    for _ in range(20):
        fetch(client, address, session), fetch(client, bare, session)
    ratios, pages, bares = [], [], []
    for _ in range(ROUNDS):
        ours, theirs = zip(
            *((fetch(client, address, session), fetch(client, bare, session)) for _ in range(REQUESTS)), strict=True
        )
        pages.append(statistics.median(ours)), bares.append(statistics.median(theirs))
        ratios.append(pages[-1] / bares[-1])
    ratio = statistics.median(ratios)
    return {
        "page": page, "cases": cases, "ms": 1000 * statistics.median(pages), "bare": 1000 * statistics.median(bares), "ratio": ratio,
        "spread": (max(ratios) - min(ratios)) / ratio, "void": (max(ratios) - min(ratios)) / ratio > SPREAD, "queries": queries,
    }  # fmt: skip


def render(rows):
    lines = [
        "# Measured",
        "",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, Django {django.__version__}, psycopg {psycopg.__version__}, "
        "embedded PostgreSQL 18. `make bench`.",
        "",
        "A whole page (row security, reading log, template) against a bare view that runs one raw query for the same rows and has no",
        "middleware, no rights and no log; one worker, keep-alive, p50, interleaved. Bar: 4.0. A spread over 15 % makes a run void.",
        "",
        "| page | cases | p50 ms | bare ms | ratio | spread | queries | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for r in rows:
        verdict = "void" if r["void"] else "within the bar" if r["ratio"] <= BARS[r["page"]] else "over the bar"
        lines.append(
            f"| {r['page']} | {r['cases']:,} | {r['ms']:.1f} | {r['bare']:.1f} | {r['ratio']:.2f} | {r['spread']:.0%} "
            f"| {r['queries']} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
