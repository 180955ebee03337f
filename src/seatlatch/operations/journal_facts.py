"""Facts about the journal that metrics show: its heads, its size and its last verification."""

from collections.abc import Sequence
from typing import NamedTuple

from seatlatch.domain.verification import Verification
from seatlatch.operations.journal_heads import HeadFault, find_head_faults
from seatlatch.operations.record_verification import last_verification
from seatlatch.operations.verification_run import count_entries
from seatlatch.store.interface import Snapshot


class JournalFacts(NamedTuple):
    """Facts of one snapshot. `last` None = the journal was never verified."""

    head_faults: Sequence[HeadFault]
    entries: int
    last: Verification | None


async def read_journal_facts(snapshot: Snapshot) -> JournalFacts:
    """The present facts."""
    return JournalFacts(
        await find_head_faults(snapshot),
        await count_entries(snapshot),
        await last_verification(snapshot),
    )
