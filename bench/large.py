"""`make bench-large`: the pages at 1 k to 1 M cases, the sweep at 100 k and 1 M open clocks, and messages out at a mail sink.

All sizes of a page take turns in one run, and so do the sweep and the raw query it is held against: what the machine does meanwhile
does to all. A row whose ratio spreads by more than 15 % is void and says so. `python -m bench.large 1000 10000` takes other sizes.
"""

import contextlib
import statistics
import sys
import time

import psycopg

from bench import service
from bench.sink import Sink
from opendialogue.local import places
from opendialogue.local.processes import start, stop
from opendialogue.local.valkey import Valkey

SIZES = (1_000, 10_000, 100_000, 1_000_000)
WHOLE = 1_000  # cases whose meeting has its whole record
CLOCKS = 100_000  # from how many cases on the sweep is measured
DUE = (100, 1_000, 10_000)
MESSAGES = 3_000
OTHERS = 37  # alerts a second, the best that healthchecks' sendalerts did
ROUNDS = 5
REPEATED = 20_000  # steps swept in a round

RAW = "SELECT id, next_at FROM referrals_watch WHERE ended_at IS NULL AND next_at <= now() ORDER BY next_at LIMIT 500"
SWEEP = "SELECT od.sweep(500)"
TURN = "SELECT od.beat('sweep', 0, od.steps_due('10 seconds')::int, now())"
WATCHES = "UPDATE referrals_watch SET next_at = %(at)s WHERE id > %(first)s AND id <= %(last)s"
STEPS = "UPDATE referrals_watchstep SET due_at = %(at)s WHERE watch_id > %(first)s AND watch_id <= %(last)s AND position = 1"


def main(*sizes):
    """Fill, measure, write the table."""
    sizes = [int(size) for size in sizes] or SIZES
    began = time.monotonic()
    cluster = service.cluster()
    service.say("Filling …")
    databases = {size: service.filled(cluster, size, running=size, whole=WHOLE) for size in sizes}
    clocks = {size: name for size, name in databases.items() if size >= CLOCKS} or databases
    lines = (
        pages(cluster, databases)
        + sweeps(cluster, clocks)
        + messages(cluster, databases[min(size for size in sizes if size >= 3 * MESSAGES)])
    )
    table = "\n".join([*head(sizes), *lines, ""])
    print(table)
    (service.HERE / "results-large.md").write_text(table)
    service.say(f"It took {(time.monotonic() - began) / 60:.0f} minutes.")
    return int("over the bar" in table or "| void" in table)


def head(sizes):
    return [
        "# Measured at size",
        "",
        f"{service.machine()} `make bench-large`.",
        "",
        f"{', '.join(f'{size:,}' for size in sizes)} open cases, a database each, with as many clocks that run and are watched",
        f"over; three people, a referral, a contact and a meeting a case, twelve lines in each of the first {WHOLE:,} meetings and two in",
        "the others. All sizes take turns in one run. A spread over 15 % makes a row void.",
    ]


def pages(cluster, databases):
    """Each page against a bare view of the same rows, and how it grows."""
    lines = [
        "",
        "## Pages",
        "",
        "One worker a size, keep-alive, p50. Ratio: to a bare view with one raw query for the same rows, no middleware, no rights and no",
        "log; bar for the board: 4.0. Growth: the exponent over all sizes, of the page's time; bar: 0.02. Bar for the queries: 8.",
        "",
        f"| page | {' | '.join(f'{size:,}: ms (ratio)' for size in databases)} | largest spread | growth | spread | queries | |",
        f"| --- |{' ---: |' * len(databases)} ---: | ---: | ---: | ---: | --- |",
    ]
    with contextlib.ExitStack() as cleanup:
        sites = {size: service.Site(cluster, database) for size, database in databases.items()}
        for site in sites.values():
            cleanup.callback(site.stop)
        for page in service.MEASURED:
            service.say(f"Measuring: {page} …")
            taken = service.compare(sites, page, rounds=ROUNDS, requests=60)
            queries = {site.pages[page][3] for site in sites.values()}
            lines.append(page_line(page, taken, queries))
            service.say(lines[-1])
    return lines


