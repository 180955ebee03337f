"""A server with an application that returns the path, and can be delayed or blocked."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from seatlatch.http.acceptor import listen
from seatlatch.http.server import DEFAULT_LIMITS, Application, Server, ServerLimits
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics

LARGE_BYTES = 2 * 1024 * 1024
BUFFER_BYTES = 64 * 1024


def request(path: str, *headers: str, body: bytes = b"", method: str = "GET") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Service:
    """A test application. `hold` delays `/held`, and with `/blocked` the whole event loop, until it
    is set. `begun` and `paths`: the requests that began, and that were completed.
    """

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.paths: list[str] = []
        self.begun: list[str] = []
        self.port = 0
        self.stop: Callable[[], None] = lambda: None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        asked = Request(scope, receive)
        path = asked.url.path
        self.begun.append(path)
        if path.startswith("/held"):
            while not self.hold.is_set():  # noqa: ASYNC110 - it is set in another thread
                await asyncio.sleep(0.01)
        if path == "/blocked":
            self.hold.wait()  # blocks the event loop
        if path.endswith("/body"):
            with suppress(ClientDisconnect):
                await asked.body()
        body = b"x" * LARGE_BYTES if path.endswith("/large") else path.encode()
        await Response(body)(scope, receive, send)
        self.paths.append(path)


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    """A lifespan without background tasks."""
    yield


@contextmanager
def served(
    limits: ServerLimits = DEFAULT_LIMITS, listener: socket.socket | None = None
) -> Iterator[Service]:
    """A server of the service, whose sockets send little at a time."""
    service = Service()
    server = Server(
        Application(service.handle, nothing), make_log("json", "error"), Metrics(), limits
    )
    listener = listener or listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    service.port = listener.getsockname()[1]
    service.stop = server.stop
    thread = threading.Thread(target=server.run, args=(listener,))
    thread.start()
    try:
        yield service
    finally:
        service.hold.set()
        server.stop()
        thread.join(30)
        assert not thread.is_alive()
