"""Reading inside a transaction: its SQL, and rows to values."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import apsw

from seatlatch.domain.listing import Listing
from seatlatch.domain.ticket import Ticket, TicketRecord, WholeTicket
from seatlatch.store.interface import Code, TokenFamily
from seatlatch.store.sqlite.errors import in_a_command
from seatlatch.store.sqlite.journal import SqliteJournal
from seatlatch.store.sqlite.moments import from_text, optional_moment, to_text, utc_now
from seatlatch.store.sqlite.opening import open_database
from seatlatch.store.sqlite.webhooks import SqliteWebhooks

READ_TICKET = """
SELECT token, organization_id, owner_id, voided, seat_status, mpreserve_channel, hold_expires_at
FROM tickets WHERE token = ?
"""
WHOLE = """
SELECT token, organization_id, owner_id, voided, seat_status, mpreserve_channel, hold_expires_at,
       access_id, section, "row", seat, barcode,
       listing_source, external_listing_id, total_price, individual_price, seller,
       hold_reason, revision
FROM tickets
"""
READ_WHOLE_TICKET = f"{WHOLE} WHERE token = ?"
FIND_BARCODE = f"{WHOLE} WHERE access_id = ? AND barcode = ? ORDER BY token"
PAGE_OF_EVENT = f"""
{WHOLE} WHERE organization_id = ?1 AND ifnull(access_id, '') = ?2 AND token > ?3
ORDER BY token LIMIT ?4
"""
PAGE_OF_LATER_EVENTS = f"""
{WHOLE} WHERE organization_id = ?1 AND ifnull(access_id, '') > ?2
ORDER BY ifnull(access_id, ''), token LIMIT ?3
"""
"""Two statements, for SQLite does not seek by a pair one of which is an expression: it would read
all that comes before the page, too."""
ORGANIZATION_EXISTS = "SELECT 1 FROM organizations WHERE organization_id = ?"
FIND_CODE = """
SELECT application_id, expires_at, family_hash FROM authorization_codes WHERE code_hash = ?
"""
FIND_FAMILY = """
SELECT application_id, refresh_hash, expires_at FROM token_families WHERE family_hash = ?
"""


@contextmanager
def reading(path: Path) -> Iterator["SqliteSnapshot"]:
    """A snapshot of an existing inventory, for a command. Raises `DatabaseProblem`."""
    connection = open_database(path, "inventory", to_write=False)
    try:
        with in_a_command(path):
            connection.execute("BEGIN")
            yield SqliteSnapshot(connection, utc_now())
    finally:
        connection.close()


class SqliteSnapshot(SqliteJournal, SqliteWebhooks):
    """The inside of a transaction, for reading. `now` is its moment, aware UTC.

    Nothing in it waits: its methods are awaited only because other engines' do.
    """

    def __init__(self, connection: apsw.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    async def moment(self) -> datetime:
        """The moment of this transaction."""
        return self.now

    @cached_property
    def _now(self) -> str:
        return to_text(self.now)

    async def read_tickets(self, tokens: Collection[str]) -> Mapping[str, Ticket]:
        """The tickets that exist among `tokens`."""
        rows = self._connection.executemany(READ_TICKET, [(token,) for token in tokens])
        return {row[0]: _ticket(row) for row in rows}

    async def read_whole_tickets(self, tokens: Collection[str]) -> Mapping[str, WholeTicket]:
        """The same with all that is known of them."""
        rows = self._connection.executemany(READ_WHOLE_TICKET, [(token,) for token in tokens])
        return {row[0]: _whole_ticket(row) for row in rows}

    async def find_barcodes(
        self, access_id: str, barcodes: Collection[str]
    ) -> Mapping[str, Sequence[WholeTicket]]:
        """By barcode the tickets that have it."""
        found: defaultdict[str, list[WholeTicket]] = defaultdict(list)
        bindings = [(access_id, barcode) for barcode in barcodes]
        for row in self._connection.executemany(FIND_BARCODE, bindings):
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
        if access_id is not None and access_id != first:
            if access_id < first:
                return []
            first, after_token = access_id, ""
        values = (organization_id, first, after_token, limit)
        rows = self._connection.execute(PAGE_OF_EVENT, values).fetchall()
        if access_id is None and len(rows) < limit:
            later = (organization_id, first, limit - len(rows))
            rows += self._connection.execute(PAGE_OF_LATER_EVENTS, later).fetchall()
        return [_whole_ticket(row) for row in rows]

    async def unknown_organizations(self, organization_ids: Collection[str]) -> frozenset[str]:
        """Those of `organization_ids` that don't exist."""
        return frozenset(
            organization_id
            for organization_id in organization_ids
            if not self._connection.execute(ORGANIZATION_EXISTS, (organization_id,)).fetchall()
        )

    async def find_code(self, code_hash: bytes) -> Code | None:
        """An authorization code."""
        for application_id, expires_at, family_hash in self._connection.execute(
            FIND_CODE, (code_hash,)
        ):
            return Code(application_id, from_text(expires_at), family_hash)
        return None

    async def find_family(self, family_hash: bytes) -> TokenFamily | None:
        """A family of tokens."""
        for application_id, refresh_hash, expires_at in self._connection.execute(
            FIND_FAMILY, (family_hash,)
        ):
            return TokenFamily(application_id, refresh_hash, from_text(expires_at))
        return None


def _ticket(row: tuple[Any, ...]) -> Ticket:
    token, organization_id, owner_id, voided, seat_status, mpreserve_channel, expires_at = row[:7]
    return Ticket(
        token,
        organization_id,
        owner_id,
        bool(voided),
        seat_status,
        mpreserve_channel,
        optional_moment(expires_at),
    )


def _whole_ticket(row: tuple[Any, ...]) -> WholeTicket:
    ticket = _ticket(row)
    access_id, section, in_row, seat, barcode = row[7:12]
    source, external_listing_id, total_price, individual_price, seller = row[12:17]
    hold_reason, revision = row[17:19]
    record = TicketRecord(
        *ticket[:3],
        access_id=access_id,
        section=section,
        row=in_row,
        seat=seat,
        barcode=barcode,
    )
    listing = Listing(
        source, external_listing_id, _price(total_price), _price(individual_price), seller
    )
    return WholeTicket(ticket, record, listing if ticket.mpreserve else None, hold_reason, revision)


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
