"""What happens in one meeting, by dice alone: the seed and the number of the meeting tell it all, whatever runs when."""

import random
from typing import NamedTuple

# Each meeting begins with the scene that its number says, so that a short round has one of each; the others come by dice.
SCENES = (
    "two_phones", "closed_meanwhile", "shared_phone", "left_for_later", "killed_typing", "server_killed", "expired", "killed_offline",
    "offline", "answers_lost", "bodies_cut", "answers_halved", "unreachable", "reloaded", "killed_expired", "slow_line",
)  # fmt: skip
LAST = {"closed_meanwhile", "left_for_later"}  # after these there is no more to say
KINDS = ("voice", "voice", "voice", "reflection", "understanding", "action", "decision")
DOUBLED = 0.25  # of all lines are sent with a double tap


class Line(NamedTuple):
    """Something that is typed and kept, on the first phone or the second."""

    kind: str
    words: str
    phone: int
    doubled: bool


class Tap(NamedTuple):
    """The person goes out, or comes back."""

    phone: int


class Scene(NamedTuple):
    """What is wrong, what is said meanwhile, and a number for how bad it is."""

    what: str
    said: list
    dice: float


def plan(seed, number):
    """The scenes of one meeting."""
    dice = random.Random(f"{seed}/{number}")
    first = SCENES[number % len(SCENES)]
    others = dice.sample(
        [what for what in SCENES if what not in LAST | {first, "two_phones", "shared_phone"}], dice.choice((1, 2, 2, 3))
    )
    scenes = [*others, first] if first in LAST else [first, *others]
    phones = 2 if first == "two_phones" else 1
    words = iter(range(1_000))
    return [_scene(dice, what, phones, lambda: f"{seed}/{number}/{next(words)}") for what in scenes]


def _scene(dice, what, phones, token):
    said = []
    for _ in range(dice.choice((1, 2, 2, 3))):
        phone = dice.randrange(phones)
        if dice.random() < 0.2 and not said and what != "closed_meanwhile":
            said.append(Tap(phone))
        kind = dice.choice(KINDS)
        said.append(Line(kind, f"{_words(dice)} {token()}", phone, dice.random() < DOUBLED))
    if what == "closed_meanwhile":
        said.append(Tap(0))
    return Scene(what, said, dice.random())


def _words(dice):
    size = dice.choice((3, 8, 8, 20, 60))
    return " ".join(dice.choice(WORDS) for _ in range(size))


WORDS = [
    "I", "we", "she", "he", "cannot", "sleep", "afraid", "of", "the", "night", "mother", "said", "nothing", "öylätti", "夜", "שלום",
    "🌙", "kitchen", "tea", "again", "tomorrow", "together",
]  # fmt: skip
