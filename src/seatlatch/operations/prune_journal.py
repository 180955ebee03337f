"""Prune: remove old rows of the journal so that the rest can still be verified.

Each prune gets an entry in the journal, with the last pruned row of every chain. Rows that somebody
removed by hand are in no such entry. The latest of these entries is never pruned.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from seatlatch.commit import Change, Committer
from seatlatch.domain.feed import Position, position_from_text, position_to_text
from seatlatch.domain.journal import Act, Asker, NewEntry, Verb
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.chain import entry_of, is_intact
from seatlatch.journal.rows import Head, Row
from seatlatch.operations.listing_tokens import locked_tokens
from seatlatch.store.interface import Snapshot, Transaction

ROWS_AT_ONCE_MAX = 1_000
"""The most rows that one transaction removes, so that it does not delay a running server."""

OF_A_PRUNE = f'"verb":"{Verb.PRUNE}"'
OF_A_LOCK = f'"verb":"{Verb.LOCK}"'


class OldRows(NamedTuple):
    """Rows of a chain that may be removed: those after `before`, up to `last`.

    `locked`: the tokens that their lock requests have locked.
    """

    before: Head
    last: Row
    locked: Sequence[str] = ()


async def rows_to_prune(snapshot: Snapshot, chain: int, before: datetime) -> OldRows | None:
    """The oldest rows of a chain that are from before a timestamp, up to `ROWS_AT_ONCE_MAX`.

    None = there are none. Raises `InvalidRequest` if they fail verification: pruning would hide
    that.
    """
    (found,) = [one for one in await snapshot.journal.read_chains() if one.head.chain == chain]
    at = Head(chain, found.pruned_number, found.pruned_hash)
    rows = await snapshot.journal.read_rows(at, ROWS_AT_ONCE_MAX)
    old = list(takewhile(lambda row: row.timestamp < before, rows))
    _require_chained(at.row_hash, old)
    return OldRows(at, old[-1], _locked(old)) if old else None


async def prune_rows(committer: Committer, asker: Asker, rows: OldRows) -> int:
    """Remove these rows and return their number; 0 = another process has pruned them meanwhile.

    Raises `Unavailable`.
    """
    return await committer.submit(PruneRows(asker, rows))


class PruneRows(Change[int]):
    """A removal of old rows of a chain; its result is their number."""

    __slots__ = ("asker", "rows")

    def __init__(self, asker: Asker, rows: OldRows) -> None:
        self.asker = asker
        self.rows = rows

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["PruneRows"]) -> list[int]:
        """Remove the rows of each request, one after the other."""
        return [await _prune(transaction, change) for change in changes]


async def _prune(transaction: Transaction, change: PruneRows) -> int:
    pruned = await transaction.journal.prune_chain(change.rows.before, change.rows.last)
    if pruned:
        # Their listings are found by the journal, which no longer has these entries.
        await transaction.tickets.note_listings(change.rows.locked)
        chains = await transaction.journal.read_chains()
        far = {chain.head.chain: chain.pruned_number for chain in chains if chain.pruned_number}
        await transaction.journal.reserve_entries(1)
        act = Act(Verb.PRUNE, change.asker, position_to_text(far))
        await transaction.journal.record([NewEntry(act, {})])
    return pruned


def recorded_prunes(rows: Iterable[Row]) -> Position:
    """The last pruned row of each chain, from the entries about prunes among `rows`."""
    pruned: dict[int, int] = {}
    for row in rows:
        if OF_A_PRUNE in row.entry:
            act = entry_of(row).act
            for chain, number in position_from_text(act.reason or "").items():
                pruned[chain] = max(pruned.get(chain, 0), number)
    return pruned


def _locked(rows: Iterable[Row]) -> list[str]:
    locks = (entry_of(row) for row in rows if OF_A_LOCK in row.entry)
    return sorted(set(locked_tokens(locks)))


def _require_chained(before: bytes, rows: Iterable[Row]) -> None:
    for row in rows:
        if not is_intact(before, row):
            raise InvalidRequest(
                f"The journal's row {row.entry_id} was tampered with."
                " Examine it with `seatlatch journal verify` before you prune."
            )
        before = row.row_hash
