"""A mail server that counts. It can be slow, and it can hold a sender at a given point until somebody has killed it."""

import random
import re
import socketserver
import threading
import time
from dataclasses import dataclass

WATCH = re.compile(rb"/waiting/([0-9a-f-]{36})/")
ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE | re.IGNORECASE)


@dataclass
class Taken:
    """One message: `begun`, taken `at`, and `answered`. `watch` stands in its text; `owner` brought it."""

    begun: float
    at: float
    id: str
    to: str
    watch: str
    owner: str
    answered: float = 0.0


class Trap:
    """Holds the next sender at `point` ("claimed": before we take its message, "accepted": after) until it is let go."""

    def __init__(self, point):
        self.point = point
        self.owner = None
        self.caught = threading.Event()
        self.let_go = threading.Event()


class Sink:
    """Takes mail on a free port. `owner_of(port)` tells who speaks from a port of this machine."""

    def __init__(self, owner_of, seed):
        self.taken = []
        self._owner_of = owner_of
        self._slow = random.Random(seed)
        self._trap = None
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Conversation)
        self._server.sink = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def set_trap(self, point):
        with self._lock:
            self._trap = Trap(point)
            return self._trap

    def take_down(self, trap):
        """Nobody walks into it any more, and whoever is in it goes on."""
        with self._lock:
            if self._trap is trap:
                self._trap = None
        trap.let_go.set()

    def pass_by(self, point, owner):
        """A sender has come to this point of a conversation."""
        with self._lock:
            trap = self._trap if self._trap and self._trap.point == point else None
            if trap:
                self._trap = None
        if trap:
            trap.owner = owner
            trap.caught.set()
            trap.let_go.wait(5)
        elif self._slow.random() < 0.05:
            time.sleep(self._slow.uniform(0, 0.2))

    def take(self, owner, begun, to, text):
        found, watch = ID.search(text), WATCH.search(text)
        name = found[1].decode() if found else "without an id"
        one = Taken(begun, time.time(), name, to, watch[1].decode() if watch else "", owner)
        self.taken.append(one)
        self.pass_by("accepted", owner)
        one.answered = time.time()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Conversation(socketserver.StreamRequestHandler):
    """As much of SMTP as a client of a relay speaks."""

    timeout = 60

    def handle(self):
        sink = self.server.sink
        owner = sink._owner_of(self.client_address[1])
        to, begun = "", time.time()
        try:
            self.say("220 sink")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"MAIL":
                    begun = time.time()
                    self.say("250 ok")
                elif verb == b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                    sink.pass_by("claimed", owner)
                    self.say("250 ok")
                elif verb == b"DATA":
                    self.say("354 go on")
                    text = self.text()
                    if text is None:
                        return
                    sink.take(owner, begun, to, text)
                    self.say("250 taken")
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")
        except OSError:
            pass  # the other side was killed

    def text(self):
        """The message, or None when its sender died over it."""
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line)
        return None

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())
