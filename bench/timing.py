"""`python -m bench.timing`: whether the time of an answer tells if an address, a password's account or a link is known.

Each kind of request 2,000 times, known and unknown in turn and in random order, in one process of the service under its own role. Two
tests that assume nothing about the times: Mann-Whitney (is one side slower?) and Kolmogorov-Smirnov (do they differ in any way?); and, as
the size of a difference, how often a known one takes longer than an unknown one: 50 % tells nothing.
"""

import math
import random
import statistics
import subprocess
import sys
import time
from itertools import pairwise

import psycopg

from bench import service

EACH = 1_000  # known ones, and as many unknown ones
WARM = 40
ITERATIONS = 20_000  # of the password hash: fewer than in service, so that the rest of an answer counts for more
ACCEPT, LITTLE = 0.01, 0.04
KINDS = {
    "code asked for": ("/accounts/login/code/", "email"),
    "password forgotten": ("/accounts/password/reset/", "email"),
    "password typed": ("/accounts/login/", "login"),
    "link opened and pressed": ("/in/", None),
}


def main():
    """Fill, measure in a process of its own, judge, write the table."""
    ours = service.cluster()
    name = filled(ours)
    env = service.variables(ours, "od_app", name) | {"REDIS_URL": "memory://"}
    out = subprocess.run(
        [sys.executable, "-m", "bench.timing", "measure"], env=env, check=True, capture_output=True, text=True
    )
    rows = [judged(line) for line in out.stdout.splitlines()]
    table = render(rows)
    print(table)
    (service.HERE / "results-timing.md").write_text(table)
    return int(any(row[-1] != "not to be told apart" for row in rows))


