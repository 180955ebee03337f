"""The sandbox's own HTTP calls, `/sandbox`: set the faults, and reset everything.

They need no credentials: the sandbox listens on this machine alone, and its credentials are public.
The only caller to refuse is a page of another site, in a browser on this machine.

See decision 114.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from seatlatch.http.body import SMALL_BODY_BYTES_MAX, JsonBody, json_response
from seatlatch.http.negotiation import check_content, is_json
from seatlatch.http.refusals import MalformedRequest
from seatlatch.http.request_context import RequestContext
from seatlatch.http.routes import ApiRoute, public_route
from seatlatch.sandbox.fault_settings import FaultPlan, FaultSettings

BEHAVIOUR = "/sandbox/behaviour"
RESET = "/sandbox/reset"
BODY = JsonBody(FaultSettings, SMALL_BODY_BYTES_MAX)


class ControlApi:
    """The handlers. `reset` restores the state of a new sandbox, and returns when it is done."""

    def __init__(self, plan: FaultPlan, reset: Callable[[], Awaitable[None]]) -> None:
        self._plan = plan
        self._reset = reset

    def routes(self) -> list[ApiRoute]:
        """The routes of all calls."""
        return [
            public_route(BEHAVIOUR, self.show),
            public_route(BEHAVIOUR, self.put, "PUT"),
            public_route(BEHAVIOUR, self.delete, "DELETE"),
            public_route(RESET, self.reset, "POST"),
        ]

    async def show(self, request: Request) -> Response:
        """`GET /sandbox/behaviour`: the current fault settings."""
        require_same_origin(request)
        return self._current_settings()

    async def put(self, request: Request) -> Response:
        """`PUT /sandbox/behaviour`: replace the fault settings."""
        require_same_origin(request)
        require_json(request)
        self._plan.apply(await BODY.read(request, RequestContext.of(request)))
        return self._current_settings()

    async def delete(self, request: Request) -> Response:
        """`DELETE /sandbox/behaviour`: stop all faults."""
        require_same_origin(request)
        self._plan.clear()
        return self._current_settings()

    async def reset(self, request: Request) -> Response:
        """`POST /sandbox/reset`: restore the state of a new sandbox. It needs no body."""
        require_same_origin(request)
        require_json(request)
        await self._reset()
        return self._current_settings()

    def _current_settings(self) -> Response:
        return json_response(self._plan.settings)


def require_same_origin(request: Request) -> None:
    """Raise `MalformedRequest` for a request that a browser sends for another site's page."""
    host = request.headers.get("host", "")
    if request.headers.get("origin", f"http://{host}") != f"http://{host}":
        raise MalformedRequest("The header Origin names another site. Other sites are not allowed.")


def require_json(request: Request) -> None:
    """Raise `MediaTypeUnsupported` for a type that another site's page can send without CORS."""
    check_content(RequestContext.of(request).headers, is_json, "application/json")
