"""The two OpenAPI 3.1 documents: `/v1` with its webhooks, and `/operator/v1`.

See decisions 117 and 118.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from seatlatch import __version__
from seatlatch.channel_api.admission import CHANGES_TICKETS
from seatlatch.domain.refusal import Refusal
from seatlatch.http.headers import Rule
from seatlatch.http.problems import (
    INTERNAL_ERROR,
    NO_STORE,
    PROBLEMS,
    ErrorBody,
    PlainError,
    error_headers,
)
from seatlatch.openapi import channel_operations, operator_operations
from seatlatch.openapi.headers import (
    COMMON_HEADERS,
    RATE_HEADERS,
    header_components,
    parameter_components,
)
from seatlatch.openapi.operations import (
    Operation,
    is_not_stored,
    operation_object,
)
from seatlatch.openapi.problems import (
    BEFORE_THE_ROUTE,
    EXAMPLES,
    all_locked_schemas,
    error_schemas,
    none_succeeded_schema,
    response_components,
)
from seatlatch.openapi.schemas import Schema, failed_tickets, schemas_of
from seatlatch.openapi.ticket_lists import TicketList, list_schemas, results_schema_name
from seatlatch.openapi.webhooks import endpoint_tested, events_changed, seats_changed
from seatlatch.operator_api.admission import OPERATOR_SCHEME
from seatlatch.operator_api.event_schemas import EventBody
from seatlatch.operator_api.schemas import DryRun, RecordBody
from seatlatch.presentation.schemas import FailedTicket, TicketResults
from seatlatch.webhooks.event_message import EventsMessage
from seatlatch.webhooks.message import SeatsMessage
from seatlatch.webhooks.message_for_test import MessageForTest

INDEPENDENT = (
    "An independent project: compatible with the Paciolan Link API's public document, and not"
    " affiliated with Paciolan."
)

DESCRIPTION = f"""\
Lock and unlock tickets that are listed at a marketplace, ticket by ticket. {INDEPENDENT}

The status of a response about a list of tickets: 200 all succeeded, 207 some, 409 none because each
is locked, 422 none. Errors have a `type`; branch on it. `x-retry` says for each error whether the
request may be retried, how often, and after which wait.

Send `Accept: application/json`. `Accept-Encoding: gzip` is supported. A newly
started sandbox returns exactly the example responses for locks, unlocks and verifies; the examples
use its credentials."""

OPERATOR_DESCRIPTION = f"""\
The interface for the ticketing system and its people: put, hold, release, unlock and void tickets,
look up requests and changes, and manage who has access. {INDEPENDENT}

A key has a role: `read`, `support`, `box_office` or `admin`; each includes the roles before it. A
request above the role is 403. A key that is limited to organizations sees no others: their tokens
are invalid and lists leave them out.

