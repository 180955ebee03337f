"""The HTTP server around the application: uvicorn, told what we need of it."""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from seatlatch.api.connection import GuardedConnection
from seatlatch.logs import Log
from seatlatch.metrics import Metrics

KEEP_ALIVE_SECONDS = 75
"""Longer than load balancers keep theirs (60), so that it is they who close an idle connection."""

STOP_SECONDS_MAX = 10
"""Accepted requests are answered within this time after SIGTERM."""

BACKLOG_CONNECTIONS = 2048


class Server(uvicorn.Server):
    """uvicorn's server, but a second signal doesn't break off a stop that has begun: it is bounded
    in time as it is. `began` is called in its event loop once it accepts connections.
    """

    def __init__(self, config: uvicorn.Config, began: Callable[[], None]) -> None:
        super().__init__(config)
        self._began = began

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell of it."""
        await super().startup(sockets)
        self._began()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order, and tell of the first signal only."""
        if not self.should_exit:
            super().handle_exit(sig, frame)


def make_server(
    app: ASGIApp,
    log: Log,
    metrics: Metrics,
    began: Callable[[], None] = lambda: None,
    connection: type[GuardedConnection] = GuardedConnection,
) -> Server:
    """A server that is yet to be given its socket: `server.run(sockets=[...])`."""
    config = uvicorn.Config(
        app,
        http=type("Connection", (connection,), {"log": log, "metrics": metrics}),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        workers=1,  # else uvicorn reads WEB_CONCURRENCY, and ends if that is no number
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    return Server(config, began)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `OSError` if the address can't be had."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


def share_address(listener: socket.socket, more: int) -> list[socket.socket]:
    """So many `more` sockets that listen where `listener` does. Each has connections of its own,
    which the system deals out among them. Raises `OSError`.

    That an address can be shared is said only now. Whoever wants it was refused while `listener`
    took it, and `listener` would have been refused if others shared it: two services can't mix.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listeners: list[socket.socket] = []
    try:
        for _ in range(more):
            listeners.append(socket.socket(listener.family))
            listeners[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listeners[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listeners[-1].bind(listener.getsockname())
            listeners[-1].listen(BACKLOG_CONNECTIONS)
    except OSError:
        for taken in listeners:
            taken.close()
        raise
    return listeners


def url_of(listener: socket.socket) -> str:
    """The base URL under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
