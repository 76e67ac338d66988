"""`make chaos`: ten thousand deadlines, five hundred kills, and a table in docs/chaos.md. Flags make it smaller."""

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from chaos import report, telling, verdict
from chaos.faults import Faults
from chaos.load import Caller, Clocks
from chaos.parts import House
from chaos.sink import Sink
from opendialogue.local import places

PROBE = 50  # clocks
START = 12.0  # seconds from the first process to the first deadline
SLOWER = 2.5  # the last clocks take longer to start than the first, as their tables grow


def main():
    """Run, judge, say so, and end with 1 if anything was lost, doubled, or later than the bar."""
    options = read_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.setswitchinterval(0.002)  # what is timed here shares one interpreter
    home = new_home()
    begun = time.time()
    with open(home / "chaos.log", "w") as log:
        try:
            result = run(home, options, lambda words: tell(words, begun, log))
        except BaseException:
            print(f"The logs are in {home}.", flush=True)
            raise
    result |= {"seed": options.seed, "seconds": time.time() - begun, "options": vars(options)}
    return telling.finish(report, result, options, home)


def read_options():
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    add = parser.add_argument
    add("--due", type=int, default=10_000, help="deadlines that fall due")
    add("--kills", type=int, default=500)
    add("--flushes", type=int, default=20, help="how often the broker is emptied")
    add("--calls", type=int, default=1_000, help="calls typed into the page meanwhile, at most")
    add("--quiet", type=float, default=60, help="seconds before the first kill")
    add("--seconds", type=float, default=1_020, help="of kills")
    add("--dark", type=float, default=90, help="seconds without broker at the end, while deadlines go on to fall due")
    add("--patience", type=float, default=180, help="seconds to wait at the end for what is still to come")
    add("--seed", type=int, default=None, help="of all dice; printed, so that a run can be tried again")
    add(
        "--untimed",
        action="store_true",
        help="for a busy machine: lateness is told and not judged, and a mark may take its time",
    )
    add("--write", metavar="FILE", help="write the table")
    add("--json", metavar="FILE", help="write all figures")
    add("--keep", action="store_true", help="keep the logs of a good run")
    options = parser.parse_args()
    options.seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    return options


def run(home, options, say):
    """One run, from nothing to the figures."""
    say(f"Seed {options.seed}")
    dice = random.Random(options.seed)
    random.seed(options.seed)
    house = None
    sink = Sink(lambda port: house.owner_of(port), options.seed)
    house = House(home, sink.port, plain_environment())
    try:
        house.start_servers()
        say("PostgreSQL and Valkey are up.")
        known = seeded(house)
        clocks = Clocks(house.database.cluster.url("od_app"), known, dice)
        say("Tables and staff are there.")
        begin, end = fill(clocks, options)
        say(f"{options.due:,} clocks run; the first deadline is in {begin - time.time():.0f} s.")
        house.start_programs()
        house.wait_until_served(options.patience)
        return under_fire(house, sink, clocks, known, dice, begin, end, options, say)
    finally:
        house.stop()
        sink.close()


