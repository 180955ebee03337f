"""`seatlatch webhook deliveries`, `test` and `replay`: the messages of a webhook."""

from typing import Annotated
from uuid import uuid4

import typer

from seatlatch.cli.options import AsJson, Author, Database, settings_for
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.cli.timestamps import date_or_timestamp
from seatlatch.cli.webhooks import WebhookId, change
from seatlatch.domain.refusal import NotDone
from seatlatch.domain.webhook import DeliveryDetails
from seatlatch.operations import send_messages
from seatlatch.operations.read_webhooks import list_deliveries, show_delivery
from seatlatch.operator_api.webhook_rows import ShownDelivery, shown_delivery, shown_details
from seatlatch.settings import Settings
from seatlatch.webhooks.message_for_test import message_for_test
from seatlatch.wiring import look

DELIVERIES_MAX = 1_000
DELIVERIES_SHOWN = 20

DELIVERIES_EXAMPLE = "Example: seatlatch webhook deliveries wh_0c5d --failed"
TEST_EXAMPLE = "Example: seatlatch webhook test wh_0c5d"
REPLAY_EXAMPLE = "Example: seatlatch webhook replay wh_0c5d --since 2026-11-23T12:00:00Z"

Failed = Annotated[bool, typer.Option("--failed", help="Only messages whose last attempt failed.")]
Message = Annotated[
    str | None,
    typer.Option(
        "--message", metavar="MESSAGE_ID", help="One message, with its payload and the response."
    ),
]
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
MessageIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[MESSAGE_ID]...", help="The messages to send again."),
]
AllGivenUp = Annotated[bool, typer.Option("--failed", help="All messages that were given up.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIMESTAMP", help="All messages that were given up since this time."
    ),
]


def deliveries(
    webhook_id: WebhookId,
    failed: Failed = False,
    message: Message = None,
    limit: Limit = DELIVERIES_SHOWN,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show a webhook's latest messages and their state, the newest first."""
    if message is not None and failed:
        raise typer.BadParameter("Use either --message or --failed.")
    settings = settings_for(database)
    if message is None:
        _show_list(settings, webhook_id, limit, failed, as_json)
    else:
        _show_one(settings, webhook_id, message, as_json)


def _show_list(
    settings: Settings, webhook_id: str, limit: int, failed: bool, as_json: bool
) -> None:
    found = look(
        settings.database_url,
        lambda snapshot: list_deliveries(
            snapshot, webhook_id, limit, "failed" if failed else "all"
        ),
    )
    shown = [shown_delivery(one) for one in found]
    rows = [
        (
            one.message_id,
            one.message_entity,
            for_people(one.created_at),
            one.state.replace("_", " "),
            _attempts(one),
            _response(one),
            one.problem or "",
        )
        for one in shown
    ]
    document = {"webhookId": webhook_id, "messages": shown}
    nothing = ["No message failed." if failed else "There is no message yet."]
    print_result(as_json, document, in_columns(rows) or nothing, changed=False)


def _show_one(settings: Settings, webhook_id: str, message_id: str, as_json: bool) -> None:
    details = look(
        settings.database_url, lambda snapshot: show_delivery(snapshot, webhook_id, message_id)
    )
    shown = shown_details(details)
    document = {"webhookId": webhook_id, "message": shown}
    print_result(as_json, document, _lines(details), changed=False)


def _lines(details: DeliveryDetails) -> list[str]:
    shown = shown_details(details)
    last, following = shown.attempted_at, shown.next_attempt_at
    rows = [
        ("message", f"{shown.message_id} ({shown.message_entity})"),
        ("made", for_people(shown.created_at)),
        ("state", shown.state.replace("_", " ")),
        ("attempts", str(shown.attempts)),
        ("last attempt", for_people(last) if last else ""),
        ("next attempt", for_people(following) if following else ""),
        ("response", _response(shown)),
        ("problem", shown.problem or ""),
        ("payload", details.body),
    ]
    lines = in_columns(row for row in rows if row[1])
    if shown.response_body:
        body = [f"  {line}" for line in shown.response_body.splitlines()]
        lines += ["response body, at most 1 KiB:", *body]
    return lines


def _attempts(one: ShownDelivery) -> str:
    return f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}"


def _response(one: ShownDelivery) -> str:
    if one.milliseconds is None:
        return ""
    return f"{one.status or 'none'} after {one.milliseconds:,} ms"


def test(
    webhook_id: WebhookId,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Send a signed test message to a webhook, through the same queue as all others."""
    request_id = str(uuid4())
    message_id = change(
        settings_for(database, author),
        lambda committer, actor: send_messages.send_test(
            committer, actor, webhook_id, lambda now: message_for_test(request_id, now)
        ),
    )
    lines = [
        f"The test message {message_id} waits to be sent. See its result with",
        f"seatlatch webhook deliveries {webhook_id} --message {message_id}",
    ]
    print_result(as_json, {"webhookId": webhook_id, "messageId": message_id}, lines)


def replay(
    webhook_id: WebhookId,
    message_ids: MessageIds = None,
    failed: AllGivenUp = False,
    since: Since = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Send messages again under their own ids, or all messages that were given up."""
    if sum((bool(message_ids), failed, since is not None)) != 1:
        raise typer.BadParameter("Use either MESSAGE_IDs, --failed or --since.")
    settings = settings_for(database, author)
    if message_ids:
        messages = change(
            settings,
            lambda committer, actor: send_messages.replay(
                committer, actor, webhook_id, message_ids
            ),
        )
    else:
        earliest = None if since is None else date_or_timestamp("--since", since)
        messages = change(
            settings,
            lambda committer, actor: send_messages.replay_given_up(
                committer, actor, webhook_id, earliest
            ),
        )
    if not messages:
        then = "" if since is None else " since then"
        raise NotDone(f"No message of the webhook {webhook_id} was given up{then}.")
    sentence = f"{messages:,} message{' is' if messages == 1 else 's are'} sent again."
    print_result(as_json, {"webhookId": webhook_id, "messages": messages}, [sentence])
