"""Lists of requests: one row for each, for the box office and for the channel that sent them.

Members are written in the order of the fields.

See decision 155.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.journal import DamagedEntry, FoundEntry, Verb
from seatlatch.domain.outcome import SUCCESSES
from seatlatch.http.problems import refusal_status
from seatlatch.operations.list_requests import everything
from seatlatch.presentation.schemas import Timestamp
from seatlatch.presentation.ticket_results import results_status

Form = TypeVar("Form", bound="OwnRequest")

EntryNumber = Annotated[int, Meta(ge=0, le=2**36 - 1)]
"""The number of a chain, or of an entry in it, in a cursor."""


class OwnRequest(Struct, rename="camel"):
    """A request in the form for its channel. `status`: the HTTP status of its response.

    `entry_id` is encrypted. `succeeded` and `failed` are numbers of tickets. `damaged`: the entry
    was edited after it was written; unreadable members are null.
    """

    entry_id: str
    request_id: str | None
    timestamp: Timestamp | None
    verb: Verb | None
    status: int | None
    application: str | None
    channel: str | None
    refusal: str | None
    external_listing_id: str | None
    succeeded: int
    failed: int
    damaged: bool | UnsetType = UNSET


class ListedRequest(OwnRequest, rename="camel", kw_only=True):
    """A request in the form for the box office."""

    operator: str | None = None
    reason: str | None = None
    client_address: str | None = None


class OwnRequests(Struct):
    """A page of a channel's requests, the newest first. `next`: the value of `after` for older
    ones; null = there are none.
    """

    requests: list[OwnRequest]
    next: str | None


class ListedRequests(Struct):
    """A page of requests, the newest first. `next`: the value of `after` for older ones; null =
    there are none.
    """

    requests: list[ListedRequest]
    next: str | None


def status_of(entry: FoundEntry) -> int | None:
    """The HTTP status of the response to a request; None = the entry does not reveal it."""
    if isinstance(entry, DamagedEntry):
        return None
    if entry.refusal is not None:
        return refusal_status(entry.refusal)
    return results_status([outcome for outcome, tokens in entry.outcomes.items() if tokens])


def has_status(status: int | None) -> Callable[[FoundEntry], bool]:
    """The condition that a request's response had this status; None = any."""
    return everything if status is None else lambda entry: status_of(entry) == status


def listed_requests(
    entries: Iterable[FoundEntry], addresses: Mapping[int, str]
) -> list[ListedRequest]:
    """Requests in the form for the box office; `addresses`: client addresses by entry id."""
    rows = []
    for entry in entries:
        row = _row(entry, ListedRequest, str)
        if not isinstance(entry, DamagedEntry):
            row.operator = entry.act.asker.operator
            row.reason = entry.act.reason
        row.client_address = addresses.get(entry.entry_id)
        rows.append(row)
    return rows


def own_requests(
    entries: Iterable[FoundEntry], entry_id_of: Callable[[int], str]
) -> list[OwnRequest]:
    """A channel's own requests in the form for it. `entry_id_of` encrypts the id of an entry."""
    return [_row(entry, OwnRequest, entry_id_of) for entry in entries]


def _row(entry: FoundEntry, form: type[Form], entry_id_of: Callable[[int], str]) -> Form:
    entry_id = entry_id_of(entry.entry_id)
    if isinstance(entry, DamagedEntry):
        known = (entry_id, entry.request_id, entry.timestamp)
        return form(*known, *(None,) * 6, succeeded=0, failed=0, damaged=True)
    counts = {outcome: len(tokens) for outcome, tokens in entry.outcomes.items()}
    succeeded = sum(tokens for outcome, tokens in counts.items() if outcome in SUCCESSES)
    asker = entry.act.asker
    return form(
        entry_id,
        asker.request_id,
        entry.timestamp,
        entry.act.verb,
        status_of(entry),
        asker.application_id,
        asker.channel_code,
        entry.refusal,
        entry.act.external_listing_id,
        succeeded,
        sum(counts.values()) - succeeded,
        entry.damaged or UNSET,
    )
