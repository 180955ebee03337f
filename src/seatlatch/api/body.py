"""Reading a request's body: its bytes, then JSON, then the shape. Each fails in its own way.

Source: the contract's table of whole-request errors.
"""

import re
from collections.abc import Sized
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from seatlatch.api.exchange import Exchange
from seatlatch.api.refusals import BodyTooLarge, MalformedRequest
from seatlatch.api.schemas import TOKENS_MAX
from seatlatch.domain.refusal import InvalidRequest

BODY_BYTES_MAX = 1024 * 1024

Shape = TypeVar("Shape")

HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)
"""An escape that is text only together with its other half, without it."""

_exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_encode = msgspec.json.Encoder(decimal_format="number").encode
_json = msgspec.json.Decoder(float_hook=_exact.create_decimal)
"""A fraction or exponent of any size can be read; an integer of up to 4,300 digits."""


async def read_json(request: Request, exchange: Exchange, shape: type[Shape]) -> Shape:
    """The body as a `shape`. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`.

    Decoded whole before its shape is looked at: a body that is not JSON is told so, whatever
    else is wrong with it.
    """
    body = await read_body(request, exchange)
    if not body:
        raise MalformedRequest("The body is empty. Send a JSON object.")
    decoded = decode_json(body)
    try:
        return msgspec.convert(decoded, shape, dec_hook=_of_our_own)
    except msgspec.ValidationError as error:
        raise misshapen(what_and_where(error)) from None


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
        raise MalformedRequest("The body is nested too deeply.") from None
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
        return MalformedRequest(f"{name} is not UTF-8, at byte {not_text.start}.")
    if HALF_A_PAIR.search(text):
        return MalformedRequest(f"{name} is not valid JSON: half of a surrogate pair is no text.")
    return MalformedRequest(f"{name} is not valid JSON: {error}.")


async def read_body(request: Request, exchange: Exchange, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """All bytes of the body. Stops reading at the limit; asks for none if it is announced."""
    announced = exchange.headers.get(b"content-length").lstrip(b"0")
    if len(announced) > len(str(bytes_max)) or int(announced or b"0") > bytes_max:
        raise too_large(bytes_max)
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


def too_large(bytes_max: int) -> BodyTooLarge:
    """The refusal of a body over the limit."""
    return BodyTooLarge(f"The body is over {bytes_max} bytes. Send less at a time.")
