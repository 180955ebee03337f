"""Messages that a receiver does not accept, or accepts slowly, on every engine."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from seatlatch.domain.webhook import MessageState, WebhookState
from seatlatch.operations import send_messages
from tests.databases import Database
from tests.operations.changes import ACTOR
from tests.webhooks.receivers import Received, answering, receiving, take
from tests.webhooks.webhook_harness import (
    FAST,
    TIMEOUTS,
    dispatching,
    run,
    with_tickets,
)


def test_a_failure_is_tried_again_under_the_same_id(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 2)
            receiver.respond = take
            await harness.observer.count("delivered", 1)
            assert len(receiver.received) == 3
            assert len({one.message_id for one in receiver.received}) == 1
            (delivery,) = await harness.deliveries(webhook)
            assert (delivery.attempts, delivery.problem) == (3, None)

    run(test())


def test_a_failed_message_delays_only_later_changes_of_its_tickets(database: Database) -> None:
    with_tickets(database, 3)

    async def test() -> None:
        stuck = asyncio.Event()

        async def respond(received: Received) -> bytes:
            good = stuck.is_set() or "t0" not in received.versions
            return await (take if good else answering(500))(received)

        async with receiving(respond) as receiver, dispatching(database) as harness:
            await harness.add(receiver.url, own=True)
            await harness.unlock("t0")
            await harness.lock("t0", "t1")
            await harness.unlock("t1")
            await harness.unlock("t2")
            await receiver.until(lambda received: any("t2" in one.versions for one in received))
            await harness.observer.count("failed", 3)
            assert {tuple(one.versions.items()) for one in receiver.received} == {
                (("t0", 2),),
                (("t2", 2),),
            }
            stuck.set()
            await harness.observer.count("delivered", 4)
            firsts = [one.versions for one in receiver.received]
            assert firsts.index({"t0": 3, "t1": 2}) > firsts.index({"t0": 2})
            assert firsts.index({"t1": 3}) > firsts.index({"t0": 3, "t1": 2})

    run(test())


def test_gone_disables_until_it_is_resumed(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving(answering(410)) as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            now = await harness.now(webhook)
            assert now.state is WebhookState.DISABLED
            assert now.reason == "The receiver answered 410 Gone."
            await harness.override("t1")
            await harness.observer.until(lambda: (0, 0.0) in harness.observer.backlogs)
            assert len(receiver.received) == 1
            receiver.respond = take
            await harness.set_state(webhook, WebhookState.ACTIVE)
            await harness.observer.count("delivered", 2)
            assert {token for one in receiver.received[1:] for token in one.versions} == {
                "t0",
                "t1",
            }

    run(test())


def test_an_endpoint_that_accepts_nothing_for_three_days_is_disabled(
    database: Database,
) -> None:
    with_tickets(database, 1)
    clock = database.clock(datetime(2026, 11, 23, 12, tzinfo=UTC))

    async def test() -> None:
        times = FAST._replace(lease_seconds=10 * 86_400)
        async with (
            receiving(answering(500)) as receiver,
            dispatching(database, at=clock, delays=(3_600,), times=times) as harness,
        ):
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            for hour in range(1, 73):
                await harness.observer.count("failed", hour)
                clock.now += timedelta(hours=1)
            await harness.observer.count("given_up", 1)
            now = await harness.now(webhook)
            assert now.state is WebhookState.DISABLED
            assert now.reason == "The receiver accepted no message for 3 days."
            (delivery,) = await harness.deliveries(webhook)
            assert delivery.state is MessageState.GIVEN_UP
            assert delivery.problem == "The receiver answered 500."
            receiver.respond = take
            await harness.set_state(webhook, WebhookState.ACTIVE)
            replayed = await harness.change(send_messages.replay_given_up, webhook.webhook_id)
            assert replayed == 1
            await harness.observer.count("delivered", 1)
            assert len({one.message_id for one in receiver.received}) == 1

    run(test())


def test_a_message_is_replayed_under_its_own_id(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("delivered", 1)
            message_id = receiver.received[0].message_id
            await send_messages.replay(harness.committer, ACTOR, webhook.webhook_id, [message_id])
            await harness.observer.count("delivered", 2)
            assert [one.message_id for one in receiver.received] == [message_id] * 2
            assert receiver.received[0].body == receiver.received[1].body

    run(test())


def test_a_slow_receiver_does_not_delay_another_one(database: Database) -> None:
    with_tickets(database, 60)

    async def test() -> None:
        async def never(_received: Received) -> bytes:
            await asyncio.Event().wait()
            return b""

        patient = TIMEOUTS._replace(attempt_seconds=60)
        async with (
            receiving(never) as slow,
            receiving() as quick,
            dispatching(database, timeouts=patient) as harness,
        ):
            await harness.add(slow.url)
            await harness.add(quick.url)
            for number in range(60):
                await harness.override(f"t{number}")
            await harness.observer.count("delivered", 60)
            assert len(quick.received) == 60
            assert len(slow.received) == 8  # the limit of messages in flight to one endpoint

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
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(receiver.url)
            for number in range(40):
                await harness.override(f"t{number}")
            await harness.observer.count("failed", 10)
            assert (
                10 <= len(await harness.deliveries(webhook)) < 15
            )  # one step may end above the limit
            receiver.respond = take
            await harness.set_state(webhook, WebhookState.ACTIVE)
            await harness.observer.count("delivered", 40)

    run(test())


def test_order_holds_beyond_the_window(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """More messages wait than the window holds; new ones must not overtake those outside."""
    with_tickets(database, 10)
    monkeypatch.setattr("seatlatch.webhooks.endpoint.MESSAGES_WAITING_MAX", 10)
    tokens = [f"t{number}" for number in range(10)]

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, started=False) as harness:
            await harness.add(receiver.url, own=True)
            for _ in range(5):
                for token in tokens:
                    await harness.unlock(token)
                    await harness.lock(token)
            harness.dispatcher.start()
            await harness.observer.count("delivered", 100)
            for token in tokens:
                versions = [
                    one.versions[token] for one in receiver.received if token in one.versions
                ]
                assert versions == list(range(2, 12))

    run(test())


def test_old_results_are_removed_after_a_week(database: Database) -> None:
    with_tickets(database, 2)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        times = FAST._replace(prune_seconds=0.01)
        async with receiving() as receiver, dispatching(database, at=clock, times=times) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("delivered", 1)
            clock.now += timedelta(days=7, seconds=1)
            await harness.override("t1")
            await harness.observer.count("delivered", 2)
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 20)
            assert [one.created_at for one in await harness.deliveries(webhook)] == [clock.now]

    run(test())


def test_the_backlog_is_reported(database: Database) -> None:
    with_tickets(database, 3)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            dispatching(database, at=clock, delays=(3_600,)) as harness,
        ):
            await harness.add(receiver.url)
            await harness.override("t0")
            await harness.override("t1")
            await harness.observer.count("failed", 2)
            clock.now += timedelta(seconds=90)
            await harness.observer.until(lambda: (2, 90.0) in harness.observer.backlogs)

    run(test())
