"""`seatlatch webhook`: the webhooks of channels."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from seatlatch.assembly import allowed_by
from seatlatch.cli.actors import command_line_actor
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.commit import CommitEach, Committer
from seatlatch.domain.audit import Actor
from seatlatch.domain.webhook import WebhookState
from seatlatch.operations import write_webhooks
from seatlatch.operations.read_webhooks import (
    RatedWebhook,
    list_webhooks,
    show_webhook,
    with_rates,
)
from seatlatch.operator_api.webhook_rows import ShownWebhook, added_webhook, shown_webhook
from seatlatch.settings import Settings
from seatlatch.store.interface import Snapshot
from seatlatch.webhooks.addresses import Resolver, require_allowed
from seatlatch.wiring import look, with_store

Result = TypeVar("Result")

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
OfChannel = Annotated[
    str | None, typer.Option("--channel", metavar="CODE", help="Only the webhooks of this channel.")
]


@webhooks.command(
    epilog="Example: seatlatch webhook add https://example.com/seats --channel my-application"
)
def add(
    url: Url,
    channel_code: ChannelCode,
    own_changes: OwnChanges = False,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Notify a channel of changes to its seats. Prints the signing secret, only this once."""
    settings = settings_for(database, author)
    _require_usable(url, settings)
    webhook = change(
        settings,
        lambda committer, actor: write_webhooks.add_webhook(
            committer, actor, url, channel_code, own_changes=own_changes
        ),
    )
    lines = [
        f"Added the webhook {webhook.webhook_id} of the channel {channel_code}.",
        f"Secret: {webhook.secret}",
        SAVE_IT,
    ]
    document = added_webhook(RatedWebhook(webhook, None), hides_query=False)
    print_result(as_json, document, lines, secret=True)


@webhooks.command("list", epilog="Example: seatlatch webhook list --channel my-application")
def list_all(
    channel_code: OfChannel = None, database: Database = None, as_json: AsJson = False
) -> None:
    """List all webhooks, with their state and the messages accepted in the last 24 hours."""

    async def work(snapshot: Snapshot) -> Sequence[RatedWebhook]:
        return await with_rates(snapshot, await list_webhooks(snapshot, channel_code))

    entries = look(settings_for(database).database_url, work)
    shown = [shown_webhook(entry, hides_query=False) for entry in entries]
    rows = [
        (one.webhook_id, one.channel_code, one.state, _rate(one), one.url, _reason(one))
        for one in shown
    ]
    nothing = ["There is no webhook yet. Add one with `seatlatch webhook add`."]
    print_result(as_json, {"webhooks": shown}, in_columns(rows) or nothing, changed=False)


@webhooks.command(epilog="Example: seatlatch webhook show wh_0c5d")
def show(webhook_id: WebhookId, database: Database = None, as_json: AsJson = False) -> None:
    """Show a webhook, with its state and the reason for it."""
    entry = look(
        settings_for(database).database_url, lambda snapshot: show_webhook(snapshot, webhook_id)
    )
    shown = shown_webhook(entry, hides_query=False)
    rows = [
        ("webhook", shown.webhook_id),
        ("channel", shown.channel_code),
        ("URL", shown.url),
        ("own changes", "sent" if shown.own_changes else "not sent"),
        ("state", shown.state),
        ("reason", _reason(shown)),
        ("accepted", f"{_rate(shown)} in the last 24 hours"),
        ("added", for_people(shown.created_at)),
    ]
    print_result(as_json, shown, in_columns(row for row in rows if row[1]), changed=False)


@webhooks.command(
    "set-url", epilog="Example: seatlatch webhook set-url wh_0c5d https://a.example/b"
)
def set_url(
    webhook_id: WebhookId,
    url: Url,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Send to another URL. Waiting messages are sent there at once."""
    settings = settings_for(database, author)
    _require_usable(url, settings)
    webhook = change(
        settings,
        lambda committer, actor: write_webhooks.edit_webhook(committer, actor, webhook_id, url=url),
    )
    lines = [f"Messages of the webhook {webhook_id} go to the new URL."]
    if webhook.state is not WebhookState.ACTIVE:
        lines.append(f"It is {webhook.state}: start it with `seatlatch webhook resume`.")
    document = {"webhookId": webhook_id, "url": url, "state": webhook.shown_state}
    print_result(as_json, document, lines)


@webhooks.command(epilog="Example: seatlatch webhook pause wh_0c5d")
def pause(
    webhook_id: WebhookId, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Stop sending to a webhook. New messages wait until it is resumed."""
    change(
        settings_for(database, author),
        lambda committer, actor: write_webhooks.set_state(
            committer, actor, webhook_id, WebhookState.PAUSED
        ),
    )
    document = {"webhookId": webhook_id, "state": WebhookState.PAUSED}
    print_result(as_json, document, [f"Paused the webhook {webhook_id}."])


@webhooks.command(epilog="Example: seatlatch webhook resume wh_0c5d")
def resume(
    webhook_id: WebhookId, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Send again to a webhook that was paused or disabled. Waiting messages are sent at once."""
    change(
        settings_for(database, author),
        lambda committer, actor: write_webhooks.set_state(
            committer, actor, webhook_id, WebhookState.ACTIVE
        ),
    )
    document = {"webhookId": webhook_id, "state": WebhookState.ACTIVE}
    print_result(as_json, document, [f"Resumed the webhook {webhook_id}."])


@webhooks.command(epilog="Example: seatlatch webhook remove wh_0c5d")
def remove(
    webhook_id: WebhookId, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Remove a webhook and its waiting messages."""
    change(
        settings_for(database, author),
        lambda committer, actor: write_webhooks.remove_webhook(committer, actor, webhook_id),
    )
    print_result(as_json, {"webhookId": webhook_id}, [f"Removed the webhook {webhook_id}."])


@webhooks.command("rotate-secret", epilog="Example: seatlatch webhook rotate-secret wh_0c5d")
def rotate_secret(
    webhook_id: WebhookId, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Sign with a new secret. For a day the old one signs as well."""
    secret, ends_at = change(
        settings_for(database, author),
        lambda committer, actor: write_webhooks.rotate_secret(committer, actor, webhook_id),
    )
    document = {"webhookId": webhook_id, "secret": secret, "oldSecretEnds": ends_at}
    lines = [
        f"The new secret of {webhook_id}: {secret}",
        f"The old one signs as well until {for_people(ends_at)}.",
        SAVE_IT,
    ]
    print_result(as_json, document, lines, secret=True)


def change(settings: Settings, work: Callable[[Committer, Actor], Awaitable[Result]]) -> Result:
    """The result of a change of webhooks, made durable."""
    actor = command_line_actor(settings)
    return with_store(settings.database_url, lambda store: work(CommitEach(store), actor))


def _rate(webhook: ShownWebhook) -> str:
    return "-" if webhook.success_rate is None else f"{webhook.success_rate:.2%}"


def _reason(webhook: ShownWebhook) -> str:
    since = webhook.failing_since
    failing = f"Fails since {for_people(since)}. " if since and webhook.state == "failing" else ""
    return failing + (webhook.reason or "")


def _require_usable(url: str, settings: Settings) -> None:
    """Raise a refusal if no message could be sent to a URL."""
    write_webhooks.require_url(url)
    asyncio.run(require_allowed(url, allowed_by(settings), Resolver()))
