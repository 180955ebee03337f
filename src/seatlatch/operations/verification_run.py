"""A verification of the journal in portions, for a caller that asks for one after the other.

A run is all that the next portion needs, so any process can continue it.

See decision 182.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.verification import TAMPERED_ROWS_MAX, NewVerification, Tampered
from seatlatch.operations.verify_journal import (
    Anchor,
    Place,
    begin_verification,
    verify_step,
)
from seatlatch.store.interface import Snapshot, Store

PORTION_SECONDS = 0.25
ROWS_AT_ONCE = 100
"""This blocks the event loop for about two milliseconds."""

RUN_SECONDS_MAX = 6 * 3_600
"""An older run says too little about the rows with which it began."""


class Run(NamedTuple):
    """A verification between two portions. `place` None = it is finished.

    `tampered` has the first `TAMPERED_ROWS_MAX` of the damaged chains.
    """

    actor: str
    started_at: datetime
    place: Place | None
    entries: int = 0
    damaged_chains: int = 0
    tampered: Sequence[Tampered] = ()
    anchored_at: datetime | None = None

    @property
    def result(self) -> NewVerification:
        """The result of a finished run."""
        return NewVerification(
            self.started_at,
            self.actor,
            self.entries,
            self.damaged_chains,
            self.tampered,
            self.anchored_at,
        )


async def begin_run(store: Store, actor: str, anchor: Anchor | None = None) -> Run:
    """A run that has verified nothing yet. Raises `InvalidRequest` for another journal's anchor."""

    async def begin(snapshot: Snapshot) -> Run:
        place = await begin_verification(snapshot, anchor)
        anchored_at = anchor.timestamp if anchor else None
        return Run(actor, await snapshot.now(), place, anchored_at=anchored_at)

    return await store.read(begin)


async def continue_run(store: Store, run: Run) -> Run:
    """The run after a portion, which takes about `PORTION_SECONDS`.

    Raises `InvalidRequest` for a run that has begun too long ago, and `Unavailable`.
    """
    if await store.read(partial(_age, run=run)) > timedelta(seconds=RUN_SECONDS_MAX):
        raise InvalidRequest("This verification has begun too long ago. Begin another one.")
    now = asyncio.get_running_loop().time
    deadline = now() + PORTION_SECONDS
    while run.place is not None:
        step, place = await verify_step(store, run.place, ROWS_AT_ONCE)
        run = run._replace(place=place, entries=run.entries + step.rows)
        if step.tampered:
            tampered = [*run.tampered, step.tampered][:TAMPERED_ROWS_MAX]
            run = run._replace(tampered=tampered, damaged_chains=run.damaged_chains + 1)
        if now() >= deadline:
            break
        await asyncio.sleep(0)  # let other requests run
    return run


async def count_entries(snapshot: Snapshot) -> int:
    """The number of entries in the journal, by its heads."""
    chains = await snapshot.journal.read_chains()
    return sum(max(0, chain.head.number - chain.pruned_number) for chain in chains)


async def _age(snapshot: Snapshot, run: Run) -> timedelta:
    return await snapshot.now() - run.started_at
