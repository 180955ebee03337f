"""The model of a seat map: its order, ends of holds, and what it remembers of changes."""

from seatlatch.domain.feed import Position, covers
from seatlatch.domain.performance import EventKey
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations.seat_changes import SeatChange
from seatlatch.operations.seat_map import NewSeat, SeatMap, SeatState, natural_order
from tests.cases import all_cases

KEY = EventKey("1001", "GAME")
TOKENS = [f"t{n}" for n in range(8)]


def made() -> SeatMap:
    seat_map = SeatMap(KEY, {1: 10})
    free = SeatState(TicketState.FREE, None, 0, None)
    seat_map.add_seats("101", "A", [NewSeat(token, token[1:], free) for token in TOKENS])
    return seat_map


def follow(seat_map: SeatMap, end: Position, changes: list[SeatChange]) -> None:
    """Follow all changes up to a position."""
    seat_map.follow(changes, end)
    seat_map.arrive(end)


def held(*tokens: str, until: int | None = None, channel: str | None = None) -> SeatChange:
    return SeatChange(0, tokens, TicketState.HELD, channel, 1_700_000_000, until)


ORDERS = {
    "numbers": ["1", "2", "10", "100"],
    "letters and numbers": ["A", "A2", "A10", "B", "b1"],
    "numbers first": ["", "9", "101", "GA", "Lower 2", "lower 10"],
    "digits of other scripts": ["1", "٢", "3"],
    "the same number written in two ways": ["007", "7"],
}


@all_cases("name", ORDERS)
def test_names_are_in_the_order_in_which_people_read_them(name: str) -> None:
    expected = ORDERS[name]
    assert sorted(expected, key=natural_order) == expected
    orders = [natural_order(one) for one in expected]
    assert sorted(map(natural_order, reversed(expected))) == orders


def test_a_hold_that_has_ended_leaves_the_seat_free_or_listed() -> None:
    seat_map = made()
    follow(seat_map, {1: 11}, [held("t1", until=200), held("t2", until=200, channel="c")])
    since = 1_700_000_000
    assert seat_map.state_at(1, 199) == SeatState(TicketState.HELD, None, since, 200)
    assert seat_map.state_at(1, 200) == SeatState(TicketState.FREE, None, since, None)
    assert seat_map.state_at(2, 200) == SeatState(TicketState.LISTED, "c", since, None)


def test_a_change_ends_the_hold_before_it() -> None:
    seat_map = made()
    follow(seat_map, {1: 11}, [held("t1", until=200)])
    follow(seat_map, {1: 12}, [SeatChange(0, ["t1"], TicketState.FREE, None, 5)])
    assert seat_map.state_at(1, 0) == SeatState(TicketState.FREE, None, 5, None)
    assert seat_map.until == {}


def test_changes_after_a_position_are_those_of_all_portions_since() -> None:
    seat_map = made()
    follow(seat_map, {1: 11}, [held("t1")])
    follow(seat_map, {1: 12}, [held("other")])
    follow(seat_map, {1: 13, 2: 1}, [held("t2")])
    assert seat_map.changed_after({1: 10}) == {1, 2}
    assert seat_map.changed_after({1: 11}) == {2}
    assert seat_map.changed_after({1: 12}) == {2}
    assert seat_map.changed_after({1: 13}) == {2}  # not yet the other chain
    assert seat_map.changed_after({1: 13, 2: 1}) == set()
    assert seat_map.changed_after({1: 99, 2: 99}) == set()
    assert seat_map.changed_after({1: 9}) is None


def test_no_more_than_half_of_the_seats_is_remembered() -> None:
    seat_map = made()
    follow(seat_map, {1: 11}, [held("t1")])
    follow(seat_map, {1: 12}, [held("t2", "t3")])
    follow(seat_map, {1: 13}, [held("t4", "t5")])
    assert seat_map.changed_after({1: 10}) is None
    assert seat_map.changed_after({1: 11}) == {2, 3, 4, 5}
    follow(seat_map, {1: 14}, [held(*TOKENS)])
    assert seat_map.changed_after({1: 13}) is None
    assert seat_map.changed_after({1: 14}) == set()


def test_a_position_covers_another_if_it_has_read_as_far_in_every_chain() -> None:
    assert covers({1: 5, 2: 3}, {1: 5})
    assert covers({1: 5}, {1: 4, 2: 0})
    assert not covers({1: 5}, {1: 5, 2: 1})
    assert not covers({}, {1: 1})
    assert covers({}, {})


def test_maps_have_the_same_id_if_they_have_the_same_seats_in_the_same_order() -> None:
    free = SeatState(TicketState.FREE, None, 0, None)
    seat_map = made()
    follow(seat_map, {1: 11}, [held("t1")])
    assert seat_map.map_id == made().map_id
    for section, row, token, name in (
        ("102", "A", "t9", "9"),
        ("101", "B", "t9", "9"),
        ("101", "A", "t8", "9"),
        ("101", "A", "t9", "8"),
    ):
        one, other = made(), made()
        one.add_seats("101", "A", [NewSeat("t9", "9", free)])
        other.add_seats(section, row, [NewSeat(token, name, free)])
        assert one.map_id != other.map_id


def test_a_reader_that_comes_in_between_gets_the_changes_again() -> None:
    seat_map = made()
    seat_map.follow([held("t1")], {1: 12})
    assert (seat_map.position, seat_map.changed_after({1: 10})) == ({1: 10}, {1})
    seat_map.follow([held("t2")], {1: 12})
    assert seat_map.changed_after({1: 10}) == {1, 2}
    seat_map.arrive({1: 12})
    assert seat_map.changed_after({1: 10}) == {1, 2}
    assert seat_map.changed_after({1: 12}) == set()
