"""Reading a request body: its bytes, then JSON, then the shape. Each has its own refusal.

Source: the contract's table of whole-request errors.
"""

import re
from collections.abc import Sized
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from seatlatch.api.exchange import Exchange
from seatlatch.api.refusals import MalformedRequest
from seatlatch.api.routes import check_announced_size, too_large
from seatlatch.api.schemas import TOKENS_MAX
from seatlatch.domain.refusal import InvalidRequest

Shape = TypeVar("Shape")

HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)
"""An escape that is text only together with its other half, without it."""

_exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_encode = msgspec.json.Encoder(decimal_format="number").encode
_json = msgspec.json.Decoder(float_hook=_exact.create_decimal)
"""A fraction or exponent of any size can be read; an integer of up to 4,300 digits."""
_syntax = msgspec.json.Decoder(msgspec.Raw)
"""Checks that a text is JSON, and creates no object for what is in it."""


async def read_json(request: Request, exchange: Exchange, shape: type[Shape]) -> Shape:
    """The body as a `shape`. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`."""
    body = await read_body(request, exchange)
    if not body:
        raise MalformedRequest("The body is empty. Send a JSON object.")
    return decode_shape(body, shape)


def decode_shape(text: bytes, shape: type[Shape]) -> Shape:
    """JSON as a `shape`. Raises `MalformedRequest` or `InvalidRequest`.

    No object is created for an unknown member, so a body costs no more than its known members. A
    text that is not JSON is malformed even where its shape is wrong, too: the decoder stops at
    the first wrong shape, and then the rest is checked.
    """
    check_utf_8(text)
    try:
        decoded: Shape = _decoder_of(shape).decode(text)
    except msgspec.ValidationError as error:
        check_syntax(text)
        raise misshapen(what_and_where(error)) from None
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(text, error) from None
    return decoded


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
"""By type of body; there are as many as calls."""


def _decoder_of(shape: type[Any]) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(shape)
    if decoder is None:
        number = _exact.create_decimal
        decoder = msgspec.json.Decoder(shape, dec_hook=_of_our_own, float_hook=number)
        _decoders[shape] = decoder
    return decoder


def check_utf_8(text: bytes, name: str = "The body") -> None:
    """Raise `MalformedRequest` if it is not UTF-8. The decoder skips unknown text unchecked."""
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise not_utf_8(error, name) from None


def check_syntax(text: bytes) -> None:
    """Raise `MalformedRequest` if a text in UTF-8 is not JSON."""
    try:
        _syntax.decode(text)
    except RecursionError:
        raise too_deep() from None
    except msgspec.DecodeError as error:
        raise malformed(text, error) from None


def _of_our_own(kind: type[Any], value: Any) -> Any:
    """A type that JSON has no word for checks itself what it is made of."""
    return kind(value)


def what_and_where(error: msgspec.ValidationError) -> str:
    """What is wrong with a shape, and where. Never the value: it may be a person's or a secret."""
    text = str(error)
    if text.startswith("Invalid enum value"):
        return f"Not one of the values that are allowed - at {text.rpartition(' - at ')[2]}"
    return text


def misshapen(what: str) -> InvalidRequest:
    """The refusal of a body that is JSON, but of another shape."""
    return InvalidRequest(f"The body has the wrong shape: {what}.")


def check_count(entries: Sized, tokens_max: int = TOKENS_MAX) -> None:
    """Raise `InvalidRequest` if there are more of them than one request may have."""
    if len(entries) > tokens_max:
        raise InvalidRequest(f"The request payload cannot contain more than {tokens_max} tokens")


def decode_json(text: bytes) -> Any:
    """What stands there as JSON, numbers as exact decimals. Raises `MalformedRequest`."""
    try:
        return _json.decode(text)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(text, error) from None


def encode_json(value: Any) -> bytes:
    """A value as compact JSON, exact decimals as numbers."""
    return _encode(value)


def malformed(text: bytes, error: Exception, name: str = "The body") -> MalformedRequest:
    """The refusal of a text that could not be decoded because of `error`."""
    try:
        text.decode()
    except UnicodeDecodeError as not_text:
        return not_utf_8(not_text, name)
    if HALF_A_PAIR.search(text):
        return MalformedRequest(f"{name} is not valid JSON: half of a surrogate pair is no text.")
    return MalformedRequest(f"{name} is not valid JSON: {error}.")


def not_utf_8(error: UnicodeDecodeError, name: str) -> MalformedRequest:
    """The refusal of a text that is not UTF-8."""
    return MalformedRequest(f"{name} is not UTF-8, at byte {error.start}.")


def too_deep(name: str = "The body") -> MalformedRequest:
    """The refusal of JSON with too many levels."""
    return MalformedRequest(f"{name} is nested too deeply.")


async def read_body(request: Request, exchange: Exchange) -> bytes:
    """All bytes of the body. Stops reading at the route's limit, and reads nothing of a body that
    is announced to be over it. Raises `BodyTooLarge`.
    """
    check_announced_size(exchange)
    bytes_max = exchange.body_bytes_max
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise too_large(bytes_max)
        chunks.append(chunk)
        if not message.get("more_body", False):
            exchange.body_was_read = True
            return b"".join(chunks) if len(chunks) > 1 else chunk
