"""Keeps the latest requests of `/v1` as they were received, with the responses as they were sent.

It is around the whole application, because only there a response is complete: with the headers that
every response has, and also for a request that no route has accepted.

See decision 179.
"""

import asyncio
import gzip
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seatlatch.channel_api.tickets import LOCK, UNLOCK, VERIFY
from seatlatch.domain.journal import Verb
from seatlatch.http.request_context import RequestContext
from seatlatch.presentation.inspection import (
    Header,
    InspectedBody,
    InspectedRequest,
    InspectedResponse,
)
from seatlatch.sandbox.masking import BODY_BYTES_MAX, Mask

REQUESTS_MAX = 200
BYTES_MAX = 8 * 1024 * 1024
"""The most requests that are kept, and the most bytes of all of them."""

BODY_SECONDS_MAX = 1.0
"""How long a refusal waits for the rest of a body that the application did not read."""

INSPECTED_PATHS = "/v1/"
CALLS = {(spec.method, spec.path): spec.verb_for(None) for spec in (UNLOCK, LOCK, VERIFY)}
"""The calls about tickets, whose bodies have no secrets, with their verbs."""
TICKET_PATHS = frozenset(path for _, path in CALLS)

APPLICATION, CHANNEL, EXPECT = b"pac-application-id", b"pac-channel-code", b"expect"


class Inspector:
    """Keeps the latest requests (`presentation.inspection.RequestInspector`)."""

    def __init__(self) -> None:
        self._requests: dict[int, tuple[InspectedRequest, int]] = {}
        self._bytes = 0
        self._number = 0

    def latest(self) -> Sequence[InspectedRequest]:
        """All that are kept, the newest first."""
        return [self._requests[number][0] for number in sorted(self._requests, reverse=True)]

    def attempts(self, request_id: str) -> Sequence[InspectedRequest]:
        """The requests with a Request-ID, in order of time."""
        return [one for one in reversed(self.latest()) if one.request_id == request_id.lower()]

    def clear(self) -> None:
        """Forget all requests."""
        self._requests.clear()
        self._bytes = 0

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, inspected."""

        async def inspected(scope: Scope, receive: Receive, send: Send) -> None:
            if not _is_inspected(scope):
                await app(scope, receive, send)
                return
            self._number += 1
            exchange = _Exchange(self, self._number, scope, receive, send)
            try:
                await app(scope, exchange.receive, exchange.send)
            finally:
                exchange.end()

        return inspected

    def keep(self, request: InspectedRequest) -> None:
        """Keep a request, and forget the oldest ones for it."""
        size_bytes = _size_bytes(request)
        self._requests[request.number] = (request, size_bytes)
        self._bytes += size_bytes
        while len(self._requests) > REQUESTS_MAX or self._bytes > BYTES_MAX:
            self._bytes -= self._requests.pop(min(self._requests))[1]


class _Exchange:
    """A request that is being served. It is kept before its response is sent, so that a caller who
    has the response finds it.
    """

    def __init__(
        self, inspector: Inspector, number: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._inspector = inspector
        self._number = number
        self._scope = scope
        self._receive = receive
        self._send = send
        self._timestamp, self._started = datetime.now(UTC), perf_counter()
        self._body, self._body_bytes = bytearray(), 0
        self._is_over = self._was_read = False
        self._start: Message | None = None
        self._response_body = b""
        self._is_kept = False

    async def receive(self) -> Message:
        message = await self._receive()
        piece: bytes = message.get("body", b"")
        self._body += piece[: BODY_BYTES_MAX - len(self._body)]
        self._body_bytes += len(piece)
        self._is_over = not message.get("more_body", False)
        self._was_read = self._is_over and message["type"] == "http.request"
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._response_body += message.get("body", b"")
            if not message.get("more_body", False):
                seconds = perf_counter() - self._started
                await self._read_rest()
                self._keep(seconds)
        await self._send(message)

    def end(self) -> None:
        """Keep a request that has got no response."""
        if not self._is_kept:
            self._start = None
            self._keep(perf_counter() - self._started)

    async def _read_rest(self) -> None:
        """Read as much of an unread body as is shown. A caller that waits for 100 Continue is not
        asked for its body.
        """
        if any(name == EXPECT for name, _ in self._scope["headers"]):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(BODY_SECONDS_MAX):
                while not self._is_over and self._body_bytes < BODY_BYTES_MAX:
                    await self.receive()

    def _keep(self, seconds: float) -> None:
        self._is_kept = True
        self._inspector.keep(self._inspected(seconds))

    def _inspected(self, seconds: float) -> InspectedRequest:
        scope, context = self._scope, RequestContext.in_scope(self._scope)
        mask = Mask(_decoded(scope["headers"]))
        response = self._response(mask)
        target = scope["raw_path"] + (
            b"?" + scope["query_string"] if scope["query_string"] else b""
        )
        path = scope["path"]
        verb = CALLS.get((scope["method"], path))
        status = response.status if response else None
        headers = context.headers
        return InspectedRequest(
            self._number,
            self._timestamp,
            context.request_id.lower(),
            scope["method"],
            mask.line(target.decode("latin-1")),
            mask.line(headers.get(APPLICATION).decode("latin-1")) or None,
            mask.line(headers.get(CHANNEL).decode("latin-1")) or None,
            verb,
            mask.request_headers(),
            self._request_body(mask, may_have_secrets=path not in TICKET_PATHS),
            response,
            context.reason,
            round(seconds * 1000),
            _is_recorded(context, verb, status),
        )

    def _request_body(self, mask: Mask, *, may_have_secrets: bool) -> InspectedBody:
        body = mask.body(bytes(self._body), self._body_bytes, may_have_secrets=may_have_secrets)
        if not self._was_read and not body.note:
            return body._replace(note="The rest was not received.")
        return body

    def _response(self, mask: Mask) -> InspectedResponse | None:
        if self._start is None:
            return None
        headers, body = self._start["headers"], self._response_body
        if (b"content-encoding", b"gzip") in headers:
            body = gzip.decompress(body)
        shown = mask.body(body, len(body), may_have_secrets=False)
        return InspectedResponse(
            self._start["status"], mask.response_headers(_decoded(headers)), shown
        )


def _is_inspected(scope: Scope) -> bool:
    """Whether a request is one of the calls of a channel, or was meant to be one."""
    if scope["path"].startswith(INSPECTED_PATHS):
        return True
    return any(name == APPLICATION for name, _ in scope["headers"])


def _is_recorded(context: RequestContext, verb: Verb | None, status: int | None) -> bool:
    """Whether the journal has an entry for a request: the middleware writes no others."""
    if verb is None or context.application_id is None:
        return False
    return bool(context.outcomes) or (status is not None and 400 <= status < 500 and status != 429)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[Header]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _size_bytes(request: InspectedRequest) -> int:
    """The approximate size of a request and its response: the length of all texts."""
    response = request.response
    headers = [*request.headers, *(response.headers if response else ())]
    bodies = [request.body, *([response.body] if response else ())]
    return (
        len(request.target)
        + sum(len(name) + len(value) for name, value in headers)
        + sum(len(body.text) for body in bodies)
    )
