"""The operations of `/operator/v1`, which are for the ticketing system."""

from seatlatch.openapi.examples import journal as journal_examples
from seatlatch.openapi.examples import operator as examples
from seatlatch.openapi.operations import Operation, TicketList
from seatlatch.openapi.problems import JSON
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.operator_api import journal, tickets
from seatlatch.operator_api.journal import ShownHistory
from seatlatch.operator_api.records import PUT_TICKETS_MAX
from seatlatch.operator_api.schemas import (
    Page,
    PutTicket,
    RecordBody,
    ShownTicket,
    TicketWithStatus,
)
from seatlatch.presentation.schemas import SucceededTicket
from seatlatch.presentation.traces import FullTraces

TAGS = {
    "Tickets": "Put, hold, release, unlock and void tickets. Tickets are independent.",
    "Journal": "The requests and changes, with their authors.",
}

RECORD_BODIES: dict[str, Schema] = {
    JSON: {
        "type": "array",
        "items": reference_to(RecordBody.__name__),
        "minItems": 1,
        "maxItems": PUT_TICKETS_MAX,
    },
    "application/x-ndjson": {
        "type": "string",
        "description": f"One record per line, 1 to {PUT_TICKETS_MAX:,} of them.",
    },
}

PUT = Operation(
    tickets.PUT,
    "putTickets",
    "Tickets",
    "Put tickets",
    "Adds tickets, or updates their details. An absent, null or empty member keeps the stored"
    " value. Never changes mpreserve, the seat status or a void. A record that breaks a rule is 422"
    " for the whole request, and so are two records of one ticket. After a 503 some records may be"
    " stored: retry the request.",
    "operator.html#put-tickets",
    TicketList(PutTicket, "PutTickets"),
    examples.PUT,
    RECORD_BODIES,
)

STATUS = Operation(
    tickets.SET_STATUS,
    "setTicketStatus",
    "Tickets",
    "Hold or release seats",
    "Holds seats (`LOCK`, with a reason) or releases them (`UNLOCK`). A free seat cannot be held"
    " while mpreserve is set. A seat that is already held gets the new reason and end.",
    "operator.html#hold-and-release",
    TicketList(TicketWithStatus, "TicketsWithStatus"),
    examples.STATUS,
)

UNLOCK = Operation(
    tickets.UNLOCK,
    "overrideUnlock",
    "Tickets",
    "Unlock for any channel",
    "Clears mpreserve, whichever channel has set it, and the listing with it. A seat that is held"
    " is not unlocked: release it first.",
    "operator.html#unlock",
    TicketList(SucceededTicket, "SucceededTickets"),
    examples.OVERRIDE,
)

VOID = Operation(
    tickets.VOID,
    "voidTickets",
    "Tickets",
    "Void tickets",
    "Makes tickets void, permanently. This ends mpreserve, the listing and a hold.",
    "operator.html#void",
    TicketList(SucceededTicket, "SucceededTickets"),
    examples.VOID,
)

SHOW = Operation(
    tickets.SHOW,
    "showTicket",
    "Tickets",
    "Show a ticket",
    "Shows everything that is known about a ticket.",
    "operator.html#show-a-ticket",
    ShownTicket,
    examples.SHOW,
)

LIST = Operation(
    tickets.LIST,
    "listTickets",
    "Tickets",
    "List tickets",
    "Lists an organization's tickets, page by page, in order of `accessId` and `token`. An unknown"
    " organization is 422, and so is an unknown parameter.",
    "operator.html#list-tickets",
    Page,
    examples.PAGE,
)

REQUEST = Operation(
    journal.TRACE_REQUEST,
    "traceRequest",
    "Journal",
    "Trace a request",
    "Lists the requests of every caller under a Request-ID, with the outcome of each token.",
    "operator.html#trace-a-request",
    FullTraces,
    journal_examples.TRACE,
)

HISTORY = Operation(
    journal.LIST_HISTORY,
    "listTicketHistory",
    "Journal",
    "Show a ticket's history",
    "Lists the changes of a ticket and their authors, the latest first.",
    "operator.html#show-a-tickets-history",
    ShownHistory,
    journal_examples.HISTORY,
)

OPERATIONS = (PUT, LIST, SHOW, STATUS, UNLOCK, VOID, REQUEST, HISTORY)
