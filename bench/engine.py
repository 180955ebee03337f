"""The interface of an engine in a benchmark: an inventory, a baseline, and a reset."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

LISTED, UNLISTED = "listed", "unlisted"
"""The sections of the inventory: the state of their tickets at the start of every round."""


class Inventory(NamedTuple):
    """The tokens of the tickets, shuffled, by their state at the start of every round."""

    listed: Sequence[str]
    unlisted: Sequence[str]


class Turn(NamedTuple):
    """The work of a baseline: alternating unlocks and locks of `size` tickets, for `seconds`."""

    unlocks: Sequence[Sequence[str]]
    locks: Sequence[Sequence[str]]
    size: int
    seconds: float


class Figures(NamedTuple):
    """One measurement. The last two are processor time in microseconds for each request: of the
    service, or of the program in its place, and of the database's own processes.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    service_us: float
    database_us: float

    @property
    def cpu_us(self) -> float:
        """The processor time of service and database together."""
        return self.service_us + self.database_us


class Engine(Protocol):
    """A database with an inventory, created for one run."""

    name: str
    baseline_name: str
    peer_name: str
    url: str
    workers: int
    inventory: Inventory

    def restore(self) -> int:
        """Restore every ticket, outside of any timing, and return how many had changed."""

    def baseline(self, turn: Turn) -> Figures:
        """Make the same writes without a service, one transaction for each request."""

    def cpu_seconds(self) -> float:
        """The processor time of the database's own processes so far; 0 if it has none."""

    def settings(self) -> Mapping[str, str]:
        """The version of the database, and its settings that matter for speed."""
