"""The bodies and queries of the calls about webhooks. Members are in the order of the fields."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.webhook import URL_CHARACTERS_MAX
from seatlatch.operator_api.access_schemas import Identifier
from seatlatch.operator_api.webhook_rows import ShownDelivery, ShownWebhook
from seatlatch.presentation.lists import ListQuery
from seatlatch.presentation.schemas import Timestamp, TimestampText
from seatlatch.secrecy import hides

PAGE_DELIVERIES = 25
PAGE_DELIVERIES_MAX = 100
REPLAYED_MESSAGES_MAX = 1_000

PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
URL_PATTERN = rf"^https?://[A-Za-z0-9._~-]{{1,253}}(:({PORT}))?([/?][!\x22$-\[\]-~]*)?$"
Url = Annotated[
    str, Meta(extra_json_schema={"maxLength": URL_CHARACTERS_MAX, "pattern": URL_PATTERN})
]
"""The rules that `domain.webhook.url_problem` checks. It accepts IPv6 addresses too."""


class WebhookBody(Struct, rename="camel"):
    """A webhook to add. `own_changes`: it also gets the changes by the channel itself."""

    url: Url
    channel_code: Identifier
    own_changes: bool = False


class WebhookChange(Struct, rename="camel"):
    """Give a webhook another URL, or the channel's own changes too. An absent member changes
    nothing.
    """

    url: Url | UnsetType = UNSET
    own_changes: bool | UnsetType = UNSET


class WebhookQuery(ListQuery, rename="camel"):
    """The query of a list of webhooks: all, or those of a channel."""

    channel_code: str | UnsetType = UNSET


class WebhookList(Struct):
    """Webhooks in order of channel and age. `next`: the value of `after` for the next page; null =
    no more.
    """

    webhooks: list[ShownWebhook]
    next: str | None


@hides("secret")
class NewWebhookSecret(Struct, rename="camel"):
    """A new secret, shown this once. The old one signs as well until `old_secret_ends`."""

    webhook_id: str
    secret: str
    old_secret_ends: Timestamp


class DeliveryQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """The query of deliveries. `failed` `true` = only those whose latest attempt failed."""

    failed: Literal["true", "false"] = "false"
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_DELIVERIES_MAX)] = PAGE_DELIVERIES


class DeliveryList(Struct):
    """Messages of a webhook, the newest first. `next`: the value of `after` for the next page; null
    = no more.
    """

    deliveries: list[ShownDelivery]
    next: str | None


class QueuedMessage(Struct, rename="camel"):
    """A message that waits to be sent."""

    webhook_id: str
    message_id: str


class ReplayRequest(Struct, rename="camel"):
    """Send messages again: these, or all that were given up, or (`since`) that were given up since
    then.
    """

    message_ids: (
        Annotated[list[str], Meta(min_length=1, max_length=REPLAYED_MESSAGES_MAX)] | UnsetType
    ) = UNSET
    since: TimestampText | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise `ValueError` for members that exclude each other."""
        if self.message_ids is not UNSET and self.since is not UNSET:
            raise ValueError("`messageIds` and `since` exclude each other")


class Replayed(Struct, rename="camel"):
    """The number of messages that are sent again."""

    webhook_id: str
    messages: int
