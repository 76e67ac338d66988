"""Where everybody stands in the picture of a network: rings around the person, nobody covered by anybody."""

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

CENTRE = 28.0
GAP = 6.0
FEW = 12
RING = 0.6  # of the width of a person: those on the next ring stand between those on this one
Spot = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    size: float
    radius: float
    rings: tuple[float, ...]
    spots: tuple[tuple[Spot, ...], ...]


@lru_cache(maxsize=512)
def layout(counts: tuple[int, ...]) -> Layout:
    """One tuple of spots for each count, inner group first.

    A ring too small for its group grows, or goes on in the next one out: whichever keeps the picture small.
    """
    radius = 22.0 if sum(counts) <= FEW else 15.0
    pitch = 2 * radius + GAP
    ring = CENTRE + GAP + radius
    rings: list[float] = []
    taken: list[Spot] = []
    groups: list[tuple[Spot, ...]] = []
    for count in counts:
        first = len(taken)
        while (missing := count - (len(taken) - first)) > 0:
            needed = pitch / (2 * math.sin(math.pi / missing)) if missing > 1 else ring
            if needed <= ring + pitch:
                here, ring = missing, max(ring, needed)
            else:
                here = _room(ring, pitch)
            while (spots := _placed(ring, here, taken, pitch)) is None:
                ring += pitch / 8
            taken += spots
            rings.append(ring)
            ring += RING * pitch
        groups.append(tuple(taken[first:]))
    half = (rings[-1] if rings else CENTRE) + radius + 3
    return Layout(
        size=round(2 * half, 1),
        radius=radius,
        rings=tuple(round(one, 1) for one in rings),
        spots=tuple(tuple((round(x + half, 1), round(y + half, 1)) for x, y in group) for group in groups),
    )


def short_name(name: str, few: bool) -> str:
    """What fits inside the circle; the list beside the picture has the whole name."""
    words = name.split()
    if not words:
        return "?"
    if few:
        return words[0] if _cut(words[0], 6, "") == words[0] else _cut(words[0], 5)
    if len(words) > 1:
        return _cut(words[0], 1, "") + _cut(words[1], 1, "")
    return _cut(words[0], 2, "")


def _room(ring: float, pitch: float) -> int:
    return int(math.pi / math.asin(pitch / (2 * ring)) + 1e-9)


def _placed(ring: float, count: int, taken: list[Spot], pitch: float) -> list[Spot] | None:
    """Evenly round the ring, turned so that nobody is covered and ties to the centre pass between those further in."""
    step = 2 * math.pi / count
    best, clearest = None, -1.0
    for part in range(24 if taken else 1):
        turn = -math.pi / 2 + step * part / 24
        spots = [(ring * math.cos(turn + step * n), ring * math.sin(turn + step * n)) for n in range(count)]
        if any(math.dist(one, other) < pitch for one in spots for other in taken):
            continue
        clear = min((_apart(math.atan2(y, x) - turn, step) for x, y in taken), default=0.0)
        if clear > clearest + 1e-6:
            best, clearest = spots, clear
    return best


def _apart(angle: float, step: float) -> float:
    return abs((angle + step / 2) % step - step / 2)


def _cut(word: str, width: int, more: str = "…") -> str:
    """Cut to a drawn width: wide characters count double, combining marks stay with their letter."""
    kept, used = "", 0
    for char in word:
        size = 0 if unicodedata.combining(char) or char == "\u200d" else 1
        if unicodedata.east_asian_width(char) in "WF":
            size = 2
        if used + size > width and kept:
            return kept + more
        kept, used = kept + char, used + size
    return kept