The status of a response about a list of tickets: 200 all succeeded, 207 some, 409 none because each
is locked, 422 none. `x-retry` says for each error whether the request may be retried, how often,
and after which wait."""


@cache
def channel_document() -> Schema:
    """The document of `/v1`."""
    bearer = {"type": "http", "scheme": "bearer", "description": "An access token."}
    found = _document(
        "seatlatch",
        DESCRIPTION,
        channel_operations.TAGS,
        channel_operations.OPERATIONS,
        {CHANGES_TICKETS.scheme: bearer},
        of_operator=False,
        more=[PlainError, SeatsMessage, EventsMessage, MessageForTest],
    )
    found["webhooks"] = {
        "seatsChanged": seats_changed(),
        "eventsChanged": events_changed(),
        "endpointTested": endpoint_tested(),
    }
    return found


@cache
def operator_document() -> Schema:
    """The document of `/operator/v1`."""
    bearer = {"type": "http", "scheme": "bearer", "description": "An operator's key."}
    return _document(
        "seatlatch for the box office",
        OPERATOR_DESCRIPTION,
        operator_operations.TAGS,
        operator_operations.OPERATIONS,
        {OPERATOR_SCHEME: bearer},
        of_operator=True,
        more=[RecordBody, EventBody],
    )


DOCUMENTS: Mapping[str, Callable[[], Schema]] = {
    "/openapi.json": channel_document,
    "/operator/openapi.json": operator_document,
}
"""The documents by path."""


def as_json(make: Callable[[], Schema], root_path: str = "") -> bytes:
    """A document as JSON. `root_path`: the path under which a proxy publishes the service."""
    document = make()
    (server,) = document["servers"]
    return msgspec.json.encode({**document, "servers": [{**server, "url": root_path or "/"}]})


def _document(
    title: str,
    description: str,
    tags: Mapping[str, str],
    operations: Sequence[Operation],
    security: Schema,
    *,
    of_operator: bool,
    more: Iterable[Any],
) -> Schema:
    paths: dict[str, Schema] = {}
    for operation in operations:
        route = operation.route
        paths.setdefault(route.path, {})[route.method.lower()] = operation_object(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "summary": "A ticket-inventory unlock service",
            "description": description,
            "contact": {"name": "The seatlatch project"},
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that returned this document"}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "securitySchemes": security,
            "parameters": parameter_components(_rules(operations)),
            "headers": header_components(_headers(operations)),
            "responses": response_components(_shared(operations), rated=not of_operator),
            "schemas": _schemas(operations, more, of_operator=of_operator),
        },
    }


def _headers(operations: Iterable[Operation]) -> set[str]:
    """The names of the responses' headers."""
    names = set(COMMON_HEADERS)
    for operation in operations:
        route = operation.route
        names |= {name for kind in route.refusals for name in error_headers(EXAMPLES[kind])}
        names |= set(RATE_HEADERS if operation.has_rate_headers else ())
        names |= set(NO_STORE if is_not_stored(route) else ())
    return names


def _rules(operations: Iterable[Operation]) -> list[Rule]:
    rules = (rule for operation in operations for rule in operation.route.headers)
    return list({rule.name: rule for rule in rules}.values())


def _shared(operations: Iterable[Operation]) -> list[type[Refusal]]:
    """The refusals whose response operations share, each once."""
    kinds = (
        kind
        for operation in operations
        for kind in operation.route.refusals
        if _is_shared(operation, kind)
    )
    return list(dict.fromkeys(kinds))


def _is_shared(operation: Operation, kind: type[Refusal]) -> bool:
    if operation.route.has_plain_errors:
        return kind in BEFORE_THE_ROUTE
    return not (isinstance(operation.response, TicketList) and PROBLEMS[kind].status in (409, 422))


def _schemas(operations: Sequence[Operation], more: Iterable[Any], *, of_operator: bool) -> Schema:
    responses = [operation.response for operation in operations if operation.response]
    lists = {response for response in responses if isinstance(response, TicketList)}
    whole = [response for response in responses if not isinstance(response, TicketList)]
    received = [operation.body_type for operation in operations if operation.body_type]
    results = [TicketResults[listed.row] for listed in lists]  # type: ignore[name-defined]
    failures = [listed.failed for listed in lists]
    found = schemas_of([*received, *whole, *results, *failures, DryRun, *more])
    by_filter = any(listed.by_filter for listed in lists)
    error_body = found.pop(ErrorBody.__name__)
    failed = FailedTicket.__name__
    found[failed] = failed_tickets(found[failed], of_operator=of_operator)
    for listed in lists:
        found |= list_schemas(listed, found)
        del found[results_schema_name(listed)]
        found[listed.none_succeeded] = none_succeeded_schema(
            error_body, listed.failed.__name__, listed.noun
        )
    del found[DryRun.__name__]
    problems = [*(PROBLEMS[kind] for kind in _shared(operations)), INTERNAL_ERROR]
    found |= error_schemas(error_body, problems)
    found |= all_locked_schemas(error_body, by_filter=by_filter)
    return dict(sorted(found.items()))
