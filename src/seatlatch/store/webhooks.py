"""The interface between webhooks and a database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.domain.feed import Position
from seatlatch.domain.webhook import (
    Activity,
    Delivery,
    DeliveryDetails,
    DeliveryFilter,
    MessageEntity,
    MessageState,
    Webhook,
    WebhookState,
)
from seatlatch.secrecy import hides


class NewMessage(NamedTuple):
    """A message to send. `tokens`: the tickets that it is about, or its events' marks.

    `entry_id`: the entry of the journal that it is about; None = it is about none.
    """

    message_id: str
    tokens: Sequence[str]
    body: str
    entity: MessageEntity = "seats"
    entry_id: int | None = None


class Pending(NamedTuple):
    """A message that waits to be sent. `number` gives the order in which an endpoint's messages
    were made.

    `first_attempt_at` None = not tried yet. Timestamps are aware UTC.
    """

    number: int
    message_id: str
    tokens: Sequence[str]
    attempts: int
    first_attempt_at: datetime | None
    due_at: datetime


class TicketDelivery(NamedTuple):
    """The delivery of a message about a change of a ticket, which is in the journal's entry
    `entry_id`.
    """

    entry_id: int
    webhook_id: str
    channel_code: str
    delivery: Delivery


class OutgoingMessage(NamedTuple):
    """The body of a message, and the URL to which it is sent."""

    body: str
    url: str


@hides("response_body")
class Attempt(NamedTuple):
    """An attempt to send a message, and what follows. `due_at`: the next attempt, if the message
    is still pending; `status`, `problem` and `milliseconds` as in `Delivery`, `response_body` as in
    `DeliveryDetails`.
    """

    message_id: str
    state: MessageState
    attempted_at: datetime
    due_at: datetime
    status: int | None
    problem: str | None
    milliseconds: int
    response_body: bytes | None


class Backlog(NamedTuple):
    """The waiting messages of all active endpoints. `oldest_at` None = none wait."""

    messages: int
    oldest_at: datetime | None


class WebhookReader(Protocol):
    """Reads endpoints and their messages. Part of a snapshot."""

    async def read_all(self) -> Sequence[Webhook]:
        """All endpoints, in order of channel and age."""

    async def find(self, webhook_id: str) -> Webhook | None:
        """One endpoint."""

    async def pending_messages(self, webhook_id: str, limit: int) -> Sequence[Pending]:
        """An endpoint's oldest waiting messages, and its waiting test messages, in their order."""

    async def outgoing_message(self, message_id: str) -> OutgoingMessage | None:
        """A message to send now; None = it no longer exists."""

    async def deliveries(
        self,
        webhook_id: str,
        limit: int,
        wanted: DeliveryFilter = "all",
        before: int | None = None,
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages, the newest first. `before`: the number that a page
        follows.
        """

    async def find_delivery(self, webhook_id: str, message_id: str) -> DeliveryDetails | None:
        """One message of an endpoint with all that is known about it."""

    async def deliveries_of(
        self, token: str, entry_ids: Collection[int], limit: int
    ) -> Sequence[TicketDelivery]:
        """At most `limit` deliveries of a ticket's changes in these entries, the newest first."""

    async def success_rates(
        self, webhook_ids: Collection[str], since: datetime, limit: int
    ) -> Mapping[str, float]:
        """The share of messages that were accepted, of each endpoint's latest `limit` messages
        attempted since then; nothing for an endpoint without one.
        """

    async def activity(self, webhook_ids: Collection[str], limit: int) -> Mapping[str, Activity]:
        """The messages of endpoints in short: at most `limit` waiting ones are counted, and the
        latest success is sought among the latest `limit` attempts.
        """

    async def waiting_tests(self, webhook_id: str) -> int:
        """The number of an endpoint's test messages that wait to be sent."""

    async def delivered_since(self, webhook_id: str, since: datetime) -> bool:
        """Whether an endpoint has accepted any message since then."""

    async def backlog(self) -> Backlog:
        """The waiting messages."""


class WebhookWriter(WebhookReader, Protocol):
    """Changes endpoints and their messages. Part of a transaction."""

    async def add(self, webhook: Webhook) -> None:
        """Add an endpoint to a channel that exists."""

    async def remove(self, webhook_id: str) -> bool:
        """Remove an endpoint with all its messages; False if there is none."""

    async def set_state(self, webhook_id: str, state: WebhookState, reason: str | None) -> bool:
        """Start or stop sending to an endpoint; False if there is none."""

    async def set_url(self, webhook_id: str, url: str) -> None:
        """Send to another URL, which has not failed yet."""

    async def set_own_changes(self, webhook_id: str, own_changes: bool) -> None:
        """Start or stop sending the channel's own changes, from the endpoint's position on."""

    async def set_failing(self, webhook_id: str, since: datetime, problem: str) -> None:
        """Note since when every attempt has failed, and why the latest one did."""

    async def clear_failing(self, webhook_id: str, url: str) -> None:
        """Note that an attempt to send to `url` has succeeded, if that is the endpoint's URL."""

    async def set_secrets(
        self, webhook_id: str, secret: str, old_secret: str, old_secret_ends_at: datetime
    ) -> bool:
        """Sign with another secret, and also with the old one until that expires."""

    async def lease(
        self, webhook_ids: Collection[str], holder: str, seconds: float
    ) -> Collection[str]:
        """Take or keep the lease of active endpoints for this long from now; returns the endpoints
        that the holder now has. It does not get those that another still holds.
        """

    async def release_leases(self, holder: str) -> None:
        """End all leases of a holder."""

    async def move(
        self,
        webhook_id: str,
        holder: str,
        before: Position,
        after: Position,
        messages: Sequence[NewMessage],
    ) -> Sequence[Pending] | None:
        """Advance an endpoint in the journal and add the messages that result, in order.

        Returns None and does nothing if the holder's lease has expired, or if the endpoint is not
        active or not at `before`.
        """

    async def move_events(
        self, webhook_id: str, holder: str, before: int, after: int, messages: Sequence[NewMessage]
    ) -> Sequence[Pending] | None:
        """Advance an endpoint in the changes of events and add the messages that result, under the
        same conditions as `move`.
        """

    async def add_message(self, webhook_id: str, message: NewMessage) -> None:
        """Queue a message behind the others."""

    async def note_attempt(self, attempt: Attempt) -> None:
        """Store the result of an attempt. A message that is no longer pending stays as it is."""

    async def restart_messages(self, webhook_id: str) -> None:
        """Try all waiting messages at once, and count their attempts and time from zero."""

    async def replay_message(self, webhook_id: str, message_id: str) -> bool:
        """Queue a message again; False if there is none."""

    async def replay_given_up(self, webhook_id: str, since: datetime | None) -> int:
        """Queue again the messages that were given up since then (None = all); returns how many."""

    async def prune_messages(self, webhook_id: str, before: datetime, limit: int) -> int:
        """Remove at most `limit` messages that ended before a time; returns how many."""
