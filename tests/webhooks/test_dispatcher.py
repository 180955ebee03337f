"""Which endpoint receives which events, on every engine."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook as Verifier

from seatlatch.domain.webhook import MessageState, WebhookState
from seatlatch.operations import write_webhooks
from seatlatch.store.interface import Result, Transaction
from seatlatch.webhooks.addresses import LOOPBACK, Resolver
from seatlatch.webhooks.http_sender import HttpSender, Timeouts
from tests.databases import Database
from tests.operations.changes import ACTOR
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL
from tests.stores import Around
from tests.webhooks.receivers import Received, answering, receiving
from tests.webhooks.webhook_harness import (
    REQUEST_ID,
    THEIRS,
    Harness,
    dispatching,
    run,
    with_tickets,
)


def test_a_change_of_a_listed_seat_by_the_box_office_is_delivered(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            (received,) = await receiver.count(1)
            await harness.observer.count("delivered", 1)
            body = Verifier(webhook.secret).verify(received.body, dict(received.headers))
            assert body["pacOrganizationId"] == ORGANIZATION
            assert body["requestId"] == REQUEST_ID
            assert body["metadata"] == {"messageEntity": "seats"}
            (seat,) = body["data"]["seats"]
            assert seat["token"] == "t0"
            assert (seat["status"], seat["change"], seat["version"]) == ("UNLOCK", "unlocked", 2)
            (delivery,) = await harness.deliveries(webhook)
            assert delivery.state is MessageState.DELIVERED
            assert (delivery.status, delivery.attempts) == (204, 1)

    run(test())


def test_each_endpoint_receives_only_its_own_events(database: Database) -> None:
    """Also with and without the channel's own changes."""
    with_tickets(database, 6)

    async def test() -> None:
        async with (
            receiving() as mine,
            receiving() as mine_with_own,
            receiving() as theirs,
            dispatching(database) as harness,
        ):
            await harness.add(mine.url)
            await harness.add(mine_with_own.url, own=True)
            await harness.add(theirs.url, OTHER_CHANNEL, own=True)
            await harness.unlock("t0")  # by MINE itself
            await harness.lock("t0", channel=THEIRS)
            await harness.override("t0")  # listed by THEIRS
            await harness.hold("free", seconds=600)  # listed by nobody
            await harness.release("free")
            await harness.override("t1", "t2")
            await harness.void("t3")
            last = ("t3", "voided")
            await mine.until(lambda received: last in changes_in(received))
            await mine_with_own.until(lambda received: last in changes_in(received))
            await theirs.until(lambda received: len(changes_in(received)) == 2)
            assert sorted(changes_in(mine.received)) == [
                ("t1", "unlocked"),
                ("t2", "unlocked"),
                ("t3", "voided"),
            ]
            assert ("t0", "unlocked") in changes_in(mine_with_own.received)
            assert len(changes_in(mine_with_own.received)) == 4
            assert sorted(changes_in(theirs.received)) == [("t0", "locked"), ("t0", "unlocked")]

    run(test())


def changes_in(received: list[Received]) -> list[tuple[str, str]]:
    return [(seat["token"], seat["change"]) for one in received for seat in one.seats]


def test_a_damaged_entry_is_skipped_and_counted(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, started=False) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await harness.override("t1")
            database.execute(
                "UPDATE journal SET entry = '{}'"
                " WHERE entry_id = (SELECT min(entry_id) FROM journal)"
            )
            harness.dispatcher.start()
            await receiver.until(lambda received: changes_in(received) == [("t1", "unlocked")])
            assert harness.observer.damage == ["row"]

    run(test())


def test_a_message_of_a_hold_has_its_end(database: Database) -> None:
    with_tickets(database, 1)
    database.execute("UPDATE tickets SET seat_status = 'LOCK' WHERE token = 't0'")

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await harness.add(receiver.url)
            await harness.hold("t0", seconds=600)
            await harness.release("t0")
            held, released = (one.seats[0] for one in await receiver.count(2))
            assert (held["status"], held["change"], held["mpreserve"]) == ("LOCK", "held", True)
            assert held["holdExpiresAt"].endswith("Z")
            assert (released["status"], released["change"]) == ("UNLOCK", "released")

    run(test())


def test_events_of_a_revoked_grant_are_not_delivered(database: Database) -> None:
    with_tickets(database, 2)

    def move_grant() -> None:
        with database.provisioning() as provisioning:
            provisioning.remove_grant(CHANNEL, ORGANIZATION)
            provisioning.add_grant(CHANNEL, FOREIGN_ORGANIZATION)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, started=False) as harness:
            await harness.add(receiver.url)
            await harness.override("t0")
            await asyncio.to_thread(move_grant)
            harness.dispatcher.start()
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 5)
            assert receiver.received == []

    run(test())


