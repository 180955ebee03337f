"""Request bodies: bytes, then JSON, then the shape. Each step has its own refusal.

Source: the contract's table of whole-request errors.

See decisions 10, 11, 12 and 15.
"""

import re
from abc import abstractmethod
from codecs import BOM_UTF8
from collections.abc import Sized
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from seatlatch.domain.refusal import InvalidRequest, Refusal
from seatlatch.http.negotiation import is_json
from seatlatch.http.refusals import BodyTooLarge, MalformedRequest, MediaTypeUnsupported
from seatlatch.http.request_context import RequestContext

Shape = TypeVar("Shape")

TICKETS_BODY_BYTES_MAX = 1024 * 1024
"""For a request that lists tickets by token."""

RECORDS_BODY_BYTES_MAX = 16 * 1024 * 1024
"""For ticket records: 10,000 of them with every field at its maximum length are about 15 MB."""

EVENTS_BODY_BYTES_MAX = 2 * 1024 * 1024
"""For events: 1,000 of them with every field at its maximum length are about 2 MB."""

SMALL_BODY_BYTES_MAX = 8 * 1024
"""For every other request: the token call, and routes that ignore their body."""

JSON = "application/json"
JSON_TYPE = (b"content-type", JSON.encode())

HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)
"""An escape of half of a surrogate pair, without the other half."""

_exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_encode = msgspec.json.Encoder(decimal_format="number").encode
_json = msgspec.json.Decoder(float_hook=_exact.create_decimal)
"""Accepts fractions and exponents of any size, and integers of up to 4,300 digits."""
_syntax = msgspec.json.Decoder(msgspec.Raw)
"""Checks that a text is JSON, without creating objects for its content."""


class BodyReader(Generic[Shape]):
    """A reader of request bodies of at most `bytes_max` bytes.

    `media_types` names the types that `accepts` accepts, for error messages. `refusals`: the ones
    that routes with such a body have in addition to those of every route.
    """

    media_types = "application/json"
    refusals: tuple[type[Refusal], ...] = (MediaTypeUnsupported, InvalidRequest)

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max

    def accepts(self, content_type: bytes) -> bool:
        """Whether a header Content-Type is of an accepted type."""
        return is_json(content_type)

    @abstractmethod
    async def read(self, request: Request, context: RequestContext) -> Shape:
        """The decoded body. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`."""


class JsonBody(BodyReader[Shape]):
    """A body that is JSON of a type."""

    def __init__(self, shape: type[Shape], bytes_max: int) -> None:
        super().__init__(bytes_max)
        self.shape = shape
        self._decoder = msgspec.json.Decoder(
            shape, dec_hook=_decode_own_type, float_hook=_exact.create_decimal
        )

    async def read(self, request: Request, context: RequestContext) -> Shape:
        """The decoded body. Raises `BodyTooLarge`, `MalformedRequest` or `InvalidRequest`."""
        body = await read_body(request, context)
        if not body:
            raise MalformedRequest("The body is empty. Send a JSON object.")
        return self.decode(body)

    def decode(self, text: bytes) -> Shape:
        """The value of a JSON text. Raises `MalformedRequest` or `InvalidRequest`.

        Unknown members create no objects, so a body costs no more than its known members. A text
        that is not JSON is malformed even if its shape is wrong as well: the decoder stops at the
        first wrong shape, and then the rest is checked.
        """
        check_utf_8(text)
        try:
            return self._decoder.decode(text)
        except msgspec.ValidationError as error:
            check_syntax(text)
            raise misshapen(fault_and_location(error)) from None
        except RecursionError:
            raise too_deep() from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise malformed(text, error) from None


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


def _decode_own_type(kind: type[Any], value: Any) -> Any:
    """A value of a type that JSON does not have, such as `Price`; its constructor checks it."""
    return kind(value)


def fault_and_location(error: msgspec.ValidationError) -> str:
    """The fault of a shape and its location. Never the value, which may be personal or secret."""
    text = str(error)
    if text.startswith("Invalid enum value"):
        return f"Not one of the allowed values - at {text.rpartition(' - at ')[2]}"
    return text


def misshapen(what: str) -> InvalidRequest:
    """The refusal of a body that is JSON, but of another shape."""
    return InvalidRequest(f"The body has the wrong shape: {what}.")


def check_count(entries: Sized, tokens_max: int) -> None:
    """Raise `InvalidRequest` if there are more entries than one request may have."""
    if len(entries) > tokens_max:
        raise InvalidRequest(f"The request payload cannot contain more than {tokens_max} tokens")


def decode_json(text: bytes) -> Any:
    """The value of a JSON text, numbers as exact decimals. Raises `MalformedRequest`."""
    try:
        return _json.decode(text)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(text, error) from None


def encode_json(value: Any) -> bytes:
    """A value as compact JSON, exact decimals as numbers."""
    return _encode(value)


class JsonResponse(Response):
    """A response whose body is JSON already. It skips what Starlette does for other bodies."""

    media_type = JSON

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), JSON_TYPE]


def json_response(body: Struct) -> Response:
    """A response of status 200. Exact decimals are written as JSON numbers."""
    return JsonResponse(encode_json(body))


def malformed(text: bytes, error: Exception, name: str = "The body") -> MalformedRequest:
    """The refusal of a text that could not be decoded because of `error`."""
    try:
        text.decode()
    except UnicodeDecodeError as not_text:
        return not_utf_8(not_text, name)
    if HALF_A_PAIR.search(text):
        return MalformedRequest(f"{name} is not valid JSON: half of a surrogate pair is not text.")
    return MalformedRequest(f"{name} is not valid JSON: {error}.")


def not_utf_8(error: UnicodeDecodeError, name: str) -> MalformedRequest:
    """The refusal of a text that is not UTF-8."""
    return MalformedRequest(f"{name} is not UTF-8, at byte {error.start}.")


def too_deep(name: str = "The body") -> MalformedRequest:
    """The refusal of JSON with too many levels."""
    return MalformedRequest(f"{name} is nested too deeply.")


async def read_body(request: Request, context: RequestContext) -> bytes:
    """All bytes of the body, without a UTF-8 byte order mark at its start.

    Stops reading at the route's limit, and reads nothing of a body whose Content-Length is over it.
    Raises `BodyTooLarge`.
    """
    check_announced_size(context)
    bytes_max = context.body_bytes_max
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
            context.body_was_read = True
            body = b"".join(chunks) if len(chunks) > 1 else chunk
            return body.removeprefix(BOM_UTF8)  # some editors and shells add one


def check_announced_size(context: RequestContext) -> None:
    """Raise `BodyTooLarge` if Content-Length is over the route's limit."""
    bytes_max = context.body_bytes_max
    announced = context.headers.get(b"content-length").lstrip(b"0")
    if len(announced) > len(str(bytes_max)) or int(announced or b"0") > bytes_max:
        raise too_large(bytes_max)


def too_large(bytes_max: int) -> BodyTooLarge:
    """The refusal of a body over the limit."""
    return BodyTooLarge(f"The body is over {bytes_max} bytes. Split the request.")
