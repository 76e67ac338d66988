"""A mail server that takes everything on loopback and remembers when each message came."""

import re
import socketserver
import threading
import time


class Sink:
    """Listens while the block lasts. `taken`: the moment and the Message-ID of each message."""

    def __enter__(self):
        self.taken = []
        taken = self.taken

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self):
                self.say(b"220 sink")
                for line in self.rfile:
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        self.say(b"354 go on")
                        message = b"".join(iter(self.rfile.readline, b".\r\n"))
                        taken.append((time.time(), re.search(rb"(?i)^message-id: *(\S+)", message, re.MULTILINE)[1]))
                    self.say(b"221 bye" if verb == b"QUIT" else b"250 taken")
                    if verb == b"QUIT":
                        return

            def say(self, words):
                self.wfile.write(words + b"\r\n")

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()
