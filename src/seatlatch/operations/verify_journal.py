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
from seatlatch.domain.verification import Tampered
from seatlatch.journal.chain import is_intact
from seatlatch.journal.rows import Head, Row, place_of
from seatlatch.operations.prune_journal import recorded_prunes
from seatlatch.store.interface import Snapshot, Store
from seatlatch.store.journal import Chain

ROWS_AT_ONCE_MAX = 2_000

Hashes = Mapping[int, bytes]
"""The hashes in an anchor, by the number of their entry."""

NOTHING: Position = MappingProxyType({})
BEFORE_ALL_CHAINS = Head(-1, 0, b"")


class Anchor(NamedTuple):
    """The ends of a journal's chains at a timestamp."""

    journal_key: str
    timestamp: datetime
    heads: Sequence[Head]


class Step(NamedTuple):
    """The result of a step: the number of intact `rows`, the last of them, and whether more follow.

    `pruned`: the last pruned row of each chain, from the entries among these rows.
    """

    rows: int
    at: Head
    tampered: Tampered | None = None
    has_more: bool = False
    pruned: Position = NOTHING


class Place(NamedTuple):
    """The place of a verification between two steps: all that the next step needs.

    `at`: the last row that was verified; `is_in_chain`: more of its chain follow. `unrecorded`: the
    last pruned row of each chain for which no entry about a prune was found yet. `anchored`: the
    hashes of the anchor by chain. `has_failed`: whether a chain was tampered with.
    """

    at: Head
    is_in_chain: bool
    unrecorded: Mapping[int, int]
    anchored: Mapping[int, Hashes]
    has_failed: bool = False


async def take_anchor(snapshot: Snapshot) -> Anchor:
    """The current ends of the chains."""
    heads = [chain.head for chain in await snapshot.journal.read_chains()]
    return Anchor(await snapshot.journal.read_key(), await snapshot.now(), heads)


async def verify_journal(store: Store, anchor: Anchor | None = None) -> AsyncIterator[Step]:
    """Verify all chains step by step; each ends with the first row that was tampered with.

    Raises `InvalidRequest` for an anchor of another journal, and `Unavailable`.
    """
    place: Place | None = await store.read(partial(begin_verification, anchor=anchor))
    while place is not None:
        step, place = await verify_step(store, place)
        yield step


async def begin_verification(snapshot: Snapshot, anchor: Anchor | None = None) -> Place:
    """The place before all chains. Raises `InvalidRequest` for an anchor of another journal."""
    anchored: dict[int, dict[int, bytes]] = {}
    if anchor is not None:
        if await snapshot.journal.read_key() != anchor.journal_key:
            raise InvalidRequest("The anchor belongs to another journal. Pass its own file.")
        for chain, number, row_hash in anchor.heads:
            if number:
                anchored.setdefault(chain, {})[number] = row_hash
    pruned = {one.head.chain: one.pruned_number for one in await snapshot.journal.read_chains()}
    unrecorded = {chain: number for chain, number in pruned.items() if number}
    return Place(BEFORE_ALL_CHAINS, False, unrecorded, anchored)


async def verify_step(
    store: Store, place: Place, rows_max: int = ROWS_AT_ONCE_MAX
) -> tuple[Step, Place | None]:
    """Verify the next rows; the place after them, None = that was the last step.

    Raises `Unavailable`.
    """
    at = place.at
    if not place.is_in_chain:
        begin = await store.read(partial(_next_chain, place=place))
        if begin is None:
            return _unrecorded(place)
        if isinstance(begin, Step):
            return begin, place._replace(at=begin.at, has_failed=True)
        at = begin
    step = await _next_step(store, at, place.anchored.get(at.chain, {}), rows_max)
    unrecorded = {
        chain: number
        for chain, number in place.unrecorded.items()
        if number > step.pruned.get(chain, 0)
    }
    has_failed = place.has_failed or step.tampered is not None
    return step, Place(step.at, step.has_more, unrecorded, place.anchored, has_failed)


async def _next_chain(snapshot: Snapshot, place: Place) -> Head | Step | None:
    """The start of the next chain, or what is found if it has no head; None = no more chains.

    A chain without a head is known by its rows, or by the anchor.
    """
    last = place.at.chain
    chains = {chain.head.chain: chain for chain in await snapshot.journal.read_chains()}
    with_rows = await snapshot.journal.chain_with_rows_after(last)
    known = [*chains, *place.anchored, *([] if with_rows is None else [with_rows])]
    number = min((chain for chain in known if chain > last), default=None)
    if number is None:
        return None
    if number not in chains:
        tampered = Tampered(number, 0, "The chain's head was removed.")
        return Step(0, Head(number, 0, b""), tampered)
    return Head(number, chains[number].pruned_number, chains[number].pruned_hash)


def _unrecorded(place: Place) -> tuple[Step, Place | None]:
    """The last step, or one for each chain whose rows were removed without a prune. If rows were
    tampered with, the entry about the prune may be among them.
    """
    if place.has_failed or not place.unrecorded:
        return Step(0, place.at), None
    (chain, number), *rest = sorted(place.unrecorded.items())
    what = "The rows up to here are gone, and no prune was written down."
    step = Step(0, place.at, Tampered(chain, number, what))
    return step, place._replace(unrecorded=dict(rest)) if rest else None


async def _next_step(store: Store, at: Head, anchored: Hashes, rows_max: int) -> Step:
    try:
        return await store.read(partial(_read_step, at=at, anchored=anchored, rows_max=rows_max))
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
