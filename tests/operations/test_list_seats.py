"""Lists of a map's seats by filter, page by page."""

import asyncio

import pytest

from seatlatch.domain.performance import EventKey
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations import list_seats as listing
from seatlatch.operations.list_seats import ListedSeats, SeatFilter, list_seats
from seatlatch.operations.seat_map import NewSeat, SeatMap, SeatState
from tests.cases import all_cases

FREE, LISTED, HELD = TicketState.FREE, TicketState.LISTED, TicketState.HELD
NOW = 1_000
STATES = {
    "t1": SeatState(FREE, None, 0, None),
    "t2": SeatState(LISTED, "a", 900, None),
    "t3": SeatState(LISTED, "b", 500, None),
    "t4": SeatState(HELD, "a", 100, None),
    "t5": SeatState(HELD, None, 800, 999),
}


def made() -> SeatMap:
    seat_map = SeatMap(EventKey("1001", "GAME"), {})
    for section, row, tokens in (
        ("1", "A", ["t1", "t2"]),
        ("1", "B", ["t3"]),
        ("2", "", ["t4", "t5"]),
    ):
        seat_map.add_seats(section, row, [NewSeat(t, t[1:], STATES[t]) for t in tokens])
    return seat_map


def found(
    wanted: SeatFilter, after: str | None = None, limit: int = 10
) -> tuple[ListedSeats, list[str]]:
    page = asyncio.run(list_seats(made(), wanted, after, limit, NOW))
    return page, [seat.token for seat in page.seats]


@all_cases(
    ("wanted", "expected"),
    [
        (SeatFilter(), ["t1", "t2", "t3", "t4", "t5"]),
        (SeatFilter(section="2"), ["t4", "t5"]),
        (SeatFilter(section=""), []),
        (SeatFilter(states=frozenset({FREE})), ["t1", "t5"]),  # the hold of t5 has ended
        (SeatFilter(states=frozenset({LISTED, HELD})), ["t2", "t3", "t4"]),
        (SeatFilter(channel_code="a"), ["t2", "t4"]),
        (SeatFilter(changed_after=800), ["t2", "t5"]),
        (SeatFilter(changed_before=500), ["t1", "t4"]),
        (SeatFilter("1", frozenset({LISTED}), "b", 400, 600), ["t3"]),
    ],
)
def test_filters(wanted: SeatFilter, expected: list[str]) -> None:
    page, tokens = found(wanted)
    assert tokens == expected
    assert page.next_token is None


def test_a_seat_is_listed_with_its_place() -> None:
    page, _ = found(SeatFilter(section="1"))
    assert page.seats[2][1:] == ("1", "B", "3", STATES["t3"])


@pytest.mark.parametrize("at_once", [1, 2_000])
def test_pages_follow_each_other(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(listing, "EXAMINED_AT_ONCE_SEATS", at_once)
    seen: list[list[str]] = []
    after: str | None = None
    while not seen or after:
        page, tokens = found(SeatFilter(), after, 2)
        seen.append(tokens)
        after = page.next_token
    assert seen == [["t1", "t2"], ["t3", "t4"], ["t5"]]


def test_the_list_begins_again_after_a_ticket_that_is_no_longer_there() -> None:
    assert found(SeatFilter(), "gone")[1] == ["t1", "t2", "t3", "t4", "t5"]
