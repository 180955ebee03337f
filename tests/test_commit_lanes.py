"""Group commit with two lanes: which changes run at once, in which order, and with which result."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest

from seatlatch import group_commit
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import FURTHER_LANE_TOKENS, Bounds, GroupCommit
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.ticket_verbs import HOLD, UNLOCK
from seatlatch.store.tickets import Hold, Mpreserve
from tests.databases import Database
from tests.gated_store import GatedStore
from tests.group_commit import Groups, settle
from tests.operations.changes import changing_locks, changing_unlocks, holding
from tests.serving import CHANNEL, ORGANIZATION, fill, listed

pytestmark = pytest.mark.only_on("postgres")

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
BOUNDS = Bounds(group_tokens=200, waiting_requests=1_000, wait_seconds=60)
HURRIED = BOUNDS._replace(wait_seconds=0.05)
ENOUGH = range(1, 1 + FURTHER_LANE_TOKENS)
"""Enough tickets for another lane to start."""


Test = Callable[[GroupCommit, GatedStore], Coroutine[Any, Any, None]]


def run(database: Database, test: Test, bounds: Bounds = BOUNDS) -> None:
    """Run a test on an inventory of t0 to t299, all listed."""
    fill(database, (listed(f"t{number}") for number in range(300)))
    real_store = database.store()

    async def main() -> None:
        store = GatedStore(real_store)
        committer = GroupCommit(store, Groups(), bounds)
        committer.start()
        try:
            async with asyncio.timeout(20):
                await test(committer, store)
        finally:
            store.let_all()
            await committer.close()
            await store.close()

    asyncio.run(main())


@pytest.fixture
def only_tokens_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the number of tokens start another lane, not the waiting time."""
    monkeypatch.setattr(group_commit, "CHECK_SECONDS", 60)


def unlock(*numbers: int) -> TicketChange[Mpreserve]:
    wanted = {f"t{number}": Mpreserve(MINE, None) for number in numbers}
    return changing_unlocks(wanted)


def lock(numbers: Iterable[int], listing: str) -> TicketChange[Mpreserve]:
    wanted = {f"t{n}": Mpreserve(MINE, Listing("BROKER", listing)) for n in numbers}
    return changing_locks(wanted)


def hold(*numbers: int) -> TicketChange[Hold]:
    return holding({f"t{number}": Hold("reason", None) for number in numbers})


async def submitted(committer: GroupCommit, change: Any) -> Any:
    return await committer.submit(change)


