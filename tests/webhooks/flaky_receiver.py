"""A receiver process to kill: `python -m tests.webhooks.flaky_receiver PORT FILE SEED`.

It fails three of ten requests: it responds 500, closes the connection before or after it has read
the message, or does not respond. It writes each message to FILE before it responds.
"""

import json
import random
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAILURES = ("500",) * 12 + ("cut unread",) * 6 + ("cut",) * 6 + ("silence",) * 6
OUTCOMES = FAILURES + ("taken",) * (100 - len(FAILURES))


class Server(ThreadingHTTPServer):
    """Can use its port again right after a kill."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


def main(port: int, path: Path, seed: int) -> None:
    """Serve until killed."""
    chance = random.Random(seed)
    writing = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            outcome = chance.choice(OUTCOMES)
            if outcome == "cut unread":
                self.cut()
                return
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            if len(body.encode()) < length:  # the sender was killed while it sent
                self.cut()
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            line = json.dumps({"outcome": outcome, "headers": headers, "body": body})
            with writing, path.open("a") as file:
                file.write(line + "\n")
            if outcome == "cut":
                self.cut()
            elif outcome == "silence":
                threading.Event().wait()
            else:
                self.send_response(500 if outcome == "500" else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = Server(("127.0.0.1", port), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
