"""Webhooks on PostgreSQL: their SQL, and rows to values."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position, position_from_text, position_to_text
from seatlatch.domain.webhook import Delivery, MessageState, Webhook, WebhookState
from seatlatch.store.postgres.arrays import is_storable
from seatlatch.store.postgres.reading import PostgresReading, utc
from seatlatch.store.webhooks import Attempt, Backlog, NewMessage, Pending

READ_CHANNEL = """
SELECT organization_id FROM seatlatch.channels LEFT JOIN seatlatch.grants USING (channel_code)
WHERE channel_code = %s
"""
WEBHOOKS = """
SELECT webhook_id, channel_code, url, own_changes, created_at, secret, position, state, reason,
       old_secret, old_secret_ends_at, CASE WHEN lease_ends_at > now() THEN lease_holder END
FROM seatlatch.webhooks
"""
READ_WEBHOOKS = f"{WEBHOOKS} ORDER BY channel_code, created_at, webhook_id"
FIND_WEBHOOK = f"{WEBHOOKS} WHERE webhook_id = %s"
FIND_WEBHOOK_TO_CHANGE = f"{FIND_WEBHOOK} FOR NO KEY UPDATE"
PENDING = "number, message_id, tokens, attempts, first_attempt_at, due_at"
PENDING_MESSAGES = f"""
SELECT {PENDING} FROM seatlatch.webhook_messages
WHERE webhook_id = %s AND state = 'pending' ORDER BY number LIMIT %s
"""
READ_BODY = "SELECT body FROM seatlatch.webhook_messages WHERE message_id = %s"
DELIVERIES = """
SELECT message_id, state, created_at, attempts, attempted_at, due_at, status, problem
FROM seatlatch.webhook_messages
WHERE webhook_id = %s AND (NOT %s::boolean OR problem IS NOT NULL) ORDER BY number DESC LIMIT %s
"""
DELIVERED_SINCE = """
SELECT 1 FROM seatlatch.webhook_messages
WHERE webhook_id = %s AND state <> 'pending' AND attempted_at >= %s AND state = 'delivered' LIMIT 1
"""
BACKLOG = """
SELECT count(*), min(m.created_at)
FROM seatlatch.webhooks AS w JOIN seatlatch.webhook_messages AS m USING (webhook_id)
WHERE w.state = 'active' AND m.state = 'pending'
"""
ADD_WEBHOOK = """
INSERT INTO seatlatch.webhooks (webhook_id, channel_code, url, own_changes, created_at, state,
                                secret, position)
VALUES (%s, %s, %s, %s, %s, 'active', %s, %s) RETURNING 1
"""
TAKE_WEBHOOK = "SELECT 1 FROM seatlatch.webhooks WHERE webhook_id = %s FOR UPDATE"
"""So that nobody adds a message while they are removed."""
REMOVE_MESSAGES = "DELETE FROM seatlatch.webhook_messages WHERE webhook_id = %s RETURNING 1"
REMOVE_WEBHOOK = "DELETE FROM seatlatch.webhooks WHERE webhook_id = %s RETURNING 1"
SET_STATE = """
UPDATE seatlatch.webhooks SET state = %s, reason = %s WHERE webhook_id = %s RETURNING 1
"""
SET_SECRETS = """
UPDATE seatlatch.webhooks SET secret = %s, old_secret = %s, old_secret_ends_at = %s
WHERE webhook_id = %s RETURNING 1
"""
LEASE = """
UPDATE seatlatch.webhooks
SET lease_holder = %(holder)s, lease_ends_at = now() + make_interval(secs => %(seconds)s)
WHERE webhook_id IN (
    SELECT webhook_id FROM seatlatch.webhooks WHERE webhook_id = ANY (%(ids)s::text[])
    ORDER BY webhook_id FOR NO KEY UPDATE)
  AND state = 'active'
  AND (lease_holder = %(holder)s OR lease_ends_at IS NULL OR lease_ends_at <= now())
RETURNING webhook_id
"""
RELEASE_LEASES = """
UPDATE seatlatch.webhooks SET lease_holder = NULL, lease_ends_at = NULL
WHERE webhook_id IN (
    SELECT webhook_id FROM seatlatch.webhooks WHERE lease_holder = %s
    ORDER BY webhook_id FOR NO KEY UPDATE)
