"""Processes of a server as tests of seat maps use them, and the seats of an event."""

import asyncio
from collections.abc import Awaitable, Callable

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position
from seatlatch.domain.journal import Asker
from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import Unavailable
from seatlatch.operations.seat_map import SeatMap, SeatState
from seatlatch.operations.seat_maps import News, SeatMaps
from seatlatch.store.interface import Result, Snapshot, Store
from seatlatch.store.tickets import NewTicket
from tests.operations.changes import ASKER
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OWNER
from tests.stores import Around, OpenStore

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
CALLER = Asker(ASKER.request_id, "com.example.test", CHANNEL)
GAME = EventKey(ORGANIZATION, "GAME")
TICK_SECONDS = 0.01
PATIENCE_SECONDS = 20


def seat(token: str, section: str | None, row: str | None, name: str | None) -> NewTicket:
    return NewTicket(token, ORGANIZATION, OWNER, GAME.access_id, section, row, name)


SEATS = [
    seat("t1", "101", "A", "10"),
    seat("t2", "101", "A", "9"),
    seat("t3", "101", "AA", "1"),
    seat("t4", "9", "1", "1"),
    seat("t5", None, None, None),
    NewTicket("other", ORGANIZATION, OWNER, "OTHER", "101", "A", "11"),
    NewTicket("foreign", FOREIGN_ORGANIZATION, OWNER, GAME.access_id, "101", "A", "11"),
]


class CountingStore(Around):
    """A real store that counts what it reads, and can be out of reach."""

    def __init__(self, inside: Store) -> None:
        super().__init__(inside)
        self.reads = 0
        self.is_away = False

    async def read(self, work: Callable[[Snapshot], Awaitable[Result]]) -> Result:
        self._require_in_reach()
        self.reads += 1
        result = await super().read(work)
        self._require_in_reach()  # it may have gone away since the read began
        return result

    def _require_in_reach(self) -> None:
        if self.is_away:
            raise Unavailable("away")


class Process:
    """A process of a server: its store, and its maps."""

    def __init__(self, store: OpenStore, counting: CountingStore) -> None:
        self.store = store
        self.counting = counting
        self.now = 100.0
        self.maps = SeatMaps(counting, lambda: self.now, TICK_SECONDS)
        self.committer = CommitEach(counting)

    def opened(self, key: EventKey = GAME) -> SeatMap:
        return self.store.run(self.maps.opened(key))

    def news(
        self,
        seat_map: SeatMap,
        after: Position | None = None,
        *,
        wait: float = PATIENCE_SECONDS,
    ) -> News:
        """What changes in a map after a position, or from now on."""
        return self.store.run(self.soon(seat_map, after, wait))

    async def soon(
        self, seat_map: SeatMap, after: Position | None = None, wait: float = PATIENCE_SECONDS
    ) -> News:
        """The same, in the process's loop."""
        deadline = asyncio.get_running_loop().time() + wait
        position = seat_map.position if after is None else after
        return await self.maps.news(GAME, seat_map.map_id, position, deadline)


def state(seat_map: SeatMap, token: str, now: int = 0) -> SeatState:
    number = seat_map.number_of(token)
    assert number is not None
    return seat_map.state_at(number, now)
