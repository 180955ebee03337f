"""One connection: bounds on what a client may send and how slowly, and answers in our own form.

uvicorn parses; what it leaves open is closed here: a head without end, a request that stops
half-way, a body that nobody wants, and its own plain-text error.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from seatlatch.api.problems import error_json, problem_of
from seatlatch.api.refusals import HeadTooLarge, MalformedRequest, RequestTooSlow
from seatlatch.domain.refusal import Refusal
from seatlatch.telemetry import Log, Metrics

HEAD_BYTES_MAX = 64 * 1024
"""A head that is still not whole after so many bytes is given up."""

UNWANTED_BODY_BYTES_MAX = 16 * 1024 * 1024
"""After an early answer so much of the body is read and dropped, so that the client gets to read
the answer; then the connection is closed."""

STALL_SECONDS = 4.0
"""A request of which nothing came for so long is given up."""

REQUEST_SECONDS_MAX = 30.0
"""A request must be whole within this time, however steadily it trickles."""


class _Gathered(asyncio.Transport):
    """Sends what is written in one turn of the loop at once: an answer's head and body together.

    A send over TCP costs more than all that this service does for a request beside it.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
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
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection with bounds. `log` and `metrics` are set on a subclass of it."""

    log: Log
    metrics: Metrics

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._in_request = False
        self._head_bytes = 0
        self._unwanted_bytes = 0
        self._received_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that never speaks is let go like one that stopped speaking."""
        super().connection_made(transport)
        self._outgoing = _Gathered(transport, self.loop)
        self._wait_for_a_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._end_patience()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, but not on behalf of a connection that was given up."""
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._received_bytes += len(data)
        try:
            # No upgrade is on offer: such a request is answered as plain HTTP/1.1.
            with suppress(httptools.HttpParserUpgrade):
                self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._give_up(MalformedRequest("This is not a valid HTTP/1.1 request."))
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._give_up(HeadTooLarge(f"The request's head is over {HEAD_BYTES_MAX} bytes."))
                return
        if self._in_request:
            self._begin_patience()
        else:
            self._end_patience()
            if self._is_idle():
                self._wait_for_a_request()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = self._in_request = True
        self._head_bytes = self._unwanted_bytes = 0

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        super().on_headers_complete()
        self.cycle.transport = self._outgoing
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        """Some of its body came; too much of a body that nobody wants ends the connection."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > UNWANTED_BODY_BYTES_MAX:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_request = False
        super().on_message_complete()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_a_request(self) -> None:
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _begin_patience(self) -> None:
        if self._patience is None:
            self._be_patient(self.loop.time())

    def _be_patient(self, since: float) -> None:
        self._patience = self.loop.call_later(
            STALL_SECONDS, self._look_for_progress, since, self._received_bytes
        )

    def _look_for_progress(self, since: float, received_bytes: int) -> None:
        held_back_by_us = self.flow.read_paused
        stalled = self._received_bytes == received_bytes and not held_back_by_us
        if stalled or self.loop.time() - since > REQUEST_SECONDS_MAX:
            self._give_up(RequestTooSlow("The request stopped coming before it was whole."))
        else:
            self._be_patient(since)

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self, refusal: Refusal) -> None:
        """Answer what can't be answered otherwise, and close.

        A request before it that is whole and being worked is answered first, alone: ours would
        otherwise be taken for its answer. One that was answered already gets no second answer.
        """
        self._end_patience()
        if not self._is_idle() and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if not (self._in_request and self.cycle is not None and self._early_answered()):
            self._answer(refusal)
        self.transport.close()

    def _early_answered(self) -> bool:
        """The request that is still coming in was answered already, by its head alone."""
        return not self._in_head and self.cycle.response_complete

    def _answer(self, refusal: Refusal) -> None:
        problem = problem_of(refusal)
        body = error_json(problem, refusal.message)
        request_id = str(uuid4())
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
