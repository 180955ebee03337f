"""The application made of all routes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from seatlatch.api.frame import Frame
from seatlatch.api.refusals import RouteUnknown
from seatlatch.commit import GroupCommit
from seatlatch.telemetry import Log, Metrics


def make_app(routes: Sequence[Route], commits: GroupCommit, metrics: Metrics, log: Log) -> ASGIApp:
    """The ASGI application of these routes. Commits run from its start to its stop.

    The router stands alone in the frame, without the middleware of a whole Starlette
    application: the frame does what that would do, and each layer costs time in every request.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        commits.start()
        yield
        await commits.close()

    router = Router(routes, redirect_slashes=False, default=unknown_route, lifespan=lifespan)
    by_endpoint = {route.endpoint: route for route in routes}
    return Frame(router, log=log, metrics=metrics, routes=by_endpoint)


async def unknown_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Where the router sends what it has no route for."""
    raise RouteUnknown("There is nothing at this path. Look whether it is spelt right.")
