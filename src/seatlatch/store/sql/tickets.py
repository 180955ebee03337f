"""Reading tickets, and updating the details of those that exist.

See decision 139.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from seatlatch.domain.ticket import Ticket, WholeTicket
from seatlatch.store.finding import FoundPart, Place, Search
from seatlatch.store.sql.executor import Executor
from seatlatch.store.sql.finding import find, find_among
from seatlatch.store.sql.ticket_rows import READ_ALL, READ_WHOLE, TICKET, ticket_of, whole_ticket_of
from seatlatch.store.tickets import LockedPortion, LockedTickets, NewTicket

SEPARATOR = "\x1f"
"""Separates organizations and channels in a text; no id of an organization contains it."""

REMEMBERED_GRANTS = 256
"""The number of cached texts of channels' grants, in the form that statements take."""

READ = f"SELECT {TICKET} FROM seatlatch.tickets WHERE token = ANY (:tokens)"
LOCK_VERSIONS = """
SELECT token, revision FROM seatlatch.tickets WHERE token = ANY (:tokens)
ORDER BY token FOR NO KEY UPDATE
"""
FIND_BARCODES = f"""
{READ_ALL} WHERE barcode = ANY (:barcodes) AND coalesce(access_id, '') = :access_id
  AND access_id = :access_id
"""
"""The second condition is for the index, the third one leaves out tickets without an access id."""

TOKENS_OF_EARLIER_LISTING = """
SELECT token FROM seatlatch.earlier_listings
WHERE external_listing_id = :external_listing_id LIMIT :limit
"""
NOTE_LISTINGS = """
INSERT INTO seatlatch.earlier_listings (token, external_listing_id)
SELECT token, external_listing_id FROM seatlatch.tickets
WHERE token = ANY (:tokens) AND external_listing_id IS NOT NULL
ON CONFLICT (token) DO UPDATE SET external_listing_id = excluded.external_listing_id
"""
COUNT_LOCKED = """
SELECT CASE WHEN is_held OR mpreserve THEN organization_id END,
       CASE WHEN is_held THEN coalesce(access_id, '') END,
       CASE WHEN mpreserve THEN mpreserve_channel END,
       count(*), max(token)
FROM (SELECT token, organization_id, access_id, mpreserve, mpreserve_channel,
             seat_status = 'LOCK' AND hold_expires_at IS NULL AND NOT voided AS is_held
      FROM seatlatch.tickets WHERE token > :after_token ORDER BY token LIMIT :limit) AS portion
GROUP BY 1, 2, 3
"""
"""All tickets that are neither held without an end nor listed are one row."""

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
    """See `store.tickets.TicketReader`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def read(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`."""
        rows = await self._executor.fetch(READ, tokens=list(tokens))
        return {row[0]: ticket_of(row) for row in rows}

    async def read_whole(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with everything that is known about them."""
        rows = await self._executor.fetch(READ_WHOLE, tokens=list(tokens))
        return {row[0]: whole_ticket_of(row) for row in rows}

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """The tickets by barcode."""
        found: defaultdict[str, list[WholeTicket]] = defaultdict(list)
        rows = await self._executor.fetch(
            FIND_BARCODES, access_id=access_id, barcodes=list(barcodes)
        )
        for row in sorted(rows, key=lambda row: str(row[0])):
            whole = whole_ticket_of(row)
            found[str(whole.record.barcode)].append(whole)
        return found

    async def find(
        self, search: Search, place: Place | None, limit: int, most: int, at: datetime
    ) -> FoundPart:
        """Find tickets, in one part of a search."""
        return await find(self._executor, search, place, limit, most, at)

    async def find_among(
        self, search: Search, tokens: Collection[str], at: datetime
    ) -> Sequence[WholeTicket]:
        """The tickets of a search among `tokens`."""
        return await find_among(self._executor, search, tokens, at)

    async def tokens_of_earlier_listing(
        self, external_listing_id: str, limit: int
    ) -> Sequence[str]:
        """Tickets with a listing that the journal does not name."""
        rows = await self._executor.fetch(
            TOKENS_OF_EARLIER_LISTING, external_listing_id=external_listing_id, limit=limit
        )
        return [token for (token,) in rows]

    async def count_locked(self, after_token: str, limit: int) -> LockedPortion:
        """Count holds without an end and locks among some tickets."""
        rows = await self._executor.fetch(COUNT_LOCKED, after_token=after_token, limit=limit)
        return LockedPortion(
            [LockedTickets(*row[:-1]) for row in rows if row[0] is not None],
            sum(row[-2] for row in rows),
            max((row[-1] for row in rows), default=after_token),
        )


class SqlTickets(SqlTicketReader):
    """The shared part of a `store.tickets.TicketWriter`."""

    async def lock_versions(self, tokens: Collection[str]) -> Mapping[str, int]:
        """The versions of the tickets that exist, which stay as they are."""
        return dict(await self._executor.fetch(LOCK_VERSIONS, tokens=list(tokens)))

    async def note_listings(self, tokens: Collection[str]) -> None:
        """Note the listings that these tickets have."""
        await self._executor.execute(NOTE_LISTINGS, tokens=list(tokens))

    async def add(self, tickets: Iterable[NewTicket]) -> None:
        """Add tickets as they are."""
        rows = [
            {**ticket._asdict(), "mpreserve": ticket.mpreserve_channel is not None}
            for ticket in tickets
        ]
        await self._executor.fetch_each(ADD, rows)


def price_text(price: Decimal | None) -> str | None:
    """A price as text, without an exponent."""
    return None if price is None else format(price, "f")
