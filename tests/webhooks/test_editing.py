"""Another URL of an endpoint, and whether it gets the channel's own changes."""

import asyncio

import pytest

from seatlatch.domain.webhook import WebhookState
from seatlatch.operations import write_webhooks
from tests.databases import Database
from tests.webhooks.receivers import Received, answering, receiving
from tests.webhooks.webhook_harness import dispatching, run, with_tickets


def test_waiting_messages_go_to_the_new_url_at_once(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with (
            receiving(answering(500)) as old,
            receiving() as new,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(old.url)
            await harness.override("t0")
            await harness.override("t1")
            await harness.observer.count("failed", 2)
            changed = await harness.change(
                write_webhooks.edit_webhook, webhook.webhook_id, url=new.url
            )
            assert (changed.url, changed.shown_state) == (new.url, "active")
            await harness.observer.count("delivered", 2)
            assert {one.message_id for one in new.received} == {
                one.message_id for one in old.received
            }
            assert len(old.received) == 2

    run(test())


@pytest.mark.parametrize("status", [410, 500])
def test_a_late_failure_of_the_old_url_does_not_count(database: Database, status: int) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        changed = asyncio.Event()

        async def late(received: Received) -> bytes:
            await changed.wait()
            return await answering(status)(received)

        async with (
            receiving(late) as old,
            receiving(answering(503)) as new,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(old.url)
            await harness.override("t0")
            await old.count(1)
            await harness.change(write_webhooks.edit_webhook, webhook.webhook_id, url=new.url)
            changed.set()
            await new.count(1)
            await harness.observer.count("failed", 2)
            now = await harness.now(webhook)
            assert (now.state, now.problem) == (WebhookState.ACTIVE, "The receiver answered 503.")
            (delivery,) = await harness.deliveries(webhook)
            assert (delivery.attempts, delivery.status) == (1, 503)

    run(test())


def test_own_changes_are_sent_from_the_change_on(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.unlock("t0")
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 3)
            change = write_webhooks.edit_webhook
            await harness.change(change, webhook.webhook_id, own_changes=True)
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 6)
            await harness.unlock("t1")
            (received,) = await receiver.count(1)
            assert received.versions == {"t1": 2}

    run(test())


def test_the_same_url_restarts_nothing(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with (
            receiving(answering(500)) as receiver,
            dispatching(database, delays=(3_600,)) as harness,
        ):
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            await harness.change(write_webhooks.edit_webhook, webhook.webhook_id, url=receiver.url)
            (delivery,) = await harness.deliveries(webhook)
            assert delivery.attempts == 1
            assert (await harness.now(webhook)).shown_state == "failing"

    run(test())
