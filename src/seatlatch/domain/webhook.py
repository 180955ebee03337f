"""Webhooks: the endpoints of channels, and the state of their messages.

See decisions 156 and 157.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from seatlatch.domain.feed import Position
from seatlatch.secrecy import HIDDEN, hides

URL_CHARACTERS_MAX = 2_000
HOST = re.compile(r"[A-Za-z0-9._~-]{1,253}|[0-9A-Fa-f:.]+(%25[A-Za-z0-9._~-]+)?")
VISIBLE = re.compile(r"[!-\[\]-~]+")
"""ASCII without spaces, control characters and the backslash, which some read as a slash."""


RESPONSE_BYTES_KEPT = 1_024
"""The first bytes of a receiver's response that are kept for support."""


class WebhookState(StrEnum):
    """Whether messages are sent. `PAUSED`: by the operator; `DISABLED`: because of its receiver."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


ShownState = Literal["active", "failing", "paused", "disabled"]
"""The state of an endpoint as people see it: an active one may be failing."""

MessageEntity = Literal["seats", "events", "test"]
"""The kind of a message's content, its `messageEntity`."""


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
    how far the journal was read for it; `event_change_number`: the last change of an event that was
    considered for it. `leased_to`: the process that delivers to it now; None = no process.
    `failing_since`: when the first of the attempts failed that have all failed since then; None =
    the latest one succeeded, or there was none. `problem`: why the latest of them failed.
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
    event_change_number: int = 0
    failing_since: datetime | None = None
    problem: str | None = None

    @property
    def shown_state(self) -> ShownState:
        """The state as people see it. An endpoint that is not active is not called failing."""
        if self.state is WebhookState.ACTIVE:
            return "failing" if self.failing_since else "active"
        return "paused" if self.state is WebhookState.PAUSED else "disabled"

    @property
    def shown_reason(self) -> str | None:
        """The reason for its state: why it is not active, or why it is failing."""
        return self.problem if self.state is WebhookState.ACTIVE else self.reason

    def secrets_at(self, now: datetime) -> Sequence[str]:
        """The secrets that sign at a time, the newest first."""
        if self.old_secret is None or self.old_secret_ends_at is None:
            return [self.secret]
        return [self.secret, self.old_secret][: 2 if now < self.old_secret_ends_at else 1]


class Delivery(NamedTuple):
    """The state of one message's delivery.

    `number`: its place among the messages. `status`: the HTTP status of the latest response, None =
    there was none. `problem`: why the latest attempt failed, as a sentence. `due_at`: when a
    pending message is tried next. `milliseconds`: how long the latest attempt took.
    """

    number: int
    message_id: str
    entity: MessageEntity
    state: MessageState
    created_at: datetime
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    status: int | None
    problem: str | None
    milliseconds: int | None

    @property
    def next_attempt_at(self) -> datetime | None:
        """When the message is tried next; None = it is not."""
        return self.due_at if self.state is MessageState.PENDING else None


DeliveryFilter = Literal["all", "failed", "pending", "given_up"]
"""The messages of a list. `failed`: their latest attempt failed, so they wait or were given up."""


class Activity(NamedTuple):
    """An endpoint's messages in short. `waiting`: how many wait, up to a limit; `waiting_since`:
    when the oldest of them was made. `delivered_at`: the latest success that is kept.
    """

    waiting: int = 0
    waiting_since: datetime | None = None
    delivered_at: datetime | None = None


@hides("response_body")
class DeliveryDetails(NamedTuple):
    """A delivery with what was sent, and what was received.

    `response_body`: the first bytes of the latest response's body; None = there was no response.
    """

    delivery: Delivery
    body: str
    response_body: bytes | None


def shown_body(body: bytes) -> str:
    """The start of a receiver's response as text. Bytes that are not UTF-8 become `\\xff`.

    A character that was cut in two at the end is left out.
    """
    decoder = getincrementaldecoder("utf-8")("backslashreplace")
    return decoder.decode(body, final=len(body) < RESPONSE_BYTES_KEPT)


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
    if parts.query == HIDDEN:
        return f"has the query {HIDDEN}, which stands for a hidden one; write the whole URL"
    return None


def without_query(url: str) -> str:
    """A URL without its query, for logs: the query may be a secret of the receiver."""
    parts: SplitResult = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def with_hidden_query(url: str) -> str:
    """A URL as it is shown over HTTP: `***` stands for its query, if it has one."""
    hidden = f"?{HIDDEN}" if urlsplit(url).query else ""
    return without_query(url) + hidden
