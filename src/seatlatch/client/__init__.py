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

`AsyncClient` is the same with `await`. This folder imports nothing of the rest of the project, and
needs httpx and msgspec alone: moved elsewhere, under whatever name, it goes on working.
"""

from ._async.client import AsyncClient
from ._async.verbs import AsyncTicketsResult
from ._sync.client import Client
from ._sync.verbs import TicketsResult
from .answers import Answered
from .batches import OnAnswer
from .errors import (
    BadRequest,
    ClientError,
    ConnectionFailed,
    Forbidden,
    Gone,
    NotFound,
    RequestRefused,
    ServerFailed,
    ServiceUnavailable,
    TicketsFailed,
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
    ListedTicket,
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
    "BadRequest",
    "Client",
    "ClientError",
    "ConnectionFailed",
    "Event",
    "EventPage",
    "Failure",
    "Forbidden",
    "Gone",
    "ListedTicket",
    "NotFound",
    "OnAnswer",
    "RequestRefused",
    "Retries",
    "Seller",
    "ServerFailed",
    "ServiceUnavailable",
    "Source",
    "Ticket",
    "TicketsFailed",
    "TicketsResult",
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
