"""Reads a response: the requested data, or the error that it stands for.

Source: the contract's tables of HTTP status and of whole-request errors.

See decision 109.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from .errors import ClientError, TokenRefused, UnexpectedAnswer, refusal_of
from .models import Body, ErrorMember, Failure, PlainErrorBody, Row, TokenBody
from .responses import WholeResponse
from .retries import retry_after_seconds

EXCERPT_CHARACTERS = 200
"""The length of the excerpt of an unexpected response."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of decoding a body that is not JSON of the expected shape, or is nested too deeply."""

PROXY_STATUSES = frozenset({429, 502, 503, 504})
"""Statuses with the same meaning from the API and from a proxy."""

Value = TypeVar("Value")

Reader = Callable[[WholeResponse], Value]
"""Reads a response. Raises a `ClientError` for an error or an unexpected response."""


class Answered(Struct, Generic[Row], frozen=True):
    """The answer to one request about tickets, both lists in the order of the response."""

    success: Sequence[Row]
    failure: Sequence[Failure]
    request_id: str

    def __repr__(self) -> str:
        return (
            f"Answered({len(self.success)} succeeded, {len(self.failure)} failed,"
            f" request_id={self.request_id!r})"
        )


def read_as(kind: type[Value]) -> Reader[Value]:
    """Make a reader of responses with status 200 and a body of this type."""
    decode = msgspec.json.Decoder(kind).decode

    def read(response: WholeResponse) -> Value:
        if response.status_code != 200:
            raise problem_of(response)
        try:
            return decode(response.content)
        except UNREADABLE as error:
            raise unexpected(response, str(error)) from error

    return read


def read_tickets(kind: Any) -> Callable[[WholeResponse], Body[Any]]:
    """Make a reader of responses about tickets, with success rows of this type.

    All, some or none may have succeeded. The body decides, not the status.
    """
    decode = msgspec.json.Decoder(Body[kind]).decode

    def read(response: WholeResponse) -> Body[Any]:
        if response.status_code not in (200, 207, 409, 422):
            raise problem_of(response)
        try:
            body = decode(response.content)
        except UNREADABLE as error:
            raise unexpected(response, str(error)) from error
        if body.success or body.failure:
            return body
        if response.status_code in (409, 422):
            raise problem_of(response)
        raise unexpected(response, "it has no ticket")

    return read


def read_token_body(response: WholeResponse) -> TokenBody:
    """Read a response of the token call, whose errors have another shape."""
    if response.status_code in (400, 401):
        try:
            error = msgspec.json.decode(response.content, type=PlainErrorBody).error
        except UNREADABLE:
            raise problem_of(without_body(response)) from None
        raise TokenRefused(
            f"No access token is given: {error.rstrip('.')}. Look at the application, and ask the"
            " operator for a new authorization code."
        )
    if response.status_code != 200:
        raise problem_of(response if is_error_of_api(response) else without_body(response))
    try:
        return msgspec.json.decode(response.content, type=TokenBody)
    except UNREADABLE as error:
        raise unreadable_tokens(response, error) from None


def without_body(response: WholeResponse) -> WholeResponse:
    """The response without its body, which can hold tokens or repeat the request."""
    return response._replace(content=b"")


def is_error_of_api(response: WholeResponse) -> bool:
    """Whether the body has the shape of this API's errors."""
    return _error_member(response) is not None


def unreadable_tokens(response: WholeResponse, error: Exception) -> UnexpectedAnswer:
    """The error for a response that may hold tokens, so its message shows nothing of it."""
    return UnexpectedAnswer(
        f"The token call's answer can't be used: {error}."
        " Check the service's address and what stands before it.",
        status=response.status_code,
    )


def problem_of(response: WholeResponse) -> ClientError:
    """The error that a response stands for."""
    status = response.status_code
    error = _error_member(response)
    wait = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
    if error is not None:
        kind = refusal_of(status)
        return kind(status, error.type, error.app_error_code, error.developer_message, wait)
    if status in PROXY_STATUSES:
        said = "it comes from something before the API, or from the API in trouble"
        return refusal_of(status)(status, None, None, f"{said}: {excerpt(response)!r}", wait)
    return unexpected(response, "it has no error that this API would give")


def unexpected(response: WholeResponse, reason: str) -> UnexpectedAnswer:
    """The error for a response that this API does not send."""
    status = response.status_code
    media_type = response.headers.get("Content-Type", "no Content-Type")
    location = response.headers.get("Location")
    leads = f" that leads to {location!r}" if location else ""
    return UnexpectedAnswer(
        f"{status} ({media_type}){leads} is no answer of this API: {reason}."
        " Check the service's address and what stands before it. It begins:"
        f" {excerpt(response)!r}",
        status=status,
        excerpt=excerpt(response),
    )


def excerpt(response: WholeResponse) -> str:
    """The beginning of a response's body."""
    return response.content[:EXCERPT_CHARACTERS].decode("utf-8", "replace")


def _error_member(response: WholeResponse) -> ErrorMember | None:
    try:
        body = msgspec.json.decode(response.content, type=Body[Any])
    except UNREADABLE:
        return None
    return body.error if isinstance(body.error, ErrorMember) else None
