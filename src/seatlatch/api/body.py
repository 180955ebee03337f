"""Reading a request's body: its bytes, then JSON, then the shape. Each fails in its own way.

Source: the contract's table of whole-request errors.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from seatlatch.api.exchange import Exchange
from seatlatch.api.refusals import BodyTooLarge, MalformedRequest
from seatlatch.domain.refusal import InvalidRequest

BODY_BYTES_MAX = 1024 * 1024

Shape = TypeVar("Shape")

_json = msgspec.json.Decoder(float_hook=Decimal)


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
    except UnicodeDecodeError:
        raise MalformedRequest("The body is not UTF-8.") from None
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.") from None
    except (msgspec.DecodeError, ValueError, ArithmeticError) as error:
        raise MalformedRequest(f"The body is not valid JSON: {error}.") from None
    try:
        return msgspec.convert(decoded, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The body has the wrong shape: {error}.") from None


async def read_body(request: Request, exchange: Exchange) -> bytes:
    """All bytes of the body. Stops reading at the limit; asks for none if it is announced."""
    announced = exchange.headers.get(b"content-length")
    if announced.isdigit() and int(announced) > BODY_BYTES_MAX:
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
