"""`make attack`: opens one hole after the other in a copy of the project and asks the tests whether they see it. Writes docs/attack.md."""

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from attack.holes import CONTROLS, HOLES, Hole
from attack.opened import HOLE

ROOT = Path(__file__).resolve().parent.parent
CAUGHT = ROOT / "var" / "attack" / "caught.jsonl"  # what the runs since the last whole one have seen
BAR = 0.95
PATIENCE = 30 * 60  # seconds for one hole
LEFT_TO_OTHERS = (
    "tests/functional",
    "tests/faults",
)  # a browser, and processes that are killed: both slow, neither about rights
ABOUT_HOLES = "tests/guards/test_attack.py"  # sees every open hole: the words that it looks for are gone
CONFIGURED = ("DATABASE_URL", "SECRET_KEY", "REDIS_URL", "SITE_URL", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Outcome:
    """What became of one hole: `word` is caught, survived, or broken (the hole cannot be opened, or the tests do not run).

    `at` is the commit whose tests were asked.
    """

    hole: Hole
    word: str
    by: str
    seconds: float
    at: str


def main() -> int:
    """Open the holes, tell, and end with 1 if too many were overlooked, or if a control was not what it should be."""
    options = read_options()
    holes = [hole for hole in [*CONTROLS, *HOLES] if options.only in hole.name]
    if not options.rest:
        CAUGHT.unlink(missing_ok=True)
    before = caught_before(holes)
    found = attack([hole for hole in holes if hole.name not in before], options.jobs) | before
    outcomes = [found[hole.name] for hole in holes]
    if options.write:
        (ROOT / options.write).write_text(page(outcomes))
    print(page(outcomes))
    return int(not is_good(outcomes))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="holes whose name has these words")
    parser.add_argument("--jobs", type=int, default=2, help="copies of the project that are worked on at once")
    parser.add_argument(
        "--rest", action="store_true", help="only what no run before has caught: tests were added since"
    )
    parser.add_argument("--write", metavar="FILE", help="write the table")
    return parser.parse_args()


def caught_before(holes: list[Hole]) -> dict[str, Outcome]:
    """What earlier runs have seen caught, of holes that are still the same. The controls are asked each time."""
    told = [json.loads(line) for line in CAUGHT.read_text().splitlines()] if CAUGHT.exists() else []
    same = {(hole.name, hole.where, hole.before, hole.after, hole.sql): hole for hole in holes if hole not in CONTROLS}
    seen = [(same.get(tuple(one.pop("hole"))), one) for one in told]
    return {hole.name: Outcome(hole, **one) for hole, one in seen if hole}


def remember(outcome: Outcome) -> None:
    told = asdict(outcome)
    told["hole"] = [told["hole"][name] for name in ("name", "where", "before", "after", "sql")]
    with CAUGHT.open("a") as file:
        file.write(json.dumps(told) + "\n")


