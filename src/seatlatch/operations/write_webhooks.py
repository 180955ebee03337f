"""Manage webhooks: add, change and remove endpoints, and rotate their secrets.

The delivery of webhooks writes through `WebhookWrite`.

See decision 78.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from seatlatch.commit import Change, Committer
from seatlatch.domain.audit import Action, Actor
from seatlatch.domain.label import shortened
from seatlatch.domain.refusal import Conflict, InvalidRequest, NotFound, require_identifier
from seatlatch.domain.webhook import Webhook, WebhookState, url_problem, with_hidden_query
from seatlatch.operations.administration import Administration, RecordedChange
from seatlatch.store.interface import Transaction
from seatlatch.store.webhooks import WebhookReader

WEBHOOKS_MAX = 20
"""The most webhooks of one channel."""

SECRET_BYTES = 32
WEBHOOK_ID = re.compile(r"wh_[0-9a-f]{32}")
MESSAGE_ID = re.compile(r"msg_[0-9a-f]{32}")
OVERLAP_SECONDS = 86_400
"""How long both secrets sign after a rotation."""

CheckUrl = Callable[[str], Awaitable[None]]
"""Raises `Conflict` if webhooks may not be sent to a valid URL now."""

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


async def change_webhook(
    committer: Committer,
    actor: Actor,
    webhook_id: str,
    work: Callable[[Administration, Webhook], Awaitable[Result]],
) -> Result:
    """The result of `work` on an endpoint, which no other transaction changes meanwhile.

    Raises `NotFound`, and what `work` raises; then nothing was changed.
    """

    async def write(administration: Administration) -> Result:
        webhooks = administration.transaction.webhooks
        return await work(administration, await require_webhook(webhooks, webhook_id))

    return await committer.submit(RecordedChange(actor, write, webhook_id))


def new_webhook_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def require_url(url: str) -> None:
    """Raise `InvalidRequest` unless a webhook's URL has the right form."""
    if problem := url_problem(url):
        raise InvalidRequest(f"The webhook's URL {problem}.")


async def add_webhook(
    committer: Committer,
    actor: Actor,
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

    async def write(administration: Administration) -> Webhook:
        transaction = administration.transaction
        if await transaction.access.read_channel(channel_code) is None:
            raise NotFound(
                f"There is no channel {channel_code}.", "Add it with `seatlatch channel add`."
            )
        others = await transaction.webhooks.read_all()
        if sum(other.channel_code == channel_code for other in others) >= WEBHOOKS_MAX:
            raise Conflict(
                f"The channel {channel_code} has {WEBHOOKS_MAX} webhooks, which is the most."
                " Remove one first.",
                "Use `seatlatch webhook remove`.",
            )
        webhook = Webhook(
            f"wh_{uuid4().hex}",
            channel_code,
            url,
            own_changes,
            await transaction.now(),
            secret or new_webhook_secret(),
            await transaction.journal.read_position(),
            event_change_number=await transaction.events.last_change(),
        )
        await transaction.webhooks.add(webhook)
        await administration.record(
            Action.WEBHOOK_ADD,
            webhook.webhook_id,
            channelCode=channel_code,
            url=with_hidden_query(url),
            ownChanges=own_changes,
        )
        return webhook

    return await committer.submit(RecordedChange(actor, write, channel_code))


async def edit_webhook(
    committer: Committer,
    actor: Actor,
    webhook_id: str,
    *,
    url: str | None = None,
    own_changes: bool | None = None,
) -> Webhook:
    """Change an endpoint's URL, and whether it gets the channel's own changes; None = as it is.

    Messages that wait are sent to the new URL at once. Raises `InvalidRequest` and `NotFound`.
    """
    if url is not None:
        require_url(url)

    async def write(administration: Administration, webhook: Webhook) -> Webhook:
        webhooks = administration.transaction.webhooks
        if url is not None and url != webhook.url:
            await webhooks.set_url(webhook_id, url)
            await webhooks.restart_messages(webhook_id)
            await administration.record(
                Action.WEBHOOK_SET_URL,
                webhook_id,
                url=with_hidden_query(url),
                oldUrl=with_hidden_query(webhook.url),
            )
        if own_changes is not None and own_changes != webhook.own_changes:
            await webhooks.set_own_changes(webhook_id, own_changes)
            await administration.record(
                Action.WEBHOOK_SET_OWN_CHANGES, webhook_id, ownChanges=own_changes
            )
        return await require_webhook(webhooks, webhook_id)

    return await change_webhook(committer, actor, webhook_id, write)


async def set_state(
    committer: Committer, actor: Actor, webhook_id: str, state: WebhookState
) -> Webhook:
    """Pause an endpoint, or resume it and try its messages at once. Raises `NotFound`."""
    is_pause = state is WebhookState.PAUSED
    reason = "Paused by the operator." if is_pause else None

    async def write(administration: Administration, _webhook: Webhook) -> Webhook:
        webhooks = administration.transaction.webhooks
        await webhooks.set_state(webhook_id, state, reason)
        if not is_pause:
            await webhooks.restart_messages(webhook_id)
        action = Action.WEBHOOK_PAUSE if is_pause else Action.WEBHOOK_RESUME
        await administration.record(action, webhook_id)
        return await require_webhook(webhooks, webhook_id)

    return await change_webhook(committer, actor, webhook_id, write)


async def remove_webhook(committer: Committer, actor: Actor, webhook_id: str) -> None:
    """Remove an endpoint with all its messages. Raises `NotFound`."""

    async def write(administration: Administration, webhook: Webhook) -> None:
        await administration.transaction.webhooks.remove(webhook_id)
        await administration.record(
            Action.WEBHOOK_REMOVE,
            webhook_id,
            channelCode=webhook.channel_code,
            url=with_hidden_query(webhook.url),
        )

    await change_webhook(committer, actor, webhook_id, write)


async def rotate_secret(
    committer: Committer, actor: Actor, webhook_id: str
) -> tuple[str, datetime]:
    """A new secret, and when the old one stops signing too, aware UTC. Raises `NotFound`."""

    async def write(administration: Administration, webhook: Webhook) -> tuple[str, datetime]:
        transaction = administration.transaction
        secret = new_webhook_secret()
        ends_at = await transaction.now() + timedelta(seconds=OVERLAP_SECONDS)
        await transaction.webhooks.set_secrets(webhook_id, secret, webhook.secret, ends_at)
        await administration.record(Action.WEBHOOK_ROTATE_SECRET, webhook_id, oldSecretEnds=ends_at)
        return secret, ends_at

    return await change_webhook(committer, actor, webhook_id, write)


async def require_webhook(webhooks: WebhookReader, webhook_id: str) -> Webhook:
    """The endpoint with this id; in a transaction, other changes of it wait. Raises `NotFound`."""
    is_id = WEBHOOK_ID.fullmatch(webhook_id)  # otherwise it may not even be UTF-8
    webhook = await webhooks.find(webhook_id) if is_id else None
    if webhook is None:
        raise unknown_webhook(webhook_id)
    return webhook


def unknown_webhook(webhook_id: str) -> NotFound:
    """The refusal of a request for an endpoint that does not exist."""
    return NotFound(
        f"There is no webhook {shortened(webhook_id)}.",
        "See them all with `seatlatch webhook list`.",
    )
