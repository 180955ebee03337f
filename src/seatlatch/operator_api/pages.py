"""Pages of tickets: the page that a query asks for.

See decisions 48 and 145.
"""

import msgspec
from msgspec import UNSET

from seatlatch.domain.ticket_filter import TicketFilter
from seatlatch.http.query import given
from seatlatch.operations.find_tickets import find_tickets
from seatlatch.operator_api.schemas import FilterBody, FindQuery
from seatlatch.presentation.tickets import Page, place_after, shown_page
from seatlatch.store.interface import Store


async def find_page(store: Store, query: FindQuery, organizations: frozenset[str] | None) -> Page:
    """The tickets of a page. Raises `InvalidRequest`.

    A ticket whose record is not changed is on one page only, even if others are added meanwhile.
    """
    wanted = filter_of(query)
    after = place_after(given(query.after), wanted, organizations)
    found = await find_tickets(store, wanted, organizations, after, query.limit)
    return shown_page(found, wanted, organizations)


def filter_of(filters: FindQuery | FilterBody) -> TicketFilter:
    """The filters of a query or a body."""
    parameters = msgspec.structs.asdict(filters)
    values = {name: given(parameters[name]) for name in TicketFilter._fields}
    if filters.mpreserve is not UNSET:
        values["mpreserve"] = filters.mpreserve in ("true", True)
    return TicketFilter(**values)
