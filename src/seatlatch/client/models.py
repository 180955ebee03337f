"""The types of request and response bodies.

Members have the document's names in Python's spelling. Unknown members of a newer server are
ignored. Members such as `type`, `status` and `change` are plain strings, so that new values are no
errors. Source: the contract's sections on the four calls and on the per-token outcome.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar, get_args

from msgspec import UNSET, Struct, UnsetType

Source = Literal["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]
"""The kind of seller: the account's owner, an individual, or a broker."""

FailureType = Literal["INVALID_TOKEN", "SEAT_RECORD_LOCKED"]
"""The failure types that this version knows."""

FAILURE_TYPES: dict[str, FailureType] = {name: name for name in get_args(FailureType)}


class Ticket(Struct, rename="camel", frozen=True):
    """A ticket that is now locked or unlocked, whether or not it was before."""

    token: str
    owner_id: str | None = None

    @property
    def asked_for(self) -> str:
        """The token in the request."""
        return self.token


class VerifiedTicket(Struct, rename="camel", frozen=True):
    """A snapshot of a ticket that this channel could lock or unlock at that time.

    The members of the listing are None if it is not this channel's. `barcode` is set if the request
    named the ticket by barcode.
    """

    token: str
    status: str
    mpreserve: bool
    owner_id: str | None = None
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    external_listing_id: str | None = None
    total_price: Decimal | None = None
    individual_price: Decimal | None = None
    source: str | None = None
    barcode: str | None = None

    @property
    def asked_for(self) -> str:
        """The barcode or token in the request."""
        return self.token if self.barcode is None else self.barcode


class Failure(Struct, rename="camel"):
    """A ticket that was not changed, and the reason in the document's words.

    `token` is None if the request named an unknown barcode. `owner_id` is None if the server does
    not return it. `request_id`: the Request-ID of its request, for support.
    `type` is a plain str, because a newer server can have more types; compare `known_type`, with
    which a type checker finds typing errors.
    """

    type: str
    app_error_code: str
    developer_message: str
    token: str | None = None
    status: str | None = None
    owner_id: str | None = None
    barcode: str | None = None
    request_id: str | None = None

    @property
    def known_type(self) -> FailureType | None:
        """`type` if this version knows it, else None."""
        return FAILURE_TYPES.get(self.type)

    @property
    def asked_for(self) -> str | None:
        """The barcode or token in the request."""
        return self.token if self.barcode is None else self.barcode


class ListedTicket(Struct, rename="camel", omit_defaults=True, frozen=True):
    """A ticket of a listing, with its price."""

    token: str
    individual_price: Decimal | None = None


class Seller(Struct, rename="camel", omit_defaults=True, frozen=True):
    """The seller, if it is not the account's owner."""

    last_name: str
    first_name: str
    middle_name: str | None = None
    address: Mapping[str, Any] | None = None


Row = TypeVar("Row", bound=Ticket | VerifiedTicket)
"""The type of a ticket that succeeded."""


class TracedTicket(Struct, rename="camel", frozen=True):
    """The outcome of a ticket. `version`: its new version if it was changed, else None."""

    token: str
    outcome: str
    version: int | None = None


class TracedRequest(Struct, rename="camel", frozen=True):
    """A request in the journal. `refusal`: why the whole request was refused, else None.
    `external_listing_id`: the listing of a lock.

    `damaged`: whether the entry was edited after it was written. Of such an entry `request_id`,
    `timestamp` and `verb` are None if the service cannot read them.
    """

    entry_id: str
    request_id: str | None
    timestamp: datetime | None
    verb: str | None
    success: list[TracedTicket]
    failure: list[TracedTicket]
    application: str | None = None
    channel: str | None = None
    external_listing_id: str | None = None
    refusal: str | None = None
    damaged: bool = False

    def __repr__(self) -> str:
        return (
            f"TracedRequest(request_id={self.request_id!r}, verb={self.verb!r},"
            f" {len(self.success)} succeeded, {len(self.failure)} failed)"
        )


class TracedRequests(Struct, frozen=True):
    """All requests of one Request-ID, in order of time."""

    requests: list[TracedRequest]


class ListedRequest(Struct, rename="camel", frozen=True):
    """A request in a list. `status`: the HTTP status of its response. `succeeded` and `failed`: how
    many tickets did. The rest is as in `TracedRequest`.
    """

    entry_id: str
    request_id: str | None
    timestamp: datetime | None
    verb: str | None
    status: int | None
    succeeded: int
    failed: int
    application: str | None = None
    channel: str | None = None
    external_listing_id: str | None = None
    refusal: str | None = None
    damaged: bool = False


class RequestPage(Struct, frozen=True):
    """A page of requests, the newest first. `next`: the cursor of older ones; None = no more. A
    page with `next` may be empty.
    """

    requests: list[ListedRequest]
    next: str | None

    def __repr__(self) -> str:
        return f"RequestPage({len(self.requests)} requests, next={self.next!r})"


class Event(Struct, rename="camel", frozen=True):
    """A change of a ticket. Token and version identify it; a higher version is newer.

    `by`: `channel` (this one) or `box_office`. `mpreserve`: whether this channel has set it.
    """

    change: str
    token: str
    version: int
    timestamp: datetime
    by: str
    request_id: str
    status: str
    mpreserve: bool
    organization_id: str | None = None
    access_id: str | None = None
    section: str | None = None
    row: str | None = None
    seat: str | None = None
    hold_expires_at: datetime | None = None
    season: str | None = None
    item: str | None = None


class EventPage(Struct, frozen=True):
    """A page of events. `next`: the cursor to continue from. `more`: whether there are more now."""

    events: list[Event]
    next: str
    more: bool

    def __repr__(self) -> str:
        return f"EventPage({len(self.events)} events, next={self.next!r}, more={self.more})"


class ErrorMember(Struct, rename="camel", frozen=True):
    """The member `error` of a body."""

    type: str | None = None
    app_error_code: str | None = None
    developer_message: str = ""


class Body(Struct, Generic[Row], frozen=True):
    """The body of a response about tickets."""

    success: list[Row] | UnsetType = UNSET
    failure: list[Failure] | UnsetType = UNSET
    error: ErrorMember | UnsetType = UNSET


class TokenBody(Struct, rename="camel", frozen=True):
    """The body of the token call's response."""

    access_token: str
    refresh_token: str
    expiration: str

    def __repr__(self) -> str:
        return f"TokenBody(expiration={self.expiration!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expiration", self.expiration)]


class PlainErrorBody(Struct, frozen=True):
    """The error of the token call."""

    error: str
