"""Routes and the router: from a request to its handler, through admission and decoding of its
input.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from seatlatch.http.body import check_announced_size
from seatlatch.http.negotiation import check_accept, check_content
from seatlatch.http.query import read_query
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.request_context import RequestContext
from seatlatch.http.route_spec import PUBLIC, Input, PathValue, RouteSpec

Endpoint = Callable[[Request], Awaitable[Response]]
Caller = TypeVar("Caller")


class Admission(Protocol[Caller]):
    """Decides which callers may use a route."""

    async def admit(self, context: RequestContext, route: RouteSpec[Any]) -> Caller:
        """The caller, also noted in `context`. Checks the headers' presence and form, the
        credentials and the rate. Raises a `Refusal`.
        """

    async def confirm(
        self, context: RequestContext, route: RouteSpec[Any], caller: Caller
    ) -> Caller:
        """The caller with its current rights, after its body has arrived, which may take long.

        Raises a `Refusal` if it has lost its access in the meantime.
        """


class Call(NamedTuple, Generic[Caller, Input]):
    """An admitted request with its input. `path_value`, `parent`: empty if the route has none."""

    context: RequestContext
    caller: Caller
    input: Input
    path_value: str = ""
    parent: str = ""


class ApiRoute(Route):
    """A route with its declaration.

    The limit on the body applies after the credentials were checked, which is the order of
    checks in the contract. A public route has no credentials to check and applies it at once.
    """

    def __init__(self, spec: RouteSpec[Any], endpoint: Endpoint) -> None:
        super().__init__(spec.path, endpoint, methods=[spec.method])
        self.spec = spec
        self._body_bytes_max = spec.body_bytes_max
        self._matches_raw_path = any(value.is_raw for value in spec.path_values)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the router should select this route.

        Starlette matches the path after percent-decoding, where slashes and line ends in a token
        would count as parts of the path, and two tokens that are not UTF-8 would look the same.
        """
        if self._matches_raw_path:
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        return super().matches(scope)

    def select(self, scope: Scope) -> None:
        """Record that this route serves the request. Raises `BodyTooLarge`."""
        context = RequestContext.in_scope(scope)
        context.body_bytes_max = self._body_bytes_max
        if self.spec.access is PUBLIC:
            check_announced_size(context)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that Starlette's router matched."""
        self.select(scope)
        await super().handle(scope, receive, send)

    def with_endpoint(self, endpoint: Endpoint) -> "ApiRoute":
        """The same route with another endpoint."""
        return ApiRoute(self.spec, endpoint)


def public_route(path: str, endpoint: Endpoint, method: str = "GET") -> ApiRoute:
    """A route that requires no credentials and reads its request itself."""
    return ApiRoute(RouteSpec(method, path, PUBLIC), endpoint)


def moved(to: str) -> Endpoint:
    """Redirects to a path relative to the route's own, so that it works below any path."""

    async def redirect(request: Request) -> Response:
        return Response(status_code=307, headers={"Location": to})

    return redirect


def api_route(
    spec: RouteSpec[Input],
    admission: Admission[Caller],
    handler: Callable[[Call[Caller, Input]], Awaitable[Response]],
) -> ApiRoute:
    """A route that admits callers, reads its input, and passes both to `handler`.

    The order of these steps is part of the contract: a request with two faults gets the error of
    the first.
    """
    body, query = spec.body, spec.query

    async def endpoint(request: Request) -> Response:
        context = RequestContext.of(request)
        caller = await admission.admit(context, spec)
        check_accept(context.headers)
        if body is None:
            check_announced_size(context)
        else:
            check_content(context.headers, body.accepts, body.media_types)
        parent = _read(spec.parent, request)
        path_value = _read(spec.path_value, request)
        received: Any = None
        if body is not None:
            received = await body.read(request, context)
            caller = await admission.confirm(context, spec, caller)
            context.input = received
        elif query is not None:
            received = read_query(request.scope["query_string"], query)
        return await handler(Call(context, caller, received, path_value, parent))

    return ApiRoute(spec, endpoint)


def _read(value: PathValue | None, request: Request) -> str:
    return value.read(request.path_params[value.name]) if value else ""


class FastRouter:
    """Passes a request directly to the route of its path and method.

    Starlette's router would try one pattern after the other, and wrap the endpoint in error
    handlers that the middleware makes unnecessary. It only serves paths with parameters.
    """

    def __init__(self, routes: Sequence[ApiRoute]) -> None:
        self._router = Router(routes, redirect_slashes=False, default=_refuse_unknown_route)
        self._routes: dict[tuple[Any, Any], ApiRoute] = {
            (method, route.path): route
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self._routes.get((scope.get("method"), scope.get("path")))
        if route is None:
            await self._router(scope, receive, send)
            return
        scope["endpoint"] = route.endpoint
        route.select(scope)
        response = await route.endpoint(Request(scope, receive))
        await response(scope, receive, send)


async def _refuse_unknown_route(scope: Scope, receive: Receive, send: Send) -> None:
    raise unknown_path()


def unknown_path() -> RouteUnknown:
    """The refusal of a path at which there is nothing."""
    return RouteUnknown("There is nothing at this path. Check its spelling.")
