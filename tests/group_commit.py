"""Group commit on a real store behind a gate: a test decides which changes wait and share."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from seatlatch.commit import Change
from seatlatch.domain.refusal import Unavailable
from seatlatch.group_commit import Bounds, GroupCommit
from seatlatch.store.interface import Result, Store, Transaction
from tests.databases import Database
from tests.serving import fill, listed
from tests.stores import Around

BOUNDS = Bounds(group_tokens=100, waiting_requests=100, wait_seconds=60)


class Gate(Around):
    """A real store behind a gate: a commit waits until the test opens the gate."""

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
            raise Unavailable("unavailable")
        return await super().commit(work)


class Groups:
    """Records the sizes of groups."""

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
        committer = GroupCommit(gate, groups, bounds)
        committer.start()
        try:
            await test(committer, gate, groups)
        finally:
            gate.open.set()
            try:
                await committer.close()
            finally:
                await gate.close()

    asyncio.run(main())


async def waiting(committer: GroupCommit, changes: Sequence[Any]) -> list[asyncio.Task[Any]]:
    """Submit behind a closed gate: the first change is alone in a group, the others wait."""
    tasks = []
    for change in changes:
        tasks.append(asyncio.create_task(committer.submit(change)))
        await settle()
    return tasks


async def settle() -> None:
    """Let all tasks run as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Wanted(Change[str]):
    """A change of some tickets, whose result is its name."""

    def __init__(self, name: str, *tokens: str, many: int = 0) -> None:
        self.name = name
        self._tokens = tokens or tuple(f"{name}-{number}" for number in range(many or 1))

    @property
    def tokens(self) -> Sequence[str]:
        return self._tokens

    @staticmethod
    async def apply(transaction: Any, changes: Sequence[Any]) -> list[str]:
        transaction.append([change.name for change in changes])
        return [change.name for change in changes]
