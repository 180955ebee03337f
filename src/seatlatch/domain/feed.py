"""The position of a reader of the feed."""

from collections.abc import Mapping
from typing import NamedTuple

Position = Mapping[int, int]
"""For each chain of the journal the number of the last entry that was read; nothing was read of a
chain without a number. A chain grows only at its end, one transaction after the other, so a reader
that has read an entry has read all entries before it.
"""


def covers(position: Position, other: Position) -> bool:
    """Whether a reader at `position` has read everything up to `other`."""
    return all(position.get(chain, 0) >= number for chain, number in other.items())


def entries_between(position: Position, end: Position) -> int:
    """The number of entries that a reader at `position` has not read, up to `end`."""
    return sum(max(0, number - position.get(chain, 0)) for chain, number in end.items())


class CursorKey(NamedTuple):
    """The database's key, and the last position for which plain cursors of version 0.1 count."""

    key: bytes
    plain_until: Position


def position_to_text(position: Position) -> str:
    """A position as it is stored: `1:57 2:40`."""
    return " ".join(f"{chain}:{number}" for chain, number in sorted(position.items()))


def position_from_text(text: str) -> Position:
    """The position from its stored form. Raises `ValueError`."""
    pairs = (pair.partition(":") for pair in text.split(" ") if pair)
    return {int(chain): int(number) for chain, _, number in pairs}
