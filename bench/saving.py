"""`python -m bench.saving`: two hundred clinicians who save a line, against a hello view under the same load.

gunicorn as in the Dockerfile, production rules, sealed lines as the page sends them, each clinician in a meeting of their own. Hello and
saving take turns every few seconds, at the same moments within their turns. The ratio is of the 95th percentiles. Fails when a row is over
the bar or void, a request was not answered well, or the lines at the service are not those that were sent, each once.
"""

import contextlib
import json
import random
import statistics
import subprocess
import sys
import time

import psycopg

from bench import service
from opendialogue.local.processes import free_port, stop

CLINICIANS, ROUNDS = 200, 5
EACH = 10  # turns of a round; in each, every clinician asks once
DRAINED = 2.5  # seconds until all who came at the same moment have their answers
BAR = 2.5
WITHIN = "within the bar"
# The bar is for a hello view of this service: with the same session, sign-in and transaction the ratio says what saving costs.
# Bare, with nothing of the service in front of it, it says how fast the machine is, and stands there for comparison.
HELLO = "hello, through all middleware, signed in"
HELLOS = {HELLO: "/bench/hello/", "hello, bare: no middleware, no database": "/bare/hello"}
# Seconds in which each of them asks once. In none at all, everybody waits for everybody: that says what saving costs the machine.
LOADS = {"each once in 5 s": 5, "all at the same moment": 0}


def main():
    """Fill, serve, measure, write the table."""
    cluster = service.cluster(durable=True)
    service.say("Filling …")
    database = service.filled(cluster, 1_000)
    crowd = clinicians(cluster, database)
    with contextlib.ExitStack() as cleanup:
        port = free_port()
        env = service.variables(cluster, "od_app", database)
        cleanup.callback(stop, service.serve(port, env=env, application="bench.serve:application"))
        wait_until_served(port)
        rows = [row for load in LOADS for row in measured(port, crowd, load)]
        kept = lines_kept(cluster, database)
    table = render(rows, kept)
    print(table)
    (service.HERE / "results-saving.md").write_text(table)
    return int(kept != (sent(), sent()) or any(row["verdict"] != WITHIN for row in rows if row["hello"] == HELLO))


def clinicians(cluster, database):
    """Each with what they send: enough for a warm-up and all rounds of all loads."""
    lines = (ROUNDS + 1) * EACH * len(LOADS)
    out = subprocess.run(
        [sys.executable, "-m", "bench.clinicians", str(CLINICIANS), str(lines)], check=True, capture_output=True, text=True,
        env=service.variables(cluster, "od_owner", database),
    )  # fmt: skip
    return [json.loads(line) for line in out.stdout.splitlines()]


def wait_until_served(port):
    for _ in range(600):
        found = burst(port, [[0, "GET", "/bare/hello", "", "", ""]])
        if found[0][1]:
            return
        time.sleep(0.1)
    raise SystemExit("The workers did not start.")


def burst(port, requests):
    """What came of these requests, sent by a process of its own."""
    plan = json.dumps({"port": port, "requests": requests})
    out = subprocess.run([sys.executable, "-m", "bench.crowd"], input=plan, check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def measured(port, crowd, load):
    """One row for each hello: the medians over the rounds, the first round left out."""
    taken = {name: [] for name in (*HELLOS, "save")}
    errors = 0
    for n in range(ROUNDS + 1):
        service.say(f"  {load}: round {n} of {ROUNDS}")
        plan = list(turns(taken, load, random.Random(n)))
        found = burst(port, [request(crowd[k], name, moment) for name, k, moment in plan])
        errors += sum(not good for _, good in found)
        for name in taken if n else ():
            seconds = [one for (whose, _, _), (one, _) in zip(plan, found, strict=True) if whose == name]
            taken[name].append(statistics.quantiles(seconds, n=20)[-1])
    save_ms = 1000 * statistics.median(taken["save"])
    for name in HELLOS:
        ratios = [save / hello for save, hello in zip(taken["save"], taken[name], strict=True)]
        ratio, spread = statistics.median(ratios), (max(ratios) - min(ratios)) / statistics.median(ratios)
        yield {
            "load": load, "hello": name, "hello_ms": 1000 * statistics.median(taken[name]), "save_ms": save_ms, "ratio": ratio,
            "spread": spread, "errors": errors, "verdict": verdict(ratio, spread, errors) if name == HELLO else "to compare",
        }  # fmt: skip


def turns(names, load, dice):
    """What is asked in a round, by whom, and how many seconds after its beginning."""
    length = LOADS[load] or DRAINED
    for turn in range(EACH):
        moments = [dice.uniform(0, LOADS[load]) for _ in range(CLINICIANS)]
        for n, name in enumerate(names):
            begin = length * (turn * len(names) + n)
            yield from ((name, k, begin + moment) for k, moment in enumerate(moments))


def verdict(ratio, spread, errors):
    if errors:
        return f"{errors} not answered well"
    if spread > service.SPREAD:
        return "void"
    return "over the bar" if ratio > BAR else WITHIN


def sent():
    """How many lines are sent in all, those of the warm-up among them."""
    return (ROUNDS + 1) * EACH * len(LOADS) * CLINICIANS


def request(one, name, moment):
    if name == "save":
        return [moment, "POST", one["path"], one["cookie"], one["token"], one["bodies"].pop()]
    return [moment, "GET", HELLOS[name], one["cookie"], "", ""]


def lines_kept(cluster, database):
    """How many lines there are of them, and how many different ones."""
    with psycopg.connect(cluster.url(database=database)) as connection:
        return connection.execute("""
            SELECT count(*), count(DISTINCT text) FROM meetings_line
            WHERE service_id = (SELECT id FROM network_service WHERE slug = 'crowd')
        """).fetchone()


def render(rows, kept):
    lines = [
        f"# Saving a line, {CLINICIANS} clinicians at once",
        "",
        f"{service.machine()} `python -m bench.saving`.",
        "",
        f"{CLINICIANS} clinicians, each with a session and a meeting of their own, at moments drawn by seeded dice; gunicorn",
        "as in the Dockerfile (two workers of four threads); the load comes from a process of its own on the same machine. 95th",
        f"percentiles from the moment a request was due, medians of {ROUNDS} rounds; in each, hello and saving take {EACH} turns of a few",
        "seconds. Saved is one sealed line, as the page sends it, with its answer, and PostgreSQL waits for the disk.",
        f"Bar: {BAR} against the hello view of the service, which has the same session, sign-in and transaction, and no error.",
        "A spread over 15 % makes a row void.",
        "",
        "| load | against | hello p95 ms | save p95 ms | ratio | spread | errors | |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        lines.append(
            f"| {row['load']} | {row['hello']} | {row['hello_ms']:.1f} | {row['save_ms']:.1f} | {row['ratio']:.2f} | {row['spread']:.0%} "
            f"| {row['errors']} | {row['verdict']} |"
        )
    whole = "" if kept == (sent(), sent()) else " **Lines are missing, or doubled.**"
    lines += ["", f"Lines at the service afterwards: {kept[0]:,}, all different: {kept[1]:,}; sent: {sent():,}.{whole}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
