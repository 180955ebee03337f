"""Who tells an endpoint, of several who could: on every engine."""

from datetime import UTC, datetime, timedelta

from tests.databases import Database
from tests.webhooks.receivers import receiving
from tests.webhooks.telling import (
    kill,
    run,
    telling,
    with_tickets,
)


def test_one_of_two_deliverers_tells_and_the_other_takes_over(database: Database) -> None:
    with_tickets(database, 20)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with receiving() as receiver, telling(database, at=clock, started=False) as second:
            async with telling(database, at=clock, killed=True) as first:
                webhook = await first.add(receiver.url)
                await first.override("t0")
                await first.told.count("delivered", 1)
                second.deliverer.start()
                for number in range(1, 10):
                    await first.override(f"t{number}")
                await first.told.count("delivered", 10)
                assert second.deliverer.endpoints == frozenset()
                await kill(first.deliverer)
            await second.override("t10")
            await second.told.until(lambda: len(second.told.backlogs) > 3)
            assert len(receiver.received) == 10  # the lease of the one that died holds
            clock.now += timedelta(seconds=31)
            await receiver.count(11)
            assert (await second.now(webhook)).leased_to == second.deliverer.holder
            await second.told.count("delivered", 1)
            assert len(receiver.received) == 11

    run(test())


def test_one_that_stops_in_order_lets_go_at_once(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as second:
            async with telling(database) as first:
                webhook = await first.add(receiver.url)
                await first.override("t0")
                await receiver.count(1)
            await second.override("t1")
            await receiver.until(lambda received: any("t1" in one.versions for one in received))
            assert (await second.now(webhook)).leased_to == second.deliverer.holder

    run(test())


def test_who_lost_the_lease_does_not_move_the_endpoint(database: Database) -> None:
    """The guard in the database itself, whatever the deliverers believe."""
    with_tickets(database, 1)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with telling(database, at=clock, started=False) as teller:
            webhook = await teller.add("https://example.com/")
            name, place = webhook.webhook_id, webhook.position

            async def lease(holder: str) -> bool:
                return name in await teller.store.commit(
                    lambda t: t.lease_webhooks([name], holder, 30)
                )

            async def move(holder: str, before: dict[int, int], after: dict[int, int]) -> bool:
                moved = await teller.store.commit(
                    lambda t: t.move_webhook(name, holder, before, after, [])
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
