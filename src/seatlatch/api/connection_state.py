"""What a connection still does, and the requests that it has."""

from collections import deque
from enum import Enum

from seatlatch.api.http_exchange import HttpExchange

BODY_BYTES_AHEAD = 64 * 1024
"""The most of a body that is kept before the application asks for it."""


class State(Enum):
    """What a connection still does."""

    OPEN = 1
    """It takes requests and answers them."""
    ENDING = 2
    """It takes no more requests, and answers those that it has."""
    CLOSED = 3
    """Nothing more is sent. What the client still sends is dropped."""
    LOST = 4
    """The client is gone. Complete requests are carried out all the same."""


class Exchanges:
    """The requests of a connection, in their order.

    `received` is still arriving: it is the last one. `answered` is the one that the application is
    answering: it is the first one. All others wait.
    """

    def __init__(self) -> None:
        self.received: HttpExchange | None = None
        self.answered: HttpExchange | None = None
        self.waiting: deque[HttpExchange] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether there is any."""
        return bool(self.answered or self.waiting or self.received)

    @property
    def has_next(self) -> bool:
        """Whether the next one can be answered."""
        return self.answered is None and bool(self.waiting)

    @property
    def must_hold_back(self) -> bool:
        """Whether what arrives must wait: for responses, or for the application to read a body."""
        received = self.received
        return bool(self.waiting) or (
            received is not None and not received.is_over and received.body_bytes > BODY_BYTES_AHEAD
        )

    def add(self, exchange: HttpExchange) -> None:
        """A request is arriving."""
        self.received = exchange
        self.waiting.append(exchange)

    def add_body(self, body: bytes) -> bool:
        """Some of a body has arrived. Return whether the request wants it."""
        if self.received is None or self.received.is_over:
            return False
        self.received.add_body(body)
        return True

    def complete(self) -> HttpExchange | None:
        """The request that was arriving, if there was one, is complete."""
        exchange, self.received = self.received, None
        if exchange is not None:
            exchange.complete()
        return exchange

    def drop_incomplete(self) -> None:
        """Forget the request that is arriving: the rest of it will not come."""
        exchange, self.received = self.received, None
        if exchange is not None:
            self.waiting = deque(other for other in self.waiting if other is not exchange)
            exchange.lose_client()

    def lose_client(self) -> None:
        """The client is gone. Complete requests are carried out all the same."""
        for exchange in (self.answered, *self.waiting):
            if exchange is not None:
                exchange.lose_client()

    def take(self) -> HttpExchange:
        """The next one is to be answered now."""
        self.answered = self.waiting.popleft()
        return self.answered
