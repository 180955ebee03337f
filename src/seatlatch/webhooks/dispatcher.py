"""Runs the delivery to each endpoint whose lease this process holds, beside other processes.

A lease is the holder and end in an endpoint's row, by the database's clock. A process that does not
renew a lease in time stops its delivery before another process can take the lease.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import uuid4

from seatlatch.commit import Change, Committer
from seatlatch.domain.feed import Position, entries_between
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.webhook import ShownState, Webhook, WebhookState
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Snapshot, Transaction
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.endpoint import Endpoint, LeaseLost

LEASES_TAKEN_AT_ONCE = 10
"""Leases to take in one poll, so that processes that start together share the endpoints."""

RELEASE_SECONDS = 1.0
"""How long a process that stops waits for the release of its leases. They also end by themselves.
"""

KEPT_DAYS = 7
"""How long the result of a message is kept after its last attempt."""

MESSAGES_PRUNED_AT_ONCE = 500

CHANGES_AT_ONCE = 50
"""Changes of webhooks that one process submits at once. A channel's request is refused when 1,000
wait for a commit, and webhooks must not fill that queue."""

Result = TypeVar("Result")


class Times(NamedTuple):
    """How often to poll the database, how long a lease lasts, when to renew it, and how often to
    count the waiting messages and to prune old ones.
    """

    poll_seconds: float = 0.5
    lease_seconds: float = 30.0
    renew_seconds: float = 10.0
    count_seconds: float = 10.0
    prune_seconds: float = 3_600.0


TIMES = Times()


class BacklogObserver(Protocol):
    """Receives the number and age of waiting messages, and the states of the endpoints."""

    def webhook_backlog(self, messages: int, lag_seconds: float) -> None:
        """Report the backlog of all active endpoints.

        `lag_seconds`: the age of the oldest message; 0 = none waits.
        """

    def webhook_unread(self, entries: int) -> None:
        """Report how many entries of the journal the active endpoint furthest behind has not read,
        as far as its position is stored.
        """

    def webhook_states(self, webhooks: Mapping[ShownState, int]) -> None:
        """Report the number of endpoints in each state."""


class _State(NamedTuple):
    webhooks: Sequence[Webhook]
    end: Position
    last_event_change: int


class LimitedCommitter:
    """A `commit.Committer` that submits a limited number of changes at once."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._limit = asyncio.Semaphore(CHANGES_AT_ONCE)

    async def submit(self, change: Change[Result]) -> Result:
        """Make `change` durable and return its result. Raises `Unavailable`."""
        async with self._limit:
            return await self._committer.submit(change)


