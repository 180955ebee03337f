"""How far a reader of the feed has come."""

from collections.abc import Mapping
from typing import NamedTuple

Position = Mapping[int, int]
"""By chain of the journal the number of the last entry that was seen; a chain that is not named was
not seen at all. Each chain grows at its end only, one transaction after the other, so that whoever
has seen number n has seen all before it.
"""


class CursorKey(NamedTuple):
    """The database's key, and up to which position a plain cursor of version 0.1 is accepted."""

    key: bytes
    plain_until: Position


def position_to_text(position: Position) -> str:
    """A position as it is kept: `1:57 2:40`."""
    return " ".join(f"{chain}:{number}" for chain, number in sorted(position.items()))


def position_from_text(text: str) -> Position:
    """A position as it was kept. Raises `ValueError`."""
    pairs = (pair.partition(":") for pair in text.split(" ") if pair)
    return {int(chain): int(number) for chain, _, number in pairs}
