"""Rows of the journal, the chains that they belong to, and how both are numbered."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NUMBER_BITS = 36
"""An entry's id is `chain << 36 | number`: 134 million chains, each of 68 billion entries."""

NUMBERS_MAX = (1 << NUMBER_BITS) - 1

CHAINS_MAX = (1 << 63 - NUMBER_BITS) - 1

NO_HASH = bytes(32)
"""The hash before the first row of a chain."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Head(NamedTuple):
    """The end of a chain: the number of its last entry, and that entry's hash."""

    chain: int
    number: int
    row_hash: bytes


class Row(NamedTuple):
    """One row as it is stored. `entry` is JSON text, `timestamp` aware UTC.

    `listing` repeats a member of `entry`, so that the row can be found by it.
    """

    entry_id: int
    position: int
    timestamp: datetime
    request_id: str
    entry: str
    row_hash: bytes
    listing: str | None = None


def entry_id_of(chain: int, number: int) -> int:
    """The id of the entry with this number in a chain."""
    return (chain << NUMBER_BITS) + number


def place_of(entry_id: int) -> tuple[int, int]:
    """The chain of an entry, and its number there."""
    return entry_id >> NUMBER_BITS, entry_id & NUMBERS_MAX


def is_entry(entry_id: int) -> bool:
    """Whether there is or was an entry with this id. A ticket that was never changed refers to
    none: its entry has the number 0.
    """
    return entry_id & NUMBERS_MAX != 0


def to_microseconds(timestamp: datetime) -> int:
    """Microseconds since 1970 of a timestamp."""
    return (timestamp - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The timestamp, aware UTC, of microseconds since 1970."""
    return EPOCH + microseconds * MICROSECOND
