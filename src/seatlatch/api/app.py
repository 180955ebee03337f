"""The application made of all routes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from seatlatch.api.client_address import Network
from seatlatch.api.frame import Frame
from seatlatch.api.refusals import RouteUnknown
from seatlatch.api.routes import ApiRoute
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


def make_app(
    routes: Sequence[ApiRoute],
    commits: GroupCommit,
    store: Store,
    metrics: Metrics,
    log: Log,
    background: Sequence[Background],
    trusted_proxies: Sequence[Network] = (),
) -> ASGIApp:
    """The ASGI application of these routes. Commits and `background` run from its start to its
    stop, and with that the store is closed.

    The router stands alone in the frame, without the middleware of a whole Starlette
    application: the frame does what that would do, and each layer costs time in every request.
    For the same reason it is only asked where `Direct` does not know the route.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        commits.start()
        for part in background:
            part.start()
        yield
        for part in background:
            await part.close()
        await commits.close()
        await store.close()

    router = Router(routes, redirect_slashes=False, default=unknown_route, lifespan=lifespan)
    by_endpoint = {route.endpoint: route for route in routes}
    return Frame(
        Direct(routes, router),
        commits=commits,
        log=log,
        metrics=metrics,
        routes=by_endpoint,
        trusted_proxies=trusted_proxies,
    )


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
        """One request, or the lifespan."""
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
