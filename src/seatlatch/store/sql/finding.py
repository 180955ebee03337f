"""Finding tickets, one part of a search after the other.

See decisions 142, 143 and 144.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from seatlatch.domain.ticket import WholeTicket
from seatlatch.store.finding import FoundPart, Place, Search
from seatlatch.store.sql.executor import Executor
from seatlatch.store.sql.ticket_filters import ORGANIZATIONS, conditions_of
from seatlatch.store.sql.ticket_ranges import Range
from seatlatch.store.sql.ticket_rows import READ_WHOLE, whole_ticket_of

RANGE_TICKETS = 20
"""Finding a range of an index counts as examining this many tickets."""

ORGANIZATIONS_FROM = """
SELECT organization_id FROM seatlatch.organizations WHERE organization_id >= :first
ORDER BY organization_id LIMIT :limit
"""


async def find(
    executor: Executor, search: Search, place: Place | None, limit: int, most: int, at: datetime
) -> FoundPart:
    """See `store.interface.TicketReader.find`."""
    portion = min(most, executor.examined_tickets_at_once)
    organizations = await _organizations(executor, search, place, portion // RANGE_TICKETS + 2)
    place = _from(place, organizations)
    found: list[WholeTicket] = []
    examined = 0
    while place is not None and examined < portion:
        part = await _find_in_range(
            executor, search, place, limit - len(found), portion - examined, at
        )
        found += part.tickets
        examined += part.examined
        if len(found) == limit:
            return FoundPart(found, examined, search.place_after(found[-1].record))
        place = part.next or _from(place, organizations, is_after=True)
    return FoundPart(found, examined, place)


async def find_among(
    executor: Executor, search: Search, tokens: Collection[str], at: datetime
) -> Sequence[WholeTicket]:
    """See `store.interface.TicketReader.find_among`."""
    wanted = search.filters._asdict()
    given = [field for field, value in wanted.items() if value is not None]
    conditions = conditions_of(search.filters, given)
    if search.organizations is not None:
        conditions.append(ORGANIZATIONS)
    rows = await executor.fetch(
        f"{READ_WHOLE} AND {' AND '.join(conditions)}",
        **wanted,
        organizations=list(search.organizations or ()),
        tokens=list(tokens),
        at=at,
    )
    return [whole_ticket_of(row) for row in rows]


async def _organizations(
    executor: Executor, search: Search, place: Place | None, limit: int
) -> Sequence[str]:
    """The organizations to search from a place on, in their order; for an index that is not by
    organization an empty text.
    """
    if not search.by.is_by_organization:
        return [""]
    first = place.organization_id if place else ""
    if search.organizations is not None:
        return [one for one in search.organizations if one >= first]
    rows = await executor.fetch(ORGANIZATIONS_FROM, first=first, limit=limit)
    return [organization_id for (organization_id,) in rows]


def _from(
    place: Place | None, organizations: Sequence[str], *, is_after: bool = False
) -> Place | None:
    """The place, or the beginning of the first organization that follows; None = there is none."""
    for organization_id in organizations:
        if place is None or organization_id > place.organization_id:
            return Place(organization_id)
        if organization_id == place.organization_id and not is_after:
            return place
    return None


async def _find_in_range(
    executor: Executor, search: Search, place: Place, limit: int, portion: int, at: datetime
) -> FoundPart:
    """Find tickets among the first `portion` of one range. `next` None = in no range of the
    organization.
    """
    searched = Range(search, place, seeks_rows=executor.seeks_rows)
    values = {**searched.values, "portion": portion, "limit": limit, "at": at}
    found = [whole_ticket_of(row) for row in await executor.fetch_in_order(searched.find, **values)]
    if not searched.has_conditions or len(found) == limit:
        return FoundPart(found, RANGE_TICKETS + len(found), searched.next)
    values["before_last"] = portion - 1
    for key in await executor.fetch_in_order(searched.last, **values):
        following = Place(place.organization_id, tuple(key[search.known :]))
        return FoundPart(found, RANGE_TICKETS + portion, following)
    counted = await executor.fetch_in_order(searched.count, **values)
    examined = counted[0][0] if counted else 0  # a value that the database cannot hold
    return FoundPart(found, RANGE_TICKETS + examined, searched.next)