class Dispatcher:
    """Takes leases and runs an `Endpoint` for each. Start and close it in the same event loop."""

    def __init__(
        self,
        dependencies: Dependencies,
        backlog_observer: BacklogObserver,
        times: Times = TIMES,
    ) -> None:
        self.holder = uuid4().hex
        committer = LimitedCommitter(dependencies.committer)
        self._dependencies = dependencies._replace(committer=committer)
        self._backlog_observer = backlog_observer
        self._times = times
        self._running: dict[str, tuple[Endpoint, asyncio.Task[None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_unreachable = False
        self._has_requested_leases = False
        self._held_until = 0.0
        self._renew_at = 0.0
        self._count_at = 0.0
        self._prune_at: float | None = None

    @property
    def endpoints(self) -> frozenset[str]:
        """The ids of the endpoints to which this process delivers now."""
        return frozenset(self._running)

    def start(self) -> None:
        """Start to deliver."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        """Stop. The next holder of a lease repeats the attempts that are cancelled here."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._stop(*self._running)
        if self._has_requested_leases:
            write = WebhookWrite(
                "", lambda transaction: transaction.webhooks.release_leases(self.holder)
            )
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._dependencies.committer.submit(write)

    async def _run(self) -> None:
        while True:
            try:
                await self.poll()
                self._log_reachability(is_unreachable=False)
            except Unavailable:
                self._log_reachability(is_unreachable=True)
            except Exception as error:
                self._dependencies.log.error("bug", exc_info=error)
            await asyncio.sleep(self._times.poll_seconds)

    def _log_reachability(self, *, is_unreachable: bool) -> None:
        """Log a change of the state, but not every poll."""
        log = self._dependencies.log
        if is_unreachable and not self._is_unreachable:
            log.warning("webhooks", reason="The database is not reachable.")
        elif self._is_unreachable and not is_unreachable:
            log.info("webhooks", reason="The database is reachable again.")
        self._is_unreachable = is_unreachable

    async def poll(self) -> None:
        """Read the endpoints, the end of the journal and the last change of an event once, and
        update what runs.

        Raises `Unavailable`.
        """
        await self._stop(*(name for name, (_, task) in self._running.items() if task.done()))
        # By this process's own clock the leases may have ended: another process may deliver now.
        if self._now() >= self._held_until:
            await self._stop(*self._running)
        state = await self._dependencies.store.read(self._read_state)
        active = {one.webhook_id: one for one in state.webhooks if one.state is WebhookState.ACTIVE}
        kept = {name for name in active if active[name].leased_to == self.holder}
        await self._stop(*(self._running.keys() - kept))
        await self._lease(active)
        for name, (endpoint, _) in self._running.items():
            endpoint.update(active[name], state.end, state.last_event_change)
        await self._prune()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _read_state(self, snapshot: Snapshot) -> _State:
        self._dependencies.clock_was_read(await snapshot.now())
        webhooks = await snapshot.webhooks.read_all()
        end = await snapshot.journal.read_position() if webhooks else {}
        last_event_change = await snapshot.events.last_change() if webhooks else 0
        if self._now() >= self._count_at:
            self._count_at = self._now() + self._times.count_seconds
            messages, oldest_at = await snapshot.webhooks.backlog() if webhooks else (0, None)
            age = await snapshot.now() - oldest_at if oldest_at else timedelta()
            self._backlog_observer.webhook_backlog(messages, age.total_seconds())
            active = (one for one in webhooks if one.state is WebhookState.ACTIVE)
            unread = (entries_between(one.position, end) for one in active)
            self._backlog_observer.webhook_unread(max(unread, default=0))
            self._backlog_observer.webhook_states(Counter(one.shown_state for one in webhooks))
        return _State(webhooks, end, last_event_change)

    async def _lease(self, active: dict[str, Webhook]) -> None:
        """Take free leases, and renew those of this process when it is time."""
        free = [
            name
            for name, webhook in active.items()
            if name not in self._running and webhook.leased_to in (None, self.holder)
        ]
        wanted = free[:LEASES_TAKEN_AT_ONCE]
        requested_at = self._now()
        if not wanted and not (self._running and requested_at >= self._renew_at):
            return
        names = sorted([*wanted, *self._running])
        self._has_requested_leases = True

        async def write(transaction: Transaction) -> frozenset[str]:
            seconds = self._times.lease_seconds
            return frozenset(await transaction.webhooks.lease(names, self.holder, seconds))

        held = await self._dependencies.committer.submit(WebhookWrite("", write))
        # Counted from before the request: the database's leases start later, so this process stops
        # before they end, however long the commit took.
        self._held_until = requested_at + self._times.lease_seconds
        self._renew_at = requested_at + self._times.renew_seconds
        await self._stop(*(self._running.keys() - held))
        for name in held - self._running.keys():
            endpoint = Endpoint(active[name], self.holder, self._dependencies)
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
                self._dependencies.log.error("bug", webhook=name, exc_info=error)

    async def _prune(self) -> None:
        """Remove old messages that are no longer pending: a portion in each poll while there are
        more, so that no transaction is long.
        """
        if self._prune_at is None:
            self._prune_at = self._now() + self._times.prune_seconds
        if self._now() < self._prune_at:
            return
        before = self._dependencies.clock() - timedelta(days=KEPT_DAYS)

        async def write(transaction: Transaction) -> bool:
            pruned = [
                await transaction.webhooks.prune_messages(name, before, MESSAGES_PRUNED_AT_ONCE)
                for name in sorted(self._running)
            ]
            return any(messages == MESSAGES_PRUNED_AT_ONCE for messages in pruned)

        committer = self._dependencies.committer
        if not self._running or not await committer.submit(WebhookWrite("", write)):
            self._prune_at = self._now() + self._times.prune_seconds
