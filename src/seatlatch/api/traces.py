"""What a request did, as it is told: to its channel in the document's words, to the box office in
full. Members are written in the order of the fields.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import UNSET, Struct, UnsetType

from seatlatch.api.answers import failed_ticket
from seatlatch.api.cursors import Cursors
from seatlatch.api.query import to_cursor
from seatlatch.api.schemas import Moment
from seatlatch.domain.journal import DamagedEntry, FoundEntry, Verb
from seatlatch.domain.outcome import SUCCESSES, Outcome, TicketResult
from seatlatch.operations.read_journal import TracedRequests


class TracedTicket(Struct, rename="camel", omit_defaults=True):
    """What became of a ticket. `version`: of the ticket after it was changed; absent = it was not.

    `listed_by`: the channel whose listing it was when the box office changed it.
    """

    token: str
    outcome: str
    version: int | UnsetType = UNSET
    listed_by: str | UnsetType = UNSET


class Trace(Struct, rename="camel"):
    """One request. `refusal`: why it was refused as a whole; null = it was not. `damaged`: the
    entry was edited after it was written; what can't be read is null.

    `entry_id` names it in the journal; text, for it may be a larger number than some can read. A
    channel gets it encrypted.
    """

    entry_id: str
    request_id: str | None
    timestamp: Moment | None
    verb: Verb | None
    application: str | None
    channel: str | None
    operator: str | None
    reason: str | None
    hold_seconds: int | None
    refusal: str | None
    success: list[TracedTicket]
    failure: list[TracedTicket]
    damaged: bool | UnsetType = UNSET


class Traces(Struct):
    """The requests of a channel under one Request-ID, in order of time."""

    requests: list[Trace]


class FullTraces(Struct):
    """A page of the requests of one Request-ID, in order of time. `next`: what to send as `after`
    for earlier ones; null = there are none.
    """

    requests: list[Trace]
    next: str | None


def full_traces(found: TracedRequests) -> FullTraces:
    """As the box office is told."""
    going_on = to_cursor(found.before) if found.before else None
    return FullTraces([_trace(entry, str) for entry in found.entries], going_on)


def own_traces(entries: Iterable[FoundEntry], channel_code: str, cursors: Cursors) -> Traces:
    """A channel's own requests as it gets them: of a failure what the response said, and an entry
    id that does not count the requests of others.
    """
    traces = []
    for entry in entries:
        trace = _trace(entry, _as_answered)
        trace.entry_id = cursors.entry_id_of(entry.entry_id, channel_code)
        traces.append(trace)
    return Traces(traces)


def _as_answered(outcome: Outcome) -> str:
    if outcome in SUCCESSES:
        return outcome
    return failed_ticket(TicketResult("", outcome, None)).type


def _trace(entry: FoundEntry, told: Callable[[Outcome], str]) -> Trace:
    if isinstance(entry, DamagedEntry):
        return _unreadable(entry)
    verb, asker, reason, hold_seconds = entry.act
    changed = {one.token: one for one in entry.changed}

    def tickets(outcome: Outcome, tokens: Sequence[str]) -> list[TracedTicket]:
        rows = []
        for token in tokens:
            row = TracedTicket(token, told(outcome))
            if token in changed:
                row.version = changed[token].version
                row.listed_by = changed[token].channel_code or UNSET
            rows.append(row)
        return rows

    success: list[TracedTicket] = []
    failure: list[TracedTicket] = []
    for outcome, tokens in entry.outcomes.items():
        (success if outcome in SUCCESSES else failure).extend(tickets(outcome, tokens))
    return Trace(
        str(entry.entry_id),
        asker.request_id,
        entry.moment,
        verb,
        asker.application_id,
        asker.channel_code,
        asker.operator,
        reason,
        hold_seconds,
        entry.refusal,
        success,
        failure,
        entry.damaged or UNSET,
    )


def _unreadable(entry: DamagedEntry) -> Trace:
    nothing = (None,) * 7
    known = (str(entry.entry_id), entry.request_id, entry.moment)
    return Trace(*known, *nothing, success=[], failure=[], damaged=True)