def page_line(page, taken, queries):
    found = {size: service.ratio_of(rounds) for size, rounds in taken.items()}
    sizes, ends = list(taken), (min(taken), max(taken))
    growth = statistics.median(
        service.exponent(sizes, [taken[size][number][0] for size in sizes]) for number in range(ROUNDS)
    )
    grown = [taken[ends[1]][number][0] / taken[ends[0]][number][0] for number in range(ROUNDS)]
    apart, spread = max(one[3] for one in found.values()), spread_of(grown)
    over = growth > 0.02 or max(queries) > 8 or (page == "board" and max(one[2] for one in found.values()) > 4)
    cells = " | ".join(f"{ms:.1f} ({ratio:.2f})" for ms, _, ratio, _ in found.values())
    many = "/".join(map(str, sorted(queries)))
    void = max(apart, spread) > service.SPREAD
    return f"| {page} | {cells} | {apart:.0%} | {growth:.3f} | {spread:.0%} | {many} | {verdict(void, over)} |"


def sweeps(cluster, databases):
    """The sweep with nothing due against the raw query, and with more and more due in the time of the database."""
    lines = [
        "",
        "## The sweep",
        "",
        "As the role `od_clock`. Idle: one sweep that finds nothing, against the raw query by the same index; bar: 3.0. Its heartbeat",
        "is the count that does not go the sweep's way, written down each second. Due: all sweeps until nothing is due, with the messages",
        "in the outbox and every foreign key checked, in milliseconds of database time; five rounds, each the median of as many as sweep",
        f"{REPEATED:,} steps; bar: 100 for 1,000.",
        "",
        f"| open clocks | raw ms | idle ms | ratio | spread | heartbeat ms | {' | '.join(f'{due:,} due ms (spread)' for due in DUE)} | |",
        f"| ---: | ---: | ---: | ---: | ---: | ---: |{' ---: |' * len(DUE)} --- |",
    ]
    for size, database in databases.items():
        service.say(f"Measuring: the sweep at {size:,} …")
        with psycopg.connect(cluster.url(database=database), autocommit=True, prepare_threshold=None) as connection:
            raw, idle, ratio, spread, beat = idle_sweep(connection)
            due = {number: due_sweep(connection, number) for number in DUE if number <= size}
        void = max([spread, *(apart for _, apart in due.values())]) > service.SPREAD
        over = ratio > 3 or due[1_000][0] > 100
        cells = " | ".join(f"{ms:.1f} ({apart:.0%})" for ms, apart in due.values()) + " | –" * (len(DUE) - len(due))
        lines.append(
            f"| {size:,} | {raw:.2f} | {idle:.2f} | {ratio:.2f} | {spread:.0%} | {beat:.2f} | {cells} | {verdict(void, over)} |"
        )
        service.say(lines[-1])
    return lines


def idle_sweep(connection):
    connection.execute("SET ROLE od_clock")
    raws, idles, beats = [], [], []
    for _ in range(ROUNDS):
        taken = []
        for _ in range(300):
            connection.execute("RESET ROLE")
            raw = seconds(connection, RAW)
            connection.execute("SET ROLE od_clock")
            taken.append((raw, seconds(connection, SWEEP), seconds(connection, TURN)))
        for kept, column in zip((raws, idles, beats), zip(*taken, strict=True), strict=True):
            kept.append(1000 * statistics.median(column))
    connection.execute("RESET ROLE")
    ratios = [idle / raw for idle, raw in zip(idles, raws, strict=True)]
    return *map(statistics.median, (raws, idles, ratios)), spread_of(ratios), statistics.median(beats)


