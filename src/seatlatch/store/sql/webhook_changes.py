"""Changing endpoints of webhooks, and their messages."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from seatlatch.domain.feed import Position, position_to_text
from seatlatch.domain.webhook import Webhook, WebhookState
from seatlatch.store.sql.executor import Values
from seatlatch.store.sql.webhooks import FIND, PENDING, SqlWebhookReader, pending
from seatlatch.store.webhooks import Attempt, NewMessage, Pending

ADD = """
INSERT INTO seatlatch.webhooks (webhook_id, channel_code, url, own_changes, created_at, state,
                                secret, position, event_change_number)
VALUES (:webhook_id, :channel_code, :url, :own_changes, :created_at, 'active', :secret, :position,
        :event_change_number)
"""
LOCK = "SELECT 1 FROM seatlatch.webhooks WHERE webhook_id = :webhook_id FOR UPDATE"
"""Keeps other transactions from adding messages while the endpoint's messages are removed."""
REMOVE_MESSAGES = "DELETE FROM seatlatch.webhook_messages WHERE webhook_id = :webhook_id"
REMOVE = "DELETE FROM seatlatch.webhooks WHERE webhook_id = :webhook_id"
SET_STATE = """
UPDATE seatlatch.webhooks SET state = :state, reason = :reason WHERE webhook_id = :webhook_id
"""
SET_URL = """
UPDATE seatlatch.webhooks SET url = :url, failing_since = NULL, problem = NULL
WHERE webhook_id = :webhook_id
"""
SET_OWN_CHANGES = """
UPDATE seatlatch.webhooks SET own_changes = :own_changes WHERE webhook_id = :webhook_id
"""
SET_FAILING = """
UPDATE seatlatch.webhooks SET failing_since = :since, problem = :problem
WHERE webhook_id = :webhook_id
"""
CLEAR_FAILING = """
UPDATE seatlatch.webhooks SET failing_since = NULL, problem = NULL
WHERE webhook_id = :webhook_id AND url = :url AND failing_since IS NOT NULL
"""
"""Writes nothing unless the endpoint is failing, so a success after a success costs no write."""
SET_SECRETS = """
UPDATE seatlatch.webhooks SET secret = :secret, old_secret = :old_secret,
                              old_secret_ends_at = :old_secret_ends_at
WHERE webhook_id = :webhook_id
"""
LEASE = """
UPDATE seatlatch.webhooks SET lease_holder = :holder, lease_ends_at = :ends_at
WHERE webhook_id IN (
    SELECT webhook_id FROM seatlatch.webhooks WHERE webhook_id = ANY (:webhook_ids)
    ORDER BY webhook_id FOR NO KEY UPDATE)
  AND state = 'active'
  AND (lease_holder = :holder OR lease_ends_at IS NULL OR lease_ends_at <= now())
RETURNING webhook_id
"""
RELEASE_LEASES = """
UPDATE seatlatch.webhooks SET lease_holder = NULL, lease_ends_at = NULL
WHERE webhook_id IN (
    SELECT webhook_id FROM seatlatch.webhooks WHERE lease_holder = :holder
    ORDER BY webhook_id FOR NO KEY UPDATE)
"""
IS_MINE = """
webhook_id = :webhook_id AND lease_holder = :holder AND lease_ends_at > now() AND state = 'active'
"""
MOVE = f"""
UPDATE seatlatch.webhooks SET position = :after WHERE {IS_MINE} AND position = :before
"""
MOVE_EVENTS = f"""
UPDATE seatlatch.webhooks SET event_change_number = :after
WHERE {IS_MINE} AND event_change_number = :before
"""
ADD_MESSAGE = f"""
INSERT INTO seatlatch.webhook_messages (webhook_id, message_id, tokens, body, entity, entry_id,
                                        created_at, state, due_at)
VALUES (:webhook_id, :message_id, :tokens, :body, :entity, :entry_id, now(), 'pending', now())
RETURNING {PENDING}
"""
NOTE_ATTEMPT = """
UPDATE seatlatch.webhook_messages
SET state = :state, attempts = attempts + 1,
    first_attempt_at = coalesce(first_attempt_at, :attempted_at),
    attempted_at = :attempted_at, due_at = :due_at, status = :status, problem = :problem,
    milliseconds = :milliseconds, response_body = :response_body
WHERE message_id = :message_id AND state = 'pending'
"""
START_OVER = """
UPDATE seatlatch.webhook_messages
SET state = 'pending', attempts = 0, first_attempt_at = NULL, due_at = now(), attempted_at = NULL,
    status = NULL, problem = NULL, milliseconds = NULL, response_body = NULL
WHERE webhook_id = :webhook_id
"""
RESTART = f"{START_OVER} AND state = 'pending'"
REPLAY_GIVEN_UP = f"{START_OVER} AND state = 'given_up'"
REPLAY_SINCE = f"{REPLAY_GIVEN_UP} AND attempted_at >= :since"
REPLAY_ONE = f"{START_OVER} AND message_id = :message_id"
PRUNE = """
DELETE FROM seatlatch.webhook_messages WHERE number IN (
  SELECT number FROM seatlatch.webhook_messages
  WHERE webhook_id = :webhook_id AND state <> 'pending' AND attempted_at < :before LIMIT :limit
  FOR UPDATE SKIP LOCKED)
"""


