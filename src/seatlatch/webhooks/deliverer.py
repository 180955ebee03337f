"""Tells all endpoints that this process has the lease of, beside other processes with theirs.

A lease is a row's holder and end, by the database's clock. Whoever does not renew it in time has
stopped to tell the endpoint before another one begins.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import uuid4

from seatlatch.commit import Change, Commits
from seatlatch.domain.feed import Position
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.webhook import Webhook, WebhookState
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.webhooks.endpoint import Endpoint, LeaseLost, Means

LEASES_TAKEN_AT_ONCE = 10
"""So that processes that start together share the endpoints."""

RELEASE_SECONDS = 1.0
"""A process that stops waits no longer for its leases to be given back; they end by themselves."""

KEPT_DAYS = 7
"""So long is told what became of a message that is not sent any more."""

MESSAGES_PRUNED_AT_ONCE = 500

CHANGES_AT_ONCE = 50
"""Of one process. A channel's request is refused when 1,000 wait for a commit."""

Answer = TypeVar("Answer")


class Times(NamedTuple):
    """How often is looked for news; how long a lease is, and when it is renewed; how often what
    waits is counted; and how often old messages are pruned.
    """

    look_seconds: float = 0.5
    lease_seconds: float = 30.0
    renew_seconds: float = 10.0
    count_seconds: float = 10.0
    prune_seconds: float = 3_600.0


TIMES = Times()


class BacklogObserver(Protocol):
    """Is told what waits."""

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        """At all active endpoints; how old the oldest message is, 0 = none waits."""


class _Seen(NamedTuple):
    webhooks: Sequence[Webhook]
    end: Position


class FewAtOnce:
    """Commits so few changes at once that those of webhooks never fill the queue of all others'."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._room = asyncio.Semaphore(CHANGES_AT_ONCE)

    async def submit(self, change: Change[Answer]) -> Answer:
        """See `commit.Commits`."""
        async with self._room:
            return await self._commits.submit(change)


class Deliverer:
    """To be started and closed in the event loop in which it tells."""

    def __init__(
        self, means: Means, backlog_observer: BacklogObserver, times: Times = TIMES
    ) -> None:
        self.holder = uuid4().hex
        self._means = means._replace(commits=FewAtOnce(means.commits))
        self._backlog_observer = backlog_observer
        self._times = times
        self._running: dict[str, tuple[Endpoint, asyncio.Task[None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_away = False
        self._has_asked = False
        self._held_until = 0.0
        self._renew_at = 0.0
        self._count_at = 0.0
        self._prune_at: float | None = None

    @property
    def endpoints(self) -> frozenset[str]:
        """Those that this process tells now."""
        return frozenset(self._running)

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        """Stop. What is on its way is broken off, and sent again by whoever tells next."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._stop(*self._running)
        if self._has_asked:
            write = WebhookWrite("", lambda kept: kept.release_webhooks(self.holder))
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._means.commits.submit(write)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
                self._note_reach(is_away=False)
            except Unavailable:
                self._note_reach(is_away=True)
            except Exception as error:
                self._means.log.error("bug", exc_info=error)
            await asyncio.sleep(self._times.look_seconds)

    def _note_reach(self, *, is_away: bool) -> None:
        """Log it when it changes, and not at every look."""
        if is_away and not self._is_away:
            self._means.log.warning("webhooks", reason="The database is not reachable.")
        elif self._is_away and not is_away:
            self._means.log.info("webhooks", reason="The database is reachable again.")
        self._is_away = is_away

    async def look(self) -> None:
        """Look once what there is to do, and let each endpoint do it. Raises `Unavailable`."""
        await self._stop(*(name for name, (_, task) in self._running.items() if task.done()))
        if self._now() >= self._held_until:
            await self._stop(*self._running)
        webhooks, end = await self._means.store.read(self._see)
        active = {one.webhook_id: one for one in webhooks if one.state is WebhookState.ACTIVE}
        kept = {name for name in active if active[name].leased_to == self.holder}
        await self._stop(*(self._running.keys() - kept))
        await self._lease(active)
        for name, (endpoint, _) in self._running.items():
            endpoint.look(active[name], end)
        await self._prune()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _see(self, snapshot: Snapshot) -> _Seen:
        self._means.clock_was_read(await snapshot.moment())
        webhooks = await snapshot.read_webhooks()
        end = await snapshot.read_position() if webhooks else {}
        if self._now() >= self._count_at:
            self._count_at = self._now() + self._times.count_seconds
            messages, oldest_at = await snapshot.webhook_backlog() if webhooks else (0, None)
            age = await snapshot.moment() - oldest_at if oldest_at else timedelta()
            self._backlog_observer.webhook_backlog(messages, age.total_seconds())
        return _Seen(webhooks, end)

    async def _lease(self, active: dict[str, Webhook]) -> None:
        """Take what nobody has and renew what is ours, if it is time."""
        free = [
            name
            for name, webhook in active.items()
            if name not in self._running and webhook.leased_to in (None, self.holder)
        ]
        wanted = free[:LEASES_TAKEN_AT_ONCE]
        asked_at = self._now()
        if not wanted and not (self._running and asked_at >= self._renew_at):
            return
        names = sorted([*wanted, *self._running])
        self._has_asked = True

        async def write(transaction: Transaction) -> frozenset[str]:
            seconds = self._times.lease_seconds
            return frozenset(await transaction.lease_webhooks(names, self.holder, seconds))

        held = await self._means.commits.submit(WebhookWrite("", write))
        self._held_until = asked_at + self._times.lease_seconds
        self._renew_at = asked_at + self._times.renew_seconds
        await self._stop(*(self._running.keys() - held))
        for name in held - self._running.keys():
            endpoint = Endpoint(active[name], self.holder, self._means)
            self._running[name] = endpoint, asyncio.create_task(endpoint.run(), name=name)

    async def _stop(self, *names: str) -> None:
        """Stop endpoints. If this is cancelled, they are still among those that run, so that the
        next call waits until they have closed their connections.
        """
        tasks = {name: self._running[name][1] for name in names}
        for task in tasks.values():
            task.cancel()
        if tasks:
            await asyncio.wait(tasks.values())
        for name, task in tasks.items():
            self._running.pop(name, None)
            error = None if task.cancelled() else task.exception()
            if error and not isinstance(error, LeaseLost):
                self._means.log.error("bug", webhook=name, exc_info=error)

    async def _prune(self) -> None:
        """Forget what ended long ago, some at each look while there is more."""
        if self._prune_at is None:
            self._prune_at = self._now() + self._times.prune_seconds
        if self._now() < self._prune_at:
            return
        before = self._means.clock() - timedelta(days=KEPT_DAYS)

        async def write(transaction: Transaction) -> bool:
            pruned = [
                await transaction.prune_messages(name, before, MESSAGES_PRUNED_AT_ONCE)
                for name in sorted(self._running)
            ]
            return any(messages == MESSAGES_PRUNED_AT_ONCE for messages in pruned)

        if not self._running or not await self._means.commits.submit(WebhookWrite("", write)):
            self._prune_at = self._now() + self._times.prune_seconds
