"""Pages of tickets: the page that a query asks for, and the cursor of the next one.

See decisions 48 and 145.
"""

import msgspec
from msgspec import UNSET

from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.http.query import bound_cursor, place_in
from seatlatch.operations.find_tickets import FoundTickets, find_tickets
from seatlatch.operator_api.schemas import FilterBody, FindQuery, Page
from seatlatch.operator_api.ticket_rows import shown_ticket
from seatlatch.store.finding import Place
from seatlatch.store.interface import Store


async def find_page(store: Store, query: FindQuery, organizations: frozenset[str] | None) -> Page:
    """The tickets of a page. Raises `InvalidRequest`.

    A ticket whose record is not changed is on one page only, even if others are added meanwhile.
    """
    wanted = filter_of(query)
    after = None
    if query.after is not UNSET:
        after = place_in(str(query.after), Place, search_of(wanted, organizations))
    found = await find_tickets(store, wanted, organizations, after, query.limit)
    return shown_page(found, wanted, organizations)


def shown_page(
    found: FoundTickets, wanted: TicketFilter, organizations: frozenset[str] | None
) -> Page:
    """The page of what was found."""
    tickets = [shown_ticket(whole, found.now) for whole in found.tickets]
    search = search_of(wanted, organizations)
    return Page(tickets, bound_cursor(found.next, search) if found.next else None)


def filter_of(filters: FindQuery | FilterBody) -> TicketFilter:
    """The filters of a query or a body."""
    given = msgspec.structs.asdict(filters)
    values = {name: None if given[name] is UNSET else given[name] for name in TicketFilter._fields}
    if filters.mpreserve is not UNSET:
        values["mpreserve"] = filters.mpreserve in ("true", True)
    return TicketFilter(**values)


def search_of(wanted: TicketFilter, organizations: frozenset[str] | None) -> list[object]:
    """The search to which a cursor belongs: the filters, and what the caller may see."""
    return [wanted, None if organizations is None else sorted(organizations)]