class SqlWebhooks(SqlWebhookReader):
    """See `store.webhooks.WebhookWriter`. Finding an endpoint locks it."""

    find_sql = f"{FIND} FOR NO KEY UPDATE"

    async def add(self, webhook: Webhook) -> None:
        """Add an endpoint."""
        position = position_to_text(webhook.position)
        await self._executor.execute(ADD, **{**webhook._asdict(), "position": position})

    async def remove(self, webhook_id: str) -> bool:
        """Remove an endpoint with all its messages."""
        await self._executor.fetch(LOCK, webhook_id=webhook_id)
        await self._executor.execute(REMOVE_MESSAGES, webhook_id=webhook_id)
        return bool(await self._executor.execute(REMOVE, webhook_id=webhook_id))

    async def set_state(self, webhook_id: str, state: WebhookState, reason: str | None) -> bool:
        """Start or stop sending to an endpoint."""
        values = {"webhook_id": webhook_id, "state": str(state), "reason": reason}
        return bool(await self._executor.execute(SET_STATE, **values))

    async def set_url(self, webhook_id: str, url: str) -> None:
        """Send to another URL."""
        await self._executor.execute(SET_URL, webhook_id=webhook_id, url=url)

    async def set_own_changes(self, webhook_id: str, own_changes: bool) -> None:
        """Start or stop sending the channel's own changes."""
        values = {"webhook_id": webhook_id, "own_changes": own_changes}
        await self._executor.execute(SET_OWN_CHANGES, **values)

    async def set_failing(self, webhook_id: str, since: datetime, problem: str) -> None:
        """Note since when every attempt has failed."""
        values = {"webhook_id": webhook_id, "since": since, "problem": problem}
        await self._executor.execute(SET_FAILING, **values)

    async def clear_failing(self, webhook_id: str, url: str) -> None:
        """Note that an attempt has succeeded."""
        await self._executor.execute(CLEAR_FAILING, webhook_id=webhook_id, url=url)

    async def set_secrets(
        self, webhook_id: str, secret: str, old_secret: str, old_secret_ends_at: datetime
    ) -> bool:
        """Sign with another secret."""
        changed = await self._executor.execute(
            SET_SECRETS,
            webhook_id=webhook_id,
            secret=secret,
            old_secret=old_secret,
            old_secret_ends_at=old_secret_ends_at,
        )
        return bool(changed)

    async def lease(
        self, webhook_ids: Collection[str], holder: str, seconds: float
    ) -> Collection[str]:
        """Take or keep the lease of active endpoints."""
        ends_at = await self._executor.now() + timedelta(seconds=seconds)
        rows = await self._executor.fetch(
            LEASE, webhook_ids=list(webhook_ids), holder=holder, ends_at=ends_at
        )
        return [webhook_id for (webhook_id,) in rows]

    async def release_leases(self, holder: str) -> None:
        """End all leases of a holder."""
        await self._executor.execute(RELEASE_LEASES, holder=holder)

    async def move(
        self,
        webhook_id: str,
        holder: str,
        before: Position,
        after: Position,
        messages: Sequence[NewMessage],
    ) -> Sequence[Pending] | None:
        """Advance an endpoint, and add the messages that result."""
        moved = await self._executor.execute(
            MOVE,
            webhook_id=webhook_id,
            holder=holder,
            before=position_to_text(before),
            after=position_to_text(after),
        )
        return await self._add_messages(webhook_id, messages) if moved else None

    async def move_events(
        self, webhook_id: str, holder: str, before: int, after: int, messages: Sequence[NewMessage]
    ) -> Sequence[Pending] | None:
        """Advance an endpoint in the changes of events, and add the messages that result."""
        place = {"webhook_id": webhook_id, "holder": holder, "before": before, "after": after}
        moved = await self._executor.execute(MOVE_EVENTS, **place)
        return await self._add_messages(webhook_id, messages) if moved else None

    async def _add_messages(
        self, webhook_id: str, messages: Sequence[NewMessage]
    ) -> Sequence[Pending]:
        rows = [_values(webhook_id, message) for message in messages]
        return [pending(row) for row in await self._executor.fetch_each(ADD_MESSAGE, rows)]

    async def add_message(self, webhook_id: str, message: NewMessage) -> None:
        """Queue a message."""
        await self._executor.fetch(ADD_MESSAGE, **_values(webhook_id, message))

    async def note_attempt(self, attempt: Attempt) -> None:
        """Store the result of an attempt."""
        values = {**attempt._asdict(), "state": str(attempt.state)}
        await self._executor.execute(NOTE_ATTEMPT, **values)

    async def restart_messages(self, webhook_id: str) -> None:
        """Try all waiting messages at once."""
        await self._executor.execute(RESTART, webhook_id=webhook_id)

    async def replay_message(self, webhook_id: str, message_id: str) -> bool:
        """Queue a message again."""
        values = {"webhook_id": webhook_id, "message_id": message_id}
        return bool(await self._executor.execute(REPLAY_ONE, **values))

    async def replay_given_up(self, webhook_id: str, since: datetime | None) -> int:
        """Queue again the messages that were given up."""
        if since is None:
            return await self._executor.execute(REPLAY_GIVEN_UP, webhook_id=webhook_id)
        return await self._executor.execute(REPLAY_SINCE, webhook_id=webhook_id, since=since)

    async def prune_messages(self, webhook_id: str, before: datetime, limit: int) -> int:
        """Remove messages that ended before a time."""
        values = {"webhook_id": webhook_id, "before": before, "limit": limit}
        return await self._executor.execute(PRUNE, **values)


def _values(webhook_id: str, message: NewMessage) -> Values:
    tokens = msgspec.json.encode(message.tokens).decode()
    return {**message._asdict(), "webhook_id": webhook_id, "tokens": tokens}
