"""The state of a connection, and its requests."""

from collections import deque
from enum import Enum

from seatlatch.http.http_exchange import HttpExchange

BODY_BYTES_AHEAD = 64 * 1024
"""The maximum of a body that is buffered before the application reads it."""


class State(Enum):
    """The state of a connection."""

    OPEN = 1
    """Receives requests and serves them."""
    ENDING = 2
    """Receives no more requests, and serves those that it has."""
    CLOSED = 3
    """Sends nothing more. What the client still sends is dropped."""
    LOST = 4
    """The client is gone. Complete requests are still served."""


class Exchanges:
    """The requests of a connection, in their order.

    `current`: the one that the application is serving, always the first. `received`: the one that
    is still arriving, always the last; it may also be `current`. `waiting`: all but `current`.
    """

    def __init__(self) -> None:
        self.received: HttpExchange | None = None
        self.current: HttpExchange | None = None
        self.waiting: deque[HttpExchange] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether there is any request."""
        return bool(self.current or self.waiting or self.received)

    @property
    def has_next(self) -> bool:
        """Whether the next request can be served."""
        return bool(self.waiting) and self.current is None

    @property
    def must_hold_back(self) -> bool:
        """Whether parsing must wait for a response, or until the application has read more of a
        body.
        """
        received = self.received
        return bool(self.waiting) or (
            received is not None and not received.is_over and received.body_bytes > BODY_BYTES_AHEAD
        )

    def add(self, exchange: HttpExchange) -> None:
        """Add a request that is arriving."""
        self.received = exchange
        self.waiting.append(exchange)

    def add_body(self, body: bytes) -> bool:
        """Add a part of a body. Return whether the request needs it."""
        if self.received is None or self.received.is_over:
            return False
        self.received.add_body(body)
        return True

    def complete(self) -> HttpExchange | None:
        """Mark the request that was arriving, if any, as complete, and return it."""
        exchange, self.received = self.received, None
        if exchange is not None:
            exchange.complete()
        return exchange

    def drop_incomplete(self) -> None:
        """Forget the request that is arriving: it will not be completed."""
        exchange, self.received = self.received, None
        if exchange is not None:
            self.waiting = deque(other for other in self.waiting if other is not exchange)
            exchange.lose_client()

    def lose_client(self) -> None:
        """Handle the loss of the client. Complete requests are still served."""
        for exchange in (self.current, *self.waiting):
            if exchange is not None:
                exchange.lose_client()

    def start_next(self) -> HttpExchange:
        """Make the next request the current one."""
        self.current = self.waiting.popleft()
        return self.current
