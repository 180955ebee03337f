"""Reading endpoints of webhooks, and their messages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from seatlatch.domain.feed import position_from_text
from seatlatch.domain.webhook import (
    Activity,
    Delivery,
    DeliveryDetails,
    DeliveryFilter,
    MessageState,
    Webhook,
    WebhookState,
)
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp, timestamp
from seatlatch.store.webhooks import Backlog, OutgoingMessage, Pending, TicketDelivery

NUMBER_MAX = 2**63 - 1
"""More than the number of any message."""

WEBHOOKS = """
SELECT webhook_id, channel_code, url, own_changes, created_at, secret, position, state, reason,
       old_secret, old_secret_ends_at, CASE WHEN lease_ends_at > now() THEN lease_holder END,
       event_change_number, failing_since, problem
FROM seatlatch.webhooks
"""
READ_ALL = f"{WEBHOOKS} ORDER BY channel_code, created_at, webhook_id"
FIND = f"{WEBHOOKS} WHERE webhook_id = :webhook_id"
PENDING = "number, message_id, tokens, attempts, first_attempt_at, due_at"
PENDING_MESSAGES = f"""
SELECT {PENDING} FROM seatlatch.webhook_messages WHERE number IN (
  SELECT number FROM (
    SELECT number FROM seatlatch.webhook_messages
    WHERE webhook_id = :webhook_id AND state = 'pending' ORDER BY number LIMIT :limit
  ) AS oldest
  UNION
  SELECT number FROM seatlatch.webhook_messages
  WHERE webhook_id = :webhook_id AND state = 'pending' AND entity = 'test')
ORDER BY number
"""
OUTGOING_MESSAGE = """
SELECT m.body, w.url FROM seatlatch.webhook_messages AS m
JOIN seatlatch.webhooks AS w ON w.webhook_id = m.webhook_id WHERE m.message_id = :message_id
"""
DELIVERY = """
number, message_id, entity, state, created_at, attempts, attempted_at, due_at, status, problem,
milliseconds
"""
PAGE = f"""
SELECT {DELIVERY} FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND number < :before
"""
NEWEST_FIRST = "ORDER BY number DESC LIMIT :limit"
DELIVERIES: Mapping[DeliveryFilter, str] = {
    "all": f"{PAGE} {NEWEST_FIRST}",
    "failed": f"{PAGE} AND problem IS NOT NULL {NEWEST_FIRST}",
    "pending": f"""
SELECT {DELIVERY} FROM seatlatch.webhook_messages WHERE number IN (
  SELECT number FROM (
    SELECT number FROM seatlatch.webhook_messages
    WHERE webhook_id = :webhook_id AND number < :before AND state = 'pending' {NEWEST_FIRST}
  ) AS newest)
ORDER BY number DESC
""",
    "given_up": f"{PAGE} AND problem IS NOT NULL AND state = 'given_up' {NEWEST_FIRST}",
}
"""Each has an index: SQLite prefers the small one of waiting messages only where it need not read
the table. A message is given up because an attempt has failed.
"""
FIND_DELIVERY = f"""
SELECT {DELIVERY}, body, response_body FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND message_id = :message_id
"""
DELIVERIES_OF = f"""
SELECT tokens, entry_id, webhook_id, (
  SELECT channel_code FROM seatlatch.webhooks AS w WHERE w.webhook_id = m.webhook_id), {DELIVERY}
FROM seatlatch.webhook_messages AS m
WHERE entry_id = ANY (:entry_ids) AND entry_id IS NOT NULL AND strpos(tokens, :token) > 0
{NEWEST_FIRST}
"""
"""The text of an array may also contain that of a part of a token, so the array is read too."""
ACTIVITY = """
SELECT webhook_id,
  (SELECT count(*) FROM (
     SELECT 1 FROM seatlatch.webhook_messages AS m
     WHERE m.webhook_id = w.webhook_id AND m.state = 'pending' LIMIT :limit) AS waiting),
  (SELECT created_at FROM seatlatch.webhook_messages WHERE number = (
     SELECT min(m.number) FROM seatlatch.webhook_messages AS m
     WHERE m.webhook_id = w.webhook_id AND m.state = 'pending')),
  (SELECT attempted_at FROM (
     SELECT m.attempted_at, m.state FROM seatlatch.webhook_messages AS m
     WHERE m.webhook_id = w.webhook_id AND m.attempted_at IS NOT NULL
     ORDER BY m.attempted_at DESC LIMIT :limit) AS latest
   WHERE state = 'delivered' ORDER BY attempted_at DESC LIMIT 1)