def under_fire(house, sink, clocks, known, dice, begin, end, options, say):
    caller = Caller(house.port, known, options, end - begin)
    faults = Faults(house, sink, dice)
    faults.plan(options.kills, options.flushes, begin + options.quiet, begin + options.quiet + options.seconds)
    dark = begin + options.quiet + options.seconds if options.dark else None
    caller.start()
    told = time.monotonic()
    while time.time() < end or not faults.over or dark:
        house.look_after()
        faults.go_on()
        if dark and time.time() > dark and faults.over and all(part.up for part in house.parts):
            dark = None
            say(f"The broker is away for {options.dark:.0f} s.")
            faults.take_broker_away(options.dark)
        if time.monotonic() - told > 15:
            told = time.monotonic()
            due = sum(one.at <= time.time() for one in clocks.due)
            say(f"{due:,} due, {len(sink.taken):,} taken, {len(faults.kills)} kills, {len(faults.flushes)} flushes, "
                f"{len(caller.acknowledged)} calls saved")  # fmt: skip
        time.sleep(0.02)
    say("No more kills; what is still to come?")
    caller.enough.set()
    settled = settle(house, sink, clocks, caller, options.patience)
    say("All is still." if settled else "It does not come to rest.")
    events = {
        "taken": [vars(one) for one in sink.taken], "kills": [kill._replace(pids=sorted(kill.pids))._asdict() for kill in faults.kills],
        "flushes": faults.flushes, "outages": house.outages, "spans": {part.name: part.spans for part in house.parts},
        "due": [one._asdict() for one in clocks.due],
    }  # fmt: skip
    (house.home / "events.json").write_text(json.dumps(events))
    with psycopg.connect(house.database.cluster.url(), autocommit=True) as connection:
        result = verdict.judge(
            connection, due=clocks.due, taken=list(sink.taken), kills=faults.kills, outages=house.outages, caller=caller,
            spans={part.name: part.spans for part in house.parts}, served_at=house.served_at, until=end,
            moment=10 if options.untimed else 1,
        )  # fmt: skip
    ended = {part.name: sum(how == "ended by itself" for *_, how in part.spans) for part in house.programs}
    return result | {
        "flushes": len(faults.flushes), "trapped": faults.trapped, "window": end - begin,
        "settled": settled, "ended_by_itself": {name: number for name, number in ended.items() if number},
    }  # fmt: skip


def settle(house, sink, clocks, caller, patience):
    """Look after the house until nothing is due any more and the caller is done. Whether it came to that in time."""
    wanted = sum(len(one.to) for one in clocks.due)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        house.look_after()
        if (
            all(part.up for part in house.parts)
            and not caller.is_alive()
            and len({one.id for one in sink.taken}) >= wanted
        ):
            try:
                with psycopg.connect(house.database.cluster.url(), autocommit=True, connect_timeout=3) as connection:
                    if not connection.execute(verdict.OPEN).fetchone()[0] and house.says_ready():
                        return True
            except psycopg.OperationalError:
                pass  # in a moment
            time.sleep(0.3)
        time.sleep(0.05)
    return False


def fill(clocks, options):
    """Start the clocks, a few for later to see how long one takes. Returns between which moments the others fall due."""
    begun, later = time.time(), time.time() + 3 * 3_600
    clocks.start(PROBE, later, later)
    clocks.due.clear()
    begin = time.time() + START + options.due * (time.time() - begun) / PROBE * SLOWER
    end = begin + options.quiet + options.seconds + options.dark * 1.5
    clocks.start(options.due, begin, end)
    return begin, end


def seeded(house):
    """What chaos.seed made."""
    environment = house.environment("od_owner", DEBUG="1")
    made = subprocess.run(
        [sys.executable, "-m", "chaos.seed"],
        env=environment, cwd=places.CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise SystemExit(made.stdout + made.stderr)
    return json.loads(made.stdout)


def plain_environment():
    """What every process of the service gets, whatever the shell of whoever runs this says. Compiled code is kept: they start often."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "opendialogue.settings", "SECRET_KEY": secrets.token_urlsafe(50), "SITE_URL": "http://localhost",
        "REQUIRE_SECOND_FACTOR": "0", "DEFAULT_FROM_EMAIL": "messages@localhost", "PYTHONPATH": str(places.CHECKOUT),
    }  # fmt: skip


def new_home():
    """A folder for one run, which the local servers may use. What killed runs left behind goes."""
    base = places.directory("chaos")
    for left in base.iterdir():
        if left.name.isdecimal() and not Path(f"/proc/{left.name}").exists():
            shutil.rmtree(left, ignore_errors=True)
    home = base / str(os.getpid())
    home.mkdir(mode=0o755)
    return home


def tell(words, begun, log):
    line = f"{time.time() - begun:7.1f} s  {words}"
    print(line, flush=True)
    print(line, file=log, flush=True)


if __name__ == "__main__":
    sys.exit(main())