def attack(holes: list[Hole], jobs: int) -> dict[str, Outcome]:
    """Each hole in one of `jobs` copies of what is committed, by its name."""
    waiting: queue.Queue[Hole] = queue.Queue()
    for hole in holes:
        waiting.put(hole)
    found: dict[str, Outcome] = {}

    def work(number: int) -> None:
        copy = copied(number)
        while True:
            try:
                hole = waiting.get_nowait()
            except queue.Empty:
                break
            outcome = found[hole.name] = try_hole(hole, copy)
            if outcome.word == "caught":
                remember(outcome)
            print(f"{outcome.word:9} {hole.name}  {outcome.by}  {outcome.seconds:.0f} s", flush=True)
        shutil.rmtree(copy)

    workers = [threading.Thread(target=work, args=[number]) for number in range(jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


def copied(number: int) -> Path:
    copy = ROOT / "var" / "attack" / str(number)
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--local", ROOT, copy], check=True)
    return copy


def try_hole(hole: Hole, copy: Path) -> Outcome:
    """Open `hole` in `copy`, run the tests until one fails, and close it again."""
    begun = time.monotonic()
    try:
        hole.open_in(copy)
        word, by = run_tests(hole, copy)
    except ValueError as error:
        word, by = "broken", str(error)
    close(copy)
    at = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=copy, check=True, capture_output=True, text=True)
    return Outcome(hole, word, by, time.monotonic() - begun, at.stdout.strip())


def close(copy: Path) -> None:
    """`copy` as it was committed. What git does not look at stays: the servers of its tests."""
    subprocess.run(["git", "reset", "--quiet", "--hard"], cwd=copy, check=True)
    subprocess.run(["git", "clean", "--quiet", "--force", "-d"], cwd=copy, check=True)
    left = subprocess.run(["git", "status", "--porcelain"], cwd=copy, check=True, capture_output=True, text=True).stdout
    if left:
        raise SystemExit(f"A hole was not closed: {left}")


def run_tests(hole: Hole, copy: Path) -> tuple[str, str]:
    """First those that are about such a hole, then the others: most holes are seen before the rest is even collected."""
    files = [str(path.relative_to(copy)) for path in copy.glob("tests/*/**/test_*.py")]
    files = [path for path in files if not path.startswith(LEFT_TO_OTHERS) and path not in (ABOUT_HOLES, *hole.first)]
    files.sort(key=lambda path: (not path.startswith("tests/guards"), path))
    word, by = run_files([*hole.first], hole, copy) if hole.first else ("survived", "")
    return (word, by) if word != "survived" else run_files(files, hole, copy)


def run_files(files: list[str], hole: Hole, copy: Path) -> tuple[str, str]:
    # File by file: of a file and the folder it lies in, pytest would take the folder, and what is to be first came when its turn is.
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-rfE", *files]
    clean = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
    if hole.sql:
        command += ["-p", "attack.opened"]
        clean[HOLE] = hole.sql
    try:
        ran = subprocess.run(
            command, cwd=copy, env=clean, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return "broken", "the tests did not come to an end"
    if ran.returncode == 0:
        return "survived", ""
    # A test that could not even begin has seen nothing.
    if ran.returncode == 1 and (failed := re.search(r"^FAILED (.+?)(?: - |$)", ran.stdout, re.M)):
        return "caught", failed[1]
    return "broken", " / ".join((ran.stdout + ran.stderr).strip().splitlines()[-4:])


def is_good(outcomes: list[Outcome]) -> bool:
    """Nothing is said by a run in which a hole could not be opened, or in which tests fail without any."""
    attacked = [one for one in outcomes if one.hole not in CONTROLS]
    controls = all(one.word == "survived" for one in outcomes if one.hole in CONTROLS)
    caught = sum(one.word == "caught" for one in attacked)
    return controls and all(one.word != "broken" for one in outcomes) and caught >= BAR * len(attacked)


def page(outcomes: list[Outcome]) -> str:
    """docs/attack.md."""
    attacked = [one for one in outcomes if one.hole not in CONTROLS]
    caught = [one for one in attacked if one.word == "caught"]
    rest = [one for one in attacked if one.word != "caught"]
    controls = ", ".join(one.word for one in outcomes if one.hole in CONTROLS)
    head = [
        "# Planted holes",
        "",
        "Written by `make attack`. Each hole is one line: a filter left out, an inverted check, a policy that lets everything",
        "through. It is opened in a copy of the project; then the tests run, all but those with a browser and those that kill",
        "processes, until one fails. What survived got a test and was asked again, with the commit that stands in the last",
        "column; what an earlier run had caught was not.",
        "",
        f"{datetime.now(UTC):%-d %B %Y}: {len(caught)} of {len(attacked)} caught (bar {BAR:.0%}).",
        f"Controls, which open nothing and must not be caught: {controls or 'not run'}.",
        "",
        *([f"- **{one.word}**: {one.hole.name}. {one.by}" for one in rest] or ["None survived."]),
        "",
        "| hole | where | first test that fails | at |",
        "| --- | --- | --- | --- |",
        *(
            f"| {one.hole.name} | {one.hole.where} | {f'`{one.by}`' if one.by else '–'} | {one.at} |"
            for one in attacked
        ),
        "",
    ]
    return "\n".join(head)


if __name__ == "__main__":
    sys.exit(main())
