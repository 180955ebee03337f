"""The log line of a request, in the formats of the log. There is one for each request, so it is
made without structlog: that would take as long as the rest of the request.

See decision 189.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal

import msgspec

from seatlatch.text import visible, visible_json

Level = Literal["debug", "info", "error"]
Render = Callable[[dict[str, Any]], str]

NEEDS_QUOTES = frozenset(" \t=\r\n\"'")
"""structlog shows texts with any of these in quotes."""

PLACE = "\x00"
EVENT = "request"


class RequestLine(msgspec.Struct, rename="camel"):
    """The facts about a request, in the order of the line. None = unknown."""

    request_id: str
    application: str | None
    channel: str | None
    operator: str | None
    client_address: str | None
    method: str
    route: str
    status: int
    succeeded: int
    failed: int
    reason: str | None
    milliseconds: float
    event: str = EVENT
    level: Level = "info"
    timestamp: str = ""


_facts_of = attrgetter(*RequestLine.__struct_fields__[:12])
_encode = msgspec.json.Encoder().encode


def as_json(line: RequestLine) -> bytes:
    """The line as JSON."""
    return visible_json(_encode(line)) + b"\n"


class RequestConsole:
    """Makes the line as structlog's console shows it. `render` is structlog's renderer: it makes
    one template for each level, whose places then get the values of each line.
    """

    def __init__(self, render: Render) -> None:
        self._render = render
        self._templates: dict[Level, list[str]] = {}

    def __call__(self, line: RequestLine) -> bytes:
        """The line as text in UTF-8."""
        first, *texts = self._templates.get(line.level) or self._make_template(line.level)
        pieces = [first]
        for value, text in zip((line.timestamp, *_facts_of(line)), texts, strict=True):
            pieces += (_shown(value), text)
        pieces.append("\n")
        return "".join(pieces).encode()

    def _make_template(self, level: Level) -> list[str]:
        names = (field.encode_name for field in msgspec.structs.fields(RequestLine))
        event = {**dict.fromkeys(names, PLACE), "event": EVENT, "level": level}
        template = self._templates[level] = self._render(event).split(PLACE)
        return template


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    text = visible(value)
    return text if NEEDS_QUOTES.isdisjoint(text) else repr(text)
