"""Reading the journal, and pruning it. Engines differ in how they store and search rows."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from itertools import starmap
from typing import ClassVar

from seatlatch.domain.feed import CursorKey, Position, position_from_text
from seatlatch.domain.journal import DamagedEntry, EntryPlace, FoundEntry, Verb
from seatlatch.journal.chain import found_entry
from seatlatch.journal.entry_text import text_of_channel, text_of_token, text_of_verb
from seatlatch.journal.rows import NUMBERS_MAX, Head, entry_id_of, place_of
from seatlatch.journal.rows import Row as JournalRow
from seatlatch.store.journal import Chain, Ends, Found, OldAddresses, StoredText
from seatlatch.store.sql.client_addresses import old_addresses, read_addresses
from seatlatch.store.sql.executor import Executor, Row

READ_CHAINS = """
SELECT chain, number, hash, pruned_number, pruned_hash
FROM seatlatch.journal_chains ORDER BY chain
"""
READ_ROWS = """
SELECT {columns} FROM seatlatch.journal
WHERE entry_id > :after AND entry_id <= :last ORDER BY entry_id LIMIT :limit
"""
PREVIOUS_HASH = "(SELECT hash FROM seatlatch.journal AS p WHERE p.entry_id = j.entry_id - 1)"
READ_ENTRIES = f"""
SELECT {{columns}}, {PREVIOUS_HASH} FROM seatlatch.journal AS j
WHERE entry_id = ANY (:entry_ids) ORDER BY entry_id
"""
READ_TEXTS = """
SELECT {columns} FROM seatlatch.journal
WHERE entry_id > :after AND entry_id <= :last ORDER BY entry_id LIMIT :limit
"""
READ_HASHES = "SELECT entry_id, hash FROM seatlatch.journal WHERE entry_id = ANY (:entry_ids)"
READ_TIMES = """
SELECT entry_id, {seconds} FROM seatlatch.journal WHERE entry_id = ANY (:entry_ids)
"""
SELECT_ENTRIES = """
SELECT entry_id FROM seatlatch.journal
WHERE entry_id = ANY (:entry_ids) AND strpos(entry, :channel) > 0 AND strpos(entry, :verb) > 0
  AND strpos(entry, :token) > 0
"""
"""Every entry contains an empty text."""
LAST_ENTRIES_OF = "SELECT entry_id, previous_entry_id FROM seatlatch.tickets WHERE token = :token"
NEXT_ROW = """
SELECT entry_id FROM seatlatch.journal WHERE entry_id > :after ORDER BY entry_id LIMIT 1
"""
READ_ENDS = """
SELECT (SELECT min(entry_id) FROM seatlatch.journal WHERE entry_id BETWEEN :first AND :last),
       (SELECT max(entry_id) FROM seatlatch.journal WHERE entry_id BETWEEN :first AND :last),
       (SELECT hash FROM seatlatch.journal WHERE entry_id BETWEEN :first AND :last
        ORDER BY entry_id DESC LIMIT 1)
