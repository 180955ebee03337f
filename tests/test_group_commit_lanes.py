"""Group commit with several lanes: what goes on at once, what doesn't, and who is told when."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import pytest

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import FURTHER_LANE_TOKENS, LOOK_SECONDS, Bounds, GroupCommit
from seatlatch.store.interface import TicketsBusy

BOUNDS = Bounds(group_tokens=200, waiting_requests=100, wait_seconds=60)


class Wanted:
    """A change of some tickets, whose answer is its name."""

    def __init__(self, name: str, *tokens: str, many: int = 0) -> None:
        self.name = name
        self.tokens = tokens or tuple(f"{name}-{number}" for number in range(many or 1))

    @staticmethod
    async def work_off(transaction: Any, changes: Sequence[Any]) -> list[str]:
        transaction.append([change.name for change in changes])
        return [change.name for change in changes]


class Other(Wanted):
    """A change of another kind."""


class Held:
    """A store whose transactions end when the test lets them. It remembers what they held."""

    mixes_kinds = False

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.groups: list[list[str]] = []
        self.ends: list[asyncio.Future[None]] = []
        self.begun = asyncio.Event()
        self.in_use: set[str] = set()

    async def wait_for(self, groups: int) -> None:
        """Until so many have begun."""
        async with asyncio.timeout(20 * LOOK_SECONDS):
            while len(self.groups) < groups:
                self.begun.clear()
                await self.begun.wait()

    async def commit(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Waits for its end, which may be an error."""
        inside: list[list[str]] = []
        answers = await work(inside)
        self.groups.append([name for group in inside for name in group])
        end = asyncio.get_running_loop().create_future()
        self.ends.append(end)
        self.begun.set()
        await end
        return answers

    def end(self, number: int = 0, error: Exception | None = None) -> None:
        """Let the oldest but `number` that still runs come to its end."""
        running = [end for end in self.ends if not end.done()][number]
        if error is None:
            running.set_result(None)
        else:
            running.set_exception(error)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """Those that the test says."""
        return self.in_use.intersection(tokens)

    async def read(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Nobody reads."""
        raise NotImplementedError

    unfinished_commits = 0

    async def require_writable(self) -> None:
        """It always is."""

    async def credentials_version(self) -> int:
        """Nobody asks."""
        raise NotImplementedError

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """Nobody asks."""
        raise NotImplementedError

    async def read_credentials(self) -> Credentials:
        """Nobody asks."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go of."""


class Silent:
    """Nobody wants to know of groups."""

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """One more."""


class Case:
    """Group commit on a held store."""

    def __init__(self, lanes: int, bounds: Bounds) -> None:
        self.store = Held(lanes)
        self.commits = GroupCommit(self.store, Silent(), bounds)
        self.answers: dict[str, asyncio.Task[Any]] = {}

    async def submit(self, *changes: Wanted) -> None:
        """Submit one after the other, and let everything run that can."""
        for change in changes:
            task = asyncio.create_task(self.commits.submit(change))
            self.answers[change.name] = task
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self, number: int = 0, error: Exception | None = None) -> None:
        """Let one transaction come to its end, and all that follows from that."""
        self.store.end(number, error)
        await self.settle()

    @property
    def answered(self) -> set[str]:
        """Whose answer has come."""
        return {name for name, task in self.answers.items() if task.done()}


def run(
    test: Callable[[Case], Awaitable[None]], *, lanes: int = 2, bounds: Bounds = BOUNDS
) -> None:
    """Run a test, and stop in order."""

    async def main() -> None:
        case = Case(lanes, bounds)
        case.commits.start()
        await test(case)
        closing = asyncio.create_task(case.commits.close())
        while not closing.done():
            if any(not end.done() for end in case.store.ends):
                case.store.end()
            await case.settle()
        await closing

    asyncio.run(main())


def test_a_further_lane_begins_only_if_enough_waits() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b", many=FURTHER_LANE_TOKENS - 1))
        assert case.store.groups == [["a"]]
        await case.submit(Wanted("c"))
        assert case.store.groups == [["a"], ["b", "c"]]
        await case.submit(Wanted("d", many=FURTHER_LANE_TOKENS))
        assert len(case.store.groups) == 2, "there are two lanes"
        await case.end(1)
        assert case.answered == {"b", "c"}
        assert case.store.groups[2] == ["d"]

    run(test)


