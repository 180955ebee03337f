"""Verify: walk the journal's chains and find the first row of each that was tampered with.

A row that was edited has another hash than the one that stands in it; one that was removed or put
elsewhere leaves a gap; a chain that was cut off, or went on without us, does not end where its head
is. Whoever may write to the database can make all of that anew, hashes and heads too: against that
there are anchors, copies of the heads that are kept elsewhere.

The journal may grow while it is walked: each step looks at one moment.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from seatlatch.domain.feed import Position
from seatlatch.domain.refusal import InvalidRequest, Unavailable
from seatlatch.operations.prune_journal import told_of_prunes
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import Chain, Head, Row, hash_of, place_of

ROWS_AT_ONCE_MAX = 2_000

Hashes = Mapping[int, bytes]
"""By number the hash that an anchor knows."""


NOTHING: Position = MappingProxyType({})


class Anchor(NamedTuple):
    """Where a journal ended at a moment."""

    journal_key: str
    moment: datetime
    heads: Sequence[Head]


class Tampered(NamedTuple):
    """The first row of a chain that is not as it was written. `what` is a sentence."""

    chain: int
    number: int
    what: str


class Step(NamedTuple):
    """What a step found: how many `rows` are well, where it came to, and whether it goes on.

    `told`: how far each chain was pruned, as these rows tell.
    """

    rows: int
    at: Head
    tampered: Tampered | None = None
    goes_on: bool = False
    told: Position = NOTHING


async def take_anchor(snapshot: Snapshot) -> Anchor:
    """Where the journal ends now."""
    heads = [chain.head for chain in await snapshot.read_chains()]
    return Anchor(await snapshot.read_journal_key(), await snapshot.moment(), heads)


async def verify_journal(store: Store, anchor: Anchor | None = None) -> AsyncIterator[Step]:
    """Walk all chains, step by step; each ends with the first row that is not well.

    Raises `InvalidRequest` for an anchor of another journal, and `Unavailable`.
    """
    anchored: dict[int, dict[int, bytes]] = {}
    if anchor is not None:
        if await store.read(lambda seen: seen.read_journal_key()) != anchor.journal_key:
            raise InvalidRequest("The anchor is of another journal. Give the right file.")
        for chain, number, row_hash in anchor.heads:
            if number:
                anchored.setdefault(chain, {})[number] = row_hash
    with_rows = await _with_rows(store)
    chains = {chain.head.chain: chain for chain in await store.read(lambda s: s.read_chains())}
    told: dict[int, int] = {}
    failed = False
    for chain in sorted(chains.keys() | anchored.keys() | with_rows):
        if chain not in chains:
            yield Step(0, Head(chain, 0, b""), Tampered(chain, 0, "The chain's head was removed."))
            continue
        begin = chains[chain]
        step = Step(0, Head(chain, begin.pruned_number, begin.pruned_hash), goes_on=True)
        while step.goes_on:
            step = await _next_step(store, step.at, anchored.get(chain, {}))
            yield step
            failed = failed or step.tampered is not None
            for pruned, number in step.told.items():
                told[pruned] = max(told.get(pruned, 0), number)
    for chain, begin in chains.items():
        if begin.pruned_number > told.get(chain, 0) and not failed:
            what = "The rows up to here are gone, and no prune was written down."
            yield Step(0, begin.head, Tampered(chain, begin.pruned_number, what))


async def _with_rows(store: Store) -> set[int]:
    """All chains that have rows, whether or not they have a head."""
    found: set[int] = set()
    last = -1
    while (chain := await _chain_after(store, last)) is not None:
        found.add(chain)
        last = chain
    return found


async def _chain_after(store: Store, chain: int) -> int | None:
    return await store.read(lambda seen: seen.chain_with_rows_after(chain))


async def _next_step(store: Store, at: Head, anchored: Hashes) -> Step:
    try:
        return await store.read(partial(_look, at=at, anchored=anchored, rows_max=ROWS_AT_ONCE_MAX))
    except Unavailable:
        raise
    except Exception:
        return await _slow_step(store, at, anchored)


async def _slow_step(store: Store, at: Head, anchored: Hashes) -> Step:
    """One row, where several can't be read: whoever edits rows by hand may put anything there."""
    try:
        return await store.read(partial(_look, at=at, anchored=anchored, rows_max=1))
    except Unavailable:
        raise
    except Exception as error:
        what = f"The row was edited: it can't be read ({type(error).__name__})."
        return Step(0, at, Tampered(at.chain, at.number + 1, what))


async def _look(snapshot: Snapshot, at: Head, anchored: Hashes, rows_max: int) -> Step:
    chains = await snapshot.read_chains()
    chain = next((one for one in chains if one.head.chain == at.chain), None)
    if chain is None:
        return Step(0, at, Tampered(at.chain, 0, "The chain's head was removed."))
    (first,) = await snapshot.read_rows(Head(at.chain, -1, b""), 1) or (None,)
    if first is not None and place_of(first.entry_id)[1] <= chain.pruned_number:
        what = "The row was added where others were pruned."
        return Step(0, at, Tampered(at.chain, place_of(first.entry_id)[1], what))
    return _step(at, chain, await snapshot.read_rows(at, rows_max), anchored, rows_max)


def _step(at: Head, chain: Chain, rows: Sequence[Row], anchored: Hashes, rows_max: int) -> Step:
    whole = len(rows) == rows_max
    if chain.pruned_number > at.number:  # it was pruned meanwhile
        at = Head(at.chain, chain.pruned_number, chain.pruned_hash)
        rows = [row for row in rows if place_of(row.entry_id)[1] > at.number]
    if anchored.get(at.number, at.row_hash) != at.row_hash:
        pruned = "What was pruned last has another hash than the anchor says."
        return Step(0, at, Tampered(*at[:2], pruned))
    for nth, row in enumerate(rows):
        fault = _fault(at, row, chain.head, anchored)
        if fault:
            return Step(nth, at, Tampered(at.chain, at.number + 1, fault))
        at = Head(at.chain, at.number + 1, row.row_hash)
    told = told_of_prunes(rows)
    if at.number < chain.head.number and whole:
        return Step(len(rows), at, goes_on=True, told=told)
    fault = _fault_at_the_end(at, chain.head, anchored)
    tampered = Tampered(at.chain, at.number + 1, fault) if fault else None
    return Step(len(rows), at, tampered, told=told)


def _fault(before: Head, row: Row, head: Head, anchored: Hashes) -> str | None:
    """What is wrong with the row that stands after `before`; None = it is as it was written."""
    _, number = place_of(row.entry_id)
    if number != before.number + 1:
        return "The row was removed or put elsewhere."
    if number > head.number:
        return "The row was added behind the chain's head, or the head was set back."
    if hash_of(before.row_hash, row) != row.row_hash:
        return "The row was edited."
    if anchored.get(number, row.row_hash) != row.row_hash:
        return "The chain was made anew: the anchor has another hash for this row."
    return None


def _fault_at_the_end(at: Head, head: Head, anchored: Hashes) -> str | None:
    if at.number < head.number:
        return "The rows from here on were cut off."
    if at.row_hash != head.row_hash:
        return "The chain's head has another hash than its last row."
    if any(number > at.number for number in anchored):
        return "The anchor knows rows from here on; they were cut off, and the head was set back."
    return None
