"""What goes over the wire, as types: what the client is given, and what it gives back.

Members are named as in the document, in Python's spelling. A member that a newer server adds is
ignored, and words such as `type`, `status` and `change` are plain strings, so that a new one does
no harm. Source: the contract's sections on the four calls and on the per-token outcome.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar, get_args

from msgspec import UNSET, Struct, UnsetType

Source = Literal["MY_ACCOUNT", "INDIVIDUAL", "BROKER"]
"""Who sells: the account's owner himself, a person, or a broker."""

FailureType = Literal["INVALID_TOKEN", "SEAT_RECORD_LOCKED"]
"""The types of a ticket's failure that this version knows."""

FAILURE_TYPES: dict[str, FailureType] = {name: name for name in get_args(FailureType)}


class Ticket(Struct, rename="camel", frozen=True):
    """A ticket that is locked or unlocked now, whether or not it was before."""

    token: str
    owner_id: str | None = None

    @property
    def asked_for(self) -> str:
        """By what it was asked for."""
        return self.token


class VerifiedTicket(Struct, rename="camel", frozen=True):
    """A ticket that this channel could lock or unlock at the moment of asking: a snapshot.

    The listing's members are this channel's own, else None. `barcode` is set if the ticket was
    asked for by that.
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
        """By what it was asked for: its barcode or its token."""
        return self.token if self.barcode is None else self.barcode


class Failure(Struct, rename="camel"):
    """A ticket with which nothing was done, and why in the document's words.

    `token` is None if it was asked for by barcode and no ticket is known. `owner_id` is None if the
    server does not tell it. `request_id`: of the request that it was in, for the support.
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
        """By what it was asked for: its barcode or its token."""
        return self.token if self.barcode is None else self.barcode


class ListedTicket(Struct, rename="camel", omit_defaults=True, frozen=True):
    """One ticket of a listing, and its price."""

    token: str
    individual_price: Decimal | None = None


class Seller(Struct, rename="camel", omit_defaults=True, frozen=True):
    """Who sells, where that is not the account's owner."""

    last_name: str
    first_name: str
    middle_name: str | None = None
    address: Mapping[str, Any] | None = None


Row = TypeVar("Row", bound=Ticket | VerifiedTicket)
"""What a ticket that succeeded looks like."""


class TracedTicket(Struct, rename="camel", frozen=True):
    """What became of a ticket then. `version`: of the ticket if it was changed, else None."""

    token: str
    outcome: str
    version: int | None = None


class TracedRequest(Struct, rename="camel", frozen=True):
    """A request as the journal has it. `refusal`: why it was refused as a whole, else None.

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


class Event(Struct, rename="camel", frozen=True):
    """One change of one ticket. Token and version name it; the higher version is the newer one.

    `by`: `channel` (this one) or `box_office`. `mpreserve`: whether it is set by this channel.
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


class EventPage(Struct, frozen=True):
    """Some events. `next`: what to go on from, to be kept. `more`: whether there are more now."""

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
    """The body of an answer about tickets."""

    success: list[Row] | UnsetType = UNSET
    failure: list[Failure] | UnsetType = UNSET
    error: ErrorMember | UnsetType = UNSET


class TokenBody(Struct, rename="camel", frozen=True):
    """The body of the token call's answer."""

    access_token: str
    refresh_token: str
    expiration: str

    def __repr__(self) -> str:
        return f"TokenBody(expiration={self.expiration!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expiration", self.expiration)]


class PlainErrorBody(Struct, frozen=True):
    """Why the token call said no."""

    error: str
