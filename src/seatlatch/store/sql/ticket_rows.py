"""Rows of tickets: the columns that statements return, and the tickets that they make."""

from decimal import Decimal

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.sql.executor import Row, optional_timestamp

TICKET = "token, organization_id, owner_id, voided, seat_status, mpreserve_channel, hold_expires_at"
WHOLE = f"""
{TICKET}, access_id, section, "row", seat, barcode,
listing_source, external_listing_id, total_price, individual_price, seller, hold_reason, revision
"""
READ_ALL = f"SELECT {WHOLE} FROM seatlatch.tickets"
READ_WHOLE = f"{READ_ALL} WHERE token = ANY (:tokens)"


def ticket_of(row: Row) -> Ticket:
    """The ticket of a row that begins with the columns `TICKET`."""
    token, organization_id, owner_id, voided, seat_status, mpreserve_channel, expires_at = row[:7]
    return Ticket(
        token,
        organization_id,
        owner_id,
        bool(voided),
        seat_status,
        mpreserve_channel,
        optional_timestamp(expires_at),
    )


def whole_ticket_of(row: Row) -> WholeTicket:
    """The whole ticket of a row with the columns `WHOLE`."""
    ticket = ticket_of(row)
    source, external_listing_id, total_price, individual_price, seller = row[12:17]
    listing = Listing(
        source, external_listing_id, _price(total_price), _price(individual_price), seller
    )
    record = TicketRecord(*row[:3], *row[7:12])
    return WholeTicket(ticket, record, listing if ticket.mpreserve else None, *row[17:19])


def _price(price: Decimal | str | None) -> Decimal | None:
    return None if price is None else Decimal(price)
