"""`seatlatch webhook`: the webhooks of channels, and their deliveries."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from seatlatch.cli.options import AsJson, Database, group, settings_for
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.refusal import NotDone
from seatlatch.domain.webhook import Delivery, MessageState, Webhook, WebhookState
from seatlatch.operations import write_webhooks
from seatlatch.settings import Settings
from seatlatch.store.interface import Snapshot
from seatlatch.webhooks.addresses import Resolver, require_allowed
from seatlatch.wiring import allowed_by, look, with_store

Result = TypeVar("Result")

DELIVERIES_MAX = 1_000
DELIVERIES_SHOWN = 20
SAVE_IT = "Save the secret now: it is not shown again."

webhooks = group("Webhooks: they notify channels of changes to seats.")

WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK_ID", help="The id that add printed.")]
Url = Annotated[
    str, typer.Argument(metavar="URL", help="The address to send to; https:// or http://.")
]
ChannelCode = Annotated[
    str, typer.Option("--channel", metavar="CODE", help="The channel to notify.")
]
OwnChanges = Annotated[
    bool, typer.Option("--own-changes", help="Also notify it of its own changes.")
]
Failed = Annotated[bool, typer.Option("--failed", help="Only messages whose last attempt failed.")]
Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        metavar="COUNT",
        min=1,
        max=DELIVERIES_MAX,
        help=f"The most messages to show. [default: {DELIVERIES_SHOWN}]",
        show_default=False,
    ),
]
OfChannel = Annotated[
    str | None, typer.Option("--channel", metavar="CODE", help="Only the webhooks of this channel.")
]
MessageIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[MESSAGE_ID]...", help="The messages to send again."),
]
AllGivenUp = Annotated[bool, typer.Option("--failed", help="All messages that were given up.")]


@webhooks.command(
    epilog="Example: seatlatch webhook add https://example.com/seats --channel my-application"
)
def add(
    url: Url,
    channel_code: ChannelCode,
    own_changes: OwnChanges = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Notify a channel of changes to its seats. Prints the signing secret, only this once."""
    settings = settings_for(database)
    write_webhooks.require_url(url)
    asyncio.run(require_allowed(url, allowed_by(settings), Resolver()))
    webhook = _change(
        settings,
        lambda committer: write_webhooks.add_webhook(
            committer, url, channel_code, own_changes=own_changes
        ),
    )
    lines = [
        f"Added the webhook {webhook.webhook_id} of the channel {channel_code}.",
        f"Secret: {webhook.secret}",
        SAVE_IT,
    ]
    document = {**_document(webhook), "secret": webhook.secret}
    print_result(as_json, document, lines, secret=True)


@webhooks.command("list", epilog="Example: seatlatch webhook list --channel my-application")
def list_all(
    channel_code: OfChannel = None, database: Database = None, as_json: AsJson = False
) -> None:
    """List all webhooks, with their state."""

    async def work(snapshot: Snapshot) -> list[Webhook]:
        found = await snapshot.webhooks.read_all()
        return [one for one in found if channel_code in (None, one.channel_code)]

    entries = look(settings_for(database).database_url, work)
    rows = [
        (entry.webhook_id, entry.channel_code, entry.state, entry.url, entry.reason or "")
        for entry in entries
    ]
    nothing = ["There is no webhook yet. Add one with `seatlatch webhook add`."]
    document = {"webhooks": [_document(entry) for entry in entries]}
    print_result(as_json, document, in_columns(rows) or nothing, changed=False)


@webhooks.command(epilog="Example: seatlatch webhook pause wh_0c5d")
def pause(webhook_id: WebhookId, database: Database = None, as_json: AsJson = False) -> None:
    """Stop sending to a webhook. New messages wait until it is resumed."""
    _change(
        settings_for(database),
        lambda committer: write_webhooks.set_state(committer, webhook_id, WebhookState.PAUSED),
    )
    document = {"webhookId": webhook_id, "state": WebhookState.PAUSED}
    print_result(as_json, document, [f"Paused the webhook {webhook_id}."])


