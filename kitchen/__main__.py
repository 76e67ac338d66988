"""`make kitchen`: a thousand meetings in real browsers, with everything cut, killed and run out, and a table in docs/kitchen.md."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import django

from chaos import telling
from chaos.__main__ import plain_environment, tell
from chaos.parts import Broker, Database, Program, folder
from kitchen import report
from opendialogue.local import places
from opendialogue.local.processes import free_port


def main():
    """Run, judge, say so, and end with 1 if a word was lost, doubled or misplaced."""
    options = read_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home, begun = new_home(), time.time()
    with open(home / "kitchen.log", "w") as log:
        try:
            result = run(home, options, lambda words: tell(words, begun, log))
        except BaseException:
            print(f"The logs are in {home}.", flush=True)
            raise
    result |= {"seed": options.seed, "seconds": time.time() - begun, "options": vars(options)}
    return telling.finish(report, result, options, home)


def read_options():
    parser = argparse.ArgumentParser(prog="python -m kitchen", description=__doc__)
    add = parser.add_argument
    add("--meetings", type=int, default=1_000)
    add("--lanes", type=int, default=6, help="how many meetings go on at the same time")
    add("--seed", type=int, default=None, help="of all dice; printed, so that a run can be tried again")
    add("--write", metavar="FILE", help="write the table")
    add("--json", metavar="FILE", help="write all figures")
    add("--keep", action="store_true", help="keep the logs of a good run")
    options = parser.parse_args()
    options.lanes = min(options.lanes, options.meetings)
    options.seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    return options


class House:
    """PostgreSQL, Valkey and the web process, which is started again when it was killed."""

    def __init__(self, home):
        self.home, self.port = home, free_port()
        self.database, self.broker = Database(folder(home, "postgres")), Broker(folder(home, "valkey"))
        self.web, self.kills, self._lock = None, 0, threading.Lock()

    def start(self, environment):
        # As in the Dockerfile; local rules, which need no certificate and no built files.
        command = ["gunicorn", "opendialogue.wsgi", f"--bind=127.0.0.1:{self.port}", "--workers=2", "--threads=4"]
        self.web = Program("web", command, environment | {"DEBUG": "1"}, self.home / "web.log")
        self.web.start()

    def kill_web(self):
        with self._lock:
            self.web.kill("all")
            self.kills += 1

    def look_after(self):
        with self._lock:
            self.web.look_after()

    def stop(self):
        for part in filter(None, (self.web, self.broker, self.database)):
            part.stop()


def run(home, options, say):
    """One run, from nothing to the figures."""
    say(f"Seed {options.seed}")
    house = House(home)
    try:
        house.database.start()
        house.broker.start()
        environment = plain_environment() | {"SEALING_KEYS": sealing_key(), "REDIS_URL": house.broker.valkey.url}
        os.environ |= environment | {
            "DATABASE_URL": house.database.cluster.url("od_owner"),
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
            "DEBUG": "1",
        }
        django.setup()
        return recorded(house, options, environment, say)
    finally:
        house.stop()


def recorded(house, options, environment, say):
    from django.core.management import call_command

    from kitchen.lane import Lane
    from kitchen.seed import Table
    from kitchen.verdict import judge

    call_command("migrate", "--no-input", verbosity=0)
    table = Table(options.meetings, options.lanes)
    say(f"{options.meetings:,} meetings are booked.")
    house.start(environment | {"DATABASE_URL": house.database.cluster.url("od_app")})
    lanes = [Lane(number, table, options, house.home, house) for number in range(options.lanes)]
    for lane in lanes:
        lane.start()
    told = time.monotonic()
    while any(lane.is_alive() for lane in lanes):
        house.look_after()
        if time.monotonic() - told > 15:
            told = time.monotonic()
            held, said = sum(lane.record.meetings for lane in lanes), sum(len(lane.record.said) for lane in lanes)
            say(f"{held:,} meetings, {said:,} lines, {sum(lane.record.kills for lane in lanes)} browsers killed")
        time.sleep(0.05)
    result = judge([lane.record for lane in lanes])
    if troubles := [trouble for lane in lanes for trouble in lane.troubles]:
        result["wrong"]["came to no end"] = troubles
    return result | {"server_kills": house.kills}


def sealing_key():
    from network.sealing import new_private_key

    return new_private_key()


def new_home():
    """A folder for one run, which the local servers may use. What killed runs left behind goes."""
    base = places.directory("kitchen")
    for left in base.iterdir():
        if left.name.isdecimal() and not Path(f"/proc/{left.name}").exists():
            shutil.rmtree(left, ignore_errors=True)
    home = base / str(os.getpid())
    home.mkdir(mode=0o755)
    return home


if __name__ == "__main__":
    sys.exit(main())
