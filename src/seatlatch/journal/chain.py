"""The hash chain: each row has a hash of itself and of the row before it.

A chain grows at its end only. A transaction that writes has exclusive use of a chain until it ends,
so the rows of a chain become visible in their order.

See decisions 91 and 92.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from seatlatch.domain.journal import (
    DONE_BY,
    Act,
    Asker,
    Changed,
    DamagedEntry,
    Entry,
    FoundEntry,
    NewEntry,
)
from seatlatch.domain.outcome import Outcome
from seatlatch.journal.entry_text import has_listing, read_text, text_of
from seatlatch.journal.rows import NO_HASH, Head, Row, entry_id_of, place_of, to_microseconds

_PLACE = struct.Struct(">QQq").pack
"""Entry id, position, microseconds since 1970."""

UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)
"""The errors of reading an edited row; `msgspec.DecodeError` is a `ValueError`."""


def chained(
    head: Head, new: Sequence[NewEntry], positions: Iterable[int], timestamp: datetime
) -> list[Row]:
    """The rows of new entries that follow `head`."""
    microseconds = to_microseconds(timestamp)
    rows = []
    row_hash = head.row_hash
    entry_id = entry_id_of(head.chain, head.number)
    for entry, position in zip(new, positions, strict=True):
        entry_id += 1
        request_id, text = entry.act.asker.request_id, text_of(entry)
        place = _PLACE(entry_id, position, microseconds)
        row_hash = sha256(b"%b%b%b%b" % (row_hash, place, request_id.encode(), text)).digest()
        listing = entry.act.external_listing_id
        row = Row(entry_id, position, timestamp, request_id, text.decode(), row_hash, listing)
        rows.append(row)
    return rows


def hash_of(previous: bytes, row: Row) -> bytes:
    """The hash that a row must have after the row whose hash is `previous`."""
    entry_id, position, timestamp, request_id, entry, *_ = row
    place = _PLACE(entry_id, position, to_microseconds(timestamp))
    return sha256(previous + place + request_id.encode() + entry.encode()).digest()


def is_intact(previous: bytes, row: Row) -> bool:
    """Whether a row is as it was written after the row whose hash is `previous`.

    Raises one of `UNREADABLE` if it cannot be read.
    """
    return hash_of(previous, row) == row.row_hash and has_listing(row.entry, row.listing)


def entry_of(row: Row) -> Entry:
    """The entry of a row. Raises `msgspec.DecodeError` if the row was edited."""
    read = read_text(row.entry)
    asker = Asker(row.request_id, read.application, read.channel, read.operator)
    outcomes: Mapping[Outcome, Sequence[str]] = read.outcomes
    done = DONE_BY.get(read.verb)
    tokens = outcomes.get(done, ()) if done else ()
    changed = [Changed(token, *mark) for token, mark in zip(tokens, read.changes, strict=False)]
    act = Act(read.verb, asker, read.reason, read.seconds, read.listing)
    return Entry(row.entry_id, row.position, row.timestamp, act, outcomes, changed, read.refusal)


def found_entry(
    entry_id: int, position: int, read: Callable[[], Row], previous_hash: bytes | None = None
) -> FoundEntry:
    """The entry of a row, also if the row was damaged. `read` makes a row of what is stored.

    `previous_hash`: of the row before it, to check this row's hash; None = unknown.
    """
    row = None
    try:
        row = read()
        entry = entry_of(row)
    except (*UNREADABLE, msgspec.DecodeError):
        if row is None:
            return DamagedEntry(entry_id, position)
        return DamagedEntry(entry_id, position, row.timestamp, row.request_id)
    if previous_hash is None and place_of(entry_id)[1] == 1:
        previous_hash = NO_HASH
    if previous_hash is None or _is_chained(previous_hash, row):
        return entry
    return entry._replace(damaged=True)


def _is_chained(previous_hash: bytes, row: Row) -> bool:
    try:
        return is_intact(previous_hash, row)
    except UNREADABLE:
        return False
