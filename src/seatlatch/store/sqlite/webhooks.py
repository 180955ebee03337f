"""Webhooks on SQLite: their SQL, and rows to values."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import apsw
import msgspec

from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position, position_from_text, position_to_text
from seatlatch.domain.webhook import Delivery, MessageState, Webhook, WebhookState
from seatlatch.store.sqlite.moments import from_text, optional_moment, to_text
from seatlatch.store.webhooks import Attempt, Backlog, NewMessage, Pending

CHANNEL_EXISTS = "SELECT 1 FROM channels WHERE channel_code = ?"
READ_GRANTS = "SELECT organization_id FROM grants WHERE channel_code = ?"
WEBHOOKS = """
SELECT webhook_id, channel_code, url, own_changes, created_at, secret, position, state, reason,
       old_secret, old_secret_ends_at, iif(lease_ends_at > ?1, lease_holder, NULL)
FROM webhooks
"""
READ_WEBHOOKS = f"{WEBHOOKS} ORDER BY channel_code, created_at, webhook_id"
FIND_WEBHOOK = f"{WEBHOOKS} WHERE webhook_id = ?2"
PENDING = "number, message_id, tokens, attempts, first_attempt_at, due_at"
PENDING_MESSAGES = f"""
SELECT {PENDING} FROM webhook_messages
WHERE webhook_id = ? AND state = 'pending' ORDER BY number LIMIT ?
"""
READ_BODY = "SELECT body FROM webhook_messages WHERE message_id = ?"
DELIVERIES = """
SELECT message_id, state, created_at, attempts, attempted_at, due_at, status, problem
FROM webhook_messages
WHERE webhook_id = ?1 AND (?2 = 0 OR problem IS NOT NULL) ORDER BY number DESC LIMIT ?3
"""
DELIVERED_SINCE = """
SELECT 1 FROM webhook_messages
WHERE webhook_id = ? AND state <> 'pending' AND attempted_at >= ? AND state = 'delivered' LIMIT 1
"""
BACKLOG = """
SELECT count(*), min(m.created_at) FROM webhooks w CROSS JOIN webhook_messages m
WHERE w.state = 'active' AND m.webhook_id = w.webhook_id AND m.state = 'pending'
"""
ADD_WEBHOOK = """
INSERT INTO webhooks (webhook_id, channel_code, url, own_changes, created_at, state, secret,
                      position)
VALUES (?, ?, ?, ?, ?, 'active', ?, ?)
"""
REMOVE_MESSAGES = "DELETE FROM webhook_messages WHERE webhook_id = ?"
REMOVE_WEBHOOK = "DELETE FROM webhooks WHERE webhook_id = ? RETURNING 1"
SET_STATE = "UPDATE webhooks SET state = ?, reason = ? WHERE webhook_id = ? RETURNING 1"
SET_SECRETS = """
UPDATE webhooks SET secret = ?, old_secret = ?, old_secret_ends_at = ? WHERE webhook_id = ?
RETURNING 1
"""
LEASE = """
UPDATE webhooks SET lease_holder = ?2, lease_ends_at = ?3
WHERE webhook_id = ?1 AND state = 'active'
  AND (lease_holder = ?2 OR lease_ends_at IS NULL OR lease_ends_at <= ?4)
RETURNING webhook_id
"""
RELEASE_LEASES = """
UPDATE webhooks SET lease_holder = NULL, lease_ends_at = NULL WHERE lease_holder = ?
"""
MOVE = """
UPDATE webhooks SET position = ?1
WHERE webhook_id = ?2 AND lease_holder = ?3 AND lease_ends_at > ?4 AND position = ?5
  AND state = 'active'