"""
READ_KEY = "SELECT journal_key FROM seatlatch.journal_key"
READ_CURSOR_KEY = "SELECT cursor_key, plain_until FROM seatlatch.cursor_key"
NOTE_PRUNED = """
UPDATE seatlatch.journal_chains SET pruned_number = :number, pruned_hash = :hash
WHERE chain = :chain AND pruned_number = :before_number AND pruned_hash = :before_hash
"""
PRUNE = "DELETE FROM seatlatch.journal WHERE entry_id > :after AND entry_id <= :last"
PRUNE_ADDRESSES = """
DELETE FROM seatlatch.client_addresses WHERE first_entry_id > :after AND first_entry_id <= :last
"""


class SqlJournalReader(ABC):
    """The shared part of a `store.journal.JournalReader`."""

    columns: ClassVar[str]
    """The columns of a row: entry id, position, timestamp, Request-ID, entry, hash, listing."""

    text_columns: ClassVar[str]
    """The columns of a `StoredText`."""

    seconds: ClassVar[str]
    """The timestamp of a row in whole seconds since 1970; 0 = out of bounds, so it was edited."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @staticmethod
    @abstractmethod
    def row(stored: Row) -> JournalRow:
        """A row from its columns. May raise `journal.chain.UNREADABLE` if the row was edited."""

    def found(self, stored: Row) -> FoundEntry:
        """The entry of a row, with the hash of the row before it as a last column, if known."""
        previous_hash = stored[7] if len(stored) > 7 else None
        return found_entry(stored[0], stored[1], lambda: self.row(stored[:7]), previous_hash)

    async def read_chains(self) -> Sequence[Chain]:
        """All chains."""
        return [
            Chain(Head(chain, number, row_hash), pruned_number, pruned_hash)
            for chain, number, row_hash, pruned_number, pruned_hash in (
                await self._executor.fetch(READ_CHAINS)
            )
        ]

    async def read_position(self) -> Position:
        """The position of the journal's end."""
        return {chain.head.chain: chain.head.number for chain in await self.read_chains()}

    async def stored_rows(self, head: Head, limit: int) -> list[Row]:
        """Rows of the chain that follow `head`, as they are stored."""
        return await self._executor.fetch(
            READ_ROWS.format(columns=self.columns),
            after=entry_id_of(head.chain, head.number),
            last=entry_id_of(head.chain, NUMBERS_MAX),
            limit=limit,
        )

    async def read_rows(self, head: Head, limit: int) -> Sequence[JournalRow]:
        """Rows of the chain that follow `head`."""
        return [self.row(stored) for stored in await self.stored_rows(head, limit)]

    async def read_entries(self, entry_ids: Sequence[int]) -> Sequence[FoundEntry]:
        """The entries with these ids."""
        sql = READ_ENTRIES.format(columns=self.columns)
        rows = await self._executor.fetch(sql, entry_ids=list(entry_ids))
        return [self.found(stored) for stored in rows]

    async def texts_after(self, head: Head, limit: int) -> Sequence[StoredText]:
        """Entries of a chain that follow `head`, as text."""
        rows = await self._executor.fetch(
            READ_TEXTS.format(columns=self.text_columns),
            after=entry_id_of(head.chain, head.number),
            last=entry_id_of(head.chain, NUMBERS_MAX),
            limit=limit,
        )
        return list(starmap(StoredText, rows))

    async def read_hashes(self, entry_ids: Collection[int]) -> Mapping[int, bytes]:
        """The hashes of entries."""
        rows = await self._executor.fetch(READ_HASHES, entry_ids=list(entry_ids))
        return {entry_id: bytes(row_hash) for entry_id, row_hash in rows}

    async def read_times(self, entry_ids: Collection[int]) -> Mapping[int, int]:
        """The timestamps of entries."""
        sql = READ_TIMES.format(seconds=self.seconds)
        return dict(await self._executor.fetch(sql, entry_ids=list(entry_ids)))

    async def select_entries(
        self,
        entry_ids: Sequence[int],
        channel_code: str | None,
        verb: Verb | None,
        token: str | None = None,
    ) -> Collection[int]:
        """The ids of those entries that are of a channel and of a verb, and may name a ticket."""
        rows = await self._executor.fetch(
            SELECT_ENTRIES,
            entry_ids=list(entry_ids),
            channel="" if channel_code is None else text_of_channel(channel_code),
            verb="" if verb is None else text_of_verb(verb),
            token="" if token is None else text_of_token(token),
        )
        return {entry_id for (entry_id,) in rows}

    @abstractmethod
    async def rows_of_listing(
        self, external_listing_id: str, limit: int, before: EntryPlace | None
    ) -> Found:
        """Entries whose column `listing` has this value, as in `locks_of_listing`."""

    async def locks_of_listing(
        self, external_listing_id: str, limit: int, before: EntryPlace | None
    ) -> Found:
        """Entries of lock requests with this listing. Not the column decides, which could be edited
        unnoticed, but the entry.
        """
        found = await self.rows_of_listing(external_listing_id, limit, before)
        entries = [
            entry
            for entry in found.entries
            if isinstance(entry, DamagedEntry)
            or entry.act.external_listing_id == external_listing_id
        ]
        return Found(entries, found.before)

    async def read_addresses(self, entries: Sequence[FoundEntry]) -> Mapping[int, str]:
        """The client addresses of entries."""
        return await read_addresses(self._executor, entries)

    async def old_addresses(self, kept: timedelta, after: int) -> OldAddresses:
        """A portion of the client addresses that are older than `kept`."""
        return await old_addresses(self._executor, kept, after)

    async def last_entries_of(self, token: str) -> tuple[int, int] | None:
        """The entries of a ticket's latest two changes."""
        for entry_id, previous_entry_id in await self._executor.fetch(LAST_ENTRIES_OF, token=token):
            return entry_id, previous_entry_id
        return None

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows."""
        last = entry_id_of(chain, NUMBERS_MAX)
        for (entry_id,) in await self._executor.fetch(NEXT_ROW, after=last):
            return place_of(entry_id)[0]
        return None

    async def read_ends(self, chain: int) -> Ends | None:
        """The first and the last row of a chain."""
        first, last = entry_id_of(chain, 1), entry_id_of(chain, NUMBERS_MAX)
        rows = await self._executor.fetch(READ_ENDS, first=first, last=last)
        ((first_id, last_id, row_hash),) = rows
        if first_id is None:
            return None
        return Ends(place_of(first_id)[1], Head(chain, place_of(last_id)[1], row_hash))

    async def read_key(self) -> str:
        """The journal's own random key."""
        ((key,),) = await self._executor.fetch(READ_KEY)
        return str(key)

    async def read_cursor_key(self) -> CursorKey:
        """The key of channels' cursors."""
        ((key, plain_until),) = await self._executor.fetch(READ_CURSOR_KEY)
        return CursorKey(bytes(key), position_from_text(plain_until))


async def prune_chain(executor: Executor, before: Head, last: JournalRow) -> int:
    """See `store.journal.JournalWriter.prune_chain`."""
    noted = await executor.execute(
        NOTE_PRUNED,
        number=place_of(last.entry_id)[1],
        hash=last.row_hash,
        chain=before.chain,
        before_number=before.number,
        before_hash=before.row_hash,
    )
    if not noted:
        return 0
    after = entry_id_of(before.chain, before.number)
    await executor.execute(PRUNE_ADDRESSES, after=after, last=last.entry_id)
    return await executor.execute(PRUNE, after=after, last=last.entry_id)
