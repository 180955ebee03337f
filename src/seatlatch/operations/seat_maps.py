"""The seat maps of a process: read once for all that open them, and then kept up to date.

While anyone watches a map, one task reads the journal's end every 1.6 seconds, and all maps
follow it. So a change appears whichever process has made it, and the number of watchers does not
matter for the database.

See decisions 176 and 177.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from seatlatch.domain.feed import Position, covers
from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.new_entries import NewEntries
from seatlatch.operations.read_seat_map import SeatMapReader
from seatlatch.operations.seat_changes import SeatChange, read_changes
from seatlatch.operations.seat_map import SeatMap
from seatlatch.store.interface import Store

FOLLOW_SECONDS = 1.6
"""How often the journal's end is read. A change is on the screen within two seconds, and watchers
send no more requests than that needs.
"""

FRESH_SECONDS = 20.0
"""How long a map is used for those that open it. Then its seats are read again, since the journal
does not report what an import changes.
"""

UNWATCHED_SECONDS = 12.0
"""How long a map follows the journal after the last request for it."""

KEPT_SEATS_MAX = 600_000
"""The most seats of all maps of a process, at about 300 bytes each."""

KEPT_EVENTS_MAX = 1_000
"""The most events that have a map, which may have no seats."""

WAITING_REQUESTS_MAX = 1_000
"""How many requests may wait for changes; further ones get their response at once."""

FOLLOWED_CHANGES = 500
"""How many changes are applied to a map before other requests run; each may be of 100 tickets."""


class NewChanges(NamedTuple):
    """The changes up to a position, in their order."""

    changes: Sequence[SeatChange]
    end: Position


class News(NamedTuple):
    """A map and the seats that changed. None = all may have, since it is too long ago.

    A caller that has a map with another id needs this one.
    """

    seat_map: SeatMap
    changed: Collection[int] | None


@dataclass
class _Kept:
    """A map that follows the journal."""

    seat_map: SeatMap
    fresh_until: float
    used_at: float


class SeatMaps:
    """The maps of a process. To be used from one event loop.

    `monotonic`: the seconds of a clock that only advances.
    """

    def __init__(
        self,
        store: Store,
        monotonic: Callable[[], float],
        follow_seconds: float = FOLLOW_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._follow_seconds = follow_seconds
        self._reader = SeatMapReader(store, monotonic)
        self._kept: dict[EventKey, _Kept] = {}
        self._reading = asyncio.Lock()
        self._meanwhile: list[NewChanges] | None = None
        self._following: asyncio.Task[None] | None = None
        self._position: Position = {}
        self._entries = NewEntries(store, monotonic)
        self._news = asyncio.Event()
        self._watchers = 0

    def start(self) -> None:
        """Nothing to do: following the journal begins with the first map."""

    async def close(self) -> None:
        """Stop following the journal."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    def fresh(self, key: EventKey) -> SeatMap | None:
        """The map of an event, if its seats were read some seconds ago."""
        kept = self._followed(key)
        return kept.seat_map if kept and self._is_fresh(kept) else None

    async def opened(self, key: EventKey) -> SeatMap:
        """The map of an event, whose seats were read some seconds ago.

        Raises `InvalidRequest` if there are too many seats, and `Unavailable`.
        """
        return await self._get(key, self._is_fresh)

    def _is_fresh(self, kept: _Kept) -> bool:
        return self._monotonic() < kept.fresh_until

    async def news(self, key: EventKey, map_id: str, position: Position, deadline: float) -> News:
        """The changes of a map after a position, for somebody who has it.

        Waits for a change until `deadline`, a time of the event loop's clock. Raises as `opened`.
        """
        loop = asyncio.get_running_loop()
        while True:
            seat_map = await self._get(key, lambda _kept: True)
            changed = seat_map.changed_after(position)
            if changed or changed is None or seat_map.map_id != map_id:
                return News(seat_map, changed)
            if loop.time() >= deadline or self._watchers >= WAITING_REQUESTS_MAX:
                # A position of another process may be ahead, but not for as long as this.
                return News(seat_map, changed if covers(seat_map.position, position) else None)
            await self._wait_for_news(deadline)

    async def _wait_for_news(self, deadline: float) -> None:
        self._watchers += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._watchers -= 1

    async def _get(self, key: EventKey, suffices: Callable[[_Kept], bool]) -> SeatMap:
        """The map of an event, read unless one suffices. One map is read at a time, so that any
        number of callers delay other requests no more than one does.
        """
        kept = self._followed(key)
        if kept is None or not suffices(kept):
            async with self._reading:
                kept = self._followed(key)
                if kept is None or not suffices(kept):
                    kept = await self._read(key)
        kept.used_at = self._monotonic()
        return kept.seat_map

    def _followed(self, key: EventKey) -> _Kept | None:
        """The map of an event that follows the journal."""
        return self._kept.get(key) if self._is_following else None

    @property
    def _is_following(self) -> bool:
        return self._following is not None and not self._following.done()

    async def _read(self, key: EventKey) -> _Kept:
        began = self._monotonic()
        meanwhile = self._meanwhile = []
        try:
            if not self._is_following:
                self._kept.clear()
                self._position = await self._entries.end()
                self._following = asyncio.get_running_loop().create_task(self._follow())
            seat_map = await self._reader.read(key, self._position)
        finally:
            self._meanwhile = None
        for new in meanwhile:
            seat_map.follow(new.changes, new.end)
            seat_map.arrive(new.end)
        self._drop_seats(len(seat_map.states))
        kept = self._kept[key] = _Kept(seat_map, began + FRESH_SECONDS, began)
        return kept

    def _drop_seats(self, seats: int) -> None:
        """Drop the maps that were not used for longest, as far as there is too much."""
        by_use = sorted(self._kept, key=lambda key: self._kept[key].used_at)
        for key in by_use:
            seats += len(self._kept[key].seat_map.states)
        for key in by_use:
            if seats <= KEPT_SEATS_MAX and len(self._kept) < KEPT_EVENTS_MAX:
                break
            seats -= len(self._kept.pop(key).seat_map.states)

    async def _follow(self) -> None:
        """Follow the journal, as long as anyone needs it."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._kept or self._meanwhile is not None:
            due = max(due + self._follow_seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            with suppress(Unavailable):  # it is tried again
                await self._read_on()
            used_since = self._monotonic() - UNWATCHED_SECONDS
            for key in [key for key, kept in self._kept.items() if kept.used_at < used_since]:
                del self._kept[key]
            self._news.set()
            self._news = asyncio.Event()

    async def _read_on(self) -> None:
        """Read to the present end of the journal, and let the maps follow."""
        end = await self._entries.end()
        if not covers(end, self._position):  # an older state of the database was restored
            self._kept.clear()
            self._position = end
        changes: list[SeatChange] = []
        async for _, part in self._entries.parts(self._position, end, read_changes):
            changes += part.changes
        changes.sort(key=attrgetter("position"))
        if self._meanwhile is not None:
            self._meanwhile.append(NewChanges(changes, end))
        for kept in list(self._kept.values()):
            await _follow(kept.seat_map, changes, end)
        self._position = end


async def _follow(seat_map: SeatMap, changes: Sequence[SeatChange], end: Position) -> None:
    """Let a map follow, in portions."""
    for first in range(0, len(changes), FOLLOWED_CHANGES):
        seat_map.follow(changes[first : first + FOLLOWED_CHANGES], end)
        await asyncio.sleep(0)
    seat_map.arrive(end)
