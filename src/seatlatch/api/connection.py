"""One connection: bounds on what a client may send and how slowly, and answers in our own form.

uvicorn parses; what it leaves open is closed here: a head without end, a request that stops
half-way, a body that nobody wants, an end that cuts off an answer, and its own plain-text error.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from seatlatch.api.headers import Headers
from seatlatch.api.problems import error_json, problem_of
from seatlatch.api.refusals import HeadTooLarge, MalformedRequest, RequestTooSlow
from seatlatch.domain.refusal import Refusal
from seatlatch.logs import Log
from seatlatch.metrics import Metrics

HEAD_BYTES_MAX = 64 * 1024
"""A longer head is refused."""

READ_BYTES_MAX = 256 * 1024
"""The event loop hands over so much at once. Where in it a head begins is not known, so a head
without end is given up when so much more than `HEAD_BYTES_MAX` came."""

UNWANTED_BODY_BYTES_MAX = 16 * 1024 * 1024
"""After an early answer so much of the body is read and dropped, so that the client gets to read
the answer; then the connection is closed."""

STALL_SECONDS = 4.0
"""A request of which nothing came for so long is given up."""

REQUEST_SECONDS_MAX = 30.0
"""A request must be whole within this time, however steadily it trickles."""


class _Outgoing(asyncio.Transport):
    """Sends what is written in one turn of the loop at once: an answer's head and body together.

    A send over TCP is among the dearest things that a request needs. `end` is called, after all
    was sent, to close the connection.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        end: Callable[[], None],
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._end = end
        self._ending = False
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(bytes(data))

    def _send(self) -> None:
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()

    def close(self) -> None:
        self._send()
        self._ending = True
        self._end()

    def is_closing(self) -> bool:
        return self._ending or self._transport.is_closing()


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection with bounds. `log` and `metrics` are set on a subclass of it."""

    log: Log
    metrics: Metrics

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._in_request = False
        self._segment_bytes = 0
        self._head_bytes = 0
        self._unwanted_bytes = 0
        self._received_at = 0.0
        self._patience: asyncio.TimerHandle | None = None
        self._no_more_requests = False
        self._lingers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that never speaks is let go like one that stopped speaking."""
        super().connection_made(transport)
        self._socket = transport
        self.transport = _Outgoing(transport, self.loop, self._end)
        self._wait_for_a_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._in_request = False
        self._end_patience()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has said all it wants to say still gets its answers."""
        self._in_request = False
        self._end_patience()
        self._no_more_requests = True
        return self._is_working()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, but not on behalf of a connection that was given up."""
        self._received_at = self.loop.time()
        if self._no_more_requests or self.transport.is_closing():
            self._drop(len(data))
            return
        self._unset_keepalive_if_required()
        self._segment_bytes = len(data)
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            told = error.__context__
            malformed = MalformedRequest("This is not a valid HTTP/1.1 request.")
            self._give_up(told if isinstance(told, Refusal) else malformed)
            return
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX + READ_BYTES_MAX:
            self._give_up(head_too_large())
        elif self._in_request:
            self._begin_patience()
        else:
            self._end_patience()
            if self._is_idle():
                self._wait_for_a_request()

    def _parse(self, data: bytes) -> None:
        """No upgrade is on offer: a request for one is answered as plain HTTP/1.1.

        The parser takes such a request's body for another protocol. So it is given its head once
        more, without the header that asks for the upgrade.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = self._in_request = True
        self._head_bytes = self._segment_bytes
        self._unwanted_bytes = 0

    def on_headers_complete(self) -> None:
        """Its head is whole. It is measured only if it can be too large."""
        if self._head_bytes > HEAD_BYTES_MAX:
            lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if len(self.url) + lines > HEAD_BYTES_MAX:
                raise head_too_large()
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise MalformedRequest("This server is no proxy.")
            return
        super().on_headers_complete()
        self._in_head = False
        self.headers = []  # trailers are no headers: what comes now is kept apart and unused

    def on_body(self, body: bytes) -> None:
        """Some of its body came."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._drop(len(body))

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self.parser.should_upgrade():
            return
        self._in_request = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It was answered. After the last whole request of a client that was given up, close."""
        if self._no_more_requests:
            if self.pipeline and self.pipeline[0][0].more_body:
                self.pipeline.popleft()
            if not self.pipeline:
                self.transport.close()
        super().on_response_complete()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _is_working(self) -> bool:
        """Whether a whole request is still to be answered."""
        return bool(self.pipeline) or not (self._is_idle() or self.cycle.more_body)

    def _wait_for_a_request(self) -> None:
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _begin_patience(self) -> None:
        if self._patience is None:
            since = self.loop.time()
            self._patience = self.loop.call_later(STALL_SECONDS, self._look_for_progress, since)

    def _look_for_progress(self, since: float) -> None:
        now = self.loop.time()
        silent_seconds = 0.0 if self.flow.read_paused else now - self._received_at
        if silent_seconds >= STALL_SECONDS or now - since > REQUEST_SECONDS_MAX:
            self._give_up(RequestTooSlow("The request stopped coming before it was whole."))
            return
        self._patience = self.loop.call_later(
            STALL_SECONDS - silent_seconds, self._look_for_progress, since
        )

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _drop(self, unwanted_bytes: int) -> None:
        """Too much of what nobody wants ends the connection."""
        self._unwanted_bytes += unwanted_bytes
        if self._unwanted_bytes > UNWANTED_BODY_BYTES_MAX:
            self._socket.close()

    def _end(self) -> None:
        """Close. But while the client still sends, a close would take the answer away from it
        (RFC 9112, 9.6): then only our side is closed, and the rest of the request is dropped.
        """
        if self._lingers or not self._in_request or self._socket.is_closing():
            self._socket.close()
            return
        self._lingers = True
        self._socket.write_eof()
        self.flow.resume_reading()
        self._begin_patience()

    def _give_up(self, refusal: Refusal) -> None:
        """Answer what can't be answered otherwise, and close.

        Requests before it that are whole and being worked are answered first, alone: ours would
        otherwise be taken for their answer. One that was answered already gets no second answer.
        """
        self._end_patience()
        if self._is_working():
            self._no_more_requests = True
            return
        if not self.transport.is_closing() and not self._was_answered_early():
            self._answer(refusal)
        self._in_request = True  # or what is left of it
        self.transport.close()

    def _was_answered_early(self) -> bool:
        """The request that is still coming in was answered already, by its head alone."""
        return self._in_request and not self._in_head and self._is_idle()

    def _answer(self, refusal: Refusal) -> None:
        problem = problem_of(refusal)
        body = error_json(problem, refusal.message)
        headers = Headers(self.scope["headers"] if self._in_request else ())
        request_id = headers.valid_request_id or str(uuid4())
        head = (
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"request-id: {request_id}\r\nvary: Accept-Encoding\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + body)
        self.metrics.request_answered("unknown", problem.status, 0.0)
        self.log.error(
            "request",
            requestId=request_id,
            route="unknown",
            status=problem.status,
            reason=refusal.message,
        )


def head_too_large() -> HeadTooLarge:
    """The refusal of a head over the limit."""
    return HeadTooLarge(f"The request's head is over {HEAD_BYTES_MAX} bytes.")
