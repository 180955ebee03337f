"""The heads of the journal's chains: find those that are not at their last row, and repair them.

A chain whose head was set back or removed can't get another entry. SQLite has one chain, so then no
ticket can be changed; on PostgreSQL another chain is used.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.commit import Change, Committer
from seatlatch.domain.journal import Act, Asker, NewEntry, Verb
from seatlatch.journal.rows import NUMBERS_MAX
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.journal import Chain, Ends


class HeadFault(NamedTuple):
    """A head that is not where it must be. `head_number` None = it is missing. `ends`: the rows of
    its chain; None = there are none.
    """

    chain: int
    head_number: int | None
    ends: Ends | None

    def __str__(self) -> str:
        """A sentence for the log."""
        if self.head_number is None:
            return f"The head of chain {self.chain} is missing."
        return f"The head of chain {self.chain} is at {self.head_number}, and not at its last row."

    @property
    def can_be_repaired(self) -> bool:
        """Whether the head prevents further entries. A head after the last row of its chain is not
        repaired: it is the proof that rows were removed.
        """
        if self.ends is None:
            return False
        number = self.head_number
        return number is None or not self.ends.last.number <= number <= NUMBERS_MAX >> 1


class Repaired(NamedTuple):
    """A head that was moved. `before` None = it was missing."""

    chain: int
    before: int | None
    after: int


async def find_head_faults(snapshot: Snapshot) -> list[HeadFault]:
    """All heads that are not at the last row of their chains."""
    chains = {chain.head.chain: chain for chain in await snapshot.journal.read_chains()}
    with_rows: set[int] = set()
    last = -1
    while (number := await snapshot.journal.chain_with_rows_after(last)) is not None:
        with_rows.add(number)
        last = number
    faults = []
    for number in sorted(chains.keys() | with_rows):
        chain, ends = chains.get(number), await snapshot.journal.read_ends(number)
        if not _is_at_its_end(chain, ends):
            faults.append(HeadFault(number, chain.head.number if chain else None, ends))
    return faults


def _is_at_its_end(chain: Chain | None, ends: Ends | None) -> bool:
    if chain is None:
        return False
    if ends is None:
        return chain.head[1:] == (chain.pruned_number, chain.pruned_hash)
    return chain.head == ends.last


async def repair_heads(committer: Committer, asker: Asker) -> list[Repaired]:
    """Move every head that stops changes to the last row of its chain. The journal gets an entry
    that says so. Raises `Unavailable`.
    """
    return await committer.submit(RepairHeads(asker))


class RepairHeads(Change[list[Repaired]]):
    """A repair of all heads at once."""

    __slots__ = ("asker",)

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    @staticmethod
    async def apply(
        transaction: Transaction, changes: Sequence["RepairHeads"]
    ) -> list[list[Repaired]]:
        """Repair the heads for each request, one after the other."""
        return [await _repair(transaction, change.asker) for change in changes]


async def _repair(transaction: Transaction, asker: Asker) -> list[Repaired]:
    # Without the lock each statement would see another state, and a chain that another transaction
    # extends in between would look damaged.
    await transaction.journal.lock_heads()
    repaired = []
    for fault in await find_head_faults(transaction):
        if fault.ends and fault.can_be_repaired:
            await transaction.journal.move_head(fault.ends)
            repaired.append(Repaired(fault.chain, fault.head_number, fault.ends.last.number))
    if repaired:
        await transaction.journal.reserve_entries(1)
        what = " ".join(f"{chain}:{before}>{after}" for chain, before, after in repaired)
        act = Act(Verb.REPAIR, asker, f"heads moved: {what}")
        await transaction.journal.record([NewEntry(act, {})])
    return repaired
