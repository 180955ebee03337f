"""Everything that the client raises, as a tree.

    ClientError                      any of them; it has a Request-ID if a request was sent
    ├── InvalidArgument              an argument has a wrong value; also a ValueError
    │   └── InvalidArgumentType      an argument has a wrong type; also a TypeError
    ├── InvalidEnvironment           an environment variable has a value that cannot be used
    ├── ClientNotUsable              it is closed, or its `http` belongs to another event loop or
    │                                process; also a RuntimeError
    ├── ConnectionFailed             no complete response was received, in any attempt
    │   ├── AttemptTimedOut          the last attempt took longer than max_attempt_seconds
    │   └── RequestNotSent           no connection, so the service never received the request
    │       └── TlsError             no TLS connection; never tried again
    │           └── CertificateError the server's certificate is not valid
    ├── UnexpectedAnswer             what answered is not this API: a proxy, another path, half JSON
    │   └── ResponseTooLarge         the response is larger than max_response_bytes
    ├── RequestRefused               the API refused a whole request
    │   ├── BadRequest               400
    │   ├── Unauthorized             401
    │   ├── Forbidden                403
    │   ├── NotFound                 404
    │   ├── Gone                     410  the feed after the cursor was pruned
    │   ├── Unprocessable            422
    │   ├── TooManyRequests          429  after all attempts
    │   └── ServerFailed             5xx
    │       └── ServiceUnavailable   502, 503, 504  after all attempts
    ├── TokenRefused                 no access token: the code or refresh token is spent
    ├── TokenStoreFailed             the token store can't be read or written
    ├── TicketsFailed                `raise_for_failures` found failures
    └── TokensUnreadable             the given tokens could not be read to their end

Source: the contract's tables of HTTP status and of whole-request errors, and its section 3.

See decision 104.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

NOT_SENT = "The request was not sent."

EARLIER_ATTEMPT = "An earlier attempt may have been processed; it is safe to send it again."


class ClientError(Exception):
    """A failed call. The message is a sentence, followed by the Request-ID for support.

    `request_id`: of the request that failed; None if none was sent. `attempts`: how often it was
    sent. If a call about tickets was split into several requests, `answered` is the result of the
    answered ones, and `unanswered` has the tokens (or barcodes) of all others, in their order.
    Their outcome is unknown, and they can be sent again as they are. Items that were not read from
    a generator are not included.

    `may_have_been_processed`: whether the service may have processed the request although it
    failed. If not, it changed nothing.
    """

    may_have_been_processed = False
    answered: Any = None
    unanswered: Sequence[str] = ()

    def __init__(self, message: str, *, request_id: str | None = None, attempts: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.attempts = attempts

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        if self.request_id is None:
            return self.message
        tries = f", {self.attempts} attempts" if self.attempts > 1 else ""
        return f"{self.message} (Request-ID {self.request_id}{tries})"


class InvalidArgument(ClientError, ValueError):
    """An argument has a value that cannot be used; nothing was sent. `argument` is its name and
    `rule` says what it must be. Neither holds the value, which can be a secret.
    """

    def __init__(self, argument: str, rule: str) -> None:
        super().__init__(f"{argument} {rule}")
        self.argument = argument
        self.rule = rule


class InvalidArgumentType(InvalidArgument, TypeError):
    """An argument has the wrong type; nothing was sent."""


class InvalidEnvironment(ClientError):
    """An environment variable has a value that cannot be used; nothing was sent. `variable` is its
    name. Its value is not shown: a proxy's address can hold a password.
    """

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable


class ClientNotUsable(ClientError, RuntimeError):
    """The client is closed, or its `http` belongs to another event loop or process. Nothing was
    sent.
    """


class ConnectionFailed(ClientError):
    """No complete response was received. It is safe to send the request again, whether it was
    processed or not.
    """

    may_have_been_processed = True


class AttemptTimedOut(ConnectionFailed):
    """An attempt took longer than `max_attempt_seconds` in all, although bytes still arrived."""


class RequestNotSent(ConnectionFailed):
    """There was no connection to send the request on: refused, not in time, or no such host.

    `may_have_been_processed` is true if an earlier attempt of the same request was sent.
    """

    may_have_been_processed = False

    def note_earlier_attempt(self) -> None:
        """Note that an earlier attempt of the same request was sent, and its response was lost."""
        self.may_have_been_processed = True
        self.message = f"{self.message.removesuffix(NOT_SENT)}{EARLIER_ATTEMPT}"


class TlsError(RequestNotSent):
    """There was no TLS connection, and another attempt would end the same way."""


class CertificateError(TlsError):
    """The server's certificate is not valid, expired, or from an authority that is not trusted."""


