"""A dispatcher on a test's database, and changes of tickets for it to deliver."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Concatenate, NamedTuple, ParamSpec

from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.audit import Actor
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Asker
from seatlatch.domain.listing import Listing
from seatlatch.domain.webhook import Delivery, DeliveryDetails, ShownState, Webhook, WebhookState
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import make_log
from seatlatch.operations import read_webhooks, write_webhooks
from seatlatch.operations.change_tickets import TicketChange
from seatlatch.operations.ticket_verbs import HOLD, LOCK, OVERRIDE, RELEASE, UNLOCK, VOID
from seatlatch.sink import STANDARD_ERROR
from seatlatch.store.interface import Result, Store
from seatlatch.store.tickets import Hold, Mpreserve, NewTicket
from seatlatch.webhooks.addresses import LOOPBACK, Resolver
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.dispatcher import Dispatcher, Times
from seatlatch.webhooks.http_sender import HttpSender, Sender, Timeouts
from tests.databases import Clock, Database
from tests.group_commit import BOUNDS, Groups
from tests.operations.changes import ACTOR
from tests.serving import CHANNEL, ORGANIZATION, OTHER_CHANNEL, OWNER, fill, listed
from tests.stores import Around

Arguments = ParamSpec("Arguments")

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
THEIRS = Channel(OTHER_CHANNEL, frozenset({ORGANIZATION}))
FAST = Times(poll_seconds=0.01, lease_seconds=30, renew_seconds=10, count_seconds=0.05)
TIMEOUTS = Timeouts(connect_seconds=2, attempt_seconds=2, body_seconds=0.2)
DELAYS = (0.01, 0.02, 0.05)
HANG_SECONDS = 240
"""A test that takes this long hangs. The longest takes 25 seconds on an idle machine."""

REQUEST_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
BOX_OFFICE = Asker(REQUEST_ID, operator="box-office")


class RecordingObserver:
    """Records the results of attempts, damage and the backlogs."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.damage: list[str] = []
        self.backlogs: list[tuple[int, float]] = []
        self.unread: list[int] = []
        self.states: Mapping[ShownState, int] = {}
        self._changed = asyncio.Condition()

    def webhook_attempted(self, result: str) -> None:
        self.results.append(result)
        self._notify()

    def journal_damaged(self, part: str) -> None:
        self.damage.append(part)
        self._notify()

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        self.backlogs.append((messages, lag_seconds))
        self._notify()

    def webhook_unread(self, entries: int) -> None:
        self.unread.append(entries)

    def webhook_states(self, webhooks: Mapping[ShownState, int]) -> None:
        self.states = webhooks
        self._notify()

    def _notify(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        self._task = asyncio.get_running_loop().create_task(notify())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on the records holds."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)

    async def count(self, result: str, times: int) -> None:
        """Wait until this many attempts have had a result."""
        await self.until(lambda: self.results.count(result) >= times)


class Harness(NamedTuple):
    """A dispatcher and its parts. `store` is another store on the same database."""

    dispatcher: Dispatcher
    observer: RecordingObserver
    store: Store
    committer: CommitEach

    async def add(self, url: str, channel: str = CHANNEL, *, own: bool = False) -> Webhook:
        """Add an endpoint."""
        return await self.change(write_webhooks.add_webhook, url, channel, own_changes=own)

    async def change(
        self,
        operation: Callable[Concatenate[Committer, Actor, Arguments], Awaitable[Result]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """The result of an operation on webhooks."""
        return await operation(self.committer, ACTOR, *arguments, **named)

    async def deliveries(self, webhook: Webhook) -> Sequence[Delivery]:
        """The deliveries of an endpoint, the oldest first."""
        found = await self.store.read(lambda s: s.webhooks.deliveries(webhook.webhook_id, 100_000))
        return list(reversed(found))

    async def details(self, webhook: Webhook, message_id: str) -> DeliveryDetails:
        """A delivery with what was sent and received."""
        return await self.store.read(
            lambda s: read_webhooks.show_delivery(s, webhook.webhook_id, message_id)
        )

    async def now(self, webhook: Webhook) -> Webhook:
        """The current row of an endpoint."""
        found = await self.store.read(lambda s: s.webhooks.find(webhook.webhook_id))
        assert found
        return found

    async def set_state(self, webhook: Webhook, state: WebhookState) -> None:
        """Pause or resume an endpoint."""
        await self.change(write_webhooks.set_state, webhook.webhook_id, state)

    async def lock(self, *tokens: str, channel: Channel = MINE, listing: str = "L") -> None:
        """Lock tickets for a channel."""
        asked = dict.fromkeys(tokens, Mpreserve(channel, Listing("BROKER", listing)))
        asker = Asker(REQUEST_ID, "com.example.test", channel.code)
        await self._submit(TicketChange(LOCK, asked, asker))

    async def unlock(self, *tokens: str, channel: Channel = MINE) -> None:
        """Unlock tickets for a channel."""
        asker = Asker(REQUEST_ID, "com.example.test", channel.code)
        asked = dict.fromkeys(tokens, Mpreserve(channel, None))
        await self._submit(TicketChange(UNLOCK, asked, asker))

    async def override(self, *tokens: str) -> None:
        """Unlock tickets as the box office."""
        await self._submit(TicketChange(OVERRIDE, dict.fromkeys(tokens), BOX_OFFICE))

    async def void(self, *tokens: str) -> None:
        """Void tickets as the box office."""
        await self._submit(TicketChange(VOID, dict.fromkeys(tokens), BOX_OFFICE))

    async def hold(
        self, *tokens: str, seconds: int | None = None, over_listing: bool = False
    ) -> None:
        """Hold seats as the box office."""
        asked = dict.fromkeys(tokens, Hold("moving", seconds, over_listing))
        await self._submit(TicketChange(HOLD, asked, BOX_OFFICE, "moving", seconds))

    async def release(self, *tokens: str) -> None:
        """Release seats as the box office."""
        await self._submit(TicketChange(RELEASE, dict.fromkeys(tokens), BOX_OFFICE))

    async def _submit(self, change: Any) -> None:
        await self.committer.submit(change)


def to_loopback(resolve: Resolver, timeouts: Timeouts) -> Sender:
    """A sender that may connect to this machine."""
    return HttpSender(LOOPBACK, resolve, timeouts)


@asynccontextmanager
async def dispatching(
    database: Database,
    *,
    at: Clock | None = None,
    times: Times = FAST,
    timeouts: Timeouts = TIMEOUTS,
    delays: Sequence[float] = DELAYS,
    started: bool = True,
    around: Callable[[Store], Store] = Around,
    killed: bool = False,
    sender: Callable[[Resolver, Timeouts], Sender] = to_loopback,
) -> AsyncIterator[Harness]:
    """A dispatcher with short times. `killed`: at the end it releases no lease."""
    store, own = around(database.store(at)), database.store(at)
    committer = GroupCommit(store, Groups(), BOUNDS)
    observer = RecordingObserver()
    dependencies = Dependencies(
        store=store,
        committer=committer,
        sender=lambda: sender(Resolver(), timeouts),
        observer=observer,
        log=make_log("json", "error"),
        clock=(lambda: at.now) if at else (lambda: datetime.now(UTC)),
        chance=lambda: 0.5,
        delays_seconds=delays,
        refresh_seconds=0.0,
        retry_seconds=0.0,
    )
    dispatcher = Dispatcher(dependencies, observer, times)
    committer.start()
    if started:
        dispatcher.start()
    try:
        yield Harness(dispatcher, observer, own, CommitEach(own))
    finally:
        await (kill(dispatcher) if killed else dispatcher.close())
        await committer.close()
        await store.close()
        await own.close()
        STANDARD_ERROR.flush()


async def kill(dispatcher: Dispatcher) -> None:
    """Stop a dispatcher as if its process was killed: its leases stay."""
    dispatcher.holder = "nobody"
    await dispatcher.close()


def with_tickets(database: Database, tickets: int) -> None:
    """Fill the inventory with t0, t1 and so on, all listed by CHANNEL, and the unlisted `free`."""
    fill(
        database,
        [*(listed(f"t{n}") for n in range(tickets)), NewTicket("free", ORGANIZATION, OWNER)],
    )


def run(test: Awaitable[None]) -> None:
    """Run a test's coroutine."""

    async def main() -> None:
        async with asyncio.timeout(HANG_SECONDS):
            await test

    asyncio.run(main())
