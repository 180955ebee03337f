"""The bodies of `/v1` calls as types. Members are written in the order of the fields.

An optional member may also be null. Unknown members are ignored. `extra_json_schema` adds rules to
the OpenAPI document that a type itself does not check.

Source: the contract's sections on the four calls.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from seatlatch.domain.label import READABLE
from seatlatch.domain.listing import Source
from seatlatch.domain.price import Price
from seatlatch.domain.record import FIELD_CHARACTERS_MAX
from seatlatch.domain.ticket import SeatStatus
from seatlatch.operations.exchange_tokens import GrantType
from seatlatch.secrecy import hides

TOKENS_MAX = 100
"""Entries in one request, repeats included."""

AT_MOST_TOKENS_MAX = {"maxItems": TOKENS_MAX}
"""`http.body.check_count` checks the count, after the shape."""

Tokens = Annotated[list[str], Meta(min_length=1, extra_json_schema=AT_MOST_TOKENS_MAX)]
Line = Annotated[str, Meta(max_length=FIELD_CHARACTERS_MAX)]
ListingId = Annotated[
    str, Meta(max_length=FIELD_CHARACTERS_MAX, extra_json_schema={"pattern": READABLE})
]
Name = Annotated[str, Meta(min_length=1, max_length=FIELD_CHARACTERS_MAX)]


class UnlockRequest(Struct, rename="camel"):
    """`{"tokens": ["98973476444", ...]}`."""

    tokens: Tokens


class Seller(Struct, rename="camel", omit_defaults=True):
    """The seller. Personal data: stored as it is, and never sent to a channel or logged."""

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
    """`{"grantType": "authorization_code", "code": ...}`, or the same with a refresh token.

    All members are plain strings: an error must not quote one, because it may be a secret.
    """

    grant_type: Annotated[str, Meta(extra_json_schema={"enum": list(GrantType)})]
    code: str | None = None
    refresh_token: str | None = None


@hides("access_token", "refresh_token")
class TokenPair(Struct, rename="camel"):
    """A pair of tokens. `expiration`: of the access token, UTC with nine decimals."""

    access_token: str
    expiration: str
    refresh_token: str
    token_type: Literal["Bearer"]


class VerifiedTicket(Struct, rename="camel"):
    """A ticket that could be locked or unlocked now. The last four are the channel's own listing,
    else null. `barcode` is present if the request named barcodes.
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