RETURNING 1
"""
MOVE = """
UPDATE seatlatch.webhooks SET position = %s
WHERE webhook_id = %s AND lease_holder = %s AND lease_ends_at > now() AND position = %s
  AND state = 'active'
RETURNING 1
"""
ADD_MESSAGES = f"""
INSERT INTO seatlatch.webhook_messages (webhook_id, message_id, tokens, body, created_at, state,
                                        due_at)
SELECT %s, message_id, tokens, body, now(), 'pending', now()
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY
  AS new (message_id, tokens, body, nth)
ORDER BY nth
RETURNING {PENDING}
"""
NOTE_ATTEMPT = """
UPDATE seatlatch.webhook_messages
SET state = %(state)s, attempts = attempts + 1,
    first_attempt_at = coalesce(first_attempt_at, %(attempted_at)s),
    attempted_at = %(attempted_at)s, due_at = %(due_at)s, status = %(status)s,
    problem = %(problem)s
WHERE message_id = %(message_id)s AND state = 'pending'
RETURNING 1
"""
RESTART = """
UPDATE seatlatch.webhook_messages SET attempts = 0, first_attempt_at = NULL, due_at = now()
WHERE webhook_id = %s AND state = 'pending'
RETURNING 1
"""
REPLAY = """
UPDATE seatlatch.webhook_messages
SET state = 'pending', attempts = 0, first_attempt_at = NULL, due_at = now()
WHERE webhook_id = %(webhook_id)s
  AND CASE WHEN %(message_id)s::text IS NULL THEN state = 'given_up'
           ELSE message_id = %(message_id)s::text END
RETURNING 1
"""
PRUNE = """
DELETE FROM seatlatch.webhook_messages WHERE number IN (
  SELECT number FROM seatlatch.webhook_messages
  WHERE webhook_id = %s AND state <> 'pending' AND attempted_at < %s LIMIT %s
  FOR UPDATE SKIP LOCKED)
