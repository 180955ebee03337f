"""Reads the seat map of an event from the tickets, in portions.

Each ticket is read once, in the state that it has when its portion is read. A map that then follows
the journal from a position before the first portion arrives at the state of every ticket.

See decision 176.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from heapq import merge
from itertools import islice

from seatlatch.domain.feed import Position
from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.rows import is_entry
from seatlatch.operations.portions import Portions, Turns, rest
from seatlatch.operations.seat_map import NewSeat, SeatMap, SeatState, natural_order
from seatlatch.store.events import EventSeat
from seatlatch.store.interface import Snapshot, Store

SEATS_MAX = 300_000
"""The most tickets of an event that has a map. The largest venues have fewer seats."""

PORTION_SEATS_MIN = 100
PORTION_SEATS_MAX = 2_000
PORTION_SECONDS_MIN = 0.0005
PORTION_SECONDS_MAX = 0.0015
"""See `Portions`. Short, since a request that comes meanwhile waits for several of them."""

RUN_SEATS = 500
"""The seats of a row that are sorted and added at once: about a millisecond."""

TOO_MANY_SEATS = (
    f"This event has more than {SEATS_MAX:,} tickets, which is too many for a map. Find its"
    " tickets by section instead."
)


Rows = dict[str, dict[str, list[EventSeat]]]
"""Tickets by section and row."""


class SeatMapReader:
    """Reads maps. `monotonic`: the seconds of a clock that only advances."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._portions = Portions(
            PORTION_SEATS_MIN, PORTION_SEATS_MAX, PORTION_SECONDS_MIN, PORTION_SECONDS_MAX
        )

    async def read(self, key: EventKey, position: Position) -> SeatMap:
        """The map of an event. `position`: the journal's end, or a position before it.

        Raises `InvalidRequest` if there are too many seats, and `Unavailable`.
        """
        rows: Rows = {}
        times: dict[int, int] = {}
        after_token, count = "", 0
        while True:
            limit = self._portions.size
            began = self._monotonic()
            work = partial(_read, key=key, after_token=after_token, limit=limit)
            seats, their_times = await self._store.read(work)
            for seat in seats:
                in_section = rows.setdefault(seat.section or "", {})
                in_section.setdefault(seat.row or "", []).append(seat)
            times.update(their_times)
            self._portions.adapt(self._monotonic() - began)
            count += len(seats)
            if count > SEATS_MAX:
                raise InvalidRequest(TOO_MANY_SEATS)
            if len(seats) < limit:
                return await self._arranged(SeatMap(key, position), rows, times)
            after_token = seats[-1].token
            await rest()

    async def _arranged(self, seat_map: SeatMap, rows: Rows, times: Mapping[int, int]) -> SeatMap:
        """Add all seats to a map, in the order in which people read sections, rows and seats.

        Empties `rows`: to drop all of it at once would take long.
        """
        order, turns = cache(natural_order), Turns(self._monotonic)

        def place(seat: EventSeat) -> tuple[object, str]:
            return order(seat.seat or ""), seat.token

        for section in sorted(rows, key=order):
            in_section = rows.pop(section)
            for row in sorted(in_section, key=order):
                in_row = in_section.pop(row)
                runs: list[list[EventSeat]] = []
                for first in range(0, len(in_row), RUN_SEATS):
                    runs.append(sorted(in_row[first : first + RUN_SEATS], key=place))
                    await turns.end()
                in_order = merge(*runs, key=place) if len(runs) > 1 else iter(runs[0])
                while some := list(islice(in_order, RUN_SEATS)):
                    seats = [_new_seat(seat, times.get(seat.entry_id, 0)) for seat in some]
                    seat_map.add_seats(section, row, seats)
                    await turns.end()
        return seat_map


async def _read(
    snapshot: Snapshot, key: EventKey, after_token: str, limit: int
) -> tuple[Sequence[EventSeat], Mapping[int, int]]:
    """Some tickets of an event, and the timestamps of the entries about them."""
    seats = await snapshot.events.read_seats(key, after_token, limit)
    entry_ids = {seat.entry_id for seat in seats if is_entry(seat.entry_id)}
    return seats, await snapshot.journal.read_times(entry_ids) if entry_ids else {}


def _new_seat(seat: EventSeat, since: int) -> NewSeat:
    end = seat.hold_expires_at
    until = None if end is None else int(end.timestamp())
    return NewSeat(
        seat.token, seat.seat or "", SeatState(seat.state, seat.channel_code, since, until)
    )