FROM seatlatch.webhooks AS w WHERE webhook_id = ANY (:webhook_ids)
"""
WAITING_TESTS = """
SELECT count(*) FROM seatlatch.webhook_messages
WHERE webhook_id = :webhook_id AND state = 'pending' AND entity = 'test'
"""
SUCCESS_RATES = """
SELECT webhook_id, (
  SELECT avg(CASE WHEN state = 'delivered' THEN 1.0 ELSE 0.0 END) FROM (
    SELECT m.state FROM seatlatch.webhook_messages AS m
    WHERE m.webhook_id = w.webhook_id AND m.attempted_at >= :since
    ORDER BY m.attempted_at DESC LIMIT :limit
  ) AS latest)
FROM seatlatch.webhooks AS w WHERE webhook_id = ANY (:webhook_ids)
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

    async def outgoing_message(self, message_id: str) -> OutgoingMessage | None:
        """A message to send now."""
        for row in await self._executor.fetch(OUTGOING_MESSAGE, message_id=message_id):
            return OutgoingMessage(*row)
        return None

    async def deliveries(
        self,
        webhook_id: str,
        limit: int,
        wanted: DeliveryFilter = "all",
        before: int | None = None,
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages."""
        end = NUMBER_MAX if before is None else before
        rows = await self._executor.fetch(
            DELIVERIES[wanted], webhook_id=webhook_id, limit=limit, before=end
        )
        return [_delivery(row) for row in rows]

    async def find_delivery(self, webhook_id: str, message_id: str) -> DeliveryDetails | None:
        """One message of an endpoint."""
        values = {"webhook_id": webhook_id, "message_id": message_id}
        for *row, body, response_body in await self._executor.fetch(FIND_DELIVERY, **values):
            return DeliveryDetails(_delivery(row), body, response_body)
        return None

    async def deliveries_of(
        self, token: str, entry_ids: Collection[int], limit: int
    ) -> Sequence[TicketDelivery]:
        """The deliveries of a ticket's changes."""
        rows = await self._executor.fetch(
            DELIVERIES_OF,
            entry_ids=list(entry_ids),
            token=msgspec.json.encode(token).decode(),
            limit=limit,
        )
        return [
            TicketDelivery(entry_id, webhook_id, channel_code, _delivery(delivery))
            for tokens, entry_id, webhook_id, channel_code, *delivery in rows
            if token in msgspec.json.decode(tokens)
        ]

    async def success_rates(
        self, webhook_ids: Collection[str], since: datetime, limit: int
    ) -> Mapping[str, float]:
        """The share of messages that each endpoint accepted."""
        rows = await self._executor.fetch(
            SUCCESS_RATES, webhook_ids=list(webhook_ids), since=since, limit=limit
        )
        return {webhook_id: float(rate) for webhook_id, rate in rows if rate is not None}

    async def activity(self, webhook_ids: Collection[str], limit: int) -> Mapping[str, Activity]:
        """The messages of endpoints in short."""
        rows = await self._executor.fetch(ACTIVITY, webhook_ids=list(webhook_ids), limit=limit)
        return {
            webhook_id: Activity(
                waiting, optional_timestamp(waiting_since), optional_timestamp(delivered_at)
            )
            for webhook_id, waiting, waiting_since, delivered_at in rows
        }

    async def waiting_tests(self, webhook_id: str) -> int:
        """The number of an endpoint's waiting test messages."""
        ((tests,),) = await self._executor.fetch(WAITING_TESTS, webhook_id=webhook_id)
        return int(tests)

    async def delivered_since(self, webhook_id: str, since: datetime) -> bool:
        """Whether an endpoint has accepted any message since then."""
        return bool(await self._executor.fetch(DELIVERED_SINCE, webhook_id=webhook_id, since=since))

    async def backlog(self) -> Backlog:
        """The waiting messages."""
        ((messages, oldest),) = await self._executor.fetch(BACKLOG)
        return Backlog(messages, optional_timestamp(oldest))


def _webhook(row: Row) -> Webhook:
    webhook_id, channel_code, url, own_changes, created_at, secret, position, state = row[:8]
    reason, old_secret, old_secret_ends_at, leased_to, *more = row[8:]
    event_change_number, failing_since, problem = more
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
        event_change_number,
        optional_timestamp(failing_since),
        problem,
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


def _delivery(row: Sequence[Any]) -> Delivery:
    number, message_id, entity, state, created_at, attempts, attempted_at = row[:7]
    due_at, status, problem, milliseconds = row[7:]
    return Delivery(
        number,
        message_id,
        entity,
        MessageState(state),
        timestamp(created_at),
        attempts,
        optional_timestamp(attempted_at),
        timestamp(due_at),
        status,
        problem,
        milliseconds,
    )