def test_who_has_waited_for_long_is_worth_a_further_lane() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"))
        assert case.store.groups == [["a"]]
        await case.store.wait_for(2)
        assert case.store.groups == [["a"], ["b"]]

    run(test)


def test_what_wants_a_ticket_that_is_in_work_waits_and_so_does_who_comes_after_it() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("first", "x"))
        await case.submit(Wanted("second", "x", "y"), Wanted("third", "y"))
        await case.submit(Wanted("large", many=FURTHER_LANE_TOKENS))
        assert case.store.groups == [["first"], ["large"]]
        await case.end(1)
        assert case.store.groups == [["first"], ["large"]], "second waits for x, third for y"
        await case.end()
        assert case.store.groups[2:] == [["second"]]
        await case.end()
        assert case.store.groups[3:] == [["third"]]

    run(test)


def test_kinds_never_share_a_group_and_none_is_starved() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"), Other("c"), Wanted("d"), Other("e"), Wanted("f"))
        order = []
        while case.answered != set("abcdef"):
            await case.end()
            order.append(set(case.answered))
        assert case.store.groups == [["a"], ["b", "d", "f"], ["c", "e"]]
        assert order[-1] == set("abcdef")

    run(test, lanes=1)


def test_where_kinds_mix_they_share_a_group() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"), Other("c"))
        await case.end()
        assert case.store.groups == [["a"], ["b", "c"]]

    try:
        Held.mixes_kinds = True
        run(test, lanes=1)
    finally:
        Held.mixes_kinds = False


def test_who_waits_too_long_is_told_and_what_has_not_begun_is_never_done() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("in work", "x"), Wanted("waiting", "x"))
        async with asyncio.timeout(20 * LOOK_SECONDS):
            for task in case.answers.values():
                with pytest.raises(Unavailable, match="in time"):
                    await task
        await case.end()
        assert case.store.groups == [["in work"]]
        await case.submit(Wanted("later", "x"))
        await case.end()
        assert await case.answers["later"] == "later"

    run(test, bounds=BOUNDS._replace(wait_seconds=LOOK_SECONDS))


def test_those_whose_tickets_are_free_do_not_wait_for_others() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("first"))
        await case.submit(*map(Wanted, "abcdef"))
        await case.end()
        case.store.in_use = {"b-0", "c-0", "e-0"}
        await case.end(error=TicketsBusy())
        await case.end()
        assert [await case.answers[name] for name in "adf"] == ["a", "d", "f"]
        case.store.in_use = {"b-0", "e-0"}
        await case.end(error=TicketsBusy())
        await case.end()
        assert await case.answers["c"] == "c"
        await case.end(error=TicketsBusy())
        assert case.store.groups[2:] == [list("adf"), list("bce"), ["c"], list("be")]
        refused = await asyncio.gather(case.answers["b"], case.answers["e"], return_exceptions=True)
        assert [type(refusal) for refusal in refused] == [Unavailable] * 2

    run(test, lanes=1)


def test_a_ticket_in_use_is_the_trouble_of_one() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"), Wanted("c"), Wanted("d"))
        await case.end()
        assert case.store.groups[1] == ["b", "c", "d"]
        await case.end(error=TicketsBusy())
        await case.end()
        await case.end(error=TicketsBusy())
        await case.end()
        assert [await case.answers[name] for name in "bd"] == ["b", "d"]
        with pytest.raises(Unavailable, match="in use"):
            await case.answers["c"]

    run(test, lanes=1)


def test_stopping_answers_also_what_waits_for_a_ticket_in_work() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a", "x"), Wanted("b", "x"), Wanted("c", "x"))
        closing = asyncio.create_task(case.commits.close())
        await case.settle()
        with pytest.raises(Unavailable, match="stopping"):
            await case.commits.submit(Wanted("late"))
        for _ in range(3):
            await case.end()
        await closing
        assert [await case.answers[name] for name in "abc"] == ["a", "b", "c"]

    run(test)
