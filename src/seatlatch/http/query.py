"""Query strings, and the cursors in them: opaque texts that mark a position."""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Struct, UnsetType

from seatlatch.domain.refusal import InvalidRequest

WHOLE_NUMBER = re.compile("[0-9]{1,9}")
NUMBERS = ("limit", "status", "wait")

DIGEST_CHARACTERS = 16

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


def given(value: Shape | UnsetType) -> Shape | None:
    """The value of a parameter; None = it was not given."""
    return None if isinstance(value, UnsetType) else value


def filters_of(query: Struct) -> dict[str, Any]:
    """The parameters of a query that choose what is listed: all but those of the page."""
    page = {"after": UNSET, "limit": UNSET}
    filters = {**msgspec.structs.asdict(query), **page}
    return {name: value for name, value in filters.items() if value is not UNSET}


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


def bound_cursor(place: object, query: object) -> str:
    """A place as an opaque text that only the same query accepts; see `place_in`."""
    return to_cursor((digest_of(query), place))


def place_in(cursor: str, shape: type[Shape], query: object) -> Shape:
    """The place that a bound cursor marks. Raises `InvalidRequest` if it is another query's."""
    digest, place = from_cursor(cursor, tuple[str, shape])  # type: ignore[valid-type]
    if digest != digest_of(query):
        raise InvalidRequest("`after` belongs to a list with other filters. Start without it.")
    return place


def digest_of(query: object) -> str:
    """A short text that differs for different queries."""
    return sha256(msgspec.json.encode(query, order="sorted")).hexdigest()[:DIGEST_CHARACTERS]
