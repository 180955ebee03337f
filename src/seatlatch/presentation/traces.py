"""Traced requests: their results, in full for the box office, and for their channel in the terms of
the document. Members are written in the order of the fields.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.journal import DamagedEntry, FoundEntry, Verb
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.http.query import to_cursor
from seatlatch.http.refusals import RouteUnknown
from seatlatch.http.route_spec import PathValue
from seatlatch.operations.read_journal import TracedRequests
from seatlatch.presentation.schemas import Timestamp
from seatlatch.presentation.ticket_results import failed_ticket

Form = TypeVar("Form", bound="Trace")

UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BeforeRequest(NamedTuple):
    """The place at which a page of requests continues, as a cursor holds it."""

    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    entry_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class TracedTicket(Struct, rename="camel", omit_defaults=True):
    """The outcome for a ticket. `version`: after the change; absent = it was not changed.

    `listed_by`: the channel whose listing it was when the box office changed it.
    """

    token: str
    outcome: str
    version: int | UnsetType = UNSET
    listed_by: str | UnsetType = UNSET


class Trace(Struct, rename="camel"):
    """One request. `refusal`: the reason why it was refused as a whole; null = it was not.
    `damaged`: the entry was edited after it was written; unreadable members are null.
    `external_listing_id`: the listing of a lock.

    `entry_id` identifies it in the journal. It is text, because some programs cannot read numbers
    of that size. A channel gets it encrypted.
    """

    entry_id: str
    request_id: str | None
    timestamp: Timestamp | None
    verb: Verb | None
    application: str | None
    channel: str | None
    operator: str | None
    reason: str | None
    hold_seconds: int | None
    external_listing_id: str | None
    refusal: str | None
    success: list[TracedTicket]
    failure: list[TracedTicket]
    damaged: bool | UnsetType = UNSET


class FullTrace(Trace, rename="camel", kw_only=True):
    """One request in the form for the box office."""

    client_address: str | None = None


class Traces(Struct):
    """The requests of a channel under one Request-ID, in order of time."""

    requests: list[Trace]


class FullTraces(Struct):
    """A page of the requests of one Request-ID, in order of time. `next`: the value of
    `after` for earlier ones; null = there are none.
    """

    requests: list[FullTrace]
    next: str | None


def full_traces(found: TracedRequests, addresses: Mapping[int, str]) -> FullTraces:
    """A page of requests in the form for the box office; `addresses`: by entry id."""
    traces = []
    for entry in found.entries:
        trace = _trace(entry, str, FullTrace)
        trace.client_address = addresses.get(entry.entry_id)
        traces.append(trace)
    return FullTraces(traces, to_cursor(found.before) if found.before else None)


def journal_traces(entries: Iterable[FoundEntry]) -> list[Trace]:
    """Requests as the journal has them, without client addresses, which it does not keep."""
    return [_trace(entry, str, Trace) for entry in entries]


def own_traces(entries: Iterable[FoundEntry], entry_id_of: Callable[[int], str]) -> Traces:
    """A channel's own requests in the form for that channel.

    A failure has the type that the response had. `entry_id_of` encrypts the id of an entry, because
    the ids count the requests of all channels.
    """
    traces = []
    for entry in entries:
        trace = _trace(entry, _as_in_response, Trace)
        trace.entry_id = entry_id_of(entry.entry_id)
        traces.append(trace)
    return Traces(traces)


def read_request_id(text: str) -> str:
    """The Request-ID in a path. Raises `RouteUnknown` if it is not a UUID."""
    if not UUID.fullmatch(text):
        raise no_such_request()
    return text


def no_such_request() -> RouteUnknown:
    """The refusal of a path whose Request-ID is unknown."""
    return RouteUnknown("There is no request with this Request-ID. Check its spelling.")


REQUEST_ID = PathValue("requestId", read_request_id)


def _as_in_response(outcome: Outcome) -> str:
    if outcome in SUCCESSES:
        return outcome
    return failed_ticket(TicketResult("", outcome, None)).type


def _trace(entry: FoundEntry, word_for: Callable[[Outcome], str], form: type[Form]) -> Form:
    if isinstance(entry, DamagedEntry):
        return _unreadable(entry, form)
    verb, asker, reason, hold_seconds, listing_id = entry.act
    changed = {one.token: one for one in entry.changed}

    def tickets(outcome: Outcome, tokens: Sequence[str]) -> list[TracedTicket]:
        rows = []
        for token in tokens:
            row = TracedTicket(token, word_for(outcome))
            if token in changed:
                row.version = changed[token].version
                row.listed_by = changed[token].channel_code or UNSET
            rows.append(row)
        return rows

    success: list[TracedTicket] = []
    failure: list[TracedTicket] = []
    for outcome, tokens in entry.outcomes.items():
        (success if outcome in SUCCESSES else failure).extend(tickets(outcome, tokens))
    return form(
        str(entry.entry_id),
        asker.request_id,
        entry.timestamp,
        verb,
        asker.application_id,
        asker.channel_code,
        asker.operator,
        reason,
        hold_seconds,
        listing_id,
        entry.refusal,
        success,
        failure,
        entry.damaged or UNSET,
    )


def _unreadable(entry: DamagedEntry, form: type[Form]) -> Form:
    nothing = (None,) * 8
    known = (str(entry.entry_id), entry.request_id, entry.timestamp)
    return form(*known, *nothing, success=[], failure=[], damaged=True)
