"""One request of a connection and its response, between the bytes and the application (ASGI)."""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import Message, Scope

from seatlatch.http.raw_responses import STATUS_LINES
from seatlatch.http.request_head import RequestHead

if TYPE_CHECKING:
    from seatlatch.http.connection import Connection

ABORT = "seatlatch.abort"
"""The ASGI extension by which the application can disconnect a client without a response."""

SLICE_BYTES = 64 * 1024
"""A larger body is written in slices, each after the client has read most of the previous one."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = (b"connection", b"close")
WITHOUT_BODY = (204, 304)


class HttpExchange:
    """A request whose head is complete."""

    def __init__(self, connection: "Connection", head: RequestHead) -> None:
        self.scope: Scope = {
            **head.scope,
            "client": connection.client,
            "server": connection.server,
            "extensions": {ABORT: connection.abort},
        }
        self.keep_alive = head.keep_alive
        self.is_over = False
        self.has_started = False
        self._connection = connection
        self._is_head = self.scope["method"] == "HEAD"
        self._must_continue = head.expects_continue
        self.body_bytes = 0
        """The part of the body that has arrived and that the application has not read."""
        self._pieces: list[bytes] = []
        self._is_complete = False
        self._was_read = False
        self._has_client = True
        self._progress: asyncio.Event | None = None
        self._start: Message | None = None
        self._unsent_bytes: int | None = None

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body."""
        return self._must_continue and not self.body_bytes and not self._is_complete

    def add_body(self, body: bytes) -> None:
        """Add a part of the body."""
        self._pieces.append(body)
        self.body_bytes += len(body)
        self._report_progress()

    def complete(self) -> None:
        """Mark the request as complete."""
        self._is_complete = True
        self._report_progress()

    def lose_client(self) -> None:
        """Handle the loss of the client. A complete request is still served."""
        self._has_client = False
        self._report_progress()

    def _report_progress(self) -> None:
        if self._progress is not None:
            self._progress.set()

    async def receive(self) -> Message:
        """The application's `receive` (ASGI)."""
        while True:
            if self._pieces or (self._is_complete and not self._was_read):
                body = b"".join(self._pieces)
                self._pieces.clear()
                self.body_bytes = 0
                self._was_read = was_all = self._is_complete
                if not was_all:
                    self._connection.read_on()  # this may complete the request
                return {"type": "http.request", "body": body, "more_body": not was_all}
            if not self._has_client:
                return {"type": "http.disconnect"}
            if self.awaits_continue:
                self._must_continue = False
                self._connection.send_continue()
            self._progress = asyncio.Event()
            await self._progress.wait()

    async def send(self, message: Message) -> None:
        """The application's `send` (ASGI)."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        more = message.get("more_body", False)
        body = message.get("body", b"")
        head = b""
        if self._start is not None:
            head = self._head(self._start, len(body), more)
            self._start = None
            self.has_started = True
        if self._is_head:
            body = b""
        elif self._unsent_bytes is not None:
            self._unsent_bytes -= len(body)
        self._connection.write(head + body[:SLICE_BYTES])
        for at in range(SLICE_BYTES, len(body), SLICE_BYTES):
            await self._connection.can_write.wait()
            self._connection.write(body[at : at + SLICE_BYTES])
        if more:
            await self._connection.can_write.wait()
        else:
            self.is_over = self._is_head or not self._unsent_bytes

    def _head(self, start: Message, body_bytes: int, more: bool) -> bytes:
        """The status line and the headers. A body of unknown length ends with the connection."""
        status: int = start["status"]
        headers: list[tuple[bytes, bytes]] = start["headers"]
        if status in WITHOUT_BODY:
            self._unsent_bytes = None
        elif (length := dict(headers).get(b"content-length")) is not None:
            self._unsent_bytes = int(length)
        elif more:
            self.keep_alive = False
        else:
            self._unsent_bytes = body_bytes
            headers = [*headers, (b"content-length", b"%d" % body_bytes)]
        closes = CLOSE in headers
        if closes or self._connection.is_last_response:
            self.keep_alive = False
        if not self.keep_alive and not closes:
            headers = [*headers, CLOSE]
        lines = b"\r\n".join([*map(b": ".join, headers), b""])
        return STATUS_LINES[status] + lines + self._connection.context.date + b"\r\n"
