"""The interface of an engine in a benchmark: an inventory, a baseline, and a reset."""

from collections.abc import Sequence
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


class Engine(Protocol):
    """A database with an inventory, created for one run."""

    name: str
    baseline_name: str
    url: str
    workers: int
    inventory: Inventory

    def restore(self) -> int:
        """Restore every ticket, outside of any timing, and return how many had changed."""

    def baseline(self, turn: Turn) -> float:
        """Make the same writes without the service, and return the transactions a second."""

    def cpu_seconds(self) -> float:
        """The processor time of the database's own processes so far; 0 if it has none."""
