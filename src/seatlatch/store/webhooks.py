"""What telling webhooks asks of a database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.domain.channel import Channel
from seatlatch.domain.feed import Position
from seatlatch.domain.webhook import Delivery, MessageState, Webhook, WebhookState


class NewMessage(NamedTuple):
    """A message to be sent. `tokens`: the tickets that it tells of."""

    message_id: str
    tokens: Sequence[str]
    body: str


class Pending(NamedTuple):
    """A message that waits. `number` gives the order in which an endpoint's messages were made.

    `first_attempt_at` None = it was not tried yet. Moments are aware UTC.
    """

    number: int
    message_id: str
    tokens: Sequence[str]
    attempts: int
    first_attempt_at: datetime | None
    due_at: datetime


class Attempt(NamedTuple):
    """How a message was tried, and what follows. `due_at` says when it is tried again, if it is
    pending still; `status` and `problem` as in `Delivery`.
    """

    message_id: str
    state: MessageState
    attempted_at: datetime
    due_at: datetime
    status: int | None
    problem: str | None


class Backlog(NamedTuple):
    """What waits at all active endpoints together. `oldest_at` None = nothing does."""

    messages: int
    oldest_at: datetime | None


class WebhookSnapshot(Protocol):
    """Reading webhooks, as a part of a snapshot."""

    async def read_channel(self, code: str) -> Channel | None:
        """A channel with its grants."""

    async def read_webhooks(self) -> Sequence[Webhook]:
        """All endpoints, in order of channel and age."""

    async def find_webhook(self, webhook_id: str) -> Webhook | None:
        """One endpoint."""

    async def pending_messages(self, webhook_id: str, limit: int) -> Sequence[Pending]:
        """An endpoint's oldest messages that wait, in their order."""

    async def read_body(self, message_id: str) -> str | None:
        """What a message says; None = it is no longer there."""

    async def deliveries(
        self, webhook_id: str, limit: int, *, failed: bool = False
    ) -> Sequence[Delivery]:
        """An endpoint's latest messages, the newest first; with `failed` those alone whose latest
        attempt failed.
        """

    async def delivered_since(self, webhook_id: str, moment: datetime) -> bool:
        """Whether an endpoint has taken any message since then."""

    async def webhook_backlog(self) -> Backlog:
        """What waits."""


class WebhookTransaction(WebhookSnapshot, Protocol):
    """Writing webhooks, as a part of a transaction."""

    async def add_webhook(self, webhook: Webhook) -> None:
        """One more endpoint of a channel that exists."""

    async def remove_webhook(self, webhook_id: str) -> bool:
        """Forget an endpoint with all its messages; False if there is none."""

    async def set_webhook_state(
        self, webhook_id: str, state: WebhookState, reason: str | None
    ) -> bool:
        """Let an endpoint be told or not; False if there is none."""

    async def set_webhook_secrets(
        self, webhook_id: str, secret: str, old_secret: str, old_secret_ends_at: datetime
    ) -> bool:
        """Sign with another secret; with the old one, too, until its end."""

    async def lease_webhooks(
        self, webhook_ids: Collection[str], holder: str, seconds: float
    ) -> Collection[str]:
        """Take or keep the lease of active endpoints, for so long from now; those that are now the
        holder's. One that another still holds is left to it.
        """

    async def release_webhooks(self, holder: str) -> None:
        """Let go of all that a holder has."""

    async def move_webhook(
        self,
        webhook_id: str,
        holder: str,
        before: Position,
        after: Position,
        messages: Sequence[NewMessage],
    ) -> Sequence[Pending] | None:
        """Move an endpoint on in the journal and add the messages that come of it, in order.

        None, and nothing is done, if the holder's lease is over, or if the endpoint is not active
        or not at `before`.
        """

    async def note_attempt(self, attempt: Attempt) -> None:
        """What became of an attempt. A message that is no longer pending stays as it is."""

    async def restart_messages(self, webhook_id: str) -> None:
        """Try all that waits at once, and count its attempts and its time anew."""

    async def replay_messages(self, webhook_id: str, message_id: str | None) -> int:
        """Let a message wait to be sent again, or (None) all that were given up; how many."""

    async def prune_messages(self, webhook_id: str, before: datetime, limit: int) -> int:
        """Forget messages that ended before a moment, so many at most; how many they were."""
