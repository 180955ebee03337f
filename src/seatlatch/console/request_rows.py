"""Rows of a list of requests: those in the journal, and in the sandbox those that never got there.

See decision 179.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from seatlatch.presentation.inspection import InspectedRequest
from seatlatch.presentation.requests import ListedRequest, OwnRequest
from seatlatch.presentation.ticket_results import SOME_SUCCEEDED

Kind = Literal["good", "warn", "bad"]


class RequestRow(NamedTuple):
    """A request in a list. `key` distinguishes it from all others. `call`: the verb, or the method
    and path of what has none.

    `status` None = unknown, or no response. `detail`: the refusal, the reason or the listing.
    """

    key: str
    timestamp: datetime | None
    request_id: str | None
    call: str
    status: int | None
    kind: Kind
    result: str
    caller: str
    detail: str
    is_recorded: bool = True


def listed_row(row: ListedRequest) -> RequestRow:
    """A request of the journal, for the box office."""
    shown = own_row(row)
    if row.operator is not None:
        shown = shown._replace(caller=row.operator)
    return shown._replace(detail=shown.detail or row.reason or "")


def own_row(row: OwnRequest) -> RequestRow:
    """A request of the journal, for its channel."""
    caller = f"{row.application} for {row.channel}" if row.application else ""
    listing = f"listing {row.external_listing_id}" if row.external_listing_id else ""
    return RequestRow(
        row.entry_id,
        row.timestamp,
        row.request_id,
        row.verb or "unknown",
        row.status,
        "bad" if row.damaged is True else kind_of(row.status),
        result_of(row.succeeded, row.failed, row.refusal, is_damaged=row.damaged is True),
        caller,
        row.refusal or listing,
    )


def result_of(succeeded: int, failed: int, refusal: str | None, *, is_damaged: bool) -> str:
    """The result of a request in a few words, from its numbers of tickets."""
    if is_damaged:
        return "damaged entry"
    if refusal is not None:
        return "refused"
    counts = ((succeeded, "done"), (failed, "failed"))
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing to do"


def received_row(request: InspectedRequest) -> RequestRow:
    """A request that the journal does not have."""
    caller = request.application_id or ""
    if request.channel_code:
        caller = f"{caller} for {request.channel_code}"
    return RequestRow(
        f"received-{request.number}",
        request.timestamp,
        request.request_id,
        request.verb or f"{request.method} {request.target}",
        request.status,
        kind_of(request.status),
        received_result(request.status),
        caller,
        request.reason or "",
        is_recorded=False,
    )


def received_result(status: int | None) -> str:
    """The result of a request that the journal does not have."""
    return "no response" if status is None else "answered" if status < 400 else "refused"


def kind_of(status: int | None) -> Kind:
    """The kind of a response with a status; None = there was none."""
    if status is None or status >= 400:
        return "bad"
    return "warn" if status == SOME_SUCCEEDED else "good"


def merged(
    recorded: Sequence[RequestRow], received: Iterable[InspectedRequest]
) -> Iterator[RequestRow]:
    """The rows of the journal, and between them those that it does not have, both of which are
    in order from the newest one.
    """
    left = list(received)
    for row in recorded:
        while left and row.timestamp is not None and left[0].timestamp > row.timestamp:
            yield received_row(left.pop(0))
        yield row
    yield from map(received_row, left)
