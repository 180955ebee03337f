"""The parts of the service that the delivery to endpoints works with."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.commit import Committer
from seatlatch.logs import Log
from seatlatch.operations.journal_alarm import DamageObserver
from seatlatch.store.interface import Store
from seatlatch.webhooks.http_sender import Sender
from seatlatch.webhooks.schedule import DELAYS_SECONDS


class Observer(DamageObserver, Protocol):
    """Receives the results of attempts, and damage to the journal."""

    def webhook_attempted(self, result: str) -> None:
        """`delivered`, `failed` or `given_up`."""


class Dependencies(NamedTuple):
    """The dependencies of an endpoint.

    `sender`: makes its sender. `clock`: the database's time, aware UTC. `chance`:
    random numbers from 0 to 1. `clock_was_read` gets each new reading of the database's clock.
    """

    store: Store
    committer: Committer
    sender: Callable[[], Sender]
    observer: Observer
    log: Log
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    clock_was_read: Callable[[datetime], None] = lambda _now: None
    delays_seconds: Sequence[float] = DELAYS_SECONDS
    refresh_seconds: float = 5.0
    """How often to read what others, such as a replay, have done to the waiting messages."""
    retry_seconds: float = 5.0
    """How long to wait after the database was not available, or after a bug."""
