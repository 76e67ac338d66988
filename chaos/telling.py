"""How a long run with real processes tells what came of it: printed, as JSON, as a page for docs/. `make kitchen` tells it in the same way.

What is told is a module with NAME, TITLE and ABOUT, and `rows(result)`, `missed(result)` (in words; nothing is what we want) and `parts()`,
the versions of what ran.
"""

import datetime
import json
import os
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path


def finish(report, result, options, home):
    """Print, write what was asked for, and keep the logs of a run that missed something. Returns 1 if it did."""
    missed = report.missed(result)
    print(text(report, result, missed), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(result, default=str))
    if options.write:
        Path(options.write).write_text(page(report, result, missed))
    if missed or options.keep:
        print(f"The logs are in {home}.", flush=True)
    else:
        shutil.rmtree(home)
    return int(bool(missed))


def text(report, result, missed):
    """For the terminal."""
    lines = [f"  {name.replace('**', '')}: {value}" for name, value in report.rows(result)]
    verdict = [f"MISSED: {one}" for one in missed] or ["Within the bar."]
    return "\n".join(["", *lines, f"  {result['seconds']:.0f} s in all", "", *verdict])


def page(report, result, missed):
    """The table for docs/."""
    lines = [
        f"# {report.TITLE}",
        "",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, Django {version('django')}, {report.parts()}. "
        f"`{command(report.NAME)}`, {result['seconds'] / 60:.0f} minutes.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in report.rows(result)),
        "",
        "Verdict: " + ("; ".join(missed) if missed else "within the bar."),
        "",
        *report.ABOUT,
    ]
    return "\n".join(lines) + "\n"


def command(name):
    """What somebody has to type to run the same again, with other dice unless the seed is given."""
    given = sys.argv[1:]
    return f"make {name}" if given == ["--write", f"docs/{name}.md"] else " ".join([f"python -m {name}", *given])
