"""Reading a request's body: its bytes, then JSON, then the shape. Each fails in its own way.

Source: the contract's table of whole-request errors.
"""

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from seatlatch.api.exchange import Exchange
from seatlatch.api.refusals import BodyTooLarge, MalformedRequest
from seatlatch.domain.refusal import InvalidRequest

BODY_BYTES_MAX = 1024 * 1024
BODY_DIGITS_MAX = len(str(BODY_BYTES_MAX))

Shape = TypeVar("Shape")

HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)
"""An escape that is text only together with its other half, without it."""

_exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
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
    try:
        decoded = _json.decode(body)
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(body, error) from None
    try:
        return msgspec.convert(decoded, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The body has the wrong shape: {error}.") from None


def malformed(body: bytes, error: Exception) -> MalformedRequest:
    """The refusal of a body that could not be decoded because of `error`."""
    try:
        body.decode()
    except UnicodeDecodeError as not_text:
        return MalformedRequest(f"The body is not UTF-8, at byte {not_text.start}.")
    if HALF_A_PAIR.search(body):
        return MalformedRequest("The body is not valid JSON: half of a surrogate pair is no text.")
    return MalformedRequest(f"The body is not valid JSON: {error}.")


async def read_body(request: Request, exchange: Exchange) -> bytes:
    """All bytes of the body. Stops reading at the limit; asks for none if it is announced."""
    announced = exchange.headers.get(b"content-length").lstrip(b"0")
    if len(announced) > BODY_DIGITS_MAX or int(announced or b"0") > BODY_BYTES_MAX:
        raise too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            exchange.body_was_read = True
            return b"".join(chunks) if len(chunks) > 1 else chunk


def too_large() -> BodyTooLarge:
    """The refusal of a body over the limit."""
    return BodyTooLarge(f"The body is over {BODY_BYTES_MAX} bytes. Send fewer tokens at a time.")
