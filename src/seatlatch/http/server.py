"""The server: accepts connections, limits their number, and stops in order.

See decision 29.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from email.utils import formatdate
from time import monotonic
from typing import NamedTuple

import uvloop
from starlette.types import ASGIApp

from seatlatch.http.acceptor import Acceptor
from seatlatch.http.connection_context import ConnectionContext
from seatlatch.logs import Log
from seatlatch.metrics import Metrics

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

SECOND_SIGNAL_SECONDS = 0.5
"""A second signal ends the process at once, unless it arrived together with the first."""

ENFORCE_SECONDS = 0.25
"""How often connections are checked against their limits in seconds."""

POLL_SECONDS = 0.01

CANCEL_SECONDS = 1.0
"""Time for cancelled requests to be refused and logged."""


class Application(NamedTuple):
    """The application that a server runs.

    `handle` serves requests. `lifespan` runs the background tasks, and closes them.
    `announce_stop` makes `/readyz` report that the server will stop.
    """

    handle: ASGIApp
    lifespan: Callable[[], AbstractAsyncContextManager[None]]
    announce_stop: Callable[[], None] = lambda: None


class ServerLimits(NamedTuple):
    """See the settings of these names."""

    keep_alive_seconds: float = 75
    max_connections: int = 10_000
    drain_seconds: float = 0
    shutdown_seconds: float = 10


DEFAULT_LIMITS = ServerLimits()


class Server:
    """Serves an application on one listening socket, which several processes may share."""

    def __init__(
        self, app: Application, log: Log, metrics: Metrics, limits: ServerLimits = DEFAULT_LIMITS
    ) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics
        self._limits = limits
        self._stop_requested = threading.Event()
        self._stop_at = 0.0
        self._drains = True
        self._wake: Callable[[], object] = lambda: None

    def run(self, listener: socket.socket, began: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`, or a signal if this is the main thread.

        `began` is called in the event loop when connections are accepted.
        """
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(listener, began))

    def stop(self, *, drain: bool = True) -> None:
        """Stop in order; may be called from any thread, and more than once."""
        self._drains = self._drains and drain
        self._stop_requested.set()
        self._wake()

    def _signalled(self, number: int) -> None:
        now = monotonic()
        if not self._stop_requested.is_set():
            self._stop_at = now
            self.stop()
        elif now - self._stop_at > SECOND_SIGNAL_SECONDS:
            os._exit(128 + number)

    async def _serve(self, listener: socket.socket, began: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(stopping.set)
        limits = self._limits
        context = ConnectionContext(
            self._app.handle, self._log, self._metrics, limits.keep_alive_seconds
        )
        self._metrics.watch_connections(lambda: context.served_connections)
        with self._signals(loop):
            async with self._app.lifespan():
                enforcing = loop.create_task(_enforce_limits(context))
                acceptor = Acceptor(listener, context, limits.max_connections)
                began()
                if self._stop_requested.is_set():
                    stopping.set()
                await stopping.wait()
                self._app.announce_stop()
                await self._drain(stopping)
                context.is_stopping = True
                await acceptor.close()
                await self._close(context)
                enforcing.cancel()
        self._wake = lambda: None

    @contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Stop on signals. An ignored signal stays ignored, such as SIGHUP under nohup."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handled = [one for one in STOPPING_SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        before = {number: signal.getsignal(number) for number in handled}
        for number in handled:
            loop.add_signal_handler(number, self._signalled, number)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    async def _drain(self, woken: asyncio.Event) -> None:
        """Continue to serve for the drain time, unless another `stop` ends it."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._limits.drain_seconds
        while self._drains and (remaining_seconds := ends_at - loop.time()) > 0:
            woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), remaining_seconds)

    async def _close(self, context: ConnectionContext) -> None:
        """Serve the requests that have arrived, within the time limit; then disconnect the rest."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(POLL_SECONDS)  # to read requests that have already arrived
        for connection in tuple(context.connections):
            connection.stop()
        deadline = loop.time() + self._limits.shutdown_seconds
        while (context.connections or context.tasks) and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        context.has_stopped = True
        tasks = tuple(context.tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
        for connection in tuple(context.connections):
            connection.abort()
        await asyncio.sleep(0)


async def _enforce_limits(context: ConnectionContext) -> None:
    """Keep the header Date up to date, and the connections within their limits in seconds."""
    loop = asyncio.get_running_loop()
    while True:
        context.date = f"date: {formatdate(usegmt=True)}\r\n".encode()
        now = loop.time()
        for connection in tuple(context.connections):
            if now < connection.check_at:
                continue
            try:
                connection.enforce_limits(now)
            except Exception:
                context.log.exception("bug", reason="A connection could not be checked.")
                connection.abort()
        await asyncio.sleep(ENFORCE_SECONDS)


def url_of(listener: socket.socket) -> str:
    """The base URL under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
