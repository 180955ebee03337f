"""`seatlatch requests`, `seatlatch trace` and `seatlatch history`: look up requests and changes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import typer
from msgspec import UNSET, UnsetType

from seatlatch.cli.options import AsJson, Database, settings_for
from seatlatch.cli.output import for_people, in_columns, print_result
from seatlatch.cli.timestamps import date_or_timestamp
from seatlatch.cli.token_files import require_text
from seatlatch.domain.journal import FoundEntry, Verb
from seatlatch.domain.label import UNREADABLE, shortened
from seatlatch.domain.refusal import InvalidRequest, NotDone
from seatlatch.operations.journal_scope import EVERYTHING
from seatlatch.operations.list_requests import FoundRequests, list_requests
from seatlatch.operations.read_journal import (
    PAGE_REQUESTS,
    TracedRequests,
    client_addresses,
    ticket_history,
    trace_request,
)
from seatlatch.operator_api.journal import PAGE_CHANGES, ShownChange, shown_history
from seatlatch.operator_api.requests import ListQuery, cursor_of, filter_of
from seatlatch.presentation.requests import ListedRequest, ListedRequests, listed_requests
from seatlatch.presentation.traces import UUID, FullTrace, full_traces
from seatlatch.store.interface import Store
from seatlatch.wiring import look, with_store

CHANGES_MAX = 10_000

Addresses = Mapping[int, str]

RequestId = Annotated[
    str,
    typer.Argument(
        metavar="REQUEST_ID", help="The value that was sent, or that the response returned."
    ),
]
Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The ticket.")]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="The most changes to show."),
]
RequestLimit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=CHANGES_MAX, help="The most requests to show."),
]
Channel = Annotated[
    str | None, typer.Option("--channel", metavar="CODE", help="Only requests of this channel.")
]
Status = Annotated[
    int | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        min=100,
        max=599,
        help="Only requests whose response had this HTTP status.",
    ),
]
Type = Annotated[
    Verb | None,
    typer.Option(
        "--type", metavar="KIND", help="Only requests of this kind: unlock, lock, hold and so on."
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only requests from this time on; UTC."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Only requests before this time; UTC.")
]


def requests(
    channel: Channel = None,
    status: Status = None,
    kind: Type = None,
    since: Since = None,
    until: Until = None,
    limit: RequestLimit = PAGE_REQUESTS,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List requests, the newest first. A DATE is like 2026-01-31 or 2026-01-31T12:00:00Z."""
    query = _query(channel, status, kind, since, until)
    url = settings_for(database).database_url
    found, addresses = with_store(url, lambda store: _list(store, query, limit))
    rows = listed_requests(found.entries, addresses)
    document = ListedRequests(rows, cursor_of(query, found.position))
    lines = in_columns(map(_request_row, rows)) if rows else ["There are no such requests."]
    if found.position is not None:
        lines.append("There are older requests. Use a higher --limit.")
    print_result(as_json, document, lines, changed=False)


