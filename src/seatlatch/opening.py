"""Serves while the database cannot be used yet: responds 503 and keeps trying to open it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from seatlatch.channel_api.token import EXCHANGE
from seatlatch.commit import Change, Result
from seatlatch.domain.refusal import Unavailable
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.probes import ALIVE
from seatlatch.http.router import Router
from seatlatch.http.routes import ApiRoute, public_route
from seatlatch.http.server import Application
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.store.interface import DatabaseProblem, Store

RETRY_SECONDS = 1.0
"""Time between two attempts to open the database."""

CANNOT_BE_USED = "The database cannot be used now. The server's log says why."

FIRST_SECONDS = 5.0
"""How long the first attempt may take before the server begins to listen."""

REPORT_SECONDS = 10.0
"""How often the log repeats why the database cannot be used."""

Value = TypeVar("Value")


class NoDatabase:
    """A `commit.Committer` that refuses every change."""

    async def submit(self, change: Change[Result]) -> Result:
        """Raises `Unavailable`."""
        raise Unavailable("There is no database.")


class Opening:
    """Serves 503 until `open_store` succeeds, and from then on the application of `build_app`.

    `open_store` may block. It raises while the database cannot be used.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        build_app: Callable[[Store], Application],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._open_store = open_store
        self._build_app = build_app
        self._log = log
        self._metrics = metrics
        self._reported_at: float | None = None
        self._is_stopping = False
        self._app: Application | None = None
        routes = [
            public_route("/livez", self._livez),
            public_route("/metrics", self._expose),
            ApiRoute(EXCHANGE, self._refuse),
        ]
        self._without_database = RequestMiddleware(
            Router(routes, lambda: Unavailable(CANNOT_BE_USED)),
            committer=NoDatabase(),
            log=log,
            metrics=metrics,
        )

    def application(self) -> Application:
        """The application to serve."""
        return Application(self._handle, self._lifespan, self._announce_stop)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        handle = self._app.handle if self._app else self._without_database
        await handle(scope, receive, send)

    async def _livez(self, request: Request) -> Response:
        return Response(ALIVE, media_type="application/json")

    async def _expose(self, request: Request) -> Response:
        return Response(self._metrics.exposed(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _refuse(self, request: Request) -> Response:
        raise Unavailable(CANNOT_BE_USED)

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        """Wait a while for the first attempt, because most databases can be used at once."""
        self._metrics.watch_database(lambda: 1, lambda: 0)
        async with AsyncExitStack() as stack:
            tried = asyncio.Event()
            opening = asyncio.create_task(self._open(stack, tried), name="opening")
            with suppress(TimeoutError):
                await asyncio.wait_for(tried.wait(), FIRST_SECONDS)
            try:
                yield
            finally:
                opening.cancel()
                with suppress(asyncio.CancelledError):
                    await opening

    async def _open(self, stack: AsyncExitStack, tried: asyncio.Event) -> None:
        while True:
            try:
                store = await in_daemon_thread(self._open_store)
                await self._use(store, stack)
                break
            except Exception as problem:
                self._report(problem)
            finally:
                tried.set()
            await asyncio.sleep(RETRY_SECONDS)
        if self._reported_at is not None:
            self._log.info("database", opened=True, reason=None)

    async def _use(self, store: Store, stack: AsyncExitStack) -> None:
        try:
            app = self._build_app(store)
            await stack.enter_async_context(app.lifespan())
        except Exception:
            await store.close()
            raise
        if self._is_stopping:
            app.announce_stop()
        self._app = app

    def _report(self, problem: Exception) -> None:
        """Log why the database cannot be used, at once and then every 10 seconds."""
        now = monotonic()
        if self._reported_at is None or now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            is_known = isinstance(problem, DatabaseProblem)
            report = self._log.error if is_known else self._log.exception
            report("database", opened=False, reason=str(problem))

    def _announce_stop(self) -> None:
        self._is_stopping = True
        if self._app:
            self._app.announce_stop()


def in_daemon_thread(work: Callable[[], Value]) -> "asyncio.Future[Value]":
    """Run `work` in a thread and return its result.

    Unlike `asyncio.to_thread`, the thread does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value] = loop.create_future()

    def run() -> None:
        try:
            value = work()
        except Exception as error:
            settle(future.set_exception, error)
        else:
            settle(future.set_result, value)

    def settle(setter: Callable[[Any], None], outcome: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nothing waits for the result
            loop.call_soon_threadsafe(lambda: None if future.done() else setter(outcome))

    Thread(target=run, daemon=True).start()
    return future
