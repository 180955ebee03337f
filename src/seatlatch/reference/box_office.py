"""The calls of `/operator/v1`, which are for the ticketing system."""

from seatlatch.api.refusals import RouteUnknown
from seatlatch.api.routes import RECORDS_BODY_BYTES_MAX, TICKETS_BODY_BYTES_MAX
from seatlatch.api.schemas import SucceededTicket
from seatlatch.api.traces import FullTraces
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.operator.gate import OPERATOR_HEADERS, WITH_BODY
from seatlatch.operator.journal import HistoryQuery, RequestsQuery, ShownHistory
from seatlatch.operator.records import PUT_TICKETS_MAX
from seatlatch.operator.schemas import (
    ListingQuery,
    OverrideRequest,
    Page,
    PutTicket,
    RecordBody,
    ShownTicket,
    StatusRequest,
    TicketWithStatus,
    VoidRequest,
)
from seatlatch.operator.tickets import TICKETS
from seatlatch.reference import more_examples
from seatlatch.reference.calls import Call, Listed
from seatlatch.reference.channel import REQUEST_ID
from seatlatch.reference.problems import EVERYWHERE, JSON, WITH_A_BODY
from seatlatch.reference.schemas import Schema, reference_to

TAGS = {
    "Tickets": "Put tickets, hold their seats, release, unlock and void them, each on its own.",
    "Journal": "Who did what to which ticket.",
}

OPERATOR_KEY = "operatorKey"
OF_A_LIST = (*EVERYWHERE, *WITH_A_BODY)
NDJSON = "application/x-ndjson"

RECORDS: Schema = {
    "schema": {
        "type": "array",
        "items": reference_to(RecordBody.__name__),
        "minItems": 1,
        "maxItems": PUT_TICKETS_MAX,
    }
}
LINES: Schema = {
    "schema": {
        "type": "string",
        "description": f"One record to a line, 1 to {PUT_TICKETS_MAX:,} of them.",
    }
}

TOKEN: Schema = {
    "description": "The ticket's token, percent-encoded.",
    "schema": {"type": "string", "minLength": 1},
    "example": more_examples.TOKEN,
}

PUT = Call(
    "POST",
    TICKETS,
    "putTickets",
    "Tickets",
    "Put tickets",
    "Adds tickets, or brings them up to date. What is left out, null or empty leaves what is"
    " there. Never touches mpreserve, the seat status or a void. A record that breaks a rule is 422"
    " for the whole request, and so are two records of one ticket. After a 503 some records may be"
    " kept: send the request again.",
    "operator.html#put-tickets",
    WITH_BODY,
    OF_A_LIST,
    Listed(PutTicket, "PutTickets"),
    more_examples.PUT,
    bodies={JSON: RECORDS, NDJSON: LINES},
    body_bytes_max=RECORDS_BODY_BYTES_MAX,
    security=OPERATOR_KEY,
)

STATUS = Call(
    "PUT",
    TICKETS + "/status",
    "setTicketStatus",
    "Tickets",
    "Hold or release seats",
    "Holds seats (`LOCK`, with a reason) or releases them (`UNLOCK`). A seat that is free takes no"
    " hold while mpreserve is set. A seat that is held already takes the new reason and end.",
    "operator.html#hold-and-release",
    WITH_BODY,
    OF_A_LIST,
    Listed(TicketWithStatus, "TicketsWithStatus"),
    more_examples.STATUS,
    bodies={JSON: StatusRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=OPERATOR_KEY,
)

UNLOCK = Call(
    "PUT",
    TICKETS + "/unlock",
    "overrideUnlock",
    "Tickets",
    "Unlock over a channel's head",
    "Clears mpreserve, whichever channel has set it, and the listing with it. A seat that is held"
    " is not unlocked: release it first.",
    "operator.html#unlock",
    WITH_BODY,
    OF_A_LIST,
    Listed(SucceededTicket, "SucceededTickets"),
    more_examples.OVERRIDE,
    bodies={JSON: OverrideRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=OPERATOR_KEY,
)

VOID = Call(
    "PUT",
    TICKETS + "/void",
    "voidTickets",
    "Tickets",
    "Void tickets",
    "Makes tickets void, for good. mpreserve, listing and hold end with it.",
    "operator.html#void",
    WITH_BODY,
    OF_A_LIST,
    Listed(SucceededTicket, "SucceededTickets"),
    more_examples.VOID,
    bodies={JSON: VoidRequest},
    body_bytes_max=TICKETS_BODY_BYTES_MAX,
    security=OPERATOR_KEY,
)

SHOW = Call(
    "GET",
    TICKETS + "/{token}",
    "showTicket",
    "Tickets",
    "Show a ticket",
    "Tells all that is known of a ticket.",
    "operator.html#show-a-ticket",
    OPERATOR_HEADERS,
    (*EVERYWHERE, RouteUnknown),
    ShownTicket,
    more_examples.SHOW,
    path_parameters={"token": TOKEN},
    security=OPERATOR_KEY,
)

LIST = Call(
    "GET",
    TICKETS,
    "listTickets",
    "Tickets",
    "List tickets",
    "Tells an organization's tickets, page by page, in order of `accessId` and `token`. An"
    " organization that is unknown is 422, and so is a parameter that the call does not know.",
    "operator.html#list-tickets",
    OPERATOR_HEADERS,
    (*EVERYWHERE, InvalidRequest),
    Page,
    more_examples.PAGE,
    query=ListingQuery,
    security=OPERATOR_KEY,
)

REQUEST = Call(
    "GET",
    "/operator/v1/requests/{requestId}",
    "traceRequest",
    "Journal",
    "Trace a request",
    "Lists the requests of every caller under a Request-ID, and what became of each token.",
    "operator.html#trace-a-request",
    OPERATOR_HEADERS,
    (*EVERYWHERE, RouteUnknown, InvalidRequest),
    FullTraces,
    more_examples.TRACE,
    path_parameters={"requestId": REQUEST_ID},
    query=RequestsQuery,
    security=OPERATOR_KEY,
)

HISTORY = Call(
    "GET",
    TICKETS + "/{token}/history",
    "listTicketHistory",
    "Journal",
    "Show a ticket's history",
    "Tells who changed a ticket, the latest change first.",
    "operator.html#show-a-tickets-history",
    OPERATOR_HEADERS,
    (*EVERYWHERE, RouteUnknown, InvalidRequest),
    ShownHistory,
    more_examples.HISTORY,
    path_parameters={"token": TOKEN},
    query=HistoryQuery,
    security=OPERATOR_KEY,
)

CALLS = (PUT, LIST, SHOW, STATUS, UNLOCK, VOID, REQUEST, HISTORY)