@webhooks.command(epilog="Example: seatlatch webhook resume wh_0c5d")
def resume(webhook_id: WebhookId, database: Database = None, as_json: AsJson = False) -> None:
    """Send again to a webhook that was paused or disabled. Waiting messages are sent at once."""
    _change(
        settings_for(database),
        lambda committer: write_webhooks.set_state(committer, webhook_id, WebhookState.ACTIVE),
    )
    document = {"webhookId": webhook_id, "state": WebhookState.ACTIVE}
    print_result(as_json, document, [f"Resumed the webhook {webhook_id}."])


@webhooks.command(epilog="Example: seatlatch webhook remove wh_0c5d")
def remove(webhook_id: WebhookId, database: Database = None, as_json: AsJson = False) -> None:
    """Remove a webhook and its waiting messages."""
    _change(
        settings_for(database),
        lambda committer: write_webhooks.remove_webhook(committer, webhook_id),
    )
    print_result(as_json, {"webhookId": webhook_id}, [f"Removed the webhook {webhook_id}."])


@webhooks.command("rotate-secret", epilog="Example: seatlatch webhook rotate-secret wh_0c5d")
def rotate_secret(
    webhook_id: WebhookId, database: Database = None, as_json: AsJson = False
) -> None:
    """Sign with a new secret. For a day the old one signs as well."""
    secret, ends_at = _change(
        settings_for(database),
        lambda committer: write_webhooks.rotate_secret(committer, webhook_id),
    )
    document = {"webhookId": webhook_id, "secret": secret, "oldSecretEnds": ends_at}
    lines = [
        f"The new secret of {webhook_id}: {secret}",
        f"The old one signs as well until {for_people(ends_at)}.",
        SAVE_IT,
    ]
    print_result(as_json, document, lines, secret=True)


@webhooks.command(epilog="Example: seatlatch webhook deliveries wh_0c5d --failed")
def deliveries(
    webhook_id: WebhookId,
    failed: Failed = False,
    limit: Limit = DELIVERIES_SHOWN,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show a webhook's latest messages and their state, the newest first."""

    write_webhooks.require_webhook_id(webhook_id)

    async def work(snapshot: Snapshot) -> list[Delivery]:
        if await snapshot.webhooks.find(webhook_id) is None:
            raise write_webhooks.unknown_webhook(webhook_id)
        return list(await snapshot.webhooks.deliveries(webhook_id, limit, failed=failed))

    found = look(settings_for(database).database_url, work)
    rows = [
        (
            one.message_id,
            for_people(one.created_at),
            one.state.replace("_", " "),
            f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}",
            one.problem or "",
        )
        for one in found
    ]
    document = {"webhookId": webhook_id, "messages": [_message(one) for one in found]}
    nothing = ["No message failed." if failed else "There is no message yet."]
    print_result(as_json, document, in_columns(rows) or nothing, changed=False)


@webhooks.command(epilog="Example: seatlatch webhook replay wh_0c5d --failed")
def replay(
    webhook_id: WebhookId,
    message_ids: MessageIds = None,
    failed: AllGivenUp = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Send messages again under their own ids, or all messages that were given up."""
    if failed == bool(message_ids):
        raise typer.BadParameter("Use either MESSAGE_IDs or --failed.")
    messages = _change(
        settings_for(database),
        lambda committer: write_webhooks.replay(committer, webhook_id, message_ids or None),
    )
    if not messages:
        raise NotDone(f"No message of the webhook {webhook_id} was given up.")
    sentence = f"{messages:,} message{' is' if messages == 1 else 's are'} sent again."
    print_result(as_json, {"webhookId": webhook_id, "messages": messages}, [sentence])


def _change(settings: Settings, work: Callable[[Committer], Awaitable[Result]]) -> Result:
    return with_store(settings.database_url, lambda store: work(CommitEach(store)))


def _document(webhook: Webhook) -> dict[str, object]:
    return {
        "webhookId": webhook.webhook_id,
        "channelCode": webhook.channel_code,
        "url": webhook.url,
        "ownChanges": webhook.own_changes,
        "state": webhook.state,
        "reason": webhook.reason,
        "createdAt": webhook.created_at,
    }


def _message(one: Delivery) -> dict[str, object]:
    return {
        "messageId": one.message_id,
        "state": one.state,
        "createdAt": one.created_at,
        "attempts": one.attempts,
        "attemptedAt": one.attempted_at,
        "nextAttemptAt": one.due_at if one.state is MessageState.PENDING else None,
        "status": one.status,
        "problem": one.problem,
    }
