"""The application made of all routes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from seatlatch.group_commit import GroupCommit
from seatlatch.http.client_address import Network
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.router import Router
from seatlatch.http.routes import ApiRoute
from seatlatch.http.server import Application
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.store.interface import Store


class BackgroundTask(Protocol):
    """A task that runs in parallel with the requests."""

    def start(self) -> None:
        """Begin, in the event loop of the application."""

    async def close(self) -> None:
        """Stop, while changes can still be committed."""


class Background(NamedTuple):
    """The background tasks, and the function that announces that the server will stop."""

    tasks: Sequence[BackgroundTask]
    announce_stop: Callable[[], None]


def make_app(
    routes: Sequence[ApiRoute],
    committer: GroupCommit,
    store: Store,
    metrics: Metrics,
    log: Log,
    background: Background,
    trusted_proxies: Sequence[Network] = (),
    *,
    records_addresses: bool = True,
) -> Application:
    """The application of these routes.

    `committer` and `background` run from its start to its stop, which also closes the store. It is
    not a Starlette application: the middleware has the same functions, and each layer would cost
    time in every request.
    """

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        committer.start()
        for task in background.tasks:
            task.start()
        yield
        for task in background.tasks:
            await task.close()
        await committer.close()
        await store.close()

    middleware = RequestMiddleware(
        Router(routes),
        committer=committer,
        log=log,
        metrics=metrics,
        trusted_proxies=trusted_proxies,
        records_addresses=records_addresses,
    )
    return Application(middleware, lifespan, background.announce_stop)
