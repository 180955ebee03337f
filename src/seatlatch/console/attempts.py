"""The requests of one Request-ID as a page shows them: what happened, what it means, what to do.

See decision 179.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from seatlatch.console.request_rows import Kind, kind_of, received_result, result_of
from seatlatch.domain.journal import FoundEntry
from seatlatch.domain.outcome import SUCCESSES, Outcome
from seatlatch.operations.read_journal import TracedRequests
from seatlatch.presentation.curl import Curl, curl_of, curl_of_received
from seatlatch.presentation.explanations import (
    Explanation,
    explain_outcome,
    explain_own,
    explain_refusal,
    explain_response,
)
from seatlatch.presentation.inspection import InspectedRequest
from seatlatch.presentation.requests import status_of
from seatlatch.presentation.traces import Trace, TracedTicket, full_traces, own_traces


class OutcomeGroup(NamedTuple):
    """The tickets of a request with the same outcome. `has_pages`: whether they may exist."""

    outcome: str
    is_failure: bool
    explanation: Explanation
    tickets: Sequence[TracedTicket]
    has_pages: bool


class Attempt(NamedTuple):
    """A request: its entry in the journal, and how the sandbox has received it, or one of both.

    `status` None = unknown, or there was no response. `refusal`: the meaning of a refusal.
    """

    trace: Trace | None
    received: InspectedRequest | None
    status: int | None
    groups: Sequence[OutcomeGroup]
    refusal: Explanation | None
    curl: Curl | None

    @property
    def kind(self) -> Kind:
        """The kind of its response."""
        return "bad" if self.trace and self.trace.damaged is True else kind_of(self.status)

    @property
    def result(self) -> str:
        """Its result in a few words."""
        trace = self.trace
        if trace is None:
            return received_result(self.status)
        counts = len(trace.success), len(trace.failure)
        return result_of(*counts, trace.refusal, is_damaged=trace.damaged is True)


def shown_attempts(
    found: TracedRequests,
    addresses: Mapping[int, str],
    received: Sequence[InspectedRequest] = (),
) -> list[Attempt]:
    """The attempts of a request for the box office, in order of time. `addresses`: by entry id.

    `received`: what the sandbox has kept, in order of time; only with the latest attempts.
    """
    traces = full_traces(found, addresses).requests
    recorded = [
        _attempt(entry, trace, lambda word: explain_outcome(Outcome(word)))
        for entry, trace in zip(found.entries, traces, strict=True)
    ]
    return _together(recorded, received)


def own_attempts(entries: Sequence[FoundEntry]) -> list[Attempt]:
    """The attempts of a request for the channel that made it, in order of time."""
    traces = own_traces(entries, lambda _entry_id: "").requests
    return [
        _attempt(entry, trace, explain_own) for entry, trace in zip(entries, traces, strict=True)
    ]


def _attempt(entry: FoundEntry, trace: Trace, explain: Callable[[str], Explanation]) -> Attempt:
    refusal = explain_refusal(trace.refusal) if trace.refusal else None
    groups = [*_groups(trace.failure, explain), *_groups(trace.success, explain)]
    return Attempt(trace, None, status_of(entry), groups, refusal, curl_of(entry))


def _groups(
    tickets: Iterable[TracedTicket], explain: Callable[[str], Explanation]
) -> Iterable[OutcomeGroup]:
    by_outcome: dict[str, list[TracedTicket]] = {}
    for ticket in tickets:
        by_outcome.setdefault(ticket.outcome, []).append(ticket)
    for outcome, some in by_outcome.items():
        yield OutcomeGroup(
            outcome, outcome not in SUCCESSES, explain(outcome), some, outcome != Outcome.UNKNOWN
        )


def _together(recorded: Sequence[Attempt], received: Sequence[InspectedRequest]) -> list[Attempt]:
    """The attempts in order of time, each with what was received, if the sandbox still has it.

    The journal has the latest attempts, and so has the sandbox: so they are matched from the last.
    """
    left = [one for one in received if one.is_recorded]
    matched: list[Attempt] = []
    for attempt in reversed(recorded):
        if left and _is_same(attempt, left[-1]):
            one = left.pop()
            matched.append(attempt._replace(received=one, curl=curl_of_received(one)))
        else:
            matched.append(attempt)
    others = [*left, *(one for one in received if not one.is_recorded)]
    return sorted([*reversed(matched), *map(_received_only, others)], key=_order)


def _is_same(attempt: Attempt, received: InspectedRequest) -> bool:
    has_same_verb = attempt.trace is not None and attempt.trace.verb == received.verb
    return has_same_verb and received.status in (attempt.status, None)


def _received_only(received: InspectedRequest) -> Attempt:
    refusal = None
    if received.response is not None:
        refusal = explain_response(received.response.status, received.response.body.text)
    return Attempt(None, received, received.status, (), refusal, curl_of_received(received))


def _order(attempt: Attempt) -> float:
    if attempt.received is not None:
        return attempt.received.timestamp.timestamp()
    timestamp = attempt.trace.timestamp if attempt.trace else None
    return timestamp.timestamp() if timestamp else 0.0
