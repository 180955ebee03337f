"""Reading tickets, and updating the details of those that exist.

See decision 139.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.interface import NewTicket
from seatlatch.store.sql.executor import Executor, Row, optional_timestamp

SEPARATOR = "\x1f"
"""Separates organizations and channels in a text; no id of an organization contains it."""

REMEMBERED_GRANTS = 256
"""The number of cached texts of channels' grants, in the form that statements take."""

TICKET = "token, organization_id, owner_id, voided, seat_status, mpreserve_channel, hold_expires_at"
WHOLE = f"""
SELECT {TICKET}, access_id, section, "row", seat, barcode,
       listing_source, external_listing_id, total_price, individual_price, seller,
       hold_reason, revision
FROM seatlatch.tickets
"""
READ = f"SELECT {TICKET} FROM seatlatch.tickets WHERE token = ANY (:tokens)"
READ_WHOLE = f"{WHOLE} WHERE token = ANY (:tokens)"
FIND_BARCODES = f"{WHOLE} WHERE access_id = :access_id AND barcode = ANY (:barcodes)"
PAGE_OF_EVENT = f"""
{WHOLE} WHERE organization_id = :organization_id AND coalesce(access_id, '') = :access_id
  AND token > :after_token
ORDER BY token LIMIT :limit
"""
PAGE_OF_LATER_EVENTS = f"""
{WHOLE} WHERE organization_id = :organization_id AND coalesce(access_id, '') > :access_id
ORDER BY coalesce(access_id, ''), token LIMIT :limit
"""
"""Two statements, because SQLite cannot seek by a pair that contains an expression: it would also
read every row before the page.
"""

RECORD = 'token, organization_id, owner_id, access_id, section, "row", seat, barcode'
UPDATE_EXISTING = """
ON CONFLICT (token) DO UPDATE SET
  owner_id  = excluded.owner_id,
  access_id = coalesce(excluded.access_id, t.access_id),
  section   = coalesce(excluded.section, t.section),
  "row"     = coalesce(excluded."row", t."row"),
  seat      = coalesce(excluded.seat, t.seat),
  barcode   = coalesce(excluded.barcode, t.barcode),
  revision  = t.revision + 1
WHERE t.organization_id = excluded.organization_id
  AND (t.owner_id, t.access_id, t.section, t."row", t.seat, t.barcode) IS DISTINCT FROM (
    excluded.owner_id, coalesce(excluded.access_id, t.access_id),
    coalesce(excluded.section, t.section), coalesce(excluded."row", t."row"),
    coalesce(excluded.seat, t.seat), coalesce(excluded.barcode, t.barcode))
RETURNING token, revision = 1
"""
"""The end of a statement that inserts tickets, for a request or an import: it updates existing
tickets that differ.
"""


ADD = """
INSERT INTO seatlatch.tickets (token, organization_id, owner_id, access_id, section, "row", seat,
                               voided, seat_status, mpreserve, mpreserve_channel, barcode)
VALUES (:token, :organization_id, :owner_id, :access_id, :section, :row, :seat, :voided,
        :seat_status, :mpreserve, :mpreserve_channel, :barcode)
RETURNING token
"""


class SqlTicketReader:
    """See `store.interface.TicketReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def read(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`."""
        rows = await self._executor.fetch(READ, tokens=list(tokens))
        return {row[0]: _ticket(row) for row in rows}

    async def read_whole(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with everything that is known about them."""
        rows = await self._executor.fetch(READ_WHOLE, tokens=list(tokens))
        return {row[0]: _whole_ticket(row) for row in rows}

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """The tickets by barcode."""
        found: defaultdict[str, list[WholeTicket]] = defaultdict(list)
        rows = await self._executor.fetch(
            FIND_BARCODES, access_id=access_id, barcodes=list(barcodes)
        )
        for row in sorted(rows, key=lambda row: str(row[0])):
            whole = _whole_ticket(row)
            found[str(whole.record.barcode)].append(whole)
        return found

    async def page(
        self,
        organization_id: str,
        access_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[WholeTicket]:
        """An organization's tickets in order of access id and token."""
        first, after_token = after or ("", "")
        if access_id is not None and access_id != first:
            if access_id < first:
                return []
            first, after_token = access_id, ""
        place = {"organization_id": organization_id, "access_id": first}
        rows = await self._executor.fetch(
            PAGE_OF_EVENT, **place, after_token=after_token, limit=limit
        )
        if access_id is None and len(rows) < limit:
            rest = limit - len(rows)
            rows += await self._executor.fetch(PAGE_OF_LATER_EVENTS, **place, limit=rest)
        return [_whole_ticket(row) for row in rows]


class SqlTickets(SqlTicketReader):
    """The shared part of a `store.interface.TicketWriter`."""

    async def add(self, tickets: Iterable[NewTicket]) -> None:
        """Add tickets as they are."""
        rows = [
            {**ticket._asdict(), "mpreserve": ticket.mpreserve_channel is not None}
            for ticket in tickets
        ]
        await self._executor.fetch_each(ADD, rows)


def _ticket(row: Row) -> Ticket:
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


def _whole_ticket(row: Row) -> WholeTicket:
    ticket = _ticket(row)
    source, external_listing_id, total_price, individual_price, seller = row[12:17]
    listing = Listing(
        source, external_listing_id, _price(total_price), _price(individual_price), seller
    )
    record = TicketRecord(*row[:3], *row[7:12])
    return WholeTicket(ticket, record, listing if ticket.mpreserve else None, *row[17:19])


def price_text(price: Decimal | None) -> str | None:
    """A price as text, without an exponent."""
    return None if price is None else format(price, "f")


def _price(price: Decimal | str | None) -> Decimal | None:
    return None if price is None else Decimal(price)
