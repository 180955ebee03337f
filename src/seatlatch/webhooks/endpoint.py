"""Tells one endpoint: moves what is for it from the journal into messages, and sends those.

At least once, and each ticket's changes in their order. Whoever runs this has the endpoint's lease.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import NamedTuple, Protocol

from seatlatch.commit import Commits
from seatlatch.domain.feed import Position
from seatlatch.domain.refusal import Unavailable
from seatlatch.domain.webhook import MessageState, Webhook, WebhookState, without_query
from seatlatch.logs import Log
from seatlatch.operations.journal_alarm import DamageObserver, JournalAlarm
from seatlatch.operations.write_webhooks import WebhookWrite
from seatlatch.store.interface import Snapshot, Store, Transaction
from seatlatch.store.webhooks import Attempt, NewMessage, Pending
from seatlatch.tasks import to_the_end
from seatlatch.webhooks.feed import is_behind, read_for, warn_if_pruned
from seatlatch.webhooks.message import messages_of, signed
from seatlatch.webhooks.schedule import DELAYS_SECONDS, next_attempt
from seatlatch.webhooks.sending import CONNECTIONS_MAX, Answer, NoAnswer, Sends, problem_of
from seatlatch.webhooks.window import Window, untried_are_due

MESSAGES_WAITING_MAX = 500
"""So many messages of an endpoint wait at most; what follows stays in the journal, once for all."""

ENTRIES_AT_ONCE = 50
"""Of the journal, looked at in one piece: on SQLite the event loop stands still for it."""

ENTRIES_BETWEEN_WRITES = 5_000
"""Where nothing is for an endpoint, its position is kept so rarely: to look again costs little."""

NOTE_SECONDS = 1.0
"""So long an endpoint that is stopped waits for what is being kept of its last attempts."""

GONE = 410


class Observer(DamageObserver, Protocol):
    """Is told what became of attempts, and of damage to the journal."""

    def webhook_attempted(self, result: str) -> None:
        """`delivered`, `failed` or `given_up`."""


class Means(NamedTuple):
    """What an endpoint needs. `clock`: the database's time (UTC); `chance`: numbers from 0 to 1."""

    store: Store
    commits: Commits
    sender: Callable[[], Sends]
    observer: Observer
    log: Log
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    clock_was_read: Callable[[datetime], None] = lambda _now: None
    delays_seconds: Sequence[float] = DELAYS_SECONDS
    refresh_seconds: float = 5.0
    """So often it is looked what others have done to the messages that wait."""
    again_seconds: float = 5.0
    """After so long it goes on when the database does not answer, or after a bug of ours."""


class LeaseLost(Exception):
    """Another one tells the endpoint now, or it is not as we left it, or was just disabled."""


