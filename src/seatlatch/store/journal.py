"""The interface between the journal and a database. `seatlatch.journal` has the row format."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from msgspec import Struct

from seatlatch.domain.feed import CursorKey, Position
from seatlatch.domain.journal import EntryPlace, FoundEntry, NewEntry, Verb
from seatlatch.journal.rows import Head, Row


class ChainTaken(Exception):
    """Another transaction has continued the chain. Nothing was done; take another chain."""


class Chain(NamedTuple):
    """A chain as it is stored. Entries up to `pruned_number` were pruned; the last of them had
    `pruned_hash`.
    """

    head: Head
    pruned_number: int
    pruned_hash: bytes


class Ends(NamedTuple):
    """The number of a chain's first row, and the head that its last row gives."""

    first_number: int
    last: Head


class Found(NamedTuple):
    """Some entries, the latest first. `before`: continue with entries before it; None = no more."""

    entries: Sequence[FoundEntry]
    before: EntryPlace | None = None


class StoredText(Struct, frozen=True, gc=False):
    """An entry as its stored text, which was not checked against its hash.

    `timestamp`: in whole seconds since 1970, see `JournalReader.read_times`. A struct, since one is
    made for each request of a busy server.
    """

    entry_id: int
    position: int
    timestamp: int
    text: str | bytes


class OldAddresses(NamedTuple):
    """Client addresses to erase, by the first entry of their transactions. `after`: continue after
    this entry; None = there are no more.
    """

    entry_ids: Sequence[int]
    after: int | None


class JournalReader(Protocol):
    """Reads the journal. Part of a snapshot."""

    async def read_chains(self) -> Sequence[Chain]:
        """All chains, in order of their numbers."""

    async def read_position(self) -> Position:
        """The position of the journal's end."""

    async def read_rows(self, head: Head, limit: int) -> Sequence[Row]:
        """At most `limit` rows of the chain that follow `head`, in order."""

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[FoundEntry]:
        """The entries with these ids that still exist, in order of their ids."""

    async def select_entries(
        self,
        entry_ids: Sequence[int],
        channel_code: str | None,
        verb: Verb | None,
        token: str | None = None,
    ) -> Collection[int]:
        """The ids of those entries that are of a channel and of a verb, and that may name a ticket;
        None = any.
        """

    async def places_up_to(self, position: Position, limit: int) -> Sequence[EntryPlace]:
        """The places of at most `limit` entries up to and including `position`, the latest first.
        Chains that `position` does not name are left out.
        """

    async def entries_after(self, position: Position, limit: int) -> Sequence[FoundEntry]:
        """At most `limit` entries after `position`, in order of their own positions.

        Entries that the limit leaves out come later in that order.
        """

    async def texts_after(self, head: Head, limit: int) -> Sequence[StoredText]:
        """At most `limit` entries of a chain that follow `head`, in order, for those that read all
        entries as they are written.
        """

    async def read_hashes(self, entry_ids: Collection[int]) -> Mapping[int, bytes]:
        """The hashes of those entries that still exist."""

    async def read_times(self, entry_ids: Collection[int]) -> Mapping[int, int]:
        """The timestamps of those entries that still exist, in whole seconds since 1970.

        0 = it was edited, and is not of this century or the one before.
        """

    async def find_requests(
        self, request_id: str, limit: int, channel_code: str | None, before: EntryPlace | None
    ) -> Found:
        """At most `limit` entries of a Request-ID, the latest first. A long search takes several
        calls; `before` continues it.

        `channel_code`: only requests of this channel; None = of every caller.
        """

    async def locks_of_listing(
        self, external_listing_id: str, limit: int, before: EntryPlace | None
    ) -> Found:
        """At most `limit` entries of lock requests with this listing, the latest first. A long
        search takes several calls; `before` continues it. Damaged entries may be among them.
        """

    async def read_addresses(self, entries: Sequence[FoundEntry]) -> Mapping[int, str]:
        """The client addresses of entries, by entry id, as far as they are known."""

    async def old_addresses(self, kept: timedelta, after: int) -> OldAddresses:
        """A portion of the client addresses that are older than `kept`, after entry `after`."""

    async def last_entries_of(self, token: str) -> tuple[int, int] | None:
        """The entries of a ticket's latest change and of the change before it, see `is_entry`;
        None = no such ticket.
        """

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows, even if it is not among the chains."""

    async def read_ends(self, chain: int) -> Ends | None:
        """The first and the last row of a chain, wherever its head is; None = no rows."""

    async def read_key(self) -> str:
        """The journal's own random key, which distinguishes it from every other journal."""

    async def read_cursor_key(self) -> CursorKey:
        """The key that encrypts channels' cursors. It never changes."""


class JournalWriter(JournalReader, Protocol):
    """Writes the journal. Part of a transaction."""

    async def reserve_entries(self, entries: int) -> int:
        """Reserve this many entry ids for the transaction; returns the first of consecutive ids.

        An entry must be recorded for each reserved id before the transaction ends, in order.
        """

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Write entries, in the order of their reserved ids."""

    async def erase_addresses(self, entry_ids: Sequence[int]) -> None:
        """Erase client addresses, by the ids of `OldAddresses`."""

    async def lock_heads(self) -> None:
        """Let no other transaction move a head until the end of this one."""

    async def move_head(self, ends: Ends) -> None:
        """Repair: set a chain's head to its last row. Makes the head if it is missing."""

    async def prune_chain(self, before: Head, last: Row) -> int:
        """Remove a chain's entries after `before` up to and including `last`; returns how many.

        Does nothing and returns 0 if `before` is not the entry that was pruned last.
        """
