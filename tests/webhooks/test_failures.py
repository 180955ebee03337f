"""What becomes of what a receiver does not take, or takes slowly: on every engine."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.webhook import MessageState, WebhookState
from seatlatch.operations import write_webhooks
from tests.databases import Database
from tests.webhooks.receivers import Received, answering, receiving, take
from tests.webhooks.telling import (
    FAST,
    SENDING,
    run,
    telling,
    with_tickets,
)


def test_a_failure_is_tried_again_under_the_same_id(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("failed", 2)
            receiver.respond = take
            await teller.told.count("delivered", 1)
            assert len(receiver.received) == 3
            assert len({one.message_id for one in receiver.received}) == 1
            (delivery,) = await teller.deliveries(webhook)
            assert (delivery.attempts, delivery.problem) == (3, None)

    run(test())


def test_a_ticket_waits_for_its_earlier_change_and_others_do_not(database: Database) -> None:
    with_tickets(database, 3)

    async def test() -> None:
        stuck = asyncio.Event()

        async def respond(received: Received) -> bytes:
            good = stuck.is_set() or "t0" not in received.versions
            return await (take if good else answering(500))(received)

        async with receiving(respond) as receiver, telling(database) as teller:
            await teller.add(receiver.url, own=True)
            await teller.unlock("t0")
            await teller.lock("t0", "t1")
            await teller.unlock("t1")
            await teller.unlock("t2")
            await receiver.until(lambda received: any("t2" in one.versions for one in received))
            await teller.told.count("failed", 3)
            assert {tuple(one.versions.items()) for one in receiver.received} == {
                (("t0", 2),),
                (("t2", 2),),
            }
            stuck.set()
            await teller.told.count("delivered", 4)
            firsts = [one.versions for one in receiver.received]
            assert firsts.index({"t0": 3, "t1": 2}) > firsts.index({"t0": 2})
            assert firsts.index({"t1": 3}) > firsts.index({"t0": 3, "t1": 2})

    run(test())


def test_gone_disables_until_it_is_resumed(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving(answering(410)) as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("failed", 1)
            now = await teller.now(webhook)
            assert now.state is WebhookState.DISABLED
            assert now.reason == "The receiver answered 410 Gone."
            await teller.override("t1")
            await teller.told.until(lambda: (0, 0.0) in teller.told.backlogs)
            assert len(receiver.received) == 1
            receiver.respond = take
            await teller.set_state(webhook, WebhookState.ACTIVE)
            await teller.told.count("delivered", 2)
            assert {token for one in receiver.received[1:] for token in one.versions} == {
                "t0",
                "t1",
            }

    run(test())


def test_one_that_takes_nothing_for_three_days_is_given_up_and_disabled(
    database: Database,
) -> None:
    with_tickets(database, 1)
    clock = database.clock(datetime(2026, 11, 23, 12, tzinfo=UTC))

    async def test() -> None:
        times = FAST._replace(lease_seconds=10 * 86_400)
        async with (
            receiving(answering(500)) as receiver,
            telling(database, at=clock, delays=(3_600,), times=times) as teller,
        ):
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            for hour in range(1, 73):
                await teller.told.count("failed", hour)
                clock.now += timedelta(hours=1)
            await teller.told.count("given_up", 1)
            now = await teller.now(webhook)
            assert now.state is WebhookState.DISABLED
            (delivery,) = await teller.deliveries(webhook)
            assert delivery.state is MessageState.GIVEN_UP
            assert delivery.problem == "The receiver answered 500."
            receiver.respond = take
            await teller.set_state(webhook, WebhookState.ACTIVE)
            assert await write_webhooks.replay(teller.commits, webhook.webhook_id, None) == 1
            await teller.told.count("delivered", 1)
            assert len({one.message_id for one in receiver.received}) == 1

    run(test())


def test_a_message_is_replayed_under_its_own_id(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("delivered", 1)
            message_id = receiver.received[0].message_id
            await write_webhooks.replay(teller.commits, webhook.webhook_id, [message_id])
            await teller.told.count("delivered", 2)
            assert [one.message_id for one in receiver.received] == [message_id] * 2
            assert receiver.received[0].body == receiver.received[1].body

    run(test())


def test_a_slow_receiver_harms_no_other(database: Database) -> None:
    with_tickets(database, 60)

    async def test() -> None:
        async def never(_received: Received) -> bytes:
            await asyncio.Event().wait()
            return b""

        patient = SENDING._replace(exchange_seconds=60)
        async with (
            receiving(never) as slow,
            receiving() as quick,
            telling(database, sending=patient) as teller,
        ):
            await teller.add(slow.url)
            await teller.add(quick.url)
            for number in range(60):
                await teller.override(f"t{number}")
            await teller.told.count("delivered", 60)
            assert len(quick.received) == 60
            assert len(slow.received) == 8  # no more are on their way to one at once

    run(test())


def test_a_dead_endpoint_does_not_copy_the_journal(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tickets(database, 40)
    monkeypatch.setattr("seatlatch.webhooks.endpoint.MESSAGES_WAITING_MAX", 10)
    monkeypatch.setattr("seatlatch.webhooks.endpoint.ENTRIES_AT_ONCE", 5)

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            telling(database, delays=(3_600,)) as teller,
        ):
            webhook = await teller.add(receiver.url)
            for number in range(40):
                await teller.override(f"t{number}")
            await teller.told.count("failed", 10)
            assert 10 <= len(await teller.deliveries(webhook)) < 15  # a look may end above it
            receiver.respond = take
            await teller.set_state(webhook, WebhookState.ACTIVE)
            await teller.told.count("delivered", 40)

    run(test())


def test_order_holds_beyond_what_is_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More messages wait than the window holds; who is not in it must not be overtaken."""
    with_tickets(database, 10)
    monkeypatch.setattr("seatlatch.webhooks.endpoint.MESSAGES_WAITING_MAX", 10)
    tokens = [f"t{number}" for number in range(10)]

    async def test() -> None:
        async with receiving() as receiver, telling(database, started=False) as teller:
            await teller.add(receiver.url, own=True)
            for _ in range(5):
                for token in tokens:
                    await teller.unlock(token)
                    await teller.lock(token)
            teller.deliverer.start()
            await teller.told.count("delivered", 100)
            for token in tokens:
                versions = [
                    one.versions[token] for one in receiver.received if token in one.versions
                ]
                assert versions == list(range(2, 12))

    run(test())


def test_what_ended_is_forgotten_after_a_week(database: Database) -> None:
    with_tickets(database, 2)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        times = FAST._replace(prune_seconds=0.01)
        async with receiving() as receiver, telling(database, at=clock, times=times) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("delivered", 1)
            clock.now += timedelta(days=7, seconds=1)
            await teller.override("t1")
            await teller.told.count("delivered", 2)
            await teller.told.until(lambda: len(teller.told.backlogs) > 20)
            assert [one.created_at for one in await teller.deliveries(webhook)] == [clock.now]

    run(test())


def test_what_waits_is_told(database: Database) -> None:
    with_tickets(database, 3)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            telling(database, at=clock, delays=(3_600,)) as teller,
        ):
            await teller.add(receiver.url)
            await teller.override("t0")
            await teller.override("t1")
            await teller.told.count("failed", 2)
            clock.now += timedelta(seconds=90)
            await teller.told.until(lambda: (2, 90.0) in teller.told.backlogs)

    run(test())
