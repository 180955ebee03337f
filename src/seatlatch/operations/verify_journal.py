"""Verify: find the first row of each chain of the journal that was tampered with.

A row that was edited has a hash that does not match its content; a row that was removed or moved
leaves a gap; a chain that was cut off, or extended by somebody else, does not end at its head.
Somebody with write access to the database can recompute all hashes and heads. Anchors reveal that:
copies of the heads, kept elsewhere.

The journal may grow meanwhile: each step uses its own snapshot.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from seatlatch.domain.feed import Position
from seatlatch.domain.refusal import InvalidRequest, Unavailable
from seatlatch.journal.chain import is_intact
from seatlatch.journal.rows import Head, Row, place_of
from seatlatch.operations.prune_journal import recorded_prunes
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import Chain

ROWS_AT_ONCE_MAX = 2_000

Hashes = Mapping[int, bytes]
"""The hashes in an anchor, by the number of their entry."""

NOTHING: Position = MappingProxyType({})


class Anchor(NamedTuple):
    """The ends of a journal's chains at a timestamp."""

    journal_key: str
    timestamp: datetime
    heads: Sequence[Head]


class Tampered(NamedTuple):
    """The first row of a chain that was tampered with. `what` is a sentence."""

    chain: int
    number: int
    what: str


class Step(NamedTuple):
    """The result of a step: the number of intact `rows`, the last of them, and whether more follow.

    `pruned`: the last pruned row of each chain, from the entries among these rows.
    """

    rows: int
    at: Head
    tampered: Tampered | None = None
    has_more: bool = False
    pruned: Position = NOTHING


async def take_anchor(snapshot: Snapshot) -> Anchor:
    """The current ends of the chains."""
    heads = [chain.head for chain in await snapshot.journal.read_chains()]
    return Anchor(await snapshot.journal.read_key(), await snapshot.now(), heads)


async def verify_journal(store: Store, anchor: Anchor | None = None) -> AsyncIterator[Step]:
    """Verify all chains step by step; each ends with the first row that was tampered with.

    Raises `InvalidRequest` for an anchor of another journal, and `Unavailable`.
    """
    anchored: dict[int, dict[int, bytes]] = {}
    if anchor is not None:
        if await store.read(lambda seen: seen.journal.read_key()) != anchor.journal_key:
            raise InvalidRequest("The anchor belongs to another journal. Pass its own file.")
        for chain, number, row_hash in anchor.heads:
            if number:
                anchored.setdefault(chain, {})[number] = row_hash
    with_rows = await _with_rows(store)
    chains = {
        chain.head.chain: chain for chain in await store.read(lambda s: s.journal.read_chains())
    }
    recorded: dict[int, int] = {}
    failed = False
    for chain in sorted(chains.keys() | anchored.keys() | with_rows):
        if chain not in chains:
            yield Step(0, Head(chain, 0, b""), Tampered(chain, 0, "The chain's head was removed."))
            continue
        begin = chains[chain]
        step = Step(0, Head(chain, begin.pruned_number, begin.pruned_hash), has_more=True)
        while step.has_more:
            step = await _next_step(store, step.at, anchored.get(chain, {}))
            yield step
            failed = failed or step.tampered is not None
            for pruned, number in step.pruned.items():
                recorded[pruned] = max(recorded.get(pruned, 0), number)
    for chain, begin in chains.items():
        if begin.pruned_number > recorded.get(chain, 0) and not failed:
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
    return await store.read(lambda seen: seen.journal.chain_with_rows_after(chain))


async def _next_step(store: Store, at: Head, anchored: Hashes) -> Step:
    try:
        return await store.read(
            partial(_read_step, at=at, anchored=anchored, rows_max=ROWS_AT_ONCE_MAX)
        )
    except Unavailable:
        raise
    except Exception:
        return await _slow_step(store, at, anchored)


async def _slow_step(store: Store, at: Head, anchored: Hashes) -> Step:
    """A step of one row, when several cannot be read: an edited row may contain anything."""
    try:
        return await store.read(partial(_read_step, at=at, anchored=anchored, rows_max=1))
    except Unavailable:
        raise
    except Exception as error:
        what = f"The row was edited: it can't be read ({type(error).__name__})."
        return Step(0, at, Tampered(at.chain, at.number + 1, what))


async def _read_step(snapshot: Snapshot, at: Head, anchored: Hashes, rows_max: int) -> Step:
    chains = await snapshot.journal.read_chains()
    chain = next((one for one in chains if one.head.chain == at.chain), None)
    if chain is None:
        return Step(0, at, Tampered(at.chain, 0, "The chain's head was removed."))
    (first,) = await snapshot.journal.read_rows(Head(at.chain, -1, b""), 1) or (None,)
    if first is not None and place_of(first.entry_id)[1] <= chain.pruned_number:
        what = "The row was added where others were pruned."
        return Step(0, at, Tampered(at.chain, place_of(first.entry_id)[1], what))
    return _step(at, chain, await snapshot.journal.read_rows(at, rows_max), anchored, rows_max)


def _step(at: Head, chain: Chain, rows: Sequence[Row], anchored: Hashes, rows_max: int) -> Step:
    whole = len(rows) == rows_max
    if chain.pruned_number > at.number:  # it was pruned meanwhile
        at = Head(at.chain, chain.pruned_number, chain.pruned_hash)
        rows = [row for row in rows if place_of(row.entry_id)[1] > at.number]
    if anchored.get(at.number, at.row_hash) != at.row_hash:
        pruned = "The last pruned row has another hash than the anchor."
        return Step(0, at, Tampered(*at[:2], pruned))
    for nth, row in enumerate(rows):
        fault = _fault(at, row, chain.head, anchored)
        if fault:
            return Step(nth, at, Tampered(at.chain, at.number + 1, fault))
        at = Head(at.chain, at.number + 1, row.row_hash)
    pruned_now = recorded_prunes(rows)
    if at.number < chain.head.number and whole:
        return Step(len(rows), at, has_more=True, pruned=pruned_now)
    fault = _fault_at_the_end(at, chain.head, anchored)
    tampered = Tampered(at.chain, at.number + 1, fault) if fault else None
    return Step(len(rows), at, tampered, pruned=pruned_now)


def _fault(before: Head, row: Row, head: Head, anchored: Hashes) -> str | None:
    """The problem of the row that follows `before`; None = it is intact."""
    _, number = place_of(row.entry_id)
    if number != before.number + 1:
        return "The row was removed or moved."
    if number > head.number:
        return "The row was added behind the chain's head, or the head was set back."
    if not is_intact(before.row_hash, row):
        return "The row was edited."
    if anchored.get(number, row.row_hash) != row.row_hash:
        return "The chain was rebuilt: the anchor has another hash for this row."
    return None


def _fault_at_the_end(at: Head, head: Head, anchored: Hashes) -> str | None:
    if at.number < head.number:
        return "The rows from here on were cut off."
    if at.row_hash != head.row_hash:
        return "The chain's head has another hash than its last row."
    if any(number > at.number for number in anchored):
        return "The anchor has rows from here on; they were cut off, and the head was set back."
    return None
