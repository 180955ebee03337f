"""The three calls about tickets, each with the encoder of its body and the reader of its response.

Source: the contract's sections 1, 4 and 5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic

import msgspec

from .answers import read_tickets
from .arguments import wrong_type
from .errors import InvalidArgument
from .models import Body, ListedTicket, Row, Seller, Source, Ticket, VerifiedTicket
from .responses import WholeResponse

BATCH_TOKENS_MAX = 100
"""The most tickets in one request. Source: the contract's section 1."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode(body: object) -> bytes:
    """Encode a body as JSON. Raises `InvalidArgument` for a value that JSON cannot represent."""
    try:
        return _encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidArgument("an argument", f"cannot be sent as JSON: {error}") from error


@dataclass(frozen=True)
class Form(Generic[Row]):
    """A call about tickets.

    `body` encodes the items of one request. `read` reads its response. `key` is an item's token or
    barcode.
    """

    method: str
    path: str
    body: Callable[[Sequence[Any]], bytes]
    read: Callable[[WholeResponse], Body[Row]]
    key: Callable[[Any], str]


def itself(item: Any) -> str:
    """The key of a token or barcode: itself.

    Raises `InvalidArgumentType` for a value that is not text, and `UnicodeEncodeError` for text
    that UTF-8 cannot encode.
    """
    if not isinstance(item, str):
        raise wrong_type("a token or barcode", "a str", item)
    if not item.isascii():
        item.encode()
    return item


def token_of(item: Any) -> str:
    """The key of a ticket to lock."""
    if isinstance(item, ListedTicket):
        check_price("individual_price", item.individual_price)
        return itself(item.token)
    return itself(item)


def check_price(argument: str, price: object) -> None:
    """Raise an `InvalidArgument` for a price that is not an exact number."""
    if price is not None and not isinstance(price, Decimal):
        raise wrong_type(argument, "a Decimal, which is exact", price)
    if price is not None and not price.is_finite():
        raise InvalidArgument(argument, f"must be a number, not {price}")


_read_tickets = read_tickets(Ticket)
_read_verified = read_tickets(VerifiedTicket)

UNLOCK: Form[Ticket] = Form(
    "PUT",
    "/v1/tickets/unlock",
    lambda tokens: encode({"tokens": tokens}),
    _read_tickets,
    itself,
)

VERIFY: Form[VerifiedTicket] = Form(
    "POST",
    "/v1/tickets/verify",
    lambda tokens: encode({"tickets": {"tokens": tokens}}),
    _read_verified,
    itself,
)


def verify_barcodes(access_id: str) -> Form[VerifiedTicket]:
    """The call that verifies by barcode, within an event."""
    return Form(
        "POST",
        "/v1/tickets/verify",
        lambda barcodes: encode({"tickets": {"barcodes": barcodes, "accessId": access_id}}),
        _read_verified,
        itself,
    )


def lock(
    source: Source,
    external_listing_id: str | None,
    total_price: Decimal | None,
    seller: Seller | None,
) -> Form[Ticket]:
    """The call that locks tickets for a listing."""
    check_price("total_price", total_price)
    listing: dict[str, object] = {}
    if external_listing_id is not None:
        listing["externalListingId"] = external_listing_id
    if total_price is not None:
        listing["totalPrice"] = total_price
    whole: dict[str, object] = {"source": source}
    if seller is not None:
        whole["seller"] = seller

    def body(items: Sequence[str | ListedTicket]) -> bytes:
        tokens = [ListedTicket(item) if isinstance(item, str) else item for item in items]
        return encode({**whole, "listing": {**listing, "tokens": tokens}})

    return Form("PUT", "/v1/tickets/lock", body, _read_tickets, token_of)
