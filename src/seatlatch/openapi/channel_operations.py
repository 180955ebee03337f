"""The operations of `/v1`, which are for channels."""

from seatlatch.channel_api import journal, tickets, token
from seatlatch.channel_api.events import Feed
from seatlatch.channel_api.schemas import TokenPair, VerifiedTicket
from seatlatch.openapi.examples import channel as examples
from seatlatch.openapi.examples import journal as journal_examples
from seatlatch.openapi.operations import Operation
from seatlatch.openapi.ticket_lists import TicketList
from seatlatch.presentation.requests import OwnRequests
from seatlatch.presentation.schemas import SucceededTicket
from seatlatch.presentation.traces import Traces

TAGS = {
    "Tickets": "Lock, unlock and verify tickets. Tickets are independent: a failure never undoes"
    " a success.",
    "Events": "The results of requests, and the changes of tickets that a channel may see.",
    "Tokens": "A pair of tokens for an authorization code or a refresh token.",
    "Webhooks": "The messages to a channel's endpoint when the box office changes a seat.",
}

UNLOCK = Operation(
    tickets.UNLOCK,
    "unlockTickets",
    "Tickets",
    "Unlock tickets",
    "Clears mpreserve on the given tickets, so that their seats can change their status again."
    " Idempotent: a ticket that is already unlocked is a success. The response is sent only after"
    " the change is durable. A repeated token is processed and reported once.",
    "unlock.html",
    TicketList(SucceededTicket, "SucceededTickets"),
    examples.UNLOCK,
)

LOCK = Operation(
    tickets.LOCK,
    "lockTickets",
    "Tickets",
    "Lock tickets",
    "Sets mpreserve on the given tickets for this channel, and stores the listing with each."
    " Idempotent: a ticket that this channel has already locked is a success, and its listing is"
    " replaced. Prices are exact decimals. A `seller` has at most 4,000 bytes as compact JSON.",
    "lock.html",
    TicketList(SucceededTicket, "SucceededTickets"),
    examples.LOCK,
)

VERIFY = Operation(
    tickets.VERIFY,
    "verifyTickets",
    "Tickets",
    "Verify tickets",
    "Shows tickets, and whether this channel could lock or unlock them: a ticket fails exactly"
    " if those calls would fail. Reads one snapshot, and changes nothing.",
    "verify.html",
    TicketList(VerifiedTicket, "VerifiedTickets"),
    examples.VERIFY,
)

TOKEN = Operation(
    token.EXCHANGE,
    "exchangeToken",
    "Tokens",
    "Exchange a code or refresh token",
    "Exchanges an authorization code or a refresh token, each of which works once, for a new pair"
    " of tokens. A refresh token that is used twice revokes all tokens from the same code."
    ' Errors have another shape here: `{"error": "<text>"}`.',
    "token.html",
    TokenPair,
    examples.TOKEN,
)

REQUEST = Operation(
    journal.GET_REQUEST,
    "getRequest",
    "Events",
    "Look up a request",
    "Shows the result of a request of this channel, for instance if the response was lost. 404 ="
    " the journal has no such request of this channel: it did not arrive, or was pruned.",
    "requests.html",
    Traces,
    journal_examples.REQUEST,
)

REQUESTS = Operation(
    journal.LIST_REQUESTS,
    "listRequests",
    "Events",
    "List requests",
    "Lists the requests of this channel, page by page, the newest first. A page may be empty and"
    " still have `next`: each call examines a limited number of requests. An unknown parameter is"
    " 422, and so is an `after` of a page with other filters.",
    "requests.html#list-requests",
    OwnRequests,
    journal_examples.OWN_REQUESTS,
)

EVENTS = Operation(
    journal.LIST_EVENTS,
    "listEvents",
    "Events",
    "Follow the feed",
    "Lists the changes of tickets that the channel may see, page by page, with a cursor"
    " that neither skips nor repeats any. `after=latest` starts now; without `after` the feed"
    " starts with the oldest event that still exists. An unknown or repeated parameter is 422.",
    "events.html",
    Feed,
    journal_examples.EVENTS,
)

OPERATIONS = (UNLOCK, LOCK, VERIFY, REQUESTS, REQUEST, EVENTS, TOKEN)
