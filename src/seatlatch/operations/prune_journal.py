"""Prune: let go of what the journal needs no longer, so that the rest can still be verified."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import takewhile

from seatlatch.commit import Commits
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.journal import Head, Row, hash_of

ROWS_AT_ONCE_MAX = 1_000
"""So many rows go in a transaction, so that a running server is not held up."""


async def rows_to_prune(snapshot: Snapshot, chain: int, before: datetime) -> Sequence[Row]:
    """The oldest rows of a chain, up to the first that is not from `before`; some at a time.

    Raises `InvalidRequest` if they don't verify: to prune them would hide it.
    """
    (found,) = [one for one in await snapshot.read_chains() if one.head.chain == chain]
    at = Head(chain, found.pruned_number, found.pruned_hash)
    rows = await snapshot.read_rows(at, ROWS_AT_ONCE_MAX)
    old = list(takewhile(lambda row: row.moment < before, rows))
    _require_chained(at.row_hash, old)
    return old


async def prune_rows(commits: Commits, rows: Sequence[Row]) -> int:
    """Remove rows that were found so; how many there were. Raises `Unavailable`."""
    return await commits.submit(PruneRows(rows[-1]))


class PruneRows:
    """Some rows of a chain up to `last`. It is about no ticket."""

    __slots__ = ("last",)
    tokens: Collection[str] = ()

    def __init__(self, last: Row) -> None:
        self.last = last

    @staticmethod
    async def work_off(transaction: Transaction, changes: Sequence["PruneRows"]) -> list[int]:
        """One after the other."""
        return [await transaction.prune_chain(change.last) for change in changes]


def _require_chained(before: bytes, rows: Iterable[Row]) -> None:
    for row in rows:
        if hash_of(before, row) != row.row_hash:
            raise InvalidRequest(
                f"The journal's row {row.entry_id} was tampered with."
                " Look at it with `seatlatch journal verify` before anything is pruned."
            )
        before = row.row_hash
