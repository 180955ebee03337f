"""Reading a seat map: its seats, their order and their states, in portions."""

import asyncio

import pytest

from seatlatch.domain.listing import Listing
from seatlatch.domain.performance import EventKey
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations import read_seat_map
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    void_tickets,
)
from seatlatch.operations.seat_map import SeatMap
from seatlatch.operations.seat_maps import FRESH_SECONDS
from seatlatch.store.tickets import NewTicket
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.operations.seat_map_processes import CALLER, GAME, MINE, SEATS, Process, seat, state
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, add_tickets


def test_a_map_has_sections_rows_and_seats_in_the_order_in_which_people_read_them(
    process: Process,
) -> None:
    seats = process.opened()
    assert [(s.name, [(r.name, r.length) for r in s.rows]) for s in seats.sections] == [
        ("", [("", 1)]),
        ("9", [("1", 1)]),
        ("101", [("A", 2), ("AA", 1)]),
    ]
    assert list(seats.tokens) == ["t5", "t4", "t2", "t1", "t3"]
    assert list(seats.names) == ["", "1", "9", "10", "1"]


def test_a_map_has_only_the_seats_of_its_event_and_organization(process: Process) -> None:
    for key, tokens in (
        (EventKey(ORGANIZATION, "OTHER"), ["other"]),
        (EventKey(FOREIGN_ORGANIZATION, GAME.access_id), ["foreign"]),
        (EventKey("none", "none"), []),
    ):
        assert list(process.opened(key).tokens) == tokens


def test_a_map_shows_every_state_as_it_was_read(process: Process) -> None:
    run, committer = process.store.run, process.committer
    listing = Listing("MY_ACCOUNT")
    run(lock_tickets(committer, CALLER, MINE, {"t1": listing, "t2": listing}))
    run(hold_tickets(committer, ASKER, ["t2", "t3"], "moving", over_listing=True))
    run(hold_tickets(committer, ASKER, ["t5"], "moving", 600))
    run(void_tickets(committer, ASKER, ["t4"]))
    seat_map = process.opened()
    states = {token: state(seat_map, token) for token in seat_map.tokens}
    assert {token: one[:2] for token, one in states.items()} == {
        "t1": (TicketState.LISTED, CHANNEL),
        "t2": (TicketState.HELD, CHANNEL),
        "t3": (TicketState.HELD, None),
        "t4": (TicketState.VOIDED, None),
        "t5": (TicketState.HELD, None),
    }
    assert all(one.since > 1_700_000_000 for one in states.values())
    assert states["t5"].until is not None
    assert abs(states["t5"].until - states["t5"].since - 600) <= 1
    assert states["t2"].until is None


def test_ten_that_open_a_map_at_once_cost_one_read(process: Process) -> None:
    process.opened()
    one = process.counting.reads
    process.now += FRESH_SECONDS

    async def ten() -> list[SeatMap]:
        return await asyncio.gather(*(process.maps.opened(GAME) for _ in range(10)))

    process.counting.reads = 0
    found = process.store.run(ten())
    assert all(seat_map is found[0] for seat_map in found)
    assert process.counting.reads < 2 * one


def test_an_event_with_too_many_seats_has_no_map(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_seat_map, "SEATS_MAX", 4)
    with pytest.raises(InvalidRequest, match="too many for a map"):
        process.opened()


def test_a_large_map_is_read_in_portions(process: Process, database: Database) -> None:
    more = [seat(f"x{n:04}", f"S{n % 7}", str(n % 30), str(n)) for n in range(1_500)]
    add_tickets(database, more)
    process.counting.reads = 0
    seat_map = process.opened()
    assert len(seat_map.tokens) == 1_505
    assert process.counting.reads > 3
    assert sorted(seat_map.tokens) == sorted([*(t.token for t in more + SEATS[:5])])


def test_a_row_with_very_many_seats_is_in_order_too(
    process: Process, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_seat_map, "RUN_SEATS", 7)
    key = EventKey(ORGANIZATION, "GA")
    numbers = [n * 61 % 101 for n in range(1, 101)]
    add_tickets(
        database,
        [NewTicket(f"ga{n}", ORGANIZATION, "owner", key.access_id, seat=str(n)) for n in numbers],
    )
    seat_map = process.opened(key)
    assert list(seat_map.names) == [str(n) for n in range(1, 101)]
    assert [(row.first, row.length) for row in seat_map.sections[0].rows] == [(0, 100)]
