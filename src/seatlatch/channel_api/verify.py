"""Verify: from the request body to the use case, and from its results to response entries.

Source: the contract's section on the verify call.

See decisions 33, 34 and 35.
"""

from seatlatch.channel_api.schemas import TOKENS_MAX, AskedTickets, VerifiedTicket
from seatlatch.domain.channel import Channel
from seatlatch.domain.listing import Listing
from seatlatch.http.body import check_count, misshapen
from seatlatch.operations.verify_tickets import Verified, verify_barcodes, verify_tokens
from seatlatch.presentation.schemas import FailedTicket
from seatlatch.presentation.ticket_results import failed_ticket
from seatlatch.store.interface import Store

_NO_LISTING = Listing()


async def verify(store: Store, channel: Channel, asked: AskedTickets) -> list[Verified]:
    """The tickets as the channel may see them, in the order of the request.

    An accessId beside tokens is ignored like an unknown member. Raises `InvalidRequest` or
    `Unavailable`.
    """
    if asked.tokens is not None and asked.barcodes is not None:
        raise misshapen("Tokens and barcodes exclude each other - at `$.tickets`")
    if asked.tokens is not None:
        check_count(asked.tokens, TOKENS_MAX)
        return await verify_tokens(store, channel, asked.tokens)
    if asked.barcodes is None:
        raise misshapen("Object missing tokens, or barcodes with accessId - at `$.tickets`")
    if asked.access_id is None:
        raise misshapen("Barcodes need an accessId - at `$.tickets`")
    check_count(asked.barcodes, TOKENS_MAX)
    return await verify_barcodes(store, channel, asked.access_id, asked.barcodes)


def verified_token(verified: Verified) -> VerifiedTicket:
    """The entry in `success` for a token."""
    whole = verified.ticket
    if whole is None:
        raise AssertionError("a verified token has its ticket")
    ticket, record = whole.ticket, whole.record
    listing = verified.listing or _NO_LISTING
    return VerifiedTicket(
        token=ticket.token,
        owner_id=ticket.owner_id,
        access_id=record.access_id,
        section=record.section,
        row=record.row,
        seat=record.seat,
        status="UNLOCK",  # a held ticket is never verified
        mpreserve=ticket.mpreserve,
        external_listing_id=listing.external_listing_id,
        total_price=listing.total_price,
        individual_price=listing.individual_price,
        source=listing.source,
    )


def verified_barcode(verified: Verified) -> VerifiedTicket:
    """The entry in `success` for a barcode, with the barcode as its last member."""
    row = verified_token(verified)
    row.barcode = verified.asked
    return row


def failed_barcode(verified: Verified) -> FailedTicket:
    """The entry in `failure` for a barcode, which names the one that failed."""
    row = failed_ticket(verified)
    row.barcode = verified.asked
    return row
