"""The line between one phone and the service, and all that can be wrong with it."""

import contextlib
import http.client
import socket
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW = 50_000  # bytes a second, which are 400 kbit/s
DELAY = 0.4  # seconds there and back
ENTRIES = "/record/entries/"
NOT_OURS = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Wire:
    """Passes on what a phone asks. `faults` holds what happens to the next batches of entries, `down` cuts everything."""

    def __init__(self, port, kill_server):
        self.upstream, self.kill_server = port, kill_server
        self.faults, self.happened = deque(), Counter()
        self.down = self.slow = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Passing", (Passing,), {"wire": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://localhost:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, method, path):
        if method == "POST" and path.endswith(ENTRIES) and self.faults:
            with contextlib.suppress(IndexError):
                return self.faults.popleft()
        return ""


class Passing(BaseHTTPRequestHandler):
    """One connection from the browser."""

    protocol_version = "HTTP/1.1"
    wire = None

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(OSError):
            super().handle()

    def pass_on(self):
        wire = self.wire
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = "" if wire.down else wire.next_fault(self.command, self.path)
        if wire.slow:
            time.sleep(DELAY / 2 + len(body) / SLOW)
        if wire.down:
            return self.cut()
        if fault:
            wire.happened[fault] += 1
        if fault == "bodies_cut":
            self.send_half(body)
            return self.cut()
        found = self.ask(body, fault)
        if wire.down or found is None or fault == "answers_lost":
            return self.cut()
        answer, data = found
        self.answer(answer, data[: len(data) // 2] if fault == "answers_halved" else data, len(data))
        if fault == "answers_halved":
            self.cut()
        return None

    do_GET = do_HEAD = do_POST = pass_on  # noqa: N815

    def ask(self, body, fault):
        """What the service answers, or None when it does not, or only in part."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.wire.upstream, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            if fault == "server_killed":
                self.wire.kill_server()
            answer = upstream.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            upstream.close()

    def send_half(self, body):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.wire.upstream), timeout=10) as upstream,
        ):
            head = f"{self.command} {self.path} HTTP/1.1\r\n" + "".join(
                f"{k}: {v}\r\n" for k, v in self.headers.items()
            )
            upstream.sendall(head.encode("latin-1") + b"\r\n" + body[: len(body) // 2])
            time.sleep(0.05)

    def answer(self, answer, data, length):
        if self.wire.slow:
            time.sleep(DELAY / 2 + len(data) / SLOW)
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders() if name.lower() not in NOT_OURS)
        if answer.status not in (204, 304) and self.command != "HEAD":
            head += f"Content-Length: {length}\r\n"
        self.wfile.write(head.encode("latin-1") + b"\r\n" + data)

    def cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