def filled(ours):
    """A database with accounts, half of them with a password, and with links."""
    name = "timing"
    with ours.connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{service.EMPTY}" OWNER od_owner')
    env = service.variables(ours, "od_owner", name) | {"REDIS_URL": "memory://"}
    subprocess.run([sys.executable, "-m", "bench.timing", "fill"], env=env, check=True)
    with psycopg.connect(ours.url(database=name), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return name


def address(n, *, known):
    return f"{'known' if known else 'other'}{n:05}@example.org"


def key(n, *, known):
    """The end of a link, as long for one as for the other."""
    return f"{'a' if known else 'b'}{n:035}"


def ready():
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    class Fast(PBKDF2PasswordHasher):
        iterations = ITERATIONS

    Fast.__module__, Fast.__qualname__ = __name__, "Fast"
    globals()["Fast"] = Fast
    settings.PASSWORD_HASHERS = [f"{__name__}.Fast"]


def fill():
    """As the owner, past row security and past what a link has to belong to: the service never looks at that when it is pressed."""
    ready()
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from network import codes

    password = make_password("open-dialogue")
    with connection.cursor() as cursor:
        for n in range(EACH + WARM):
            cursor.execute(
                "INSERT INTO network_user (email, password, is_active, created_at) VALUES (%s, %s, true, now())",
                [address(n, known=True), password if n % 2 else make_password(None)],
            )
        cursor.execute("SELECT id FROM network_user ORDER BY id LIMIT 1")
        (user,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO network_service (uuid, slug, name, time_zone, languages, emergency_number, emergency_advice, night_number)"
            " VALUES (gen_random_uuid(), 's', 'A service', 'UTC', 'English', '112', 'Call', '1') RETURNING id"
        )
        (place,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO network_staff (uuid, service_id, user_id, name, is_coordinator) VALUES (gen_random_uuid(), %s, %s, 'A', true)"
            " RETURNING id",
            [place, user],
        )
        (staff,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO network_network (uuid, service_id) VALUES (gen_random_uuid(), %s) RETURNING id", [place]
        )
        (network,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO network_member (uuid, service_id, network_id, name, is_person, relation, named_by, wanted_word, left_reason)"
            " VALUES (gen_random_uuid(), %s, %s, 'B', true, '', '', '', '') RETURNING id",
            [place, network],
        )
        (member,) = cursor.fetchone()
        for n in range(EACH + WARM):
            cursor.execute(
                "INSERT INTO network_wayin (uuid, service_id, network_id, member_id, user_id, kind, address, secret, made_by_id,"
                " handed_to, told) VALUES (gen_random_uuid(), %s, %s, %s, %s, 'email', 'a@example.org', %s, %s, '', '')",
                [place, network, member, user, codes.hashed(key(n, known=True)), staff],
            )


def measure():
    """One line for each kind: its number, then the seconds of the known ones, then those of the unknown ones."""
    ready()
    from django.test import Client

    chance = random.Random(1)
    for kind, (path, field) in enumerate(KINDS.values()):
        times = {True: [], False: []}
        for n in range(EACH + WARM):
            for known in chance.sample([True, False], 2):
                who = {"REMOTE_ADDR": f"10.{kind}.{n // 200}.{n % 200 + 1}"}
                client = Client(headers={"host": "localhost", "x-forwarded-proto": "https"}, **who)
                typed = {field: address(n, known=known), "password": "a guess"} if field else {}
                target = path if field else f"{path}{key(n, known=known)}/"
                begun = time.perf_counter()
                answer = client.post(target, typed)
                taken = time.perf_counter() - begun
                if answer.status_code != (200 if field == "login" else 302):
                    raise SystemExit(f"{target} answered {answer.status_code}")
                if n >= WARM:
                    times[known].append(taken)
        print(kind, *times[True], *times[False], flush=True)


def judged(line):
    """Name, medians in ms, both p values, how often a known one takes longer, and the verdict."""
    kind, *times = line.split()
    known, unknown = [float(one) for one in times[:EACH]], [float(one) for one in times[EACH:]]
    longer, slower = mann_whitney(known, unknown)
    different = kolmogorov_smirnov(known, unknown)
    told = min(slower, different) < ACCEPT or abs(longer - 0.5) > LITTLE
    medians = (1000 * statistics.median(known), 1000 * statistics.median(unknown))
    return (
        list(KINDS)[int(kind)],
        *medians,
        slower,
        different,
        longer,
        "can be told apart" if told else "not to be told apart",
    )


def mann_whitney(a, b):
    """How often one of `a` is greater than one of `b`, and the two-sided p (normal approximation; times have no ties to speak of)."""
    ranked = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    u = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0) - len(a) * (len(a) + 1) / 2
    mean, deviation = len(a) * len(b) / 2, math.sqrt(len(a) * len(b) * (len(a) + len(b) + 1) / 12)
    return u / (len(a) * len(b)), math.erfc(abs(u - mean) / deviation / math.sqrt(2))


def kolmogorov_smirnov(a, b):
    """The p of the two-sided test, by its limit for many."""
    ranked = sorted([(value, 1 / len(a)) for value in a] + [(value, -1 / len(b)) for value in b])
    gap = height = 0.0
    for (value, step), (following, _) in pairwise([*ranked, (math.inf, 0)]):
        height += step
        if value != following:
            gap = max(gap, abs(height))
    x = gap * math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    return min(1.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))) if x > 0.2 else 1.0


def render(rows):
    lines = [
        "# Whether time tells who is known",
        "",
        f"{service.machine()} `python -m bench.timing`.",
        "",
        f"{2 * EACH:,} requests of each kind, known and unknown in turn, in random order, in one process of the service without anything",
        f"in between. The password hash has {ITERATIONS:,} rounds here, so that the rest of the answer counts for more than in service.",
        f"Told apart means p < {ACCEPT}, or that a known one takes longer than an unknown one in fewer than {0.5 - LITTLE:.0%} or more",
        f"than {0.5 + LITTLE:.0%} of pairs.",
        "",
        "| request | known, ms | unknown, ms | Mann-Whitney p | Kolmogorov-Smirnov p | known takes longer | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]  # fmt: skip
    for kind, known, unknown, slower, different, longer, verdict in rows:
        lines.append(
            f"| {kind} | {known:.2f} | {unknown:.2f} | {slower:.3f} | {different:.3f} | {longer:.1%} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit({"fill": fill, "measure": measure}.get((sys.argv[1:] or [""])[0], main)())
