"""The operations of `/operator/v1`, which are for the ticketing system."""

from seatlatch.openapi import administration_operations, webhook_operations
from seatlatch.openapi.examples import events as event_examples
from seatlatch.openapi.examples import journal as journal_examples
from seatlatch.openapi.examples import operator as examples
from seatlatch.openapi.operations import Operation
from seatlatch.openapi.problems import JSON
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.openapi.ticket_lists import TicketList
from seatlatch.operations.find_tickets import EXAMINED_TICKETS_MAX
from seatlatch.operator_api import events, journal, requests, ticket_changes, tickets
from seatlatch.operator_api.event_schemas import EventBody, EventsPage, FailedEvent, PutEvent
from seatlatch.operator_api.events import PUT_EVENTS_MAX
from seatlatch.operator_api.journal import ShownHistory
from seatlatch.operator_api.records import PUT_TICKETS_MAX
from seatlatch.operator_api.schemas import PutTicket, RecordBody, TicketWithStatus
from seatlatch.presentation.requests import ListedRequests
from seatlatch.presentation.schemas import SucceededTicket
from seatlatch.presentation.tickets import Page, ShownTicket
from seatlatch.presentation.traces import FullTraces

TAGS = {
    "Tickets": "Put, hold, release, unlock and void tickets. Tickets are independent.",
    "Events": "The performances to which tickets admit, with counts of their tickets.",
    "Journal": "The requests and changes, with their authors.",
    **administration_operations.TAGS,
    **webhook_operations.TAGS,
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

BY_FILTER = (
    " In place of `tokens` a request may have a `filter`, for up to 10,000 tickets. Send it with"
    ' `"dryRun": true` first: the response has the `count` of the matching tickets and a'
    " `confirmation`. Then send it with this `confirmation`. If other tickets match by then, or one"
    " of them has changed, the response is 409 with the new `count`, and nothing is changed."
    " After a 503 some tickets may be changed: repeat the dry run."
)

STATUS = Operation(
    ticket_changes.SET_STATUS,
    "setTicketStatus",
    "Tickets",
    "Hold or release seats",
    "Holds seats (`LOCK`, with a reason) or releases them (`UNLOCK`). A free seat cannot be held"
    " while mpreserve is set, unless `overListing` is true: then the ticket is listed and held. A"
    " seat that is already held gets the new reason and end." + BY_FILTER,
    "operator.html#hold-and-release",
    TicketList(TicketWithStatus, "TicketsWithStatus", by_filter=True),
    examples.STATUS,
)

UNLOCK = Operation(
    ticket_changes.UNLOCK,
    "overrideUnlock",
    "Tickets",
    "Unlock for any channel",
    "Clears mpreserve, whichever channel has set it, and the listing with it. A seat that is held"
    " is not unlocked: release it first." + BY_FILTER,
    "operator.html#unlock",
    TicketList(SucceededTicket, "SucceededTickets", by_filter=True),
    examples.OVERRIDE,
)

VOID = Operation(
    ticket_changes.VOID,
    "voidTickets",
    "Tickets",
    "Void tickets",
    "Makes tickets void, permanently. This ends mpreserve, the listing and a hold." + BY_FILTER,
    "operator.html#void",
    TicketList(SucceededTicket, "SucceededTickets", by_filter=True),
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

FIND = Operation(
    tickets.FIND,
    "listTickets",
    "Tickets",
    "Find tickets",
    "Finds the tickets that match all filters, page by page. A call examines at most"
    f" {EXAMINED_TICKETS_MAX:,} tickets, so a page with a `next` may have fewer tickets than"
    " `limit`, or none. An unknown parameter is 422, and so are filters that no ticket can match.",
    "operator.html#find-tickets",
    Page,
    examples.PAGE,
)

EVENT_BODIES: dict[str, Schema] = {
    JSON: {
        "type": "array",
        "items": reference_to(EventBody.__name__),
        "minItems": 1,
        "maxItems": PUT_EVENTS_MAX,
    }
}

PUT_EVENTS = Operation(
    events.PUT_EVENTS,
    "putEvents",
    "Events",
    "Put events",
    "Adds events, or updates what is known of them. An absent, null or empty member keeps the"
    " stored value; but null removes a stored `startsAt` or `endsAt`. An event that breaks a rule"
    " is 422 for the whole request, and so are two entries for one event. After a 503 some events"
    " may be stored: retry the request. Channels with a grant get a webhook message about each"
    " event that was added or changed.",
    "operator.html#put-events",
    TicketList(PutEvent, "PutEvents", "event", FailedEvent),
    event_examples.PUT,
    EVENT_BODIES,
)

LIST_EVENTS = Operation(
    events.LIST_EVENTS,
    "listEvents",
    "Events",
    "List events",
    "Lists events page by page, in order of organization and access id, also those that only"
    " tickets name, with the number of their tickets in each state. A page may have fewer entries"
    " than `limit` although there are more: continue while there is a `next`.",
    "operator.html#list-events",
    EventsPage,
    event_examples.PAGE,
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

REQUESTS = Operation(
    requests.LIST_REQUESTS,
    "listRequests",
    "Journal",
    "List requests",
    "Lists the requests of every caller, page by page, the newest first. A page may be empty and"
    " still have `next`: each call examines a limited number of requests. An unknown parameter is"
    " 422, and so is an `after` of a page with other filters.",
    "operator.html#list-requests",
    ListedRequests,
    journal_examples.LISTED_REQUESTS,
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

OPERATIONS = (
    *(PUT, FIND, SHOW, STATUS, UNLOCK, VOID),
    *(PUT_EVENTS, LIST_EVENTS),
    *(REQUESTS, REQUEST, HISTORY),
    *administration_operations.OPERATIONS,
    *webhook_operations.OPERATIONS,
)
