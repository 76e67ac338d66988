"""`python -m bench.device`: how long it takes until a line is on the device, in a real Chromium whose CPU is slowed down to a quarter.

Measured from handing an entry to the store (static/js/kept.js) until IndexedDB says that it is on the disk: sealed, `durability:
"strict"`, without signal, so that nothing is ever sent and all entries stay. 200 lines with half a second between them, as fast as
anybody writes, and 50 at once. Prints a table and writes it to bench/results-device.md; fails over the bar of 50 ms (p95).
"""

import http.server
import statistics
import sys
import tempfile
import threading
from functools import partial

from playwright.sync_api import sync_playwright

from bench import service
from network import sealing
from opendialogue.local import chromium

BAR, SLOWER = 50, 4
KEEP = """async ({ key, lines, pause, chars }) => {
  const { keptBy, newId } = await import("/js/kept.js");
  const device = keptBy("bench", { token: () => "", freshToken: async () => false, changed() {}, settled() {} });
  await device.ready;
  const meeting = newId(), to = { key, name: "bench" }, took = [], text = "w".repeat(chars);
  const one = async () => {
    const item = { uuid: newId(), meeting, case: meeting, to, tried: 0, fields: { do: "line", kind: "voice", text } };
    const from = performance.now();
    await device.keep(item);
    took.push(performance.now() - from);
    if (!item.stored) throw new Error("not stored");
  };
  if (pause) for (let n = 0; n < lines; n += 1) { await one(); await new Promise((go) => setTimeout(go, pause)); }
  else await Promise.all(Array.from({ length: lines }, one));
  return took;
}"""


class Page(http.server.SimpleHTTPRequestHandler):
    """The scripts, and an empty page."""

    def do_GET(self):
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>bench</title>")
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


def main():
    """Measure, write the table."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Page, directory=service.HERE.parent / "static"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    point = sealing._point(sealing._private(sealing.new_private_key()).public_key())
    rows = []
    try:
        for name, lines, pause in (("200 lines, one after the other", 200, 500), ("50 at once", 50, 0)):
            for slower in (1, SLOWER):
                rows.append((name, slower, measured(server.server_port, sealing._encode(point), slower, lines, pause)))
    finally:
        server.shutdown()
    table = render(rows)
    print(table)
    (service.HERE / "results-device.md").write_text(table)
    return int(percentile(rows[1][2], 95) > BAR)


def measured(port, key, slower, lines, pause):
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            profile, executable_path=chromium.program(), args=chromium.FLAGS
        )
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.evaluate('() => import("/js/kept.js")')
        browser.set_offline(True)
        browser.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        took = page.evaluate(KEEP, {"key": key, "lines": lines, "pause": pause, "chars": 200})
        browser.close()
    return took


def percentile(took, n):
    return statistics.quantiles(took, n=100, method="inclusive")[n - 1]


def render(rows):
    lines = [
        "# Kept on the device",
        "",
        f"{service.machine()} `python -m bench.device`.",
        "",
        "From handing over a line of 200 characters until it is sealed and on the disk, without signal, in milliseconds.",
        f"Bar: p95 of {BAR} ms with the CPU ÷ {SLOWER}, one line after the other.",
        "",
        "| | CPU | p50 | p95 | most |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, slower, took in rows:
        lines.append(
            f"| {name} | ÷ {slower} | {percentile(took, 50):.1f} | {percentile(took, 95):.1f} | {max(took):.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
