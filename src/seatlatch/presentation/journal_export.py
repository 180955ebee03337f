"""The journal as a file: JSON with one line for each request, or CSV with one for each ticket.

See decision 182.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET

from seatlatch.domain.journal import FoundEntry
from seatlatch.presentation.csv_text import csv_lines
from seatlatch.presentation.traces import Trace, TracedTicket, journal_traces

ExportFormat = Literal["jsonl", "csv"]

COLUMNS = (
    *("entryId", "timestamp", "requestId", "verb", "application", "channel", "operator"),
    *("reason", "holdSeconds", "externalListingId", "refusal", "damaged"),
    *("token", "outcome", "version", "listedBy"),
)
Cell = str | None

BYTE_ORDER_MARK = BOM_UTF8.decode()
"""Spreadsheets recognize UTF-8 by it."""

ENTRIES_AT_ONCE = 20
"""This blocks the event loop for about a millisecond, if no entry is large."""

_encode = msgspec.json.Encoder().encode


async def exported(entries: Sequence[FoundEntry], form: ExportFormat, *, is_first: bool) -> str:
    """Entries as lines of a file. `is_first`: they begin it, so CSV has its header."""
    lines = [BYTE_ORDER_MARK, csv_lines([COLUMNS])] if is_first and form == "csv" else []
    for start in range(0, len(entries), ENTRIES_AT_ONCE):
        traces = journal_traces(entries[start : start + ENTRIES_AT_ONCE])
        if form == "jsonl":
            lines += [f"{_encode(trace).decode()}\n" for trace in traces]
        else:
            lines.append(csv_lines(row for trace in traces for row in _rows(trace)))
        await asyncio.sleep(0)  # let other requests run
    return "".join(lines)


def _rows(trace: Trace) -> Iterator[tuple[Cell, ...]]:
    """A row for each ticket of a request, or one without a ticket."""
    of_request = (
        trace.entry_id,
        _timestamp(trace.timestamp),
        trace.request_id,
        trace.verb,
        trace.application,
        trace.channel,
        trace.operator,
        trace.reason,
        None if trace.hold_seconds is None else str(trace.hold_seconds),
        trace.external_listing_id,
        trace.refusal,
        "true" if trace.damaged is True else None,
    )
    tickets = [*trace.success, *trace.failure]
    if not tickets:
        yield *of_request, *(None,) * 4
    for ticket in tickets:
        yield *of_request, *_of_ticket(ticket)


def _of_ticket(ticket: TracedTicket) -> tuple[Cell, ...]:
    version = None if ticket.version is UNSET else str(ticket.version)
    listed_by = None if ticket.listed_by is UNSET else str(ticket.listed_by)
    return ticket.token, ticket.outcome, version, listed_by


def _timestamp(timestamp: datetime | None) -> str | None:
    return None if timestamp is None else timestamp.isoformat().replace("+00:00", "Z")
