"""What a lock asks for: from its body to the listing that is kept with each ticket.

Source: the contract's section on the lock call.
"""

from seatlatch.api.body import decode_json, encode_json, misshapen
from seatlatch.api.refusals import MalformedRequest
from seatlatch.api.schemas import LockRequest, Seller
from seatlatch.domain.label import UNREADABLE
from seatlatch.domain.listing import Listing

SELLER_BYTES_MAX = 4_000
"""Of a seller as compact JSON. It is kept with each ticket of the listing."""


def listings_of(body: LockRequest) -> dict[str, Listing]:
    """By token what is to be kept of the listing. Of a token that is repeated the first entry
    counts, where it first stood.

    Raises `InvalidRequest` or `MalformedRequest`, whose messages never repeat what was sent: it
    may be personal data.
    """
    listing = body.listing
    if body.seller is None and body.source != "MY_ACCOUNT":
        raise misshapen("Sources INDIVIDUAL and BROKER need a seller - at `$.seller`")
    listing_id = listing.external_listing_id
    if listing_id and not listing_id.isprintable() and UNREADABLE.search(listing_id):
        raise misshapen("A control character - at `$.listing.externalListingId`")
    seller = seller_text(body.seller) if body.seller is not None else None
    listings: dict[str, Listing] = {}
    for entry in listing.tokens:
        if entry.token not in listings:
            listings[entry.token] = Listing(
                body.source, listing_id, listing.total_price, entry.individual_price, seller
            )
    return listings


def seller_text(seller: Seller) -> str:
    """A seller as compact JSON: the members that the contract names, as they came."""
    try:
        text = encode_json(seller)
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.") from None
    if len(text) > SELLER_BYTES_MAX:
        raise misshapen(f"More than {SELLER_BYTES_MAX} bytes of JSON - at `$.seller`")
    if b"Infinity" in text:
        _require_json(text)
    return text.decode()


def _require_json(text: bytes) -> None:
    """A number with an exponent beyond all bounds became an infinity, for which JSON has no word.

    That or a string with this word in it.
    """
    try:
        decode_json(text)
    except MalformedRequest:
        raise misshapen("A number beyond all bounds - at `$.seller.address`") from None
