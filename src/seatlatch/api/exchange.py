"""One request and its answer, as far as log, metrics and headers need to know of it."""

from collections.abc import Sequence
from time import perf_counter
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Scope

from seatlatch.api.headers import Headers
from seatlatch.domain.journal import Asker, Verb

_KEY = "seatlatch.exchange"


class Exchange:
    """What is learned of a request on its way through; the frame tells it at the end.

    `body_bytes_max` is the limit of the route; `client_address` is personal data.
    `more_headers`, names in lower case, go onto whatever its answer will be. `verb` is what the
    journal is to say that it asked for, None = it asks for nothing that is written down.
    """

    __slots__ = (
        "application_id",
        "body_bytes_max",
        "body_was_read",
        "channel_code",
        "client_address",
        "failed",
        "headers",
        "more_headers",
        "operator",
        "reason",
        "request_id",
        "started",
        "succeeded",
        "verb",
    )

    def __init__(self, scope: Scope) -> None:
        self.started = perf_counter()
        self.headers = Headers(scope["headers"])
        self.request_id = self.headers.valid_request_id or str(uuid4())
        self.more_headers: Sequence[tuple[bytes, bytes]] = ()
        self.application_id: str | None = None
        self.client_address: str | None = None
        self.channel_code: str | None = None
        self.operator: str | None = None
        self.reason: str | None = None
        self.verb: Verb | None = None
        self.succeeded = 0
        self.failed = 0
        self.body_was_read = False
        self.body_bytes_max = 0
        scope[_KEY] = self

    @property
    def age_seconds(self) -> float:
        """How long ago the request's head was whole."""
        return perf_counter() - self.started

    @property
    def asker(self) -> Asker:
        """Who asks, as far as it is known yet."""
        request_id = self.request_id.lower()
        return Asker(request_id, self.application_id, self.channel_code, self.operator)

    @staticmethod
    def of(request: Request) -> "Exchange":
        """The exchange to which `request` belongs."""
        return Exchange.in_scope(request.scope)

    @staticmethod
    def in_scope(scope: Scope) -> "Exchange":
        """The exchange to which an ASGI scope belongs."""
        exchange: Exchange = scope[_KEY]
        return exchange
