"""The messages of webhooks in the console: payload and response, tests, and replays.

See decision 182.
"""

from functools import partial
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from seatlatch.commit import Committer
from seatlatch.console.pages import Pages
from seatlatch.console.shown_json import shown_json
from seatlatch.console.viewer import Viewer, actor_of
from seatlatch.console.webhooks import WEBHOOK, WEBHOOKS, NoFields
from seatlatch.domain.operator import Role
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.domain.webhook import RESPONSE_BYTES_KEPT, DeliveryDetails, Webhook, shown_body
from seatlatch.http.routes import ApiRoute, Call
from seatlatch.operations.read_webhooks import show_delivery
from seatlatch.operations.send_messages import replay, replay_given_up, send_test
from seatlatch.operations.write_webhooks import require_webhook
from seatlatch.presentation.identifiers import MESSAGE_ID, WEBHOOK_ID
from seatlatch.store.interface import Snapshot, Store
from seatlatch.webhooks.message_for_test import message_for_test

MESSAGE = WEBHOOK + "/messages/{messageId}"


class ReplayForm(Struct):
    """The messages to send again: all that were given up, or those since a timestamp."""

    since: str = ""


class WebhookMessagePages:
    """The handlers of a message's page, and of what is sent on request."""

    def __init__(self, pages: Pages, committer: Committer, store: Store) -> None:
        self._pages = pages
        self._committer = committer
        self._store = store

    def routes(self) -> list[ApiRoute]:
        """The routes of these handlers."""
        action = partial(self._pages.action, needs_all_organizations=True)
        of_one = partial(action, path_value=WEBHOOK_ID)
        of_message = partial(action, parent=WEBHOOK_ID, path_value=MESSAGE_ID)
        return [
            self._pages.page(
                MESSAGE,
                Role.SUPPORT,
                self.show,
                parent=WEBHOOK_ID,
                path_value=MESSAGE_ID,
                needs_all_organizations=True,
                is_polled=True,
            ),
            of_message(MESSAGE + "/replay", Role.SUPPORT, NoFields, self.replay_one),
            of_one(WEBHOOK + "/test", Role.SUPPORT, NoFields, self.test),
            of_one(WEBHOOK + "/replay", Role.SUPPORT, ReplayForm, self.replay_since),
        ]

    async def show(self, call: Call[Viewer, None]) -> Response:
        """`GET /console/webhooks/{webhookId}/messages/{messageId}`: one message."""
        webhook_id, message_id = call.parent, call.path_value

        async def read(snapshot: Snapshot) -> tuple[Webhook, DeliveryDetails]:
            webhook = await require_webhook(snapshot.webhooks, webhook_id)
            return webhook, await show_delivery(snapshot, webhook_id, message_id)

        webhook, details = await self._store.read(read)
        values = message_values(details)
        return self._pages.render(call, "webhook_message.html", webhook=webhook, **values)

    async def test(self, call: Call[Viewer, NoFields]) -> Response:
        """`POST /console/webhooks/{webhookId}/test`: send a test message, and show its delivery."""
        actor = actor_of(call)
        message_id = await send_test(
            self._committer,
            actor,
            call.path_value,
            lambda now: message_for_test(actor.request_id, now),
        )
        return self._pages.redirect(WEBHOOKS, call.path_value, "messages", message_id)

    async def replay_one(self, call: Call[Viewer, NoFields]) -> Response:
        """`POST /console/webhooks/{webhookId}/messages/{messageId}/replay`: send it again."""
        webhook_id, message_id = call.parent, call.path_value
        await replay(self._committer, actor_of(call), webhook_id, [message_id])
        return self._pages.redirect(WEBHOOKS, webhook_id, "messages", message_id)

    async def replay_since(self, call: Call[Viewer, ReplayForm]) -> Response:
        """`POST /console/webhooks/{webhookId}/replay`: send again all that were given up."""
        webhook_id, text = call.path_value, call.input.since
        since = read_timestamp("field since", text) if text else None
        sent = await replay_given_up(self._committer, actor_of(call), webhook_id, since)
        return self._pages.redirect(WEBHOOKS, webhook_id, sent=sent)


def message_values(details: DeliveryDetails) -> dict[str, Any]:
    """A message for a template. `response_bytes_kept`: None if the whole response was kept."""
    body = details.response_body
    is_cut = body is not None and len(body) >= RESPONSE_BYTES_KEPT
    return {
        "message": details.delivery,
        "payload": shown_json(details.body),
        "response": None if body is None else shown_json(shown_body(body)),
        "response_bytes_kept": RESPONSE_BYTES_KEPT if is_cut else None,
    }
