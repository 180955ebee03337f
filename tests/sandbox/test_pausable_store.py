"""A paused store: no other call runs then, and none fails because of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from seatlatch.domain.refusal import Unavailable
from seatlatch.sandbox import pausable_store
from seatlatch.sandbox.pausable_store import PausableStore
from seatlatch.store.interface import Snapshot
from tests.databases import ON_SQLITE, Database

pytestmark = ON_SQLITE


def run(database: Database, use: Callable[[PausableStore], Awaitable[None]]) -> None:
    """Use a shared store within an event loop."""

    async def main() -> None:
        store = PausableStore(database.store())
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(main())


def test_who_is_in_there_is_waited_for_and_who_comes_waits(database: Database) -> None:
    said: list[str] = []

    async def use(store: PausableStore) -> None:
        leave = asyncio.Event()

        async def stay(_snapshot: Snapshot) -> None:
            said.append("in")
            await leave.wait()
            said.append("out")

        async def be_alone() -> None:
            async with store.paused():
                said.append("alone")
                later.append(asyncio.create_task(come()))
                await asyncio.sleep(0)
                said.append("no more")

        async def come() -> None:
            said.append(f"version {await store.credentials_version()}")

        later: list[asyncio.Task[None]] = []
        staying = asyncio.create_task(store.read(stay))
        await asyncio.sleep(0)
        one, other = asyncio.create_task(be_alone()), asyncio.create_task(be_alone())
        await asyncio.sleep(0)
        leave.set()
        await asyncio.gather(staying, one, other)
        await asyncio.gather(*later)

    run(database, use)
    assert said[:4] == ["in", "out", "alone", "no more"]
    assert said.count("version 1") == 2
    second = said.index("alone", 4)
    assert said[second + 1] == "no more", "nobody came in between"


def test_who_stays_for_too_long_is_not_put_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pausable_store, "PAUSE_SECONDS_MAX", 0.05)

    async def use(store: PausableStore) -> None:
        leave = asyncio.Event()
        staying = asyncio.create_task(store.read(lambda _: leave.wait()))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            async with store.paused():
                raise AssertionError("somebody is in there")
        assert await store.credentials_version() == 1, "the pause has ended"
        leave.set()
        assert await staying

    run(database, use)


def test_the_pause_ends_after_trouble(database: Database) -> None:
    async def use(store: PausableStore) -> None:
        with pytest.raises(TimeoutError):
            async with store.paused():
                raise TimeoutError
        assert await store.credentials_version() == 1

    run(database, use)
