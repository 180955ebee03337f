"""A server that answers what it was told to, byte by byte, whatever it is asked."""

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

Script = Callable[["Asked"], bytes | None]
"""What to answer to a request; None = cut the connection."""


class Asked(NamedTuple):
    """A request that came. `number` from 0; `port`: the client's, which tells its connection."""

    number: int
    head: str
    body: bytes
    port: int = 0

    def header(self, name: str) -> str:
        """The value of a header."""
        lines = self.head.split("\r\n")[1:]
        values = [line.partition(":")[2].strip() for line in lines if header_of(line) == name]
        (value,) = values
        return value


def header_of(line: str) -> str:
    """A header line's name."""
    return line.partition(":")[0].lower()


class Scripted:
    """The server: where it is, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []


class Server(socketserver.ThreadingTCPServer):
    """Listens, with TLS if there is a context for it."""

    daemon_threads = True
    allow_reuse_address = True
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection; its handshake is for its own thread."""
        accepted, address = super().get_request()
        if self.tls is None:
            return accepted, address
        return self.tls.wrap_socket(accepted, True, do_handshake_on_connect=False), address


@contextmanager
def answering(
    script: Script | Sequence[bytes | None], tls: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    """Serve a script: a function, or answers in their turn, the last of them ever again."""
    lock = threading.Lock()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while (request := self._read()) is not None:
                with lock:
                    asked = Asked(len(scripted.asked), *request, self.client_address[1])
                    scripted.asked.append(asked)
                answer = (
                    script(asked)
                    if callable(script)
                    else script[min(asked.number, len(script) - 1)]
                )
                if answer is None:
                    linger = struct.pack("ii", 1, 0)
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                self.wfile.write(answer)
                if b"Connection: close" in answer:
                    return

        def _read(self) -> tuple[str, bytes] | None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                try:
                    line = self.rfile.readline()
                except OSError:
                    return None
                if not line:
                    return None
                head += line
            text = head.decode("latin-1").strip()
            lengths = [line for line in text.split("\r\n") if header_of(line) == "content-length"]
            length = int(lengths[0].partition(":")[2]) if lengths else 0
            return text, self.rfile.read(length)

    with Server(("127.0.0.1", 0), Handler) as server:
        server.tls = tls
        scripted = Scripted(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield scripted
        server.shutdown()
        thread.join()


def answer(status: int, body: bytes | str, *headers: str, kind: str = "application/json") -> bytes:
    """A whole answer."""
    content = body if isinstance(body, bytes) else body.encode()
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {kind}",
        f"Content-Length: {len(content)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content
