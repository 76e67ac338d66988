"""`python -m bench.phone`: the page of the family and the record on a telephone, in Chromium with its processor four times slower.

gunicorn over TLS with production rules, so that scripts and styles come packed. LCP and CLS as the browser reports them for a first visit;
INP is the longest of all taps and keys of a visit; to the disk is from Keep to "On this phone". Fails when a row is over its bars, void, or
misses what was to be measured.
"""

import contextlib
import datetime
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Error, sync_playwright

from bench import service
from opendialogue.local import chromium
from opendialogue.local.processes import free_port, stop

ROUNDS, VISITS = 3, 3
SLOWER = 4
LINES = {  # kbit/s, milliseconds, and the bar for LCP in seconds
    "9 Mbit/s, 100 ms": (9_000, 100, 1.5),
    "400 kbit/s, 400 ms": (400, 400, 2.5),
}
INP, CLS, DISK = 100, 0.02, 50
SAID = 10  # lines of a visit to the record
WITHIN = "within the bars"

WATCH = """() => {
  const seen = window.seen = { lcp: 0, cls: 0, inp: 0, disk: [] };
  const observe = (type, take, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(take))
    .observe({ type, buffered: true, ...more });
  observe("largest-contentful-paint", (one) => { seen.lcp = one.startTime; });
  observe("layout-shift", (one) => { if (!one.hadRecentInput) seen.cls += one.value; });
  for (const type of ["event", "first-input"])
    observe(type, (one) => { if (one.interactionId) seen.inp = Math.max(seen.inp, one.duration); }, { durationThreshold: 16 });
  addEventListener("submit", (event) => {
    if (event.target.id !== "composer" || !document.querySelector("[name=text]").value) return;
    const from = performance.now(), lines = document.getElementById("lines"), before = lines.children.length;
    const look = new MutationObserver(() => {
      const mark = lines.children[before]?.querySelector("[data-state]");
      if (lines.children.length > before && (!mark || mark.textContent.startsWith("On this phone"))) {
        seen.disk.push(performance.now() - from);
        look.disconnect();
      }
    });
    look.observe(lines, { childList: true, subtree: true, characterData: true });
  }, true);
}"""


def main():
    """Fill, serve, visit, write the table."""
    cluster = service.cluster()
    service.say("Filling …")
    database = service.filled(cluster, 1_000)
    with contextlib.ExitStack() as cleanup:
        who = visitors(cluster, database)
        port = free_port()
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        certificate, key = self_signed(folder)
        env = service.variables(cluster, "od_app", database) | {"TRUST_PROXY": "0"}
        server = service.serve(port, f"--certfile={certificate}", f"--keyfile={key}", env=env)
        cleanup.callback(stop, server)
        playwright = cleanup.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium.program(), args=chromium.FLAGS)
        cleanup.callback(browser.close)
        rows = []
        for n in range(ROUNDS * VISITS + 1):  # the first is left out: the service warms up
            service.say(f"  visit {n} of {ROUNDS * VISITS}")
            for line in LINES:
                for page in who:
                    found = visit(browser, f"https://localhost:{port}", page, who[page], line)
                    if n:
                        rows.append((page, line, found))
        version = browser.version
    judged = judge(rows)
    table = render(judged, version)
    print(table)
    (service.HERE / "results-phone.md").write_text(table)
    return int(any(row["verdict"] != WITHIN for row in judged))


def visitors(cluster, database):
    """Who opens what: page, address, name and value of the cookie."""
    out = subprocess.run(
        [sys.executable, "-m", "bench.visitors"], check=True, capture_output=True, text=True,
        env=service.variables(cluster, "od_owner", database),
    )  # fmt: skip
    return {page: rest for page, *rest in (line.split() for line in out.stdout.splitlines())}


