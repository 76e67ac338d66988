"""Writes docs/states.md from the dictionaries of what may follow what: `python -m opendialogue.states`."""

from pathlib import Path

from meetings.states import DECISION, MEETING
from referrals.states import CASE, TIMER

PAGE = Path(__file__).parent.parent / "docs" / "states.md"
INTRODUCTION = """\
# States

What may follow what. Written from the dictionaries in `referrals/states.py` and `meetings/states.py` by `python -m opendialogue.states`;
the database's triggers keep the same, and tests/guards/test_states.py tries every pair.
"""
MACHINES: list[tuple[str, str, dict[str, frozenset[str]]]] = [
    (
        "Crisis case",
        "Open until it is closed with its reason. A later crisis opens a new case in the same network.",
        CASE,
    ),
    (
        "Response timer",
        "Runs from first heard. Met when the person and a clinician of the team are in the room; it runs again when that presence was "
        "a mistake. Replied when the clock was for a first reply. Not met when the case closes without a meeting.",
        TIMER,
    ),
    (
        "Meeting",
        "Booked, held, closed; or cancelled before it started. If the team sat there without signal by then, it was held all the same.",
        MEETING,
    ),
    (
        "Decision",
        "Accepted when the person was present. One that was entered afterwards waits until the person agrees to it in a meeting. One "
        "that the service refused is kept with its text.",
        DECISION,
    ),
]


def page() -> str:
    """The whole of docs/states.md."""
    return "\n".join([INTRODUCTION, *(_section(*machine) for machine in MACHINES)])


def _section(title: str, words: str, machine: dict[str, frozenset[str]]) -> str:
    rows = [f"| {_name(state)} | {_following(state, machine[state])} |" for state in machine]
    return "\n".join([f"## {title}", "", words, "", "| from | to |", "| --- | --- |", *rows, ""])


def _following(state: str, following: frozenset[str]) -> str:
    names = [f"{_name(after)}, changed" if after == state else _name(after) for after in sorted(following)]
    return ", or ".join(names) or "– (the end)"


def _name(state: str) -> str:
    return state.replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(page())
