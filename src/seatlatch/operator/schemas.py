"""The bodies of the operator's calls as types. Members are written in the order of the fields.

Source: the contract's section on operator HTTP.
"""

from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from seatlatch.api.schemas import Moment
from seatlatch.domain.label import (
    LABEL_CHARACTERS_MAX,
    NOT_BLANK,
    TRIMMED,
    TRIMMED_OR_EMPTY,
    label_problem,
)
from seatlatch.domain.listing import Source
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.record import FIELD_CHARACTERS_MAX
from seatlatch.domain.ticket import SeatStatus

HOLD_SECONDS_MAX = 31_536_000
PAGE_TOKENS_MAX = 1_000
PAGE_TOKENS = 100
TOKENS_MAX = 1_000
"""Entries in one request that names tickets by their tokens, repeats included."""

Tokens = Annotated[list[str], Meta(min_length=1, extra_json_schema={"maxItems": TOKENS_MAX})]

Reason = Annotated[
    str, Meta(extra_json_schema={"maxLength": LABEL_CHARACTERS_MAX, "pattern": NOT_BLANK})
]
"""As `check_reason` checks it."""

Field = Annotated[
    str, Meta(extra_json_schema={"maxLength": FIELD_CHARACTERS_MAX, "pattern": TRIMMED_OR_EMPTY})
]
RequiredField = Annotated[
    str, Meta(extra_json_schema={"maxLength": FIELD_CHARACTERS_MAX, "pattern": TRIMMED})
]
"""As `domain.record.record_problem` checks them."""


class RecordBody(Struct, rename="camel"):
    """What the ticketing system says of one ticket. null or absent = it says nothing of that.

    In the order of `domain.ticket.TicketRecord`. Unknown members are ignored.
    """

    token: RequiredField
    organization_id: RequiredField
    owner_id: RequiredField
    access_id: Field | None = None
    section: Field | None = None
    row: Field | None = None
    seat: Field | None = None
    barcode: Field | None = None


class StatusRequest(Struct, rename="camel"):
    """Hold seats (`LOCK`, with a reason) or release them (`UNLOCK`)."""

    tokens: Tokens
    status: SeatStatus
    reason: Reason | None = None
    expires_in_seconds: Annotated[int, Meta(ge=1, le=HOLD_SECONDS_MAX)] | None = None

    def __post_init__(self) -> None:
        """What goes with which status."""
        check_reason(self.reason)
        if self.status == "LOCK" and self.reason is None:
            raise ValueError("Status LOCK needs a `reason`")
        if self.status == "UNLOCK" and self.expires_in_seconds is not None:
            raise ValueError("A release has no `expiresInSeconds`")


class VoidRequest(Struct):
    """Make tickets void. The reason, if one is given, is logged."""

    tokens: Tokens
    reason: Reason | None = None

    def __post_init__(self) -> None:
        """What a reason may be."""
        check_reason(self.reason)


class OverrideRequest(Struct):
    """Clear mpreserve, whichever channel set it. The reason is logged."""

    tokens: Tokens
    reason: Reason

    def __post_init__(self) -> None:
        """What a reason may be."""
        check_reason(self.reason)


def check_reason(reason: str | None) -> None:
    """Raise `ValueError` if what was given as a reason can't be kept."""
    problem = None if reason is None else label_problem(reason)
    if problem is not None:
        raise ValueError(f"The `reason` {problem}")


class ListingQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """Which tickets are listed. An empty `access_id` = those that have none.

    An unknown parameter is refused: a typo must not silently widen a listing.
    """

    organization_id: str
    access_id: str | UnsetType = UNSET
    after: str | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=PAGE_TOKENS_MAX)] = PAGE_TOKENS


class PutTicket(Struct, rename="camel"):
    """A ticket whose record is kept. `outcome`: `added`, `updated` or `unchanged`."""

    token: str
    owner_id: str | None
    outcome: Outcome


class TicketWithStatus(Struct, rename="camel"):
    """A ticket whose seat status is now what it was asked to be."""

    token: str
    owner_id: str | None
    status: SeatStatus


class ShownHold(Struct, rename="camel"):
    """Why the seat status is `LOCK`, and when that ends by itself; null = not before a release."""

    reason: str | None
    expires_at: Moment | None


class ShownListing(Struct, rename="camel"):
    """What the marketplace told of its listing. `seller` is a JSON object with personal data."""

    source: Source | None
    external_listing_id: str | None
    total_price: Decimal | None
    individual_price: Decimal | None
    seller: Annotated[Raw, Meta(extra_json_schema={"type": "object"})] | None


class ShownTicket(Struct, rename="camel"):
    """All that is known of a ticket."""

    token: str
    organization_id: str
    owner_id: str
    access_id: str | None
    section: str | None
    row: str | None
    seat: str | None
    barcode: str | None
    voided: bool
    status: SeatStatus
    hold: ShownHold | None
    mpreserve: bool
    channel: str | None
    listing: ShownListing | None
    revision: int


class Page(Struct):
    """Some of an organization's tickets. `next`: what to send as `after`; null = that was all."""

    tickets: list[ShownTicket]
    next: str | None
