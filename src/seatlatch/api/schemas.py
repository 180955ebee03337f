"""The bodies of the contract as types. Members are written in the order of the fields.

A member that may be left out may be null as well. Unknown members are ignored. What a type itself
does not check is told to the OpenAPI document beside it, by `extra_json_schema`.
Source: the contract's sections on the four calls, per-token outcome and HTTP status.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.label import READABLE
from seatlatch.domain.listing import Source
from seatlatch.domain.price import Price
from seatlatch.domain.record import FIELD_CHARACTERS_MAX
from seatlatch.domain.ticket import SeatStatus
from seatlatch.operations.exchange_tokens import GrantType
from seatlatch.secrecy import hides

Row = TypeVar("Row")
"""What a ticket that succeeded looks like."""

TOKENS_MAX = 100
"""Entries in one request, repeats included."""

AT_MOST_TOKENS_MAX = {"maxItems": TOKENS_MAX}
"""`api.body.check_count` holds it, after the shape."""

Tokens = Annotated[list[str], Meta(min_length=1, extra_json_schema=AT_MOST_TOKENS_MAX)]
Moment = Annotated[datetime, Meta(tz=True)]
Line = Annotated[str, Meta(max_length=FIELD_CHARACTERS_MAX)]
ListingId = Annotated[
    str, Meta(max_length=FIELD_CHARACTERS_MAX, extra_json_schema={"pattern": READABLE})
]
Name = Annotated[str, Meta(min_length=1, max_length=FIELD_CHARACTERS_MAX)]


class UnlockRequest(Struct, rename="camel"):
    """`{"tokens": ["98973476444", ...]}`."""

    tokens: Tokens


class Seller(Struct, rename="camel", omit_defaults=True):
    """Who sells. Personal data: to be kept as it is, and never to be told or logged."""

    last_name: Name
    first_name: Name
    middle_name: Line | None = None
    address: dict[str, Any] | None = None


class ListedTicket(Struct, rename="camel"):
    """One ticket of a listing, and its price."""

    token: str
    individual_price: Price | None = None


class ListedTickets(Struct, rename="camel"):
    """The listing: its id at the marketplace, the price of the whole, and its tickets."""

    tokens: Annotated[list[ListedTicket], Meta(min_length=1, extra_json_schema=AT_MOST_TOKENS_MAX)]
    external_listing_id: ListingId | None = None
    total_price: Price | None = None


class LockRequest(Struct, rename="camel"):
    """`{"source": ..., "listing": {...}, "seller": {...}}`."""

    source: Source
    listing: ListedTickets
    seller: Seller | None = None


class AskedTickets(Struct, rename="camel"):
    """Either `tokens`, or `barcodes` within `accessId`."""

    tokens: Tokens | None = None
    barcodes: Tokens | None = None
    access_id: str | None = None


class VerifyRequest(Struct, rename="camel"):
    """`{"tickets": {"tokens": [...]}}`."""

    tickets: AskedTickets


@hides("code", "refresh_token")
class TokenRequest(Struct, rename="camel"):
    """`{"grantType": "authorization_code", "code": ...}`, or a refresh token likewise.

    Plain strings: what is wrong with one must be told without repeating it, it may be a secret.
    """

    grant_type: Annotated[str, Meta(extra_json_schema={"enum": list(GrantType)})]
    code: str | None = None
    refresh_token: str | None = None


@hides("access_token", "refresh_token")
class TokenAnswer(Struct, rename="camel"):
    """A pair of tokens. `expiration`: of the access token, UTC with nine decimals."""

    access_token: str
    expiration: str
    refresh_token: str
    token_type: Literal["Bearer"]


class PlainError(Struct):
    """Why a request for tokens failed: `{"error": "<text>"}`."""

    error: str


class ErrorBody(Struct, rename="camel"):
    """Why a request, or all of its tokens, failed."""

    type: str
    app_error_code: str
    developer_message: str


class SucceededTicket(Struct, rename="camel"):
    """A ticket that is locked or unlocked now, whether or not it was before."""

    token: str
    owner_id: str | None


class VerifiedTicket(Struct, rename="camel"):
    """A ticket that could be locked or unlocked now. The last four are the channel's own listing,
    else null. `barcode` is there if it was asked for by that.
    """

    token: str
    owner_id: str
    access_id: str | None
    section: str | None
    row: str | None
    seat: str | None
    status: SeatStatus
    mpreserve: bool
    external_listing_id: str | None
    total_price: Decimal | None
    individual_price: Decimal | None
    source: Source | None
    barcode: str | UnsetType = UNSET


class FailedTicket(Struct, rename="camel", omit_defaults=True):
    """A ticket with which nothing was done. `owner_id` is absent if the token is unknown.

    `barcode` is there if it was asked for by that; `token` is then null if no ticket is known.
    """

    token: str | None
    status: SeatStatus | None
    app_error_code: str
    developer_message: str
    type: str
    owner_id: str | UnsetType = UNSET
    barcode: str | UnsetType = UNSET


class Answer(Struct, Generic[Row], rename="camel", omit_defaults=True):
    """The body of every answer: `error` if nothing was done, else `success`; `failure` if any."""

    error: ErrorBody | UnsetType = UNSET
    success: list[Row] | UnsetType = UNSET
    failure: list[FailedTicket] | UnsetType = UNSET
