"""`make bench`: the pages opened most against a bare view of the same rows, at 1,000 and 10,000 cases, one worker each, interleaved.

A ratio is the median of the page's times over the median of the bare view's, in one run; a run whose ratios spread by more than 15 %
is void and says so. Query counts are of one request.
"""

import contextlib
import sys

from bench import service

SIZES = (1_000, 10_000)
BARS = {"board": 4.0}  # the others have a bar for their growth, which `make bench-large` measures


def main():
    """Fill, serve, measure, write the table."""
    cluster = service.cluster()
    service.say("Filling …")
    databases = {size: service.filled(cluster, size) for size in SIZES}
    with contextlib.ExitStack() as cleanup:
        sites = {size: service.Site(cluster, database) for size, database in databases.items()}
        for site in sites.values():
            cleanup.callback(site.stop)
        rows = []
        for page in service.MEASURED:
            service.say(f"Measuring: {page} …")
            for size, rounds in service.compare(sites, page, rounds=5, requests=60).items():
                rows.append((page, size, *service.ratio_of(rounds), sites[size].pages[page][3]))
    table = render(rows)
    print(table)
    (service.HERE / "results.md").write_text(table)
    return int(
        any(spread > service.SPREAD or ratio > BARS.get(page, ratio) for page, _, _, _, ratio, spread, _ in rows)
    )


def render(rows):
    lines = [
        "# Measured",
        "",
        f"{service.machine()} `make bench`.",
        "",
        "A whole page (row security, reading log, template) against a bare view that runs one raw query for the same rows and has no",
        "middleware, no rights and no log; one worker, keep-alive, p50, interleaved. Bar for the",
        "board: 4.0. A spread over 15 % makes a run void.",
        "",
        "| page | cases | p50 ms | bare ms | ratio | spread | queries | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for page, cases, ms, bare, ratio, spread, queries in rows:
        verdict = "void" if spread > service.SPREAD else verdict_of(page, ratio)
        lines.append(
            f"| {page} | {cases:,} | {ms:.1f} | {bare:.1f} | {ratio:.2f} | {spread:.0%} | {queries} | {verdict} |"
        )
    return "\n".join(lines) + "\n"


def verdict_of(page, ratio):
    if page not in BARS:
        return ""
    return "within the bar" if ratio <= BARS[page] else "over the bar"


if __name__ == "__main__":
    sys.exit(main())
