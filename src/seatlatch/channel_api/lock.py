"""The listing of a lock: from the request body to the data stored with each ticket.

Source: the contract's section on the lock call.
"""

from seatlatch.channel_api.schemas import LockRequest, Seller
from seatlatch.domain.label import UNREADABLE
from seatlatch.domain.listing import Listing
from seatlatch.http.body import decode_json, encode_json, misshapen
from seatlatch.http.refusals import MalformedRequest

SELLER_BYTES_MAX = 4_000
"""The maximum of a seller as compact JSON, which is stored with each ticket of the listing."""


def listings_of(body: LockRequest) -> dict[str, Listing]:
    """The listing to store, by token. Of a repeated token the first entry counts.

    Raises `InvalidRequest` or `MalformedRequest`, whose messages never quote the request: it may
    contain personal data.
    """
    listing = body.listing
    if body.seller is None and body.source != "MY_ACCOUNT":
        raise misshapen("Sources INDIVIDUAL and BROKER need a seller - at `$.seller`")
    listing_id = listing.external_listing_id
    if listing_id and not listing_id.isprintable() and UNREADABLE.search(listing_id):
        raise misshapen("A control character - at `$.listing.externalListingId`")
    seller = seller_text(body.seller) if body.seller is not None else None
    # Tickets of the same price share a listing, since one for each ticket takes longer.
    prices = {id(entry.individual_price): entry.individual_price for entry in listing.tokens}
    by_price = {
        key: Listing(body.source, listing_id, listing.total_price, price, seller)
        for key, price in prices.items()
    }
    listings: dict[str, Listing] = {}
    for entry in listing.tokens:
        if entry.token not in listings:
            listings[entry.token] = by_price[id(entry.individual_price)]
    return listings


def seller_text(seller: Seller) -> str:
    """A seller as compact JSON: the members that the contract names, as they were sent."""
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
    """Raise `InvalidRequest` if a number in the text is infinite, which JSON cannot express.

    A number with too large an exponent became infinite; or a string contains the word.
    """
    try:
        decode_json(text)
    except MalformedRequest:
        raise misshapen("A number that is too large - at `$.seller.address`") from None
