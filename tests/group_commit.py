"""Group commit on a real store behind a gate, so that a test says who waits and who shares."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.store.interface import Result, Store, Transaction
from tests.databases import Database
from tests.serving import fill, listed
from tests.stores import Around

BOUNDS = Bounds(group_tokens=100, waiting_requests=100, wait_seconds=60)


class Gate(Around):
    """A real store behind a gate: a commit waits until the test lets it through."""

    def __init__(self, inside: Store, lanes: int = 1) -> None:
        super().__init__(inside)
        self.lanes = lanes
        self.open = asyncio.Event()
        self.open.set()
        self.commits = 0
        self.refusing = False
        self.refuse_from = 10**9

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        await self.open.wait()
        self.commits += 1
        if self.refusing or self.commits >= self.refuse_from:
            raise Unavailable("away")
        return await super().commit(work)


class Groups:
    """Remembers what it was told of groups."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def group_committed(self, requests: int, tokens: int, seconds: float) -> None:
        assert seconds >= 0
        self.sizes.append((requests, tokens))


def run(
    database: Database,
    test: Callable[[GroupCommit, Gate, Groups], Coroutine[Any, Any, None]],
    bounds: Bounds = BOUNDS,
) -> None:
    """Run a test on an inventory of t0 to t199, all listed."""
    fill(database, (listed(f"t{number}") for number in range(200)))
    store = database.store()

    async def main() -> None:
        gate, groups = Gate(store), Groups()
        commits = GroupCommit(gate, groups, bounds)
        commits.start()
        try:
            await test(commits, gate, groups)
        finally:
            gate.open.set()
            try:
                await commits.close()
            finally:
                await gate.close()

    asyncio.run(main())


async def waiting(commits: GroupCommit, changes: Sequence[Any]) -> list[asyncio.Task[Any]]:
    """Submit behind a closed gate: the first change is in a group of its own, the rest wait."""
    tasks = []
    for change in changes:
        tasks.append(asyncio.create_task(commits.submit(change)))
        await settle()
    return tasks


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)
