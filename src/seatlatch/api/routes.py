"""Routes: each declares how many bytes its request body may have."""

from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from seatlatch.api.exchange import Exchange
from seatlatch.api.refusals import BodyTooLarge

TICKETS_BODY_BYTES_MAX = 1024 * 1024
"""For a request that lists tickets by token."""

RECORDS_BODY_BYTES_MAX = 16 * 1024 * 1024
"""For ticket records: 10,000 of them with every field at its maximum length are about 15 MB."""

SMALL_BODY_BYTES_MAX = 8 * 1024
"""For every other request: the token call, and routes that ignore their body."""

Endpoint = Callable[[Request], Awaitable[Response]]


class ApiRoute(Route):
    """A route with a limit on its request body.

    The limit applies after the credentials were checked, because the contract orders the checks
    so. A public route has no credentials to check and applies it at once.
    """

    body_bytes_max = SMALL_BODY_BYTES_MAX
    is_public = False

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        methods: Collection[str] | None = None,
        body_bytes_max: int = SMALL_BODY_BYTES_MAX,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.body_bytes_max = body_bytes_max

    def select(self, scope: Scope) -> None:
        """Record that this route serves the request. Raises `BodyTooLarge`."""
        exchange = Exchange.in_scope(scope)
        exchange.body_bytes_max = self.body_bytes_max
        if self.is_public:
            check_announced_size(exchange)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that the router matched."""
        self.select(scope)
        await super().handle(scope, receive, send)

    def with_endpoint(self, endpoint: Endpoint) -> "ApiRoute":
        """The same route with another endpoint."""
        methods = self.methods
        return type(self)(self.path, endpoint, methods=methods, body_bytes_max=self.body_bytes_max)


class PublicRoute(ApiRoute):
    """A route that asks for no credentials."""

    is_public = True


def check_announced_size(exchange: Exchange) -> None:
    """Raise `BodyTooLarge` if Content-Length is over the route's limit."""
    bytes_max = exchange.body_bytes_max
    announced = exchange.headers.get(b"content-length").lstrip(b"0")
    if len(announced) > len(str(bytes_max)) or int(announced or b"0") > bytes_max:
        raise too_large(bytes_max)


def too_large(bytes_max: int) -> BodyTooLarge:
    """The refusal of a body over the limit."""
    return BodyTooLarge(f"The body is over {bytes_max} bytes. Send less at a time.")
