"""Group commit with several lanes: which changes run at once, and when each gets its result."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any

import pytest

from seatlatch.domain.application import Credentials
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import CHECK_SECONDS, FURTHER_LANE_TOKENS, Bounds, GroupCommit
from seatlatch.store.interface import Surroundings, TicketsBusy
from tests.group_commit import Wanted

BOUNDS = Bounds(group_tokens=200, waiting_requests=100, wait_seconds=60)


class Other(Wanted):
    """A change of another kind."""


class Held:
    """A store whose transactions end when the test says so. It records their changes."""

    mixes_kinds = False

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.groups: list[list[str]] = []
        self.ends: list[asyncio.Future[None]] = []
        self.started = asyncio.Event()
        self.in_use: set[str] = set()

    async def wait_for(self, groups: int) -> None:
        """Wait until this many transactions have started."""
        async with asyncio.timeout(20 * CHECK_SECONDS):
            while len(self.groups) < groups:
                self.started.clear()
                await self.started.wait()

    async def commit(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Wait until `end` ends it, which may be with an error."""
        inside: list[list[str]] = []
        results = await work(inside)
        self.groups.append([name for group in inside for name in group])
        end = asyncio.get_running_loop().create_future()
        self.ends.append(end)
        self.started.set()
        await end
        return results

    def end(self, number: int = 0, error: Exception | None = None) -> None:
        """End the running transaction with this number, counted from the oldest."""
        running = [end for end in self.ends if not end.done()][number]
        if error is None:
            running.set_result(None)
        else:
            running.set_exception(error)

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """The tokens that the test has set."""
        return self.in_use.intersection(tokens)

    async def read(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """Not called."""
        raise NotImplementedError

    unfinished_commits = 0

    async def require_writable(self) -> None:
        """Always writable."""

    async def surroundings(self) -> Surroundings:
        """Not called."""
        raise NotImplementedError

    async def credentials_version(self) -> int:
        """Not called."""
        raise NotImplementedError

    async def credentials_version_and_time(self) -> tuple[int, datetime]:
        """Not called."""
        raise NotImplementedError

    async def read_credentials(self, _known: Credentials | None = None) -> Credentials:
        """Not called."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to close."""


class Silent:
    """An observer that ignores groups."""

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        """Ignore it."""


class Case:
    """Group commit on a held store."""

    def __init__(self, lanes: int, bounds: Bounds) -> None:
        self.store = Held(lanes)
        self.committer = GroupCommit(self.store, Silent(), bounds)
        self.tasks: dict[str, asyncio.Task[Any]] = {}

    async def submit(self, *changes: Wanted) -> None:
        """Submit changes in order, and let all tasks run as far as they can."""
        for change in changes:
            task = asyncio.create_task(self.committer.submit(change))
            self.tasks[change.name] = task
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        """Let all tasks run as far as they can."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self, number: int = 0, error: Exception | None = None) -> None:
        """End one transaction and let all tasks run as far as they can."""
        self.store.end(number, error)
        await self.settle()

    @property
    def finished(self) -> set[str]:
        """The names of the changes with a result."""
        return {name for name, task in self.tasks.items() if task.done()}


def run(
    test: Callable[[Case], Awaitable[None]], *, lanes: int = 2, bounds: Bounds = BOUNDS
) -> None:
    """Run a test, and then stop regularly."""

    async def main() -> None:
        case = Case(lanes, bounds)
        case.committer.start()
        await test(case)
        closing = asyncio.create_task(case.committer.close())
        while not closing.done():
            if any(not end.done() for end in case.store.ends):
                case.store.end()
            await case.settle()
        await closing

    asyncio.run(main())


def test_another_lane_starts_only_if_enough_tokens_wait() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b", many=FURTHER_LANE_TOKENS - 1))
        assert case.store.groups == [["a"]]
        await case.submit(Wanted("c"))
        assert case.store.groups == [["a"], ["b", "c"]]
        await case.submit(Wanted("d", many=FURTHER_LANE_TOKENS))
        assert len(case.store.groups) == 2, "there are two lanes"
        await case.end(1)
        assert case.finished == {"b", "c"}
        assert case.store.groups[2] == ["d"]

    run(test)


def test_a_change_that_has_waited_starts_another_lane() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"))
        assert case.store.groups == [["a"]]
        await case.store.wait_for(2)
        assert case.store.groups == [["a"], ["b"]]

    run(test)


def test_a_change_of_a_ticket_in_progress_waits_and_so_do_changes_behind_it() -> None:
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
        while case.finished != set("abcdef"):
            await case.end()
            order.append(set(case.finished))
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


def test_a_late_change_is_refused_and_never_made_if_it_has_not_started() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("in progress", "x"), Wanted("waiting", "x"))
        async with asyncio.timeout(20 * CHECK_SECONDS):
            for task in case.tasks.values():
                with pytest.raises(Unavailable, match="in time"):
                    await task
        await case.end()
        assert case.store.groups == [["in progress"]]
        await case.submit(Wanted("later", "x"))
        await case.end()
        assert await case.tasks["later"] == "later"

    run(test, bounds=BOUNDS._replace(wait_seconds=CHECK_SECONDS))


def test_changes_of_free_tickets_do_not_wait_for_busy_ones() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("first"))
        await case.submit(*map(Wanted, "abcdef"))
        await case.end()
        case.store.in_use = {"b-0", "c-0", "e-0"}
        await case.end(error=TicketsBusy())
        await case.end()
        assert [await case.tasks[name] for name in "adf"] == ["a", "d", "f"]
        case.store.in_use = {"b-0", "e-0"}
        await case.end(error=TicketsBusy())
        await case.end()
        assert await case.tasks["c"] == "c"
        await case.end(error=TicketsBusy())
        assert case.store.groups[2:] == [list("adf"), list("bce"), ["c"], list("be")]
        refused = await asyncio.gather(case.tasks["b"], case.tasks["e"], return_exceptions=True)
        assert [type(refusal) for refusal in refused] == [Unavailable] * 2

    run(test, lanes=1)


def test_a_busy_ticket_fails_only_one_change() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a"))
        await case.submit(Wanted("b"), Wanted("c"), Wanted("d"))
        await case.end()
        assert case.store.groups[1] == ["b", "c", "d"]
        await case.end(error=TicketsBusy())
        await case.end()
        await case.end(error=TicketsBusy())
        await case.end()
        assert [await case.tasks[name] for name in "bd"] == ["b", "d"]
        with pytest.raises(Unavailable, match="Another request is changing"):
            await case.tasks["c"]

    run(test, lanes=1)


def test_stopping_also_finishes_changes_that_wait_for_a_ticket() -> None:
    async def test(case: Case) -> None:
        await case.submit(Wanted("a", "x"), Wanted("b", "x"), Wanted("c", "x"))
        closing = asyncio.create_task(case.committer.close())
        await case.settle()
        with pytest.raises(Unavailable, match="stopping"):
            await case.committer.submit(Wanted("late"))
        for _ in range(3):
            await case.end()
        await closing
        assert [await case.tasks[name] for name in "abc"] == ["a", "b", "c"]

    run(test)