RETURNING 1
"""
ADD_MESSAGE = f"""
INSERT INTO webhook_messages (webhook_id, message_id, tokens, body, created_at, state, due_at)
VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?5)
RETURNING {PENDING}
"""
NOTE_ATTEMPT = """
UPDATE webhook_messages
SET state = ?2, attempts = attempts + 1, first_attempt_at = ifnull(first_attempt_at, ?3),
    attempted_at = ?3, due_at = ?4, status = ?5, problem = ?6
WHERE message_id = ?1 AND state = 'pending'
"""
RESTART = """
UPDATE webhook_messages SET attempts = 0, first_attempt_at = NULL, due_at = ?2
WHERE webhook_id = ?1 AND state = 'pending'
"""
REPLAY = """
UPDATE webhook_messages SET state = 'pending', attempts = 0, first_attempt_at = NULL, due_at = ?2
WHERE webhook_id = ?1 AND iif(?3 IS NULL, state = 'given_up', message_id = ?3)
"""
PRUNE = """
DELETE FROM webhook_messages WHERE number IN (
  SELECT number FROM webhook_messages
  WHERE webhook_id = ? AND state <> 'pending' AND attempted_at < ? LIMIT ?)
"""


class SqliteWebhooks:
    """Reading them (`store.webhooks.WebhookSnapshot`)."""

    _connection: apsw.Connection
    now: datetime

    async def read_channel(self, code: str) -> Channel | None:
        """A channel with its grants."""
        if not self._connection.execute(CHANNEL_EXISTS, (code,)).fetchall():
            return None
        grants = self._connection.execute(READ_GRANTS, (code,))
        return Channel(code, frozenset(str(organization_id) for (organization_id,) in grants))

    async def read_webhooks(self) -> Sequence[Webhook]:
        """All endpoints."""
        rows = self._connection.execute(READ_WEBHOOKS, (to_text(self.now),))
        return [_webhook(row) for row in rows]

    async def find_webhook(self, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        for row in self._connection.execute(FIND_WEBHOOK, (to_text(self.now), webhook_id)):
            return _webhook(row)
        return None

    async def pending_messages(self, webhook_id: str, limit: int) -> Sequence[Pending]:
        """An endpoint's oldest messages that wait."""
        rows = self._connection.execute(PENDING_MESSAGES, (webhook_id, limit))
        return [_pending(row) for row in rows]

    async def read_body(self, message_id: str) -> str | None:
        """What a message says."""
        for (body,) in self._connection.execute(READ_BODY, (message_id,)):
            return str(body)
        return None

    async def deliveries(
        self, webhook_id: str, limit: int, *, failed: bool = False
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages."""
        rows = self._connection.execute(DELIVERIES, (webhook_id, failed, limit))
        return [_delivery(row) for row in rows]

    async def delivered_since(self, webhook_id: str, moment: datetime) -> bool:
        """Whether an endpoint has taken any message since then."""
        values = (webhook_id, to_text(moment))
        return bool(self._connection.execute(DELIVERED_SINCE, values).fetchall())

    async def webhook_backlog(self) -> Backlog:
        """What waits."""
        ((messages, oldest),) = self._connection.execute(BACKLOG).fetchall()
        return Backlog(cast(int, messages), optional_moment(cast("str | None", oldest)))


class SqliteWebhookWriter(SqliteWebhooks):
    """Writing them (`store.webhooks.WebhookTransaction`)."""

    async def add_webhook(self, webhook: Webhook) -> None:
        """One more endpoint."""
        values = (
            *webhook[:4],
            to_text(webhook.created_at),
            webhook.secret,
            position_to_text(webhook.position),
        )
        self._connection.execute(ADD_WEBHOOK, values)

    async def remove_webhook(self, webhook_id: str) -> bool:
        """Forget an endpoint with all its messages."""
        self._connection.execute(REMOVE_MESSAGES, (webhook_id,))
        return self._found(REMOVE_WEBHOOK, webhook_id)

    async def set_webhook_state(
        self, webhook_id: str, state: WebhookState, reason: str | None
    ) -> bool:
        """Let an endpoint be told or not."""
        return self._found(SET_STATE, state, reason, webhook_id)

    async def set_webhook_secrets(
        self, webhook_id: str, secret: str, old_secret: str, old_secret_ends_at: datetime
    ) -> bool:
        """Sign with another secret."""
        return self._found(SET_SECRETS, secret, old_secret, to_text(old_secret_ends_at), webhook_id)

    async def lease_webhooks(
        self, webhook_ids: Collection[str], holder: str, seconds: float
    ) -> Collection[str]:
        """Take or keep the lease of active endpoints."""
        ends_at = to_text(self.now + timedelta(seconds=seconds))
        bindings = [(webhook_id, holder, ends_at, to_text(self.now)) for webhook_id in webhook_ids]
        return [str(found) for (found,) in self._connection.executemany(LEASE, bindings)]

    async def release_webhooks(self, holder: str) -> None:
        """Let go of all that a holder has."""
        self._connection.execute(RELEASE_LEASES, (holder,))

    async def move_webhook(
        self,
        webhook_id: str,
        holder: str,
        before: Position,
        after: Position,
        messages: Sequence[NewMessage],
    ) -> Sequence[Pending] | None:
        """Move an endpoint on, and add the messages that come of it."""
        now = to_text(self.now)
        moved = (position_to_text(after), webhook_id, holder, now, position_to_text(before))
        if not self._found(MOVE, *moved):
            return None
        bindings = [
            (webhook_id, message_id, msgspec.json.encode(tokens).decode(), body, now)
            for message_id, tokens, body in messages
        ]
        return [_pending(row) for row in self._connection.executemany(ADD_MESSAGE, bindings)]

    async def note_attempt(self, attempt: Attempt) -> None:
        """What became of an attempt."""
        message_id, state, attempted_at, due_at, status, problem = attempt
        values = (message_id, state, to_text(attempted_at), to_text(due_at), status, problem)
        self._connection.execute(NOTE_ATTEMPT, values)

    async def restart_messages(self, webhook_id: str) -> None:
        """Try all that waits at once."""
        self._connection.execute(RESTART, (webhook_id, to_text(self.now)))

    async def replay_messages(self, webhook_id: str, message_id: str | None) -> int:
        """Let messages wait to be sent again."""
        self._connection.execute(REPLAY, (webhook_id, to_text(self.now), message_id))
        return self._connection.changes()

    async def prune_messages(self, webhook_id: str, before: datetime, limit: int) -> int:
        """Forget messages that ended before a moment."""
        self._connection.execute(PRUNE, (webhook_id, to_text(before), limit))
        return self._connection.changes()

    def _found(self, sql: str, *values: str | None) -> bool:
        return bool(self._connection.execute(sql, values).fetchall())


def _webhook(row: tuple[Any, ...]) -> Webhook:
    webhook_id, channel_code, url, own_changes, created_at, secret, position, state = row[:8]
    reason, old_secret, old_secret_ends_at, leased_to = row[8:]
    return Webhook(
        webhook_id,
        channel_code,
        url,
        bool(own_changes),
        from_text(created_at),
        secret,
        position_from_text(position),
        WebhookState(state),
        reason,
        old_secret,
        optional_moment(old_secret_ends_at),
        leased_to,
    )


def _pending(row: tuple[Any, ...]) -> Pending:
    number, message_id, tokens, attempts, first_attempt_at, due_at = row
    return Pending(
        number,
        message_id,
        msgspec.json.decode(tokens),
        attempts,
        optional_moment(first_attempt_at),
        from_text(due_at),
    )


def _delivery(row: tuple[Any, ...]) -> Delivery:
    message_id, state, created_at, attempts, attempted_at, due_at, status, problem = row
    return Delivery(
        message_id,
        MessageState(state),
        from_text(created_at),
        attempts,
        optional_moment(attempted_at),
        from_text(due_at),
        status,
        problem,
    )
