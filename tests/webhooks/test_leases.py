"""Which of several processes delivers to an endpoint, on every engine."""

from datetime import UTC, datetime, timedelta

from tests.databases import Database
from tests.webhooks.receivers import receiving
from tests.webhooks.webhook_harness import (
    dispatching,
    kill,
    run,
    with_tickets,
)


def test_one_of_two_dispatchers_delivers_and_the_other_takes_over(database: Database) -> None:
    with_tickets(database, 20)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with (
            receiving() as receiver,
            dispatching(database, at=clock, started=False) as second,
        ):
            async with dispatching(database, at=clock, killed=True) as first:
                webhook = await first.add(receiver.url)
                await first.override("t0")
                await first.observer.count("delivered", 1)
                second.dispatcher.start()
                for number in range(1, 10):
                    await first.override(f"t{number}")
                await first.observer.count("delivered", 10)
                assert second.dispatcher.endpoints == frozenset()
                await kill(first.dispatcher)
            await second.override("t10")
            await second.observer.until(lambda: len(second.observer.backlogs) > 3)
            assert len(receiver.received) == 10  # the lease of the dead one has not ended
            clock.now += timedelta(seconds=31)
            await receiver.count(11)
            assert (await second.now(webhook)).leased_to == second.dispatcher.holder
            await second.observer.count("delivered", 1)
            assert len(receiver.received) == 11

    run(test())


def test_a_regular_stop_releases_the_lease_at_once(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as second:
            async with dispatching(database) as first:
                webhook = await first.add(receiver.url)
                await first.override("t0")
                await receiver.count(1)
            await second.override("t1")
            await receiver.until(lambda received: any("t1" in one.versions for one in received))
            assert (await second.now(webhook)).leased_to == second.dispatcher.holder

    run(test())


def test_a_process_without_the_lease_cannot_move_the_endpoint(database: Database) -> None:
    """The database itself checks it, whatever the dispatchers assume."""
    with_tickets(database, 1)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with dispatching(database, at=clock, started=False) as harness:
            webhook = await harness.add("https://example.com/")
            name, place = webhook.webhook_id, webhook.position

            async def lease(holder: str) -> bool:
                return name in await harness.store.commit(
                    lambda t: t.webhooks.lease([name], holder, 30)
                )

            async def move(holder: str, before: dict[int, int], after: dict[int, int]) -> bool:
                moved = await harness.store.commit(
                    lambda t: t.webhooks.move(name, holder, before, after, [])
                )
                return moved is not None

            assert await lease("a")
            assert not await lease("b")
            assert await lease("a")
            assert not await move("b", dict(place), {1: 5})
            assert not await move("a", {1: 3}, {1: 5})
            assert await move("a", dict(place), {1: 5})
            clock.now += timedelta(seconds=30)
            assert not await move("a", {1: 5}, {1: 6})
            assert await lease("b")
            assert await move("b", {1: 5}, {1: 6})
            assert not await lease("a")

    run(test())


def test_entries_that_no_process_has_read_are_counted(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, started=False) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await harness.override("t1")
            harness.dispatcher.start()
            await harness.observer.count("delivered", 2)
            await harness.observer.until(lambda: harness.observer.unread[-1] == 0)
            assert harness.observer.unread[0] == 2

    run(test())
