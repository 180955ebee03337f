"""The state that all connections of a server share."""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from seatlatch.http.known_heads import SharedHeads
from seatlatch.http.raw_responses import RefusedRequest
from seatlatch.logs import Log
from seatlatch.metrics import Metrics

if TYPE_CHECKING:
    from seatlatch.http.connection import Connection
    from seatlatch.http.http_exchange import HttpExchange

READ_BYTES = 16 * 1024
"""The maximum that is read at once, and so the maximum kept unparsed for a connection."""


class ConnectionContext:
    """The application, its log and metrics, and the state of the server.

    `is_stopping`: connections close after the requests that have begun. `has_stopped`: no further
    request is served.

    `date` is the header Date as a line, kept up to date. Every connection reads into `read_buffer`,
    and parses or copies the data before the next one reads.
    """

    def __init__(self, app: ASGIApp, log: Log, metrics: Metrics, keep_alive_seconds: float) -> None:
        self.app = app
        self.log = log
        self.metrics = metrics
        self.keep_alive_seconds = keep_alive_seconds
        self.connections: set[Connection] = set()
        self.refused_connections: set[Connection] = set()
        self.tasks: dict[HttpExchange, asyncio.Task[None]] = {}
        self.is_stopping = False
        self.has_stopped = False
        self.date = b""
        self.shared_heads: SharedHeads = SharedHeads()
        self.read_buffer = memoryview(bytearray(READ_BYTES))

    @property
    def served_connections(self) -> int:
        """The number of open connections, without those that are being refused."""
        return len(self.connections) - len(self.refused_connections)

    def add(self, connection: "Connection", *, is_refused: bool) -> None:
        """Add an open connection."""
        self.connections.add(connection)
        if is_refused:
            self.refused_connections.add(connection)

    def discard(self, connection: "Connection") -> None:
        """Remove a closed connection."""
        self.connections.discard(connection)
        self.refused_connections.discard(connection)

    def report_refusal(self, refused: RefusedRequest) -> None:
        """Count and log a request that the server refused without the application."""
        self.metrics.request_answered("unknown", refused.status, 0.0)
        self.log.error(
            "request",
            requestId=refused.request_id,
            route="unknown",
            status=refused.status,
            reason=refused.message,
        )
