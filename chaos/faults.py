"""When what is killed: bursts, with a pause between two in which all has to catch up."""

import time
from typing import NamedTuple

import redis

# How often each is hit, of 100 kills. Those that the clock hangs on most.
WEIGHTS = {"worker-1": 18, "worker-2": 18, "beat-1": 11, "beat-2": 11, "web": 14, "valkey": 12, "postgres": 16}
BURST = 5
WAIT = 3.0  # for a sender to walk into a trap


class Kill(NamedTuple):
    at: float
    part: str
    how: str
    pids: frozenset


class Faults:
    """A plan of kills and flushes between two moments, made by seeded dice, and carried out by `go_on()`."""

    def __init__(self, house, sink, dice):
        self.house, self.sink, self.dice = house, sink, dice
        self.kills, self.flushes, self.trapped = [], [], 0
        self._plan = []
        self._trap = None

    def plan(self, kills, flushes, begin, end):
        """Each burst falls into the first part of its share of the time. One in five takes everything down at once."""
        bursts = max(1, round(kills / BURST))
        share = (end - begin) / bursts
        sizes = [kills // bursts + (n < kills % bursts) for n in range(bursts)]
        for n, size in enumerate(sizes):
            at = begin + n * share
            if n % 5 == 4 and size >= BURST:
                self._plan += [(at, name) for name in self.dice.sample(list(WEIGHTS), size)]
            else:
                names = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=size)
                self._plan += [(at + self.dice.uniform(0, share * 0.4), name) for name in names]
        self._plan += [(self.dice.uniform(begin, end), "flush") for _ in range(flushes)]
        self._plan.sort()

    def take_broker_away(self, seconds):
        """For so long, while everything else goes on and deadlines fall due."""
        self.house.broker.stays_down_until = time.time() + seconds
        self.house.broker.kill("for long")

    @property
    def over(self):
        return not self._plan and self._trap is None

    def go_on(self):
        """Do what is due by now."""
        if self._trap:
            self._spring()
        elif self._plan and self._plan[0][0] <= time.time():
            name = self._plan[0][1]
            if self._flush() if name == "flush" else self._strike(name):
                self._plan.pop(0)

    def _flush(self):
        try:
            self.house.broker.flush()
        except redis.RedisError:
            return False  # it is down: in a moment
        self.flushes.append(time.time())
        return True

    def _strike(self, name):
        """Whether it is done, or on its way. What is down already cannot be killed: then somebody else is."""
        up = {part.name: part for part in self.house.parts if part.up}
        part = up.get(name) or (self.dice.choice(list(up.values())) if up else None)
        if part is None:
            return False
        if part.kind in ("worker", "beat") and self.dice.random() < 0.5:
            point = self.dice.choice(["claimed", "accepted"])
            self._trap = (self.sink.set_trap(point), part, time.monotonic() + WAIT)
        else:
            self._kill(part, self.dice.choice(part.ways))
        return True

    def _spring(self):
        """Kill the sender that is held, in the middle of its conversation; if none came, the one that was meant."""
        trap, meant, end = self._trap
        owner = next((p for p in self.house.programs if trap.owner and trap.owner.startswith(f"{p.name}:")), None)
        if trap.caught.is_set() and owner and owner.up:
            self._kill(owner, "all", f"{trap.point}, not yet {'taken' if trap.point == 'claimed' else 'marked'}")
            self.trapped += 1
        elif trap.caught.is_set() or time.monotonic() > end:
            if not meant.up:
                up = [part for part in self.house.programs if part.up]
                if not up:
                    return
                meant = self.dice.choice(up)
            self._kill(meant, self.dice.choice(meant.ways))
        else:
            return
        self.sink.take_down(trap)
        self._trap = None

    def _kill(self, part, way, how=""):
        at = time.time()
        self.kills.append(Kill(at, part.name, how or way, frozenset(part.kill(way))))
