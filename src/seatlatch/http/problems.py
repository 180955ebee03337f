"""The error catalogue: one table from refusal to status and type, with the retry advice.

The table in `docs/reference/unlock.md` is made from it. Source: the contract's tables of HTTP
status and of whole-request errors.

See decision 17.
"""

from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from seatlatch.domain.refusal import (
    ChannelNotAllowed,
    Conflict,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PlaceLost,
    RateExceeded,
    Refusal,
    Unavailable,
)
from seatlatch.http.refusals import (
    BodyTooLarge,
    HeadTooLarge,
    MalformedRequest,
    MediaTypeUnsupported,
    MethodNotAllowed,
    RequestTooSlow,
    ResponseNotAcceptable,
    RouteUnknown,
)

NO_STORE = {"Cache-Control": "no-store"}
"""On every response that no cache may store."""


class ErrorBody(Struct, rename="camel"):
    """The reason why a request, or all of its tokens, failed."""

    type: str
    app_error_code: str
    developer_message: str


class ErrorResponse(Struct):
    """A body that contains only the error. `count`: how many tickets match now."""

    error: ErrorBody
    count: int | UnsetType = UNSET


class PlainError(Struct):
    """The reason why a request for tokens failed: `{"error": "<text>"}`."""

    error: str


class Advice(NamedTuple):
    """Retry advice for an error, in the columns of the document.

    `wait`: the header that says how long to wait first.
    """

    retry_possible: bool
    retry_count: str
    ultimate_action: str
    wait: str | None = None


NO_RETRY = Advice(False, "0", "caller to analyze")
"""The wording is the document's."""

_LATER = Advice(True, "not limited", "wait as `Retry-After` says, then retry", "Retry-After")

RETRIES = {
    408: Advice(True, "not limited", "retry on a new connection"),
    429: _LATER,
    503: _LATER,
}
"""Advice for errors where a retry helps, by status."""


class Problem(NamedTuple):
    """One row: an error type as the caller sees it. `retry`: whether an unchanged retry helps."""

    status: int
    type: str
    retry: bool
    meaning: str

    @property
    def app_error_code(self) -> str:
        """The document's code for support."""
        return f"MS-{self.status}"

    @property
    def advice(self) -> Advice:
        """The retry advice."""
        return RETRIES[self.status] if self.retry else NO_RETRY


NOTHING_THERE = Problem(
    404, "NOT_FOUND", False, "There is nothing at this path, or no such ticket or other thing."
)

PROBLEMS: dict[type[Refusal], Problem] = {
    MalformedRequest: Problem(
        400, "BAD_REQUEST", False, "A header breaks its rule, or the body is not JSON."
    ),
    NotAuthenticated: Problem(
        401, "UNAUTHORIZED", False, "Application, API key and access token don't match."
    ),
    ChannelNotAllowed: Problem(
        403, "FORBIDDEN", False, "The channel is not the application's own."
    ),
    NotPermitted: Problem(
        403, "FORBIDDEN", False, "The operator's role or organizations do not allow the request."
    ),
    RouteUnknown: NOTHING_THERE,
    NotFound: NOTHING_THERE,
    MethodNotAllowed: Problem(
        405, "METHOD_NOT_ALLOWED", False, "The path has other methods; `Allow` lists them."
    ),
    ResponseNotAcceptable: Problem(
        406, "NOT_ACCEPTABLE", False, "`Accept` excludes application/json."
    ),
    Conflict: Problem(
        409,
        "CONFLICT",
        False,
        "The thing exists already, others still depend on it, or other tickets match than in the"
        " dry run.",
    ),
    RequestTooSlow: Problem(
        408, "REQUEST_TIMEOUT", True, "The request stopped before it was complete."
    ),
    BodyTooLarge: Problem(413, "PAYLOAD_TOO_LARGE", False, "The body is over its limit."),
    MediaTypeUnsupported: Problem(
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        False,
        "`Content-Type` is not application/json, or the body is compressed.",
    ),
    PlaceLost: Problem(
        410, "GONE", False, "The entries after the cursor were pruned; restart the feed."
    ),
    InvalidRequest: Problem(
        422, "UNPROCESSABLE_ENTITY", False, "The body is JSON of the wrong shape or size."
    ),
    RateExceeded: Problem(
        429,
        "TOO_MANY_REQUESTS",
        True,
        "The application or client address is over its rate; see `Retry-After`.",
    ),
    HeadTooLarge: Problem(
        431,
        "REQUEST_HEADER_FIELDS_TOO_LARGE",
        False,
        "The head is over 64 KiB, or over 100 headers.",
    ),
    Unavailable: Problem(
        503, "SERVICE_UNAVAILABLE", True, "The service cannot do this now; see `Retry-After`."
    ),
}

INTERNAL_ERROR = Problem(
    500, "INTERNAL_ERROR", False, "A bug in the service, logged by Request-ID."
)

NONE_SUCCEEDED = Problem(
    422, "UNPROCESSABLE_ENTITY", False, "No token succeeded; `failure` has the reason for each."
)
ALL_LOCKED = Problem(
    409, "SEAT_RECORD_LOCKED", False, "No token succeeded, each one because its seat is locked."
)

EVERY_PROBLEM = sorted(
    dict.fromkeys([*PROBLEMS.values(), INTERNAL_ERROR, ALL_LOCKED, NONE_SUCCEEDED]),
    key=lambda problem: problem.status,
)
"""The whole catalogue, by status."""

STATUSES = {problem.type: problem.status for problem in EVERY_PROBLEM}
"""The HTTP status of each error type."""


def problem_of(refusal: Refusal) -> Problem:
    """The row for a refusal, by its class or the nearest class above it."""
    return next(PROBLEMS[kind] for kind in type(refusal).__mro__ if kind in PROBLEMS)


def refusal_text(refusal: Refusal) -> str:
    """A refusal as the journal records it: the type of the error and a sentence."""
    return f"{problem_of(refusal).type}: {refusal.message}"


def refusal_status(text: str) -> int | None:
    """The HTTP status of a refusal that the journal has recorded; None = the type is unknown."""
    return STATUSES.get(text.partition(":")[0])


def error_body(problem: Problem, message: str) -> ErrorBody:
    """The member `error` of a body."""
    return ErrorBody(problem.type, problem.app_error_code, message)


def error_json(problem: Problem, message: str, count: int | None = None) -> bytes:
    """The whole body of an error response."""
    body = ErrorResponse(error_body(problem, message))
    if count is not None:
        body.count = count
    return msgspec.json.encode(body)


def plain_error_json(message: str) -> bytes:
    """The whole body of an error response of the token call: nothing but the message."""
    return msgspec.json.encode(PlainError(message))


def error_headers(refusal: Refusal) -> dict[str, str]:
    """The headers that a refusal adds to its response."""
    headers: dict[str, str] = {}
    if isinstance(refusal, NotAuthenticated):
        headers["WWW-Authenticate"] = (
            'Bearer error="invalid_token"' if refusal.token_sent else "Bearer"
        )
    if isinstance(refusal, MethodNotAllowed):
        headers["Allow"] = refusal.allow
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return headers
