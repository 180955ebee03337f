"""Query strings, and the cursors in them: opaque texts that mark a position."""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from seatlatch.domain.refusal import InvalidRequest

WHOLE_NUMBER = re.compile("[0-9]{1,9}")
NUMBERS = ("limit", "wait")

Shape = TypeVar("Shape")


def read_query(query: bytes, shape: type[Shape]) -> Shape:
    """The parameters of a query string as a `shape`. Raises `InvalidRequest`."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("The query is not percent-encoded UTF-8.") from None
    parameters: dict[str, str | int] = dict(pairs)
    if len(parameters) < len(pairs):
        raise InvalidRequest("A parameter of the query was sent twice. Send it once.")
    for name in NUMBERS:
        number = str(parameters.get(name, ""))
        if WHOLE_NUMBER.fullmatch(number):
            parameters[name] = int(number)
    try:
        return msgspec.convert(parameters, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The query has the wrong shape: {error}.") from None


def to_cursor(place: object) -> str:
    """A place as an opaque text."""
    return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode("ascii")


def from_cursor(cursor: str, shape: type[Shape]) -> Shape:
    """The place that a cursor marks. Raises `InvalidRequest`."""
    try:
        padding = "=" * (-len(cursor) % 4)
        text = b64decode(cursor + padding, altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=shape)
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        raise InvalidRequest(
            "`after` is not the `next` of an earlier page. Start without it."
        ) from None
