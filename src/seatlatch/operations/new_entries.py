"""Reads the journal's new entries in portions, for those that follow it in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from seatlatch.domain.feed import Position
from seatlatch.journal.rows import Head
from seatlatch.operations.portions import Portions
from seatlatch.store.interface import Snapshot, Store

PORTION_ENTRIES_MIN = 200
PORTION_ENTRIES_MAX = 1_000
PORTION_SECONDS_MIN = 0.001
PORTION_SECONDS_MAX = 0.002
"""See `Portions`: the entries of the journal that are read before other requests run."""


class Part(Protocol):
    """The result of some entries of a chain."""

    @property
    def number(self) -> int | None:
        """The number of the last of these entries; None = there are no more."""


AnyPart = TypeVar("AnyPart", bound=Part)
ReadPart = Callable[[Snapshot, Head, int], Awaitable[AnyPart]]
"""Reads the entries of a chain after a head, at most the number given last."""


class NewEntries:
    """Reads entries in portions whose size depends on how long the last one took.

    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._portions = Portions(
            PORTION_ENTRIES_MIN, PORTION_ENTRIES_MAX, PORTION_SECONDS_MIN, PORTION_SECONDS_MAX
        )

    async def end(self) -> Position:
        """The position of the journal's end. Raises `Unavailable`."""
        return await self._store.read(_read_position)

    async def parts(
        self, position: Position, end: Position, read: ReadPart[AnyPart]
    ) -> AsyncIterator[tuple[int, AnyPart]]:
        """The results of the entries after `position` up to `end`, with their chains.

        Raises `Unavailable`.
        """
        for chain, last in end.items():
            number: int | None = position.get(chain, 0)
            while number is not None and number < last:  # None: `journal verify` reports the gap
                part = await self._read(Head(chain, number, b""), last - number, read)
                number = part.number
                yield chain, part
                await asyncio.sleep(0)

    async def _read(self, head: Head, entries: int, read: ReadPart[AnyPart]) -> AnyPart:
        began = self._monotonic()
        limit = min(self._portions.size, entries)
        part = await self._store.read(lambda snapshot: read(snapshot, head, limit))
        self._portions.adapt(self._monotonic() - began)
        return part


async def _read_position(snapshot: Snapshot) -> Position:
    return await snapshot.journal.read_position()