async def submit(committer: GroupCommit, *changes: Any) -> list["asyncio.Task[Any]"]:
    """In this order; what can begin has begun."""
    tasks = [asyncio.create_task(submitted(committer, change)) for change in changes]
    await settle()
    return tasks


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that takes the time of a real store or timer."""
    while not condition():
        await settle()


@pytest.mark.usefixtures("only_tokens_count")
def test_two_lanes_commit_at_once(database: Database) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        tasks = await submit(committer, unlock(0))
        tasks += await submit(committer, unlock(*ENOUGH))
        assert len(store.groups) == 2
        store.let(1)
        await tasks[1]
        assert not tasks[0].done()

    run(database, test)


@pytest.mark.usefixtures("only_tokens_count")
def test_another_lane_starts_only_for_enough_tokens(database: Database) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        await submit(committer, unlock(0), *map(unlock, ENOUGH[:-1]))
        await submit(committer)
        assert [len(group) for group in store.groups] == [FURTHER_LANE_TOKENS]
        await submit(committer, *(unlock(number) for number in range(150, 249)))
        assert len(store.groups) == 1, "not enough"
        await submit(committer, unlock(249))
        assert [len(group) for group in store.groups] == [FURTHER_LANE_TOKENS] * 2

    run(database, test)


def test_a_change_that_has_waited_starts_another_lane(database: Database) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        await submit(committer, unlock(0))
        await submit(committer, unlock(1))
        assert len(store.groups) == 1
        await until(lambda: len(store.groups) == 2)

    run(database, test)


@pytest.mark.usefixtures("only_tokens_count")
def test_a_ticket_is_in_progress_in_one_lane_only(database: Database) -> None:
    """Later changes of it wait, and so do later changes of their other tickets."""

    async def test(committer: GroupCommit, store: GatedStore) -> None:
        first = unlock(0)
        (one,) = await submit(committer, first)
        behind, next_one, free = lock([0, 200], "L1"), unlock(200), unlock(*ENOUGH)
        tasks = await submit(committer, behind, next_one, free)
        assert store.groups == [[first], [free]], "the others are skipped"
        store.let(1)
        await tasks[2]
        assert store.groups == [[first], [free]]
        store.let(0)
        await one
        await settle()
        assert store.groups[2:] == [[behind]], "then they follow in order"
        store.let_all()
        await asyncio.gather(*tasks)
        assert store.groups[3:] == [[next_one]]
        rows = database.rows()
        assert (rows["t0"]["external_listing_id"], rows["t200"]["mpreserve"]) == ("L1", False)

    run(database, test)


@pytest.mark.parametrize("seed", range(3))
def test_for_each_ticket_the_last_one_stays(database: Database, seed: int) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        store.let_all()
        chance = random.Random(seed)
        last: dict[str, str | None] = {}
        tasks = []
        for turn in range(300):
            numbers = chance.sample(range(60), chance.choice((1, 3, 40)))
            ends = chance.random() < 0.3
            listing = None if ends else f"L{turn}"
            change = unlock(*numbers) if ends else lock(numbers, f"L{turn}")
            last |= dict.fromkeys((f"t{number}" for number in numbers), listing)
            tasks += [asyncio.create_task(submitted(committer, change))]
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        rows = database.rows()
        assert {token: rows[token]["external_listing_id"] for token in last} == last

    run(database, test, BOUNDS._replace(group_tokens=120))


@pytest.mark.parametrize("mixes", [False, True])
def test_kinds_share_a_group_only_where_the_store_mixes_them(
    database: Database, mixes: bool
) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        store.mixes_kinds = mixes
        await submit(committer, unlock(299))
        await submit(committer, *(unlock(n) if n % 2 else hold(n) for n in range(20)))
        store.let_all()
        await until(lambda: sum(map(len, store.groups)) == 21)
        kinds = [len({change.kind for change in group}) for group in store.groups]
        assert kinds == ([1, 2] if mixes else [1, 1, 1])

    run(database, test)


@pytest.mark.usefixtures("only_tokens_count")
def test_no_kind_is_starved(database: Database) -> None:
    """The oldest waiting change decides the next kind, however many of another kind come."""

    async def test(committer: GroupCommit, store: GatedStore) -> None:
        await submit(committer, unlock(0))
        await submit(committer, unlock(1), hold(2), unlock(3))
        for turn in range(2):
            store.let(turn)
            await until(lambda turn=turn: len(store.groups) == turn + 2)  # type: ignore[misc]
            await submit(committer, *(unlock(number) for number in range(10 + turn, 50, 2)))
        assert [group[0].kind for group in store.groups[:3]] == [
            UNLOCK.write,
            UNLOCK.write,
            HOLD.write,
        ]

    run(database, test)


def test_a_change_that_waits_too_long_is_refused_and_never_made(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "CHECK_SECONDS", 0.01)

    async def test(committer: GroupCommit, store: GatedStore) -> None:
        in_work = await submit(committer, unlock(0), unlock(1))
        blocked = await submit(committer, unlock(0, 2))
        results = await asyncio.gather(*in_work, *blocked, return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert {getattr(result, "retry_after_seconds", None) for result in results} == {1}
        assert committer.waiting_requests == 0
        store.let_all()
        await until(lambda: not database.mpreserve_of()["t1"])
        await submit(committer, unlock(5))
        await until(lambda: not database.mpreserve_of()["t5"])
        mpreserve = database.mpreserve_of()
        done = {token for token, reserved in mpreserve.items() if not reserved}
        assert done == {"t0", "t1", "t5"}, "the group in progress continued"

    run(database, test, HURRIED)


def test_a_busy_ticket_fails_only_the_changes_of_it(database: Database) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        store.busy = {"t3", "t7"}
        await submit(committer, unlock(299))
        tasks = await submit(committer, *(unlock(number) for number in range(10)))
        store.let_all()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        refused = [number for number, result in enumerate(results) if not isinstance(result, list)]
        assert refused == [3, 7]
        assert all(isinstance(results[number], Unavailable) for number in refused)
        store.busy = set()
        (task,) = await submit(committer, unlock(3))
        assert isinstance(await task, list)

    run(database, test)


def test_closing_waits_for_changes_that_wait_for_a_lane(database: Database) -> None:
    async def test(committer: GroupCommit, store: GatedStore) -> None:
        tasks = await submit(committer, unlock(0))
        tasks += await submit(committer, lock([0, 1], "L"), unlock(1), hold(2), unlock(*ENOUGH[2:]))
        closing = asyncio.create_task(committer.close())
        await settle()
        with pytest.raises(Unavailable):
            await (await submit(committer, unlock(250)))[0]
        assert not closing.done()
        store.let_all()
        await closing
        assert all(isinstance(task.result(), list) for task in tasks)
        assert not database.mpreserve_of()["t1"]

    run(database, test)


def test_closing_does_not_wait_for_a_commit_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "CHECK_SECONDS", 0.01)

    async def test(committer: GroupCommit, store: GatedStore) -> None:
        tasks = await submit(committer, unlock(0))
        tasks += await submit(committer, unlock(0, 1))
        await committer.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 2
        store.let_all()
        await until(lambda: not database.mpreserve_of()["t0"])
        assert database.mpreserve_of()["t1"], "a change that only waited is not made"

    run(database, test, HURRIED)
