"""A deliverer on a test's database, with its commits, and changes for it to tell of."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from seatlatch.commit import CommitEach
from seatlatch.domain.channel import Channel
from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.domain.listing import Listing
from seatlatch.domain.webhook import Delivery, Webhook, WebhookState
from seatlatch.group_commit import GroupCommit
from seatlatch.logs import make_log
from seatlatch.operations import write_webhooks
from seatlatch.operations.box_office import HoldTickets, OverrideUnlock, ReleaseTickets, VoidTickets
from seatlatch.operations.mpreserve_change import MpreserveChange
from seatlatch.sink import STANDARD_ERROR
from seatlatch.store.interface import Hold, Mpreserve, NewTicket, Store
from seatlatch.webhooks.addresses import LOOPBACK, Resolver
from seatlatch.webhooks.deliverer import Deliverer, Times
from seatlatch.webhooks.endpoint import Means
from seatlatch.webhooks.sending import Sender, Sends
from seatlatch.webhooks.sending import Times as SendingTimes
from tests.databases import Clock, Database
from tests.group_commit import BOUNDS, Groups
from tests.serving import CHANNEL, ORGANIZATION, OTHER_CHANNEL, OWNER, fill, listed
from tests.stores import Around

MINE = Channel(CHANNEL, frozenset({ORGANIZATION}))
THEIRS = Channel(OTHER_CHANNEL, frozenset({ORGANIZATION}))
FAST = Times(look_seconds=0.01, lease_seconds=30, renew_seconds=10, count_seconds=0.05)
SENDING = SendingTimes(connect_seconds=2, exchange_seconds=2, rest_seconds=0.2)
DELAYS = (0.01, 0.02, 0.05)
REQUEST_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"


class Told:
    """Remembers what it was told of attempts and of what waits."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.damage: list[str] = []
        self.backlogs: list[tuple[int, float]] = []
        self._news = asyncio.Condition()

    def webhook_attempted(self, result: str) -> None:
        self.results.append(result)
        self._tell()

    def journal_damaged(self, part: str) -> None:
        self.damage.append(part)
        self._tell()

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        self.backlogs.append((messages, lag_seconds))
        self._tell()

    def _tell(self) -> None:
        async def notify() -> None:
            async with self._news:
                self._news.notify_all()

        self._task = asyncio.get_running_loop().create_task(notify())

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Until it is so, as far as what it was told shows."""
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(is_so)

    async def count(self, result: str, times: int) -> None:
        """Until so many attempts had a result."""
        await self.until(lambda: self.results.count(result) >= times)


class Teller(NamedTuple):
    """A deliverer and what it works with. `store` is the test's own."""

    deliverer: Deliverer
    told: Told
    store: Store
    commits: CommitEach

    async def add(self, url: str, channel: str = CHANNEL, *, own: bool = False) -> Webhook:
        """One more endpoint."""
        return await write_webhooks.add_webhook(self.commits, url, channel, own_changes=own)

    async def deliveries(self, webhook: Webhook) -> Sequence[Delivery]:
        """What has come of an endpoint's messages, the oldest first."""
        found = await self.store.read(lambda s: s.deliveries(webhook.webhook_id, 100_000))
        return list(reversed(found))

    async def now(self, webhook: Webhook) -> Webhook:
        """An endpoint as it is now."""
        found = await self.store.read(lambda s: s.find_webhook(webhook.webhook_id))
        assert found
        return found

    async def set_state(self, webhook: Webhook, state: WebhookState) -> None:
        """Pause it or let it go on."""
        await write_webhooks.set_state(self.commits, webhook.webhook_id, state)

    async def lock(self, *tokens: str, channel: Channel = MINE, listing: str = "L") -> None:
        """A channel lists tickets."""
        asked = dict.fromkeys(tokens, Mpreserve(channel, Listing("BROKER", listing)))
        asker = Asker(REQUEST_ID, "com.example.test", channel.code)
        await self._do(MpreserveChange(asked, act=Act(Verb.LOCK, asker)))

    async def unlock(self, *tokens: str, channel: Channel = MINE) -> None:
        """A channel takes its listing down."""
        asker = Asker(REQUEST_ID, "com.example.test", channel.code)
        asked = dict.fromkeys(tokens, Mpreserve(channel, None))
        await self._do(MpreserveChange(asked, act=Act(Verb.UNLOCK, asker)))

    async def override(self, *tokens: str) -> None:
        """The box office unlocks tickets."""
        await self._do(OverrideUnlock(dict.fromkeys(tokens), act=_by_box_office(Verb.OVERRIDE)))

    async def void(self, *tokens: str) -> None:
        """The box office voids tickets."""
        await self._do(VoidTickets(dict.fromkeys(tokens), act=_by_box_office(Verb.VOID)))

    async def hold(self, *tokens: str, seconds: int | None = None) -> None:
        """The box office holds seats."""
        asked = dict.fromkeys(tokens, Hold("moving", seconds))
        act = Act(Verb.HOLD, _by_box_office(Verb.HOLD).asker, "moving", seconds)
        await self._do(HoldTickets(asked, act=act))

    async def release(self, *tokens: str) -> None:
        """The box office releases seats."""
        await self._do(ReleaseTickets(dict.fromkeys(tokens), act=_by_box_office(Verb.RELEASE)))

    async def _do(self, change: Any) -> None:
        await self.commits.submit(change)


def _by_box_office(verb: Verb) -> Act:
    return Act(verb, Asker(REQUEST_ID, operator="box-office"))


def to_loopback(resolve: Resolver, times: SendingTimes) -> Sends:
    """A sender that may connect to this machine."""
    return Sender(LOOPBACK, resolve, times)


@asynccontextmanager
async def telling(
    database: Database,
    *,
    at: Clock | None = None,
    times: Times = FAST,
    sending: SendingTimes = SENDING,
    delays: Sequence[float] = DELAYS,
    started: bool = True,
    around: Callable[[Store], Store] = Around,
    killed: bool = False,
    sender: Callable[[Resolver, SendingTimes], Sends] = to_loopback,
) -> AsyncIterator[Teller]:
    """A deliverer with short times. `killed`: in the end it lets go of nothing."""
    store, own = around(database.store(at)), database.store(at)
    commits = GroupCommit(store, Groups(), BOUNDS)
    told = Told()
    means = Means(
        store=store,
        commits=commits,
        sender=lambda: sender(Resolver(), sending),
        observer=told,
        log=make_log("json", "error"),
        clock=(lambda: at.now) if at else (lambda: datetime.now(UTC)),
        chance=lambda: 0.5,
        delays_seconds=delays,
        refresh_seconds=0.0,
        again_seconds=0.0,
    )
    deliverer = Deliverer(means, told, times)
    commits.start()
    if started:
        deliverer.start()
    try:
        yield Teller(deliverer, told, own, CommitEach(own))
    finally:
        await (kill(deliverer) if killed else deliverer.close())
        await commits.close()
        await store.close()
        await own.close()
        STANDARD_ERROR.flush()


async def kill(deliverer: Deliverer) -> None:
    """End a deliverer as a process ends that is killed: its leases stay."""
    deliverer.holder = "nobody"
    await deliverer.close()


def with_tickets(database: Database, tickets: int) -> None:
    """An inventory of t0, t1 and so on, all listed by CHANNEL, and `free`."""
    fill(
        database,
        [*(listed(f"t{n}") for n in range(tickets)), NewTicket("free", ORGANIZATION, OWNER)],
    )


def run(test: Awaitable[None]) -> None:
    """Run a test's coroutine."""

    async def main() -> None:
        async with asyncio.timeout(100):
            await test

    asyncio.run(main())
