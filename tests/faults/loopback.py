"""A real HTTP server on this machine that answers as a test says, and keeps what it was asked."""

import contextlib
import socket
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LENGTH = "Content-Length"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Server:
    """`answer` is called with the handler, and does with its connection whatever it likes."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    answer: object = None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def asked_once(self):
        """Whoever asks may give up before this server has read what they asked."""
        end = time.monotonic() + 30
        while not self.asked and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.asked) == 1

    def says(self, status, body=b"", **headers):
        """Answer this each time."""
        body = body.encode() if isinstance(body, str) else body

        def answer(handler):
            handler.send_response(status)
            for name, value in (
                {LENGTH: str(len(body))} | {k.replace("_", "-"): v for k, v in headers.items()}
            ).items():
                handler.send_header(name, value)
            handler.end_headers()
            with contextlib.suppress(OSError):  # whoever asked may have heard enough
                handler.wfile.write(body)

        self.answer = answer

    def says_nothing(self):
        """Take the request, and keep whoever asked waiting until the test is over."""
        self.answer = lambda handler: self.over.wait(60)

    def breaks_off(self, body=b""):
        """Promise more than comes."""

        def answer(handler):
            handler.send_response(200)
            handler.send_header(LENGTH, "200")
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
            hang_up(handler)

        self.answer = answer

    def drips_headers(self):
        """An answer that never comes to its point: one header without end, letter by letter."""

        def answer(handler):
            with contextlib.suppress(OSError):
                handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
                while not self.over.wait(0.05):
                    handler.wfile.write(b"x")
                    handler.wfile.flush()

        self.answer = answer

    def hangs_up(self):
        """Close the connection without a word."""
        self.answer = hang_up

    def drips(self, part):
        """An answer without end, in small parts."""

        def answer(handler):
            handler.send_response(200)
            handler.end_headers()
            with contextlib.suppress(OSError):
                while not self.over.wait(0.05):
                    handler.wfile.write(part)
                    handler.wfile.flush()

        self.answer = answer


def hang_up(handler):
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def listening():
    """A server on loopback, for as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get(LENGTH, 0)))
            found.asked.append(Asked(self.command, self.path, self.headers, body))
            found.answer(self)

        do_GET = do_POST = handle_any  # noqa: N815  the names that http.server calls

        def log_message(self, *args):
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # a connection that was cut is what these tests are about

    with Quiet(("127.0.0.1", 0), Handler) as server:
        found = Server(server.server_address[1])
        found.says(200)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield found
        finally:
            found.over.set()
            server.shutdown()
            thread.join(30)


class ByWayOf(urllib.request.HTTPSHandler):
    """For an opener: what goes to any host over TLS goes to `port` of this machine in plain HTTP. All else stays as it was."""

    def __init__(self, port):
        super().__init__()
        self.port = port

    def https_open(self, request):
        return self.do_open(
            lambda host, **options: HTTPConnection("127.0.0.1", self.port, timeout=options["timeout"]), request
        )
