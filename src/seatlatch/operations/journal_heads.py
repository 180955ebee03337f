"""The heads of the journal's chains: find those that are not at their last row, and repair them.

A chain whose head was set back or removed can't take another entry. On SQLite, which has one chain,
nothing can be changed then; on PostgreSQL another chain is taken.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from seatlatch.commit import Commits
from seatlatch.domain.journal import Act, Asker, NewEntry, Verb
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.store.journal import NUMBERS_MAX, Chain, Ends


class HeadFault(NamedTuple):
    """A head that is not where it must be. `head_number` None = it is missing. `ends`: the rows of
    its chain; None = there are none.
    """

    chain: int
    head_number: int | None
    ends: Ends | None

    def __str__(self) -> str:
        """As it is logged."""
        if self.head_number is None:
            return f"The head of chain {self.chain} is missing."
        return f"The head of chain {self.chain} is at {self.head_number}, and not at its last row."

    @property
    def can_be_repaired(self) -> bool:
        """Whether no entry can follow this head. A head after its last row is left where it is: it
        is what shows that rows were cut off.
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
    chains = {chain.head.chain: chain for chain in await snapshot.read_chains()}
    with_rows: set[int] = set()
    last = -1
    while (number := await snapshot.chain_with_rows_after(last)) is not None:
        with_rows.add(number)
        last = number
    faults = []
    for number in sorted(chains.keys() | with_rows):
        chain, ends = chains.get(number), await snapshot.read_ends(number)
        if not _is_at_its_end(chain, ends):
            faults.append(HeadFault(number, chain.head.number if chain else None, ends))
    return faults


def _is_at_its_end(chain: Chain | None, ends: Ends | None) -> bool:
    if chain is None:
        return False
    if ends is None:
        return chain.head[1:] == (chain.pruned_number, chain.pruned_hash)
    return chain.head == ends.last


async def repair_heads(commits: Commits, asker: Asker) -> list[Repaired]:
    """Move every head that stops changes to the last row of its chain. The journal gets an entry
    that says so. Raises `Unavailable`.
    """
    return await commits.submit(RepairHeads(asker))


class RepairHeads:
    """All heads at once. It is about no ticket."""

    __slots__ = ("asker",)
    tokens: Collection[str] = ()

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    @staticmethod
    async def work_off(
        transaction: Transaction, changes: Sequence["RepairHeads"]
    ) -> list[list[Repaired]]:
        """One after the other."""
        return [await _repair(transaction, change.asker) for change in changes]


async def _repair(transaction: Transaction, asker: Asker) -> list[Repaired]:
    # Without it each statement would see another state, and a chain that another transaction
    # extends in between would look damaged.
    await transaction.lock_heads()
    repaired = []
    for fault in await find_head_faults(transaction):
        if fault.ends and fault.can_be_repaired:
            await transaction.move_head(fault.ends)
            repaired.append(Repaired(fault.chain, fault.head_number, fault.ends.last.number))
    if repaired:
        await transaction.open_entries(1)
        what = " ".join(f"{chain}:{before}>{after}" for chain, before, after in repaired)
        act = Act(Verb.REPAIR, asker, f"heads moved: {what}")
        await transaction.record([NewEntry(act, {})])
    return repaired
