"""Accepts connections from the listening socket, and refuses those above the limit."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from seatlatch.domain.refusal import Refusal, Unavailable
from seatlatch.http.connection import Connection
from seatlatch.http.connection_context import ConnectionContext

BACKLOG_CONNECTIONS = 2048

ACCEPTED_CONNECTIONS_MAX = 4
"""The number of connections that a worker accepts before it serves its other connections. The
workers of a server share one socket, so a busy worker leaves connections to idle ones.
"""

REFUSED_CONNECTIONS_MAX = 100
"""Above the limit, this many connections at a time get a response; others are closed."""

LEAVE_SECONDS = 0.1
"""How long a process at its limit leaves connections to others that share its socket."""

RETRY_SECONDS = 0.5
"""How long to wait when a connection cannot be accepted, for lack of descriptors or memory."""


class Acceptor:
    """Accepts at most `max_connections` at a time from `listener`, in the running event loop."""

    def __init__(
        self, listener: socket.socket, context: ConnectionContext, max_connections: int
    ) -> None:
        self._listener = listener
        self._context = context
        self._max_connections = max_connections
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._resume()

    async def close(self) -> None:
        """Accept the waiting connections, and then no more."""
        self._loop.remove_reader(self._listener)
        if self._resuming:
            self._resuming.cancel()
        self._accept_waiting()
        self._listener.close()
        await asyncio.gather(*self._connecting)

    def _accept(self) -> None:
        """Accept some of the waiting connections.

        At the limit they are first left to other processes that share the socket and may be below
        their limit. Connections that still wait after that are refused.
        """
        for _ in range(ACCEPTED_CONNECTIONS_MAX):
            if self._is_full():
                self._pause(LEAVE_SECONDS, self._refuse_waiting)
                return
            try:
                if not self._accept_one():
                    return
            except OSError as error:
                reason = f"A connection cannot be accepted: {error}"
                self._context.log.error("accept", reason=reason)
                self._pause(RETRY_SECONDS, self._resume)
                return

    def _pause(self, seconds: float, resume: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._resuming = self._loop.call_later(seconds, resume)

    def _resume(self) -> None:
        self._loop.add_reader(self._listener, self._accept)

    def _refuse_waiting(self) -> None:
        self._accept_waiting()
        self._resume()

    def _accept_waiting(self) -> None:
        """Accept or refuse all waiting connections, as far as there are descriptors."""
        with suppress(OSError):
            for _ in range(BACKLOG_CONNECTIONS):
                if not self._accept_one():
                    return

    def _is_full(self) -> bool:
        connections = self._context.served_connections + len(self._connecting)
        return connections >= self._max_connections

    def _accept_one(self) -> bool:
        """Accept a connection, to serve or to refuse it. Return whether there was one."""
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        refusal = self._refusal() if self._is_full() else None
        if refusal:
            self._context.metrics.connection_refused()
            if len(self._context.refused_connections) >= REFUSED_CONNECTIONS_MAX:
                client.close()
                return True
        client.setblocking(False)
        task = self._loop.create_task(self._connect(client, refusal))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return True

    def _refusal(self) -> Refusal:
        return Unavailable(
            f"The server has {self._max_connections} connections and accepts no more."
            " Close idle ones, or retry later."
        )

    async def _connect(self, client: socket.socket, refusal: Refusal | None) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: Connection(self._context, refusal), client
            )
        except OSError:  # the client is gone already
            client.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `OSError` if the address is not available."""
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
