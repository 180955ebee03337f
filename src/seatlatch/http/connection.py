"""One HTTP/1.1 connection, with limits on what a client sends, and how slowly it sends or reads.

Requests are served one after another, in their order. While one is served, little is read ahead:
what a client sends stays in its own buffers, so the memory for one connection is bounded.
"""

import asyncio

from seatlatch.domain.refusal import Refusal
from seatlatch.http.connection_context import READ_BYTES, ConnectionContext
from seatlatch.http.connection_state import Exchanges, State
from seatlatch.http.connection_times import ConnectionTimes
from seatlatch.http.http_exchange import CONTINUE, HttpExchange
from seatlatch.http.known_heads import KnownHeads
from seatlatch.http.raw_responses import RefusedRequest
from seatlatch.http.refusals import RequestTooSlow
from seatlatch.http.request_parser import RequestParser

IDLE_CHECK_SECONDS = 1.0
"""How often an idle connection is checked. There may be thousands."""

UNWANTED_BODY_BYTES_MAX = 16 * 1024 * 1024
"""After an early response, this much of the body is read and dropped so that the client can read
the response. Then the connection is closed."""


class Connection(asyncio.BufferedProtocol):
    """The server's side of one connection.

    `refusal`: send this at once, and close. `check_at`: when its limits are checked next.
    """

    def __init__(self, context: ConnectionContext, refusal: Refusal | None = None) -> None:
        self.context = context
        self.loop = asyncio.get_running_loop()
        self.check_at = 0.0
        self._refused_at_once = refusal
        self._refusal: RefusedRequest | None = None
        self._parser = RequestParser(self, KnownHeads(context.shared_heads))
        self._state = State.OPEN
        self._exchanges = Exchanges()
        self._unparsed = b""
        self._unwanted_bytes = 0
        self._is_parsing = False
        self._is_reading = True
        self.can_write = asyncio.Event()
        self.can_write.set()
        self._times = ConnectionTimes(self.loop.time())

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection."""
        self._transport = transport
        # If the client has already reset the connection, it no longer has an address.
        self.client = (transport.get_extra_info("peername") or ())[:2] or None
        self.server = transport.get_extra_info("sockname")[:2]
        self.context.add(self, is_refused=self._refused_at_once is not None)
        if self._refused_at_once is not None:
            self._give_up(self._refused_at_once)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the loss of the client. The application is not interrupted."""
        self.context.discard(self)
        self._state = State.LOST
        self._refusal = None
        self._unparsed = b""
        self._exchanges.lose_client()
        self._drop_incomplete()
        self._parser.close()
        self.can_write.set()
        self._advance()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read into."""
        return self.context.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse the bytes that have arrived."""
        self._times.received_at = self.loop.time()
        self._parse(bytes(self.context.read_buffer[:nbytes]))
        if nbytes == READ_BYTES and self._is_reading:  # other connections are served first
            self._pause_reading()
            self.loop.call_soon(self.read_on)

    def eof_received(self) -> bool:
        """Return whether the connection stays open: complete requests still get their responses."""
        if self._state is State.OPEN:
            self._state = State.ENDING
        self._drop_incomplete()
        return self._exchanges.is_busy or self._refusal is not None

    def pause_writing(self) -> None:
        """Start no further response: the client reads too slowly."""
        self.can_write.clear()

    def resume_writing(self) -> None:
        """Continue: the client has read what was sent."""
        self.can_write.set()
        self._times.idle_since = self.loop.time()
        self._advance()

    @property
    def is_last_response(self) -> bool:
        """Whether the connection ends after the next response because the server stops."""
        return self.context.is_stopping and not self._exchanges.waiting and not self._unparsed

    def request_began(self) -> None:
        """Note that a request begins to arrive."""
        self._times.began_at = self._times.received_at

    def head_arrived(self, parser: RequestParser) -> None:
        """Queue a request whose head is complete."""
        if self._state is not State.OPEN:
            return
        self._unwanted_bytes = 0
        self._exchanges.add(HttpExchange(self, parser.head()))

    def body_arrived(self, body: bytes) -> None:
        """Pass on a part of its body, or drop it."""
        if not self._exchanges.add_body(body):
            self._drop(len(body))

    def request_arrived(self) -> None:
        """Note that the request is complete."""
        exchange = self._exchanges.complete()
        if exchange and not exchange.keep_alive and self._state is State.OPEN:
            self._state = State.ENDING

    def _parse(self, data: bytes) -> None:
        """Parse as much as may be kept, and hold back the rest."""
        self._is_parsing = True
        at = 0
        while at < len(data) and self._state is State.OPEN and not self._exchanges.must_hold_back:
            try:
                at = self._parser.feed(data, at)
            except Refusal as refusal:
                self._give_up(refusal)
            except Exception:
                self.context.log.exception("bug", reason="A request could not be parsed.")
                self.abort()
            self._start_next()
        self._is_parsing = False
        if at < len(data) and self._state is State.OPEN:
            self._unparsed = data[at:]
            self._pause_reading()
        else:
            self._drop(len(data) - at)
        self._advance()

    def _pause_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._times.pause(self.loop.time())
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Parse what was held back, and then read again, unless it must still wait."""
        data, self._unparsed = self._unparsed, b""
        if data:
            self._parse(data)
        if not self._is_reading and not self._unparsed and not self._transport.is_closing():
            self._is_reading = True
            self._times.resume(self.loop.time())
            self._transport.resume_reading()

    def _drop(self, unwanted_bytes: int) -> None:
        """Count unwanted bytes, which are dropped; too many end the connection."""
        self._unwanted_bytes += unwanted_bytes
        if self._unwanted_bytes > UNWANTED_BODY_BYTES_MAX:
            self._transport.close()

    def _drop_incomplete(self) -> None:
        """Forget a request that will not be completed."""
        self._parser.in_head = False
        self._exchanges.drop_incomplete()

    def _start_next(self) -> None:
        """Serve the next request, if the client has read the response to the last one."""
        may_start = self._exchanges.has_next and self.can_write.is_set()
        if may_start and not self.context.has_stopped:
            exchange = self._exchanges.start_next()
            self.context.tasks[exchange] = self.loop.create_task(self._serve(exchange))

    async def _serve(self, exchange: HttpExchange) -> None:
        """Run the application for one request, then start the next one."""
        try:
            await self.context.app(exchange.scope, exchange.receive, exchange.send)
        except Exception:
            self.context.log.exception("bug", reason="The application raised an exception.")
        finally:
            del self.context.tasks[exchange]
            self._exchanges.current = None
            self._times.idle_since = self.loop.time()
            if exchange.has_started and not exchange.is_over:
                self.abort()  # an incomplete response must not look complete
            elif self._state in (State.OPEN, State.ENDING) and not (
                exchange.is_over and exchange.keep_alive
            ):
                self._end(is_received=exchange.is_over and exchange is not self._exchanges.received)
            self._advance()

    def _advance(self) -> None:
        """Start the next request, or continue reading, or close if nothing is left to do."""
        # The parser calls this object: while it runs, starting anything here would nest.
        if self._is_parsing or self._exchanges.current is not None or not self.can_write.is_set():
            return
        self._start_next()
        if self._state is State.LOST:
            return
        self.read_on()
        if self._exchanges.is_busy or self._state is State.CLOSED:
            return
        is_stopping = self.context.is_stopping and not self._parser.in_head
        if self._refusal is not None:
            self._refuse(self._refusal)
        elif is_stopping or self._state is State.ENDING:
            self._end(is_received=True)

    def write(self, data: bytes) -> None:
        """Send, unless the connection is closing."""
        if self._state in (State.OPEN, State.ENDING) and not self._transport.is_closing():
            self._times.written_bytes += len(data)
            self._transport.write(data)

    def send_continue(self) -> None:
        """Ask the client for its body (100 Continue). The client's time limit starts now."""
        self.write(CONTINUE)
        self._times.restart(self.loop.time())

    def _give_up(self, refusal: Refusal) -> None:
        """Stop receiving. Serve the complete requests, and then send the refusal."""
        self._state = State.ENDING
        # The application may respond before the body has arrived. Such a request must not get a
        # second response, which the client would read as that to its next request.
        if self._exchanges.received is not None and self._exchanges.received.has_started:
            self._drop_incomplete()
            self._end(is_received=False)
            return
        is_of_request = self._parser.in_head or self._exchanges.received is not None
        self._refusal = RefusedRequest(refusal, self._parser if is_of_request else None)
        is_first = self._exchanges.current in (None, self._exchanges.received)
        self._drop_incomplete()
        if is_first and not self._exchanges.waiting:
            self._refuse(self._refusal)

    def _refuse(self, refused: RefusedRequest) -> None:
        """Send the response to a request that the application does not get, and close."""
        self._refusal = None
        self.write(refused.response(self.context.date))
        self.context.report_refusal(refused)
        self._end(is_received=False)

    def _end(self, *, is_received: bool) -> None:
        """Close the connection. `is_received`: the client has sent its whole request."""
        self._state = State.CLOSED
        self._exchanges.waiting.clear()
        self._unparsed = b""
        if self._transport.is_closing():
            return
        if is_received:
            self._transport.close()
            return
        # If the client still sends, closing the socket would reset the connection, and the client
        # could lose the response (RFC 9112, 9.6). So only the sending side is closed here, and
        # what arrives is read and dropped until the client closes or a limit ends it.
        self._transport.write_eof()
        self._times.restart(self.loop.time())
        self.read_on()

    def abort(self) -> None:
        """Disconnect at once. Unsent data is lost."""
        if self._state is not State.LOST:
            self._state = State.CLOSED
            self._transport.abort()

    def stop(self) -> None:
        """Close if idle. Otherwise the connection closes after the requests that have begun."""
        if not self._exchanges.is_busy and not self._parser.in_head:
            self._end(is_received=True)

    def enforce_limits(self, now: float) -> None:
        """End what has taken too long. `now`: the event loop's time."""
        unsent_bytes = self._transport.get_write_buffer_size()
        if self._times.is_unread_too_long(now, unsent_bytes):
            self.abort()
        if unsent_bytes:
            return
        is_too_slow = self._times.is_sent_too_slowly(now)
        received = self._exchanges.received
        if self._state is State.CLOSED:
            if is_too_slow:
                self.abort()
        elif received is not None or self._parser.in_head:
            # While the server does not read, or has not sent 100 Continue, the delay is its own.
            is_ours = not self._is_reading or (received is not None and received.awaits_continue)
            if is_too_slow and not is_ours:
                self._give_up(RequestTooSlow("The request stopped before it was complete."))
        elif not self._exchanges.is_busy:
            self.check_at = now + IDLE_CHECK_SECONDS
            if self._times.is_idle(now, self.context.keep_alive_seconds):
                self._end(is_received=True)
