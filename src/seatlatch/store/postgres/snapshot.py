"""Reading inside a transaction: its SQL, and rows to values."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.interface import Code, TokenFamily
from seatlatch.store.postgres.arrays import array, is_storable
from seatlatch.store.postgres.journal import PostgresJournal
from seatlatch.store.postgres.reading import utc
from seatlatch.store.postgres.webhooks import PostgresWebhooks

TICKET = "token, organization_id, owner_id, voided, seat_status, mpreserve_channel, hold_expires_at"
WHOLE = f"""
SELECT {TICKET}, access_id, section, "row", seat, barcode,
       listing_source, external_listing_id, total_price, individual_price, seller,
       hold_reason, revision
FROM seatlatch.tickets
"""
READ_TICKETS = f"SELECT {TICKET} FROM seatlatch.tickets WHERE token = ANY (%s::text[])"
READ_WHOLE_TICKETS = f"{WHOLE} WHERE token = ANY (%s::text[])"
FIND_IN_USE = """
WITH free AS MATERIALIZED (
  SELECT token FROM seatlatch.tickets WHERE token = ANY (%s::text[])
  FOR NO KEY UPDATE SKIP LOCKED)
SELECT token FROM seatlatch.tickets WHERE token = ANY (%s::text[]) EXCEPT SELECT token FROM free
"""
FIND_BARCODES = f"{WHOLE} WHERE access_id = %s AND barcode = ANY (%s::text[]) ORDER BY token"
PAGE = f"""
{WHOLE} WHERE organization_id = %s AND (coalesce(access_id, ''), token) > (%s, %s)
ORDER BY coalesce(access_id, ''), token LIMIT %s
"""
PAGE_OF_EVENT = f"""
{WHOLE} WHERE organization_id = %s AND coalesce(access_id, '') = %s AND token > %s
ORDER BY token LIMIT %s
"""
KNOWN_ORGANIZATIONS = """
SELECT organization_id FROM seatlatch.organizations WHERE organization_id = ANY (%s::text[])
"""
FIND_CODE = """
SELECT application_id, expires_at, family_hash
FROM seatlatch.authorization_codes WHERE code_hash = %s
"""
FIND_FAMILY = """
SELECT application_id, refresh_hash, expires_at
FROM seatlatch.token_families WHERE family_hash = %s
"""

Row = tuple[Any, ...]


class PostgresSnapshot(PostgresJournal, PostgresWebhooks):
    """The inside of a transaction, for reading."""

    find_code_sql = FIND_CODE
    find_family_sql = FIND_FAMILY

    async def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`."""
        rows = await self._rows(READ_TICKETS, (_asked(tokens),))
        return {row[0]: _ticket(row) for row in rows}

    async def tokens_in_use(self, tokens: Collection[str]) -> Collection[str]:
        """Those whose tickets another transaction holds. The transaction must be one that may
        write: it locks the others.
        """
        rows = await self._rows(FIND_IN_USE, (_asked(tokens), _asked(tokens)))
        return [row[0] for row in rows]

    async def read_whole_tickets(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with all that is known of them."""
        rows = await self._rows(READ_WHOLE_TICKETS, (_asked(tokens),))
        return {row[0]: _whole_ticket(row) for row in rows}

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """By barcode the tickets that have it."""
        found: defaultdict[str, list[WholeTicket]] = defaultdict(list)
        if is_storable(access_id):
            for row in await self._rows(FIND_BARCODES, (access_id, _asked(barcodes))):
                whole = _whole_ticket(row)
                found[str(whole.record.barcode)].append(whole)
        return found

    async def page_of_tickets(
        self,
        organization_id: str,
        access_id: str | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[WholeTicket]:
        """An organization's tickets in order of access id and token."""
        first, after_token = after or ("", "")
        if not is_storable(f"{organization_id}{access_id}{first}{after_token}"):
            return []
        if access_id is None:
            rows = await self._rows(PAGE, (organization_id, first, after_token, limit))
        elif access_id < first:
            rows = []
        else:
            after_token = after_token if access_id == first else ""
            values = (organization_id, access_id, after_token, limit)
            rows = await self._rows(PAGE_OF_EVENT, values)
        return [_whole_ticket(row) for row in rows]

    async def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """Those of `organization_ids` that don't exist."""
        rows = await self._rows(KNOWN_ORGANIZATIONS, (_asked(organization_ids),))
        return frozenset(organization_ids) - {row[0] for row in rows}

    async def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code."""
        for application_id, expires_at, family_hash in await self._rows(
            self.find_code_sql, (code_hash,)
        ):
            return Code(application_id, utc(expires_at), family_hash)
        return None

    async def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens."""
        for application_id, refresh_hash, expires_at in await self._rows(
            self.find_family_sql, (family_hash,)
        ):
            return TokenFamily(application_id, refresh_hash, utc(expires_at))
        return None


def _ticket(row: Row) -> Ticket:
    return Ticket._make((*row[:6], optional_utc(row[6])))


def _whole_ticket(row: Row) -> WholeTicket:
    ticket = _ticket(row)
    record = TicketRecord(*ticket[:3], *row[7:12])
    listing = Listing(*row[12:17]) if ticket.mpreserve else None
    return WholeTicket(ticket, record, listing, *row[17:19])


def _asked(values: Collection[str]) -> str:
    return array([value for value in values if is_storable(value)]).decode()


def optional_utc(moment: datetime | None) -> datetime | None:
    """The same, where there may be none."""
    return None if moment is None else utc(moment)
