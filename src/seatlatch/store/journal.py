"""The journal's rows on every engine: how a request is written down, and how rows are chained.

A chain grows at its end only: each row has the hash of itself and of the row before it. Who writes
takes a chain for as long as a transaction lasts, so that within a chain rows become visible in
their order. An entry's id is its chain and its number there.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

from seatlatch.domain.feed import CursorKey, Position
from seatlatch.domain.journal import (
    DONE_BY,
    Act,
    Asker,
    Changed,
    DamagedEntry,
    Entry,
    EntryPlace,
    FoundEntry,
    NewEntry,
)
from seatlatch.domain.outcome import Outcome
from seatlatch.store.journal_text import read_text, text_of

NUMBER_BITS = 36
"""An entry's id is `chain << 36 | number`: 134 million chains, each of 68 billion entries."""

NUMBERS_MAX = (1 << NUMBER_BITS) - 1

NO_HASH = bytes(32)
"""What the first row of a chain is chained to."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_PLACE = struct.Struct(">QQq").pack
"""Entry id, position, microseconds since 1970."""


class ChainTaken(Exception):
    """Another transaction has gone on with the chain. Nothing was done; take one anew."""


class Head(NamedTuple):
    """Where a chain ends: the number of its last entry, and that one's hash."""

    chain: int
    number: int
    row_hash: bytes


class Row(NamedTuple):
    """One row as it is kept. `entry` is what was written down, as JSON."""

    entry_id: int
    position: int
    moment: datetime
    request_id: str
    entry: str
    row_hash: bytes


class Chain(NamedTuple):
    """A chain as it is kept. Entries up to `pruned_number` were pruned; the last of them had
    `pruned_hash`.
    """

    head: Head
    pruned_number: int
    pruned_hash: bytes


class Ends(NamedTuple):
    """The number of a chain's first row, and where its rows end."""

    first_number: int
    last: Head


class Found(NamedTuple):
    """Some entries, the latest first. `before`: search on for those before it; None = there are no
    more.
    """

    entries: Sequence[FoundEntry]
    before: EntryPlace | None = None


class JournalSnapshot(Protocol):
    """Reading the journal, as a part of a snapshot."""

    async def read_chains(self) -> Sequence[Chain]:
        """All chains, in their order."""

    async def read_position(self) -> Position:
        """Where the journal ends now."""

    async def read_rows(self, head: Head, limit: int) -> Sequence[Row]:
        """At most `limit` rows of the chain that follow `head`, in order."""

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[FoundEntry]:
        """The entries of these ids that are still there, in order of their ids."""

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """Entries that `position` has not seen, in order of their own positions; `limit` at most.

        What is left out for the limit comes later in that order.
        """

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """At most `limit` entries of a Request-ID, the latest first. A long search takes several
        calls; `before` is where to go on.

        `channel_code`: only requests of this channel; None = of every caller.
        """

    async def last_entries_of(self, token: str) -> tuple[int, int] | None:
        """The entries of a ticket's latest change and of the change before it, see `is_entry`;
        None = there is no such ticket.
        """

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows, whether or not it is among the chains."""

    async def read_ends(self, chain: int) -> Ends | None:
        """The first and the last row of a chain, wherever its head is; None = it has no rows."""

    async def read_journal_key(self) -> str:
        """What tells this journal from every other: a text made by chance with its database."""

    async def read_cursor_key(self) -> CursorKey:
        """The key by which channels' cursors are encrypted. It never changes."""


class JournalTransaction(JournalSnapshot, Protocol):
    """Writing the journal, as a part of a transaction."""

    async def open_entries(self, entries: int) -> int:
        """Take so many entry ids for this transaction; the first of them, the others follow.

        All that are taken must be recorded before its end, in their order.
        """

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries down, in the order in which their ids were taken."""

    async def lock_heads(self) -> None:
        """Keep every head where it is until the end of the transaction, whoever else writes."""

    async def move_head(self, ends: Ends) -> None:
        """Repair: put a chain's head to its last row. One that is missing is made."""

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove a chain's entries after `before` up to `last` and with it; how many there were.

        Nothing is done, and 0 told, if `before` is not what was pruned last.
        """


def entry_id_of(chain: int, number: int) -> int:
    """The id of the entry of that number in a chain."""
    return (chain << NUMBER_BITS) + number


def place_of(entry_id: int) -> tuple[int, int]:
    """The chain of an entry, and its number there."""
    return entry_id >> NUMBER_BITS, entry_id & NUMBERS_MAX


def is_entry(entry_id: int) -> bool:
    """Whether there is or was an entry of that id: a ticket that nobody has changed leads to none,
    to a number 0.
    """
    return entry_id & NUMBERS_MAX != 0


def microseconds_of(moment: datetime) -> int:
    """Since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(microseconds: int) -> datetime:
    """The other way round, aware UTC."""
    return EPOCH + microseconds * MICROSECOND


def chained(
    head: Head, new: Sequence[NewEntry], positions: Iterable[int], moment: datetime
) -> list[Row]:
    """The rows that follow `head`."""
    microseconds = microseconds_of(moment)
    rows = []
    row_hash = head.row_hash
    entry_id = entry_id_of(head.chain, head.number)
    for entry, position in zip(new, positions, strict=True):
        entry_id += 1
        request_id, text = entry.act.asker.request_id, text_of(entry)
        place = _PLACE(entry_id, position, microseconds)
        row_hash = sha256(b"%b%b%b%b" % (row_hash, place, request_id.encode(), text)).digest()
        rows.append(Row(entry_id, position, moment, request_id, text.decode(), row_hash))
    return rows


def hash_of(previous: bytes, row: Row) -> bytes:
    """The hash that a row must have after the row whose hash is `previous`."""
    entry_id, position, moment, request_id, entry, _ = row
    place = _PLACE(entry_id, position, microseconds_of(moment))
    return sha256(previous + place + request_id.encode() + entry.encode()).digest()


def entry_of(row: Row) -> Entry:
    """What a row says. Raises `msgspec.DecodeError` if it was tampered with."""
    read = read_text(row.entry)
    asker = Asker(row.request_id, read.application, read.channel, read.operator)
    outcomes: Mapping[Outcome, Sequence[str]] = read.outcomes
    done = DONE_BY.get(read.verb)
    tokens = outcomes.get(done, ()) if done else ()
    changed = [Changed(token, *mark) for token, mark in zip(tokens, read.changes, strict=False)]
    act = Act(read.verb, asker, read.reason, read.seconds)
    return Entry(row.entry_id, row.position, row.moment, act, outcomes, changed, read.refusal)


UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)
"""What reading a row raises that somebody has edited; `msgspec.DecodeError` is a `ValueError`."""


def found_entry(
    entry_id: int, position: int, read: Callable[[], Row], previous_hash: bytes | None = None
) -> FoundEntry:
    """What a row says, also if it was damaged. `read` makes a row of what is stored.

    `previous_hash`: of the row before it, by which this one's hash is checked; None = it is not
    known.
    """
    row = None
    try:
        row = read()
        entry = entry_of(row)
    except (*UNREADABLE, msgspec.DecodeError):
        if row is None:
            return DamagedEntry(entry_id, position)
        return DamagedEntry(entry_id, position, row.moment, row.request_id)
    if previous_hash is None and place_of(entry_id)[1] == 1:
        previous_hash = NO_HASH
    if previous_hash is None or _is_chained(previous_hash, row):
        return entry
    return entry._replace(damaged=True)


def _is_chained(previous_hash: bytes, row: Row) -> bool:
    try:
        return hash_of(previous_hash, row) == row.row_hash
    except UNREADABLE:
        return False
