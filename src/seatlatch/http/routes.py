"""Routes: from a request to its handler, through admission and decoding of its input."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from seatlatch.http.body import check_announced_size
from seatlatch.http.negotiation import check_accept, check_content
from seatlatch.http.query import read_query
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
        self._is_public = spec.access is PUBLIC
        self._matches_raw_path = any(value.is_raw for value in spec.path_values)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the router should select this route.

        Starlette matches the path after percent-decoding, where slashes and line ends in a token
        would count as parts of the path, and two tokens that are not UTF-8 would look the same.
        """
        if self._matches_raw_path:
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        return super().matches(scope)

    def select(self, context: RequestContext) -> None:
        """Record that this route serves the request. Raises `BodyTooLarge`."""
        context.route = self.spec
        context.body_bytes_max = self._body_bytes_max
        if self._is_public:
            check_announced_size(context)

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
        if not context.memory.is_negotiated:
            check_accept(context.headers)
            if body is not None:
                check_content(context.headers, body.accepts, body.media_types)
            context.memory.is_negotiated = True
        if body is None:
            check_announced_size(context)
        parent = _read(spec.parent, request) if spec.parent else ""
        path_value = _read(spec.path_value, request) if spec.path_value else ""
        received: Any = None
        if body is not None:
            received = await body.read(request, context)
            caller = await admission.confirm(context, spec, caller)
            context.input = received
        elif query is not None:
            received = read_query(request.scope["query_string"], query)
        return await handler(Call(context, caller, received, path_value, parent))

    return ApiRoute(spec, endpoint)


def _read(value: PathValue, request: Request) -> str:
    return value.read(request.path_params[value.name])
