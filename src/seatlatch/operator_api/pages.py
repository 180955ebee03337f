"""Pages of tickets: the page that a query asks for, and the cursor of the next one.

See decision 48.
"""

from typing import NamedTuple

from msgspec import UNSET

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.http.query import from_cursor, to_cursor
from seatlatch.operator_api.schemas import ListingQuery, Page
from seatlatch.operator_api.ticket_rows import shown_ticket
from seatlatch.store.interface import Snapshot


class Position(NamedTuple):
    """The sort key of tickets. A page follows a position. `access_id`: empty = none."""

    access_id: str
    token: str


async def read_page(snapshot: Snapshot, query: ListingQuery) -> Page:
    """The tickets of a page, in order of access id and token. Raises `InvalidRequest`.

    A ticket that keeps its position is listed once, even if others are added between pages.
    """
    access_id = None if query.access_id is UNSET else query.access_id
    after = None if query.after is UNSET else from_cursor(str(query.after), Position)
    if after and access_id not in (None, after[0]):
        raise InvalidRequest("`after` belongs to a page with another accessId. Start without it.")
    found = await snapshot.tickets.page(query.organization_id, access_id, after, query.limit + 1)
    if not found and await snapshot.access.unknown_organizations([query.organization_id]):
        raise InvalidRequest("There is no organization with this organizationId.")
    shown = found[: query.limit]
    now = await snapshot.now()
    tickets = [shown_ticket(whole, now) for whole in shown]
    return Page(tickets, cursor_after(shown[-1].record) if len(found) > len(shown) else None)


def cursor_after(record: TicketRecord) -> str:
    """The position of a ticket as an opaque text."""
    return to_cursor(Position(record.access_id or "", record.token))
