"""Group commit with two lanes: who works beside whom, in which order, and who is told what."""

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
from seatlatch.operations.box_office import HoldTickets
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.store.interface import Hold, Mpreserve
from tests.databases import Database
from tests.group_commit import Groups, settle
from tests.operations.changes import changing_locks, changing_unlocks, holding
from tests.serving import CHANNEL, ORGANIZATION, fill, listed
from tests.turnstile import Turnstile

pytestmark = pytest.mark.only_on("postgres")

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
BOUNDS = Bounds(group_tokens=200, waiting_requests=1_000, wait_seconds=60)
HURRIED = BOUNDS._replace(wait_seconds=0.05)
ENOUGH = range(1, 1 + FURTHER_LANE_TOKENS)
"""Tickets of which a further lane thinks that they are worth it."""


Test = Callable[[GroupCommit, Turnstile], Coroutine[Any, Any, None]]


def run(database: Database, test: Test, bounds: Bounds = BOUNDS) -> None:
    """Run a test on an inventory of t0 to t299, all listed."""
    fill(database, (listed(f"t{number}") for number in range(300)))
    store = database.store()

    async def main() -> None:
        turnstile = Turnstile(store)
        commits = GroupCommit(turnstile, Groups(), bounds)
        commits.start()
        try:
            async with asyncio.timeout(20):
                await test(commits, turnstile)
        finally:
            turnstile.let_all()
            await commits.close()
            await turnstile.close()

    asyncio.run(main())


@pytest.fixture
def nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a further lane is begun for the tokens' sake alone."""
    monkeypatch.setattr(group_commit, "LOOK_SECONDS", 60)


def unlock(*numbers: int) -> MpreserveChange:
    wanted = {f"t{number}": Mpreserve(MINE, None) for number in numbers}
    return changing_unlocks(wanted)


def lock(numbers: Iterable[int], listing: str) -> MpreserveChange:
    wanted = {f"t{n}": Mpreserve(MINE, Listing("BROKER", listing)) for n in numbers}
    return changing_locks(wanted)


def hold(*numbers: int) -> HoldTickets:
    return holding({f"t{number}": Hold("reason", None) for number in numbers})


async def submitted(commits: GroupCommit, change: Any) -> Any:
    return await commits.submit(change)


async def submit(commits: GroupCommit, *changes: Any) -> list["asyncio.Task[Any]"]:
    """In this order; what can begin has begun."""
    tasks = [asyncio.create_task(submitted(commits, change)) for change in changes]
    await settle()
    return tasks


async def until(condition: Callable[[], bool]) -> None:
    """What takes the time of a real store, or of a watch."""
    while not condition():
        await settle()


@pytest.mark.usefixtures("nobody_waits_long")
def test_two_lanes_work_at_once(database: Database) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        tasks = await submit(commits, unlock(0))
        tasks += await submit(commits, unlock(*ENOUGH))
        assert len(turnstile.groups) == 2
        turnstile.let(1)
        await tasks[1]
        assert not tasks[0].done()

    run(database, test)


@pytest.mark.usefixtures("nobody_waits_long")
def test_a_further_lane_begins_only_for_enough_tokens(database: Database) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        await submit(commits, unlock(0), *map(unlock, ENOUGH[:-1]))
        await submit(commits)
        assert [len(group) for group in turnstile.groups] == [FURTHER_LANE_TOKENS]
        await submit(commits, *(unlock(number) for number in range(150, 249)))
        assert len(turnstile.groups) == 1, "not enough"
        await submit(commits, unlock(249))
        assert [len(group) for group in turnstile.groups] == [FURTHER_LANE_TOKENS] * 2

    run(database, test)


def test_who_has_waited_is_worth_a_further_lane(database: Database) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        await submit(commits, unlock(0))
        await submit(commits, unlock(1))
        assert len(turnstile.groups) == 1
        await until(lambda: len(turnstile.groups) == 2)

    run(database, test)


@pytest.mark.usefixtures("nobody_waits_long")
def test_a_ticket_is_in_one_lane_only(database: Database) -> None:
    """Whoever wants it too waits, and whoever wants a ticket of that one after it."""

    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        first = unlock(0)
        (one,) = await submit(commits, first)
        behind, next_one, free = lock([0, 200], "L1"), unlock(200), unlock(*ENOUGH)
        tasks = await submit(commits, behind, next_one, free)
        assert turnstile.groups == [[first], [free]], "the others are passed over"
        turnstile.let(1)
        await tasks[2]
        assert turnstile.groups == [[first], [free]]
        turnstile.let(0)
        await one
        await settle()
        assert turnstile.groups[2:] == [[behind]], "and then they come in their order"
        turnstile.let_all()
        await asyncio.gather(*tasks)
        assert turnstile.groups[3:] == [[next_one]]
        rows = database.rows()
        assert (rows["t0"]["external_listing_id"], rows["t200"]["mpreserve"]) == ("L1", False)

    run(database, test)


