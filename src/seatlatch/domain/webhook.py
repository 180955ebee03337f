"""Webhooks: the endpoints of channels, and the state of their messages."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from seatlatch.domain.feed import Position
from seatlatch.secrecy import hides

URL_CHARACTERS_MAX = 2_000
HOST = re.compile(r"[A-Za-z0-9._~-]{1,253}|[0-9A-Fa-f:.]+(%25[A-Za-z0-9._~-]+)?")
VISIBLE = re.compile(r"[!-\[\]-~]+")
"""ASCII without spaces, control characters and the backslash, which some read as a slash."""


class WebhookState(StrEnum):
    """Whether messages are sent. `PAUSED`: by the operator; `DISABLED`: because of its receiver."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class MessageState(StrEnum):
    """The state of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@hides("secret", "old_secret")
class Webhook(NamedTuple):
    """One endpoint of a channel.

    `own_changes`: it also receives the channel's own changes. `reason`: why it is not active.
    `old_secret` signs in addition to `secret` until `old_secret_ends_at` (aware UTC). `position`:
    how far the journal was read for it. `leased_to`: the process that delivers to it now; None = no
    process.
    """

    webhook_id: str
    channel_code: str
    url: str
    own_changes: bool
    created_at: datetime
    secret: str
    position: Position
    state: WebhookState = WebhookState.ACTIVE
    reason: str | None = None
    old_secret: str | None = None
    old_secret_ends_at: datetime | None = None
    leased_to: str | None = None

    def secrets_at(self, now: datetime) -> Sequence[str]:
        """The secrets that sign at a time, the newest first."""
        if self.old_secret is None or self.old_secret_ends_at is None:
            return [self.secret]
        return [self.secret, self.old_secret][: 2 if now < self.old_secret_ends_at else 1]


class Delivery(NamedTuple):
    """The state of one message's delivery.

    `status`: the HTTP status of the latest response, None = there was none. `problem`: why the
    latest attempt failed, as a sentence. `due_at`: when a pending message is tried next.
    """

    message_id: str
    state: MessageState
    created_at: datetime
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    status: int | None
    problem: str | None


def url_problem(url: str) -> str | None:
    """The problem with a webhook's URL, to follow its name in a sentence; None = it is valid."""
    if len(url) > URL_CHARACTERS_MAX:
        return f"is longer than {URL_CHARACTERS_MAX:,} characters"
    if not VISIBLE.fullmatch(url):
        return "must be visible ASCII characters; encode others in percent or xn-- form"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return "must begin with https:// or http://"
    if "@" in parts.netloc:
        return "must not contain a user or password: the receiver verifies the signature instead"
    if "#" in url:
        return "must not have a fragment, which is never sent"
    if not parts.hostname or not HOST.fullmatch(parts.hostname) or port == 0:
        return "must name a host"
    return None


def without_query(url: str) -> str:
    """A URL without its query, for logs: the query may be a secret of the receiver."""
    parts: SplitResult = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
