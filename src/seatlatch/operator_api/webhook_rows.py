"""Webhooks and their deliveries as operators see them.

Source: the contract's section on the second edition of operator HTTP.

See decision 157.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct
from msgspec.structs import asdict

from seatlatch.domain.webhook import (
    Delivery,
    DeliveryDetails,
    MessageEntity,
    MessageState,
    ShownState,
    shown_body,
    with_hidden_query,
)
from seatlatch.operations.read_webhooks import RatedWebhook
from seatlatch.presentation.schemas import Timestamp
from seatlatch.secrecy import hides

RATE_DECIMALS = 4


class ShownWebhook(Struct, rename="camel"):
    """A webhook of a channel. `success_rate`: of the messages attempted in the last 24 hours, the
    share that was accepted; null = there was none. `failing_since`: when the first attempt failed
    since the latest success.
    """

    webhook_id: str
    channel_code: str
    url: str
    own_changes: bool
    state: ShownState
    reason: str | None
    failing_since: Timestamp | None
    success_rate: Annotated[float, Meta(ge=0, le=1)] | None
    created_at: Timestamp


@hides("secret")
class AddedWebhook(ShownWebhook):
    """A webhook that was just added, with its secret, shown this once."""

    secret: str


class ShownDelivery(Struct, rename="camel"):
    """A message, and the result of its latest attempt."""

    message_id: str
    message_entity: MessageEntity
    state: MessageState
    created_at: Timestamp
    attempts: int
    attempted_at: Timestamp | None
    next_attempt_at: Timestamp | None
    status: int | None
    milliseconds: int | None
    problem: str | None


class ShownDeliveryDetails(ShownDelivery):
    """A message with its body, and the start of the body of the latest response."""

    payload: Annotated[Raw, Meta(extra_json_schema={"type": "object"})]
    response_body: str | None


def shown_webhook(rated: RatedWebhook, *, hides_query: bool = True) -> ShownWebhook:
    """A webhook. The query of its URL may be a secret, so only commands show it."""
    webhook, rate = rated
    return ShownWebhook(
        webhook.webhook_id,
        webhook.channel_code,
        with_hidden_query(webhook.url) if hides_query else webhook.url,
        webhook.own_changes,
        webhook.shown_state,
        webhook.shown_reason,
        webhook.failing_since,
        None if rate is None else round(rate, RATE_DECIMALS),
        webhook.created_at,
    )


def added_webhook(rated: RatedWebhook, *, hides_query: bool = True) -> AddedWebhook:
    """A webhook that was just added."""
    shown = shown_webhook(rated, hides_query=hides_query)
    return AddedWebhook(**asdict(shown), secret=rated.webhook.secret)


def shown_delivery(delivery: Delivery) -> ShownDelivery:
    """A message."""
    return ShownDelivery(
        delivery.message_id,
        delivery.entity,
        delivery.state,
        delivery.created_at,
        delivery.attempts,
        delivery.attempted_at,
        delivery.next_attempt_at,
        delivery.status,
        delivery.milliseconds,
        delivery.problem,
    )


def shown_details(details: DeliveryDetails) -> ShownDeliveryDetails:
    """A message with its body and the response."""
    response_body = details.response_body
    return ShownDeliveryDetails(
        **asdict(shown_delivery(details.delivery)),
        payload=Raw(details.body.encode()),
        response_body=None if response_body is None else shown_body(response_body),
    )
