"""Reads the seat map of an event from the tickets, in portions.

Each ticket is read once, in the state that it has when its portion is read. A map that then follows
the journal from a position before the first portion arrives at the state of every ticket.

See decision 176.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

from seatlatch.domain.feed import Position
from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.journal.rows import is_entry
from seatlatch.operations.portions import Portions, rest
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

TOO_MANY_SEATS = (
    f"This event has more than {SEATS_MAX:,} tickets, which is too many for a map. Find its"
    " tickets by section instead."
)


class SeatRows(NamedTuple):
    """A portion of an event's tickets, and the timestamps of the entries about them."""

    seats: Sequence[EventSeat]
    times: Mapping[int, int]


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
        read: list[SeatRows] = []
        after_token, count = "", 0
        while True:
            limit = self._portions.size
            began = self._monotonic()
            work = partial(_read, key=key, after_token=after_token, limit=limit)
            rows = await self._store.read(work)
            self._portions.adapt(self._monotonic() - began)
            read.append(rows)
            count += len(rows.seats)
            if count > SEATS_MAX:
                raise InvalidRequest(TOO_MANY_SEATS)
            if len(rows.seats) < limit:
                # In a thread, since it takes longer than requests should wait.
                return await asyncio.to_thread(arranged, key, read, position)
            after_token = rows.seats[-1].token
            await rest()


async def _read(snapshot: Snapshot, key: EventKey, after_token: str, limit: int) -> SeatRows:
    seats = await snapshot.events.read_seats(key, after_token, limit)
    entry_ids = {seat.entry_id for seat in seats if is_entry(seat.entry_id)}
    times = await snapshot.journal.read_times(entry_ids) if entry_ids else {}
    return SeatRows(seats, times)


def arranged(key: EventKey, read: list[SeatRows], position: Position) -> SeatMap:
    """The map of seats, in the order in which people read sections, rows and seats.

    Empties `read`: to drop all of it at the end would hold up the other threads.
    """
    by_section: dict[str, dict[str, list[tuple[EventSeat, int]]]] = {}
    while read:
        seats, times = read.pop(0)
        for seat in seats:
            rows = by_section.setdefault(seat.section or "", {})
            in_row = rows.setdefault(seat.row or "", [])
            in_row.append((seat, times.get(seat.entry_id, 0)))
    order = cache(natural_order)
    seat_map = SeatMap(key, position)
    for section in sorted(by_section, key=order):
        rows = by_section.pop(section)
        for row in sorted(rows, key=order):
            in_row = rows.pop(row)
            in_row.sort(key=lambda placed: (order(placed[0].seat or ""), placed[0].token))
            seat_map.add_row(section, row, [_new_seat(*placed) for placed in in_row])
    return seat_map


def _new_seat(seat: EventSeat, since: int) -> NewSeat:
    end = seat.hold_expires_at
    until = None if end is None else int(end.timestamp())
    return NewSeat(
        seat.token, seat.seat or "", SeatState(seat.state, seat.channel_code, since, until)
    )
