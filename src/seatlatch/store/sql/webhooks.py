"""Reading endpoints of webhooks, and their messages."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from seatlatch.domain.feed import position_from_text
from seatlatch.domain.webhook import Delivery, MessageState, Webhook, WebhookState
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp, timestamp
from seatlatch.store.webhooks import Backlog, Pending

WEBHOOKS = """
SELECT webhook_id, channel_code, url, own_changes, created_at, secret, position, state, reason,
       old_secret, old_secret_ends_at, CASE WHEN lease_ends_at > now() THEN lease_holder END
FROM seatlatch.webhooks
"""
READ_ALL = f"{WEBHOOKS} ORDER BY channel_code, created_at, webhook_id"
FIND = f"{WEBHOOKS} WHERE webhook_id = :webhook_id"
PENDING = "number, message_id, tokens, attempts, first_attempt_at, due_at"
PENDING_MESSAGES = f"""
SELECT {PENDING} FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND state = 'pending' ORDER BY number LIMIT :limit
"""
READ_BODY = "SELECT body FROM seatlatch.webhook_messages WHERE message_id = :message_id"
DELIVERIES = """
SELECT message_id, state, created_at, attempts, attempted_at, due_at, status, problem
FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND (NOT :failed OR problem IS NOT NULL)
ORDER BY number DESC LIMIT :limit
"""
DELIVERED_SINCE = """
SELECT 1 FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND state <> 'pending' AND attempted_at >= :since
  AND state = 'delivered'
LIMIT 1
"""
BACKLOG = """
SELECT count(*), min(m.created_at)
FROM seatlatch.webhooks AS w CROSS JOIN seatlatch.webhook_messages AS m
WHERE w.state = 'active' AND m.webhook_id = w.webhook_id AND m.state = 'pending'
"""


class SqlWebhookReader:
    """See `store.webhooks.WebhookReader`."""

    find_sql = FIND

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def read_all(self) -> Sequence[Webhook]:
        """All endpoints."""
        return [_webhook(row) for row in await self._executor.fetch(READ_ALL)]

    async def find(self, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        for row in await self._executor.fetch(self.find_sql, webhook_id=webhook_id):
            return _webhook(row)
        return None

    async def pending_messages(self, webhook_id: str, limit: int) -> Sequence[Pending]:
        """An endpoint's oldest waiting messages."""
        rows = await self._executor.fetch(PENDING_MESSAGES, webhook_id=webhook_id, limit=limit)
        return [pending(row) for row in rows]

    async def read_body(self, message_id: str) -> str | None:
        """The body of a message."""
        for (body,) in await self._executor.fetch(READ_BODY, message_id=message_id):
            return str(body)
        return None

    async def deliveries(
        self, webhook_id: str, limit: int, *, failed: bool = False
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages."""
        rows = await self._executor.fetch(
            DELIVERIES, webhook_id=webhook_id, limit=limit, failed=failed
        )
        return [_delivery(row) for row in rows]

    async def delivered_since(self, webhook_id: str, since: datetime) -> bool:
        """Whether an endpoint has accepted any message since then."""
        return bool(await self._executor.fetch(DELIVERED_SINCE, webhook_id=webhook_id, since=since))

    async def backlog(self) -> Backlog:
        """The waiting messages."""
        ((messages, oldest),) = await self._executor.fetch(BACKLOG)
        return Backlog(messages, optional_timestamp(oldest))


def _webhook(row: Row) -> Webhook:
    webhook_id, channel_code, url, own_changes, created_at, secret, position, state = row[:8]
    reason, old_secret, old_secret_ends_at, leased_to = row[8:]
    return Webhook(
        webhook_id,
        channel_code,
        url,
        bool(own_changes),
        timestamp(created_at),
        secret,
        position_from_text(position),
        WebhookState(state),
        reason,
        old_secret,
        optional_timestamp(old_secret_ends_at),
        leased_to,
    )


def pending(row: Row) -> Pending:
    """A message from a row of the columns `PENDING`."""
    number, message_id, tokens, attempts, first_attempt_at, due_at = row
    return Pending(
        number,
        message_id,
        msgspec.json.decode(tokens),
        attempts,
        optional_timestamp(first_attempt_at),
        timestamp(due_at),
    )


def _delivery(row: Row) -> Delivery:
    message_id, state, created_at, attempts, attempted_at, due_at, status, problem = row
    return Delivery(
        message_id,
        MessageState(state),
        timestamp(created_at),
        attempts,
        optional_timestamp(attempted_at),
        timestamp(due_at),
        status,
        problem,
    )
