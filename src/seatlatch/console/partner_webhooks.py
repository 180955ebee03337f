"""The partner view's pages of the channel's webhooks and keys.

See decision 180.
"""

from collections.abc import Sequence

from msgspec import Struct
from starlette.responses import Response

from seatlatch.console.partner_pages import PARTNER, Partner, PartnerPages
from seatlatch.console.webhook_messages import message_values
from seatlatch.domain.webhook import DeliveryDetails, DeliveryFilter
from seatlatch.http.query import digest_of
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.read_webhooks import (
    RatedWebhook,
    list_deliveries,
    list_webhooks,
    show_delivery,
    show_webhook,
    with_rates,
)
from seatlatch.operations.write_webhooks import unknown_webhook
from seatlatch.presentation.cursors import read_cursors
from seatlatch.presentation.identifiers import MESSAGE_ID, WEBHOOK_ID
from seatlatch.store.interface import Snapshot, Store

WEBHOOKS = PARTNER + "/webhooks"
WEBHOOK = WEBHOOKS + "/{webhookId}"
KEYS = PARTNER + "/keys"
PAGE_MESSAGES = 25


class WebhookQuery(Struct):
    """The query of an endpoint's page: which messages it lists, and from where."""

    only: DeliveryFilter = "all"
    after: str = ""


class PartnerWebhooks:
    """The handlers of these pages."""

    def __init__(self, partners: PartnerPages, store: Store) -> None:
        self._partners = partners
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        page = self._partners.page
        return [
            page(WEBHOOKS, self.webhooks),
            page(WEBHOOK, self.webhook, path_value=WEBHOOK_ID, query=WebhookQuery),
            page(
                WEBHOOK + "/messages/{messageId}",
                self.message,
                parent=WEBHOOK_ID,
                path_value=MESSAGE_ID,
            ),
            page(KEYS, self.keys),
        ]

    async def webhooks(self, call: Call[Partner, None]) -> Response:
        """`GET /console/partner/webhooks`: the channel's endpoints."""
        code = call.caller.channel_code

        async def read(snapshot: Snapshot) -> Sequence[RatedWebhook]:
            return await with_rates(snapshot, await list_webhooks(snapshot, code))

        webhooks = await self._store.read(read)
        return self._partners.render(call, "partner_webhooks.html", webhooks=webhooks)

    async def webhook(self, call: Call[Partner, WebhookQuery]) -> Response:
        """`GET /console/partner/webhooks/{webhookId}`: an endpoint with its messages."""
        code, webhook_id, query = call.caller.channel_code, call.path_value, call.input
        digest = digest_of([webhook_id, query.only])
        cursors = await read_cursors(self._store)
        before = cursors.deliveries_place(query.after, code, digest) if query.after else None
        limit = PAGE_MESSAGES + 1

        async def read(snapshot: Snapshot) -> dict[str, object]:
            rated = await own_webhook(snapshot, webhook_id, code)
            found = await list_deliveries(snapshot, webhook_id, limit, query.only, before)
            messages = found[:PAGE_MESSAGES]
            rest = None
            if len(found) > len(messages):
                rest = cursors.deliveries_cursor(messages[-1].number, code, digest)
            return {"rated": rated, "messages": messages, "next": rest}

        values = await self._store.read(read)
        return self._partners.render(call, "partner_webhook.html", query=query, **values)

    async def message(self, call: Call[Partner, None]) -> Response:
        """`GET /console/partner/webhooks/{webhookId}/messages/{messageId}`: one message."""
        code, webhook_id, message_id = call.caller.channel_code, call.parent, call.path_value

        async def read(snapshot: Snapshot) -> DeliveryDetails:
            await own_webhook(snapshot, webhook_id, code)
            return await show_delivery(snapshot, webhook_id, message_id)

        details = await self._store.read(read)
        values = message_values(details)
        return self._partners.render(call, "partner_message.html", webhook_id=webhook_id, **values)

    async def keys(self, call: Call[Partner, None]) -> Response:
        """`GET /console/partner/keys`: the age and the last use of the channel's keys."""
        code = call.caller.channel_code
        found = await self._store.read(lambda snapshot: snapshot.access.applications())
        own = [application for application in found if application.channel_code == code]
        return self._partners.render(call, "partner_keys.html", applications=own)


async def own_webhook(snapshot: Snapshot, webhook_id: str, channel_code: str) -> RatedWebhook:
    """An endpoint of a channel. Raises `NotFound` as for one that does not exist."""
    rated = await show_webhook(snapshot, webhook_id)
    if rated.webhook.channel_code != channel_code:
        raise unknown_webhook(webhook_id)
    return rated
