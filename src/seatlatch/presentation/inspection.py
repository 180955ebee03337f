"""Requests with their headers and bodies as received and sent, which only the sandbox keeps.

See decision 179.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from seatlatch.domain.journal import Verb

Header = tuple[str, str]


class InspectedBody(NamedTuple):
    """A body as text, its secrets masked. Bytes that are not UTF-8 are written as `\\xff`.

    `note`: a sentence about what is not shown; empty = all is shown as it was.
    """

    text: str
    note: str = ""


class InspectedResponse(NamedTuple):
    """A response as it was sent, its secrets masked. A compressed body is shown uncompressed."""

    status: int
    headers: Sequence[Header]
    body: InspectedBody

    @property
    def text(self) -> str:
        """The response as one text."""
        return _message(str(self.status), self.headers, self.body)


class InspectedRequest(NamedTuple):
    """A request as it was received, its secrets masked, and its response.

    - `number`: its place in the order of arrival. `timestamp`: when its head was complete.
    - `request_id`: that of the response, in lower case.
    - `application_id`, `channel_code`: as the headers name them, whether or not that is true.
    - `verb`: the verb that it asked for; None = it would change nothing.
    - `response` None = the connection closed without one; `reason` may say why.
    - `is_recorded`: whether the journal has an entry for it.
    """

    number: int
    timestamp: datetime
    request_id: str
    method: str
    target: str
    application_id: str | None
    channel_code: str | None
    verb: Verb | None
    headers: Sequence[Header]
    body: InspectedBody
    response: InspectedResponse | None
    reason: str | None
    milliseconds: int
    is_recorded: bool

    @property
    def status(self) -> int | None:
        """The status of its response."""
        return self.response.status if self.response else None

    @property
    def text(self) -> str:
        """The request as one text."""
        return _message(f"{self.method} {self.target}", self.headers, self.body)


class RequestInspector(Protocol):
    """The latest requests of `/v1`. Older ones are forgotten."""

    def latest(self) -> Sequence[InspectedRequest]:
        """All that are kept, the newest first."""

    def attempts(self, request_id: str) -> Sequence[InspectedRequest]:
        """The requests with a Request-ID, in order of time."""


def _message(start: str, headers: Sequence[Header], body: InspectedBody) -> str:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    return "\n".join([*lines, "", body.text] if body.text else lines)