@pytest.mark.parametrize("seed", range(3))
def test_for_each_ticket_the_last_one_stays(database: Database, seed: int) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        turnstile.let_all()
        chance = random.Random(seed)
        last: dict[str, str | None] = {}
        tasks = []
        for turn in range(300):
            numbers = chance.sample(range(60), chance.choice((1, 3, 40)))
            ends = chance.random() < 0.3
            listing = None if ends else f"L{turn}"
            change = unlock(*numbers) if ends else lock(numbers, f"L{turn}")
            last |= dict.fromkeys((f"t{number}" for number in numbers), listing)
            tasks += [asyncio.create_task(submitted(commits, change))]
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
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        turnstile.mixes_kinds = mixes
        await submit(commits, unlock(299))
        await submit(commits, *(unlock(n) if n % 2 else hold(n) for n in range(20)))
        turnstile.let_all()
        await until(lambda: sum(map(len, turnstile.groups)) == 21)
        kinds = [len({type(change) for change in group}) for group in turnstile.groups]
        assert kinds == ([1, 2] if mixes else [1, 1, 1])

    run(database, test)


@pytest.mark.usefixtures("nobody_waits_long")
def test_no_kind_is_starved(database: Database) -> None:
    """Of those who wait the first one says which kind is next, however many of another come."""

    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        await submit(commits, unlock(0))
        await submit(commits, unlock(1), hold(2), unlock(3))
        for turn in range(2):
            turnstile.let(turn)
            await until(lambda turn=turn: len(turnstile.groups) == turn + 2)  # type: ignore[misc]
            await submit(commits, *(unlock(number) for number in range(10 + turn, 50, 2)))
        assert [type(group[0]) for group in turnstile.groups[:3]] == [
            MpreserveChange,
            MpreserveChange,
            HoldTickets,
        ]

    run(database, test)


def test_who_waits_too_long_is_told_and_never_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LOOK_SECONDS", 0.01)

    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        in_work = await submit(commits, unlock(0), unlock(1))
        blocked = await submit(commits, unlock(0, 2))
        answers = await asyncio.gather(*in_work, *blocked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert {getattr(answer, "retry_after_seconds", None) for answer in answers} == {1}
        assert commits.waiting_requests == 0
        turnstile.let_all()
        await until(lambda: not database.mpreserve_of()["t1"])
        await submit(commits, unlock(5))
        await until(lambda: not database.mpreserve_of()["t5"])
        mpreserve = database.mpreserve_of()
        done = {token for token, reserved in mpreserve.items() if not reserved}
        assert done == {"t0", "t1", "t5"}, "what was in work went on"

    run(database, test, HURRIED)


def test_a_kept_ticket_is_the_trouble_of_those_who_want_it(database: Database) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        turnstile.busy = {"t3", "t7"}
        await submit(commits, unlock(299))
        tasks = await submit(commits, *(unlock(number) for number in range(10)))
        turnstile.let_all()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        refused = [number for number, answer in enumerate(answers) if not isinstance(answer, list)]
        assert refused == [3, 7]
        assert all(isinstance(answers[number], Unavailable) for number in refused)
        turnstile.busy = set()
        (task,) = await submit(commits, unlock(3))
        assert isinstance(await task, list)

    run(database, test)


def test_closing_waits_for_those_who_wait_for_a_lane(database: Database) -> None:
    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        tasks = await submit(commits, unlock(0))
        tasks += await submit(commits, lock([0, 1], "L"), unlock(1), hold(2), unlock(*ENOUGH[2:]))
        closing = asyncio.create_task(commits.close())
        await settle()
        with pytest.raises(Unavailable):
            await (await submit(commits, unlock(250)))[0]
        assert not closing.done()
        turnstile.let_all()
        await closing
        assert all(isinstance(task.result(), list) for task in tasks)
        assert not database.mpreserve_of()["t1"]

    run(database, test)


def test_closing_does_not_wait_for_a_commit_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LOOK_SECONDS", 0.01)

    async def test(commits: GroupCommit, turnstile: Turnstile) -> None:
        tasks = await submit(commits, unlock(0))
        tasks += await submit(commits, unlock(0, 1))
        await commits.close()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 2
        turnstile.let_all()
        await until(lambda: not database.mpreserve_of()["t0"])
        assert database.mpreserve_of()["t1"], "what only waited is not done"

    run(database, test, HURRIED)