def self_signed(folder):
    """A certificate for localhost, of an hour."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key").write_bytes(secret)
    return folder / "certificate", folder / "key"


def visit(browser, address, page_name, who, line):
    """One first visit, with an empty cache: what the browser says of it."""
    path, cookie, value = who
    kbit, delay, _ = LINES[line]
    context = browser.new_context(
        base_url=address, viewport={"width": 390, "height": 844}, locale="en-GB", ignore_https_errors=True
    )
    try:
        context.set_default_timeout(120_000)
        context.add_cookies([{"name": cookie, "value": value, "url": address, "secure": True}])
        context.add_init_script(f"({WATCH})()")
        page = context.new_page()
        client = context.new_cdp_session(page)
        client.send("Network.enable")
        speed = kbit * 1000 / 8
        conditions = {"offline": False, "latency": delay, "downloadThroughput": speed, "uploadThroughput": speed}
        client.send("Network.emulateNetworkConditions", conditions)
        client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        opened(page, path)
        USES[page_name](page)
        page.wait_for_timeout(500)  # a paint is reported when it is done
        return page.evaluate("() => window.seen")
    finally:
        context.close()


def opened(page, path):
    for _ in range(300):
        try:
            if page.goto(path, wait_until="load").ok:
                page.wait_for_load_state("networkidle")
                return
        except Error:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{path} does not open.")


def use_family(page):
    """What can be tapped without leaving the page."""
    for one in page.locator("summary:visible").all():
        one.click()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")


def use_record(page):
    """Who is here, whose words, twenty words, Keep; ten times, until all are on the disk."""
    page.wait_for_selector("#record[data-ready=yes]", state="attached")
    for n in range(SAID):
        page.locator("#here button").nth(1).click()
        page.locator(f"#kind-{('voice', 'reflection')[n % 2]}").check()
        page.locator(".whose label:not([hidden]) input").first.check()
        page.locator("[name=text]").click()
        page.keyboard.type("She cannot sleep, and her mother sits with her.", delay=20)
        page.get_by_role("button", name="Keep", exact=True).click()
    for _ in range(100):  # what is missing then is told in the table
        if page.evaluate("() => window.seen.disk.length") >= SAID:
            break
        page.wait_for_timeout(100)


USES = {"family": use_family, "record": use_record}


def judge(rows):
    """One row for each page on each line, with its verdict."""
    return [
        judged(page, line, [found for name, at, found in rows if (name, at) == (page, line)])
        for page in USES for line in LINES
    ]  # fmt: skip


def judged(page, line, found):
    lcp, inp = [one["lcp"] / 1000 for one in found], [one["inp"] for one in found]
    disk = sorted(ms for one in found for ms in one["disk"])
    rounds = [statistics.median(lcp[n : n + VISITS]) for n in range(0, len(lcp), VISITS)]
    row = {
        "page": page, "line": line, "lcp": statistics.median(lcp), "slowest": max(lcp), "inp": statistics.median(inp),
        "cls": max(one["cls"] for one in found), "spread": (max(rounds) - min(rounds)) / (statistics.median(rounds) or 1),
        "disk": disk[int(0.95 * (len(disk) - 1))] if disk else None,
    }  # fmt: skip
    wanted = SAID * len(found) if page == "record" else 0
    missing = {"LCP": lcp.count(0), "INP": inp.count(0), "lines": wanted - len(disk)}
    return row | {"verdict": verdict(row, {what: n for what, n in missing.items() if n})}


def verdict(row, missing):
    if missing:
        return "missing: " + ", ".join(f"{n} × {what}" for what, n in missing.items())
    if row["spread"] > service.SPREAD:
        return "void"
    over = row["lcp"] > LINES[row["line"]][2] or row["inp"] > INP or row["cls"] > CLS or (row["disk"] or 0) > DISK
    return "over the bar" if over else WITHIN


def render(rows, version):
    lines = [
        "# On a telephone",
        "",
        f"{service.machine()} Chromium {version}. `python -m bench.phone`.",
        "",
        f"390 × 844, processor ÷ {SLOWER}, nothing in the cache, {ROUNDS} rounds of {VISITS} visits each, taken in turn. Medians; the",
        "slowest visit; the spread of the LCP between the medians of the rounds. INP is the longest tap or key of a visit, CLS the worst",
        "of all, to the disk from Keep to “On this phone”, 95th percentile of all lines.",
        f"Bars: LCP 1.5 s, on the slow line 2.5 s; INP {INP} ms; CLS {CLS}; to the disk {DISK} ms. A spread over 15 % makes a row void.",
        "",
        "| page | line | LCP s | slowest | spread | INP ms | CLS | to the disk ms | |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        disk = "–" if row["disk"] is None else f"{row['disk']:.0f}"
        lines.append(
            f"| {row['page']} | {row['line']} | {row['lcp']:.2f} | {row['slowest']:.2f} | {row['spread']:.0%} | {row['inp']:.0f} "
            f"| {row['cls']:.3f} | {disk} | {row['verdict']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
