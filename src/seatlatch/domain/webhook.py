"""A webhook: where a channel wants to be told of its seats, and how far that has come."""

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
"""ASCII without spaces, control characters and the backslash, which some take for a slash."""


class WebhookState(StrEnum):
    """Whether it is told. `PAUSED` by the operator, `DISABLED` for what its receiver did."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class MessageState(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@hides("secret", "old_secret")
class Webhook(NamedTuple):
    """One endpoint of a channel.

    `own_changes`: it is also told of what the channel did itself. `reason`: why it is not active.
    `old_secret` signs beside `secret` until `old_secret_ends_at` (aware UTC). `position`: up to
    where the journal was looked through for it. `leased_to`: who tells it now; None = nobody.
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
        """Those that sign at a moment, the newest first."""
        if self.old_secret is None or self.old_secret_ends_at is None:
            return [self.secret]
        return [self.secret, self.old_secret][: 2 if now < self.old_secret_ends_at else 1]


class Delivery(NamedTuple):
    """What has come of one message so far.

    `status`: the HTTP status of the latest answer, None = there was none. `problem`: why the latest
    attempt failed, as a sentence. `due_at`: when a pending one is tried next.
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
    """What is wrong with a webhook's URL, to follow its name; None = it has the right form."""
    if len(url) > URL_CHARACTERS_MAX:
        return f"is longer than {URL_CHARACTERS_MAX:,} characters"
    if not VISIBLE.fullmatch(url):
        return "must be visible ASCII characters; write other ones in percent or xn-- form"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https"):
        return "must begin with https:// or http://"
    if "@" in parts.netloc:
        return "must not hold a user or password: the receiver knows us by the signature"
    if "#" in url:
        return "must not have a fragment, which is never sent"
    if not parts.hostname or not HOST.fullmatch(parts.hostname) or port == 0:
        return "must name a host"
    return None


def without_query(url: str) -> str:
    """A URL as it may be logged: what follows `?` may be a secret of the receiver's."""
    parts: SplitResult = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
