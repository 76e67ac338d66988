"""What both benches stand on: databases filled to a size, a worker on each, and pairs of requests taken in turn."""

import contextlib
import http.client
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import django
import psycopg

from opendialogue.local import Cluster, environment, places
from opendialogue.local.processes import free_port, start, stop

HERE = Path(__file__).parent
SPREAD = 0.15
EMPTY = "empty"
MEASURED = ("board", "case", "meeting", "note", "my")


def say(text, **how):
    print(text, flush=True, **how)


def cluster(*, durable=False):
    """A PostgreSQL of the bench's own, with everything migrated anew into one database that stays empty."""
    ours = Cluster(places.directory("postgres-bench-durable" if durable else "postgres-bench"), durable=durable)
    ours.hold()
    with ours.connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{EMPTY}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{EMPTY}" OWNER od_owner')
    env = variables(ours, "od_owner", EMPTY)
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "collectstatic", "--noinput", "--verbosity", "0")
    return ours


def variables(ours, role, database):
    """What a process of the service is started with: as in production, but for the second factor."""
    env = environment(ours, role) | {"DJANGO_SETTINGS_MODULE": "opendialogue.settings", "PYTHONPATH": "."}
    env |= {"DATABASE_URL": ours.url(role, database), "OWNER_URL": ours.url("od_owner", database)}
    return os.environ | env | {"DEBUG": "0", "TRUST_PROXY": "1", "SITE_URL": "https://localhost"}


def manage(env, *command):
    subprocess.run([sys.executable, "manage.py", *command], env=env, check=True)


def filled(ours, cases, *, running=200, whole=None):
    """The name of a database with so many cases, made anew. Indexes are built when all rows are there."""
    name = f"cases_{cases}"
    began = time.monotonic()
    with ours.connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{EMPTY}" OWNER od_owner')
    with psycopg.connect(ours.url(database=name)) as connection:
        connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        indexes = connection.execute("""
            SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i
            WHERE indrelid::regclass::text ~ '^(network|referrals|meetings)_'
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        """).fetchall()
        for index, _ in indexes:
            connection.execute(f"DROP INDEX {index}")
        sql = (HERE / "data.sql").read_text() % {"cases": cases, "running": running, "whole": whole or cases}
        for statement in sql.split(";\n"):
            if into := re.search(r"INSERT INTO (\w+)", statement):
                say(f"  {cases:>9,} cases: {into[1]:28} {time.monotonic() - began:5.0f} s", end="\r")
            if statement.strip():
                connection.execute(statement)
        for number, (_, definition) in enumerate(indexes, 1):
            say(
                f"  {cases:>9,} cases: index {number:3} of {len(indexes)}         {time.monotonic() - began:5.0f} s",
                end="\r",
            )
            connection.execute(definition)
    with psycopg.connect(ours.url(database=name), autocommit=True) as connection:
        say(f"  {cases:>9,} cases: statistics                   {time.monotonic() - began:5.0f} s", end="\r")
        connection.execute("VACUUM (ANALYZE)")
    say(f"  {cases:>9,} cases: filled                       {time.monotonic() - began:5.0f} s")
    return name


def probe(ours, database):
    """Each page with its address, that of the bare view, a cookie, and the number of its queries."""
    env = variables(ours, "od_owner", database)
    out = subprocess.run([sys.executable, "-m", "bench.probe"], env=env, check=True, capture_output=True, text=True)
    lines = [line.split() for line in out.stdout.splitlines()]
    return {page: (address, bare, cookie, int(queries)) for page, address, bare, cookie, queries in lines}


def serve(port, *more, env, application="opendialogue.wsgi"):
    """Web workers as the image starts them: two, with four threads each."""
    command = [sys.executable, "-m", "gunicorn", application, f"--bind=127.0.0.1:{port}", "--log-level=critical"]
    return start(*command, "--workers=2", "--threads=4", *more, env=env)


class Site:
    """One gunicorn worker with one thread on one database, and what is asked of it."""

    def __init__(self, ours, database):
        self.pages = probe(ours, database)
        self._port = free_port()
        worker = [
            sys.executable,
            "-m",
            "gunicorn",
            "bench.serve:application",
            "--workers",
            "1",
            "--bind",
            f"127.0.0.1:{self._port}",
        ]
        worker += ["--worker-class", "gthread", "--threads", "1", "--keep-alive", "600", "--log-level", "critical"]
        self._process = start(*worker, env=variables(ours, "od_app", database))
        self._client = self._connected()

    def _connected(self):
        for _ in range(300):
            client = http.client.HTTPConnection("127.0.0.1", self._port)
            with contextlib.suppress(ConnectionRefusedError):
                client.connect()
                return client
            time.sleep(0.1)
        raise SystemExit("The worker did not start.")

    def pair(self, page):
        """Seconds for the page, and for the bare view of the same rows."""
        address, bare, cookie, _ = self.pages[page]
        return self._fetch(address, cookie), self._fetch(bare, cookie)

    def _fetch(self, address, cookie):
        begun = time.perf_counter()
        headers = {"Host": "localhost", "X-Forwarded-Proto": "https", "Cookie": cookie}
        self._client.request("GET", address, headers=headers)
        answer = self._client.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}: {body[:200]!r}")
        return time.perf_counter() - begun

    def stop(self):
        stop(self._process)


def compare(sites, page, *, rounds, requests):
    """For each size: medians of the page and of the bare view, round by round. All sizes take turns within a round."""
    for site in sites.values():
        for _ in range(20):
            site.pair(page)
    taken = {size: [] for size in sites}
    for _ in range(rounds):
        times = {size: [] for size in sites}
        for _ in range(requests):
            for size, site in sites.items():
                times[size].append(site.pair(page))
        for size, pairs in times.items():
            taken[size].append([statistics.median(column) for column in zip(*pairs, strict=True)])
    return taken


def ratio_of(rounds):
    """Milliseconds of the page, of the bare view, their ratio, and how far it spreads between rounds."""
    ratios = [ours / bare for ours, bare in rounds]
    ours, bare = (1000 * statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ratios)
    return ours, bare, ratio, (max(ratios) - min(ratios)) / ratio


def exponent(sizes, values):
    """Of the growth: the slope of a straight line through the logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    return statistics.linear_regression(x, y).slope


def machine():
    """When and on what: no name of a machine, no path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, Django {django.__version__}, psycopg {psycopg.__version__}, embedded PostgreSQL 18."
    )