def trace(
    request_id: RequestId,
    limit: RequestLimit = PAGE_REQUESTS,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show the request of a Request-ID: its caller, and the outcome of each ticket."""
    if not UUID.fullmatch(request_id):
        raise InvalidRequest(
            f"{shortened(request_id)} is not a Request-ID. A Request-ID is a UUID such as"
            " 0dbc02a8-5f1a-4b7c-9d65-0f4e4ac6a1b2."
        )
    url = settings_for(database).database_url
    found, addresses = with_store(url, lambda store: _trace(store, request_id, limit))
    if not found.entries:
        raise NotDone(
            f"The journal has no request {request_id}. Check the spelling. A request without valid"
            " credentials is only in the log."
        )
    traces = full_traces(found, addresses)
    lines = [line for traced in traces.requests for line in [*_trace_lines(traced), ""]]
    if traces.next:
        lines = ["There are earlier requests. Use a higher --limit.", "", *lines]
    print_result(as_json, traces, lines[:-1], changed=False)


def history(
    token: Token, limit: Limit = PAGE_CHANGES, database: Database = None, as_json: AsJson = False
) -> None:
    """Show the changes of a ticket and their callers, the latest first."""
    require_text([token])
    url = settings_for(database).database_url
    found = look(url, lambda snapshot: ticket_history(snapshot, token, None, limit))
    if found is None:
        raise NotDone(f"There is no ticket {shortened(token)}. Check the spelling of the token.")
    shown = shown_history(token, found)
    lines = in_columns([_change_row(change) for change in shown.changes])
    if shown.is_pruned:
        lines.append("Earlier changes are no longer in the journal.")
    elif shown.next:
        lines.append("There are earlier changes. Use a higher --limit.")
    nothing = ["Nobody has changed this ticket since the journal began."]
    print_result(as_json, shown, lines or nothing, changed=False)


def _query(
    channel: str | None,
    status: int | None,
    kind: Verb | None,
    since: str | None,
    until: str | None,
) -> ListQuery:
    """The options as the query of the same call over HTTP. Raises `InvalidRequest`."""
    if channel is not None and UNREADABLE.search(channel):
        raise InvalidRequest(f"--channel {shortened(channel)} is not the code of a channel.")
    try:
        return ListQuery(
            UNSET if channel is None else channel,
            UNSET if status is None else status,
            UNSET if kind is None else kind,
            _timestamp("--since", since),
            _timestamp("--until", until),
        )
    except ValueError:
        raise InvalidRequest("--since must be before --until.") from None


async def _list(store: Store, query: ListQuery, limit: int) -> tuple[FoundRequests, Addresses]:
    """The requests of as many pages as it takes."""
    entries: list[FoundEntry] = []
    position = None
    while True:
        left = limit - len(entries)
        found = await list_requests(store, filter_of(query), EVERYTHING, position, left)
        entries += found.entries
        position = found.position
        if position is None or len(entries) == limit:
            addresses = await client_addresses(store, entries)
            return FoundRequests(entries, position), addresses


async def _trace(store: Store, request_id: str, limit: int) -> tuple[TracedRequests, Addresses]:
    found = await trace_request(store, request_id, limit=limit)
    return found, await client_addresses(store, found.entries)


def _timestamp(option: str, text: str | None) -> datetime | UnsetType:
    return UNSET if text is None else date_or_timestamp(option, text)


def _caller(request: FullTrace | ShownChange | ListedRequest) -> str:
    return request.operator or f"{request.application} for channel {request.channel}"


def _request_row(row: ListedRequest) -> tuple[str, ...]:
    listing = f"listing {row.external_listing_id}" if row.external_listing_id else ""
    return (
        for_people(row.timestamp) if row.timestamp else "?",
        row.verb or "?",
        str(row.status or "?"),
        f"{row.succeeded} done, {row.failed} failed" if row.refusal is None else "refused",
        "damaged" if row.verb is None else _caller(row),
        row.request_id or "?",
        row.refusal or row.reason or listing,
    )


def _trace_lines(traced: FullTrace) -> Iterable[str]:
    asked_by = _caller(traced)
    rows = [
        ("request", traced.request_id),
        ("at", for_people(traced.timestamp) if traced.timestamp else None),
        ("by", asked_by if traced.verb else None),
        ("from", traced.client_address),
        ("asked for", traced.verb),
        ("reason", traced.reason),
        ("held for", f"{traced.hold_seconds} s" if traced.hold_seconds else None),
        ("listing", traced.external_listing_id),
        ("refused", traced.refusal),
        ("entry", traced.entry_id),
        ("damaged", "this entry was edited" if traced.damaged is True else None),
    ]
    yield from in_columns([(name, value) for name, value in rows if value is not None])
    for ticket in (*traced.success, *traced.failure):
        version = f" (version {ticket.version})" if isinstance(ticket.version, int) else ""
        yield f"  {ticket.token}: {ticket.outcome.replace('_', ' ')}{version}"


def _change_row(change: ShownChange) -> tuple[str, ...]:
    asked_by = _caller(change)
    cause = f"because: {change.reason}" if change.reason else ""
    if change.external_listing_id:
        cause = f"listing {change.external_listing_id}"
    if change.damaged is True:
        asked_by = "damaged" if change.verb is None else f"{asked_by} (damaged)"
    return (
        str(change.version or "?"),
        for_people(change.timestamp) if change.timestamp else "?",
        change.verb or "?",
        asked_by,
        change.request_id or "?",
        cause,
    )