class UnexpectedAnswer(ClientError):
    """A response that this API does not send. `status` and `excerpt` help to find its sender.

    The request may have been processed or not; it is safe to send it again.
    """

    may_have_been_processed = True

    def __init__(self, message: str, *, status: int | None = None, excerpt: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.excerpt = excerpt


class ResponseTooLarge(UnexpectedAnswer):
    """The response is larger than `max_response_bytes`; the rest of it was not read."""


class RequestRefused(ClientError):
    """The API's error: `type`, `app_error_code` and `developer_message` are the document's.

    `type` and `app_error_code` are None if a proxy answered instead of the API.
    `retry_after_seconds`: the value of Retry-After, if there was one.
    """

    def __init__(
        self,
        status: int,
        type: str | None,
        app_error_code: str | None,
        developer_message: str,
        retry_after_seconds: float | None = None,
    ) -> None:
        called = f"{status} {type}" if type else str(status)
        super().__init__(f"{called}: {developer_message}")
        self.status = status
        self.type = type
        self.app_error_code = app_error_code
        self.developer_message = developer_message
        self.retry_after_seconds = retry_after_seconds


class BadRequest(RequestRefused):
    """400: a header is invalid. Check the arguments of the client."""


class Unauthorized(RequestRefused):
    """401: application, API key and access token don't match, and no other token is available."""


class Forbidden(RequestRefused):
    """403: the channel is not the application's own."""


class NotFound(RequestRefused):
    """404: this channel has no such request."""


class Gone(RequestRefused):
    """410: the feed after the cursor was pruned. Start the feed again without a cursor."""


class Unprocessable(RequestRefused):
    """422: the request as a whole has the wrong shape or size."""


class TooManyRequests(RequestRefused):
    """429: over the application's rate, in every attempt."""


class ServerFailed(RequestRefused):
    """A server error. Its operator can find the cause by the Request-ID."""

    may_have_been_processed = True


class ServiceUnavailable(ServerFailed):
    """502, 503 or 504, in every attempt. Retry the request later."""


class TokenRefused(ClientError):
    """The token call failed: the authorization code or refresh token is wrong, spent or expired,
    or the application does not exist. Ask the operator for a new code.
    """


class TokenStoreFailed(ClientError):
    """The token store can't be read or written; `__cause__` is the reason. The client still uses
    new tokens that it could not store, and stores them as soon as possible.
    """


class TicketsFailed(ClientError):
    """Some tickets failed. `result` has the failures and their reasons."""

    def __init__(self, result: Any) -> None:
        failure = result.failure
        kinds = ", ".join(sorted({failed.type for failed in failure}))
        one = failure[0]
        super().__init__(
            f"{len(failure)} of {len(failure) + len(result.success)} tickets failed ({kinds});"
            f" the first is {one.asked_for!r}: {one.developer_message}",
            request_id=one.request_id,
        )
        self.result = result


class TokensUnreadable(ClientError):
    """The tokens could not be read to their end; `__cause__` is the reason."""


def own_copy(problem: Exception) -> Exception:
    """A copy for each caller that waits for the same operation, because callers change it."""
    return copy(problem) if isinstance(problem, ClientError) else problem


def _restored(
    kind: type[ClientError], arguments: tuple[Any, ...], state: dict[str, Any]
) -> ClientError:
    made = kind.__new__(kind, *arguments)
    made.__dict__.update(state)
    return made


REFUSALS: dict[int, type[RequestRefused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    410: Gone,
    422: Unprocessable,
    429: TooManyRequests,
    502: ServiceUnavailable,
    503: ServiceUnavailable,
    504: ServiceUnavailable,
}


def refusal_of(status: int) -> type[RequestRefused]:
    """The class for a status."""
    return REFUSALS.get(status, ServerFailed if status >= 500 else RequestRefused)
