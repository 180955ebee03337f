"""The three calls about tickets, each as a form: how its body is put, and how its answer is read.

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
"""So many tickets go in one request. Source: the contract's section 1."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode(body: object) -> bytes:
    """A body as JSON. Raises `InvalidArgument` for what JSON cannot hold."""
    try:
        return _encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidArgument("an argument", f"cannot be sent as JSON: {error}") from error


@dataclass(frozen=True)
class Form(Generic[Row]):
    """A call about tickets. `body` of the items that one request asks for; `key`: an item's token
    or barcode.
    """

    method: str
    path: str
    body: Callable[[Sequence[Any]], bytes]
    read: Callable[[WholeResponse], Body[Row]]
    key: Callable[[Any], str]


def itself(item: Any) -> str:
    """The key of what is asked for by token or barcode alone.

    Raises `InvalidArgumentType` for what is no text, and `UnicodeEncodeError` for what cannot be
    sent as such.
    """
    if not isinstance(item, str):
        raise wrong_type("a token or barcode", "a str", item)
    if not item.isascii():
        item.encode()
    return item


def token_of(item: Any) -> str:
    """The key of a ticket that is to be locked."""
    if isinstance(item, ListedTicket):
        check_price("individual_price", item.individual_price)
        return itself(item.token)
    return itself(item)


def check_price(argument: str, price: object) -> None:
    """Raise an `InvalidArgument` for a price that is not exact or no number."""
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
    """Verify by barcode, within an event."""
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
    """Lock for a listing of which this is said."""
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