class Endpoint:
    """One endpoint. `webhook` as it is known now; `run` is to be ended by cancelling it."""

    def __init__(self, webhook: Webhook, holder: str, means: Means) -> None:
        self.webhook = webhook
        self._holder = holder
        self._means = means
        self._kept = webhook.position
        self._position = webhook.position
        self._end: Position = {}
        self._window = Window()
        self._is_disabled = False
        self._has_all = False
        self._refreshed_at = -inf
        self._wake = asyncio.Event()
        self._sends: set[asyncio.Task[None]] = set()
        self._sender = means.sender()
        self._alarm = JournalAlarm(means.log, means.observer)

    def look(self, webhook: Webhook, end: Position) -> None:
        """What is known of it now, and where the journal ends."""
        self.webhook = webhook
        self._end = end
        self._wake.set()

    async def run(self) -> None:
        """Tell it, until cancelled. Raises `LeaseLost`."""
        try:
            while True:
                self._wake.clear()
                if self._is_disabled:
                    raise LeaseLost
                try:
                    await self._refresh()
                    self._send_ready()
                    await self._move()
                except Unavailable:
                    await asyncio.sleep(self._means.again_seconds)
                else:
                    await self._news()
        finally:
            await to_the_end(self._close())

    async def _close(self) -> None:
        for task in self._sends:
            task.cancel()
        if self._sends:
            await asyncio.wait(self._sends, timeout=NOTE_SECONDS)
        await self._sender.close()

    async def _refresh(self) -> None:
        """Read what waits: from time to time, for a command may add to it, and if few are left."""
        now = asyncio.get_running_loop().time()
        is_fresh = now < self._refreshed_at + self._means.refresh_seconds
        if is_fresh and (self._has_all or len(self._window) > MESSAGES_WAITING_MAX // 2):
            return
        if self._refreshed_at == -inf:
            await warn_if_pruned(self._means.store, self.webhook, self._means.log)
        self._window.look_away()

        async def work(snapshot: Snapshot) -> list[Pending]:
            found = await snapshot.pending_messages(self.webhook.webhook_id, MESSAGES_WAITING_MAX)
            return list(found)

        pending = await self._means.store.read(work)
        self._window.look(untried_are_due(pending, self._means.clock()))
        self._has_all = len(pending) < MESSAGES_WAITING_MAX
        self._refreshed_at = now

    async def _move(self) -> None:
        """Make messages of what happened, as long as there is room for them to wait.

        Not while others wait that the window does not hold: new ones would overtake them.
        """
        while (
            self._has_all
            and len(self._window) < MESSAGES_WAITING_MAX
            and is_behind(self._position, self._end)
        ):
            events, after, damaged = await self._means.store.read(
                partial(read_for, webhook=self.webhook, after=self._position, limit=ENTRIES_AT_ONCE)
            )
            if after == self._position:
                return
            self._alarm.entries(damaged)
            messages = list(messages_of(events))
            looked_at = sum(after.values()) - sum(self._kept.values())
            if messages or looked_at >= ENTRIES_BETWEEN_WRITES:
                await self._keep(after, messages)
            self._position = after
            self._send_ready()
            await asyncio.sleep(0)

    async def _keep(self, after: Position, messages: list[NewMessage]) -> None:
        async def write(transaction: Transaction) -> list[Pending] | None:
            added = await transaction.move_webhook(
                self.webhook.webhook_id, self._holder, self._kept, after, messages
            )
            return None if added is None else list(added)

        added = await self._means.commits.submit(WebhookWrite(self.webhook.webhook_id, write))
        if added is None:
            raise LeaseLost
        self._kept = after
        self._window.add(untried_are_due(added, self._means.clock()))

    def _send_ready(self) -> None:
        room = 0 if self._is_disabled else CONNECTIONS_MAX - self._window.in_flight
        for one in self._window.ready(self._means.clock(), room):
            self._window.sending(one)
            task = asyncio.create_task(self._attempt(one), name=one.message_id)
            self._sends.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sends.discard(task)
        self._wake.set()

    async def _news(self) -> None:
        """Wait until something ended, is due or may have come."""
        due_at = self._window.next_due_at()
        timeout = None
        if due_at is not None and self._window.in_flight < CONNECTIONS_MAX:
            timeout = max((due_at - self._means.clock()).total_seconds(), 0.0)
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, one: Pending) -> None:
        """Send a message once, and keep what became of it."""
        try:
            body = await self._means.store.read(lambda snapshot: snapshot.read_body(one.message_id))
            if body is None:  # the endpoint was removed
                self._window.ended(one)
                return
            answer, problem = await self._send(one, body)
            await to_the_end(self._note(one, answer, problem))  # even if the endpoint stops of it
        except Unavailable:
            self._try_later(one)
        except Exception as error:
            self._means.log.error("bug", webhook=self.webhook.webhook_id, exc_info=error)
            self._try_later(one)

    def _try_later(self, one: Pending) -> None:
        """Nothing is kept of the attempt."""
        due_at = self._means.clock() + timedelta(seconds=self._means.again_seconds)
        self._window.postponed(one._replace(due_at=due_at))

    async def _send(self, one: Pending, body: str) -> tuple[Answer | None, str | None]:
        now = self._means.clock()
        headers = signed(self.webhook.secrets_at(now), one.message_id, body, now)
        try:
            answer = await self._sender.send(self.webhook.url, headers, body.encode())
        except NoAnswer as none:
            return None, str(none)
        return answer, problem_of(answer.status)

    async def _note(self, one: Pending, answer: Answer | None, problem: str | None) -> None:
        now = self._means.clock()
        first = one.first_attempt_at or now
        attempts = one.attempts + 1
        state, due_at = MessageState.DELIVERED, now
        if problem:
            retry_after = answer.retry_after if answer else None
            chance, delays = self._means.chance(), self._means.delays_seconds
            again_at = next_attempt(attempts, first, now, chance, retry_after, delays)
            state = MessageState.PENDING if again_at else MessageState.GIVEN_UP
            due_at = again_at or now
        status = answer.status if answer else None
        attempt = Attempt(one.message_id, state, now, due_at, status, problem)
        reason = await self._keep_attempt(one, attempt, first)
        self._is_disabled = self._is_disabled or reason is not None
        if state is MessageState.PENDING:
            postponed = one._replace(attempts=attempts, first_attempt_at=first, due_at=due_at)
            self._window.postponed(postponed)
        else:
            self._window.ended(one)
        self._tell(one, attempt, reason)

    async def _keep_attempt(self, one: Pending, attempt: Attempt, first: datetime) -> str | None:
        """Why the endpoint was disabled with it, if it was."""
        webhook_id = self.webhook.webhook_id

        async def write(transaction: Transaction) -> str | None:
            await transaction.note_attempt(attempt)
            reason = None
            if attempt.status == GONE:
                reason = "The receiver answered 410 Gone."
            elif attempt.state is MessageState.GIVEN_UP and not await transaction.delivered_since(
                webhook_id, first
            ):
                reason = "The receiver took nothing for as long as a message is tried."
            if reason:
                await transaction.set_webhook_state(webhook_id, WebhookState.DISABLED, reason)
            return reason

        order = f"{webhook_id} {one.number:020}"
        return await self._means.commits.submit(WebhookWrite(order, write))

    def _tell(self, one: Pending, attempt: Attempt, disabled: str | None) -> None:
        """Log and count. Of a message's failures the first and the last are warnings."""
        log = self._means.log.bind(webhook=self.webhook.webhook_id, message=one.message_id)
        given_up = attempt.state is MessageState.GIVEN_UP
        result = "failed" if attempt.state is MessageState.PENDING else str(attempt.state)
        self._means.observer.webhook_attempted(result)
        warn = given_up or (one.attempts == 0 and attempt.problem)
        (log.warning if warn else log.debug)(
            "webhook",
            url=without_query(self.webhook.url),
            result=result,
            attempts=one.attempts + 1,
            reason=attempt.problem,
        )
        if disabled:
            log.error("webhook disabled", reason=disabled)
