"""The chains of the journal on PostgreSQL: their heads and their rows' ends."""

from collections.abc import Sequence

from seatlatch.domain.feed import Position
from seatlatch.store.journal import NUMBERS_MAX, Chain, Ends, Head, entry_id_of, place_of
from seatlatch.store.postgres.connection import Statement
from seatlatch.store.postgres.reading import PostgresReading

READ_CHAINS = """
SELECT chain, number, hash, pruned_number, pruned_hash
FROM seatlatch.journal_chains ORDER BY chain
"""
NEXT_ROW = """
SELECT entry_id FROM seatlatch.journal WHERE entry_id > %s ORDER BY entry_id LIMIT 1
"""
READ_ENDS = """
SELECT min(entry_id), max(entry_id),
       (SELECT hash FROM seatlatch.journal WHERE entry_id BETWEEN %(first)s AND %(last)s
        ORDER BY entry_id DESC LIMIT 1)
FROM seatlatch.journal WHERE entry_id BETWEEN %(first)s AND %(last)s
"""
MOVE_HEAD = """
INSERT INTO seatlatch.journal_chains (chain, number, hash, pruned_number)
OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s)
ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash
RETURNING 1
"""


LOCK_HEADS = "LOCK TABLE seatlatch.journal_chains IN SHARE ROW EXCLUSIVE MODE"
"""Conflicts with the lock that each writer holds from the move of its head to the end of its
COMMIT. So whoever holds it sees every head at the last committed row of its chain.
"""


class PostgresChains(PostgresReading):
    """Reading them, and repairing a head."""

    async def read_chains(self) -> Sequence[Chain]:
        """All chains."""
        return [
            Chain(Head(chain, number, row_hash), pruned_number, pruned_hash)
            for chain, number, row_hash, pruned_number, pruned_hash in (
                await self._rows(READ_CHAINS)
            )
        ]

    async def read_position(self) -> Position:
        """Where the journal ends now."""
        return {chain.head.chain: chain.head.number for chain in await self.read_chains()}

    async def chain_with_rows_after(self, chain: int) -> int | None:
        """The next chain that has rows."""
        for (entry_id,) in await self._rows(NEXT_ROW, (entry_id_of(chain, NUMBERS_MAX),)):
            return place_of(entry_id)[0]
        return None

    async def read_ends(self, chain: int) -> Ends | None:
        """The first and the last row of a chain."""
        span = {"first": entry_id_of(chain, 1), "last": entry_id_of(chain, NUMBERS_MAX)}
        ((first_id, last_id, row_hash),) = await self._rows(READ_ENDS, span)
        if first_id is None:
            return None
        return Ends(place_of(first_id)[1], Head(chain, place_of(last_id)[1], row_hash))

    async def lock_heads(self) -> None:
        """Wait for the writers that are in COMMIT, and let no other one begin."""
        await self.ask(Statement(LOCK_HEADS))

    async def move_head(self, ends: Ends) -> None:
        """Put a chain's head to its last row."""
        await self._rows(MOVE_HEAD, (*ends.last, ends.first_number - 1))
