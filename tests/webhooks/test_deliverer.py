"""What is told to whom: on every engine."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook as Verifier

from seatlatch.domain.webhook import MessageState, WebhookState
from seatlatch.operations import write_webhooks
from seatlatch.store.interface import Result, Transaction
from seatlatch.webhooks.addresses import LOOPBACK, Resolver
from seatlatch.webhooks.sending import Sender, Times
from tests.databases import Database
from tests.serving import CHANNEL, FOREIGN_ORGANIZATION, ORGANIZATION, OTHER_CHANNEL
from tests.stores import Around
from tests.webhooks.receivers import Received, answering, receiving
from tests.webhooks.telling import (
    REQUEST_ID,
    THEIRS,
    Teller,
    run,
    telling,
    with_tickets,
)


def test_the_box_offices_change_of_a_listed_seat_is_told(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            (received,) = await receiver.count(1)
            await teller.told.count("delivered", 1)
            body = Verifier(webhook.secret).verify(received.body, dict(received.headers))
            assert body["pacOrganizationId"] == ORGANIZATION
            assert body["requestId"] == REQUEST_ID
            assert body["metadata"] == {"messageEntity": "seats"}
            (seat,) = body["data"]["seats"]
            assert seat["token"] == "t0"
            assert (seat["status"], seat["change"], seat["version"]) == ("UNLOCK", "unlocked", 2)
            (delivery,) = await teller.deliveries(webhook)
            assert delivery.state is MessageState.DELIVERED
            assert (delivery.status, delivery.attempts) == (204, 1)

    run(test())


def test_each_is_told_what_is_its_own_and_no_more(database: Database) -> None:
    """Of all that happens: who is told of which tickets, with the channel's own changes or not."""
    with_tickets(database, 6)

    async def test() -> None:
        async with (
            receiving() as mine,
            receiving() as mine_with_own,
            receiving() as theirs,
            telling(database) as teller,
        ):
            await teller.add(mine.url)
            await teller.add(mine_with_own.url, own=True)
            await teller.add(theirs.url, OTHER_CHANNEL, own=True)
            await teller.unlock("t0")  # by MINE itself
            await teller.lock("t0", channel=THEIRS)
            await teller.override("t0")  # listed by THEIRS
            await teller.hold("free", seconds=600)  # listed by nobody
            await teller.release("free")
            await teller.override("t1", "t2")
            await teller.void("t3")
            last = ("t3", "voided")
            await mine.until(lambda received: last in told_to(received))
            await mine_with_own.until(lambda received: last in told_to(received))
            await theirs.until(lambda received: len(told_to(received)) == 2)
            assert sorted(told_to(mine.received)) == [
                ("t1", "unlocked"),
                ("t2", "unlocked"),
                ("t3", "voided"),
            ]
            assert ("t0", "unlocked") in told_to(mine_with_own.received)
            assert len(told_to(mine_with_own.received)) == 4
            assert sorted(told_to(theirs.received)) == [("t0", "locked"), ("t0", "unlocked")]

    run(test())


def told_to(received: list[Received]) -> list[tuple[str, str]]:
    return [(seat["token"], seat["change"]) for one in received for seat in one.seats]


def test_a_damaged_entry_is_skipped_and_counted(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database, started=False) as teller:
            await teller.add(receiver.url)
            await teller.override("t0")
            await teller.override("t1")
            database.execute(
                "UPDATE journal SET entry = '{}'"
                " WHERE entry_id = (SELECT min(entry_id) FROM journal)"
            )
            teller.deliverer.start()
            await receiver.until(lambda received: told_to(received) == [("t1", "unlocked")])
            assert teller.told.damage == ["row"]

    run(test())


def test_a_hold_of_a_listed_seat_tells_its_end(database: Database) -> None:
    with_tickets(database, 1)
    database.execute("UPDATE tickets SET seat_status = 'LOCK' WHERE token = 't0'")

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            await teller.add(receiver.url)
            await teller.hold("t0", seconds=600)
            await teller.release("t0")
            held, released = (one.seats[0] for one in await receiver.count(2))
            assert (held["status"], held["change"], held["mpreserve"]) == ("LOCK", "held", True)
            assert held["holdExpiresAt"].endswith("Z")
            assert (released["status"], released["change"]) == ("UNLOCK", "released")

    run(test())


