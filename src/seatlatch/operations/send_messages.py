"""Send messages of webhooks on request: tests, and messages again under their own ids.

See decision 158.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from seatlatch.commit import Committer
from seatlatch.domain.audit import Action, Actor
from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import Conflict, NotFound
from seatlatch.domain.webhook import Webhook, WebhookState
from seatlatch.operations.administration import Administration
from seatlatch.operations.write_webhooks import MESSAGE_ID, change_webhook
from seatlatch.store.webhooks import NewMessage

TEST_MESSAGES_MAX = 10
"""The most test messages that may wait for one endpoint."""


async def send_test(
    committer: Committer,
    actor: Actor,
    webhook_id: str,
    make_message: Callable[[datetime], NewMessage],
) -> str:
    """Queue a test message, made for this time; returns its id. Raises `NotDone`."""

    async def write(administration: Administration, webhook: Webhook) -> str:
        webhooks = administration.transaction.webhooks
        if webhook.state is not WebhookState.ACTIVE:
            raise Conflict(
                f"The webhook {webhook_id} is {webhook.state}, so nothing is sent to it."
                " Resume it first.",
                "Use `seatlatch webhook resume`.",
            )
        if await webhooks.waiting_tests(webhook_id) >= TEST_MESSAGES_MAX:
            raise Conflict(
                f"{TEST_MESSAGES_MAX} test messages are waiting for the webhook {webhook_id}, which"
                " is the most. Its deliveries show why they fail.",
                "See them with `seatlatch webhook deliveries`.",
            )
        message = make_message(await administration.now())
        await webhooks.add_message(webhook_id, message)
        await administration.record(Action.WEBHOOK_TEST, webhook_id, messageId=message.message_id)
        return message.message_id

    return await change_webhook(committer, actor, webhook_id, write)


async def replay(
    committer: Committer, actor: Actor, webhook_id: str, message_ids: Collection[str]
) -> int:
    """Send messages again; returns their number. Raises `NotFound`, and then none is sent."""

    async def write(administration: Administration, _webhook: Webhook) -> int:
        webhooks = administration.transaction.webhooks
        asked = sorted(set(message_ids))
        for message_id in asked:
            is_id = MESSAGE_ID.fullmatch(message_id)
            if not is_id or not await webhooks.replay_message(webhook_id, message_id):
                raise unknown_message(webhook_id, message_id)
        await administration.record(Action.WEBHOOK_REPLAY, webhook_id, messages=len(asked))
        return len(asked)

    return await change_webhook(committer, actor, webhook_id, write)


async def replay_given_up(
    committer: Committer, actor: Actor, webhook_id: str, since: datetime | None = None
) -> int:
    """Send again all messages that were given up since then (None = all); returns their number.

    Raises `NotFound`.
    """

    async def write(administration: Administration, _webhook: Webhook) -> int:
        messages = await administration.transaction.webhooks.replay_given_up(webhook_id, since)
        if messages:
            await administration.record(Action.WEBHOOK_REPLAY, webhook_id, messages=messages)
        return messages

    return await change_webhook(committer, actor, webhook_id, write)


def unknown_message(webhook_id: str, message_id: str) -> NotFound:
    """The refusal of an id that no message of a webhook has."""
    return NotFound(
        f"The webhook {webhook_id} has no message {shortened(message_id)}.",
        "See the latest with `seatlatch webhook deliveries`.",
    )
