"""The maps of a process: read once, shared, and following the journal of every process."""

import asyncio

import pytest

from seatlatch.domain.listing import Listing
from seatlatch.domain.performance import EventKey
from seatlatch.domain.ticket_filter import TicketState
from seatlatch.operations import seat_maps
from seatlatch.operations.change_tickets import (
    hold_tickets,
    lock_tickets,
    override_unlock,
    release_tickets,
    unlock_tickets,
    void_tickets,
)
from seatlatch.operations.seat_maps import FRESH_SECONDS, News
from tests.databases import Database
from tests.operations.changes import ASKER
from tests.operations.seat_map_processes import (
    CALLER,
    GAME,
    MINE,
    TICK_SECONDS,
    Process,
    seat,
    state,
)
from tests.serving import ORGANIZATION, add_tickets


def test_every_change_of_another_process_arrives_as_it_is_read_later(
    process: Process, database: Database
) -> None:
    add_tickets(database, [seat(f"more{n}", "200", "A", str(n)) for n in range(10)])
    seat_map = process.opened()
    assert state(seat_map, "t1") == (TicketState.FREE, None, 0, None)
    listing = Listing("MY_ACCOUNT")
    changes = (
        lambda c: lock_tickets(c, CALLER, MINE, {"t1": listing, "t2": listing, "other": listing}),
        lambda c: hold_tickets(c, ASKER, ["t1", "t3"], "moving", over_listing=True),
        lambda c: release_tickets(c, ASKER, ["t1", "t3"]),
        lambda c: hold_tickets(c, ASKER, ["t3"], "moving", 600),
        lambda c: unlock_tickets(c, CALLER, MINE, ["t1"]),
        lambda c: override_unlock(c, ASKER, ["t2"], "sold"),
        lambda c: void_tickets(c, ASKER, ["t4"]),
    )
    tokens = (("t1", "t2"), ("t1", "t3"), ("t1", "t3"), ("t3",), ("t1",), ("t2",), ("t4",))
    for change, changed in zip(changes, tokens, strict=True):
        before = seat_map.position
        database.change(change)
        news = process.news(seat_map, before)
        assert news.seat_map is seat_map
        assert news.changed == {seat_map.number_of(token) for token in changed}
        process.now += FRESH_SECONDS
        again = process.opened()
        assert again is not seat_map
        for token in seat_map.tokens:
            followed, read = state(seat_map, token), state(again, token)
            assert followed[:3] == read[:3], token
            assert (followed.until is None) == (read.until is None)
            assert abs((followed.until or 0) - (read.until or 0)) <= 1
        seat_map = again


def test_all_watchers_get_one_read(process: Process, database: Database) -> None:
    seat_map = process.opened()
    process.counting.reads = 0

    async def fifty() -> list[News]:
        watching = [asyncio.ensure_future(process.soon(seat_map)) for _ in range(50)]
        lock = {"t1": Listing("MY_ACCOUNT")}
        await asyncio.to_thread(
            database.change, lambda committer: lock_tickets(committer, CALLER, MINE, lock)
        )
        return await asyncio.gather(*watching)

    before = seat_map.position
    for news in process.store.run(fifty()):
        assert news.changed == {seat_map.number_of("t1")}
    ticks = process.counting.reads
    assert seat_map.position != before
    assert ticks < 50  # two for each tick, not for each watcher


def test_without_a_change_a_watcher_is_told_so_in_the_end(process: Process) -> None:
    seat_map = process.opened()
    news = process.news(seat_map, wait=0.05)
    assert news == News(seat_map, set())


def test_an_import_makes_another_map_for_those_who_open_it_and_those_who_watch(
    process: Process, database: Database
) -> None:
    old = process.opened()
    add_tickets(database, [seat("t9", "101", "A", "1")])
    assert process.opened() is old
    process.now += FRESH_SECONDS
    new = process.opened()
    assert new.map_id != old.map_id
    assert new.number_of("t9") is not None
    assert process.news(old).seat_map is new


def test_who_has_missed_too_much_gets_the_state_of_all_seats(process: Process) -> None:
    seat_map = process.opened()
    begin = seat_map.position

    async def missed() -> News:
        for token in ("t1", "t2", "t3"):
            before = seat_map.position
            await hold_tickets(process.committer, ASKER, [token], "moving")
            await process.maps.news(GAME, seat_map.map_id, before, deadline=1e9)
        return await process.maps.news(GAME, seat_map.map_id, begin, deadline=0)

    assert process.store.run(missed()) == News(seat_map, None)  # three of five are too many


def test_who_is_ahead_of_this_process_waits_for_it_but_not_for_ever(process: Process) -> None:
    seat_map = process.opened()
    ahead = {chain: number + 1 for chain, number in (seat_map.position or {1: 0}).items()}

    async def ask(wait: float) -> News:
        deadline = asyncio.get_running_loop().time() + wait
        return await process.maps.news(GAME, seat_map.map_id, ahead, deadline)

    assert process.store.run(ask(0)) == News(seat_map, None)


def test_a_database_that_was_away_loses_no_change(process: Process) -> None:
    seat_map = process.opened()
    before = seat_map.position

    async def away() -> News:
        process.counting.is_away = True
        await hold_tickets(process.committer, ASKER, ["t1"], "moving")
        deadline = asyncio.get_running_loop().time() + 5 * TICK_SECONDS
        nothing = await process.maps.news(GAME, seat_map.map_id, before, deadline)
        assert nothing.changed == set()
        process.counting.is_away = False
        return await process.soon(seat_map)

    assert process.store.run(away()).changed == {seat_map.number_of("t1")}


def test_a_map_that_nobody_uses_is_dropped_and_costs_nothing_more(process: Process) -> None:
    seat_map = process.opened()
    process.now += seat_maps.UNWATCHED_SECONDS + 1

    async def until_nothing_is_read() -> int:
        following = process.maps._following
        assert following is not None
        await following
        return process.counting.reads

    reads = process.store.run(until_nothing_is_read())
    assert process.opened() is not seat_map
    assert process.counting.reads > reads


@pytest.mark.parametrize(("limit", "most"), [("KEPT_SEATS_MAX", 5), ("KEPT_EVENTS_MAX", 1)])
def test_only_so_much_is_kept(
    process: Process, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(seat_maps, limit, most)
    other = process.opened(EventKey(ORGANIZATION, "OTHER"))
    game = process.opened()
    assert process.opened() is game
    process.now += 1
    assert process.opened(EventKey(ORGANIZATION, "OTHER")) is not other


def test_a_gap_in_the_journal_stops_no_later_change(process: Process, database: Database) -> None:
    seat_map = process.opened()
    before = seat_map.position
    database.change(lambda committer: hold_tickets(committer, ASKER, ["t1"], "moving"))
    database.execute("DELETE FROM journal")
    assert process.news(seat_map, before, wait=0.1).changed == set()
    database.change(lambda committer: hold_tickets(committer, ASKER, ["t3"], "moving"))
    assert process.news(seat_map, before).changed == {seat_map.number_of("t3")}


def test_what_was_made_of_a_map_is_not_kept_for_long(process: Process) -> None:
    seat_map = process.opened()
    seat_map.derived["made"] = b""

    async def until_it_is_gone() -> None:
        while "made" in seat_map.derived:
            await process.soon(seat_map, wait=TICK_SECONDS)

    process.store.run(until_it_is_gone())