def test_what_was_granted_no_more_is_told_no_more(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database, started=False) as teller:
            await teller.add(receiver.url)
            await teller.override("t0")
            with database.provisioning() as provisioning:
                provisioning.remove_grant(CHANNEL, ORGANIZATION)
                provisioning.add_grant(CHANNEL, FOREIGN_ORGANIZATION)
            teller.deliverer.start()
            await teller.told.until(lambda: len(teller.told.backlogs) > 5)
            assert receiver.received == []

    run(test())


def test_a_new_endpoint_is_not_told_what_was_before(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            await teller.override("t0")
            await teller.add(receiver.url)
            await teller.override("t1")
            (received,) = await receiver.count(1)
            assert received.versions == {"t1": 2}

    run(test())


def test_both_secrets_sign_for_a_day(database: Database) -> None:
    with_tickets(database, 2)
    clock = database.clock(datetime.now(UTC))

    async def test() -> None:
        async with receiving() as receiver, telling(database, at=clock) as teller:
            webhook = await teller.add(receiver.url)
            secret, ends_at = await write_webhooks.rotate_secret(teller.commits, webhook.webhook_id)
            assert ends_at == clock.now + timedelta(days=1)
            await teller.override("t0")
            (first,) = await receiver.count(1)
            for good in (secret, webhook.secret):
                Verifier(good).verify(first.body, dict(first.headers))
            await teller.told.count("delivered", 1)
            clock.now = ends_at
            await teller.told.until(lambda: len(teller.told.backlogs) > 3)
            await teller.override("t1")
            _, second = await receiver.count(2)
            assert len(second.headers["webhook-signature"].split()) == 1

    run(test())


class Counting(Around):
    """A real store that counts what it commits."""

    commits = 0

    async def commit(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        type(self).commits += 1
        return await super().commit(work)


def test_who_has_nothing_to_tell_writes_nothing(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        Counting.commits = 0
        async with receiving() as receiver, telling(database, around=Counting) as teller:
            await looks(teller)
            assert Counting.commits == 0
            await teller.override("t0")
            await looks(teller)
            assert Counting.commits == 0  # there is no webhook
            await teller.add(receiver.url, OTHER_CHANNEL)
            await looks(teller)
            assert Counting.commits == 1  # its lease
            await teller.unlock("t0")  # not for that one
            await looks(teller)
            assert Counting.commits == 1

    run(test())


async def looks(teller: Teller) -> None:
    """Until it has looked some more times."""
    seen = len(teller.told.backlogs)
    await teller.told.until(lambda: len(teller.told.backlogs) > seen + 4)


def test_a_removed_one_is_told_no_more(database: Database) -> None:
    with_tickets(database, 2)

    async def test() -> None:
        async with receiving(answering(500)) as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.override("t0")
            await teller.told.count("failed", 1)
            await write_webhooks.remove_webhook(teller.commits, webhook.webhook_id)
            await looks(teller)
            received = len(receiver.received)
            await teller.override("t1")
            await looks(teller)
            assert len(receiver.received) == received
            assert teller.deliverer.endpoints == frozenset()

    run(test())


def test_what_is_paused_is_kept(database: Database) -> None:
    with_tickets(database, 1)

    async def test() -> None:
        async with receiving() as receiver, telling(database) as teller:
            webhook = await teller.add(receiver.url)
            await teller.set_state(webhook, WebhookState.PAUSED)
            await teller.override("t0")
            await teller.told.until(lambda: len(teller.told.backlogs) > 5)
            assert receiver.received == []
            await teller.set_state(webhook, WebhookState.ACTIVE)
            await teller.told.count("delivered", 1)

    run(test())


class SlowToClose(Sender):
    """Closes its connections when the test lets it."""

    def __init__(self, resolve: Resolver, times: Times) -> None:
        super().__init__(LOOPBACK, resolve, times)
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

    def sender(resolve: Resolver, times: Times) -> SlowToClose:
        senders.append(SlowToClose(resolve, times))
        return senders[-1]

    async def test() -> None:
        async with telling(database, sender=sender) as teller:
            webhook = await teller.add("https://example.com/")
            await teller.told.until(lambda: bool(senders))
            await teller.set_state(webhook, WebhookState.PAUSED)
            await senders[0].is_closing.wait()
            stop = asyncio.create_task(teller.deliverer.close())
            for _turn in range(5):  # until the task that looks was cancelled
                await asyncio.sleep(0)
            senders[0].may_close.set()
            await stop
            assert senders[0].is_closed

    run(test())
