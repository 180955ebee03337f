"""Manage webhooks: add, pause, resume and remove endpoints, rotate secrets, send messages again.

The delivery of webhooks also writes through `WebhookWrite`.

See decision 78.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from seatlatch.commit import Change, Committer
from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import InvalidRequest, NotDone, require_identifier
from seatlatch.domain.webhook import Webhook, WebhookState, url_problem
from seatlatch.store.interface import Transaction

WEBHOOKS_MAX = 20
"""The most webhooks of one channel."""

SECRET_BYTES = 32
WEBHOOK_ID = re.compile(r"wh_[0-9a-f]{32}")
MESSAGE_ID = re.compile(r"msg_[0-9a-f]{32}")
OVERLAP_SECONDS = 86_400
"""How long both secrets sign after a rotation."""

Result = TypeVar("Result")


class WebhookWrite(Change[Result]):
    """A write to the tables of webhooks.

    A transaction applies its writes in the order of `order`, so two transactions cannot deadlock.
    """

    def __init__(self, order: str, write: Callable[[Transaction], Awaitable[Result]]) -> None:
        self._order = order
        self._write = write

    @staticmethod
    async def apply(transaction: Transaction, changes: Sequence["WebhookWrite[Any]"]) -> list[Any]:
        """Apply the writes one after the other."""
        numbers = sorted(range(len(changes)), key=lambda number: changes[number]._order)
        results = {number: await changes[number]._write(transaction) for number in numbers}
        return [results[number] for number in range(len(changes))]


def new_webhook_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def require_url(url: str) -> None:
    """Raise `InvalidRequest` unless a webhook's URL has the right form."""
    if problem := url_problem(url):
        raise InvalidRequest(f"The webhook's URL {problem}.")


async def add_webhook(
    committer: Committer,
    url: str,
    channel_code: str,
    *,
    own_changes: bool,
    secret: str | None = None,
) -> Webhook:
    """Add an endpoint, which gets the events from now on. The result has its secret.

    Raises `InvalidRequest` and `NotDone`.
    """
    require_url(url)
    require_identifier("channel code", channel_code)

    async def write(transaction: Transaction) -> Webhook:
        if await transaction.access.read_channel(channel_code) is None:
            raise NotDone(
                f"There is no channel {channel_code}. Add it with `seatlatch channel add`."
            )
        others = await transaction.webhooks.read_all()
        if sum(other.channel_code == channel_code for other in others) >= WEBHOOKS_MAX:
            raise NotDone(
                f"The channel {channel_code} has {WEBHOOKS_MAX} webhooks, which is the most."
                " Remove one with `seatlatch webhook remove`."
            )
        webhook = Webhook(
            f"wh_{uuid4().hex}",
            channel_code,
            url,
            own_changes,
            await transaction.now(),
            secret or new_webhook_secret(),
            await transaction.journal.read_position(),
        )
        await transaction.webhooks.add(webhook)
        return webhook

    return await committer.submit(WebhookWrite(channel_code, write))


async def set_state(committer: Committer, webhook_id: str, state: WebhookState) -> None:
    """Pause an endpoint, or resume it and try its messages at once. Raises `NotDone`."""
    require_webhook_id(webhook_id)
    reason = "Paused by the operator." if state is WebhookState.PAUSED else None

    async def write(transaction: Transaction) -> None:
        if not await transaction.webhooks.set_state(webhook_id, state, reason):
            raise unknown_webhook(webhook_id)
        if state is WebhookState.ACTIVE:
            await transaction.webhooks.restart_messages(webhook_id)

    await committer.submit(WebhookWrite(webhook_id, write))


async def remove_webhook(committer: Committer, webhook_id: str) -> None:
    """Remove an endpoint with all its messages. Raises `NotDone`."""
    require_webhook_id(webhook_id)

    async def write(transaction: Transaction) -> None:
        if not await transaction.webhooks.remove(webhook_id):
            raise unknown_webhook(webhook_id)

    await committer.submit(WebhookWrite(webhook_id, write))


async def rotate_secret(committer: Committer, webhook_id: str) -> tuple[str, datetime]:
    """Returns a new secret, and when the old one stops signing too, aware UTC. Raises `NotDone`."""
    require_webhook_id(webhook_id)

    async def write(transaction: Transaction) -> tuple[str, datetime]:
        webhook = await transaction.webhooks.find(webhook_id)
        if webhook is None:
            raise unknown_webhook(webhook_id)
        secret = new_webhook_secret()
        ends_at = await transaction.now() + timedelta(seconds=OVERLAP_SECONDS)
        await transaction.webhooks.set_secrets(webhook_id, secret, webhook.secret, ends_at)
        return secret, ends_at

    return await committer.submit(WebhookWrite(webhook_id, write))


async def replay(committer: Committer, webhook_id: str, message_ids: Collection[str] | None) -> int:
    """Send messages again under their own ids, or (None) all that were given up.

    Returns their number. Raises `NotDone`, and then none is sent.
    """
    require_webhook_id(webhook_id)
    asked = [None] if message_ids is None else sorted(set(message_ids))

    async def write(transaction: Transaction) -> int:
        if await transaction.webhooks.find(webhook_id) is None:
            raise unknown_webhook(webhook_id)
        messages = 0
        for message_id in asked:
            is_one = message_id is None or MESSAGE_ID.fullmatch(message_id)
            found = (
                await transaction.webhooks.replay_messages(webhook_id, message_id) if is_one else 0
            )
            if not found and message_id is not None:
                raise NotDone(
                    f"The webhook {webhook_id} has no message {shortened(message_id)}."
                    " See the latest with `seatlatch webhook deliveries`."
                )
            messages += found
        return messages

    return await committer.submit(WebhookWrite(webhook_id, write))


def require_webhook_id(webhook_id: str) -> None:
    """Raise `NotDone` for a text that cannot be the id of a webhook; it may not even be UTF-8."""
    if not WEBHOOK_ID.fullmatch(webhook_id):
        raise unknown_webhook(webhook_id)


def unknown_webhook(webhook_id: str) -> NotDone:
    """The refusal of an id that no webhook has."""
    return NotDone(
        f"There is no webhook {shortened(webhook_id)}. See them all with `seatlatch webhook list`."
    )
