"""Prune: let go of what the journal needs no longer, so that the rest can still be verified.

Each prune is written down itself, with how far every chain was pruned: rows that somebody removed
by hand are in no such entry. The latest of these entries is never pruned.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from seatlatch.commit import Commits
from seatlatch.domain.feed import Position, position_from_text, position_to_text
from seatlatch.domain.journal import Act, Asker, NewEntry, Verb
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.journal import Head, Row, entry_of, hash_of

ROWS_AT_ONCE_MAX = 1_000
"""So many rows go in a transaction, so that a running server is not held up."""

OF_A_PRUNE = f'"verb":"{Verb.PRUNE}"'


class OldRows(NamedTuple):
    """Rows of a chain that may go. `before`: what was pruned last; `last` of them."""

    before: Head
    last: Row


async def rows_to_prune(snapshot: Snapshot, chain: int, before: datetime) -> OldRows | None:
    """The oldest rows of a chain, up to the first that is not from `before`; some at a time.

    None = there are no more. Raises `InvalidRequest` if they don't verify: to prune them would hide
    it.
    """
    (found,) = [one for one in await snapshot.read_chains() if one.head.chain == chain]
    at = Head(chain, found.pruned_number, found.pruned_hash)
    rows = await snapshot.read_rows(at, ROWS_AT_ONCE_MAX)
    old = list(takewhile(lambda row: row.moment < before, rows))
    _require_chained(at.row_hash, old)
    return OldRows(at, old[-1]) if old else None


async def prune_rows(commits: Commits, asker: Asker, rows: OldRows) -> int:
    """Remove rows that were found so; how many there were, 0 = somebody else has pruned meanwhile.

    Raises `Unavailable`.
    """
    return await commits.submit(PruneRows(asker, rows))


class PruneRows:
    """Some rows of a chain. It is about no ticket."""

    __slots__ = ("asker", "rows")
    tokens: Collection[str] = ()

    def __init__(self, asker: Asker, rows: OldRows) -> None:
        self.asker = asker
        self.rows = rows

    @staticmethod
    async def work_off(transaction: Transaction, changes: Sequence["PruneRows"]) -> list[int]:
        """One after the other."""
        return [await _prune(transaction, change) for change in changes]


async def _prune(transaction: Transaction, change: PruneRows) -> int:
    pruned = await transaction.prune_chain(*change.rows)
    if pruned:
        chains = await transaction.read_chains()
        far = {chain.head.chain: chain.pruned_number for chain in chains if chain.pruned_number}
        await transaction.open_entries(1)
        act = Act(Verb.PRUNE, change.asker, position_to_text(far))
        await transaction.record([NewEntry(act, {})])
    return pruned


def told_of_prunes(rows: Iterable[Row]) -> Position:
    """How far each chain was pruned as entries among `rows` tell."""
    told: dict[int, int] = {}
    for row in rows:
        if OF_A_PRUNE in row.entry:
            act = entry_of(row).act
            for chain, number in position_from_text(act.reason or "").items():
                told[chain] = max(told.get(chain, 0), number)
    return told


def _require_chained(before: bytes, rows: Iterable[Row]) -> None:
    for row in rows:
        if hash_of(before, row) != row.row_hash:
            raise InvalidRequest(
                f"The journal's row {row.entry_id} was tampered with."
                " Look at it with `seatlatch journal verify` before anything is pruned."
            )
        before = row.row_hash