RETURNING 1
"""


class PostgresWebhooks(PostgresReading):
    """Reading them (`store.webhooks.WebhookSnapshot`)."""

    find_webhook_sql = FIND_WEBHOOK

    async def read_channel(self, code: str) -> Channel | None:
        """A channel with its grants."""
        rows = await self._rows(READ_CHANNEL, (code,)) if is_storable(code) else []
        return Channel(code, frozenset(row[0] for row in rows if row[0])) if rows else None

    async def read_webhooks(self) -> Sequence[Webhook]:
        """All endpoints."""
        return [_webhook(row) for row in await self._rows(READ_WEBHOOKS)]

    async def find_webhook(self, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        if is_storable(webhook_id):
            for row in await self._rows(self.find_webhook_sql, (webhook_id,)):
                return _webhook(row)
        return None

    async def pending_messages(self, webhook_id: str, limit: int) -> Sequence[Pending]:
        """An endpoint's oldest messages that wait."""
        return [_pending(row) for row in await self._rows(PENDING_MESSAGES, (webhook_id, limit))]

    async def read_body(self, message_id: str) -> str | None:
        """What a message says."""
        for (body,) in await self._rows(READ_BODY, (message_id,)):
            return str(body)
        return None

    async def deliveries(
        self, webhook_id: str, limit: int, *, failed: bool = False
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages."""
        rows = await self._rows(DELIVERIES, (webhook_id, failed, limit))
        return [_delivery(row) for row in rows]

    async def delivered_since(self, webhook_id: str, moment: datetime) -> bool:
        """Whether an endpoint has taken any message since then."""
        return bool(await self._rows(DELIVERED_SINCE, (webhook_id, moment)))

    async def webhook_backlog(self) -> Backlog:
        """What waits."""
        ((messages, oldest),) = await self._rows(BACKLOG)
        return Backlog(messages, _optional(oldest))


class PostgresWebhookWriter(PostgresWebhooks):
    """Writing them (`store.webhooks.WebhookTransaction`)."""

    find_webhook_sql = FIND_WEBHOOK_TO_CHANGE

    async def add_webhook(self, webhook: Webhook) -> None:
        """One more endpoint."""
        position = position_to_text(webhook.position)
        await self._rows(ADD_WEBHOOK, (*webhook[:6], position))

    async def remove_webhook(self, webhook_id: str) -> bool:
        """Forget an endpoint with all its messages."""
        await self._rows(TAKE_WEBHOOK, (webhook_id,))
        await self._rows(REMOVE_MESSAGES, (webhook_id,))
        return bool(await self._rows(REMOVE_WEBHOOK, (webhook_id,)))

    async def set_webhook_state(
        self, webhook_id: str, state: WebhookState, reason: str | None
    ) -> bool:
        """Let an endpoint be told or not."""
        return bool(await self._rows(SET_STATE, (str(state), reason, webhook_id)))

    async def set_webhook_secrets(
        self, webhook_id: str, secret: str, old_secret: str, old_secret_ends_at: datetime
    ) -> bool:
        """Sign with another secret."""
        values = (secret, old_secret, old_secret_ends_at, webhook_id)
        return bool(await self._rows(SET_SECRETS, values))

    async def lease_webhooks(
        self, webhook_ids: Collection[str], holder: str, seconds: float
    ) -> Collection[str]:
        """Take or keep the lease of active endpoints."""
        values = {"ids": list(webhook_ids), "holder": holder, "seconds": seconds}
        return [row[0] for row in await self._rows(LEASE, values)]

    async def release_webhooks(self, holder: str) -> None:
        """Let go of all that a holder has."""
        await self._rows(RELEASE_LEASES, (holder,))

    async def move_webhook(
        self,
        webhook_id: str,
        holder: str,
        before: Position,
        after: Position,
        messages: Sequence[NewMessage],
    ) -> Sequence[Pending] | None:
        """Move an endpoint on, and add the messages that come of it."""
        moved = (position_to_text(after), webhook_id, holder, position_to_text(before))
        if not await self._rows(MOVE, moved):
            return None
        if not messages:
            return []
        message_ids, tokens, bodies = zip(*messages, strict=True)
        texts = [msgspec.json.encode(some).decode() for some in tokens]
        values = (webhook_id, list(message_ids), texts, list(bodies))
        return sorted(_pending(row) for row in await self._rows(ADD_MESSAGES, values))

    async def note_attempt(self, attempt: Attempt) -> None:
        """What became of an attempt."""
        await self._rows(NOTE_ATTEMPT, {**attempt._asdict(), "state": str(attempt.state)})

    async def restart_messages(self, webhook_id: str) -> None:
        """Try all that waits at once."""
        await self._rows(RESTART, (webhook_id,))

    async def replay_messages(self, webhook_id: str, message_id: str | None) -> int:
        """Let messages wait to be sent again."""
        values = {"webhook_id": webhook_id, "message_id": message_id}
        return len(await self._rows(REPLAY, values))

    async def prune_messages(self, webhook_id: str, before: datetime, limit: int) -> int:
        """Forget messages that ended before a moment."""
        return len(await self._rows(PRUNE, (webhook_id, before, limit)))


def _webhook(row: tuple[Any, ...]) -> Webhook:
    webhook_id, channel_code, url, own_changes, created_at, secret, position, state = row[:8]
    reason, old_secret, old_secret_ends_at, leased_to = row[8:]
    return Webhook(
        webhook_id,
        channel_code,
        url,
        own_changes,
        utc(created_at),
        secret,
        position_from_text(position),
        WebhookState(state),
        reason,
        old_secret,
        _optional(old_secret_ends_at),
        leased_to,
    )


def _pending(row: tuple[Any, ...]) -> Pending:
    number, message_id, tokens, attempts, first_attempt_at, due_at = row
    read = msgspec.json.decode(tokens)
    return Pending(number, message_id, read, attempts, _optional(first_attempt_at), utc(due_at))


def _delivery(row: tuple[Any, ...]) -> Delivery:
    message_id, state, created_at, attempts, attempted_at, due_at, status, problem = row
    return Delivery(
        message_id,
        MessageState(state),
        utc(created_at),
        attempts,
        _optional(attempted_at),
        utc(due_at),
        status,
        problem,
    )


def _optional(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)
