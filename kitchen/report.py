"""What is printed, and what stands in docs/kitchen.md."""

import statistics
import subprocess
from importlib.metadata import version

from opendialogue.local import chromium

NAME, TITLE = "kitchen", "Recorded in a kitchen, with everything going wrong"


def missed(result):
    """What misses the bar, in words. Nothing is what we want."""
    found = [f"{kind}: {len(which)}, such as {which[0]}" for kind, which in result["wrong"].items()]
    return found + result["wrong"].get("came to no end", [])[1:]


def rows(result):
    """Each figure with its name."""
    wrong, faults, scenes = result["wrong"], result["faults"], result["scenes"]

    def count(kind):
        return str(len(wrong.get(kind, [])))

    return [
        ("seed", str(result["seed"])),
        ("meetings recorded", f"{result['meetings']:,}"),
        ("lines said; double taps among them by plan", f"{result['said']:,}; one in four"),
        ("shown as on this phone or at the service", f"{result['shown']:,}"),
        ("**shown and lost**", count("lost")),
        ("killed before the page had shown anything; lost of these", f"{result['unshown']}; {result['unshown_lost']}"),
        ("**doubled**", count("doubled")),
        ("**in a wrong case, or in a wrong name**", count("in a wrong case, or in a wrong name")),
        ("**out of order**", count("out of order")),
        ("**words that nobody said**", count("nobody said")),
        ("browser killed in the middle of a word; **words lost that were typed before the last second**",
         f"{result['given_back']}; {count('a word being written, lost')}"),
        ("from the last key to the disk: p50, p95, max", disk(result["to_disk"])),
        ("the person came, tap by tap; **lost or doubled**", f"{result['comes']:,}; {count('presence lost or doubled')}"),
        ("browser processes ended with SIGKILL", str(result["kills"])),
        ("server ended with SIGKILL in mid-batch", str(result["server_kills"])),
        ("answers lost on the way back; cut in half; requests cut in mid-body",
         "; ".join(str(faults.get(name, 0)) for name in ("answers_lost", "answers_halved", "bodies_cut"))),
        ("sessions ended in mid-meeting", str(scenes.get("expired", 0) + scenes.get("killed_expired", 0))),
        ("meetings on two phones; on a phone of two clinicians", f"{scenes.get('two_phones', 0)}; {scenes.get('shared_phone', 0)}"),
        ("meetings closed meanwhile; lines that came late", f"{scenes.get('closed_meanwhile', 0)}; {result['late']}"),
        ("left on a phone, sent days later", str(scenes.get("left_for_later", 0))),
        ("lines marked as recorded offline", f"{result['offline']:,}"),
        ("refused: kept at the service with the reason; kept on the phone with the reason", f"{result['refused']}; {result['not_taken']}"),
    ]  # fmt: skip


def disk(seconds):
    if not seconds:
        return "–"
    return f"{statistics.median(seconds):.2f} s, {seconds[int(0.95 * (len(seconds) - 1))]:.2f} s, {seconds[-1]:.2f} s"


def parts():
    """The versions of what ran."""
    return f"gunicorn {version('gunicorn')}, {browser()}, Playwright {version('playwright')}, embedded PostgreSQL 18"


def browser():
    said = subprocess.run([chromium.program(), "--version"], capture_output=True, text=True, check=False).stdout.split()
    return " ".join(said[:2])


ABOUT = """\
## What is run

Real processes: PostgreSQL with everything it does for durability, Valkey, the web process as in the Dockerfile (two workers, four
threads), and Chromium with a profile on the disk for each phone, which opens the record page as it is: static/js/kept.js seals, stores
and sends. Nothing of the client is played. Between phone and service stands a line that can be cut. Some lanes record at the same time;
each has two clinicians with a phone each.

A meeting has two to four scenes, by seeded dice (kitchen/plan.py): no signal; the service unreachable; 400 kbit/s and 400 ms; answers
lost on the way back or cut in half; requests cut in mid-body; the server killed while it works on a batch, which hits the other lanes,
too; the page loaded anew; the browser ended with SIGKILL offline, in the middle of a word, or signed out; the session ended in
mid-meeting and a new one; two phones; two clinicians on one phone; the meeting closed meanwhile; entries left on the phone and sent at
the end of the run. In each scene one to three lines are said, one in four kept with a double tap, and the person goes out or comes back.

## How it is counted

- **Shown** is a line of which the page had said “on this phone” or that it is at the service, read from the page before it was killed.
  Each has to be at the service exactly once, in its meeting, under its author, or to stand at the end on its phone's own page, with
  its words and why it was not taken.
- **Out of order**: the lines of one phone in one meeting, by the time said and then by the row, against the order in which they were typed.
- **A word being written**: typed, and on the disk; then more is typed and the browser killed. What was on the disk has to stand in
  the box again. How long it takes from the last key to the disk is measured from outside; the page waits up to one second.
- **Came**: each tap by which the person came is one row, no more and no fewer, where one phone recorded the meeting.
""".splitlines()