def due_sweep(connection, number):
    """Makes so many due, sweeps them again and again, each time taken back, and lets them wait on.

    They are due before it begins: PostgreSQL checks the keys of a row once more in the transaction that wrote it, and no sweep does that.
    """
    taken = []
    with connection.transaction():
        make_due(connection, "-1 second", 0, number)
    sweep_all(connection, number)
    for _ in range(ROUNDS):
        taken.append(statistics.median(sweep_all(connection, number) for _ in range(REPEATED // number)))
    with connection.transaction():
        make_due(connection, "11 hours", 0, number)
    connection.execute("VACUUM referrals_watch, referrals_watchstep, network_message")
    return statistics.median(taken), spread_of(taken)


def sweep_all(connection, number):
    """Sweeps until nothing is due, takes it back, and says how many milliseconds it was."""
    connection.execute("VACUUM referrals_watch, referrals_watchstep, network_message")
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE od_clock")
        began = time.perf_counter()
        while connection.execute(SWEEP).fetchone()[0] == 500:
            pass
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        taken = 1000 * (time.perf_counter() - began)
        connection.execute("RESET ROLE")
        sent = connection.execute("SELECT count(*) FROM network_message").fetchone()[0]
    if sent < number:
        raise SystemExit(f"{number} were due and {sent} messages wait.")
    return taken


def make_due(connection, when, first, last):
    """The watches with these numbers, in the transaction that is open; the moment at which they are due."""
    at = connection.execute("SELECT clock_timestamp() + %s::interval", [when]).fetchone()[0]
    connection.execute("SET LOCAL session_replication_role = replica")
    for sql in (WATCHES, STEPS):
        connection.execute(sql, {"at": at, "first": first, "last": last})
    connection.execute("SET LOCAL session_replication_role = origin")
    return at


def messages(cluster, database):
    """Beat, worker and broker as in `make run`: from the moment at which clocks are due to the sink."""
    lines = [
        "",
        "## Messages out",
        "",
        f"Beat, one worker and the broker, at a mail server on loopback; {MESSAGES:,} clocks due at one moment, three times. Bars: first",
        f"≤ 2 s after due, and {5 * OTHERS} a second, five times what healthchecks' sendalerts did ({OTHERS} alerts a second in all).",
        "",
        "| messages | first after due, s | a second | spread | doubled | |",
        "| ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    service.say("Measuring: messages out …")
    with contextlib.ExitStack() as cleanup:
        sink = cleanup.enter_context(Sink())
        valkey = Valkey(places.directory("valkey-bench"))
        valkey.start()
        cleanup.callback(stop, valkey.process)
        mail = {"REDIS_URL": valkey.url, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port)}
        env = service.variables(cluster, "od_clock", database) | mail
        celery = [
            sys.executable,
            "-W",
            "ignore:You're running the worker",
            "-m",
            "celery",
            "--quiet",
            "--app=opendialogue.celery",
        ]
        for part in (["worker", "--concurrency=1", "--without-mingle", "--without-gossip"], ["beat", "--pidfile="]):
            cleanup.callback(stop, start(*celery, *part, "--loglevel=ERROR", env=env))
        with psycopg.connect(cluster.url(database=database), autocommit=True) as connection:
            wait_for(lambda: alive(connection), "worker and beat")
            firsts, rates = zip(*(wave(connection, sink, number) for number in range(3)), strict=True)
    doubled = len(sink.taken) - len({key for _, key in sink.taken})
    first, rate, spread = max(firsts), statistics.median(rates), spread_of(rates)
    over = first > 2 or rate < 5 * OTHERS or doubled
    lines.append(
        f"| 3 × {MESSAGES:,} | {first:.2f} | {rate:.0f} | {spread:.0%} | {doubled} | {verdict(spread > service.SPREAD, over)} |"
    )
    return lines


def alive(connection):
    row = connection.execute(
        "SELECT count(*) FROM network_heartbeat WHERE at > clock_timestamp() - interval '10 seconds'"
    ).fetchone()
    return row[0] == 3


def wave(connection, sink, number):
    """Seconds from due to the first message, and messages a second from the first to the last."""
    before = len(sink.taken)
    with connection.transaction():
        due = make_due(connection, "3 seconds", number * MESSAGES, (number + 1) * MESSAGES).timestamp()
    wait_for(lambda: len(sink.taken) >= before + MESSAGES, f"{MESSAGES} messages")
    times = [at for at, _ in sink.taken[before : before + MESSAGES]]
    return times[0] - due, (MESSAGES - 1) / (times[-1] - times[0])


def wait_for(condition, what):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited two minutes for {what}, in vain.")
        time.sleep(0.02)


def seconds(connection, sql):
    began = time.perf_counter()
    connection.execute(sql).fetchall()
    return time.perf_counter() - began


def spread_of(values):
    return (max(values) - min(values)) / statistics.median(values)


def verdict(void, over):
    if void:
        return "void, over the bar" if over else "void"
    return "over the bar" if over else "within the bars"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
