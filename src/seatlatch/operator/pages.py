"""Which page of a listing is asked for, and where the next one begins."""

from typing import NamedTuple

from msgspec import UNSET

from seatlatch.api.query import from_cursor, to_cursor
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.domain.ticket import TicketRecord
from seatlatch.operator.answers import shown_ticket
from seatlatch.operator.schemas import ListingQuery, Page
from seatlatch.store.interface import Snapshot


class Position(NamedTuple):
    """The order of a listing; a page follows a position. `access_id`: none = empty."""

    access_id: str
    token: str


async def read_page(snapshot: Snapshot, query: ListingQuery) -> Page:
    """The tickets of a page, in order of access id and token. Raises `InvalidRequest`.

    A ticket that stays where it is comes once, whatever is added meanwhile.
    """
    access_id = None if query.access_id is UNSET else query.access_id
    after = None if query.after is UNSET else from_cursor(str(query.after), Position)
    if after and access_id not in (None, after[0]):
        raise InvalidRequest("The parameter after is of a listing with another accessId.")
    found = await snapshot.page_of_tickets(query.organization_id, access_id, after, query.limit + 1)
    if not found and await snapshot.unknown_organizations([query.organization_id]):
        raise InvalidRequest("There is no organization of this organizationId.")
    shown = found[: query.limit]
    now = await snapshot.moment()
    tickets = [shown_ticket(whole, now) for whole in shown]
    return Page(tickets, cursor_after(shown[-1].record) if len(found) > len(shown) else None)


def cursor_after(record: TicketRecord) -> str:
    """The position of a ticket, as a text that means nothing to the caller."""
    return to_cursor(Position(record.access_id or "", record.token))
