"""Show webhooks: endpoints with their state and success rate, and the deliveries of an endpoint.

See decision 156.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from seatlatch.domain.webhook import (
    Activity,
    Delivery,
    DeliveryDetails,
    DeliveryFilter,
    Webhook,
)
from seatlatch.operations.send_messages import unknown_message
from seatlatch.operations.write_webhooks import MESSAGE_ID, require_webhook
from seatlatch.store.interface import Snapshot

RATE_SECONDS = 86_400
"""The success rate is of the messages that were attempted in this time."""

RATE_MESSAGES_MAX = 5_000
"""The success rate is of at most this many messages, so that its cost does not grow."""


class RatedWebhook(NamedTuple):
    """An endpoint, and the share of its messages that it has accepted recently; None = there was
    none.
    """

    webhook: Webhook
    success_rate: float | None


async def list_webhooks(snapshot: Snapshot, channel_code: str | None = None) -> Sequence[Webhook]:
    """All endpoints, or those of a channel, in order of channel and age."""
    found = await snapshot.webhooks.read_all()
    return [one for one in found if channel_code in (None, one.channel_code)]


async def show_webhook(snapshot: Snapshot, webhook_id: str) -> RatedWebhook:
    """One endpoint. Raises `NotFound`."""
    webhook = await require_webhook(snapshot.webhooks, webhook_id)
    (one,) = await with_rates(snapshot, [webhook])
    return one


async def with_rates(snapshot: Snapshot, webhooks: Sequence[Webhook]) -> Sequence[RatedWebhook]:
    """Endpoints with their success rates."""
    since = await snapshot.now() - timedelta(seconds=RATE_SECONDS)
    names = [webhook.webhook_id for webhook in webhooks]
    rates = await snapshot.webhooks.success_rates(names, since, RATE_MESSAGES_MAX)
    return [RatedWebhook(webhook, rates.get(webhook.webhook_id)) for webhook in webhooks]


async def activity_of(snapshot: Snapshot, webhooks: Sequence[Webhook]) -> Mapping[str, Activity]:
    """The waiting messages and the latest success of endpoints, by their ids."""
    names = [webhook.webhook_id for webhook in webhooks]
    return await snapshot.webhooks.activity(names, RATE_MESSAGES_MAX)


async def unread_entries(snapshot: Snapshot, webhook: Webhook) -> int:
    """The number of the journal's entries that were not yet read for an endpoint."""
    end = await snapshot.journal.read_position()
    return sum(max(0, number - webhook.position.get(chain, 0)) for chain, number in end.items())


def list_key(webhook: Webhook) -> str:
    """The key of a webhook in lists, which are in order of channel and age. No channel code has a
    space, which sorts before the rest.
    """
    created_at = webhook.created_at.isoformat(timespec="microseconds")
    return f"{webhook.channel_code} {created_at} {webhook.webhook_id}"


async def list_deliveries(
    snapshot: Snapshot,
    webhook_id: str,
    limit: int,
    wanted: DeliveryFilter = "all",
    before: int | None = None,
) -> Sequence[Delivery]:
    """An endpoint's latest messages, the newest first. Raises `NotFound`."""
    await require_webhook(snapshot.webhooks, webhook_id)
    return await snapshot.webhooks.deliveries(webhook_id, limit, wanted, before)


async def show_delivery(snapshot: Snapshot, webhook_id: str, message_id: str) -> DeliveryDetails:
    """One message of an endpoint. Raises `NotFound`."""
    await require_webhook(snapshot.webhooks, webhook_id)
    found = None
    if MESSAGE_ID.fullmatch(message_id):
        found = await snapshot.webhooks.find_delivery(webhook_id, message_id)
    if found is None:
        raise unknown_message(webhook_id, message_id)
    return found
