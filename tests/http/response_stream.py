"""Reads the responses of a connection from its bytes, and checks their form."""

import json
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]*")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t -~]*)")
WITHOUT_BODY = (204, 304)
ERROR = b'{"error":'
"""The start of the body of an error."""

Content = Literal["always", "of errors", "never"]
"""Whether a response has the body that its Content-Length announces."""


class Response(NamedTuple):
    """A response. `invitations`: the number of responses 100 before it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    invitations: int

    def header(self, name: str) -> str | None:
        """The value of the only header of this name."""
        values = [value for key, value in self.headers if key == name]
        if len(values) > 1:
            raise OutOfForm(f"{name} is there {len(values)} times")
        return values[0] if values else None

    @property
    def is_last(self) -> bool:
        """Whether it announces the end of the connection."""
        return (self.header("connection") or "").lower() == "close"

    @property
    def is_refusal(self) -> bool:
        """Whether it is an error that ends the connection."""
        return 400 <= self.status < 500 and self.is_last

    @property
    def request_id(self) -> str:
        """Its Request-ID, empty if there is none."""
        return self.header("request-id") or ""


class OutOfForm(Exception):
    """The bytes are not a sequence of responses."""


def read_responses(received: bytes, contents: Sequence[Content] = ()) -> list[Response]:
    """All responses. `contents`: of the first ones, if not "always". Raises `OutOfForm`."""
    responses: list[Response] = []
    at = invitations = 0
    while at < len(received):
        end = received.find(b"\r\n\r\n", at)
        if end < 0:
            raise OutOfForm(f"no end of a response's head: {received[at : at + 200]!r}")
        status, headers = _head(received[at:end])
        at = end + 4
        if status == 100:
            invitations += 1
            continue
        response = Response(status, headers, b"", invitations)
        content = contents[len(responses)] if len(responses) < len(contents) else "always"
        has_body = content == "always" or (
            content == "of errors" and received.startswith(ERROR, at)
        )
        if has_body and status not in WITHOUT_BODY:
            response = response._replace(body=_body(response, received, at))
        at += len(response.body)
        responses.append(response)
        invitations = 0
    if invitations:
        raise OutOfForm("100 without a response behind it")
    return responses


def _body(response: Response, received: bytes, at: int) -> bytes:
    length = response.header("content-length")
    if length is None:
        raise OutOfForm("a response without Content-Length")
    body = received[at : at + int(length)]
    if len(body) < int(length):
        raise OutOfForm("a response is cut")
    return body


def _head(head: bytes) -> tuple[int, list[tuple[str, str]]]:
    first, *lines = head.split(b"\r\n")
    status_line = STATUS_LINE.fullmatch(first)
    if not status_line:
        raise OutOfForm(f"no status line: {first[:200]!r}")
    headers: list[tuple[str, str]] = []
    for line in lines:
        field = HEADER.fullmatch(line)
        if not field:
            raise OutOfForm(f"no header: {line[:200]!r}")
        headers.append((field[1].decode().lower(), field[2].decode()))
    return int(status_line[1]), headers


def check_form(response: Response) -> None:
    """Raise `OutOfForm` unless it is a response as this service makes them."""
    if not response.header("date"):
        raise OutOfForm("a response without Date")
    try:
        UUID(response.request_id)
    except ValueError:
        raise OutOfForm(f"Request-ID is {response.request_id!r}") from None
    if response.header("content-type") == "application/json" and response.body:
        try:
            members = json.loads(response.body)
        except ValueError:
            raise OutOfForm(f"no JSON: {response.body[:200]!r}") from None
        if response.is_refusal and "error" not in members:
            raise OutOfForm(f"a refusal without `error`: {response.body[:200]!r}")
