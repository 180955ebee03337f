"""The client of the ticket API: unlock, lock and verify tickets, look up requests, read events.

    from seatlatch.client import Client

    with Client(
        "http://127.0.0.1:8080",
        application_id="com.mycompany.myapp",
        api_key="sandbox-api-key",
        channel_code="my-application",
        access_token="sandbox-access-token",
    ) as client:
        result = client.tickets.unlock(["98973476444", "54457347644"])
        result.raise_for_failures()

`AsyncClient` is the same with `await`. This package imports nothing else of the project. It
needs only httpx and msgspec, and also works in another place and under another name.
"""

from ._async.client import AsyncClient
from ._async.verbs import AsyncTicketsResult
from ._sync.client import Client
from ._sync.verbs import TicketsResult
from .answers import Answered
from .batches import OnAnswer
from .errors import (
    AttemptTimedOut,
    BadRequest,
    CertificateError,
    ClientError,
    ClientNotUsable,
    ConnectionFailed,
    Forbidden,
    Gone,
    InvalidArgument,
    InvalidArgumentType,
    InvalidEnvironment,
    NotFound,
    RequestNotSent,
    RequestRefused,
    ResponseTooLarge,
    ServerFailed,
    ServiceUnavailable,
    TicketsFailed,
    TlsError,
    TokenRefused,
    TokenStoreFailed,
    TokensUnreadable,
    TooManyRequests,
    Unauthorized,
    UnexpectedAnswer,
    Unprocessable,
)
from .models import (
    Event,
    EventPage,
    Failure,
    FailureType,
    ListedRequest,
    ListedTicket,
    RequestPage,
    Seller,
    Source,
    Ticket,
    TracedRequest,
    TracedTicket,
    VerifiedTicket,
)
from .retries import Retries
from .tokens import TokenFile, TokenPair, TokenStore

__all__ = [
    "Answered",
    "AsyncClient",
    "AsyncTicketsResult",
    "AttemptTimedOut",
    "BadRequest",
    "CertificateError",
    "Client",
    "ClientError",
    "ClientNotUsable",
    "ConnectionFailed",
    "Event",
    "EventPage",
    "Failure",
    "FailureType",
    "Forbidden",
    "Gone",
    "InvalidArgument",
    "InvalidArgumentType",
    "InvalidEnvironment",
    "ListedRequest",
    "ListedTicket",
    "NotFound",
    "OnAnswer",
    "RequestNotSent",
    "RequestPage",
    "RequestRefused",
    "ResponseTooLarge",
    "Retries",
    "Seller",
    "ServerFailed",
    "ServiceUnavailable",
    "Source",
    "Ticket",
    "TicketsFailed",
    "TicketsResult",
    "TlsError",
    "TokenFile",
    "TokenPair",
    "TokenRefused",
    "TokenStore",
    "TokenStoreFailed",
    "TokensUnreadable",
    "TooManyRequests",
    "TracedRequest",
    "TracedTicket",
    "Unauthorized",
    "UnexpectedAnswer",
    "Unprocessable",
    "VerifiedTicket",
]
