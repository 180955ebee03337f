"""Delivers to one endpoint: makes messages of the journal's events and of changed events, and sends
them.

Each message is delivered at least once, and the changes of each ticket in their order. The process
that runs this holds the endpoint's lease.

See decisions 69, 76, 80, 81 and 149.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from math import inf

from seatlatch.domain.feed import Position, covers
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.webhook import Webhook
from seatlatch.operations.journal_alarm import JournalAlarm
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Transaction
from seatlatch.store.webhooks import NewMessage, Pending
from seatlatch.tasks import to_the_end
from seatlatch.webhooks.attempt import Sent, record_attempt, send_once
from seatlatch.webhooks.dependencies import Dependencies
from seatlatch.webhooks.event_message import event_messages_of
from seatlatch.webhooks.http_sender import CONNECTIONS_MAX
from seatlatch.webhooks.message import messages_of
from seatlatch.webhooks.selection import (
    select_changed_events,
    select_events,
    warn_if_pruned,
)
from seatlatch.webhooks.window import Window, untried_are_due

MESSAGES_WAITING_MAX = 500
"""Messages that are made ahead for an endpoint. Later events stay in the journal, which has them
once for all endpoints."""

ENTRIES_AT_ONCE = 50
"""Entries of the journal to read in one step: on SQLite the event loop stands still for it."""

CHANGED_EVENTS_AT_ONCE = 200
"""Changed events to read in one step."""

ENTRIES_BETWEEN_WRITES = 5_000
"""How many entries without an event for the endpoint to read before its position is stored. To
read them again after a restart costs little."""

RECORD_SECONDS = 1.0
"""How long an endpoint that stops waits until the results of its last attempts are stored."""


class LeaseLost(Exception):
    """Another process holds the lease, the endpoint was moved, or it was just disabled."""


class Endpoint:
    """The delivery to one endpoint. `run` ends when it is cancelled or the lease is lost."""

    def __init__(self, webhook: Webhook, holder: str, dependencies: Dependencies) -> None:
        self.webhook = webhook
        self._holder = holder
        self._dependencies = dependencies
        self._stored_position = webhook.position
        self._position = webhook.position
        self._end: Position = {}
        self._stored_event_change = webhook.event_change_number
        self._event_change = webhook.event_change_number
        self._last_event_change = 0
        self._window = Window()
        self._is_disabled = False
        self._holds_all = False
        self._refreshed_at = -inf
        self._wake = asyncio.Event()
        self._attempts: set[asyncio.Task[None]] = set()
        self._sender = dependencies.sender()
        self._alarm = JournalAlarm(dependencies.log, dependencies.observer)

    def update(self, webhook: Webhook, end: Position, last_event_change: int) -> None:
        """Take the endpoint's row, the end of the journal and the last change of an event."""
        self.webhook = webhook
        self._end = end
        self._last_event_change = last_event_change
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. Raises `LeaseLost`."""
        try:
            while True:
                self._wake.clear()
                if self._is_disabled:
                    raise LeaseLost
                try:
                    await self._refresh()
                    self._start_attempts()
                    await self._make_event_messages()
                    await self._make_messages()
                except Unavailable:
                    await asyncio.sleep(self._dependencies.retry_seconds)
                else:
                    await self._wait()
        finally:
            await to_the_end(self._close())

    async def _close(self) -> None:
        for task in self._attempts:
            task.cancel()
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=RECORD_SECONDS)
        await self._sender.close()

    async def _refresh(self) -> None:
        """Read the waiting messages if the window runs low, and from time to time: a command may
        have added some.
        """
        now = asyncio.get_running_loop().time()
        is_fresh = now < self._refreshed_at + self._dependencies.refresh_seconds
        if is_fresh and (self._holds_all or len(self._window) > MESSAGES_WAITING_MAX // 2):
            return
        store = self._dependencies.store
        if self._refreshed_at == -inf:
            await warn_if_pruned(store, self.webhook, self._dependencies.log)
        self._window.begin_refresh()
        webhook_id = self.webhook.webhook_id
        pending = await store.read(
            lambda snapshot: snapshot.webhooks.pending_messages(webhook_id, MESSAGES_WAITING_MAX)
        )
        self._window.refresh(untried_are_due(pending, self._dependencies.clock()))
        self._holds_all = len(pending) < MESSAGES_WAITING_MAX
        self._refreshed_at = now

    async def _make_messages(self) -> None:
        """Make messages of new events until the limit of waiting messages is reached.

        Only while the window holds every waiting message of the database: a new one would otherwise
        overtake a waiting one that the window does not hold.
        """
        while (
            self._holds_all
            and len(self._window) < MESSAGES_WAITING_MAX
            and not covers(self._position, self._end)
        ):
            events, after, damaged = await self._dependencies.store.read(
                partial(
                    select_events,
                    webhook=self.webhook,
                    after=self._position,
                    limit=ENTRIES_AT_ONCE,
                )
            )
            if after == self._position:
                return
            self._alarm.entries(damaged)
            messages = list(messages_of(events))
            unstored_entries = sum(after.values()) - sum(self._stored_position.values())
            if messages or unstored_entries >= ENTRIES_BETWEEN_WRITES:
                await self._store_messages(after, messages)
            self._position = after
            self._start_attempts()
            await asyncio.sleep(0)

    async def _make_event_messages(self) -> None:
        """Make messages of changed events under the same conditions. They come first, because a
        busy feed of seats must not delay them.
        """
        while (
            self._holds_all
            and len(self._window) < MESSAGES_WAITING_MAX
            and self._event_change < self._last_event_change
        ):
            events, after = await self._dependencies.store.read(
                partial(
                    select_changed_events,
                    webhook=self.webhook,
                    after=self._event_change,
                    limit=CHANGED_EVENTS_AT_ONCE,
                )
            )
            if messages := list(event_messages_of(events)):
                await self._store_event_messages(after, messages)
            self._event_change = after
            self._start_attempts()
            await asyncio.sleep(0)

    async def _store_event_messages(self, after: int, messages: list[NewMessage]) -> None:
        """Store messages together with the number of the last change in them."""

        async def write(transaction: Transaction) -> Sequence[Pending] | None:
            return await transaction.webhooks.move_events(
                self.webhook.webhook_id, self._holder, self._stored_event_change, after, messages
            )

        await self._store(write)
        self._stored_event_change = after

    async def _store_messages(self, after: Position, messages: list[NewMessage]) -> None:
        """Store messages together with the new position, so that no event is lost or repeated."""

        async def write(transaction: Transaction) -> Sequence[Pending] | None:
            return await transaction.webhooks.move(
                self.webhook.webhook_id, self._holder, self._stored_position, after, messages
            )

        await self._store(write)
        self._stored_position = after

    async def _store(
        self, write: Callable[[Transaction], Awaitable[Sequence[Pending] | None]]
    ) -> None:
        """Store new messages, and add them to the window."""
        change = WebhookWrite(self.webhook.webhook_id, write)
        added = await self._dependencies.committer.submit(change)
        if added is None:
            raise LeaseLost
        self._window.add(untried_are_due(added, self._dependencies.clock()))

    def _start_attempts(self) -> None:
        limit = 0 if self._is_disabled else CONNECTIONS_MAX - self._window.in_flight
        for one in self._window.ready(self._dependencies.clock(), limit):
            self._window.started(one)
            task = asyncio.create_task(self._attempt(one), name=one.message_id)
            self._attempts.add(task)
            task.add_done_callback(self._attempt_ended)

    def _attempt_ended(self, task: asyncio.Task[None]) -> None:
        self._attempts.discard(task)
        self._wake.set()

    async def _wait(self) -> None:
        """Wait until an attempt ended, a message is due, or `update` was called."""
        due_at = self._window.next_due_at()
        timeout = None
        if due_at is not None and self._window.in_flight < CONNECTIONS_MAX:
            timeout = max((due_at - self._dependencies.clock()).total_seconds(), 0.0)
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, one: Pending) -> None:
        """Send a message once and record the result."""
        try:
            message = await self._dependencies.store.read(
                lambda snapshot: snapshot.webhooks.outgoing_message(one.message_id)
            )
            if message is None:  # the endpoint was removed
                self._window.ended(one)
                return
            webhook = self.webhook._replace(url=message.url)  # which may just have been changed
            now = self._dependencies.clock()
            sent = await send_once(self._sender, webhook, one, message.body, now)
            # To the end, even if this result stops the endpoint: the receiver has the message.
            await to_the_end(self._record(webhook, one, sent))
        except Unavailable:
            self._retry_later(one)
        except Exception as error:
            self._dependencies.log.error("bug", webhook=self.webhook.webhook_id, exc_info=error)
            self._retry_later(one)

    def _retry_later(self, one: Pending) -> None:
        """Repeat an attempt that was not recorded and so does not count."""
        retry = timedelta(seconds=self._dependencies.retry_seconds)
        self._window.postponed(one._replace(due_at=self._dependencies.clock() + retry))

    async def _record(self, webhook: Webhook, one: Pending, sent: Sent) -> None:
        """Store the result of an attempt, then update the window.

        In this order: the next message of the ticket starts only when this result is durable.
        """
        recorded = await record_attempt(self._dependencies, webhook, one, sent)
        self._is_disabled = self._is_disabled or recorded.disables_endpoint
        if recorded.retry:
            self._window.postponed(recorded.retry)
        else:
            self._window.ended(one)
