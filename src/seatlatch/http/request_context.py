"""The facts about one request: for its handler, its response, the log and metrics."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Scope

from seatlatch.domain.journal import Asker
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.http.headers import Headers
from seatlatch.http.request_head import HEADERS, MEMORY, HeadMemory

if TYPE_CHECKING:
    from seatlatch.http.route_spec import RouteSpec

_KEY = "seatlatch.request_context"


class RequestContext:
    """Facts that admission, route and handler collect; the middleware logs them at the end.

    - `body_bytes_max`: the route's limit on the body.
    - `client_address`: personal data. `recorded_address`: the same if the journal keeps it.
    - `input`: the decoded body, None until it was read and its sender was confirmed.
    - `memory`: what was found out about the request's head before.
    - `more_headers`: headers for any response; names in lower case.
    - `outcomes`: the number of tickets by outcome.
    - `reason`: the caller's reason, or the reason why the request was refused.
    - `route`: the route that serves the request; None if there is none.
    - `tokens`: the tickets that the request names, for the log at level debug. Never barcodes,
      which admit anyone who has them.
    """

    application_id: str | None = None
    client_address: str | None = None
    recorded_address: str | None = None
    channel_code: str | None = None
    operator: str | None = None
    route: "RouteSpec[Any] | None" = None
    reason: str | None = None
    tokens: Sequence[str] | None = None
    outcomes: Mapping[Outcome, int] = MappingProxyType({})
    input: Any = None
    more_headers: Sequence[tuple[bytes, bytes]] = ()
    body_was_read = False
    body_bytes_max = 0

    def __init__(self, scope: Scope) -> None:
        self.started = perf_counter()
        self.headers: Headers = scope.get(HEADERS) or Headers(scope["headers"])
        self.memory: HeadMemory = scope.get(MEMORY) or HeadMemory()
        self.request_id = self.headers.valid_request_id or str(uuid4())
        scope[_KEY] = self

    @property
    def age_seconds(self) -> float:
        """The time since the request's head was complete."""
        return perf_counter() - self.started

    @property
    def asker(self) -> Asker:
        """The caller, as far as admission has established it."""
        return Asker(
            self.request_id.lower(),
            self.application_id,
            self.channel_code,
            self.operator,
            self.recorded_address,
        )

    def count_tickets(self) -> tuple[int, int]:
        """The number of tickets that succeeded, and of those that failed."""
        succeeded = failed = 0
        for outcome, tickets in self.outcomes.items():
            if outcome in SUCCESSES:
                succeeded += tickets
            else:
                failed += tickets
        return succeeded, failed

    @staticmethod
    def of(request: Request) -> "RequestContext":
        """The context of a request."""
        return RequestContext.in_scope(request.scope)

    @staticmethod
    def in_scope(scope: Scope) -> "RequestContext":
        """The context in an ASGI scope."""
        context: RequestContext = scope[_KEY]
        return context
