"""What a benchmark needs of an engine: an inventory, a baseline, and the way back."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

LISTED, UNLISTED = "listed", "unlisted"
"""The sections of the inventory: how its tickets are at the start of every round."""


class Inventory(NamedTuple):
    """The tokens of its tickets, shuffled, by how they are at the start of every round."""

    listed: Sequence[str]
    unlisted: Sequence[str]


class Turn(NamedTuple):
    """What a baseline is to do: unlocks and locks in turn, of so many tickets each, so long."""

    unlocks: Sequence[Sequence[str]]
    locks: Sequence[Sequence[str]]
    size: int
    seconds: float


class Engine(Protocol):
    """A database with an inventory, made for one run."""

    name: str
    baseline_name: str
    url: str
    workers: int
    inventory: Inventory

    def restore(self) -> int:
        """Bring every ticket back to how it was, outside of any timing; how many were not so."""

    def baseline(self, turn: Turn) -> float:
        """The same writes without us; how many transactions a second."""

    def cpu_seconds(self) -> float:
        """The processor time of the database's own processes so far; 0 if it has none."""
