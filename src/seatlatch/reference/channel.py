"""The calls of `/v1`, which are for channels."""

from seatlatch.api.events import Feed, FeedQuery
from seatlatch.api.headers import BODILESS_HEADERS, DOCUMENT_HEADERS, TOKEN_HEADERS
from seatlatch.api.refusals import MediaTypeUnsupported, RouteUnknown
from seatlatch.api.routes import TICKETS_BODY_BYTES_MAX
from seatlatch.api.schemas import (
    LockRequest,
    SucceededTicket,
    TokenAnswer,
    TokenRequest,
    UnlockRequest,
    VerifiedTicket,
    VerifyRequest,
)
from seatlatch.api.traces import Traces
from seatlatch.domain.refusal import InvalidRequest, PlaceLost
from seatlatch.reference import examples, more_examples
from seatlatch.reference.calls import Call, Listed
from seatlatch.reference.problems import (
    EVERYWHERE,
    JSON,
    OF_A_CHANNEL,
    WITH_A_BODY,
)
from seatlatch.reference.schemas import Schema

TAGS = {
    "Tickets": "Lock, unlock and verify tickets, each on its own: one that fails never undoes one"
    " that worked.",
    "Events": "What became of a request, and what changed on the tickets that a channel may see.",
    "Tokens": "A pair of tokens for an authorization code or a refresh token.",
    "Webhooks": "What a channel's endpoint is told when the box office changes a seat.",
}

REQUEST_ID: Schema = {
    "description": "The Request-ID that is looked for, in upper or lower case.",
    "schema": {"type": "string", "format": "uuid"},
    "example": more_examples.REQUEST_ID,
}

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a scheme, no secret
CHANGED = Listed(SucceededTicket, "SucceededTickets")
OF_A_LIST = (*EVERYWHERE, *OF_A_CHANNEL, *WITH_A_BODY)
OF_A_LOOK = (*EVERYWHERE, *OF_A_CHANNEL)

UNLOCK = Call(
    "PUT",
    "/v1/tickets/unlock",
    "unlockTickets",
    "Tickets",
    "Unlock tickets",
    "Clears mpreserve on the tickets named, so that their seats are open to status changes again."
    " Idempotent: a ticket that is unlocked already is a success. Success is answered only after"
    " the change is on disk. A token that is repeated is worked and reported once.",
    "unlock.html",
    DOCUMENT_HEADERS,
    OF_A_LIST,
    CHANGED,
    examples.UNLOCK,
    bodies={JSON: UnlockRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=ACCESS_TOKEN,
)

LOCK = Call(
    "PUT",
    "/v1/tickets/lock",
    "lockTickets",
    "Tickets",
    "Lock tickets",
    "Sets mpreserve on the tickets named, for this channel, and keeps with each what is told of"
    " its listing. Idempotent: a ticket that this channel has locked already is a success, and its"
    " listing is replaced. Prices are exact decimals. A `seller` has at most 4,000 bytes as"
    " compact JSON.",
    "lock.html",
    DOCUMENT_HEADERS,
    OF_A_LIST,
    CHANGED,
    examples.LOCK,
    bodies={JSON: LockRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=ACCESS_TOKEN,
)

VERIFY = Call(
    "POST",
    "/v1/tickets/verify",
    "verifyTickets",
    "Tickets",
    "Verify tickets",
    "Tells what tickets are, and whether this channel could lock or unlock them: it fails exactly"
    " where those calls would. Reads only, all as it was at one moment.",
    "verify.html",
    DOCUMENT_HEADERS,
    OF_A_LIST,
    Listed(VerifiedTicket, "VerifiedTickets"),
    examples.VERIFY,
    bodies={JSON: VerifyRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=ACCESS_TOKEN,
)

TOKEN = Call(
    "POST",
    "/v1/auth/token",
    "exchangeToken",
    "Tokens",
    "Exchange a code or refresh token",
    "Gives a new pair of tokens for an authorization code or a refresh token, each of which works"
    " once. A refresh token that is used twice ends all tokens that came of the same code. Errors"
    ' have a shape of their own here: `{"error": "<text>"}`.',
    "token.html",
    TOKEN_HEADERS,
    (*EVERYWHERE, MediaTypeUnsupported),
    TokenAnswer,
    examples.TOKEN,
    bodies={JSON: TokenRequest},
    plain=True,
)

REQUEST = Call(
    "GET",
    "/v1/requests/{requestId}",
    "getRequest",
    "Events",
    "Look up a request",
    "Tells what became of a request of this channel, for instance when its answer was lost. 404 ="
    " this channel has no such request in the journal: it did not arrive, or was pruned.",
    "requests.html",
    BODILESS_HEADERS,
    (*OF_A_LOOK, RouteUnknown),
    Traces,
    more_examples.REQUEST,
    path_parameters={"requestId": REQUEST_ID},
    security=ACCESS_TOKEN,
)

EVENTS = Call(
    "GET",
    "/v1/events",
    "listEvents",
    "Events",
    "Follow the feed",
    "Tells what changed on the tickets that the channel may see, by a cursor that skips nothing and"
    " repeats nothing. `after=latest` begins now; without `after` it begins with the oldest event"
    " that is still there. A parameter that the call does not know, or one that is sent twice, is"
    " 422.",
    "events.html",
    BODILESS_HEADERS,
    (*OF_A_LOOK, InvalidRequest, PlaceLost),
    Feed,
    more_examples.EVENTS,
    query=FeedQuery,
    security=ACCESS_TOKEN,
)

CALLS = (UNLOCK, LOCK, VERIFY, REQUEST, EVENTS, TOKEN)
