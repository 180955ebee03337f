"""The sandbox's own HTTP calls, `/sandbox`: how it behaves, and to begin anew.

They ask for no credentials: the sandbox listens on this machine alone, and everybody knows its
credentials. What must be kept out is a page of somebody else's in a browser on this machine.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.api.body import encode_json, read_json
from seatlatch.api.exchange import Exchange
from seatlatch.api.gate import check_content
from seatlatch.api.refusals import MalformedRequest
from seatlatch.api.routes import ApiRoute, PublicRoute
from seatlatch.sandbox.behaviour import Behaviour, Conduct

BEHAVIOUR = "/sandbox/behaviour"
RESET = "/sandbox/reset"


class Door:
    """The handlers. `reset` makes all fresh, and returns when that is done."""

    def __init__(self, conduct: Conduct, reset: Callable[[], Awaitable[None]]) -> None:
        self._conduct = conduct
        self._reset = reset

    def routes(self) -> list[ApiRoute]:
        """Where each call is."""
        return [
            PublicRoute(BEHAVIOUR, self.show, methods=["GET"]),
            PublicRoute(BEHAVIOUR, self.put, methods=["PUT"]),
            PublicRoute(BEHAVIOUR, self.delete, methods=["DELETE"]),
            PublicRoute(RESET, self.reset, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """`GET /sandbox/behaviour`: how it behaves now."""
        require_same_origin(request)
        return self._told()

    async def put(self, request: Request) -> Response:
        """`PUT /sandbox/behaviour`: behave so from now on."""
        require_same_origin(request)
        require_json(request)
        self._conduct.set_to(await read_json(request, Exchange.of(request), Behaviour))
        return self._told()

    async def delete(self, request: Request) -> Response:
        """`DELETE /sandbox/behaviour`: nothing goes wrong any more."""
        require_same_origin(request)
        self._conduct.set_back()
        return self._told()

    async def reset(self, request: Request) -> Response:
        """`POST /sandbox/reset`: all as at a fresh start. It needs no body."""
        require_same_origin(request)
        require_json(request)
        await self._reset()
        return self._told()

    def _told(self) -> Response:
        return Response(encode_json(self._conduct.behaviour), media_type="application/json")


def require_same_origin(request: Request) -> None:
    """Raise `MalformedRequest` for a request that a browser sends for another site's page."""
    host = request.headers.get("host", "")
    if request.headers.get("origin", f"http://{host}") != f"http://{host}":
        raise MalformedRequest("The header Origin is of another site, which may not do this.")


def require_json(request: Request) -> None:
    """Raise `MediaTypeUnsupported` for a type that a page of another site may send unasked."""
    check_content(Exchange.of(request).headers)
