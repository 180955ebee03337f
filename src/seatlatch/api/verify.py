"""What a verify asks for, and the rows of its answer.

Source: the contract's section on the verify call.
"""

from seatlatch.api.answers import failed_ticket
from seatlatch.api.body import check_count, misshapen
from seatlatch.api.schemas import AskedTickets, FailedTicket, VerifiedTicket
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.operations.verify_tickets import Verified, verify_barcodes, verify_tokens
from seatlatch.store.interface import Store

_NO_LISTING = Listing()


async def verify(store: Store, channel: Channel, asked: AskedTickets) -> list[Verified]:
    """What a channel may see of the tickets that it asks for, in their order.

    With tokens an accessId means nothing, as an unknown member. Raises `InvalidRequest` or
    `Unavailable`.
    """
    if asked.tokens is not None and asked.barcodes is not None:
        raise misshapen("Tokens and barcodes exclude each other - at `$.tickets`")
    if asked.tokens is not None:
        check_count(asked.tokens)
        return await verify_tokens(store, channel, asked.tokens)
    if asked.barcodes is None:
        raise misshapen("Object missing tokens, or barcodes with accessId - at `$.tickets`")
    if asked.access_id is None:
        raise misshapen("Barcodes need an accessId - at `$.tickets`")
    check_count(asked.barcodes)
    return await verify_barcodes(store, channel, asked.access_id, asked.barcodes)


def verified_token(verified: Verified) -> VerifiedTicket:
    """One entry of `success`, for a token."""
    whole = verified.ticket
    if whole is None:
        raise AssertionError("what is verified has its ticket")
    ticket, record = whole.ticket, whole.record
    listing = verified.listing or _NO_LISTING
    return VerifiedTicket(
        token=ticket.token,
        owner_id=ticket.owner_id,
        access_id=record.access_id,
        section=record.section,
        row=record.row,
        seat=record.seat,
        status="UNLOCK",  # of one that is held nothing is verified
        mpreserve=ticket.mpreserve,
        external_listing_id=listing.external_listing_id,
        total_price=listing.total_price,
        individual_price=listing.individual_price,
        source=listing.source,
    )


def verified_barcode(verified: Verified) -> VerifiedTicket:
    """The same for a barcode, which is told at the end."""
    row = verified_token(verified)
    row.barcode = verified.asked
    return row


def failed_barcode(verified: Verified) -> FailedTicket:
    """One entry of `failure`, for a barcode. Without it nobody could tell which one failed."""
    row = failed_ticket(verified)
    row.barcode = verified.asked
    return row