def test_a_new_endpoint_does_not_receive_earlier_events(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            await harness.override("t0")
            await harness.add(receiver.url)
            await harness.override("t1")
            (received,) = await receiver.count(1)
            assert received.versions == {"t1": 2}

    run(test())


def test_both_secrets_sign_for_a_day(database: Database) -> None:
    with_tickets(database, 2)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with receiving() as receiver, dispatching(database, at=clock) as harness:
            webhook = await harness.add(receiver.url)
            secret, ends_at = await write_webhooks.rotate_secret(
                harness.committer, ACTOR, webhook.webhook_id
            )
            assert ends_at == clock.now + timedelta(days=1)
            await harness.override("t0")
            (first,) = await receiver.count(1)
            for valid in (secret, webhook.secret):
                Verifier(valid).verify(first.body, dict(first.headers))
            await harness.observer.count("delivered", 1)
            clock.now = ends_at
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 3)
            await harness.override("t1")
            _, second = await receiver.count(2)
            assert len(second.headers["webhook-signature"].split()) == 1

    run(test())


class Counting(Around):
    """A real store that counts what it commits."""

    commits = 0

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        type(self).commits += 1
        return await super().commit(work)


def test_without_events_nothing_is_written(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        Counting.commits = 0
        async with receiving() as receiver, dispatching(database, around=Counting) as harness:
            await polls(harness)
            assert Counting.commits == 0
            await harness.override("t0")
            await polls(harness)
            assert Counting.commits == 0  # there is no webhook
            await harness.add(receiver.url, OTHER_CHANNEL)
            await polls(harness)
            assert Counting.commits == 1  # its lease
            await harness.unlock("t0")  # not for that endpoint
            await polls(harness)
            assert Counting.commits == 1

    run(test())


async def polls(harness: Harness) -> None:
    """Wait until the dispatcher has polled some more times."""
    seen = len(harness.observer.backlogs)
    await harness.observer.until(lambda: len(harness.observer.backlogs) > seen + 4)


def test_a_removed_endpoint_receives_nothing_more(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.override("t0")
            await harness.observer.count("failed", 1)
            await write_webhooks.remove_webhook(harness.committer, ACTOR, webhook.webhook_id)
            await polls(harness)
            received = len(receiver.received)
            await harness.override("t1")
            await polls(harness)
            assert len(receiver.received) == received
            assert harness.dispatcher.endpoints == frozenset()

    run(test())


def test_a_paused_endpoint_receives_the_events_later(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, dispatching(database) as harness:
            webhook = await harness.add(receiver.url)
            await harness.set_state(webhook, WebhookState.PAUSED)
            await harness.override("t0")
            await harness.observer.until(lambda: len(harness.observer.backlogs) > 5)
            assert receiver.received == []
            await harness.set_state(webhook, WebhookState.ACTIVE)
            await harness.observer.count("delivered", 1)

    run(test())


class SlowToClose(HttpSender):
    """Closes its connections only after the test allows it."""

    def __init__(self, resolve: Resolver, timeouts: Timeouts) -> None:
        super().__init__(LOOPBACK, resolve, timeouts)
        self.is_closing = asyncio.Event()
        self.may_close = asyncio.Event()
        self.is_closed = False

    async def close(self) -> None:
        self.is_closing.set()
        await self.may_close.wait()
        await super().close()
        self.is_closed = True


def test_a_stop_does_not_interrupt_an_endpoint_that_closes_its_connections(
    database: Database,
) -> None:
    with_tickets(database, 1)
    senders: list[SlowToClose] = []

    def sender(resolve: Resolver, timeouts: Timeouts) -> SlowToClose:
        senders.append(SlowToClose(resolve, timeouts))
        return senders[-1]

    async def test() -> None:
        async with dispatching(database, sender=sender) as harness:
            webhook = await harness.add("https://example.com/")
            await harness.observer.until(lambda: bool(senders))
            await harness.set_state(webhook, WebhookState.PAUSED)
            await senders[0].is_closing.wait()
            stop = asyncio.create_task(harness.dispatcher.close())
            for _turn in range(5):  # until the polling task was cancelled
                await asyncio.sleep(0)
            senders[0].may_close.set()
            await stop
            assert senders[0].is_closed

    run(test())
