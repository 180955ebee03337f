"""What tests of the pages of webhooks begin with: endpoints and messages of every state."""

from html import unescape
from typing import Any

from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.operator_api.webhook_calls import LEASE, LEASE_END
from tests.serving import CHANNEL, Served

PAGE = "/console/webhooks"
URL = "https://8.8.8.8/seats?key=secret"
ABSENT = f"wh_{'0' * 32}"
ABSENT_MESSAGE = f"msg_{'0' * 32}"
ENDED = "UPDATE webhook_messages SET state = ?, attempts = 1, attempted_at = ?, status = ?"
ENDED += ", problem = ?, milliseconds = 5, response_body = ? WHERE message_id = ?"
NOON = "2026-11-23T12:00:00.000000+00:00"


def add_endpoint(served: Served, url: str = URL, *, is_sent_to: bool = False) -> str:
    """Add an endpoint in the console; returns its id. Nothing is sent to it unless `is_sent_to`."""
    before = {row["webhook_id"] for row in served.database.table("webhooks")}
    added = Console(served, ADMIN).post(PAGE, channelCode=CHANNEL, url=url)
    assert added.status_code == 200, added.text
    after = {row["webhook_id"] for row in served.database.table("webhooks")}
    if not is_sent_to:
        served.database.execute(LEASE, LEASE_END)
    (webhook_id,) = after - before
    return str(webhook_id)


def add_message(served: Served, console: Console, webhook_id: str) -> str:
    """Queue a test message; returns its id."""
    sent = console.post(f"{PAGE}/{webhook_id}/test")
    assert sent.status_code == 303, sent.text
    path, _, message_id = sent.headers["location"].rpartition("/")
    assert path == f"{PAGE}/{webhook_id}/messages"
    return str(message_id)


def end(
    served: Served,
    message_id: str,
    state: str = "given_up",
    status: int | None = 500,
    problem: str | None = "The receiver answered 500.",
    response: bytes | None = b"no",
    at: str = NOON,
) -> None:
    """Let a message be as after its last attempt."""
    served.database.execute(ENDED, state, at, status, problem, response, message_id)


def row_of(served: Served, message_id: str) -> dict[str, Any]:
    """A message as it is stored."""
    rows = served.database.table("webhook_messages")
    return next(row for row in rows if row["message_id"] == message_id)


def text_of(html: str) -> str:
    """A page's text with its markup, but unescaped, in one line."""
    return " ".join(unescape(html).split())
