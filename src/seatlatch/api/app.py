"""The application made of all routes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

from starlette.requests import Request
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from seatlatch.api.client_address import Network
from seatlatch.api.frame import Frame
from seatlatch.api.refusals import RouteUnknown
from seatlatch.api.routes import ApiRoute
from seatlatch.api.server import Application
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import Log
from seatlatch.metrics import Metrics
from seatlatch.store.interface import Store


class Background(Protocol):
    """What goes on beside the requests."""

    def start(self) -> None:
        """Begin, in the event loop of the application."""

    async def close(self) -> None:
        """Stop, while changes can still be committed."""


class Beside(NamedTuple):
    """What runs beside the requests, and what reports that the server will stop."""

    background: Sequence[Background]
    announce_stop: Callable[[], None]


def make_app(
    routes: Sequence[ApiRoute],
    commits: GroupCommit,
    store: Store,
    metrics: Metrics,
    log: Log,
    beside: Beside,
    trusted_proxies: Sequence[Network] = (),
) -> Application:
    """The application of these routes. Commits and what is `beside` run from its start to its
    stop, and with that the store is closed.

    The router stands alone in the frame, without the middleware of a whole Starlette
    application: the frame does what that would do, and each layer costs time in every request.
    For the same reason it is only asked where `Direct` does not know the route.
    """

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        commits.start()
        for part in beside.background:
            part.start()
        yield
        for part in beside.background:
            await part.close()
        await commits.close()
        await store.close()

    router = Router(routes, redirect_slashes=False, default=unknown_route)
    by_endpoint = {route.endpoint: route for route in routes}
    frame = Frame(
        Direct(routes, router),
        commits=commits,
        log=log,
        metrics=metrics,
        routes=by_endpoint,
        trusted_proxies=trusted_proxies,
    )
    return Application(frame, lifespan, beside.announce_stop)


class Direct:
    """Sends a request straight to its endpoint where path and method say which one that is.

    The router would try one route's pattern after the other, and wrap the endpoint in handlers of
    errors which the frame handles anyway.
    """

    def __init__(self, routes: Sequence[ApiRoute], router: Router) -> None:
        self._router = router
        self._routes: dict[tuple[Any, Any], ApiRoute] = {
            (method, route.path): route
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        route = self._routes.get((scope.get("method"), scope.get("path")))
        if route is None:
            await self._router(scope, receive, send)
            return
        scope["endpoint"] = route.endpoint
        route.select(scope)
        response = await route.endpoint(Request(scope, receive))
        await response(scope, receive, send)


async def unknown_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Where the router sends what it has no route for."""
    raise RouteUnknown("There is nothing at this path. Look whether it is spelt right.")
